"""Services on a port of this machine: their connections, and checks of their requests."""
