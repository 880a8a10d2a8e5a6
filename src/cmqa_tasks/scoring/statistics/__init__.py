"""Statistics of paired comparisons: pure functions over arrays, which know nothing of models, tasks or files.

interval(resampled(marks) / len(marks), len(marks))       # of a mean over facts; bootstrap.py
"""
