"""Files, folders, logs and locks of this program, and who is trusted in them."""
