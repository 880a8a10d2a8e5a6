"""What is true: records, ids, canonical forms, arms, releases, and a user's own data.

Not part of the public API; see :mod:`cmqa_tasks`.
"""
