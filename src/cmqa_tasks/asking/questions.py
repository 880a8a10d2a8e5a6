"""What a task does, as functions over plain dictionaries: documents, prompts, targets, scores, aggregates.

Nothing here knows a harness. :mod:`cmqa_tasks.task_classes` binds these functions to the harnesses' task objects, and the
report re-scores results files with them.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any, cast

from PIL import Image, UnidentifiedImageError

from cmqa_tasks.asking import prompts
from cmqa_tasks.asking.items import items
from cmqa_tasks.asking.protocols import Form, Option, form_of, options, protocol_named
from cmqa_tasks.facts.records import ITEM_KEY, Arm, Fact, Item, Outcome, Piece
from cmqa_tasks.facts.release import Release, ReleaseError
from cmqa_tasks.scoring import metrics
from cmqa_tasks.scoring.metrics import Metric, Scored
from cmqa_tasks.scoring.outcomes import score_response

_LOG = logging.getLogger(__name__)

Document = dict[str, Any]
"""One item with all that scoring and prompting need, JSON-representable; images stay in the release."""


def documents(arm: Arm, release: Release, protocol: str, language: str = "en") -> list[Document]:
    """The documents of an arm, in order: each conflict item followed by its agreeing twin.

    Args:
        arm: which pieces an item has.
        release: the facts and their evidence.
        protocol: how the question is put.
        language: the question's language.

    Raises:
        ReleaseError: the release lacks a piece of evidence, or a question in this language.
        ValueError: no such protocol.
        cmqa_tasks.asking.prompts.PromptError: no such protocol in this language.
    """
    return [document(item, release, protocol, language) for item in items(arm, release.facts.values(), release.name)]


def document(item: Item, release: Release, protocol: str, language: str = "en") -> Document:
    """The document of one item; arguments and errors as for :func:`documents`."""
    protocol_named(protocol)
    prompts.require(protocol, language)
    fact = release.facts[item.fact_id]
    for piece in item.pieces:
        release.require(fact.id, piece)
    if language not in fact.question:
        raise ReleaseError(f"fact {fact.id!r} has no question in language {language!r}, only in {', '.join(fact.question)}")
    return {
        "item_id": item.id,
        "fact_id": fact.id,
        "release": release.name,
        "arm": item.arm,
        "relation": item.relation,
        "protocol": protocol,
        "language": language,
        "question": fact.question[language],
        "pieces": [
            piece.model_dump() | {"text": release.text(fact.id, piece) if piece.modality == "text" else None}
            for piece in item.pieces
        ],
        "options": [asdict(option) for option in options(fact, language)] if _form(protocol, item.pieces) == "letter" else [],
        "fact": fact.model_dump_json(),
    }


def _form(protocol: str, pieces: Sequence[object]) -> Form:
    return form_of(protocol, len(pieces))


def fact_of(doc: Mapping[str, Any]) -> Fact:
    """The fact that a document asks about."""
    return _fact(doc["fact"])


@lru_cache(maxsize=4096)
def _fact(blob: str) -> Fact:
    return Fact.model_validate_json(blob)


def pieces_of(doc: Mapping[str, Any]) -> tuple[Piece, ...]:
    """The pieces of a document, in order."""
    return tuple(
        Piece(**{key: value for key, value in piece.items() if key != "text"})
        for piece in cast("list[dict[str, Any]]", doc["pieces"])
    )


def options_of(doc: Mapping[str, Any]) -> tuple[Option, ...]:
    """The lettered options of a document; none where its protocol shows none."""
    return tuple(Option(**option) for option in doc["options"])


def prompt(doc: Mapping[str, Any]) -> tuple[prompts.Part, ...]:
    """The prompt of a document, as parts."""
    pieces = [(piece["modality"], piece["language"], piece["text"]) for piece in doc["pieces"]]
    return prompts.render(doc["protocol"], doc["language"], doc["question"], pieces, options_of(doc))


def images(doc: Mapping[str, Any], release: Release) -> list[Image.Image]:
    """The images of a document in order, as RGB.

    Raises:
        ReleaseError: an image is missing or cannot be decoded.
    """
    return [_decode(release.image(doc["fact_id"], piece), doc) for piece in pieces_of(doc) if piece.modality == "image"]


def _decode(data: bytes, doc: Mapping[str, Any]) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.convert("RGB")
    except (UnidentifiedImageError, OSError) as error:
        raise ReleaseError(f"item {doc['item_id']}: an image of fact {doc['fact_id']} cannot be decoded: {error}") from error


def messages(doc: Mapping[str, Any], release: Release) -> list[dict[str, Any]]:
    """The prompt as chat messages: one user turn in which every piece of evidence is a content part of its own."""
    pictures = iter(images(doc, release))
    content = [
        {"type": "image", "url": next(pictures)} if part.text is None else {"type": "text", "text": part.text}
        for part in prompt(doc)
    ]
    return [{"role": "user", "content": content}]


def plain_text(doc: Mapping[str, Any]) -> str:
    """The prompt as one string, images as placeholders."""
    return prompts.plain_text(prompt(doc))


def target(doc: Mapping[str, Any]) -> str:
    """The right answer, in the form that is asked for: the value shown or ``conflict``; yes or no; a letter."""
    form, conflict = _form(doc["protocol"], doc["pieces"]), doc["relation"] == "conflict"
    if form == "yes_no":
        return "yes" if conflict else "no"
    if form == "letter":
        right = "conflict" if conflict else doc["pieces"][0]["side"]
        return next(option.letter for option in options_of(doc) if option.means == right)
    return "conflict" if conflict else fact_of(doc).value(doc["pieces"][0]["side"]).canonical


def score(doc: Mapping[str, Any], response: str) -> tuple[Outcome, str | None]:
    """What a response to a document did, and how it was read.

    A response that the reader fails on is ``unparsed``, with a warning. Both harnesses score after all generation, so an
    error here would cost every answer of the run.
    """
    letters = {option.letter: option.means for option in options_of(doc)}
    form = _form(doc["protocol"], doc["pieces"])
    fact, relation, first_side = fact_of(doc), doc["relation"], doc["pieces"][0]["side"]
    try:
        return score_response(response, fact, relation, first_side, form, letters)
    except Exception:  # whatever the fault is, it concerns this answer alone
        _LOG.warning("item %s: its answer could not be read and counts as unparsed", doc["item_id"], exc_info=True)
        return "unparsed", None


def process_results(doc: Mapping[str, Any], response: str, arm: Arm) -> dict[str, dict[str, Any]]:
    """The marks of one response under every metric of its arm, and the per-item record for the samples file.

    An item that does not count for a metric still appears under it, without ``score``: denominators are never
    guessed. ``cluster`` is the fact, for clustered standard errors.
    """
    outcome, parsed = score(doc, response)
    scored = Scored(doc["relation"], outcome, tuple((piece["modality"], piece["language"]) for piece in doc["pieces"]))
    marks = {metric.name: _mark(metric, scored, doc["fact_id"]) for metric in metrics.metrics_of(arm)}
    return marks | {ITEM_KEY: _item_record(doc, outcome, parsed)}


def _mark(metric: Metric, scored: Scored, fact: str) -> dict[str, Any]:
    mark = metric.mark(scored)
    return {"cluster": fact, "relation": scored.relation} | ({} if mark is None else {"score": mark})


def _item_record(doc: Mapping[str, Any], outcome: Outcome, parsed: str | None) -> dict[str, Any]:
    fact = fact_of(doc)
    fields = ("item_id", "fact_id", "release", "arm", "relation", "protocol", "language")
    return {field: doc[field] for field in fields} | {
        "world": fact.world,
        "type": fact.type,
        "sides": [piece["side"] for piece in doc["pieces"]],
        "outcome": outcome,
        "parsed": parsed,
    }


def aggregation_of(metric: Metric) -> Callable[[Sequence[Mapping[str, Any]]], float]:
    """How a metric's marks become one number."""
    return aggregate_balanced if metric is metrics.BALANCED else aggregate_mean


def aggregate_mean(marks: Sequence[Mapping[str, Any]]) -> float:
    """Mean over the items that count; NaN when none does."""
    return metrics.mean(_scores(marks))


def aggregate_balanced(marks: Sequence[Mapping[str, Any]]) -> float:
    """Balanced accuracy: the mean of the rates of right calls among conflict items and among their twins."""
    conflict, agree = (
        metrics.mean(_scores(mark for mark in marks if mark["relation"] == relation)) for relation in ("conflict", "agree")
    )
    return metrics.balanced(conflict, 1.0 - agree)


def _scores(marks: Iterable[Mapping[str, Any]]) -> list[float]:
    return [mark["score"] for mark in marks if "score" in mark]
