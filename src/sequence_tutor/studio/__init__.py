"""The studio: a local service that writes, reads, judges and tunes, and the page it serves."""
