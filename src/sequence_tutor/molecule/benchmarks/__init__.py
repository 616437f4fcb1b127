"""The field's own benchmarks of goal-directed generation: GuacaMol and PMO."""
