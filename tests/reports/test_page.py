"""The page of ``cmqa report``, from real runs of reference policies and from made ones, in a real Chromium without a network."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from commands import run_command
from made_runs import Run, always

import cmqa_tasks
from cmqa_tasks.asking.question import questions_of
from cmqa_tasks.attention.rows import LAYER_HEAD, AttentionRow, LogMetadata
from cmqa_tasks.attention.store import ShardWriter
from cmqa_tasks.cli.main import main
from cmqa_tasks.facts.records import Piece
from cmqa_tasks.facts.release import Release, load
from cmqa_tasks.reports.board import board, columns, files
from cmqa_tasks.reports.page import reasons
from cmqa_tasks.results import latest_samples, read_runs
from cmqa_tasks.scoring.marks import sample_of

LIMIT = 24
LAYERS, HEADS = (0, 1, 3), 4
SEGMENTS = ("evidence_a", "evidence_b", "question", "sink", "other", "generated")
ROOT = Path(__file__).parents[2]


@dataclass
class Watched:
    """A tab, what it said on its console, and what it asked the network for."""

    tab: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, page: Path, fragment: str = "") -> Any:
        self.tab.goto(page.as_uri() + fragment)
        self.tab.wait_for_selector("html[data-ready]")
        return self.tab

    def quiet(self) -> bool:
        return not self.complaints and all(address.startswith(("file:", "data:")) for address in self.requests)


@pytest.fixture(scope="module")
def chromium(browser: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture
def watched(chromium: Any) -> Iterator[Callable[..., Watched]]:
    """Makes tabs of a given width and colour scheme."""
    tabs: list[Watched] = []

    def make(width: int = 1280, height: int = 900, scheme: str = "light") -> Watched:
        tab = chromium.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        window = Watched(tab)
        tab.on("console", lambda message: window.complaints.append(message.text))
        tab.on("pageerror", lambda error: window.complaints.append(str(error)))
        tab.on("dialog", lambda dialog: (window.complaints.append("dialog"), dialog.dismiss()))
        tab.on("request", lambda request: window.requests.append(request.url))
        tabs.append(window)
        return window

    yield make
    for window in tabs:
        window.tab.close()


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two policies on the arms across and within modalities, one under a second protocol, by one command line of lmms-eval.

    A policy has no attention: its results are made to name a checkpoint, and a log of that checkpoint stands beside them.
    """
    root = tmp_path_factory.mktemp("runs")
    common = {"model": "cmqa_reference", "log_samples": True, "limit": LIMIT}
    tasks_of = {
        "oracle": "cmqa_unimodal,cmqa_crossmodal,cmqa_crossmodal__detect",
        "follow_image": "cmqa_unimodal,cmqa_crossmodal",
    }
    configs = [
        common | {"model_args": f"policy={name}", "tasks": tasks, "output_path": str(root / name)}
        for name, tasks in tasks_of.items()
    ]
    (root / "runs.yaml").write_text(yaml.safe_dump(configs))
    done = run_command("-m", "lmms_eval", "--config", root / "runs.yaml", cwd=root)
    assert "Traceback" not in done.stderr + done.stdout, (done.stdout + done.stderr)[-3000:]
    for name in tasks_of:
        (results,) = (root / name).rglob("*_results.json")
        content = json.loads(results.read_text(encoding="utf-8"))
        content["config"]["model_args"] += f",pretrained=made/{name}"
        results.write_text(json.dumps(content), encoding="utf-8")
    log_attention(root / "oracle" / "attention", latest_samples(root / "oracle", "cmqa_image_text"), "made/oracle")
    return root


