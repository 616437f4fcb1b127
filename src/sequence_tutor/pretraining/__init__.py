"""Maximum-likelihood training of a prior."""
