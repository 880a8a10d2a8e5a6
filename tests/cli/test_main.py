"""The command line: what short commands print, mistakes, and readers that have had enough."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import cmqa_tasks.cli
from cmqa_tasks.asking.items import items_of
from cmqa_tasks.cli.main import main
from cmqa_tasks.facts.records import arm_named
from cmqa_tasks.facts.release import load

BAD = '{"name": "bad", "seed": 1, "facts": 1, "languages": [], "page_size": [1, 1], "versions": {}}'
COMMANDS = Path(cmqa_tasks.cli.__file__).parent
ITEM = next(items_of(arm_named("image_text"), load()))


def test_policies_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policies", "--policy", "oracle", "always_conflict", "--protocols", "detect"]) == 0
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()]
    assert rows[0][:4] == ["policy", "protocol", "text_text", "image_image"]
    assert rows[2] == ["oracle", "detect", *["1.000"] * 12]
    assert rows[3] == ["always_conflict", "detect", *["0.500"] * 12]


def test_items_lists_what_show_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["items", "image_text"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(list(items_of(arm_named("image_text"), load())))
    assert lines[0].split("\t")[:2] == [ITEM.id, ITEM.relation]


def test_names_are_taken_as_tables_and_model_args_write_them(capsys: pytest.CaptureFixture[str]) -> None:
    for arm, task in (("image_text", "cmqa_image_text"), ("en_zh", "clqa_en_zh")):
        assert main(["items", arm]) == main(["items", task]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[: len(lines) // 2] == lines[len(lines) // 2 :]
    assert main(["checkpoint-path", "mini_dataset"]) == main(["checkpoint-path", "cmqa:mini_dataset"]) == 0
    assert len(set(capsys.readouterr().out.split())) == 1


@pytest.mark.parametrize("command", [["regress"], ["reference", "update"]])
def test_help_names_both_harnesses(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    assert "directory of results (--log_samples of lmms-eval or lm-eval)" in " ".join(capsys.readouterr().out.split())


def test_items_show_the_question_in_the_language_that_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"question": "多少钱？", "language": "zh", "a": "5", "b": "6", "texts": {"a": ["x", "y"], "b": ["z", "w"]}}
    (tmp_path / "own.jsonl").write_text(json.dumps(row), encoding="utf-8")
    assert main(["items", "zh_zh", "--data", str(tmp_path / "own.jsonl")]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith("\town\town\t多少钱？")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["items", "nope"], "unknown arm 'nope'"),
        (["items", "clqa_image_text"], "unknown arm 'clqa_image_text'"),
        (["show", "0000"], "'cmqa items ARM' lists the items (of other data with --data)"),
        (["checkpoint-path", "cmqa:mini"], "no checkpoint 'mini' ships with the package; there are: mini_dataset, mini_inst"),
        (["items", "text", "--data", "nope"], "no release 'nope'"),
        (["show", ITEM.id, "--protocols", "nope"], "unknown protocol 'nope'; choose one of aware, neutral"),
        (["show", ITEM.id, "--language", "fr"], "no prompts in language 'fr'; choose one of en, zh"),
        (["policies", "--language", "fr"], "no prompts in language 'fr'; choose one of en, zh"),
        (["policies", "--data", "bad"], "release.json: files: Field required"),
        (["policies", "--policy", "nope"], "unknown policy 'nope'; choose one of oracle"),
        (["build", "--seed", "-1", "--facts", "4", "--out", "x"], "--seed must be at least 0, not -1"),
        (["build", "--seed", "1", "--facts", "0", "--out", "x"], "--facts must be at least 1"),
        (["build", "--seed", "1", "--facts", "4", "--out", "x", "--workers", "0"], "--workers must be at least 1"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "release.json").write_text(BAD)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("arguments", [["items", "image_text"], ["tasks-path", "lm-eval"]], ids=["long", "short"])
def test_a_reader_that_has_had_enough_is_no_mistake(arguments: list[str]) -> None:
    """As in ``cmqa items image_text | head``: what is left is neither written nor complained of."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "cmqa_tasks.cli", *arguments], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


@pytest.mark.parametrize("harness", ["lmms-eval", "lm-eval"])
def test_tasks_path_holds_the_tasks(harness: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks-path", harness]) == 0
    assert (Path(capsys.readouterr().out.strip()) / "cmqa_crossmodal.yaml").is_file()


def test_validate_names_every_fault_and_what_can_be_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "own.jsonl"
    good = {"question": "Q?", "kind": "count", "a": "12", "b": "34", "texts": {"a": "12 came.", "b": "34 came."}}
    file.write_text("\n".join(json.dumps(good | change) for change in ({}, {"a": "twelve"}, {"c": 1})), encoding="utf-8")
    assert main(["validate", str(file)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert [line.removeprefix(f"{file}:") for line in printed.err.splitlines()] == [
        "2: a: 'twelve' is no count (digits alone: '1200')",
        "3: c: Extra inputs are not permitted, not 1",
        "2 faults",
    ]
    file.write_text(json.dumps(good), encoding="utf-8")
    assert main(["validate", str(file)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{file}: 1 facts"
    assert "  text: 2 items" in lines
    assert any(line.startswith("  text_text: cannot be asked: release 'own' has no text of fact") for line in lines)


def test_validate_prints_a_schema_that_agrees_with_the_reader(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["required"] == ["question", "a", "b"]
    assert schema["additionalProperties"] is False
    assert main(["validate", "facts.json"]) == 2
    assert "ends in .jsonl or .jsonl.gz, not facts.json" in capsys.readouterr().err


def test_help_lists_every_command_with_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    listed = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    described = {words[0] for words in listed if len(words) > 2}
    modules = {path.stem.replace("_", "-") for path in COMMANDS.glob("*.py")}
    assert modules - {"--init--", "--main--", "main", "parsers", "harnesses"} | {"lm-eval", "lmms-eval"} <= described


def test_commands_are_completed_in_a_shell(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    script = (
        capsys.readouterr().out
        + "\nCOMP_WORDS=(cmqa lead) COMP_CWORD=1; COMP_LINE='cmqa lead' _shtab_cmqa 2>/dev/null; echo ${COMPREPLY[@]}"
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["leaderboard"], done.stderr
