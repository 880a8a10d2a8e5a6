"""``cmqa show``: an item as it is put to a model, under one protocol or several side by side, as files that a person can open."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from cmqa_tasks.asking.items import items_of
from cmqa_tasks.asking.question import Question, ask
from cmqa_tasks.facts.records import ARMS, Item
from cmqa_tasks.facts.release import Release

_STYLE = (
    "body{font:16px sans-serif;margin:2em;color:#111;background:#fff}pre{white-space:pre-wrap;font:inherit;margin:.5em 0}"
    ".evidence{border-left:4px solid #999;padding-left:1em}th{text-align:left;padding-right:1em}img{max-width:100%}"
    ".prompts{display:grid;grid-auto-flow:column;grid-auto-columns:minmax(22em,40em);gap:2em;overflow-x:auto}"
    "h2{font-size:1.1em;position:sticky;top:0;background:#fff}.about{color:#555;margin:0}"
)


def find(release: Release, identity: str) -> list[Item]:
    """An item by its id, or all items of a fact by the fact's id, in every arm that the release has evidence for.

    Raises:
        ValueError: the release has neither such an item nor such a fact.
    """
    facts = [release.facts[identity]] if identity in release.facts else list(release.facts.values())
    items = [
        item
        for arm in ARMS.values()
        for item in items_of(arm, release, facts)
        if identity in (item.id, item.fact_id) and all(release.has(item.fact_id, piece) for piece in item.pieces)
    ]
    if not items:
        hint = "'cmqa items ARM' lists the items (of other data with --data)"
        raise ValueError(f"release {release.name!r} has no item or fact {identity!r}; {hint}")
    return items


def write(item: Item, release: Release, directory: Path, protocols: Sequence[str], language: str = "en") -> Path:
    """Write one item into ``directory/<item id>/``.

    There are ``<protocol>.<language>.txt`` for every prompt, ``image_1.png`` …, and ``index.html`` with all prompts side by side.

    Returns:
        the path of ``index.html``.

    Raises:
        ValueError: no such protocol, or none in this language.
    """
    questions = [ask(item, release, protocol, language) for protocol in protocols]
    folder = directory / item.id
    folder.mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(questions[0].images(release), start=1):
        image.save(folder / f"image_{number}.png")
    for question in questions:
        (folder / f"{question.protocol}.{language}.txt").write_text(question.plain_text, encoding="utf-8")
    (folder / "index.html").write_text(_html(questions), encoding="utf-8")
    return folder / "index.html"


def _html(questions: Sequence[Question]) -> str:
    item, fact, language = questions[0].item, questions[0].fact, questions[0].language
    rows: dict[str, Any] = {
        "item": item.id,
        "fact": fact.id,
        "arm": item.arm,
        "relation": item.relation,
        "world / type": f"{fact.world} / {fact.type}",
        "value a": fact.a.canonical,
        "value b": fact.b.canonical,
        "shown": " then ".join(piece.side for piece in item.pieces),
    }
    table = "".join(f"<tr><th>{escape(name)}<td>{escape(str(value))}" for name, value in rows.items())
    head = f'<!DOCTYPE html><html lang="{escape(language)}"><meta charset="utf-8"><title>{escape(item.id)}</title>'
    prompts = "".join(map(_prompt, questions))
    return f'{head}<style>{_STYLE}</style><table>{table}</table><hr><div class="prompts">{prompts}</div></html>\n'


def _prompt(question: Question) -> str:
    """One prompt: the template's words, the evidence marked, and the right answer."""
    number, body = 0, []
    for part in question.prompt:
        if part.text is None:
            number += 1
            body.append(f'<img src="image_{number}.png" alt="evidence {number}">')
        else:
            mark = ' class="evidence"' if part.evidence is not None else ""
            body.append(f"<pre{mark}>{escape(part.text.strip())}</pre>")
    title = f"<h2>{escape(question.protocol)}</h2>"
    return f'<section>{title}{"".join(body)}<p class="about">Right answer: {escape(question.target)}</p></section>'
