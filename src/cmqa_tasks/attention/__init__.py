"""Attention between the pieces of evidence: how it is read, kept, summarised and drawn. Only :mod:`.probe` needs torch.

* :mod:`cmqa_tasks.attention.probe` – reads it while a model generates, and logs it
* :mod:`cmqa_tasks.attention.rows`, :mod:`cmqa_tasks.attention.store` – rows in Parquet shards, written batch by batch, and merged
* :mod:`cmqa_tasks.attention.pools`, :mod:`cmqa_tasks.attention.summary` – numbers per item, maps, profiles by depth, contrasts
* :mod:`cmqa_tasks.attention.labels`, :mod:`cmqa_tasks.attention.plots` – what these are called and look like (needs matplotlib)
* :mod:`cmqa_tasks.attention.bias` – what a run's attention was biased by, if anything

For example, the mean D of the image over the text by layer and head::

    pools(merge(Path("runs/attention/org__model")))["image_text"].map()

``docs/attention.md`` defines every quantity. Not part of the public API; see :mod:`cmqa_tasks`.
"""
