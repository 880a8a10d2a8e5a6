"""Attention logged by ``cmqa_hf`` while it answers: nothing that it says changes, and every item is written."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import run_command
from PIL import Image
from tiny_runs import VISION, model, requests

from cmqa_tasks.asking.question import questions_of
from cmqa_tasks.attention.bias import bias_of
from cmqa_tasks.attention.probe.batch_log import directory_name
from cmqa_tasks.attention.store import AttentionRow, merge, read
from cmqa_tasks.attention.summary import SUMMARIES, item_summary
from cmqa_tasks.facts.records import ARMS, ITEM_KEY
from cmqa_tasks.facts.release import Release
from cmqa_tasks.harness.session import SESSION
from cmqa_tasks.models.hf import CmqaHF
from cmqa_tasks.results import latest_results, latest_samples
from cmqa_tasks.scoring import metrics

Checkpoints = Callable[[str], Path]


@pytest.fixture(autouse=True)
def fresh_session() -> Iterator[None]:
    yield
    SESSION.forget()


def logged(directory: Path) -> list[AttentionRow]:
    """Everything that one model has logged."""
    (folder,) = directory.iterdir()
    return list(read(merge(folder)))


def answers(lm: CmqaHF, release: Release, *arms: str) -> list[str]:
    return [result.text for result in lm.generate_until(requests(lm, release, *arms))]


@pytest.mark.parametrize("family", [*VISION, "qwen2"])
@pytest.mark.parametrize("mode", ["on", "per_token"])
def test_logging_changes_no_answer_and_misses_no_item(
    tiny_checkpoint: Checkpoints, own_release: Release, tmp_path: Path, family: str, mode: str
) -> None:
    arms = ("text_text", "text") if family == "qwen2" else ("text_text", "image_text", "image_image", "text_image")
    plain = model(tiny_checkpoint(family), batch_size=3)
    unlogged = answers(plain, own_release, *arms)
    logging = model(tiny_checkpoint(family), batch_size=3, attention=mode, attention_path=str(tmp_path))
    assert answers(logging, own_release, *arms) == unlogged
    rows = logged(tmp_path)
    wanted = {question.item.id for arm in arms for question in questions_of(ARMS[arm], own_release, "aware")}
    for aggregate in ("last_prompt", "generated", "question"):
        assert {row.item_id for row in rows if row.aggregate == aggregate} <= wanted
    assert {row.item_id for row in rows if row.aggregate == "last_prompt"} == wanted
    assert {row.tokens > 0 for row in rows if row.aggregate == "last_prompt"} == {mode == "per_token"}


def test_a_is_the_image_wherever_it_stands(tiny_checkpoint: Checkpoints, own_release: Release, tmp_path: Path) -> None:
    lm = model(tiny_checkpoint("llava"), attention="on", attention_path=str(tmp_path))
    answers(lm, own_release, "image_text", "text_image", "text_text")
    for row in (row for row in logged(tmp_path) if row.aggregate == "last_prompt"):
        tokens = dict(zip(row.names, row.counts, strict=True))
        if row.arm == "text_text":
            assert row.first == "a"
        else:
            assert tokens["evidence_a"] == 16, "a LLaVA image of 56 pixels and patches of 14 has 16 tokens"
            assert row.first == {"image_text": "a", "text_image": "b"}[row.arm]
        assert tokens["question"] > 5
        assert math.fsum(tokens.values()) > 60


def test_a_batch_logs_what_one_request_at_a_time_logs(tiny_checkpoint: Checkpoints, own_release: Release, tmp_path: Path) -> None:
    for size in (1, 4):
        lm = model(tiny_checkpoint("qwen2_5_vl"), attention="on", attention_path=str(tmp_path / str(size)), batch_size=size)
        answers(lm, own_release, "image_text", "text_text")
    alone, together = ({(row.item_id, row.aggregate): row for row in logged(tmp_path / size)} for size in ("1", "4"))
    assert set(alone) == set(together)
    for key, row in alone.items():
        assert row.counts == together[key].counts
        for name in ("log_density_ratio", "logit_gap", "log_norm_ratio", "log_mass_a"):
            assert row.grid(name) == pytest.approx(together[key].grid(name), abs=2e-2, nan_ok=True), (key, name)


def test_a_bias_moves_attention_and_none_changes_nothing(
    tiny_checkpoint: Checkpoints, own_release: Release, tmp_path: Path
) -> None:
    plain = answers(model(tiny_checkpoint("llava")), own_release, "image_text")
    density = {}
    for amount in ("+0.0", "+2.0"):
        path = tmp_path / amount
        lm = model(tiny_checkpoint("llava"), attention="on", attention_path=str(path), attention_bias=f"image:{amount}")
        answered = answers(lm, own_release, "image_text")
        assert (answered == plain) is (amount == "+0.0")
        rows = [row for row in logged(path) if row.aggregate == "last_prompt"]
        density[amount] = {row.item_id: row.grid("log_density_ratio")[0] for row in rows}
    for item, biased in density["+2.0"].items():
        assert biased - density["+0.0"][item] == pytest.approx(2.0, abs=2e-2), "the first layer's logits are otherwise the same"


def test_a_bias_needs_no_log(tiny_checkpoint: Checkpoints, own_release: Release, tmp_path: Path) -> None:
    lm = model(tiny_checkpoint("llava"), attention_bias="image:+3.0", attention_path=str(tmp_path / "none"))
    plain = model(tiny_checkpoint("llava"))
    assert answers(lm, own_release, "image_text") != answers(plain, own_release, "image_text")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("video:+1.0", "no segment 'video'; choose one of evidence_a, evidence_b, question"),
        ("image", "'' is no finite number; write image:"),
        ("image:much", "'much' is no finite number"),
        ("image:nan", "'nan' is no finite number"),
        ("image:-inf", "'-inf' is no finite number"),
        ("image:+1;image:+2", "'image' is evidence_a, which has a bias already"),
        ("text:+1;second:+1", "'second' is evidence_b, which has a bias already"),
    ],
)
def test_bad_biases_are_named(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        bias_of(text)


def test_biases() -> None:
    assert bias_of(None) == {}
    assert bias_of("image:+1.0; text:-0.5;question:2") == {"evidence_a": 1.0, "evidence_b": -0.5, "question": 2.0}


def test_bad_mode_is_named() -> None:
    with pytest.raises(ValueError, match="attention='yes': choose one of off, on, per_token"):
        CmqaHF("/nowhere", attention="yes")


def test_other_settings_do_not_mix_in_one_directory(tiny_checkpoint: Checkpoints, own_release: Release, tmp_path: Path) -> None:
    lm = model(tiny_checkpoint("llava"), attention="on", attention_path=str(tmp_path))
    answers(lm, own_release, "text_text")
    with pytest.raises(
        ValueError, match="holds attention with bias '' instead of 'evidence_a:\\+1'; choose another attention_path"
    ):
        model(tiny_checkpoint("llava"), attention="on", attention_path=str(tmp_path), attention_bias="image:+1")


def test_beams_are_refused_before_anything_runs(tiny_checkpoint: Checkpoints, own_release: Release, tmp_path: Path) -> None:
    lm = model(tiny_checkpoint("llava"), attention="on", attention_path=str(tmp_path))
    with pytest.raises(RuntimeError, match="beams"):
        lm.generate_until(requests(lm, own_release, "text_text", num_beams=2))


def test_no_name_in_the_table_contains_another() -> None:
    names = {name.name for arm in ARMS.values() for name in metrics.metrics_of(arm)} | set(SUMMARIES) | {ITEM_KEY}
    for name, another in itertools.permutations(names, 2):
        assert name not in another


@pytest.mark.harness
def test_attention_stands_beside_accuracy(tiny_checkpoint: Checkpoints, tmp_path: Path) -> None:
    """One table, per-item marks, the same numbers as on disk; by two processes as by one; single pieces have none."""
    weights = tiny_checkpoint("qwen2_5_vl")
    common = ("-m", "lmms_eval", "--model", "cmqa_hf", "--tasks", "cmqa_image_text,cmqa_text", "--limit", "6")
    options = ("--batch_size", "2", "--gen_kwargs", "max_new_tokens=6", "--log_samples")
    for name, launcher in (("one", ()), ("two", TWO_PROCESSES)):
        arguments = f"pretrained={weights},attention=on,attention_path={tmp_path / name / 'attention'}"
        output = ("--output_path", tmp_path / name / "out")
        done = run_command(
            *launcher, *common, *options, *output, "--model_args", arguments, cwd=tmp_path, ACCELERATE_USE_CPU="true"
        )
        results = latest_results(tmp_path / name / "out")
        rows = {row.item_id: row for row in logged(tmp_path / name / "attention") if row.aggregate == "last_prompt"}
        seen = latest_samples(tmp_path / name / "out", "cmqa_image_text")
        summaries = {row[ITEM_KEY]["item_id"]: row for row in seen}
        assert len(summaries) == 6, done.stderr[-2000:]
        for key in SUMMARIES:
            values = {item: item_summary(rows[item])[key] for item in summaries}
            for item, sample in summaries.items():
                assert sample[key]["score"] == pytest.approx(values[item])
            assert results.metric("cmqa_image_text", key) == pytest.approx(math.fsum(values.values()) / len(values))
            assert results.metric("cmqa_text", key) is None


TWO_PROCESSES = ("-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", "29617")


@pytest.mark.harness
def test_a_warm_response_cache_is_said_and_shown_as_missing(tiny_checkpoint: Checkpoints, tmp_path: Path) -> None:
    command = ("-m", "lmms_eval", "--model", "cmqa_hf", "--tasks", "cmqa_image_text", "--limit", "4")
    options = ("--gen_kwargs", "max_new_tokens=4", "--use_cache", tmp_path / "cache", "--output_path", tmp_path / "out")
    arguments = ("--model_args", f"pretrained={tiny_checkpoint('llava')},attention=on,attention_path={tmp_path / 'attention'}")
    run_command(*command, *options, *arguments, cwd=tmp_path)
    assert not math.isnan(latest_results(tmp_path / "out").metric("cmqa_image_text", "absolute_log_density") or math.nan)
    done = run_command(*command, *options, *arguments, cwd=tmp_path)
    assert "leave it out to log attention of every item" in done.stderr + done.stdout
    assert math.isnan(latest_results(tmp_path / "out").metric("cmqa_image_text", "absolute_log_density") or 0.0)


BUILT_IN = """
task: textvqa_like
dataset_path: parquet
dataset_kwargs: {data_files: {validation: DATA}}
test_split: validation
output_type: generate_until
doc_to_visual: !function lmms_eval.tasks.textvqa.utils.textvqa_doc_to_visual
doc_to_text: !function lmms_eval.tasks.textvqa.utils.textvqa_doc_to_text
doc_to_target: answers
process_results: !function lmms_eval.tasks.textvqa.utils.textvqa_process_results
generation_kwargs: {max_new_tokens: 4, until: []}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
lmms_eval_specific_kwargs: {default: {pre_prompt: "", post_prompt: "Answer in one word.", ocr: false}}
metadata: [{version: 0.0}]
"""


@pytest.mark.harness
def test_any_other_task_is_logged_as_image_against_text(tiny_checkpoint: Checkpoints, tmp_path: Path) -> None:
    """TextVQA's own functions on a few rows in its format, made here."""
    Image.new("RGB", (64, 64), "red").save(tmp_path / "red.png")
    picture = {"bytes": (tmp_path / "red.png").read_bytes(), "path": "red.png"}
    rows = [{"question_id": n, "image_id": str(n), "question": f"what colour is sign {n}?"} for n in range(3)]
    full = [row | {"image": picture, "answers": ["red"] * 10, "ocr_tokens": ["STOP"]} for row in rows]
    pq.write_table(_with_images(pa.Table.from_pylist(full)), tmp_path / "validation.parquet")
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "textvqa_like.yaml").write_text(BUILT_IN.replace("DATA", str(tmp_path / "validation.parquet")))
    arguments = f"pretrained={tiny_checkpoint('llava')},attention=on,attention_path={tmp_path / 'attention'}"
    command = ("-m", "lmms_eval", "--model", "cmqa_hf", "--model_args", arguments, "--tasks", "textvqa_like")
    options = ("--include_path", tmp_path / "tasks", "--output_path", tmp_path / "out", "--batch_size", "2")
    done = run_command(*command, *options, cwd=tmp_path)
    assert (tmp_path / "attention").is_dir(), (done.stdout + done.stderr)[-3000:]
    last_rows = [row for row in logged(tmp_path / "attention") if row.aggregate == "last_prompt"]
    assert sorted(row.doc_id for row in last_rows) == [0, 1, 2]
    for row in last_rows:
        tokens = dict(zip(row.names, row.counts, strict=True))
        assert tokens["evidence_a"] == 16
        assert tokens["evidence_b"] > 5
        assert (row.task, row.arm) == ("textvqa_like", "")


def _with_images(table: pa.Table) -> pa.Table:
    """Tells Hugging Face datasets that the column holds images."""
    features = {"info": {"features": {"image": {"_type": "Image"}}}}
    return table.replace_schema_metadata({"huggingface": json.dumps(features)})


def test_directory_names() -> None:
    assert directory_name("Qwen/Qwen2.5-VL-3B-Instruct") == "Qwen__Qwen2.5-VL-3B-Instruct"
