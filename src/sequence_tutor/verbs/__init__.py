"""The public functions: one Python call behind each verb of the command line."""
