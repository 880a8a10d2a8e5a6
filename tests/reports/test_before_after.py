"""A checkpoint before and after: the real command line and harness on stand-ins for the benchmarks, and the parts by hand."""

from __future__ import annotations

import csv
import itertools
import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import standins

from cmqa_tasks.cli.main import main
from cmqa_tasks.reports.before_after import forms
from cmqa_tasks.reports.before_after.files import to_markdown
from cmqa_tasks.reports.before_after.items import Item, items_of
from cmqa_tasks.reports.before_after.judge import judge_of
from cmqa_tasks.reports.before_after.pairs import Pairs, difference, exact, pair
from cmqa_tasks.reports.before_after.runs import Request, missing
from cmqa_tasks.reports.before_after.table import table
from cmqa_tasks.results import ResultsError, latest_results, latest_samples
from cmqa_tasks.scoring.statistics.paired import mcnemar
from conftest import run_command

TASKS = ("blink", "mmmu_val", "mathvista_testmini", "scienceqa_img", "cmqa_crossmodal")
MATHVISTA = {f"mathvista_testmini_{form}" for form in ("cot", "format", "solution")}
OPTIONS = ("--tasks", ",".join(TASKS), "--gen-kwargs", "max_new_tokens=1", "--batch-size", "64", "--limit", "12")


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a whole run, with two tiny models that say nothing but A, B or 4."""
    root = tmp_path_factory.mktemp("pair")
    standins.write(root / "hub")
    for seed, name in enumerate(("before", "after")):
        _answering(root / name, seed)
    command = ("-m", "cmqa_tasks.cli", "before-after", "--before", "before", "--after", "after", "--out", "out", *OPTIONS)
    done = run_command(*command, cwd=root, HF_HOME=str(root / "hub"), OPENAI_API_KEY="", API_TYPE="")
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return root


def _answering(directory: Path, seed: int) -> None:
    from transformers import AutoTokenizer, GenerationConfig

    from cmqa_tasks.models.tiny import build

    tokenizer = AutoTokenizer.from_pretrained(build("qwen2_5_vl", directory, seed))
    allowed = set(tokenizer.convert_tokens_to_ids(list("AB4")))
    generation = GenerationConfig.from_pretrained(directory)
    generation.suppress_tokens = [token for token in range(len(tokenizer)) if token not in allowed]
    generation.save_pretrained(directory)


def _rows(root: Path) -> dict[tuple[str, str], dict[str, Any]]:
    found = json.loads((root / "out" / "before_after.json").read_text())
    return {(row["task"], row["metric"]): row for row in found["rows"]}


@pytest.mark.harness
def test_one_command_makes_one_table(evaluated: Path) -> None:
    rows = _rows(evaluated)
    ours = [("cmqa_crossmodal", name) for name in ("balanced", "recognition", "false_alarm")]
    theirs = [("blink", "blink_acc"), ("mmmu_val", "mmmu_acc"), ("scienceqa_img", "exact_match")]
    assert set(rows) == {*theirs, *ours, *((task, "llm_as_judge_eval") for task in MATHVISTA)}
    assert [rows[key]["items"] for key in (*theirs, *ours)] == [42, 12, 12, 24, 12, 12]
    for key in (*theirs, ours[0], *((task, "llm_as_judge_eval") for task in MATHVISTA)):
        row = rows[key]
        assert row["attention_items"] > 0, key
        assert row["attention_low"] <= row["attention_difference"] <= row["attention_high"], key
        assert row["attention_difference"] == pytest.approx(row["attention_after"] - row["attention_before"], abs=1e-5)
    page, lines = (evaluated / "out" / f"before_after.{end}" for end in ("md", "csv"))
    with lines.open(encoding="utf-8") as file:
        assert [row["task"] for row in csv.DictReader(file)] == [task for task, _ in rows]
    assert "Only 12 items of each task" in page.read_text()


@pytest.mark.harness
def test_the_numbers_are_those_of_the_answers(evaluated: Path) -> None:
    """Counted from the letters alone, and against the harness's own table."""
    rows, out = _rows(evaluated), evaluated / "out"
    for task, name in (("blink", "blink_acc"), ("scienceqa_img", "exact_match")):
        row, (before, after) = rows[task, name], _letters(task, out)
        assert (row["before"], row["after"]) == pytest.approx((before.mean(), after.mean()), abs=1e-5)
        assert (row["gained"], row["lost"]) == (int((after > before).sum()), int((after < before).sum()))
        assert row["p"] == pytest.approx(mcnemar(row["gained"], row["lost"]), abs=1e-5)
    assert rows["blink", "blink_acc"]["gained"] + rows["blink", "blink_acc"]["lost"] > 0
    for side in ("before", "after"):
        said = latest_results(out / side / "mmmu_val").results["mmmu_val"]["mmmu_acc,none"]
        assert rows["mmmu_val", "mmmu_acc"][side] == pytest.approx(said, abs=1e-4)


