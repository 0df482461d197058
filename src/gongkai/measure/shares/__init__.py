"""Shares of labels: their estimates, quality, differences, trends, and how many to code."""
