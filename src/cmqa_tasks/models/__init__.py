"""Models for the harnesses: real ones through transformers, and reference policies."""
