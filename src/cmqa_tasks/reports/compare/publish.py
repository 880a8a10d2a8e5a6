"""What ``cmqa compare`` does, without its command line.

text, files = compare("runs/a", "runs/b", out=Path("difference"), shown=5)
"""

from __future__ import annotations

from pathlib import Path

from cmqa_tasks.reports.compare import files, pairs
from cmqa_tasks.results import read_runs


def compare(a: str, b: str, out: Path | None, shown: int) -> tuple[str, list[Path]]:
    """Compare two models; the text for people, and the files that were written.

    Args:
        a: directory of results of one model (``NAME=DIRECTORY`` or ``DIRECTORY``).
        b: directory of results of the other.
        out: where compare.md and compare.json go; nowhere by default.
        shown: how many flipped items the text shows.

    Raises:
        ResultsError: a file is damaged, incomplete or of an unknown form, or the two have nothing in common.
    """
    left, right = (read_runs([text]) for text in (a, b))
    comparison = pairs.compare(left, right)
    return files.to_markdown(comparison, shown), [] if out is None else files.write(comparison, out)
