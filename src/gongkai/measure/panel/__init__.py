"""Agencies by years: statutory figures, rates, the panel, regressions on it."""
