"""Leaderboard, comparison and gate end to end: reference policies through the real command lines of both harnesses."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import run_command

from cmqa_tasks.asking.items import items_of
from cmqa_tasks.cli.main import main
from cmqa_tasks.facts.records import ARMS
from cmqa_tasks.facts.release import load
from cmqa_tasks.harness.catalogue import task_name
from cmqa_tasks.harness.task_files import tasks_dir
from cmqa_tasks.results import latest_results
from cmqa_tasks.scoring.policies import decision_of
from cmqa_tasks.scoring.policy_rates import policy_rates

TASK_VERSION = str(yaml.safe_load((tasks_dir("lmms_eval") / "_collection").read_text(encoding="utf-8"))["metadata"]["version"])
pytestmark = pytest.mark.harness
POLICIES = ("oracle", "follow_image", "random")
LIMIT = 128
ORACLE, FOLLOW, RANDOM = (f"cmqa_reference(policy={name})" for name in POLICIES)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three policies on CMQA, one with single pieces, one under a second protocol, by one command line of lmms-eval."""
    root = tmp_path_factory.mktemp("runs")
    common = {"model": "cmqa_reference", "log_samples": True, "limit": LIMIT}
    tasks_of = {
        "oracle": "cmqa",
        "follow_image": "cmqa_unimodal,cmqa_crossmodal",
        "random": "cmqa_unimodal,cmqa_crossmodal,cmqa_crossmodal__neutral",
    }
    configs = [
        common | {"model_args": f"policy={name}", "tasks": tasks_of[name], "output_path": str(root / name)} for name in POLICIES
    ]
    (root / "runs.yaml").write_text(yaml.safe_dump(configs))
    done = run_command("-m", "lmms_eval", "--config", root / "runs.yaml", cwd=root)
    assert "Traceback" not in done.stderr + done.stdout, (done.stdout + done.stderr)[-3000:]
    return root


@pytest.fixture(scope="module")
def boards(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    out = tmp_path_factory.mktemp("leaderboard")
    assert main(["leaderboard", *(str(runs / name) for name in POLICIES), "--out", str(out)]) == 0
    content: list[dict[str, Any]] = json.loads((out / "leaderboard.json").read_text(encoding="utf-8"))["boards"]
    return content


def rows(board: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["model"]: row for row in board["rows"]}


def test_policies_have_their_known_rows(boards: list[dict[str, Any]]) -> None:
    assert [(board["contrast"], board["rows"][0]["protocol"]) for board in boards] == [("cmqa", "aware"), ("cmqa", "neutral")]
    row_of = rows(boards[0])
    assert {row["rank"] for row in row_of.values()} == {None}, "a limited run is not ranked"
    for name, value in (("across_balanced", 1.0), ("gap", 0.0), ("across_recognition_given_readable", 1.0), ("readable", 1.0)):
        assert row_of[ORACLE][name] == value, name
    assert row_of[ORACLE]["preference"] is None
    for name, value in (("across_balanced", 0.5), ("gap", 0.0), ("across_recognition", 0.0), ("preference", 1.0)):
        assert row_of[FOLLOW][name] == value
    assert row_of[FOLLOW]["prefers_first"] == 0.5
    assert row_of[FOLLOW]["across_recognition_given_readable"] is None, "its single pieces were not evaluated"
    assert row_of[RANDOM]["gap_low"] < 0 < row_of[RANDOM]["gap_high"]
    assert row_of[RANDOM]["protocols"] == 2


def test_rates_are_the_harness_own(runs: Path, boards: list[dict[str, Any]]) -> None:
    for name, model in zip(POLICIES, (ORACLE, FOLLOW, RANDOM), strict=True):
        results = latest_results(runs / name)
        for arm, values in rows(boards[0])[model]["arms"].items():
            for rate in ("balanced", "recognition", "false_alarm"):
                assert values[rate]["value"] == pytest.approx(results.metric(task_name(ARMS[arm]), rate), abs=1e-6)
                assert values[rate]["low"] <= values[rate]["value"] <= values[rate]["high"]
    for arm in ("text_text", "image_text"):
        expected = policy_rates(decision_of("random"), ARMS[arm], "aware", "en", load(), LIMIT)
        assert rows(boards[0])[RANDOM]["arms"][arm]["balanced"]["value"] == pytest.approx(expected["balanced"], abs=1e-6)


def test_rows_are_stamped(boards: list[dict[str, Any]]) -> None:
    from importlib.metadata import version

    import cmqa_tasks

    row = rows(boards[0])[ORACLE]
    assert (row["release"], row["release_sha256"], row["task_version"]) == (load().name, load().fingerprint, TASK_VERSION)
    assert (row["harness"], row["package"]) == (f"lmms-eval {version('lmms-eval')}", cmqa_tasks.__version__)
    assert (row["dtype"], row["attn_implementation"]) == ("unknown", "unknown"), "a policy has neither"
    assert row["items"] == 4 * LIMIT


def test_the_gate_and_the_comparison(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reference = tmp_path / "oracle.reference.jsonl"
    assert main(["reference", "update", str(runs / "follow_image"), "--out", str(reference), "--reason", "first"]) == 0
    gate = ["regress", "--reference", str(reference), "--candidate"]
    assert main([*gate, str(runs / "follow_image")]) == 0
    assert main([*gate, str(runs / "random")]) == 1
    assert main([*gate, str(runs / "oracle"), "--mode", "paired"]) == 0, "it improved"
    assert main(["regress", "--reference", str(runs / "oracle"), "--candidate", str(runs / "random")]) == 1
    capsys.readouterr()
    assert main(["compare", str(runs / "follow_image"), str(runs / "oracle")]) == 0
    text = capsys.readouterr().out
    assert f"{2 * LIMIT} items flipped: {2 * LIMIT} to the better, 0 to the worse" in text
    assert "the balanced score is 50.0 points higher in oracle than in follow_image" in text


def test_lm_eval_gives_the_same_numbers(runs: Path, tmp_path: Path) -> None:
    """The same policy on the same arms; and options by log-likelihood stand apart from generated ones."""
    names = "clqa_crosslingual,clqa_en_zh__choice,clqa_en_zh__choice_loglikelihood"
    arguments = ("--model", "cmqa_reference", "--model_args", "policy=random", "--tasks", names, "--limit", "40")
    done = run_command(
        "-m", "cmqa_tasks.cli", "lm-eval", "run", *arguments, "--output_path", tmp_path / "lm", "--log_samples", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert main(["leaderboard", str(tmp_path / "lm"), "--out", str(tmp_path / "out")]) == 0
    boards = json.loads((tmp_path / "out" / "leaderboard.json").read_text(encoding="utf-8"))["boards"]
    assert [(board["rows"][0]["protocol"], board["rows"][0]["by"]) for board in boards] == [
        ("aware", "generation"),
        ("choice", "generation"),
        ("choice", "loglikelihood"),
    ]
    (row,) = boards[0]["rows"]
    results = json.loads(next((tmp_path / "lm").rglob("results_*.json")).read_text(encoding="utf-8"))["results"]
    assert row["across_balanced"] == pytest.approx(results["clqa_crosslingual"]["balanced,none"], abs=1e-6)
    assert row["rank"] is None
    items = len(list(items_of(ARMS["en_zh"], load())))
    assert row["notes"] == [f"40 of {items} items (limit) in every arm", "not evaluated: en_en, zh_zh"]
    assert not math.isnan(row["across_balanced_low"])
    assert row["harness"].startswith("lm-eval 0.4")
