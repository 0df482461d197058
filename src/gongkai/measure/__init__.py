"""Tables in, measures table out; knows nothing of models."""
