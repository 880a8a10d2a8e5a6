"""What ``cmqa mix`` can be told, checked before anything is read."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from cmqa_tasks.facts.records import FrozenRecord
from cmqa_tasks.training.choices import JOINING, Format, Images, OnError, Strategy
from cmqa_tasks.training.chunks import Source
from cmqa_tasks.writing.problems import first_problem


class MixError(ValueError):
    """A run cannot start or go on; the message says why and what to do."""


class Options(FrozenRecord):
    """What a run is told."""

    sources: tuple[Source, ...] = Field(min_length=1)
    strategy: Strategy
    per_example: int = Field(default=1, ge=1)
    """Instances of an example at most."""
    max_tokens: int | None = Field(default=None, ge=1)
    """Tokens of an example at most."""
    model: str | None = None
    """Whose processor counts tokens."""
    revision: str | None = None
    ratio: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] | None = None
    """Share of each group, relative to the others."""
    repeat: int = Field(default=1, ge=1)
    """How often each instance is used."""
    seed: int = Field(default=0, ge=0, lt=2**64)
    images: Images = "reference"
    format: Format = "parquet"
    on_error: OnError = "fail"
    check_images: bool = False
    """Whether every image is decoded while rows are read, so that a damaged one is a bad row."""

    @model_validator(mode="after")
    def _fit_together(self) -> Options:
        joins = self.strategy in JOINING
        if joins != (self.per_example > 1):
            raise ValueError(
                f"strategy {self.strategy} takes per_example {'2 or more' if joins else '1'}, not {self.per_example}"
            )
        if self.max_tokens is not None and self.model is None:
            raise ValueError("max_tokens needs a model, whose processor counts them")
        if self.revision is not None and self.model is None:
            raise ValueError(f"--revision {self.revision} is of a model; name it: --model")
        groups = sorted({group for source in self.sources for group in source.groups})
        if self.ratio is not None and not self.ratio.keys() <= set(groups):
            raise ValueError(f"--ratio names {', '.join(self.ratio)}; the groups can only be {', '.join(groups)}")
        if self.strategy == "instance" and len(groups) < 2:
            raise ValueError(f"strategy instance joins instances of different groups, and all sources are of group {groups[0]}")
        if self.format == "jsonl" and self.images == "embed":
            raise ValueError("JSON lines hold paths of images, not images; choose format parquet to embed them")
        return self


def options_of(**told: Any) -> Options:
    """Options from a command line.

    Raises:
        MixError: they do not fit together; one line says why.
    """
    try:
        return Options(**told)
    except ValidationError as error:
        raise MixError(first_problem(error, _flag)) from error


def _flag(field: str) -> str:
    """What the command line calls a field: ``--per-example``; of ``ratio.my_group``, ``--ratio.my_group``."""
    option, dot, inside = field.partition(".")
    return f"--{option.replace('_', '-')}{dot}{inside}"


def ratio_of(text: str) -> dict[str, float]:
    """Read ``image=1,text=2``.

    Raises:
        MixError: it is not of this form.
    """
    shares: dict[str, float] = {}
    for part in text.split(","):
        group, _, share = part.partition("=")
        if group in shares:
            raise MixError(f"--ratio {text}: {group!r} is named twice")
        try:
            shares[group] = float(share)
        except ValueError:
            raise MixError(f"--ratio {text}: {part!r} is no GROUP=SHARE with a number") from None
    return shares


def share_of(text: str) -> tuple[int, int]:
    """Which share, from 1, and of how many: ``2/4``.

    Raises:
        MixError: it is not of this form.
    """
    share, _, shares = text.partition("/")
    if not (share.isdecimal() and shares.isdecimal()):
        raise MixError(f"--shard {text}: must be I/N, such as 2/4")
    return int(share), int(shares)
