"""What is true: records, ids, canonical forms, arms and releases.

    load("v2").facts, ARMS["image_text"].pieces

Not part of the public API; see :mod:`cmqa_tasks`.
"""
