"""``cmqa score``: answers made elsewhere become a run that every reader takes, or an error that says where."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import cmqa_tasks
from cmqa_tasks import ARMS, Release, policy, questions_of, read_runs
from cmqa_tasks.cli.main import main

PAIRS = ("text_text", "image_image", "image_text", "text_image")


def answers(release: Release, name: str, *arms: str, protocol: str = "aware") -> list[dict[str, Any]]:
    """What a reference policy says, as its own loop would write it down."""
    answer = policy(name)
    return [
        {"id": question.item.id, "response": answer(question), "seconds": 0.1}
        for arm in arms
        for question in questions_of(ARMS[arm], release, protocol)
    ]


def written(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def score(file: Path, out: Path, data: Path, *arms: str, model: str = "agent", more: tuple[str, ...] = ()) -> int:
    return main(["score", str(file), "--arm", *arms, "--data", str(data), "--model", model, "--out", str(out), *more])


@pytest.fixture
def runs(own_file: Path, own_release: Release, tmp_path: Path) -> Mapping[str, Path]:
    """Two scored runs on a user's own facts: one of a model that is right, one of a model that follows the image."""
    directories = {}
    for name in ("oracle", "follow_image"):
        file = written(tmp_path / f"{name}.jsonl", answers(own_release, name, *PAIRS))
        directories[name] = tmp_path / "runs" / name
        assert score(file, directories[name], own_file, *PAIRS, model=name) == 0
    return directories


def test_its_table_has_every_metric(
    own_file: Path, own_release: Release, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path / "answers.jsonl", answers(own_release, "follow_image", "image_text", "text"))
    assert score(file, tmp_path / "out", own_file, "cmqa_image_text", "text") == 0
    table = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()]
    cells = {row[0]: dict(zip(table[0], row, strict=True)) for row in table}
    pair, single = cells["receipts_image_text"], cells["receipts_text"]
    assert (pair["answered"], pair["balanced"], pair["prefers_image"], pair["read_correct"]) == ("8/8", "0.500", "1.000", "")
    assert (single["answered"], single["read_correct"], single["balanced"]) == ("8/8", "1.000", "")


def test_a_run_says_that_no_harness_made_it(runs: Mapping[str, Path], own_release: Release) -> None:
    (run,) = read_runs([runs["oracle"]])
    assert (run.name, run.subject.harness) == ("oracle", f"cmqa score {cmqa_tasks.__version__}")
    assert run.setting.release_sha256 == own_release.fingerprint
    (results,) = runs["oracle"].glob("*_results.json")
    assert json.loads(results.read_text(encoding="utf-8"))["answers"]["file"] == "oracle.jsonl"


def test_leaderboard_compare_and_report_read_it(
    runs: Mapping[str, Path], own_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["leaderboard", *map(str, runs.values()), "--out", str(tmp_path / "board"), "--no-figures"]) == 0
    with (tmp_path / "board" / "leaderboard.csv").open(encoding="utf-8") as file:
        rows = {row["model"]: row for row in csv.DictReader(file)}
    assert float(rows["oracle"]["across_balanced"]) == 1.0
    assert float(rows["follow_image"]["across_balanced"]) == 0.5
    assert {row["harness"] for row in rows.values()} == {f"cmqa score {cmqa_tasks.__version__}"}
    capsys.readouterr()
    assert main(["compare", str(runs["follow_image"]), str(runs["oracle"])]) == 0
    assert "follow_image: `follow_image`  \noracle: `oracle`" in capsys.readouterr().out
    page = tmp_path / "page.html"
    assert main(["report", *map(str, runs.values()), "--data", str(own_file), "--out", str(page)]) == 0
    assert "follow_image" in page.read_text(encoding="utf-8")