def log_attention(directory: Path, answered: list[dict[str, Any]], model: str) -> None:
    """Attention to the items of ``image_text``, as shards that nobody merged: D is layer + head / 10."""
    grid = np.add.outer(np.array(LAYERS, float), np.arange(HEADS) / 10)
    masses = np.log(np.array([0.4, 0.1, 0.1, 0.3, 0.1, 1e-30]))
    rows = [
        AttentionRow(
            task="cmqa_image_text",
            item_id=row["cmqa_item"]["item_id"],
            doc_id=row["doc_id"],
            aggregate="last_prompt",
            names=SEGMENTS,
            counts=(16, 9, 5, 1, 12, 0),
            layers=LAYERS,
            heads=HEADS,
            null_mean=np.zeros(len(LAYERS)),
            null_sd=np.ones(len(LAYERS)),
            log_mass_by_segment=np.tile(masses, (len(LAYERS), 1)),
            fact_id=row["cmqa_item"]["fact_id"],
            arm="image_text",
            relation=row["cmqa_item"]["relation"],
            first="a",
            **dict.fromkeys(LAYER_HEAD, grid),
        )
        for row in answered
    ]
    ShardWriter(directory, 0, LogMetadata(model=model)).write(rows)


@pytest.fixture(scope="module")
def page(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("page") / "report.html"
    assert main(["report", str(runs / "oracle"), str(runs / "follow_image"), "--out", str(out)]) == 0
    return out


def texts(tab: Any, selector: str) -> list[str]:
    return [text.strip() for text in tab.locator(selector).all_text_contents()]


def data_of(page: Path, name: str = "index") -> dict[str, Any]:
    (packed,) = re.findall(rf'id="{name}">([^<]*)<', page.read_text(encoding="utf-8"))
    content: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed)))
    return content


pytestmark = pytest.mark.browser


@pytest.mark.harness
def test_every_section_is_drawn_without_network_or_complaint(page: Path, watched: Callable[..., Watched]) -> None:
    window = watched()
    tab = window.open(page)
    for name in ("gap", "prompts", "attention"):
        tab.locator(f"#{name}").scroll_into_view_if_needed()
        tab.wait_for_selector(f"#{name}-plot .main-svg")
    buttons = {button.get_attribute("data-title") for button in tab.locator(".modebar-btn").all()}
    assert buttons == {"Download plot as a PNG"}, "nothing that would send a plot away"
    assert window.quiet(), (window.complaints, window.requests)


@pytest.mark.harness
def test_the_leaderboard_is_the_leaderboard(page: Path, runs: Path, watched: Callable[..., Watched]) -> None:
    ranked = board.make(read_runs(runs / name for name in ("oracle", "follow_image")))[0]
    tab = watched().open(page)
    shown = tab.locator(".board").first
    for summary in shown.locator("summary").all():
        summary.click()
    first, others = columns.views()
    for index, of in enumerate((first, others)):
        rows = shown.locator("table.sortable").nth(index).locator("tbody tr")
        for number, row in enumerate(ranked.rows):
            cells = rows.nth(number).locator("> * > bdi").all_inner_texts()
            assert cells == [column.cell(row) for column in columns.filled(of, ranked)]
            assert rows.nth(number).locator(".mark").inner_text() == "; ".join(row.marks)
    assert f"lmms-eval {metadata.version('lmms-eval')}" in shown.inner_text()
    worlds = {world for row in ranked.rows for world in row.groups["world"]}
    assert len(worlds) > 1
    assert all(f"{world}, " in shown.inner_text() for world in worlds)
    assert [plotted["title"] for plotted in data_of(page)["boards"]] == ["Across modalities"] * 2


@pytest.mark.harness
def test_the_first_table_fits_whatever_the_width(page: Path, watched: Callable[..., Watched]) -> None:
    for width in (390, 1280):
        tab = watched(width=width).open(page)
        box = tab.locator(".board .scroll").first
        assert box.evaluate("element => element.scrollWidth <= element.clientWidth"), width
        assert "balanced, cross-modal" in box.evaluate(
            "element => [...element.querySelectorAll('td')].map(td => td.dataset.title)"
        )


