"""What people read: leaderboards, comparisons, the gate, before and after, exports, the page, the demo, single items.

    leaderboard(["runs"], Path("leaderboards"))       # board/publish.py; a folder for each of the others

Not part of the public API; see :mod:`cmqa_tasks`.
"""
