"""Labels → model folder → predictions."""