@pytest.mark.harness
def test_attention_is_that_of_the_harness_s_table(evaluated: Path) -> None:
    row = _rows(evaluated)["cmqa_crossmodal", "balanced"]
    for side in ("before", "after"):
        results = latest_results(evaluated / "out" / side / "cmqa_crossmodal")
        arms = [results.metric(task, "log_density_ratio") for task in ("cmqa_image_text", "cmqa_text_image")]
        assert row[f"attention_{side}"] == pytest.approx(np.mean(arms), abs=2e-3)


def _letters(task: str, out: Path) -> tuple[np.ndarray, np.ndarray]:
    found = []
    for side in ("before", "after"):
        leaves = latest_results(out / side / task).group_subtasks[task] or [task]
        read = [row for leaf in sorted(leaves) for row in latest_samples(out / side / task, leaf)]
        found.append(np.array([row["filtered_resps"] == row["target"].strip("()") for row in read], float))
    return found[0], found[1]


@pytest.mark.harness
def test_without_a_judge_mathvista_gets_no_number(evaluated: Path) -> None:
    """Although lmms-eval gives it one: it takes the most similar option for what nobody read."""
    rows = _rows(evaluated)
    said = latest_results(evaluated / "out" / "before" / "mathvista_testmini").results
    for task in MATHVISTA:
        row = rows[task, "llm_as_judge_eval"]
        assert row["unread"] > 0
        assert (row["before"], row["difference"], row["p"]) == (None, None, None)
        assert forms.UNREAD in " ".join(row["notes"])
    assert any(said[task]["llm_as_judge_eval,none"] for task in MATHVISTA)


