"""What a prompt is about, for the log: which item, and where its evidence and its question stand.

For example::

    item = item_of("cmqa_image_text", 0, question)  # item.first == "a": the image comes first
    spans = spans_of(question, messages)            # for cmqa_tasks.attention.probe.segments.segment_batch
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cmqa_tasks.asking.question import Question
from cmqa_tasks.attention.probe.segments import Messages, Span, generic_spans


@dataclass(frozen=True, slots=True)
class LoggedItem:
    """What a request is about, for the log."""

    task: str
    doc_id: int
    item_id: str
    fact_id: str = ""
    arm: str = ""
    relation: str = ""
    first: Literal["a", "b", ""] = ""
    """Which segment stands first: ``a``, ``b``, or nothing where there are not two."""


def item_of(task: str, doc_id: int, question: Question | None) -> LoggedItem:
    """What a request is about; of tasks that are not ours (None), only task and document are known."""
    if question is None:
        return LoggedItem(task, doc_id, f"{task}/{doc_id}")
    names, item = _names(question), question.item
    first: Literal["a", "b", ""] = "" if len(names) == 1 else "a" if names[0] == "evidence_a" else "b"
    return LoggedItem(task, doc_id, item.id, item.fact_id, item.arm, item.relation, first)


def spans_of(question: Question | None, messages: Messages) -> list[Span]:
    """The segments of a prompt: evidence and question of our tasks; images, texts and last text of any other (None)."""
    return generic_spans(list(messages)) if question is None else list(_our_spans(question, _user(messages)))


def _user(messages: Messages) -> int:
    """The place of the only message of the user's, which a system prompt may precede."""
    return next(index for index, message in enumerate(messages) if message["role"] == "user")


def _our_spans(question: Question, message: int) -> Iterator[Span]:
    names = _names(question)
    for number, part in enumerate(question.prompt):
        if part.evidence is not None:
            yield Span(message=message, part=number, name=names[part.evidence])
        elif part.text is not None and (at := part.text.find(question.text)) >= 0:
            yield Span(message=message, part=number, name="question", start=at, end=at + len(question.text))


def _names(question: Question) -> list[str]:
    """The segment of each piece: A is the image, else the English one, else the first; B is the other."""
    kinds = [(piece.modality != "image", piece.language != "en") for piece in question.pieces]
    leads = len(kinds) == 1 or kinds[0] <= kinds[1]
    return (["evidence_a", "evidence_b"] if leads else ["evidence_b", "evidence_a"])[: len(kinds)]
