"""Tasks in lmms-eval and lm-evaluation-harness: catalogue, adapters, plugin, and what a process knows of its model.

Not part of the public API; see :mod:`cmqa_tasks`.
"""