@pytest.mark.harness
def test_what_is_evaluated_is_not_evaluated_again(evaluated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(evaluated)
    command = ["before-after", "--before", "before", "--after", "after", "--out", "out", *OPTIONS]
    (evaluated / "out" / "before_after.md").unlink()
    logs = [evaluated / "out" / side / "log.txt" for side in ("before", "after")]
    times = [log.stat().st_mtime_ns for log in logs]
    assert main(command) == 0
    assert [log.stat().st_mtime_ns for log in logs] == times
    assert (evaluated / "out" / "before_after.md").is_file()


@pytest.mark.harness
def test_other_arguments_are_refused(
    evaluated: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(evaluated)
    command = ["before-after", "--before", "before", "--out", "out", *OPTIONS]
    assert main([*command, "--after", "after", "--limit", "3"]) == 2
    assert "limit 12 there, 3 here" in capsys.readouterr().err
    assert main([*command, "--after", "before"]) == 2
    assert "after/blink was evaluated with other arguments (checkpoint" in capsys.readouterr().err
    (evaluated / "after" / "trained_on").touch()
    with pytest.raises(ResultsError, match="checkpoint_files"):
        missing(_request(evaluated))
    (evaluated / "after" / "trained_on").unlink()


def _request(root: Path, out: str = "out") -> Request:
    checkpoints = {"before": str(root / "before"), "after": str(root / "after")}
    return Request(checkpoints, root / out, TASKS, gen_kwargs="max_new_tokens=1", batch_size=64, limit=12)


@pytest.mark.harness
def test_a_stopped_run_goes_on_with_what_is_missing(evaluated: Path) -> None:
    shutil.copytree(evaluated / "out", evaluated / "stopped")
    request = _request(evaluated, "stopped")
    assert missing(request) == {"before": [], "after": []}
    (cut,) = (evaluated / "stopped" / "after").rglob("*_samples_blink_jigsaw.jsonl")
    cut.write_bytes(cut.read_bytes()[:-200])
    shutil.rmtree(evaluated / "stopped" / "before" / "mmmu_val")
    (results,) = (evaluated / "stopped" / "before" / "scienceqa_img").rglob("*_results.json")
    results.unlink()
    assert missing(request) == {"before": ["mmmu_val", "scienceqa_img"], "after": ["blink"]}
    (evaluated / "stopped" / "after" / "scienceqa_img" / "arguments.json").unlink()
    with pytest.raises(ResultsError, match="not made by this command"):
        missing(request)


@pytest.mark.harness
def test_a_failed_task_is_a_row_that_says_why(evaluated: Path) -> None:
    request = _request(evaluated)
    rows = table(request, {("after", "mmmu_val"): "ConnectionError: no hub"})
    (failed,) = (row for row in rows if row.task == "mmmu_val")
    assert (failed.items, failed.notes) == (0, ("not evaluated after: ConnectionError: no hub",))
    assert "* mmmu_val: not evaluated after: ConnectionError: no hub." in to_markdown(rows, request)
    assert next(row for row in rows if row.task == "blink").items == 42


@pytest.mark.harness
def test_a_group_without_a_number_has_rows_of_its_members(evaluated: Path) -> None:
    shutil.copytree(evaluated / "out", evaluated / "members")
    for path in (evaluated / "members").rglob("*_results.json"):
        results = json.loads(path.read_text())
        results["results"]["cmqa_crossmodal"] = {"alias": "cmqa_crossmodal"}
        path.write_text(json.dumps(results))
    rows = [row for row in table(_request(evaluated, "members"), {}) if row.task.startswith("cmqa")]
    names = ("balanced", "recognition", "false_alarm")
    assert [(row.task, row.metric) for row in rows] == [
        (f"cmqa_{arm}", name) for arm in ("image_text", "text_image") for name in names
    ]
    assert [row.attention_items > 0 for row in rows] == [True, False, False] * 2


@pytest.mark.harness
def test_a_number_that_is_not_the_harness_s_is_none(evaluated: Path) -> None:
    directory = evaluated / "out" / "before" / "scienceqa_img"
    results = latest_results(directory)
    results["results"]["scienceqa_img"]["exact_match,none"] += 0.1
    with pytest.raises(ResultsError, match=r"lmms-eval says exact_match 0\.6"):
        items_of(directory, results, "scienceqa_img")
    ours = evaluated / "out" / "before" / "cmqa_crossmodal"
    for name in ("recognition", "balanced"):
        wrong = latest_results(ours)
        items_of(ours, wrong, "cmqa_image_text")
        wrong["results"]["cmqa_image_text"][f"{name},none"] += 0.1
        with pytest.raises(ResultsError, match=f"cmqa_image_text: lmms-eval says {name}"):
            items_of(ours, wrong, "cmqa_image_text")
    results["configs"]["scienceqa_img"]["metric_list"] = [{"metric": "bleu"}]
    with pytest.raises(ResultsError, match="how scienceqa_img scores an item is not known"):
        items_of(directory, results, "scienceqa_img")


MMMU = {"id": "validation_Art_1", "subdomain": "Art"}
VISTA = {"answer_type": "integer", "extraction": "4", "prediction": "4", "true_false": True}


@pytest.mark.parametrize(
    ("row", "value", "note"),
    [
        ({"m": 1.0}, 1.0, ""),
        ({"m": {"score": 0.25, "score_key": "score"}}, 0.25, ""),
        ({"m": {"is_correct": True, "pred": "A"}}, 1.0, ""),
        (
            {"m": MMMU | {"question_type": "multiple-choice", "answer": "B", "parsed_pred": ["B"]}, "filtered_resps": "B."},
            1.0,
            "",
        ),
        (
            {"m": MMMU | {"question_type": "multiple-choice", "answer": "B", "parsed_pred": ["A"]}, "filtered_resps": "(A)"},
            0.0,
            "",
        ),
        (
            {"m": MMMU | {"question_type": "multiple-choice", "answer": "B", "parsed_pred": ["B"]}, "filtered_resps": "no idea"},
            1.0,
            forms.GUESSED,
        ),
        ({"m": MMMU | {"question_type": "open", "answer": "1,200.004", "parsed_pred": [["it is", 1200.0]]}}, 1.0, ""),
        ({"m": MMMU | {"question_type": "open", "answer": "1200", "parsed_pred": [["12", 12.0]]}}, 0.0, ""),
        ({"m": MMMU | {"question_type": "open", "answer": "Tin", "parsed_pred": [["a tin pot"]]}}, 1.0, ""),
        ({"m": MMMU | {"question_type": "open", "answer": "t", "parsed_pred": [["tin"]]}}, 0.0, ""),
        ({"m": VISTA, "filtered_resps": "4"}, 1.0, ""),
        ({"m": VISTA | {"extraction": "dummy"}, "filtered_resps": "it is 4"}, None, forms.UNREAD),
        ({"m": VISTA | {"extraction": ""}, "filtered_resps": "it is 4"}, None, forms.UNREAD),
        ({"m": VISTA | {"extraction": "", "true_false": False}, "filtered_resps": " "}, 0.0, ""),
        (
            {
                "m": {"answer_type": "float", "extraction": "4.0", "prediction": None, "true_false": False},
                "filtered_resps": "4.0",
            },
            0.0,
            forms.UNROUNDED,
        ),
    ],
)
def test_forms_of_the_tasks(row: Mapping[str, Any], value: float | None, note: str) -> None:
    found = forms.score_of(row, "m")
    assert found is not None
    assert (found.value, found.note) == (value, note)


def test_unknown_forms_have_no_score() -> None:
    assert forms.score_of({"m": {"anls": 1.0}}, "m") is None
    assert forms.score_of({"m": {"score": "high"}}, "m") is None
    assert forms.score_of({}, "m") is None


def _item(key: str, score: float | None, cluster: str = "", part: str = "t", asked: str = "?") -> Item:
    return Item("t", key, cluster or key, part, score, "", (asked, "A"))


def test_items_are_paired_by_what_was_asked() -> None:
    before = [_item("1", 0.0), _item("2", 1.0), _item("3", None), _item("4", 1.0)]
    after = [_item("5", 0.0), _item("3", 1.0), _item("2", 0.0), _item("1", 1.0)]
    pairs = pair(before, after)
    assert (pairs.before.tolist(), pairs.after.tolist()) == ([0.0, 1.0], [1.0, 0.0])
    assert (pairs.unpaired, pairs.unread) == (2, 1)
    with pytest.raises(ResultsError, match="item 1 was not asked alike"):
        pair(before, [_item("1", 1.0, asked="?!")])


def test_independent_items_get_mcnemars_test() -> None:
    pairs = pair([_item(str(n), 0.0) for n in range(9)], [_item(str(n), float(n < 7)) for n in range(9)])
    found = exact(pairs)
    assert (found.gained, found.lost) == (7, 0)
    assert found.p == mcnemar(7, 0)


def test_facts_with_several_items_flip_together() -> None:
    """Every one of the sign patterns, counted by hand."""
    sums = [2, 2, 1, -1, 2, 1]
    before = [_item(f"{fact}{half}", float(total < 0), str(fact)) for fact, total in enumerate(sums) for half in "ab"]
    after = [
        _item(
            f"{fact}{half}",
            1.0 if total == 2 or (total == 1 and half == "a") or (total == -1 and half == "b") else 0.0,
            str(fact),
        )
        for fact, total in enumerate(sums)
        for half in "ab"
    ]
    pairs = pair(before, after)
    assert np.bincount(pairs.clusters, pairs.after - pairs.before).tolist() == sums
    patterns = [abs(sum(s * t for s, t in zip(signs, sums, strict=True))) for signs in itertools.product((1, -1), repeat=6)]
    wanted = sum(one >= sum(sums) for one in patterns) / len(patterns)
    assert exact(pairs).p == pytest.approx(wanted, abs=0.01)
    assert exact(pairs).p > mcnemar(exact(pairs).gained, exact(pairs).lost)


def test_a_difference_is_a_mean_over_parts_or_over_items() -> None:
    parts = ["x"] * 8 + ["y"] * 2
    before = [_item(str(n), 0.0, part=part) for n, part in enumerate(parts)]
    after = [_item(str(n), float(n >= 8), part=part) for n, part in enumerate(parts)]
    pairs = pair(before, after)
    by_part, pooled = (difference(pairs, pooled, (-1.0, 1.0)) for pooled in (False, True))
    assert (by_part.value, pooled.value) == (0.5, 0.2)
    assert pooled.low <= pooled.value <= pooled.high
    assert math.isnan(difference(pair([], []), False, None).value)


def test_intervals_are_paired() -> None:
    """Two runs that differ on few items have a narrow interval, however hard the items are."""
    hard = np.random.default_rng(0).integers(2, size=400).astype(float)
    numbers = np.arange(400)
    after = np.where(numbers < 8, 1.0 - hard, hard)
    found = difference(Pairs(hard, after, numbers, np.zeros_like(numbers), 0, 0), False, (-1.0, 1.0))
    assert found.high - found.low < 0.04


def test_a_judge_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_TYPE", "OPENAI_API_KEY", "MODEL_VERSION"):
        monkeypatch.delenv(name, raising=False)
    assert judge_of("mathvista_testmini") is None
    monkeypatch.setenv("OPENAI_API_KEY", "a key")
    monkeypatch.setenv("MODEL_VERSION", "a-judge")
    assert (judge_of("mathvista_testmini"), judge_of("blink")) == ("openai: a-judge", None)
    monkeypatch.setenv("API_TYPE", "dummy")
    assert judge_of("mathvista_testmini") is None


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"model_args": "pretrained=x"}, "are set by the command"),
        ({"model_args": "dtype"}, "NAME=VALUE"),
        ({"checkpoints": {"before": "a,b", "after": "c"}}, "--before 'a,b'"),
        ({"out": Path("runs/lr=1e-4,r16")}, "--out runs/lr=1e-4,r16: lmms-eval misreads , in a path"),
        ({"out": Path("o'brien/runs")}, "--out o'brien/runs: lmms-eval misreads '"),
        (
            {"checkpoints": {"before": "cmqa:mini_dataset", "after": "cmqa:mini_inst"}},
            "--after cmqa:mini_inst: no checkpoint .*mini_i",
        ),
        ({"checkpoints": {"before": "a/b/c", "after": "d"}}, "--before a/b/c: no such directory, and no hub id"),
        ({"model_args": "dtype=fp32"}, "--model-args: dtype='fp32': choose one of auto, float32, bfloat16, float16"),
        ({"model_args": "revision=main,dtyp=auto"}, "--model-args: cmqa_hf has no argument dtyp=; it takes .*revision, dtype"),
        ({"tasks": ("blink", "blink")}, "--tasks: blink is named twice; name each task once"),
        ({"tasks": ("",)}, "--tasks '': an empty name; write TASK,…"),
        ({"tasks": ("blink", "cmqa_mni")}, "--tasks cmqa_mni: no task of ours; did you mean cmqa_mini, "),
        ({"tasks": ("clqa_zz_zz__nope",)}, "--tasks clqa_zz_zz__nope: no task of ours.*; all names: docs/tasks.md"),
        ({"batch_size": 0}, "--batch-size 0: at least 1"),
        ({"limit": -1}, "--limit -1: at least 1"),
    ],
)
def test_bad_requests_are_refused(changed: Mapping[str, Any], match: str, tmp_path: Path) -> None:
    given: dict[str, Any] = {"checkpoints": {"before": "a", "after": "b"}, "out": tmp_path} | changed
    with pytest.raises(ValueError, match=match):
        Request(**given)


def test_a_directory_without_a_config_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    for name, why in (("empty", "no checkpoint: it has no config.json"), ("file", "a file, and no directory of a checkpoint")):
        with pytest.raises(ValueError, match=f"--before .*/{name}: {why}"):
            Request({"before": str(tmp_path / name), "after": "cmqa:mini_instance"}, tmp_path / "out")


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_hub_id_that_cannot_be_had_stops_before_anything_is_evaluated(
    side: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    other = {"before": "after", "after": "before"}[side]
    command = ["before-after", f"--{side}", "nope", f"--{other}", "cmqa:mini_instance", "--tasks", "cmqa_mini_single"]
    assert main([*command, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert f"--{side} nope: neither a directory nor a checkpoint of the hub that can be had" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_checkpoint_is_refused_for_the_directory_it_lies_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is passed on by its whole path."""
    (tmp_path / "a,b" / "checkpoint").mkdir(parents=True)
    (tmp_path / "a,b" / "checkpoint" / "config.json").write_text("{}")
    monkeypatch.chdir(tmp_path / "a,b")
    with pytest.raises(ValueError, match=r"--after .*/a,b/checkpoint: lmms-eval misreads ,"):
        Request({"before": "some/model", "after": "checkpoint"}, Path("out"))
