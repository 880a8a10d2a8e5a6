"""Kills an evaluation at random moments, starts it again each time, and compares the end with a run that was left alone.

    PYTHONPATH=src python benchmarks/kills.py [--kills 10] [--ranks 2] [--limit 40] [--seed 0]
    PYTHONPATH=src python benchmarks/kills.py --cost [--rounds 7]

``lmms-eval --model cmqa_hf`` with attention logged, on a tiny random Qwen2.5-VL, gets SIGKILL with all of its processes, a random
time after its first answer in each start; ranks take turns between 1 and ``--ranks``. Then it runs to its end, and
every item's record, response and token counts, and every attention row, are compared with those of one run of one process.

``--cost`` measures what the journal costs: a model of 8 layers of 512 answers the same prompts in one process, with the journal
and without it in turn; CPU time, medians of the rounds' own ratios, and the share of it within the journal's functions.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cmqa_tasks import ConflictTask
from cmqa_tasks.attention.store import merge, read
from cmqa_tasks.facts.records import ITEM_KEY
from cmqa_tasks.facts.release import load
from cmqa_tasks.models import journal, tiny
from cmqa_tasks.models.hf import CmqaHF
from cmqa_tasks.results import latest_samples

TASKS = ("cmqa_image_text", "cmqa_text_text", "cmqa_text")


def command(weights: Path, out: Path, ranks: int, limit: int) -> list[str]:
    """An evaluation with attention logged."""
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={ranks}"] if ranks > 1 else []
    arguments = f"pretrained={weights},attention=on,attention_path={out / 'attention'},device=cpu,dtype=float32"
    run = ["-m", "lmms_eval", "--model", "cmqa_hf", "--model_args", arguments, "--tasks", ",".join(TASKS)]
    options = ["--limit", str(limit), "--batch_size", "2", "--log_samples", "--output_path", str(out / "out")]
    return [sys.executable, *launcher, *run, *options, "--gen_kwargs", "max_new_tokens=24"]


def answers(out: Path) -> int:
    """Answers in a run's journal."""
    return sum(max(file.read_text(encoding="utf-8").count("\n") - 1, 0) for file in out.glob("attention/*/journal/*.jsonl"))


def start(arguments: Sequence[str], log: Path, *, alive: float | None = None, out: Path | None = None) -> bool:
    """Run a command; kill it with all of its processes so many seconds after its first new answer. Whether it was killed."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "ACCELERATE_USE_CPU": "true"}
    with log.open("a", encoding="utf-8") as file:
        process = subprocess.Popen(arguments, env=environment, stdout=file, stderr=file, start_new_session=True)
        if alive is None or out is None:
            process.wait()
            return False
        before = answers(out)
        while process.poll() is None and answers(out) == before:
            time.sleep(0.01)
        time.sleep(alive)
        killed = process.poll() is None
        if killed:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return killed


def items(out: Path) -> dict[tuple[str, str], Any]:
    """What a run says of each item, attention left out."""
    rows = [(task, row) for task in TASKS for row in latest_samples(out / "out", task)]
    return {(task, row[ITEM_KEY]["item_id"]): (row[ITEM_KEY], row["filtered_resps"], row["token_counts"]) for task, row in rows}


def attention(out: Path) -> dict[tuple[str, str, str], Any]:
    """Rows of a run's log."""
    (folder,) = (out / "attention").iterdir()
    return {(row.task, row.item_id, row.aggregate): row for row in read(merge(folder))}


