"""Sequences kept to be learned from again."""