@pytest.mark.harness
def test_columns_sort_by_mouse_and_keyboard(page: Path, watched: Callable[..., Watched]) -> None:
    tab = watched().open(page)
    head = tab.locator(".board").first.locator("table.cards thead th", has_text="balanced, cross-modal")
    names = lambda: texts(tab, ".board:not([hidden]) table.cards th.model bdi")  # noqa: E731
    head.locator("button").click()
    assert (head.get_attribute("aria-sort"), names()) == ("descending", ["made/oracle", "made/follow_image"])
    head.locator("button").focus()
    tab.keyboard.press("Enter")
    assert (head.get_attribute("aria-sort"), names()) == ("ascending", ["made/follow_image", "made/oracle"])
    tab.locator("table.cards thead th button", has_text="model").first.click()
    assert names() == ["made/follow_image", "made/oracle"]
    tab.select_option("#board", index=1)
    assert names() == ["made/oracle"], "only one was asked under the other protocol"


@pytest.mark.harness
def test_filters_find_what_they_say(page: Path, runs: Path, watched: Callable[..., Watched]) -> None:
    tab = watched().open(page)
    count = lambda: tab.locator("#count").inner_text()  # noqa: E731
    whole = 4 * LIMIT
    assert count() == f"{whole} of {whole} items"
    tab.select_option("#by-arm", "image_text")
    assert count() == f"{LIMIT} of {whole} items"
    tab.select_option("#by-relation", "conflict")
    tab.select_option("#by-model", label="made/follow_image · aware")
    tab.select_option("#by-outcome", "first")
    assert count() == f"{LIMIT // 2} of {whole} items", "it follows the image, which is the first piece"
    tab.select_option("#by-outcome", "second")
    assert count() == f"0 of {whole} items"
    tab.select_option("#by-outcome", "wrong")
    assert count() == f"{LIMIT // 2} of {whole} items"
    tab.locator("#filters button").click()
    tab.get_by_text(f"{whole} of {whole} items").wait_for()
    answer = latest_samples(runs / "follow_image", "cmqa_text_image")[0]
    tab.fill("#by-text", answer["cmqa_item"]["item_id"])
    tab.get_by_text(f"1 of {whole} items").wait_for()
    tab.fill("#by-text", answer["filtered_resps"].upper())
    tab.locator("#count", has_not_text=f"{whole} of").wait_for()
    assert int(count().split()[0]) >= 1, "responses are searched, whatever the case of letters"
    tab.fill("#by-text", "")
    tab.check("#by-difference")
    tab.get_by_text(f"{whole // 2} of {whole} items").wait_for()


@pytest.mark.harness
def test_an_item_shows_all_that_matters(page: Path, runs: Path, watched: Callable[..., Watched]) -> None:
    window = watched()
    answer = next(
        row for row in latest_samples(runs / "follow_image", "cmqa_image_text") if row["cmqa_item"]["relation"] == "conflict"
    )
    record = answer["cmqa_item"]
    tab = window.open(page, f"#item={record['item_id']}")
    tab.wait_for_selector("#item .answer")
    fact = load().facts[record["fact_id"]]
    assert tab.locator("#item h3").inner_text() == fact.question["en"]
    image = tab.locator("#item .piece img").first
    image.scroll_into_view_if_needed()
    assert image.evaluate("image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])") == [640, 480]
    text = load().text(
        fact.id, Piece(modality="text", language="en", side=record["sides"][1], variant=fact.conflict_variant(record["sides"][1]))
    )
    prompt = tab.locator("#item .prompt").first.inner_text()
    assert " ".join(text.split()) in " ".join(prompt.split())
    assert "Answer the question from the evidence" in prompt
    answers = {name: tab.locator("#item .answer", has_text=name) for name in ("made/oracle", "made/follow_image")}
    follows = answers["made/follow_image"].inner_text()
    assert answer["filtered_resps"] in follows
    assert "✗ first" in follows
    assert reasons.table()["words"]["conflict"]["first"] in follows
    assert re.search(rf"read as\s+{re.escape(record['parsed'])}", follows)
    assert re.search(r"right answer\s+conflict", follows)
    assert "No log of its attention." in follows
    cells = texts(answers["made/oracle"].first, ".segments td.number")
    assert cells == ["16", "40.0 %", "9", "10.0 %", "5", "10.0 %", "1", "30.0 %", "12", "10.0 %"]
    detect = answers["made/oracle"].nth(1).inner_text()
    assert "detect" in detect
    assert re.search(r"right answer\s+yes", detect)
    assert window.quiet(), (window.complaints, window.requests)


