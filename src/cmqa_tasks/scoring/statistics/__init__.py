"""Statistics of paired comparisons: pure functions over arrays, which know nothing of models, tasks or files."""
