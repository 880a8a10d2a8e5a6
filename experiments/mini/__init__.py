"""A miniature in which modal imbalance can be seen, trained and mended on a laptop.

A toy world (:mod:`~experiments.mini.world`) shows that somebody has a colour in a picture, in an English note or in a Chinese
note. A real LLaVA of half a million parameters (:mod:`~experiments.mini.checkpoint`) is trained on it from scratch, as large
ones are: language model, projector, joint tuning (:mod:`~experiments.mini.train`); then it is trained further under each
mixing strategy. Its facts are a release like any other, and it is evaluated by the same tasks, wrapper and scores as any
model. ``docs/mini.md`` says what it shows and what not.
"""
