"""``texts`` with questions and answers, as FineVision and The Cauldron have them: each pair is two turns about the row's images.

{"images": [{"bytes": …}], "texts": [{"user": "Which colour?", "assistant": "Red."}], "source": "vqav2"}
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

from cmqa_tasks.training.formats.fields import Form, Turn, fields_of, full_list, text_of

_RATED = ("relevance", "image_correspondence", "visual_dependency", "formatting")
"""What FineVision rates each pair by; the ratings are notes about the row."""


def _turns(fields: Mapping[str, Any], root: str) -> list[Turn]:
    pairs = full_list(fields["texts"], "texts")
    return list(chain.from_iterable(_pair(pair, f"texts.{place}") for place, pair in enumerate(pairs)))


def _pair(value: object, field: str) -> list[Turn]:
    fields = fields_of(value, field, ("user", "assistant", "source"), ("user", "assistant"))
    return [Turn(role, text_of(fields[role], f"{field}.{role}"), f"{field}.{role}") for role in ("user", "assistant")]


FORM = Form(
    "texts",
    _turns,
    fields=frozenset({"source", *(f"{rated}_{kind}" for rated in _RATED for kind in ("ratings", "min"))}),
    places_images=True,
)
