"""The record of what is asked: one item under one protocol in one language, with its evidence.

    >>> from cmqa_tasks.facts.records import arm_named
    >>> from cmqa_tasks.facts.release import load
    >>> question = questions_of(arm_named("text_text"), load(), "aware")[0]
    >>> question.target, len(question.passages)
    ('conflict', 2)

Prompting, scoring, policies and reports take this record. Only the two harness adapters know a flat form of it
(:mod:`cmqa_tasks.harness.rows`).
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from cmqa_tasks.asking import prompts
from cmqa_tasks.asking.items import items_of
from cmqa_tasks.asking.prompts import PromptPart
from cmqa_tasks.asking.protocols import Form, Option, form_of, options, protocol_named
from cmqa_tasks.facts.records import Arm, Fact, Item, Piece
from cmqa_tasks.facts.release import Release, ReleaseError


@dataclass(frozen=True, slots=True)
class Question:
    """One item as it is put to a model. Images stay in the release: see :meth:`images`."""

    item: Item
    fact: Fact
    """What the item asks about."""
    protocol: str
    """How the question is put: a name of :data:`cmqa_tasks.asking.protocols.KNOWN`."""
    language: str
    """The language of the question and its instructions."""
    passages: tuple[str | None, ...]
    """The text of each piece of evidence in order; None where it is an image."""

    @property
    def text(self) -> str:
        """The question itself, in its language."""
        return self.fact.question[self.language]

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The pieces of evidence, in the order in which they are shown."""
        return self.item.pieces

    @property
    def form(self) -> Form:
        """In which form the answer is asked for and read."""
        return form_of(self.protocol, len(self.pieces))

    @property
    def options(self) -> tuple[Option, ...]:
        """The lettered options; empty where the protocol shows none."""
        return options(self.fact, self.language, self.item.turn) if self.form == "letter" else ()

    @property
    def prompt(self) -> tuple[PromptPart, ...]:
        """The prompt in parts; each piece of evidence is a part of its own.

        Raises:
            cmqa_tasks.asking.prompts.PromptError: the template is malformed or does not fit the item.
        """
        pieces = [(piece.modality, piece.language, text) for piece, text in zip(self.pieces, self.passages, strict=True)]
        return prompts.render(self.protocol, self.language, self.text, pieces, self.options)

    @property
    def plain_text(self) -> str:
        """The prompt as one string, images as placeholders."""
        return prompts.plain_text(self.prompt)

    @property
    def target(self) -> str:
        """The right answer, in the form that is asked for: the value shown or ``conflict``; yes or no; a letter."""
        form, conflict, side = self.form, self.item.relation == "conflict", self.pieces[0].side
        if form == "yes_no":
            return "yes" if conflict else "no"
        if form == "letter":
            return next(option.letter for option in self.options if option.means == ("conflict" if conflict else side))
        return "conflict" if conflict else self.fact.value(side).canonical

    def images(self, release: Release) -> list[Image.Image]:
        """The images among the evidence in order, as RGB.

        Raises:
            ReleaseError: an image is missing or cannot be decoded.
        """
        return [self._image(release, piece) for piece in self.pieces if piece.modality == "image"]

    def _image(self, release: Release, piece: Piece) -> Image.Image:
        data = release.image(self.fact.id, piece)
        try:
            with Image.open(io.BytesIO(data)) as image:
                return image.convert("RGB")
        except (UnidentifiedImageError, OSError) as error:
            raise ReleaseError(f"item {self.item.id}: an image of fact {self.fact.id} cannot be decoded: {error}") from error


def questions_of(arm: Arm, release: Release, protocol: str, language: str = "en") -> list[Question]:
    """The questions of an arm, in the order of :func:`cmqa_tasks.asking.items.items_of`.

    Raises:
        ReleaseError: the release lacks a piece of evidence, or a question in this language.
        ValueError: no such protocol.
        cmqa_tasks.asking.prompts.PromptError: no such protocol in this language.
    """
    return [ask(item, release, protocol, language) for item in items_of(arm, release)]


def ask(item: Item, release: Release, protocol: str, language: str = "en") -> Question:
    """The question of one item; arguments and errors as for :func:`questions_of`."""
    protocol_named(protocol)
    prompts.require(protocol, language)
    fact = release.fact(item.fact_id)
    passages = tuple(_passage(release, fact, piece) for piece in item.pieces)
    if language not in fact.question:
        raise ReleaseError(f"fact {fact.id!r} has no question in language {language!r}, only in {', '.join(fact.question)}")
    return Question(item, fact, protocol, language, passages)


def _passage(release: Release, fact: Fact, piece: Piece) -> str | None:
    if piece.modality == "text":
        return release.text(fact.id, piece)
    release.require(fact.id, piece)
    return None
