"""Attention of answers that were made elsewhere: the same rows as if the model had written them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from commands import run_command
from tiny_runs import VISION, model, requests
from transformers import LogitsProcessor, LogitsProcessorList

from cmqa_tasks.asking.question import questions_of
from cmqa_tasks.attention.rows import FLOATS
from cmqa_tasks.attention.store import AttentionRow, merge, read
from cmqa_tasks.cli.main import main
from cmqa_tasks.facts.records import ARMS, ITEM_KEY
from cmqa_tasks.facts.release import Release
from cmqa_tasks.harness.session import SESSION
from cmqa_tasks.models.hf import CmqaHF
from cmqa_tasks.models.replay import GivenAnswer, ReplayError, log_answers

Checkpoints = Callable[[str], Path]
ANSWERS = ("Two.", "It was 24.99 dollars, as the receipt says.", "")
NEW = 9


@pytest.fixture(autouse=True)
def fresh_session() -> Iterator[None]:
    yield
    SESSION.forget()


class Forced(LogitsProcessor):  # type: ignore[misc]
    """Has a model write given answers: which one, the prompt's tokens decide."""

    def __init__(self, lm: CmqaHF, ids: torch.Tensor, mask: torch.Tensor) -> None:
        self._start, self._end = mask.shape[1], lm.tokenizer.eos_token_id
        texts = [ANSWERS[int(number) % len(ANSWERS)] for number in (ids * mask).sum(1)]
        self._answers = [lm.tokenizer(text, add_special_tokens=False).input_ids for text in texts]

    def __call__(self, ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        place = ids.shape[1] - self._start
        wanted = [answer[place] if place < len(answer) else self._end for answer in self._answers]
        forced = torch.full_like(scores, -torch.inf)
        forced[torch.arange(len(wanted)), wanted] = 0
        return forced


def written_by(lm: CmqaHF) -> None:
    """Have a model write the answers that :class:`Forced` gives it."""
    generate = lm.model.generate

    def forcing(**inputs: Any) -> torch.Tensor:
        processor = LogitsProcessorList([Forced(lm, inputs["input_ids"], inputs["attention_mask"])])
        output: torch.Tensor = generate(**inputs, logits_processor=processor)
        return output

    lm.model.generate = forcing


def logged(log: Path) -> dict[tuple[str, str], AttentionRow]:
    (folder,) = log.iterdir()
    return {(row.item_id, row.aggregate): row for row in read(merge(folder))}


def apart(one: dict[tuple[str, str], AttentionRow], other: dict[tuple[str, str], AttentionRow]) -> float:
    """How far the numbers of two logs are apart, which must otherwise be the same."""
    assert one.keys() == other.keys()
    furthest = 0.0
    for key, row in one.items():
        for name in ("task", "doc_id", "counts", "names", "layers", "heads", "first", "arm", "fact_id", "tokens"):
            assert getattr(row, name) == getattr(other[key], name), (key, name)
        for name in FLOATS:
            mine, theirs = (np.asarray(getattr(each, name), np.float64) for each in (row, other[key]))
            finite = np.isfinite(mine) & np.isfinite(theirs)
            assert np.array_equal(mine[~finite], theirs[~finite], equal_nan=True), (key, name)
            furthest = max(furthest, float(np.abs(mine[finite] - theirs[finite]).max(initial=0.0)))
    return furthest


@pytest.mark.parametrize("family", [*VISION, "qwen2"])
def test_one_pass_logs_what_writing_logs(tiny_checkpoint: Checkpoints, own_release: Release, tmp_path: Path, family: str) -> None:
    """Answers of several lengths in one batch, some cut at the limit, one empty; every number of every row."""
    arms = ("text_text", "text") if family == "qwen2" else ("text_text", "image_text")
    mode = "per_token" if family in ("llava", "qwen2") else "on"
    lm = model(tiny_checkpoint(family), batch_size=3, attention=mode, attention_path=str(tmp_path / "written"))
    written_by(lm)
    results = lm.generate_until(requests(lm, own_release, *arms, max_new_tokens=NEW))
    assert len({result.text for result in results}) > 1
    lm = model(tiny_checkpoint(family), batch_size=3, attention=mode, attention_path=str(tmp_path / "given"))
    counts = {(place % len(arms), place // len(arms)): result for place, result in enumerate(results)}
    for number, arm in enumerate(arms):
        questions = questions_of(ARMS[arm], own_release, "aware")
        given = []
        for doc_id, question in enumerate(questions):
            result = counts[number, doc_id]
            counted = result.token_counts
            cut = counted.output_tokens == NEW
            given.append(GivenAnswer(doc_id, question, result.text, cut=cut, prompt_tokens=counted.input_tokens))
        task = f"receipts_{arm}"
        assert log_answers(lm, task, own_release, given[:5]) == 5
        assert log_answers(lm, task, own_release, given) == len(given) - 5, "what is logged is left alone"
    assert apart(logged(tmp_path / "written"), logged(tmp_path / "given")) < 2e-2


def test_what_cannot_be_this_models_answer_is_named(tiny_checkpoint: Checkpoints, own_release: Release, tmp_path: Path) -> None:
    lm = model(tiny_checkpoint("llava"), attention="on", attention_path=str(tmp_path))
    question = questions_of(ARMS["image_text"], own_release, "aware")[0]
    good = GivenAnswer(0, question, "24.99")
    with pytest.raises(ReplayError, match=rf"item {question.item.id}: of the answer 'a<.*>b' the tokenizer gives back 'ab'"):
        log_answers(lm, "receipts", own_release, [good, GivenAnswer(1, question, "a<|im_end|>b")])
    with pytest.raises(ReplayError, match="tokens and had 7 in the run: chat template, system prompt or size of images"):
        log_answers(lm, "receipts", own_release, [GivenAnswer(0, question, "24.99", prompt_tokens=7)])
    assert not list(tmp_path.rglob("*.parquet")), "nothing is half-written"
    with pytest.raises(ValueError, match="attention=off: nothing would be logged"):
        log_answers(model(tiny_checkpoint("llava")), "receipts", own_release, [good])


@pytest.mark.harness
def test_a_runs_answers_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Once logged while the miniature answers, once from its samples; then every input that cannot be used."""
    arguments = f"pretrained=cmqa:mini_instance,dtype=float32,attention=on,attention_path={tmp_path / 'written'}"
    command = ("-m", "lmms_eval", "--model", "cmqa_hf", "--model_args", arguments, "--tasks", "cmqa_mini_image_text")
    options = ("--limit", "6", "--batch_size", "4", "--log_samples", "--output_path", tmp_path / "out")
    run_command(*command, *options, cwd=tmp_path)
    same = f"pretrained=cmqa:mini_instance,dtype=float32,attention_path={tmp_path / 'given'}"

    def log(directory: Path, model_args: str = same) -> str:
        main(["attention", "log", str(directory), "--model_args", model_args, "--batch_size", "3"])
        return "".join(capsys.readouterr())

    assert "cmqa_mini_image_text: 6 answers logged, 0 were there already" in log(tmp_path / "out")
    assert apart(logged(tmp_path / "written"), logged(tmp_path / "given")) < 2e-2
    assert "cmqa_mini_image_text: 0 answers logged, 6 were there already" in log(tmp_path / "out")

    def changed(name: str, change: Callable[[Path, Path], object]) -> Path:
        copy = shutil.copytree(tmp_path / "out", tmp_path / name)
        (results,), (samples,) = copy.rglob("*_results.json"), copy.rglob("*_samples_*.jsonl")
        change(results, samples)
        return copy

    def rewritten(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
        text = path.read_text()
        lines = [json.loads(line) for line in (text.splitlines() if path.suffix == ".jsonl" else [text])]
        for line in lines:
            change(line)
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))

    def other_release(results: Path, samples: Path) -> None:
        rewritten(results, lambda file: file["configs"]["cmqa_mini_image_text"]["metadata"].update(release_sha256="0" * 64))

    def other_item(results: Path, samples: Path) -> None:
        rewritten(samples, lambda row: row[ITEM_KEY].update(item_id="0" + row[ITEM_KEY]["item_id"][1:]))

    def other_words(results: Path, samples: Path) -> None:
        rewritten(samples, lambda row: row.update(filtered_resps="Zürich"))

    def other_template(results: Path, samples: Path) -> None:
        rewritten(results, lambda file: file.update(chat_template="{{ other }}"))

    def other_length(results: Path, samples: Path) -> None:
        rewritten(samples, lambda row: row["token_counts"][0].update(input_tokens=99))

    fresh = f"pretrained=cmqa:mini_instance,attention_path={tmp_path / 'none'}"
    complaints = {
        log(changed("no samples", lambda results, samples: samples.unlink())): "samples",
        log(changed("other release", other_release)): "with SHA-256 000000000000…",
        log(changed("other item", other_item)): "is none of release mini, arm image_text",
        log(changed("words", other_words)): "gives back",
        log(changed("template", other_template)): "another chat template than this checkpoint's",
        log(changed("longer", other_length), fresh): "tokens and had 99 in the run",
        log(tmp_path / "out", "dtype=float32"): "name the model, as in --model_args pretrained=",
    }
    assert not list((tmp_path / "none").rglob("*.parquet"))
    wrong = {complaint: said for said, complaint in complaints.items() if complaint not in said}
    assert not wrong
