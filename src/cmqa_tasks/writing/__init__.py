"""The ground room: atomic files, table cells, picture style, one-line errors.

Not part of the public API; see :mod:`cmqa_tasks`.
"""
