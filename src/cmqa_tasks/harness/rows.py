"""A question as a row of a harness's data set, and back.

Harnesses keep documents in a ``datasets.Dataset``, whose rows are dictionaries of plain data. Nothing else in this package
knows them: everywhere else a :class:`~cmqa_tasks.asking.question.Question` is passed on.

    row = to_row(question)          # row["question"], row["pieces"][0]["text"], …
    from_row(row) == question       # True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from cmqa_tasks.asking.question import Question
from cmqa_tasks.facts.records import Item, Piece, fact_of_row
from cmqa_tasks.facts.release import Release

Row = dict[str, Any]


def to_row(question: Question) -> Row:
    """One question as a row of plain data; images stay in the release."""
    item = question.item
    return {
        "item_id": item.id,
        "fact_id": item.fact_id,
        "release": item.release,
        "arm": item.arm,
        "relation": item.relation,
        "protocol": question.protocol,
        "language": question.language,
        "question": question.text,
        "pieces": [piece.model_dump() | {"text": text} for piece, text in zip(question.pieces, question.passages, strict=True)],
        "options": [asdict(option) for option in question.options],
        "fact": question.fact.model_dump(mode="json"),
        **({} if item.turn is None else {"turn": item.turn}),
    }


def is_ours(row: Mapping[str, Any]) -> bool:
    """Whether a harness's document was made by :func:`to_row`."""
    return row.keys() >= {"item_id", "fact", "pieces", "protocol"}


def from_row(row: Mapping[str, Any]) -> Question:
    """The question of a row, also of one that went through a data set."""
    pieces = [dict(piece) for piece in row["pieces"]]
    passages = tuple(piece.pop("text") for piece in pieces)
    item = Item(
        id=row["item_id"],
        release=row["release"],
        arm=row["arm"],
        relation=row["relation"],
        fact_id=row["fact_id"],
        pieces=tuple(Piece(**piece) for piece in pieces),
        turn=row.get("turn"),
    )
    return Question(item, fact_of_row(row["fact"]), row["protocol"], row["language"], passages)


def user_turn(question: Question, release: Release) -> dict[str, Any]:
    """A question as the user's turn of a chat, each piece of evidence a content part; harnesses call an image ``url``."""
    pictures = iter(question.images(release))
    content = [
        {"type": "image", "url": next(pictures)} if part.text is None else {"type": "text", "text": part.text}
        for part in question.prompt
    ]
    return {"role": "user", "content": content}


def text_of(row: Mapping[str, Any]) -> str:
    """The prompt of a row as one string."""
    return from_row(row).plain_text


def target_of(row: Mapping[str, Any]) -> str:
    """The right answer to a row's question."""
    return from_row(row).target
