"""A response to the question whether the pieces contradict each other, yes or no."""

from __future__ import annotations

import re

from cmqa_tasks.facts.records import Fact
from cmqa_tasks.reading.places import HEAD, Places, places
from cmqa_tasks.reading.whether import contradicts, states

_ANSWER_ZH = r"(?:最[终終后後]的?)?(?:答案?|回答|[结結][论論果]|判[断斷])\s*(?:[应應][该該当當]?)?(?:是|为|為)?\s*[:：]?"
_LEAD = rf"^[\W_]*(?:(?:(?:my|the)\s+)?(?:final\s+)?answer\s*(?:is|:)|{_ANSWER_ZH})?[\W_]*"
_END = r"(?=[\s，,。.!！、;；:：()（）—\"”]|$)"
_END_EN = r"(?=\s*(?:[,.;:!()—\"\n-]|$))"
_THEY = r"(?:they|it|these|the (?:two|pieces)(?: pieces)?(?: of evidence)?)"
_NO = rf"(?:no(?:pe)?|{_THEY} (?:do(?:es)? not|do(?:es)?n't)){_END_EN}"
_NO_ZH = rf"(?:[没沒]有?|不(?:是的?|[会會])?|否|[无無]|[并並](?:不|[没沒]有)){_END}"
_YES = rf"(?:yes|yep|yeah|{_THEY} do(?:es)?){_END_EN}|(?:是的?|有的?|[对對]的?|[没沒][错錯]|[确確][实實]){_END}"
_PARTICLE = re.compile(rf"{_LEAD}(?:(?P<no>{_NO}|{_NO_ZH})|(?P<yes>{_YES}))", re.IGNORECASE)
"""A yes or a no that stands for itself."""
_LOOSE_NO = r"no(?![a-z])(?!\s+(?:doubt|question))|否(?![则則])|不是|[没沒]有|[并並](?:不|[没沒]有)"
_LOOSE_YES = r"yes(?![a-z])(?!\s*(?:/|or\s)\s*no)|是(?![否不])"
_LOOSE = re.compile(rf"{_LEAD}(?:(?P<no>{_LOOSE_NO})|(?P<yes>{_LOOSE_YES}))", re.IGNORECASE)
"""A yes or a no with words behind it (*no page says so*): less than a statement about the evidence."""
_SAID = re.compile(
    rf"(?<![a-z])(?:(?P<no>no)|(?P<yes>yes))(?=\s*[,.!;:)]|\s*$)"
    rf"|{_ANSWER_ZH}[\W_]*(?:(?P<no_zh>否|[没沒]有|不是)|(?P<yes_zh>是|有)){_END}",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?;](?=\s|$)|[。！？；\n]")


def yes_or_no(response: str, fact: Fact | None = None) -> bool | None:
    """Whether an answer to *do they contradict each other?* is yes; None when it says neither.

    A marked final answer counts first, then a yes or a no that leads the response, then one that is its last line; then a
    statement in other words (*the two disagree*), and last a yes or a no elsewhere (*so the answer is yes.*).

    Args:
        response: what the model wrote.
        fact: what it was asked about, so that agreement on that can be told from agreement on something else.
    """
    where = places(response)
    for place in (where.marked, where.head):
        said = _leading(place)
        if said is not None:
            return said
    if where.lines:
        match = _PARTICLE.match(where.lines[-1])
        if match is not None and not where.lines[-1][match.end() :].strip(" .!*。！"):
            return match["yes"] is not None
    stated = contradicts(response, fact)
    return stated if stated is not None else _elsewhere(where)


def _leading(place: str) -> bool | None:
    """The yes or no at the beginning of a place, unless its own sentence states the opposite (*yes, they are consistent*)."""
    match = _PARTICLE.match(place)
    if match is None:
        return None
    stop = _SENTENCE_END.search(place, match.end())
    stated = states(place[match.end() : stop.start() if stop else len(place)])
    return match["yes"] is not None if stated is None else stated


def _elsewhere(where: Places) -> bool | None:
    """A yes or a no where no statement was found: at the beginning of a place, or the last one at the end."""
    for place in (where.marked, where.head):
        match = _LOOSE.match(place)
        if match is not None:
            return match["yes"] is not None
    said = None
    for said in _SAID.finditer(where.tail):  # noqa: B007 -- the last one is wanted
        pass
    if said is None:
        said = _SAID.search(where.head) if len(where.head) == HEAD else None
    return None if said is None else (said["yes"] or said["yes_zh"]) is not None
