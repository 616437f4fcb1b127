"""Sequences drawn from a policy or a prior, and what is measured on them."""
