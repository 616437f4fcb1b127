"""Melodies written as files, notes, pictures and sound."""
