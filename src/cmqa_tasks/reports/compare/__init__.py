"""Two models on the same items: paired differences and their files.

compare(read_runs(["runs/a"]), read_runs(["runs/b"])).arms[0].recognition.difference
"""
