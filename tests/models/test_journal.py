"""The journal of ``cmqa_hf``: a run that was killed is started again, and ends as one that was not."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from commands import run_command
from tiny_runs import model, requests

from cmqa_tasks import ConflictTask
from cmqa_tasks.attention.store import AttentionRow, merge, read
from cmqa_tasks.facts.records import ITEM_KEY
from cmqa_tasks.facts.release import Release
from cmqa_tasks.harness.session import SESSION
from cmqa_tasks.models.answers import Answer
from cmqa_tasks.models.hf import CmqaHF
from cmqa_tasks.models.journal import Entry, Journal
from cmqa_tasks.results import latest_samples

Checkpoints = Callable[[str], Path]
ARMS = ("text_text", "image_text")
ITEMS = 16


@pytest.fixture(autouse=True)
def fresh_session() -> Iterator[None]:
    yield
    SESSION.forget()


def answered(lm: CmqaHF, release: Release, *arms: str, **generation: Any) -> list[str]:
    return [result.text for result in lm.generate_until(requests(lm, release, *(arms or ARMS), **generation))]


def counted(lm: CmqaHF, *, stop_after: int | None = None) -> list[int]:
    """Sizes of the batches that a model generates from now on; it is interrupted before one more than ``stop_after``."""
    sizes: list[int] = []
    generate = lm.model.generate

    def counting(**inputs: Any) -> torch.Tensor:
        if len(sizes) == stop_after:
            raise KeyboardInterrupt
        sizes.append(len(inputs["input_ids"]))
        output: torch.Tensor = generate(**inputs)
        return output

    lm.model.generate = counting
    return sizes


def logged(log: Path) -> dict[tuple[str, str], AttentionRow]:
    (folder,) = log.iterdir()
    rows = list(read(merge(folder)))
    assert len({(row.item_id, row.aggregate) for row in rows}) == len(rows)
    return {(row.item_id, row.aggregate): row for row in rows}


def same(one: AttentionRow, other: AttentionRow) -> bool:
    return all(getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in ("logit_gap", "log_mass_by_segment"))


def test_an_interrupted_run_goes_on_where_it_was(tiny_checkpoint: Checkpoints, own_release: Release, tmp_path: Path) -> None:
    """Answers, attention on disk and the tasks' summaries are those of a run that was not interrupted, bit for bit."""
    whole = model(tiny_checkpoint("llava"), batch_size=2, attention="on", attention_path=str(tmp_path / "whole"), journal="off")
    wanted = answered(whole, own_release)
    assert not list(tmp_path.rglob("*.jsonl"))
    tasks = list(whole.task_dict)
    rows = logged(tmp_path / "whole")
    summaries = {key[0]: SESSION.attention(task, key[0]) for key in rows for task in tasks}
    arguments: dict[str, Any] = {"batch_size": 2, "attention": "on", "attention_path": str(tmp_path / "log")}
    for stop in (3, 2):
        lm = model(tiny_checkpoint("llava"), **arguments)
        counted(lm, stop_after=stop)
        with pytest.raises(KeyboardInterrupt):
            answered(lm, own_release)
    lm = model(tiny_checkpoint("llava"), **arguments)
    sizes = counted(lm)
    assert answered(lm, own_release) == wanted
    assert sum(sizes) == ITEMS - 2 * (3 + 2)
    assert {key[0]: SESSION.attention(task, key[0]) for key in rows for task in tasks} == summaries
    resumed = logged(tmp_path / "log")
    assert resumed.keys() == rows.keys()
    assert all(same(resumed[key], row) for key, row in rows.items())
    again = model(tiny_checkpoint("llava"), **arguments)
    sizes = counted(again)
    assert answered(again, own_release) == wanted
    assert not sizes, "a run that is whole was generated again"
    one_by_one = model(tiny_checkpoint("llava"), **(arguments | {"batch_size": 1}))
    sizes = counted(one_by_one)
    assert answered(one_by_one, own_release) == wanted
    assert not sizes, "answers do not depend on the batch size"


