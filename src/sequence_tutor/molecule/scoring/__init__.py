"""The reward of a molecule: terms, transforms, their aggregation."""
