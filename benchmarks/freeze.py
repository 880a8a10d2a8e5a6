"""Freeze the release that ships, and make everything anew that depends on it.

    make freeze                                              # all of it; an hour of two cores with the reader of letters
    PYTHONPATH=src python benchmarks/freeze.py --keep        # the set that is there, everything else anew
    PYTHONPATH=src python benchmarks/freeze.py --only check baselines

Steps, in order; each starts from what the ones before it left:

* ``build``: ``cmqa build`` with :data:`SEED`, into ``runs/freeze``; a killed build goes on where it was.
* ``check``: refuses a set that rules solve (more than ``AIM`` of ``scoring/shortcuts.py``), that lacks evidence or that is too
  large; then moves it to ``src/cmqa_tasks/data``, in place of the one there.
* ``letters``: what a reader of letters finds on its pages (``benchmarks/letters.py``; the extra ``ocr``).
* ``runs``: the reference policies through the real lmms-eval, into ``runs/policies`` (twenty minutes).
* ``board``: their board and figures, and ``leaderboards/reference.md``.
* ``tables``: what rules get under every protocol, in ``leaderboards/protocols.md``.
* ``baselines``: what solvers without understanding get, in ``leaderboards/baselines.md``.
* ``references``: what the miniature's checkpoints answer under today's task version; only the stamp should change.
* ``files``: task files, ``docs/tasks.md``, the snapshots of prompts, and what the tutorial shows.

In a Markdown file it writes between ``<!-- NAME -->`` and ``<!-- /NAME -->`` and nowhere else. The version rule is yours: a set
with other facts, passages or pages raises ``metadata.version`` in ``tasks/*/_settings`` and has a line in ``CHANGELOG.md``.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from cmqa_tasks.asking.protocols import PROTOCOLS
from cmqa_tasks.asking.question import questions_of
from cmqa_tasks.facts import resources
from cmqa_tasks.facts.records import ARMS
from cmqa_tasks.facts.release import CARD, DEFAULT, load, read_metadata
from cmqa_tasks.reports.demo import policies as demo
from cmqa_tasks.scoring.policies import POLICIES, SHORTCUTS
from cmqa_tasks.scoring.policy_rates import table
from cmqa_tasks.scoring.shortcuts import AIM, open_to
from cmqa_tasks.worlds.build.freeze import build, card

ROOT = Path(__file__).resolve().parents[1]
SEED, FACTS, FEWSHOT = 20261201, 320, 40
MOST_BYTES = 30_000_000
SCRATCH = ROOT / "runs" / "freeze"
SHIPPED = resources.releases_dir() / DEFAULT
BOARD = ROOT / "leaderboards" / "policies"
RULES = ("rule", "match_options", "random")


class FreezeError(ValueError):
    """The set must not ship; the message says why."""


def build_set(workers: int | None) -> None:
    """Draw and render the set, unless it is there."""
    out = SCRATCH / DEFAULT
    out.parent.mkdir(parents=True, exist_ok=True)
    if not out.exists():
        build(SEED, FACTS, out, fewshot=FEWSHOT, workers=workers)


def check_and_move() -> None:
    """Refuse a set that must not ship; put it in the place of the one that does.

    Raises:
        FreezeError: rules solve it, it is too large, or there is none.
        cmqa_tasks.facts.release.ReleaseError: a piece of evidence is missing.
    """
    fresh = SCRATCH / DEFAULT
    directory = fresh if fresh.exists() else SHIPPED
    if not directory.is_dir():
        raise FreezeError(f"neither {fresh} nor {SHIPPED} exists: build a set first")
    release = load(directory)
    if solved := [f"{rule} gets {balanced:.2f} in {arm}" for arm, rule, balanced in open_to(release, len(release.facts))]:
        raise FreezeError(f"rules solve {directory} (aim {AIM}): {'; '.join(solved)}")
    size = sum(path.stat().st_size for path in directory.iterdir())
    if size > MOST_BYTES:
        raise FreezeError(f"{directory} has {size / 1e6:.1f} MB; at most {MOST_BYTES / 1e6:.0f} MB ship")
    for arm in ARMS.values():
        questions_of(arm, release, "aware")
    if directory == fresh:
        shutil.rmtree(SHIPPED, ignore_errors=True)
        shutil.copytree(fresh, SHIPPED)
        shutil.rmtree(fresh)
        load.cache_clear()
    (SHIPPED / CARD).write_text(card(read_metadata(SHIPPED), SHIPPED), encoding="utf-8")


def read_letters(workers: int | None) -> None:
    """Read the pages, and say in which share of them the asked value is read."""
    program = [sys.executable, str(ROOT / "benchmarks" / "letters.py"), DEFAULT, "--workers", str(workers or 2)]
    whole = _run([*program, "--out", str(SHIPPED / "letters.jsonl.gz")])
    smaller = _run([*program, "--scale", "0.667", "--facts", "80"])
    page = ROOT / "leaderboards" / "baselines.md"
    fill(page, "letters", f"At full size:\n\n{whole}\nAt two thirds, the first 80 facts:\n\n{smaller}")


def run_policies() -> None:
    """The policies through lmms-eval."""
    shutil.rmtree(ROOT / "runs" / "policies", ignore_errors=True)
    _run([sys.executable, "-m", "cmqa_tasks.cli", "lmms-eval", "--config", str(BOARD / "runs.yaml")])


def publish_board() -> None:
    """The board of the policies' runs, and the table of reference.md."""
    for path in BOARD.iterdir():
        if path.name != "runs.yaml":
            path.unlink()
    _run([sys.executable, "-m", "cmqa_tasks.cli", "leaderboard", "runs/policies", "--out", str(BOARD), "--figures"])
    fill(ROOT / "leaderboards" / "reference.md", "policies", demo.table(list(POLICIES), ROOT / "runs" / "policies"))


