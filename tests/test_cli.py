from __future__ import annotations

from pathlib import Path

import pytest

from cmqa_tasks.cli import main
from cmqa_tasks.items import items
from cmqa_tasks.records import arm_named
from cmqa_tasks.release import load

ITEM = next(iter(items(arm_named("image_text"), load().facts.values(), load().name)))


def test_show_writes_the_item_as_a_model_gets_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", ITEM.id, "--out", str(tmp_path)]) == 0
    index = Path(capsys.readouterr().out.strip())
    assert index == tmp_path / ITEM.id / "index.html"
    folder = index.parent
    assert (folder / "image_1.png").is_file()
    prompt = (folder / "prompt.txt").read_text(encoding="utf-8")
    page = index.read_text(encoding="utf-8")
    assert load().facts[ITEM.fact_id].question["en"] in prompt
    assert prompt.count("<image>") == page.count("<img ") == 1


def test_show_of_a_fact_writes_all_of_its_items(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", ITEM.fact_id, "--out", str(tmp_path)]) == 0
    assert len(capsys.readouterr().out.split()) == 12


def test_show_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "0000", "--out", str(tmp_path)]) == 2
    assert "no item or fact '0000'" in capsys.readouterr().err


def test_items_lists_what_show_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["items", "image_text"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 * len(load().facts)
    assert lines[0].split("\t")[:2] == [ITEM.id, "conflict"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["items", "nope"], "unknown arm 'nope'"),
        (["items", "text", "--data", "nope"], "no release 'nope'"),
        (["build", "--seed", "1", "--facts", "0", "--out", "x"], "--facts must be at least 1"),
        (["build", "--seed", "1", "--facts", "4", "--out", "x", "--workers", "0"], "--workers must be at least 1"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1


def test_tasks_path_holds_the_tasks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks-path", "lmms-eval"]) == 0
    assert (Path(capsys.readouterr().out.strip()) / "cmqa_crossmodal.yaml").is_file()
