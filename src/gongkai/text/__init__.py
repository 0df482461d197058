"""str → str and str → spans; no files, no tables."""
