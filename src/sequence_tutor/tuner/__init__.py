"""KL-control of a prior by Q-, Psi- and G-learning."""
