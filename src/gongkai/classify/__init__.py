"""Labels → models → predictions."""
