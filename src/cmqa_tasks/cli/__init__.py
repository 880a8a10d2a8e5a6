"""The ``cmqa`` command line.

Not part of the public API; see :mod:`cmqa_tasks`.
"""
