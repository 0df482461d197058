"""Labels: samples, coders, agreement."""