def write_tables() -> None:
    """What rules, chance and shortcuts get."""
    page, release = ROOT / "leaderboards" / "protocols.md", load()
    for language in ("en", "zh"):
        fill(page, f"rules {language}", table(RULES, list(PROTOCOLS), release, language))
    fill(page, "shortcuts", table(SHORTCUTS, ["aware"], release))


def write_baselines() -> None:
    """The solvers of benchmarks/validity.py, by arm and by type."""
    found = _run([sys.executable, str(ROOT / "benchmarks" / "validity.py"), DEFAULT, "--pixels", "--by-type"])
    by_arm, by_type = found.split("\n\n", 1)
    page = ROOT / "leaderboards" / "baselines.md"
    fill(page, "by arm", by_arm)
    fill(page, "by type", by_type)


def update_references() -> None:
    """The miniature through lmms-eval; its references."""
    command = [sys.executable, "-m", "cmqa_tasks.cli"]
    _run([*command, "demo", "--out", "runs/demo"])
    settings = (ROOT / "tasks" / "lmms_eval" / "_collection").read_text(encoding="utf-8")
    version = yaml.safe_load(settings)["metadata"]["version"]
    for path in sorted((ROOT / "leaderboards" / "references").glob("*.jsonl")):
        reason = f"task version {version}"
        _run([*command, "reference", "update", f"runs/demo/{path.stem}", "--out", str(path), "--reason", reason])


def write_files() -> None:
    """Task files, snapshots of prompts, and the outputs of the tutorial."""
    _run([sys.executable, "-m", "cmqa_tasks.harness.task_files"])
    tests = ["tests/asking/test_prompts.py", "tests/test_public_api.py::test_the_tutorial_gives_what_it_shows"]
    _run([sys.executable, "-m", "pytest", "-q", *tests, "--update-snapshots"])


def fill(page: Path, name: str, text: str) -> None:
    """Write a text between a page's marks.

    Raises:
        FreezeError: the page has no such marks.
    """
    old = page.read_text(encoding="utf-8")
    new, places = re.subn(
        rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)",
        lambda marks: f"{marks[1]}\n{text.strip()}\n\n{marks[2]}",
        old,
        flags=re.DOTALL,
    )
    if not places:
        raise FreezeError(f"{page} has no <!-- {name} --> … <!-- /{name} -->")
    page.write_text(new, encoding="utf-8")


def _run(command: list[str]) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise FreezeError(f"{' '.join(command)} ended with {done.returncode}: {done.stdout[-2000:]}")
    return done.stdout


STEPS = ("build", "check", "letters", "runs", "board", "tables", "baselines", "references", "files")


def main() -> None:
    """Every step, or those that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=STEPS, default=[], help="these steps alone")
    parser.add_argument("--keep", action="store_true", help="all steps but the build")
    parser.add_argument("--workers", type=int, help="processes of build and letters (default: one per CPU; two)")
    given = parser.parse_args()
    for step in given.only or STEPS[given.keep :]:
        print(f"freeze: {step}", flush=True)
        {
            "build": lambda: build_set(given.workers),
            "check": check_and_move,
            "letters": lambda: read_letters(given.workers),
            "runs": run_policies,
            "board": publish_board,
            "tables": write_tables,
            "baselines": write_baselines,
            "references": update_references,
            "files": write_files,
        }[step]()


if __name__ == "__main__":
    main()
