"""Scores of strangers read, and melodies taken from them."""
