"""Work given to other processes. Free of torch, so that workers start quickly."""
