"""Every table: its rows, ids, parts and queries."""
