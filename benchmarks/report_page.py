"""How large the page of ``cmqa report`` is, how long it takes to make, and how long to open in Chromium.

    PYTHONPATH=src python benchmarks/report_page.py                # 5,000 items of three models, one with logged attention
    PYTHONPATH=src python benchmarks/report_page.py --items 1000 --keep page.html

The models are reference policies on release ``v1``, asked without a harness; their files are in the form that lmms-eval 0.7.3
writes, responses lengthened to 300 characters. The log of attention has 28 layers of 28 heads, of random numbers. Writing all
this is not timed. A page is opened from disk in a fresh tab each time; *ready* is when items can be chosen, *plot* when the
first plot stands.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cmqa_tasks.asking.question import Question, questions_of
from cmqa_tasks.attention.rows import LAYER_HEAD, AttentionRow, LogMetadata
from cmqa_tasks.attention.store import ShardWriter, merge
from cmqa_tasks.facts.records import ARMS, ITEM_KEY
from cmqa_tasks.facts.release import load
from cmqa_tasks.reports.page.report import report
from cmqa_tasks.scoring.marks import sample_of
from cmqa_tasks.scoring.policies import policy
from cmqa_tasks.worlds.build.render import find_browser

ARM_NAMES = ("text_text", "image_image", "image_text", "text_image", "text", "image", "en_zh", "zh_en")
POLICIES = ("oracle", "rule", "random")
PROTOCOLS = {"aware": ARM_NAMES, "detect": ("text_text", "image_image", "image_text", "text_image")}
LAYERS = HEADS = 28
SEGMENTS = ("evidence_a", "evidence_b", "question", "sink", "other", "generated")
LENGTH = 300
OPENINGS = 7
_WATCH = """
new MutationObserver(() => {
  if (document.documentElement.dataset.ready) window.readyAt ??= performance.now();
  if (document.querySelector(".main-svg")) window.plotAt ??= performance.now();
}).observe(document, {subtree: true, childList: true, attributes: true});
"""


def write_runs(root: Path) -> None:
    """Results and samples of every policy, and the attention of the first."""
    for name in POLICIES:
        for protocol, arms in PROTOCOLS.items():
            directory = root / name / protocol
            directory.mkdir(parents=True)
            for arm in arms:
                lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(name, protocol, arm))
                (directory / f"20261101_000000_samples_{task(arm, protocol)}.jsonl").write_text(lines, encoding="utf-8")
            (directory / "20261101_000000_results.json").write_text(json.dumps(results(name, protocol, arms)), encoding="utf-8")
    write_attention(root / POLICIES[0] / "attention" / "log", f"bench/{POLICIES[0]}")


def task(arm: str, protocol: str) -> str:
    """The name of a task."""
    return f"{ARMS[arm].family}_{arm}" + ("" if protocol == "aware" else f"__{protocol}")


def rows(name: str, protocol: str, arm: str) -> Iterator[dict[str, Any]]:
    """The lines of a samples file."""
    answer = policy(name)
    for number, question in enumerate(questions_of(ARMS[arm], load(), protocol)):
        said = answer(question)
        padded = said if protocol != "aware" else f"{said}\n\n{'(The rest of what it said, at some length.) ' * 9}"[:LENGTH]
        yield {"doc_id": number, "target": question.target, "filtered_resps": padded, "input": question.plain_text} | {
            ITEM_KEY: sample_of(question, said, ARMS[arm])[ITEM_KEY]
        }


def results(name: str, protocol: str, arms: tuple[str, ...]) -> dict[str, Any]:
    """A results file."""
    release = load()
    about = {"version": 2.0, "protocol": protocol, "question_language": "en", "release": release.name}
    about |= {"release_sha256": release.fingerprint}
    names, items = [task(arm, protocol) for arm in arms], 2 * len(release.facts)
    return {
        "results": {},
        "configs": {one: {"task": one, "output_type": "generate_until", "metadata": about} for one in names},
        "config": {"model": "cmqa_hf", "model_args": f"pretrained=bench/{name}", "limit": None, "offset": 0},
        "n-samples": {one: {"original": items, "effective": items} for one in names},
        "date": "20261101_000000",
    }


def write_attention(directory: Path, model: str) -> None:
    """Random attention to the items of the arms across modalities and of those within one."""
    random = np.random.default_rng(0)
    writer = ShardWriter(directory, 0, LogMetadata(model=model))
    for arm in PROTOCOLS["detect"]:
        questions = questions_of(ARMS[arm], load(), "aware")
        writer.write(attention_row(question, number, arm, random) for number, question in enumerate(questions))
    merge(directory)


def attention_row(question: Question, number: int, arm: str, random: np.random.Generator) -> AttentionRow:
    """One item's row."""
    grids = {name: random.normal(size=(LAYERS, HEADS)) for name in LAYER_HEAD}
    return AttentionRow(
        task=task(arm, "aware"), item_id=question.item.id, doc_id=number, aggregate="last_prompt", names=SEGMENTS,
        counts=(300, 80, 20, 1, 60, 0), layers=tuple(range(LAYERS)), heads=HEADS, null_mean=np.zeros(LAYERS),
        null_sd=np.ones(LAYERS), log_mass_by_segment=random.normal(-3, 1, size=(LAYERS, len(SEGMENTS))), fact_id=question.fact.id,
        arm=arm, relation=question.item.relation, first="b" if arm == "text_image" else "a", **grids,
    )  # fmt: skip


def openings(page: Path) -> None:
    """Print how long the page takes to open."""
    from playwright.sync_api import sync_playwright

    found: dict[str, list[float]] = {"markup": [], "ready": [], "plot": [], "main thread until the plot, CPU": []}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"])
        for _ in range(OPENINGS + 1):
            tab = browser.new_page(viewport={"width": 1280, "height": 900})
            tab.add_init_script(_WATCH)
            session = tab.context.new_cdp_session(tab)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            tab.goto(page.as_uri())
            tab.wait_for_selector("html[data-ready] .main-svg", state="attached")
            found["markup"].append(tab.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"))
            found["ready"].append(tab.evaluate("window.readyAt"))
            found["plot"].append(tab.evaluate("window.plotAt"))
            metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
            found["main thread until the plot, CPU"].append(1000 * metrics["TaskDuration"])
            tab.close()
        browser.close()
    for name, times in found.items():
        kept = times[1:]  # the first one warms the browser up
        print(f"opening, {name}: {statistics.median(kept):,.0f} ms ({min(kept):,.0f}–{max(kept):,.0f}; {len(kept)} openings)")


def main() -> None:
    """Write the runs, make the page, open it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=5000)
    parser.add_argument("--megabytes", type=float, default=8.0)
    parser.add_argument("--keep", type=Path, default=None, help="where to keep the page")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        write_runs(root / "runs")
        page = root / "report.html"
        begin, cpu = time.perf_counter(), time.process_time()
        made = report([str(root / "runs")], page, [], options.items, int(options.megabytes * 1e6))
        wall, used = time.perf_counter() - begin, time.process_time() - cpu
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{made.items:,} items, {made.images:,} images: {made.bytes / 1e6:.2f} MB")
        print(f"made in {wall:.1f} s, {used:.1f} s of CPU, peak {memory:,.0f} MB")
        for note in made.notes:
            print(f"note: {note}")
        openings(page)
        if options.keep is not None:
            shutil.copyfile(page, options.keep)


if __name__ == "__main__":
    main()
