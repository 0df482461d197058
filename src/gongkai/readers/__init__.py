"""A file → a `Document`; knows nothing of reports."""
