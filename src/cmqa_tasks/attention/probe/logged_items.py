"""What a prompt is about, for the log: which item, and where its evidence and its question stand.

For example::

    item = item_of("cmqa_image_text", 0, doc)       # item.first == "a": the image comes first
    spans = spans_of(doc, messages)                 # for cmqa_tasks.attention.probe.segments.segment_batch
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cmqa_tasks.asking import questions
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


def item_of(task: str, doc_id: int, doc: Mapping[str, Any]) -> LoggedItem:
    """What a request is about; of tasks that are not ours, only task and document are known."""
    if "item_id" not in doc or "pieces" not in doc:
        return LoggedItem(task, doc_id, f"{task}/{doc_id}")
    names = _names(doc)
    first: Literal["a", "b", ""] = "" if len(names) == 1 else "a" if names[0] == "evidence_a" else "b"
    return LoggedItem(task, doc_id, doc["item_id"], doc["fact_id"], doc["arm"], doc["relation"], first)


def spans_of(doc: Mapping[str, Any], messages: Messages) -> list[Span]:
    """The segments of a document's prompt: evidence and question of our tasks; images, texts and last text of any other."""
    if "item_id" not in doc or "pieces" not in doc:
        return generic_spans(list(messages))
    return list(_our_spans(doc))


def _our_spans(doc: Mapping[str, Any]) -> Iterator[Span]:
    names = _names(doc)
    for number, part in enumerate(questions.prompt(doc)):
        if part.evidence is not None:
            yield Span(message=0, part=number, name=names[part.evidence])
        elif part.text is not None and (at := part.text.find(doc["question"])) >= 0:
            yield Span(message=0, part=number, name="question", start=at, end=at + len(doc["question"]))


def _names(doc: Mapping[str, Any]) -> list[str]:
    """The segment of each piece: A is the image, else the English one, else the first; B is the other."""
    kinds = [(piece["modality"] != "image", piece["language"] != "en") for piece in doc["pieces"]]
    leads = len(kinds) == 1 or kinds[0] <= kinds[1]
    return (["evidence_a", "evidence_b"] if leads else ["evidence_b", "evidence_a"])[: len(kinds)]
