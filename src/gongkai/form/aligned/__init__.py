"""A stream of labels and numbers, aligned with the form → readings."""
