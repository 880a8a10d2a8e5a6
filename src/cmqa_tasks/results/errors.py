"""What can be wrong with results on disk."""


class ResultsError(ValueError):
    """A run left no results, or not the expected ones; the message names the place."""
