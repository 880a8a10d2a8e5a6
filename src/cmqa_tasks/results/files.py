"""Which files of a directory belong to which run.

Both harnesses write one results file and, with ``--log_samples``, one samples file a task, and name them by the moment::

    lmms-eval 0.6, 0.7      20261126_023550_results.json                      20261126_023550_samples_cmqa_text_text.jsonl
    lm-eval 0.4.12, 0.4.13  results_2026-11-25T18-37-02.188022.json           samples_clqa_en_zh_2026-11-25T18-37-02.188022.jsonl

(lm-eval calls the first file otherwise when ``--output_path`` ends in ``.json``: ``NAME_2026-….json``.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Harness = Literal["lmms-eval", "lm-eval"]


class ResultsError(ValueError):
    """A run left no results, or not the expected ones; the message names the place."""


_LMMS, _LM = r"\d{8}_\d{6}", r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:\.\d+)?"
_RESULTS: Mapping[Harness, re.Pattern[str]] = {
    "lmms-eval": re.compile(rf"(?P<moment>{_LMMS})_results\.json"),
    "lm-eval": re.compile(rf".+_(?P<moment>{_LM})\.json"),
}
_SAMPLES: Mapping[Harness, re.Pattern[str]] = {
    "lmms-eval": re.compile(rf"(?P<moment>{_LMMS})_samples_(?P<task>.+)\.jsonl"),
    "lm-eval": re.compile(rf"samples_(?P<task>.+)_(?P<moment>{_LM})\.jsonl"),
}

_STARTED = ("runs.yaml", "log.txt")
"""What :mod:`cmqa_tasks.harness.evaluations` leaves where it has started lmms-eval, which cannot be imported here."""


@dataclass(frozen=True, slots=True)
class RunFiles:
    """What one evaluation left."""

    harness: Harness
    moment: str
    """As in the names of the files: sorts by time within a harness."""
    results: Path
    samples: Mapping[str, Path]
    """By task."""


def find(directory: Path) -> list[RunFiles]:
    """The runs at or below a directory, oldest first.

    Raises:
        ResultsError: no such directory, no results below it, or samples whose results file is not there.
    """
    if not directory.is_dir():
        raise ResultsError(f"{directory} is no directory; give the --output_path of an evaluation")
    results: dict[tuple[Path, Harness, str], Path] = {}
    samples: dict[tuple[Path, Harness, str], dict[str, Path]] = {}
    for path in sorted(directory.rglob("*.json*")):
        for harness, moment, task in _read(path):
            if not path.is_file():
                raise ResultsError(f"{path} is no regular file, or a link to nowhere")
            key = path.parent, harness, moment
            if task is None:
                results[key] = path
            else:
                samples.setdefault(key, {})[task] = path
    for key in samples.keys() - results.keys():
        orphan = next(iter(samples[key].values()))
        raise ResultsError(f"{orphan} has no results file beside it: the evaluation was cut off, or the file was moved")
    if not results:
        raise ResultsError(absent("lmms-eval or lm-eval", directory))
    runs = [
        RunFiles(harness, moment, path, samples.get(key, {})) for key, path in results.items() for _, harness, moment in [key]
    ]
    return sorted(runs, key=lambda run: (run.harness, run.moment, str(run.results)))


def absent(harness: str, directory: Path) -> str:
    """Why there are no results, as far as it can be told.

    Harnesses leave nothing where they fail, so an empty directory is most often a wrong one.
    """
    message = f"no results of {harness} below {directory}"
    for folder in (directory, directory.parent):
        if all((folder / name).is_file() for name in _STARTED):
            return f"{message}: the evaluation failed or goes on; see {folder / _STARTED[-1]}"
    if logged := next(iter(sorted(directory.rglob("*.parquet"))), None):
        return f"{message}, only {logged}: the evaluation failed, goes on, or had another --output_path"
    return f"{message}, nor anything else of an evaluation: give the --output_path of one, made with --log_samples"


def _read(path: Path) -> Iterator[tuple[Harness, str, str | None]]:
    """Harness, moment and, of a samples file, task, as a file's name says them; nothing for other files."""
    for harness, pattern in _RESULTS.items():
        if match := pattern.fullmatch(path.name):
            yield harness, match["moment"], None
    for harness, pattern in _SAMPLES.items():
        if match := pattern.fullmatch(path.name):
            yield harness, match["moment"], match["task"]
