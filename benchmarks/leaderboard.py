"""How long a leaderboard takes, and how much memory: 10⁴, 10⁵ and 10⁶ per-item rows, and the bootstrap alone.

    PYTHONPATH=src python benchmarks/leaderboard.py                # every size, each in a process of its own
    PYTHONPATH=src python benchmarks/leaderboard.py 1000000        # one size

The rows are samples files in the form that lmms-eval 0.7.3 writes, as long as real ones (1.7 kB a line: prompt, marks under
every metric, the item's record), of models with random outcomes: up to 50 models of 20,000 items on six arms. Writing them is
not timed.
"""

from __future__ import annotations

import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from cmqa_tasks.facts.records import ARMS, Arm, Outcome, content_id
from cmqa_tasks.reports.board.publish import leaderboard
from cmqa_tasks.scoring.statistics.bootstrap import interval, resampled

SIZES = (10_000, 100_000, 1_000_000)
ARM_NAMES = ("text_text", "image_image", "image_text", "text_image", "text", "image")
ITEMS = 20_000
"""Items of a model."""
PROMPT = "Evidence, a passage of about the usual length, in which the value stands among others. " * 7
PAIR_METRICS = ("balanced", "recognition", "false_alarm", "named_both", "agree_correct", "prefers_first", "unparsed", "abstained")


def write_runs(root: Path, rows: int) -> None:
    """Results and samples files of as many models as the rows make."""
    models = max(1, rows // ITEMS)
    facts = rows // models // len(ARM_NAMES) // 2
    ids = [content_id("fact", number) for number in range(facts)]
    for model in range(models):
        directory = root / f"model_{model:02}"
        directory.mkdir(parents=True)
        rng = random.Random(model)
        skill = 0.4 + 0.5 * model / max(1, models)
        for name in ARM_NAMES:
            lines = (line for fact in ids for line in item_lines(ARMS[name], fact, rng, skill))
            (directory / f"20261101_000000_samples_cmqa_{name}.jsonl").write_text("".join(lines), encoding="utf-8")
        (directory / "20261101_000000_results.json").write_text(json.dumps(results(model, 2 * facts)), encoding="utf-8")


def item_lines(arm: Arm, fact: str, rng: random.Random, skill: float) -> list[str]:
    """The two lines of a fact in an arm."""
    kinds = ("single", "single") if arm.single else ("conflict", "agree")
    return [line(arm, fact, place, relation, rng, skill) for place, relation in enumerate(kinds)]


def line(arm: Arm, fact: str, place: int, relation: str, rng: random.Random, skill: float) -> str:
    """A line of a samples file."""
    right: Outcome = "conflict" if relation == "conflict" else "correct"
    wrong: Outcome = "first" if relation == "conflict" else "conflict"
    outcome = right if rng.random() < skill else wrong
    mark = {"cluster": fact, "relation": relation, "score": float(outcome == right)}
    sides = ["ab"[place]] if arm.single else ["a", "ab"[relation == "conflict"]]
    record = {
        "item_id": f"{rng.getrandbits(64):016x}",
        "fact_id": fact,
        "release": "bench",
        "arm": arm.name,
        "relation": relation,
    }
    record |= {"protocol": "aware", "language": "en", "world": "shopping", "type": "price", "sides": sides, "outcome": outcome}
    said = {"doc_id": place, "target": "conflict", "filtered_resps": "24.99", "token_counts": [None], "doc_hash": fact * 4}
    marks = dict.fromkeys(PAIR_METRICS, mark)
    return json.dumps(said | marks | {"cmqa_item": record | {"parsed": "24.99 USD"}, "input": PROMPT}) + "\n"


def results(model: int, items: int) -> dict[str, object]:
    """A results file."""
    about = {"version": 2.0, "protocol": "aware", "question_language": "en", "release": "bench", "release_sha256": "0" * 64}
    tasks = [f"cmqa_{name}" for name in ARM_NAMES]
    return {
        "results": {},
        "configs": {task: {"task": task, "output_type": "generate_until", "metadata": about} for task in tasks},
        "config": {"model": "bench", "model_args": f"pretrained=bench/model-{model:02}", "limit": None, "offset": 0},
        "n-samples": {task: {"original": items, "effective": items} for task in tasks},
        "date": "20261101_000000",
    }


def measure(rows: int) -> None:
    """Print time and memory of one size."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        writer = [sys.executable, __file__, "write", str(rows), str(root / "runs")]
        subprocess.run(writer, check=True)
        size = sum(path.stat().st_size for path in root.rglob("*.jsonl"))
        begin, cpu = time.perf_counter(), time.process_time()
        leaderboard([str(root / "runs")], root / "out", figures=False)
        wall, used = time.perf_counter() - begin, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    per_row = 1e6 * used / rows
    cost = f"{wall:.1f} s, {used:.1f} s of CPU ({per_row:.1f} µs a row), peak {memory:,.0f} MB"
    print(f"{rows:>9,} rows, {size / 1e6:,.0f} MB: {cost}", flush=True)


def bootstrap() -> None:
    """Print how long 10,000 resamples of 5,000 facts take."""
    sums = np.random.default_rng(0).integers(0, 2, (5_000, 12))
    walls, used = [], []
    for _ in range(5):
        begin, cpu = time.perf_counter(), time.process_time()
        interval(resampled(sums, 10_000), 5_000)
        walls.append(time.perf_counter() - begin)
        used.append(time.process_time() - cpu)
    medians = f"{statistics.median(walls):.2f} s, {statistics.median(used):.2f} s of CPU"
    print(f"10,000 resamples of 5,000 facts, 12 sums: {medians} (medians of 5)")


def main() -> None:
    """Every size, or the one that is asked for."""
    if sys.argv[1:2] == ["write"]:
        write_runs(Path(sys.argv[3]), int(sys.argv[2]))
    elif len(sys.argv) > 1:
        measure(int(sys.argv[1]))
    else:
        bootstrap()
        for rows in SIZES:
            subprocess.run([sys.executable, __file__, str(rows)], check=True)


if __name__ == "__main__":
    main()