def test_what_decides_an_answer_has_it_generated_again(
    tiny_checkpoint: Checkpoints, own_release: Release, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint = shutil.copytree(tiny_checkpoint("llava"), tmp_path / "checkpoint")
    kept: dict[str, Any] = {"journal": str(tmp_path / "journal"), "batch_size": 4}

    def generated(generation: dict[str, Any] | None = None, **arguments: Any) -> int:
        lm = model(checkpoint, **kept | arguments)
        sizes = counted(lm)
        answered(lm, own_release, "image_text", **generation or {})
        return sum(sizes)

    assert generated() == 8
    assert generated() == 0
    log = {"attention": "on", "attention_path": str(tmp_path / "log")}
    changes: dict[str, dict[str, Any]] = {
        "fewer tokens": {"generation": {"max_new_tokens": 3}},
        "a bias": {"attention_bias": "image:+1"},
        "a system prompt": {"system_prompt": "Be brief."},
        "attention": log,
        "attention of every token": log | {"attention": "per_token"},
    }
    assert not [name for name, change in changes.items() if generated(**change) != 8]
    assert generated(**changes["attention of every token"]) == 0
    assert generated(**log) == 8, "the rows on disk are those of every token"
    shutil.rmtree(tmp_path / "log")
    assert generated(**log) == 8, "the rows are gone"
    from cmqa_tasks.models.tiny import build

    build("llava", checkpoint, seed=1)
    caplog.clear()
    assert generated() == 8, "other weights in the same directory"
    assert "all of other models or settings" in caplog.text
    assert generated() == 0


def test_sampled_answers_are_drawn_again_unless_a_journal_is_asked_for(
    tiny_checkpoint: Checkpoints, own_release: Release, tmp_path: Path
) -> None:
    arguments: dict[str, Any] = {"attention": "on", "attention_path": str(tmp_path / "log"), "batch_size": 8}
    drawn = [answered(model(tiny_checkpoint("llava"), **arguments), own_release, "text_text", temperature=2.0) for _ in "ab"]
    assert drawn[0] != drawn[1]
    arguments["journal"] = str(tmp_path / "journal")
    drawn = [answered(model(tiny_checkpoint("llava"), **arguments), own_release, "text_text", temperature=2.0) for _ in "ab"]
    assert drawn[0] == drawn[1]
    lm = model(tiny_checkpoint("llava"), **arguments)
    asked = requests(lm, own_release, "text_text", temperature=2.0)
    twice = [result.text for result in lm.generate_until([asked[0], asked[0]])]
    assert twice[0] == drawn[0][0] != twice[1], "each repetition has an answer of its own"


def test_files_of_a_killed_process(tmp_path: Path) -> None:
    """Torn lines are passed over wherever the kill came; a damaged whole line is an error with its place."""
    answer = Answer('a "text"\n 中 \ud800', 7, 3, 0, "stop")
    entries = {f"key{number}": Entry("task", f"item{number}", answer) for number in range(3)}
    Journal(tmp_path, 0, {"dtype": "float32"}).append(entries)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    ends = [place + 1 for place, byte in enumerate(whole) if byte == ord("\n")]
    for cut in (0, 1, ends[0] - 1, ends[0], ends[0] + 5, ends[1], ends[2] - 1, ends[2]):
        path.write_bytes(whole[:cut])
        journal = Journal(tmp_path, 0, {"dtype": "float32"})
        lines = sum(end <= cut for end in ends)
        assert [key for key, entry in entries.items() if journal.recall(key) == entry] == list(entries)[: max(lines - 1, 0)], cut
    journal.append({"key2": entries["key2"]})
    assert len(list(tmp_path.iterdir())) == 2, "a torn file is not written on"
    assert Journal(tmp_path, 1, {"dtype": "float32"}).recall("key2") == entries["key2"]
    assert Journal(tmp_path, 1, {"dtype": "bfloat16"}).recall("key2") is None
    path.write_bytes(whole[: ends[1]] + b"{]\n" + whole[ends[2] :])
    with pytest.raises(ValueError, match=r"0-0\.jsonl, line 3: no JSON object"):
        Journal(tmp_path, 0, {"dtype": "float32"})
    path.write_bytes(whole[: ends[0]] + json.dumps({"key": "key0", "answer": {}}).encode() + b"\n")
    with pytest.raises(ValueError, match=r"0-0\.jsonl, line 2: not an answer"):
        Journal(tmp_path, 0, {"dtype": "float32"})


@pytest.mark.slow
@pytest.mark.harness
def test_killed_evaluations_end_like_one_that_was_not(tiny_checkpoint: Checkpoints, tmp_path: Path) -> None:
    """SIGKILL with one process, then with two, then to the end with one: every item as where nothing was killed."""
    weights = tiny_checkpoint("qwen2_5_vl")
    lm = model(weights, batch_size=2, attention="on", attention_path=str(tmp_path / "whole"))
    wanted: dict[tuple[str, str], Any] = {}
    for arm in ("image_text", "text"):
        task = ConflictTask(arm=arm)
        task.config.generation_kwargs |= {"max_new_tokens": 6}
        lm.task_dict[task.config.task] = task.dataset
        task.build_all_requests(limit=11)
        ids = [row["item_id"] for row in task.dataset["test"].select(range(11))]
        wanted |= dict(zip([(task.config.task, item) for item in ids], lm.generate_until(task.instances), strict=True))
    arguments = f"pretrained={weights},dtype=float32,attention=on,attention_path={tmp_path / 'killed'}"
    command = ["-m", "lmms_eval", "--model", "cmqa_hf", "--model_args", arguments, "--tasks", "cmqa_image_text,cmqa_text"]
    command += ["--limit", "11", "--batch_size", "2", "--gen_kwargs", "max_new_tokens=6", "--log_samples"]
    command += ["--output_path", str(tmp_path / "out")]
    for launcher, answers in (((), 5), (TWO_PROCESSES, 13)):
        _kill([*launcher, *command], tmp_path, lambda most=answers: _lines(tmp_path / "killed") >= most)
    assert 13 <= _lines(tmp_path / "killed") < 22
    done = run_command(*command, cwd=tmp_path)
    found = {
        (task, row[ITEM_KEY]["item_id"]): (row["filtered_resps"], row["token_counts"])
        for task in ("cmqa_image_text", "cmqa_text")
        for row in latest_samples(tmp_path / "out", task)
    }
    assert found.keys() == wanted.keys(), done.stderr[-3000:]
    for key, (response, counts) in found.items():
        assert response.strip() == wanted[key].text.strip()
        assert counts[0]["output_tokens"] == wanted[key].token_counts.output_tokens
    assert _lines(tmp_path / "killed") == 22, "no item was generated twice"
    whole, resumed = (logged(tmp_path / name) for name in ("whole", "killed"))
    assert whole.keys() == resumed.keys()
    for key, row in whole.items():
        assert row.grid("logit_gap") == pytest.approx(resumed[key].grid("logit_gap"), abs=2e-2, nan_ok=True), key


TWO_PROCESSES = ("-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", "29623")


def _lines(log: Path) -> int:
    """Answers in the journal beside an attention log."""
    return sum(max(file.read_text().count("\n") - 1, 0) for file in log.glob("*/journal/*.jsonl"))


def _kill(command: list[str], cwd: Path, is_time: Callable[[], bool]) -> None:
    """Start a command, and kill it with all of its processes at a given moment."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "ACCELERATE_USE_CPU": "true"}
    with (cwd / "killed.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=cwd, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        while process.poll() is None and not is_time():
            time.sleep(0.01)
        running = process.poll() is None
        if running:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert running, (cwd / "killed.log").read_text()[-3000:]