@pytest.mark.harness
@pytest.mark.parametrize("width", [390, 1280])
def test_a_link_lands_on_its_item_before_and_after_plots_are_drawn(
    page: Path, runs: Path, watched: Callable[..., Watched], width: int
) -> None:
    item = latest_samples(runs / "follow_image", "cmqa_text_image")[-1]["cmqa_item"]["item_id"]
    tab = watched(width=width, height=844).open(page, f"#item={item}")
    top = "document.querySelector('#item').getBoundingClientRect().top"
    below_header = "document.querySelector('header').getBoundingClientRect().bottom"
    assert 0 <= tab.evaluate(top) - tab.evaluate(below_header) < 60
    tab.evaluate("byId('gap-plot').style.minHeight = '1500px'")
    tab.wait_for_timeout(300)
    assert 0 <= tab.evaluate(top) - tab.evaluate(below_header) < 60, "what grows above it does not push it away"
    tab.mouse.wheel(0, -400)
    tab.wait_for_timeout(300)
    assert tab.evaluate(top) > 300
    tab.evaluate("byId('gap-plot').style.minHeight = '1600px'")
    tab.wait_for_timeout(300)
    assert tab.evaluate(top) > 300, "a reader who moves is left alone"


@pytest.mark.harness
def test_a_link_to_an_item_that_is_not_there_says_so(page: Path, watched: Callable[..., Watched]) -> None:
    tab = watched(width=390).open(page, "#item=no%20such")
    notice = tab.locator("#absent")
    assert notice.inner_text().startswith(f"There is no item no such among the {4 * LIMIT} items of this page.")
    assert 0 <= notice.evaluate("element => element.getBoundingClientRect().top") < 300
    known = tab.evaluate("unpacked('index').then((text) => JSON.parse(text).items[0][0])")
    tab.evaluate(f"location.hash = '#item={known}'")
    tab.wait_for_selector("#item .answer")
    assert not notice.is_visible()


@pytest.mark.harness
def test_the_header_says_what_the_page_is_of(page: Path, runs: Path, watched: Callable[..., Watched]) -> None:
    about = watched().open(page).locator("#about").inner_text()
    assert "made/follow_image, made/oracle" in about
    assert f"release {load().name} ({load().fingerprint[:8]})" in about
    (run,) = read_runs([str(runs / "follow_image")])
    assert f"{run.dates[0]}" in about
    assert f"cmqa-tasks {cmqa_tasks.__version__}: cmqa report {runs / 'oracle'} {runs / 'follow_image'} --items 5000" in about
    assert "docs/" not in about


@pytest.mark.harness
def test_numbers_can_be_downloaded(page: Path, runs: Path, watched: Callable[..., Watched]) -> None:
    tab = watched().open(page)

    def downloaded(button: str) -> str:
        with tab.expect_download() as download:
            tab.locator(f"#{button}").click()
        return Path(download.value.path()).read_text(encoding="utf-8")

    boards = board.make(read_runs([str(runs / name) for name in ("oracle", "follow_image")]))
    assert downloaded("board-csv") == files.to_csv(boards)
    assert json.loads(downloaded("board-json")) == json.loads(files.to_json(boards))
    tab.select_option("#by-arm", "image_text")
    rows = list(csv.DictReader(io.StringIO(downloaded("items-csv"))))
    items = json.loads(downloaded("items-json"))
    assert len(rows) == len(items) == LIMIT
    assert [row["item"] for row in rows] == [item["item"] for item in items]
    records = [row["cmqa_item"] for row in latest_samples(runs / "oracle", "cmqa_image_text")]
    answers = {record["item_id"]: record["outcome"] for record in records}
    assert {row["item"]: row["made/oracle · aware"] for row in rows} == answers


