"""Documents of word processors → blocks."""
