"""What ``cmqa compare`` does, without its command line.

text, files = compare("runs/a", "runs/b", out=Path("difference"), shown=5)
"""

from __future__ import annotations

from pathlib import Path

from cmqa_tasks.reports.compare import files, pairs
from cmqa_tasks.results import read_runs


def compare(a: str, b: str, out: Path | None, shown: int) -> tuple[str, list[Path]]:
    """Compare the models of two directories (or ``NAME=DIRECTORY``); the text for people, and the files that were written.

    Raises:
        ResultsError: a file is damaged, incomplete or of an unknown form, or the two have nothing in common.
    """
    left, right = (read_runs([text]) for text in (a, b))
    comparison = pairs.compare(left, right)
    return files.to_markdown(comparison, shown), [] if out is None else files.write(comparison, out)