@pytest.mark.harness
def test_attention_is_shown_where_it_was_logged(page: Path, runs: Path, watched: Callable[..., Watched]) -> None:
    tab = watched().open(page)
    assert texts(tab, "#attention-model option") == [
        "made/oracle · aware",
        "made/follow_image · aware (no log)",
        "made/oracle · detect (no log)",
    ]
    (map_,) = [log for log in data_of(page)["maps"] if log["panels"]]
    (panel,) = map_["panels"]
    assert panel["layers"] == list(LAYERS)
    assert panel["values"][2] == pytest.approx([3.0, 3.1, 3.2, 3.3], abs=2e-3)
    assert "it stands first" in panel["who"]
    tab.select_option("#attention-model", label="made/follow_image · aware (no log)")
    tab.locator("#attention").scroll_into_view_if_needed()
    tab.get_by_text("it is missing, not 0").wait_for()
    assert [path.name for path in (runs / "oracle" / "attention").iterdir()] == ["0-0.parquet"], "runs stay as they are"


@pytest.mark.harness
def test_a_phone_and_a_keyboard_are_enough(page: Path, watched: Callable[..., Watched]) -> None:
    window = watched(width=390, height=844)
    tab = window.open(page)
    for name in ("gap", "prompts", "attention"):
        tab.locator(f"#{name}").scroll_into_view_if_needed()
        tab.wait_for_selector(f"#{name}-plot .main-svg")
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    tab.locator("#items button").first.focus()
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#item .answer")
    assert tab.evaluate("document.activeElement.closest('#item') !== null"), "focus follows"
    assert not tab.locator("#items").is_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    tab.get_by_role("button", name="All items").press("Enter")
    assert tab.evaluate("document.activeElement.getAttribute('aria-current')") == "true"
    assert window.quiet(), (window.complaints, window.requests)


@pytest.mark.harness
def test_the_same_runs_give_the_same_bytes(page: Path, runs: Path, tmp_path: Path) -> None:
    again = tmp_path / "below" / "again.html"
    assert main(["report", str(runs / "oracle"), str(runs / "follow_image"), "--out", str(again)]) == 0
    assert again.read_bytes() == page.read_bytes()
    assert [path.name for path in again.parent.iterdir()] == ["again.html"]


@pytest.mark.harness
def test_less_room_means_fewer_items_and_the_page_says_so(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], watched: Callable[..., Watched]
) -> None:
    pages = {}
    for name, items, of, more in (
        ("whole", 5000, "", 0),
        ("small", 5000, "whole", -1),
        ("bare", 0, "", 0),
        ("least", 5000, "bare", 99),  # its header says another command
    ):
        room = (pages[of].stat().st_size + more) / 1e6 if of else 8.0
        pages[name] = tmp_path / f"{name}.html"
        arguments = ["--items", str(items), "--megabytes", str(room), "--out", str(pages[name])]
        assert main(["report", str(runs / "oracle"), *arguments]) == 0
        assert pages[name].stat().st_size <= room * 1e6
    assert capsys.readouterr().out.count(" 0 items, 0 images") == 2, "tables and plots are always there"
    tab = watched().open(pages["small"])
    (note,) = texts(tab, ".notes li")
    assert f"64 of {4 * LIMIT} items can be looked at" in note, "four facts, sixteen items each"
    assert tab.locator("#count").inner_text() == "64 of 64 items"


HOSTILE = (
    "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=1>\x00\u202eevil 模型 \N{GRINNING FACE}"
    + "x" * 300
)


