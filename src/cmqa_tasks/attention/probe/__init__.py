"""Reads attention while a model generates (needs torch)."""
