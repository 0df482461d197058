"""Words and sentences that reports share, and words that tell them apart."""
