"""What becomes of promises and problems in the next report."""
