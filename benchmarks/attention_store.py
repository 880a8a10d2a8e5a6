"""What logged attention costs on disk, and how fast it is merged and summarised.

    PYTHONPATH=src python benchmarks/attention_store.py [items]

Items of a model of 28 layers of 28 heads, three rows each, in normal random numbers. A quarter of them per arm, arm by arm,
written by two ranks in batches of four. Every step runs in a process of its own, whose peak memory is printed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

_ARMS = (("image_text", "a"), ("text_image", "b"), ("text_text", "a"), ("image_image", "a"))
_BATCH = 4

_BEGIN = """
import resource, sys, time
from pathlib import Path
from cmqa_tasks.attention.pools import pools
from cmqa_tasks.attention.store import merge
from cmqa_tasks.attention.summary import contrast, depth_profile
directory = Path(sys.argv[1])
imported = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
begin = time.perf_counter()
"""
_END = """
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(f"{time.perf_counter() - begin:.2f} s, {peak / 1024:.0f} MB at the peak, of which {imported / 1024:.0f} MB for the imports")
"""
_STEPS = {
    "merging": "merge(directory)",
    "layer × head maps of D": "[pool.map() for pool in pools(directory / 'attention.parquet').values()]",
    "maps and profiles of D, with intervals": """
found = pools(directory / "attention.parquet")
for pool in found.values():
    pool.map(), depth_profile(pool)
contrast(found["image_text"], [found["text_text"], found["image_image"]])
""",
    "reading every row": """
from cmqa_tasks.attention.store import read
for row in read(directory / "attention.parquet"): pass
""",
}


def write(directory: Path, items: int) -> float:
    """Write the shards; returns the seconds that the writer itself took."""
    import numpy as np

    from cmqa_tasks.attention.names import AGGREGATES
    from cmqa_tasks.attention.rows import LAYER, LAYER_HEAD
    from cmqa_tasks.attention.store import AttentionRow, LogMetadata, ShardWriter

    names = ("evidence_a", "evidence_b", "question", "sink", "other", "generated")
    random = np.random.default_rng(0)
    writers = [ShardWriter(directory, rank, LogMetadata(model="random")) for rank in (0, 1)]
    spent = 0.0
    for begin in range(0, items, _BATCH):
        rows = []
        for number in range(begin, min(begin + _BATCH, items)):
            arm, first = _ARMS[number * len(_ARMS) // items]
            item = random.bytes(8).hex()
            for aggregate in AGGREGATES:
                values = {name: random.standard_normal(28 * 28, np.float32) for name in LAYER_HEAD}
                values |= {name: random.standard_normal(28, np.float32) for name in LAYER}
                row = AttentionRow(
                    task=f"cmqa_{arm}",
                    item_id=item,
                    doc_id=number,
                    fact_id=f"{number % (items // len(_ARMS)):016x}",
                    arm=arm,
                    relation="conflict",
                    first=first,  # type: ignore[arg-type]
                    aggregate=aggregate,
                    names=names,
                    counts=(300, 80, 20, 1, 60, 12),
                    layers=tuple(range(28)),
                    heads=28,
                    log_mass_by_segment=random.standard_normal(28 * len(names), np.float32),
                    **values,
                )
                rows.append(row)
        start = time.perf_counter()
        writers[begin // _BATCH % 2].write(rows)
        spent += time.perf_counter() - start
    return spent


def main() -> None:
    """Print what each step takes."""
    items = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        spent = write(directory, items)
        shards = [path.stat().st_size for path in directory.iterdir()]
        print(f"{items} items of 28 × 28: {len(shards)} shards of {_BATCH} items, {sum(shards) / items / 1000:.1f} kB an item")
        print(f"writing: {1000 * spent / len(shards):.1f} ms a batch")
        for name, step in _STEPS.items():
            done = subprocess.run(
                [sys.executable, "-c", _BEGIN + step + _END, made], check=True, capture_output=True, text=True
            ).stdout
            print(f"{name}: {done.strip()}")
            if name == "merging":
                print(f"merged: {(directory / 'attention.parquet').stat().st_size / items / 1000:.1f} kB an item")


if __name__ == "__main__":
    main()
