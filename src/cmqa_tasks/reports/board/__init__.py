"""Leaderboards: models that were asked the same, ranked, with tables by protocol and type of fact, and figures.

make(read_runs(["runs"]))[0].rows[0].values["gap"]
"""
