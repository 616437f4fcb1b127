"""Autoregressive models p(a|s) to stay close to."""
