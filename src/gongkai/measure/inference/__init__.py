"""Sums per cluster and group, and what they say: estimates, intervals, pooling, guards."""
