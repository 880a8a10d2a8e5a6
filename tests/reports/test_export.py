"""``cmqa export``: the files that Every Eval Ever and the Hub take."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from made_runs import Run, always

from cmqa_tasks.cli.main import main

ARMS = ("text_text", "image_text", "text")
LAB = ("--to", "every-eval-ever", "--organization", "Lab", "--relationship", "third_party")


def behaviour(fact: int, relation: str) -> str:
    """Half of the conflicts are recognised, the fourth part of the requests failed, all else is right."""
    if fact % 4 == 3:
        return "failed"
    return ("conflict" if fact % 2 else "second") if relation == "conflict" else "correct"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return Run(behaviour, model="org/model", arms=ARMS, facts=16).write(tmp_path / "runs")


def exported(out: Path) -> dict[str, tuple[dict[str, Any], list[dict[str, Any]]]]:
    """By task: the aggregate record, and the lines of its items."""
    records = {}
    for path in sorted((out / "data/cmqa-tasks/org/model").glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        lines = (out / record["detailed_evaluation_results"]["file_path"]).read_text(encoding="utf-8").splitlines()
        records[record["evaluation_results"][0]["evaluation_name"]] = record, [json.loads(line) for line in lines]
    return records


def test_every_eval_ever_gets_each_metric_with_its_interval_and_each_item(run: Path, tmp_path: Path) -> None:
    assert main(["export", str(run), *LAB, "--out", str(tmp_path / "out")]) == 0
    records = exported(tmp_path / "out")
    assert set(records) == {"cmqa_text_text", "cmqa_image_text", "cmqa_text"}
    record, lines = records["cmqa_image_text"]
    metrics = {result["evaluation_result_id"]: result for result in record["evaluation_results"]}
    scores = {name: result["score_details"]["score"] for name, result in metrics.items()}
    assert scores["recognition"] == pytest.approx(4 / 12)
    assert scores["balanced"] == pytest.approx((4 / 12 + 1) / 2)
    assert scores["failed"] == pytest.approx(0.25)
    assert (metrics["false_alarm"]["metric_config"]["lower_is_better"], scores["false_alarm"]) == (True, 0.0)
    uncertainty = metrics["balanced"]["score_details"]["uncertainty"]
    assert uncertainty["confidence_interval"]["lower"] < scores["balanced"] < uncertainty["confidence_interval"]["upper"]
    assert uncertainty["num_samples"] == 24
    assert [line["evaluation"]["score"] for line in lines[:4]] == [0.0, 1.0, 1.0, 1.0]
    assert sum(line["error"] is not None for line in lines) == 8
    assert {line["evaluation_id"] for line in lines} == {record["evaluation_id"]}
    assert lines[0]["output"] == {"raw": ["I say second."]}
    assert lines[0]["metadata"]["outcome"] == "second"


def test_its_own_validator_takes_them(run: Path, tmp_path: Path) -> None:
    """Where it is installed: it needs Python 3.12 and more packages than all else here."""
    pytest.importorskip("every_eval_ever")
    assert main(["export", str(run), *LAB, "--out", str(tmp_path / "out")]) == 0
    command = [sys.executable, "-m", "every_eval_ever", "validate", "--format", "json", "data/*/*/*/*"]
    done = subprocess.run(command, cwd=tmp_path / "out", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_hub_gets_the_headline_of_each_task(run: Path, tmp_path: Path) -> None:
    url = "https://example.org/board"
    assert main(["export", str(run), "--to", "hub", "--dataset", "org/cmqa", "--url", url, "--out", str(tmp_path / "out")]) == 0
    entries = yaml.safe_load((tmp_path / "out/org__model/.eval_results/cmqa.yaml").read_text(encoding="utf-8"))
    by_task = {entry["dataset"]["task_id"]: entry for entry in entries}
    assert by_task["cmqa_image_text"]["value"] == pytest.approx(0.666667)
    assert by_task["cmqa_text"]["notes"].startswith("read_correct: ")
    assert by_task["cmqa_text"]["source"] == {"url": url, "name": "cmqa-tasks"}
    assert "24 items; protocol aware in en, release made (aaaaaaaa), task version 2.0" in by_task["cmqa_text_text"]["notes"]


def test_a_task_without_any_answer_has_no_headline(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run = Run(lambda *_: "failed", arms=("image_text",), facts=4).write(tmp_path / "runs")
    assert main(["export", str(run), "--to", "hub", "--dataset", "org/cmqa", "--out", str(tmp_path / "out")]) == 0
    assert "no item of cmqa_image_text counts for balanced" in caplog.text
    assert main(["export", str(run), *LAB, "--out", str(tmp_path / "eee")]) == 0
    record, lines = exported(tmp_path / "eee")["cmqa_image_text"]
    assert [result["evaluation_result_id"] for result in record["evaluation_results"]] == ["failed"]
    assert all(line["error"] for line in lines)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--to", "every-eval-ever"), "--to every-eval-ever needs --organization and --relationship"),
        (("--to", "hub"), "--to hub needs --dataset"),
    ],
)
def test_what_a_form_needs_is_asked_for(
    arguments: tuple[str, ...], message: str, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(run), *arguments, "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_name_without_its_makers_needs_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(always(True), model="model", arms=ARMS, facts=4).write(tmp_path / "runs")
    assert main(["export", str(run), *LAB, "--out", str(tmp_path / "out")]) == 2
    assert "'model' says no developer, as org/model does: name one (--developer)" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main(["export", str(run), *LAB, "--developer", "org", "--out", str(tmp_path / "out")]) == 0
    assert len(exported(tmp_path / "out")) == len(ARMS)
    assert main(["export", f"a:b/c={run}", *LAB, "--out", str(tmp_path / "more")]) == 2
    assert "'a:b/c' cannot be a path everywhere: name the run" in capsys.readouterr().err
    assert main(["export", str(run), *LAB, "--out", str(tmp_path / "out")]) == 2
    assert "exists; choose another directory or delete it" in capsys.readouterr().err
