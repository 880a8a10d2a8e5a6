"""From what a response says to an outcome and to a rate; reference policies; statistics.

Not part of the public API; see :mod:`cmqa_tasks`.
"""