def test_hostile_names_and_responses_are_inert(tmp_path: Path, watched: Callable[..., Watched]) -> None:
    long = HOSTILE + "{{ 7 * 7 }}" + "y" * 1_000_000
    name = HOSTILE.replace(",", "").replace("=", "")
    Run(always(True), model=name, facts=3, responses=lambda outcome: long).write(tmp_path / "a")
    Run(always(False), model="<b>bold</b><a href='javascript:window.hacked'>", facts=3).write(tmp_path / "b")
    out = tmp_path / "report.html"
    assert main(["report", str(tmp_path / "a"), str(tmp_path / "b"), "--out", str(out)]) == 0
    assert out.stat().st_size < 3e6
    window = watched()
    tab = window.open(out)
    for plot in ("gap", "prompts"):
        tab.locator(f"#{plot}").scroll_into_view_if_needed()
        tab.wait_for_selector(f"#{plot}-plot .main-svg")
    assert tab.locator("#gap-plot a, #gap-plot b").count() == 0
    assert any("␀⟨U+202E⟩evil" in text for text in texts(tab, "th.model bdi")), "what cannot be seen is made visible"
    assert any(text.endswith("characters)") for text in texts(tab, "th.model bdi"))
    tab.locator("#items button").first.click()
    tab.wait_for_selector("#item .answer")
    answer = next(text for text in texts(tab, "#item .answer") if "y" * 100 in text)
    assert "</script><script>window.hacked=1</script>" in answer
    assert f"4,000 of {len(long):,} characters are shown" in answer
    (note,) = [text for text in texts(tab, ".notes li") if "not at hand" in text]
    assert note == "Passages and images of release made (aaaaaaaa) are not at hand; prompts are as the harness kept them."
    assert "Only one protocol was run" in tab.locator("#prompts").inner_text()
    assert tab.evaluate("window.hacked") is None
    assert tab.evaluate("document.documentElement.scrollWidth") == 1280
    assert window.quiet(), (window.complaints, window.requests)


def test_the_policy_of_the_page_stops_what_is_not_its_own(tmp_path: Path, watched: Callable[..., Watched]) -> None:
    Run(always(True), facts=2).write(tmp_path / "a")
    out = tmp_path / "report.html"
    assert main(["report", str(tmp_path / "a"), "--out", str(out)]) == 0
    window = watched()
    tab = window.open(out)
    tab.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.hacked = 1'; document.head.append(s); }"
    )
    tab.evaluate("() => fetch('https://example.org/').catch(() => null)")
    assert tab.evaluate("window.hacked") is None
    assert len([line for line in window.complaints if "Content Security Policy" in line]) >= 2, "both were refused"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: ["nowhere"], "nowhere is no directory"),
        (lambda root: [str(root)], "no results of lmms-eval or lm-eval below"),
        (lambda root: [str(no_samples(root))], "no samples of task cmqa_image_text beside it; evaluate with --log_samples"),
        (lambda root: [str(good(root)), "--data", "v7"], "no release 'v7'"),
        (lambda root: [str(good(root)), "--items", "-1"], "--items must not be negative, not -1"),
        (lambda root: [str(good(root)), "--megabytes", "0"], "--megabytes must be above 0 and finite, not 0"),
        (lambda root: [str(good(root)), "--megabytes", "inf"], "--megabytes must be above 0 and finite, not inf"),
        (lambda root: [str(good(root)), "--megabytes", "1"], "--megabytes 1: must be at least 2.1, which tables and plots take"),
    ],
)
def test_mistakes_are_one_line_and_spare_what_is_there(
    make: Callable[[Path], list[str]], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report.html"
    out.write_text("an earlier page")
    assert main(["report", *make(tmp_path), "--out", str(out)]) == 2
    complaint = capsys.readouterr().err
    assert message in complaint
    assert complaint.count("\n") == 1
    assert out.read_text() == "an earlier page"


def test_a_directory_is_no_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(good(tmp_path)), "--out", str(tmp_path)]) == 2
    assert f"{tmp_path} is a directory; name the page itself" in capsys.readouterr().err


def good(root: Path) -> Path:
    return Run(always(True), facts=2).write(root / "good")


def no_samples(root: Path) -> Path:
    run = Run(always(True), facts=2, arms=("image_text",))
    directory = run.write(root / "none")
    run.samples(directory, "image_text").unlink()
    return directory


def test_without_arms_across_kinds_there_is_still_a_page(tmp_path: Path, watched: Callable[..., Watched]) -> None:
    Run(always(True), facts=2, arms=("text_text",)).write(tmp_path / "a")
    assert main(["report", str(tmp_path / "a"), "--out", str(tmp_path / "report.html")]) == 0
    window = watched()
    tab = window.open(tmp_path / "report.html")
    assert "Nothing to rank" in tab.locator("#leaderboard").inner_text()
    assert tab.locator("#count").inner_text() == "4 of 4 items"
    assert window.quiet(), (window.complaints, window.requests)


