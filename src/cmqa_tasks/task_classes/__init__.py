"""The task objects of the harnesses, over the functions of :mod:`cmqa_tasks.tasks`: one module per harness.

Import the one that you use: :class:`cmqa_tasks.task_classes.lmms.ConflictTask` for lmms-eval,
:class:`cmqa_tasks.task_classes.lm.ConflictTask` for lm-evaluation-harness.
"""