def drill(options: argparse.Namespace) -> None:
    """Kill, start again, compare."""
    draw = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as root:
        weights = tiny.build("qwen2_5_vl", Path(root) / "weights")
        whole, killed, log = Path(root) / "whole", Path(root) / "killed", Path(root) / "log"
        began = time.monotonic()
        start(command(weights, whole, 1, options.limit), log)
        wanted = items(whole)
        print(f"left alone: {len(wanted)} items, {answers(whole)} answers generated, {time.monotonic() - began:.0f} s")
        kills = 0
        while kills < options.kills:
            ranks = 1 + kills % options.ranks
            alive = draw.uniform(0.0, options.alive)
            if not start(command(weights, killed, ranks, options.limit), log, alive=alive, out=killed):
                sys.exit(f"it ended before a kill: more items (--limit) or less time (--alive)\n{log.read_text()[-2000:]}")
            kills += 1
            print(f"kill {kills}: {ranks} process(es), {alive:.2f} s after the first answer, {answers(killed)} answers kept")
        start(command(weights, killed, options.ranks, options.limit), log)
        found = items(killed)
        unequal = [key for key in wanted if found.get(key) != wanted[key]]
        one, other = attention(whole), attention(killed)
        print(f"to the end: {len(found)} items, {len(unequal)} unlike the run left alone, {answers(killed)} answers generated")
        if one.keys() != other.keys():
            sys.exit(f"attention: {len(one.keys() ^ other.keys())} rows in one of the runs only")
        apart = [np.abs(row.grid("logit_gap") - other[key].grid("logit_gap")) for key, row in one.items()]
        furthest = max(float(np.nanmax(difference, initial=0.0)) for difference in apart)
        print(f"attention: the same {len(one)} rows; logit gap off by {furthest:.4f}")


def cost(options: argparse.Namespace) -> None:
    """With and without the journal in turn, and the share of the time that is spent in the journal's own functions."""
    torch.manual_seed(0)
    task = ConflictTask(arm="image_text", data=load())
    task.config.generation_kwargs |= {"max_new_tokens": 24}
    task.build_all_requests(limit=options.limit)
    sizes = {"hidden_size": 512, "intermediate_size": 1408, "num_hidden_layers": 8, "num_attention_heads": 8}
    inside = _timed()
    with tempfile.TemporaryDirectory() as root:
        weights, kept = _larger(Path(root) / "weights", sizes), Path(root) / "kept"
        ratios, shares = [], []
        for number in range(options.rounds):
            spent = {}
            for name in ("journal", "off") if number % 2 else ("off", "journal"):
                shutil.rmtree(kept, ignore_errors=True)
                where = "off" if name == "off" else str(kept)
                lm = CmqaHF(str(weights), device="cpu", dtype="float32", batch_size=4, journal=where, image_cache=0)
                lm.task_dict[task.config.task] = task.dataset
                inside.clear()
                began = time.process_time()
                lm.generate_until(task.instances)
                spent[name] = time.process_time() - began
                shares += [sum(inside) / spent[name]] if name == "journal" else []
            ratios.append(spent["journal"] / spent["off"])
            print(f"round {number + 1}: off {spent['off']:.2f} s, journal {spent['journal']:.2f} s, within it {shares[-1]:.3%}")
    print(f"median ratio {statistics.median(ratios):.4f} ({min(ratios):.3f}–{max(ratios):.3f}), {len(task.instances)} items")
    print(f"within the journal: {statistics.median(shares):.3%} of the time (at most {max(shares):.3%})")


def _timed() -> list[float]:
    """CPU seconds of each call of the journal's own functions from now on."""
    spent: list[float] = []

    def timed(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            began = time.process_time()
            try:
                return function(*arguments, **named)
            finally:
                spent.append(time.process_time() - began)

        return call

    journal.key_of = timed(journal.key_of)
    for name in ("recall", "keep"):
        setattr(journal.AnswerKeeper, name, timed(getattr(journal.AnswerKeeper, name)))
    return spent


def _larger(directory: Path, sizes: Mapping[str, int]) -> Path:
    """A tiny checkpoint with a larger language model."""
    from transformers import AutoConfig, Qwen2_5_VLForConditionalGeneration

    tiny.build("qwen2_5_vl", directory)
    config = AutoConfig.from_pretrained(directory)
    for name, value in sizes.items():
        setattr(config.text_config, name, value)
    config.text_config.layer_types = ["full_attention"] * sizes["num_hidden_layers"]
    config.text_config.rope_parameters["mrope_section"] = [8, 12, 12]
    config.vision_config.out_hidden_size = sizes["hidden_size"]
    Qwen2_5_VLForConditionalGeneration(config).save_pretrained(directory)
    return directory


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--limit", type=int, default=40)
    parser.add_argument("--alive", type=float, default=0.4, help="seconds after the first answer, at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cost", action="store_true")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    (cost if options.cost else drill)(options)


if __name__ == "__main__":
    main()
