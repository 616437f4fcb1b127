"""Scores read from files of any origin, and melodies taken from them."""
