"""Sentences → numbers that a model sees."""
