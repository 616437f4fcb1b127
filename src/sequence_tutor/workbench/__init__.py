"""The workbench: methods under one budget, and reward against divergence."""
