"""The scripts that make the corpus: each runs as `python -m corpus.make.NAME` from the top of a checkout."""
