"""The figures of a leaderboard, and what their files are called. Needs matplotlib.

``recognition_<release>_<language>``: a model a line, a contrast a panel. ``ablation_<release>_<language>_<contrast>``: a model a
panel, a protocol a line; only of models that move with the protocol. What is asked differently stands in figures of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cmqa_tasks.reports.board.ablation import View, moves
from cmqa_tasks.reports.board.ablation_figure import PANELS, ablation_figure
from cmqa_tasks.reports.board.recognition_figure import recognition_figure
from cmqa_tasks.results import Setting
from cmqa_tasks.writing import pictures


@dataclass(frozen=True, slots=True)
class FigureFiles:
    """The files of all figures."""

    paths: tuple[Path, ...] = ()
    main: Mapping[Setting, str] | None = None
    """By question, the name of the main figure's PNG."""
    ablation: Mapping[tuple[Setting, str], tuple[str, ...]] | None = None
    """By question and contrast, the names of the ablation's PNGs."""


def draw(views: Sequence[View], out: Path) -> FigureFiles:
    """Draw the figures of some views into a directory, which is made if it does not exist.

    Raises:
        ImportError: matplotlib is not installed; the message says how to install it.
    """
    questions = list(dict.fromkeys(view.question for view in views))
    names = slugs(questions)
    paths: list[Path] = []
    main: dict[Setting, str] = {}
    ablation: dict[tuple[Setting, str], tuple[str, ...]] = {}
    with pictures.drawing():
        out.mkdir(parents=True, exist_ok=True)
        for question in questions:
            panels = [view for view in views if view.question == question]
            written = pictures.save(recognition_figure(panels), out / f"recognition_{names[question]}")
            main[question] = written[0].name
            paths += written
        for view in views:
            stem = f"ablation_{names[view.question]}_{view.contrast.name}"
            pages = [written for page in _pages(view, stem) for written in [pictures.save(page[1], out / page[0])]]
            ablation[view.question, view.contrast.name] = tuple(page[0].name for page in pages)
            paths += [path for page in pages for path in page]
    return FigureFiles(tuple(paths), main, ablation)


def _pages(view: View, stem: str) -> list[tuple[str, object]]:
    """The ablation's figures with their names: of the models that move with the protocol, on several pages of many."""
    if len(view.protocols) < 2:
        return []
    models = [name for name, rows in view.models.items() if moves(rows)]
    still = [name for name in view.models if name not in models]
    parts = [models[begin : begin + PANELS] for begin in range(0, len(models), PANELS)]
    return [
        (stem if number == 1 else f"{stem}_{number}", ablation_figure(view, part, f"{number} of {len(parts)}", still))
        for number, part in enumerate(parts, 1)
    ]


def slugs(questions: Sequence[Setting]) -> dict[Setting, str]:
    """A name for each question, of letters that any file system takes: no longer than it must be to tell them apart."""
    short = {
        each: _slug(each.release, each.language, "loglikelihood" if each.by == "loglikelihood" else "") for each in questions
    }
    long = {each: _slug(short[each], each.task_version, each.release_sha256[:8]) for each in questions}
    return {each: short[each] if list(short.values()).count(short[each]) == 1 else long[each] for each in questions}


def _slug(*parts: str) -> str:
    return "_".join(re.sub(r"[^A-Za-z0-9._-]+", "-", part).strip("-.") for part in parts if part)
