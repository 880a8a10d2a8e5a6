"""What a run logged about attention: its form on disk, its summaries and its pictures. No torch, no transformers, no harness.

* :mod:`cmqa_tasks.attention.rows`, :mod:`cmqa_tasks.attention.store` – rows in Parquet shards, written batch by batch, and merged
* :mod:`cmqa_tasks.attention.pools`, :mod:`cmqa_tasks.attention.summary` – numbers per item, maps, profiles by depth, contrasts
* :mod:`cmqa_tasks.attention.bias` – what a run's attention was biased by, if anything
* :mod:`cmqa_tasks.attention.labels`, :mod:`cmqa_tasks.attention.plots` – what these are called and look like (needs matplotlib)

``docs/attention.md`` defines every quantity.
"""
