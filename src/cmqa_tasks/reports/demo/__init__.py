"""What ``cmqa demo`` shows: small evaluations through the real lmms-eval, each in one table. Nothing is downloaded.

print(run(Path("runs/demo")))       # miniature.py; policies.py has the reference policies
"""
