"""Numbers that others report about the same question, on other data: for orientation, never beside ours in one table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """One reported number."""

    what: str
    evidence: str
    value: str
    """As it is reported, no digit added."""
    source: str


NOTE = (
    "Other data, prompts and scoring than ours: these show the size of the effect that was reported. They are not comparable "
    "with the rows above."
)
ELSEWHERE: tuple[Elsewhere, ...] = (
    Elsewhere(
        "conflicts recognised", "both pieces of one modality or language", "90 %", "arXiv 2510.02608 (COLM 2025), abstract"
    ),
    Elsewhere(
        "conflicts recognised",
        "pieces of different modalities or languages",
        "as low as 3 %",
        "arXiv 2510.02608 (COLM 2025), abstract",
    ),
)
