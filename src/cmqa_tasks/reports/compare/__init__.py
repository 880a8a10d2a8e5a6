"""Two models on the same items: paired differences and their files."""
