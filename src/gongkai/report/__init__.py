"""A `Document` → its `Report`s; knows the genre."""
