"""What ``cmqa leaderboard`` and ``cmqa compare`` do, without their command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cmqa_tasks.report import board, files, pair_files, pairs
from cmqa_tasks.results import Source, read_all


def leaderboard(runs: Sequence[str], out: Path) -> list[Path]:
    """Read directories (``NAME=DIRECTORY`` or ``DIRECTORY``) and write their leaderboard in all forms.

    Raises:
        ResultsError: a file is damaged, incomplete or of an unknown form, or nothing can be ranked.
    """
    entries = read_all(Source.parse(text) for text in runs)
    return files.write(board.make(entries), out)


def compare(a: str, b: str, out: Path | None, shown: int) -> tuple[str, list[Path]]:
    """Compare two models; the text for people, and the files that were written.

    Raises:
        ResultsError: as for :func:`leaderboard`, or the two have nothing in common.
    """
    one, other = (read_all([Source.parse(text)]) for text in (a, b))
    found = pairs.compare(one, other)
    return pair_files.to_markdown(found, shown), [] if out is None else pair_files.write(found, out)