def test_a_log_is_shown_with_its_own_model_or_not_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(always(True), model="org/a", facts=2)
    run.write(tmp_path / "runs" / "a")
    Run(always(True), model="org/b", facts=2).write(tmp_path / "runs" / "b")
    answered = run.rows("image_text")
    report = ["report", str(tmp_path / "runs"), "--out", str(tmp_path / "report.html")]

    def panels() -> dict[str, int]:
        assert main(report) == 0
        return {log["model"]: len(log["panels"]) for log in data_of(tmp_path / "report.html")["maps"]}

    log_attention(tmp_path / "runs" / "logs" / "one", answered, "org/a")
    assert panels() == {"org/a": 1, "org/b": 0}
    log_attention(tmp_path / "runs" / "logs" / "two", answered, "org/a")
    capsys.readouterr()
    assert panels() == {"org/a": 0, "org/b": 0}
    assert "attention of org/a left out: 2 logs could be its own" in capsys.readouterr().out
    report += ["--items", "0"]
    log_attention(tmp_path / "runs" / "a" / "log", answered, "org/a")
    assert panels() == {"org/a": 1, "org/b": 0}, "the nearest one"


def test_of_a_protocol_that_is_unknown_here_there_is_what_the_harness_kept(tmp_path: Path) -> None:
    """Its results, of the shipped release, are as good as any other's; a later version may have made them."""
    from cmqa_tasks.asking.items import items_of
    from cmqa_tasks.facts.records import ARMS

    release = load()
    about = {"release": release.name, "release_sha256": release.fingerprint, "protocol": "future"}
    run = Run(always(True), arms=("image_text",), facts=2, metadata=about)
    directory = run.write(tmp_path / "runs")
    shown = list(items_of(ARMS["image_text"], release))
    facts = list(dict.fromkeys(item.fact_id for item in shown))[:2]
    shown = [
        next(item for item in shown if (item.fact_id, item.relation) == key) for key in product(facts, ("conflict", "agree"))
    ]
    rows = run.rows("image_text")
    for row, item in zip(rows, shown, strict=True):
        row["cmqa_item"] |= {"item_id": item.id, "fact_id": item.fact_id, "relation": item.relation}
    run.samples(directory, "image_text").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    out = tmp_path / "report.html"
    assert main(["report", str(directory), "--out", str(out)]) == 0
    (prompt,) = data_of(out, "group-0")["items"]["0"]["prompts"]
    assert prompt["parts"] == ["Asked."]
    assert "This version does not know protocol future in en; prompts are" in out.read_text(encoding="utf-8")
    assert "not at hand" not in out.read_text(encoding="utf-8")


def test_a_users_own_facts_have_their_images(own_file: Path, own_release: Release, tmp_path: Path) -> None:
    """Results on own data are shown with their evidence once the file is named."""
    from cmqa_tasks.facts.records import ARMS
    from cmqa_tasks.scoring.policies import policy

    answer, arm = policy("oracle"), ARMS["image_text"]
    questions = questions_of(arm, own_release, "aware")
    metadata = {"release": own_release.name, "release_sha256": own_release.fingerprint}
    run = Run(always(True), arms=("image_text",), facts=len(own_release.facts), metadata=metadata)
    directory = run.write(tmp_path / "own")
    records = [
        {"doc_id": number, "filtered_resps": answer(question), **sample_of(question, answer(question), arm)}
        for number, question in enumerate(questions)
    ]
    run.samples(directory, "image_text").write_text("".join(json.dumps(row) + "\n" for row in records), encoding="utf-8")
    out = tmp_path / "report.html"
    assert main(["report", str(directory), "--out", str(out), "--data", str(own_file)]) == 0
    shown = data_of(out, "group-0")["items"]["0"]
    assert shown["pieces"][0]["kind"] == "image"
    assert "image/png;base64," in out.read_text(encoding="utf-8")
    assert data_of(out)["facts"][0][0].startswith("What is the total of receipt")
    assert main(["report", str(directory), "--out", str(out)]) == 0
    assert "are not at hand" in out.read_text(encoding="utf-8")
