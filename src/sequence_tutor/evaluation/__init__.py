"""Models side by side: statistics with intervals, and how far each is from the optimum."""
