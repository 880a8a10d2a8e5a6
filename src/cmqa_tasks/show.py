"""``cmqa show``: an item as it is put to a model, written as files that a person can open."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from cmqa_tasks import tasks
from cmqa_tasks.records import ARMS
from cmqa_tasks.release import Release


def find(release: Release, identity: str, protocol: str) -> list[tasks.Document]:
    """The documents of an item by its id, or of all items of a fact by the fact's id.

    Raises:
        ValueError: the release has neither such an item nor such a fact.
    """
    found = [
        doc
        for arm in ARMS.values()
        for doc in tasks.documents(arm, release, protocol)
        if identity in (doc["item_id"], doc["fact_id"])
    ]
    if not found:
        raise ValueError(f"release {release.name!r} has no item or fact {identity!r}; 'cmqa items ARM' lists the items")
    return found


def write(doc: tasks.Document, release: Release, directory: Path) -> Path:
    """Write one item into ``directory/<item id>/``: ``prompt.txt``, ``image_1.png`` …, and ``index.html`` with all of it.

    Returns:
        the path of ``index.html``.
    """
    folder = directory / str(doc["item_id"])
    folder.mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(tasks.images(doc, release), start=1):
        image.save(folder / f"image_{number}.png")
    (folder / "prompt.txt").write_text(tasks.plain_text(doc), encoding="utf-8")
    (folder / "index.html").write_text(_html(doc), encoding="utf-8")
    return folder / "index.html"


def _html(doc: tasks.Document) -> str:
    fact, number, body = tasks.fact_of(doc), 0, []
    for part in tasks.prompt(doc):
        if part.text is None:
            number += 1
            body.append(f'<img src="image_{number}.png" alt="evidence {number}">')
        else:
            mark = ' class="evidence"' if part.evidence is not None else ""
            body.append(f"<pre{mark}>{escape(part.text.strip())}</pre>")
    rows: dict[str, Any] = {
        "item": doc["item_id"],
        "fact": doc["fact_id"],
        "arm": doc["arm"],
        "relation": doc["relation"],
        "protocol": doc["protocol"],
        "world / type": f"{fact.world} / {fact.type}",
        "value a": fact.a.canonical,
        "value b": fact.b.canonical,
        "shown": " then ".join(piece["side"] for piece in doc["pieces"]),
        "right answer": tasks.target(doc),
    }
    table = "".join(f"<tr><th>{escape(name)}<td>{escape(str(value))}" for name, value in rows.items())
    style = (
        "body{font:16px sans-serif;max-width:44em;margin:2em auto;padding:0 1em}pre{white-space:pre-wrap;font:inherit}"
        ".evidence{border-left:4px solid #999;padding-left:1em}th{text-align:left;padding-right:1em}img{max-width:100%}"
    )
    head = f'<!DOCTYPE html><html lang="{escape(doc["language"])}"><meta charset="utf-8"><title>{escape(doc["item_id"])}</title>'
    return f"{head}<style>{style}</style><table>{table}</table><hr>{''.join(body)}</html>\n"