def test_the_gate_takes_it_as_reference_and_as_candidate(
    own_file: Path, own_release: Release, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for version, name in (("was", "oracle"), ("is", "follow_image")):
        file = written(tmp_path / f"{version}.jsonl", answers(own_release, name, *PAIRS))
        assert score(file, tmp_path / version, own_file, *PAIRS) == 0
    reference = tmp_path / "reference.jsonl"
    assert main(["reference", "update", str(tmp_path / "was"), "--out", str(reference), "--reason", "first"]) == 0
    assert main(["regress", "--reference", str(reference), "--candidate", str(tmp_path / "was")]) == 0
    capsys.readouterr()
    assert main(["regress", "--reference", str(reference), "--candidate", str(tmp_path / "is")]) == 1
    assert "16 " in capsys.readouterr().out, "every conflict was recognised and is no longer"


def test_part_of_the_answers_is_a_limited_run(
    own_file: Path, own_release: Release, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = answers(own_release, "oracle", "image_text")
    file = written(tmp_path / "answers.jsonl", rows[:5])
    assert score(file, tmp_path / "out", own_file, "image_text") == 2
    assert f"3 of the 8 items of receipts_image_text have no answer: {rows[5]['id']}, " in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert score(file, tmp_path / "out", own_file, "image_text", more=("--partial",)) == 0
    (run,) = read_runs([tmp_path / "out"])
    stamp = run.parts["image_text"].stamp
    assert (stamp.limited, stamp.original, stamp.effective) == (True, 8, 5)


def test_a_response_that_is_null_is_a_request_that_failed(own_file: Path, own_release: Release, tmp_path: Path) -> None:
    first, *others = answers(own_release, "oracle", "image_text")
    file = written(tmp_path / "answers.jsonl", [first | {"response": None}, *others])
    assert score(file, tmp_path / "out", own_file, "image_text") == 0
    (run,) = read_runs([tmp_path / "out"])
    outcomes = run.parts["image_text"].items["outcome"].to_pylist()
    assert (outcomes[0], outcomes.count("failed")) == ("failed", 1)


def test_runs_of_one_second_stand_beside_each_other(own_file: Path, own_release: Release, tmp_path: Path) -> None:
    for arm in PAIRS:
        file = written(tmp_path / f"{arm}.jsonl", answers(own_release, "oracle", arm))
        assert score(file, tmp_path / "out", own_file, arm) == 0
    (run,) = read_runs([tmp_path / "out"])
    assert set(run.parts) == set(PAIRS)


def test_the_protocol_decides_how_answers_are_read(own_file: Path, own_release: Release, tmp_path: Path) -> None:
    file = written(tmp_path / "answers.jsonl", answers(own_release, "oracle", "image_text", protocol="choice"))
    assert score(file, tmp_path / "out", own_file, "image_text", more=("--protocol", "choice")) == 0
    (run,) = read_runs([tmp_path / "out"])
    assert run.setting.protocol == "choice"
    assert set(run.parts["image_text"].items["outcome"].to_pylist()) == {"conflict", "correct"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id": "a"', ":2: no JSON: "),
        (b'{"id": "\xff"}', ":2: invalid UTF-8 byte 0xff; save the file as UTF-8"),
        ("[1]", ":2: list '[1]' instead of an object with 'id' and 'response'"),
        ('{"response": "x"}', ":2: no 'id' among 'response'"),
        ('{"id": "a", "answer": "x"}', ":2: no 'response' among 'id', 'answer'"),
        ('{"id": 7, "response": "x"}', ":2: id: int '7' instead of a text"),
        ('{"id": null, "response": "x"}', ":2: id: null instead of a text"),
        ('{"id": "a", "response": ["x"]}', ":2: response: list"),
        ('{"id": "nobody", "response": "x"}', ":2: id: release 'receipts' has no item 'nobody'; 'cmqa items ARM' lists"),
        ("first", ":2: id: {first!r} stands on line 1 already"),
        ("other arm", ":2: id: {other!r} is an item of arm text, not of receipts_image_text; name that arm as well"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_written(
    line: str | bytes, message: str, own_file: Path, own_release: Release, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = answers(own_release, "oracle", "image_text")[0]
    other = answers(own_release, "oracle", "text")[0]
    bad = {"first": json.dumps(first), "other arm": json.dumps(other)}.get(str(line), line)
    file = tmp_path / "answers.jsonl"
    file.write_bytes(json.dumps(first).encode() + b"\n" + (bad if isinstance(bad, bytes) else bad.encode()) + b"\n")
    assert score(file, tmp_path / "out", own_file, "image_text") == 2
    complaint = capsys.readouterr().err
    assert f"{file}{message.format(first=first['id'], other=other['id'])}" in complaint
    assert complaint.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arms": ("nope",)}, "unknown arm 'nope'; choose one of text_text"),
        ({"more": ("--protocol", "nope")}, "unknown protocol 'nope'; choose one of aware"),
        ({"more": ("--language", "xx")}, "no prompts in language 'xx'"),
        ({"more": ("--model-args", "temperature=0,greedy")}, "'greedy' is not of the form key=value"),
        ({"more": ("--model-args", "pretrained=x")}, "'pretrained=x' is not of the form key=value, or names another model"),
        ({"model": "a,b"}, "model 'a,b': a name without commas is wanted"),
        ({"arms": ("image_text", "text_image")}, "no answer to any of the 8 items of receipts_text_image"),
    ],
)
def test_a_wrong_argument_is_named(
    change: dict[str, Any], message: str, own_file: Path, own_release: Release, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path / "answers.jsonl", answers(own_release, "oracle", "image_text"))
    arms = change.pop("arms", ("image_text",))
    assert score(file, tmp_path / "out", own_file, *arms, **change) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_empty_file_has_no_answers(own_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert score(written(tmp_path / "answers.jsonl", []), tmp_path / "out", own_file, "text") == 2
    assert "no answers in this file" in capsys.readouterr().err
