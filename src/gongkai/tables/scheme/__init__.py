"""A codebook as data: its labels, its rules, codes as numbers."""
