"""What ``cmqa report`` does, without its command line."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cmqa_tasks.reports.board import files
from cmqa_tasks.reports.page import ablation, attention_logs, boards, document, maps, pack
from cmqa_tasks.reports.page.choice import choose
from cmqa_tasks.reports.page.samples import Samples
from cmqa_tasks.reports.page.sources import Sources
from cmqa_tasks.results import Run, RunDirectory, read_runs
from cmqa_tasks.writing.files import write_text
from cmqa_tasks.writing.progress import steps
from cmqa_tasks.writing.text import visible


@dataclass(frozen=True, slots=True)
class Made:
    """What was written."""

    path: Path
    bytes: int
    items: int
    images: int
    notes: tuple[str, ...]


def report(runs: Sequence[str], out: Path, data: Sequence[str], items: int, room: int) -> Made:
    """Read directories (``NAME=DIRECTORY`` or ``DIRECTORY``) and write one HTML page about them, whole or not at all.

    Args:
        runs: the directories.
        out: the page.
        data: releases that do not ship with the package.
        items: how many can be looked at, at most.
        room: bytes of the page, at most.

    Raises:
        ResultsError: a file is damaged, incomplete or of an unknown form, or there are no samples.
        cmqa_tasks.facts.release.ReleaseError: a release is missing or altered.
        cmqa_tasks.attention.store.StoreError: an attention log is damaged.
        ValueError: there is no room for a page without any item.
        IsADirectoryError: ``out`` is a directory.
        ImportError: plotly is not installed.
    """
    if out.is_dir():
        raise IsADirectoryError(f"{out} is a directory; name the page itself, as in {out / 'report.html'}")
    origins = [RunDirectory.parse(text) for text in runs]
    with steps("cmqa report", 5) as begin:
        begin("reading results")
        entries, known = read_runs(origins), Sources(data)
        begin("ranking")
        ranked = boards.make(entries)
        with attention_logs.opened(entries, origins) as (attention, notes):
            begin("reading attention logs")
            numbers = {
                "boards": boards.plotted(ranked),
                "ablation": ablation.make(entries),
                "maps": maps.make(entries, attention),
                "entries": [_entry(entry) for entry in entries],
            }
            begin("choosing items")
            samples = Samples(entries, choose(entries, items), known, attention)
        begin("writing the page")
        about = _about(entries, _command(runs, data, items, room))
        downloads = {"csv": files.to_csv(ranked), "json": files.to_json(ranked)} if ranked else {}
        notes = tuple(map(visible, notes))
        page = document.make(document.Contents(about, boards.tables(ranked), numbers, downloads, samples, notes), room)
        out.parent.mkdir(parents=True, exist_ok=True)
        write_text(out, page.html)
    return Made(out, out.stat().st_size, page.items, page.images, page.notes)


def _about(entries: Sequence[Run], command: str) -> document.PageHeader:
    names = tuple(dict.fromkeys(pack.name(entry.title) for entry in entries))
    settings = (entry.setting for entry in entries)
    releases = tuple(dict.fromkeys(pack.name(f"{setting.release} ({setting.release_sha256[:8]})") for setting in settings))
    return document.PageHeader(
        names, releases, tuple(sorted({day for entry in entries for day in entry.dates})), visible(command)
    )


def _command(runs: Sequence[str], data: Sequence[str], items: int, room: int) -> str:
    """The command line of the page, but for its name."""
    options = [part for release in data for part in ("--data", release)]
    limits = ["--items", str(items), "--megabytes", f"{room / 1e6:g}"]
    return shlex.join(["cmqa", "report", *runs, *options, *limits, "--out", "report.html"])


def _entry(entry: Run) -> dict[str, str]:
    by = "" if entry.setting.by == "generation" else ", by log-likelihood"
    return {"name": pack.name(entry.title), "protocol": ablation.protocol(entry) + by}
