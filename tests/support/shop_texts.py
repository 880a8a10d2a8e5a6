"""What tests ask of the texts of a shop, in any language."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

from cmqa_tasks.worlds.languages import write
from cmqa_tasks.worlds.shopping import FIELD_KINDS


def forms(kind: str, canonical: str, language: str = "en") -> set[str]:
    """Every written form that is a value by itself; a lone figure of a rating also stands in dates and counts."""
    bare = {"bare", "bare_words"} if kind == "rating" else set()
    return {form for name, form in write(kind, canonical, language).forms.items() if name not in bare}


def holds(text: str, form: str) -> bool:
    return re.search(rf"(?<![\w/-])(?<!\d[.,]){re.escape(form)}(?![\w/-]|[.,]\d)", text, re.IGNORECASE) is not None


def visible(source: str) -> str:
    body = re.sub(r"<style>.*?</style>", " ", source, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def exchanged(first: str, second: str, between: str = " ") -> tuple[str, str]:
    """What is left of two texts without the words (for an empty ``between``: the characters) that both begin and end with."""
    left, right = (text.split(between) if between else list(text) for text in (first, second))
    while left and right and left[0] == right[0]:
        left, right = left[1:], right[1:]
    while left and right and left[-1] == right[-1]:
        left, right = left[:-1], right[:-1]
    return between.join(left), between.join(right)


def keys(table: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a nested table, and the lengths of the lists in it."""
    return {
        key: keys(entry) if isinstance(entry, Mapping) else len(entry) if isinstance(entry, list) else 1
        for key, entry in table.items()
    }


def fields_told(template: str) -> set[str]:
    """The typed values of the scene (or of a neighbour) that a passage's template names, in whatever form, and the weight."""
    paths = [path.split(".") for path in re.findall(r"\{\{\s*([\w.]+)", template)]
    named = {".".join(path[:2]) if path[0] in {"other", "also"} else path[0] for path in paths}
    return {field for field in named if field.split(".")[-1] in FIELD_KINDS or field == "weight"}
