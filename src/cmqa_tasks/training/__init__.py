"""Instance-level modality mixing: training sets whose examples join instructions of several modalities, their controls, and the
training recipe.

Data flows one way: sources → rows → spool (on disk) → plan (index arrays only) → examples → shards; then TRL trains on them.

Not part of the public API; see :mod:`cmqa_tasks`.
"""
