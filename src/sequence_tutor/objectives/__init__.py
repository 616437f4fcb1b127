"""The mathematics: pure functions, tensors in, tensors out."""
