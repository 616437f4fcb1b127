"""Writing some bars of a user's tune anew, in a range and a scale, and keeping the others."""
