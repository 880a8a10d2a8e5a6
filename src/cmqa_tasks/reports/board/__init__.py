"""Numbers for people and for decisions: leaderboards, comparisons of two runs, and their files."""
