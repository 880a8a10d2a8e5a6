"""What people read: leaderboards, comparisons, the gate, before and after, the page.

Not part of the public API; see :mod:`cmqa_tasks`.
"""
