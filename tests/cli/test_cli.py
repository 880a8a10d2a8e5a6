from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cmqa_tasks.asking.items import items
from cmqa_tasks.asking.protocols import PROTOCOLS
from cmqa_tasks.cli.main import main
from cmqa_tasks.facts.records import ARMS, arm_named
from cmqa_tasks.facts.release import Release, load
from cmqa_tasks.reports.show import find, write

OWN = ("text_text", "image_image", "image_text", "text_image", "text", "image", "en_en", "en")
"""The arms that English texts and images are enough for."""
BAD = '{"name": "bad", "seed": 1, "facts": 1, "languages": [], "page_size": [1, 1], "versions": {}}'
ITEM = next(iter(items(arm_named("image_text"), load().facts.values(), load().name)))


def test_show_writes_the_item_as_a_model_gets_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", ITEM.id, "--out", str(tmp_path)]) == 0
    index = Path(capsys.readouterr().out.strip())
    assert index == tmp_path / ITEM.id / "index.html"
    folder = index.parent
    assert (folder / "image_1.png").is_file()
    prompt = (folder / "aware.en.txt").read_text(encoding="utf-8")
    page = index.read_text(encoding="utf-8")
    assert load().facts[ITEM.fact_id].question["en"] in prompt
    assert prompt.count("<image>") == page.count("<img ") == 1


def test_show_of_a_fact_writes_all_of_its_items(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", ITEM.fact_id, "--out", str(tmp_path)]) == 0
    assert len(capsys.readouterr().out.split()) == 2 * len(ARMS)


def test_show_of_a_users_own_data_shows_the_arms_that_it_can_fill(own_release: Release, tmp_path: Path) -> None:
    fact = next(iter(own_release.facts))
    assert {item.arm for item in find(own_release, fact)} == {name for name in ARMS if name in OWN}


def test_show_puts_all_protocols_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", ITEM.id, "--protocols", "all", "--language", "zh", "--out", str(tmp_path)]) == 0
    index = Path(capsys.readouterr().out.strip())
    page = index.read_text(encoding="utf-8")
    assert {path.name for path in index.parent.glob("*.txt")} == {f"{protocol}.zh.txt" for protocol in PROTOCOLS}
    assert page.count("<section>") == page.count("<img ") == len(PROTOCOLS)
    for protocol in PROTOCOLS:
        assert f"<h2>{protocol}</h2>" in page
    assert load().facts[ITEM.fact_id].question["zh"] in page


@pytest.mark.browser
def test_show_fits_into_a_browser_window(browser: str, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    index = write(ITEM, load(), tmp_path, tuple(PROTOCOLS))
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        errors: list[str] = []
        page.on("console", lambda message: errors.append(message.text))
        page.goto(index.as_uri())
        images = page.evaluate("[...document.images].every(one => one.complete && one.naturalWidth == 640)")
        wide = page.evaluate("document.documentElement.scrollWidth")
        chromium.close()
    assert images
    assert wide <= 1280, "the prompts must scroll in their own row, not the page"
    assert errors == []


def test_policies_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policies", "--policy", "oracle", "always_conflict", "--protocols", "detect"]) == 0
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()]
    assert rows[0][:4] == ["policy", "protocol", "text_text", "image_image"]
    assert rows[2] == ["oracle", "detect", *["1.000"] * 12]
    assert rows[3] == ["always_conflict", "detect", *["0.500"] * 12]


def test_show_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "0000", "--out", str(tmp_path)]) == 2
    assert "no item or fact '0000'" in capsys.readouterr().err


def test_items_lists_what_show_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["items", "image_text"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 * len(load().facts)
    assert lines[0].split("\t")[:2] == [ITEM.id, "conflict"]


def test_own_facts_are_looked_at_as_tasks_take_them(own_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(own_file)]
    assert main(["items", "text_text", *data]) == 0
    identity, *_, question = capsys.readouterr().out.splitlines()[0].split("\t")
    assert question == "What is the total of receipt 0?"
    assert main(["show", identity, *data, "--out", str(tmp_path)]) == 0
    assert question in (tmp_path / identity / "aware.en.txt").read_text(encoding="utf-8")
    capsys.readouterr()
    assert main(["policies", "--policy", "oracle", *data]) == 0
    header, _, row = capsys.readouterr().out.splitlines()
    pairs = [name for name in OWN if not ARMS[name].single]
    assert [cell.strip() for cell in header.split("|")[3:-1]] == pairs, "the arms that it has evidence for"
    assert row.count("1.000") == len(pairs)


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
