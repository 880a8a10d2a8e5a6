"""A checkpoint before and after: the real command line and harness on stand-ins for the benchmarks, and the parts by hand."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import standins
from commands import run_command

from cmqa_tasks.cli.main import main
from cmqa_tasks.reports.before_after.adapters import at_scales
from cmqa_tasks.reports.before_after.files import to_markdown
from cmqa_tasks.reports.before_after.runs import Request, judge_of, missing
from cmqa_tasks.reports.before_after.scores import Score, paired, unpaired
from cmqa_tasks.reports.before_after.table import table
from cmqa_tasks.results import ResultsError, latest_results, latest_samples
from cmqa_tasks.scoring.statistics.paired import mcnemar

TASKS = ("blink", "mmmu_val", "mathvista_testmini", "scienceqa_img", "cmqa_crossmodal")
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
    assert done.returncode == 1, (done.stdout + done.stderr)[-3000:]
    assert "before was not evaluated on mathvista_testmini: a language model reads its answers" in done.stderr
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
    content = json.loads((root / "out" / "before_after.json").read_text())
    return {(row["task"], row["metric"]): row for row in content["rows"]}


@pytest.mark.slow
@pytest.mark.harness
def test_one_command_makes_one_table(evaluated: Path) -> None:
    rows = _rows(evaluated)
    theirs = {("blink", "blink_acc"), ("mmmu_val", "mmmu_acc"), ("scienceqa_img", "exact_match")}
    arms = {(f"cmqa_{arm}", name) for arm in ("image_text", "text_image") for name in ("balanced", "recognition", "false_alarm")}
    contrast = ("Across modalities (aware in en)", "balanced, cross-modal")
    assert theirs | arms | {contrast, ("mathvista_testmini", "")} <= set(rows)
    attention = [key for key in rows if key[1] == "log_density_ratio"]
    assert {task for task, _ in attention} == {"blink", "mmmu_val", "scienceqa_img", "cmqa_image_text", "cmqa_text_image"}
    for key in attention:
        row = rows[key]
        assert row["low"] <= row["difference"] <= row["high"], key
        assert row["difference"] == pytest.approx(row["after"] - row["before"], abs=1e-5)
    for key in arms:
        assert 0 <= rows[key]["unparsed_before"] <= 1
        assert (rows[key]["failed_before"], rows[key]["items"] > 0, rows[key]["interval"]) == (0.0, True, "paired")
    page, lines = (evaluated / "out" / f"before_after.{end}" for end in ("md", "csv"))
    with lines.open(encoding="utf-8") as file:
        assert [row["task"] for row in csv.DictReader(file)] == [task for task, _ in rows]
    assert "Only 12 items of each task" in page.read_text()
    assert "(unparsed " in page.read_text()


@pytest.mark.slow
@pytest.mark.harness
def test_benchmarks_have_the_harness_s_own_numbers(evaluated: Path) -> None:
    rows, out = _rows(evaluated), evaluated / "out"
    for task, name in (("blink", "blink_acc"), ("mmmu_val", "mmmu_acc"), ("scienceqa_img", "exact_match")):
        for side in ("before", "after"):
            recorded = latest_results(out / side / task).results[task]
            assert rows[task, name][side] == pytest.approx(recorded[f"{name},none"], abs=1e-6)
    assert rows["blink", "blink_acc"]["interval"] == "unpaired", "its samples hold no plain numbers"


@pytest.mark.slow
@pytest.mark.harness
def test_plain_numbers_are_paired_by_item(evaluated: Path) -> None:
    """Counted from the letters alone."""
    row, (before, after) = _rows(evaluated)["scienceqa_img", "exact_match"], _letters("scienceqa_img", evaluated / "out")
    assert row["interval"] == "paired"
    assert (row["items"], row["unpaired"]) == (12, 0)
    assert (row["gained"], row["lost"]) == (int((after > before).sum()), int((after < before).sum()))
    assert row["p"] == pytest.approx(mcnemar(row["gained"], row["lost"]), abs=1e-5)


def _letters(task: str, out: Path) -> tuple[np.ndarray, np.ndarray]:
    marks = []
    for side in ("before", "after"):
        leaves = latest_results(out / side / task).group_subtasks[task] or [task]
        read = [row for leaf in sorted(leaves) for row in latest_samples(out / side / task, leaf)]
        marks.append(np.array([row["filtered_resps"] == row["target"].strip("()") for row in read], float))
    return marks[0], marks[1]


@pytest.mark.slow
@pytest.mark.harness
def test_what_is_evaluated_is_not_evaluated_again(evaluated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(evaluated)
    command = ["before-after", "--before", "before", "--after", "after", "--out", "out", *OPTIONS]
    (evaluated / "out" / "before_after.md").unlink()
    logs = [evaluated / "out" / side / "log.txt" for side in ("before", "after")]
    times = [log.stat().st_mtime_ns for log in logs]
    assert main(command) == 1, "the task without a judge is tried again"
    assert [log.stat().st_mtime_ns for log in logs] == times
    assert (evaluated / "out" / "before_after.md").is_file()


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.harness
def test_a_stopped_run_goes_on_with_what_is_missing(evaluated: Path) -> None:
    shutil.copytree(evaluated / "out", evaluated / "stopped")
    request = _request(evaluated, "stopped")
    assert missing(request) == {"before": ["mathvista_testmini"], "after": ["mathvista_testmini"]}
    (cut,) = (evaluated / "stopped" / "after").rglob("*_samples_blink_jigsaw.jsonl")
    cut.write_bytes(cut.read_bytes()[:-200])
    shutil.rmtree(evaluated / "stopped" / "before" / "mmmu_val")
    (results,) = (evaluated / "stopped" / "before" / "scienceqa_img").rglob("*_results.json")
    results.unlink()
    assert missing(request) == {
        "before": ["mmmu_val", "mathvista_testmini", "scienceqa_img"],
        "after": ["blink", "mathvista_testmini"],
    }
    (evaluated / "stopped" / "after" / "scienceqa_img" / "arguments.json").unlink()
    with pytest.raises(ResultsError, match="not made by this command"):
        missing(request)


@pytest.mark.slow
@pytest.mark.harness
def test_a_failed_task_is_a_row_that_says_why(evaluated: Path) -> None:
    request = _request(evaluated)
    rows = table(request, {("after", "mmmu_val"): "ConnectionError: no hub"})
    (failed,) = (row for row in rows if row.task == "mmmu_val" and row.notes)
    assert failed.notes == ("after was not evaluated: ConnectionError: no hub",)
    assert "* mmmu_val: after was not evaluated: ConnectionError: no hub." in to_markdown(rows, request)
    assert any(row.metric == "blink_acc" for row in rows)


@pytest.mark.slow
@pytest.mark.harness
def test_other_questions_are_not_paired(evaluated: Path) -> None:
    shutil.copytree(evaluated / "out", evaluated / "other")
    (path,) = (evaluated / "other" / "after").rglob("*_samples_scienceqa_img.jsonl")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[0]["input"] = "Another question."
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (row,) = (row for row in table(_request(evaluated, "other"), {}) if row.metric == "exact_match")
    assert row.changes["after"].way == "unpaired"
    assert row.notes == ("the checkpoints were not asked the same questions: data or prompts differ",)


@pytest.mark.slow
@pytest.mark.harness
def test_any_number_of_checkpoints_are_compared_with_the_first(evaluated: Path) -> None:
    shutil.copytree(evaluated / "out", evaluated / "three")
    shutil.copytree(evaluated / "out" / "before", evaluated / "three" / "again")
    checkpoints = {"before": str(evaluated / "before"), "after": str(evaluated / "after"), "again": str(evaluated / "before")}
    request = Request(checkpoints, evaluated / "three", TASKS, gen_kwargs="max_new_tokens=1", batch_size=64, limit=12)
    assert missing(request)["again"] == ["mathvista_testmini"]
    rows = table(request, dict.fromkeys(((name, "mathvista_testmini") for name in checkpoints), "no judge"))
    (row,) = (row for row in rows if (row.task, row.metric) == ("cmqa_image_text", "recognition"))
    assert list(row.scores) == ["before", "after", "again"]
    assert row.changes["again"].difference.value == 0
    text = to_markdown(rows, request)
    assert text.startswith("# 3 checkpoints")
    (header,) = (line for line in text.splitlines() if line.startswith("| task") and "again" in line)
    assert [cell.strip() for cell in header.strip("|").split("|")] == ["task", "metric", "before", "after", "again"]


def test_items_are_paired() -> None:
    change = paired({"1": 0.0, "2": 1.0, "3": 1.0}, {"5": 0.0, "2": 0.0, "1": 1.0}, {})
    assert change is not None
    assert (change.items, change.unpaired, change.gained, change.lost, change.difference.value) == (2, 2, 1, 1, 0.0)
    assert paired({"1": 0.0}, {"2": 0.0}, {}) is None


def test_independent_items_get_mcnemars_test_and_items_of_one_fact_do_not() -> None:
    before, after = ({str(n): float(right(n)) for n in range(9)} for right in (lambda n: False, lambda n: n < 7))
    change, clustered = (paired(before, after, facts) for facts in ({}, {str(n): str(n // 2) for n in range(9)}))
    assert change is not None
    assert clustered is not None
    assert (change.gained, change.lost, change.p) == (7, 0, mcnemar(7, 0))
    assert clustered.p != clustered.p, "NaN"


def test_intervals_are_paired() -> None:
    """Two runs that differ on few items have a narrow interval, however hard the items are."""
    hard = np.random.default_rng(0).integers(2, size=400).astype(float)
    before = {str(number): value for number, value in enumerate(hard)}
    after = {str(number): 1.0 - value if number < 8 else value for number, value in enumerate(hard)}
    change = paired(before, after, {})
    assert change is not None
    assert change.difference.high - change.difference.low < 0.04


def test_what_is_not_paired_has_the_interval_of_independent_scores() -> None:
    change = unpaired(Score(0.5, 0.03), Score(0.6, 0.04))
    assert change.difference.value == pytest.approx(0.1)
    assert change.difference.high - change.difference.value == pytest.approx(1.96 * 0.05, abs=1e-4)
    without = unpaired(Score(0.5), Score(0.6)).difference
    assert (without.value, without.low != without.low) == (pytest.approx(0.1), True), "no interval"


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
        ({"checkpoints": {"a": "b"}}, r"one checkpoint \(a\) has nothing to be compared with"),
        ({"checkpoints": {"a": "b", "../c": "d"}}, r"--checkpoint ../c=…: a name has letters"),
        ({"checkpoints": {"a": "b", "c": "d,e"}}, "--checkpoint c= 'd,e'"),
        ({"batch_size": 0}, "--batch-size 0: at least 1"),
        ({"limit": -1}, "--limit -1: at least 1"),
    ],
)
def test_bad_requests_are_refused(changed: Mapping[str, Any], match: str, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"checkpoints": {"before": "a", "after": "b"}, "out": tmp_path} | changed
    with pytest.raises(ValueError, match=match):
        Request(**settings)


def test_a_directory_without_a_config_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    for name, why in (("empty", "no checkpoint: it has no config.json"), ("file", "a file, and no directory of a checkpoint")):
        with pytest.raises(ValueError, match=f"--before .*/{name}: {why}"):
            Request({"before": str(tmp_path / name), "after": "cmqa:mini_instance"}, tmp_path / "out")


@pytest.mark.slow
@pytest.mark.parametrize("side", ["before", "after"])
def test_a_hub_id_that_cannot_be_had_stops_before_anything_is_evaluated(
    side: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    other = {"before": "after", "after": "before"}[side]
    command = ["before-after", f"--{side}", "nope", f"--{other}", "cmqa:mini_instance", "--tasks", "cmqa_mini_single"]
    assert main([*command, "--out", str(tmp_path / "out")]) == 2
    message = capsys.readouterr().err
    assert f"--{side} nope: neither a directory nor a checkpoint of the hub that can be had" in message
    assert message.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_checkpoint_is_refused_for_the_directory_it_lies_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is passed on by its whole path."""
    (tmp_path / "a,b" / "checkpoint").mkdir(parents=True)
    (tmp_path / "a,b" / "checkpoint" / "config.json").write_text("{}")
    monkeypatch.chdir(tmp_path / "a,b")
    with pytest.raises(ValueError, match=r"--after .*/a,b/checkpoint: lmms-eval misreads ,"):
        Request({"before": "some/model", "after": "checkpoint"}, Path("out"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--before", "a"], "--after missing"),
        (["--before", "a", "--after", "b", "--checkpoint", "c=d"], "not both"),
        (["--checkpoint", "a", "--checkpoint", "b=c"], "--checkpoint a: write NAME=CHECKPOINT"),
        (["--checkpoint", "a=b", "--checkpoint", "a=c"], "--checkpoint a=c: a is named twice"),
    ],
)
def test_checkpoints_are_named_in_one_way(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["before-after", *arguments, "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--adapter-scale", "-1"], "--adapter-scale -1: must be 0 or more"),
        (["--adapter-scale", "0.5", "0.5"], "--adapter-scale: 0.5 is given twice"),
        (["--adapter-scale", "0.5"], "--adapter-scale: none of cmqa:mini_dataset, cmqa:mini_instance is an adapter"),
    ],
)
def test_a_sweep_needs_an_adapter_and_scales(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoints = ["--before", "cmqa:mini_dataset", "--after", "cmqa:mini_instance"]
    assert main(["before-after", *checkpoints, *arguments, "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err


def test_an_adapter_alone_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "adapter_config.json").write_text("{}")
    with pytest.raises(ValueError, match="an adapter without its model: give --adapter-scale 1"):
        Request({"before": "cmqa:mini_dataset", "after": str(tmp_path / "adapter")}, tmp_path / "out")


def test_a_sweep_has_a_column_for_each_scale(tmp_path: Path, tiny_checkpoint: Callable[[str], Path]) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForImageTextToText, AutoProcessor

    base, adapter = tiny_checkpoint("llava"), tmp_path / "adapter"
    get_peft_model(AutoModelForImageTextToText.from_pretrained(base), LoraConfig(r=2, target_modules=["q_proj"])).save_pretrained(
        adapter
    )
    AutoProcessor.from_pretrained(base).save_pretrained(adapter)
    checkpoints = {"untouched": str(base), "mixed": str(adapter)}
    swept = at_scales(checkpoints, [0.5, 1.0], tmp_path / "out")
    assert list(swept) == ["untouched", "mixed@0.5", "mixed@1"]
    times = [Path(swept[name], "config.json").stat().st_mtime_ns for name in ("mixed@0.5", "mixed@1")]
    assert at_scales(checkpoints, [0.5, 1.0], tmp_path / "out") == swept
    assert [Path(swept[name], "config.json").stat().st_mtime_ns for name in ("mixed@0.5", "mixed@1")] == times, "not merged again"
    Request(swept, tmp_path / "out", tasks=("cmqa_crossmodal",))
