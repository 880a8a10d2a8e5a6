"""``cmqa show``: an item as a model gets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cmqa_tasks.asking.items import items_of
from cmqa_tasks.asking.protocols import PROTOCOLS
from cmqa_tasks.cli.main import main
from cmqa_tasks.facts.records import ARMS, arm_named
from cmqa_tasks.facts.release import Release, load
from cmqa_tasks.reports.show import find, write

OWN = ("text_text", "image_image", "image_text", "text_image", "text", "image", "en_en", "en")
"""The arms that English texts and images are enough for."""
ITEM = next(items_of(arm_named("image_text"), load()))


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
    fact = load().facts[ITEM.fact_id]
    assert len(capsys.readouterr().out.split()) == sum(len(list(items_of(arm, load(), [fact]))) for arm in ARMS.values())


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


def test_show_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "0000", "--out", str(tmp_path)]) == 2
    assert "no item or fact '0000'" in capsys.readouterr().err


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
