"""Pages whose text has places → blocks."""
