"""Tasks in lmms-eval and lm-evaluation-harness: catalogue, adapters, plugin, and what a process knows of its model.

    ConflictTask(arm="image_text", protocol="neutral")      # lmms.py; lm.py has LMConflictTask
    task_name(ARMS["image_text"], "neutral")                # catalogue.py

Not part of the public API; see :mod:`cmqa_tasks`.
"""
