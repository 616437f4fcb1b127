"""A user's models: their files, and what they predict of features."""
