"""Junk of any length is a counted outcome, under every form."""

from __future__ import annotations

import pytest
from reading_cases import LAMP, all_cases

from cmqa_tasks.asking.items import items_of
from cmqa_tasks.asking.protocols import Form
from cmqa_tasks.facts.records import ARMS, OUTCOMES
from cmqa_tasks.facts.release import load
from cmqa_tasks.reading import read
from cmqa_tasks.reading.response import LIMIT
from cmqa_tasks.scoring.outcomes import score_answer

HOSTILE = {
    "no": "no " * 333_333,
    "not": "not " * 250_000,
    "digits": "1" * 1_000_000,
    "spaced digits": "1 " * 500_000,
    "grouped digits": "1,111," * 166_000,
    "parentheses": "(" * 1_000_000,
    "braces": '{"a":' * 200_000,
    "brackets": "[" * 1_000_000,
    "stars": "\u2605" * 1_000_000,
    "number words": "twenty one hundred and " * 43_000,
    "tags": "<think>" * 143_000,
    "closed tags": "<think></think>" * 66_000,
    "boxes": "\\boxed{" * 143_000,
    "markers": "answer: " * 125_000,
    "conflicts": "conflict " * 111_000,
    "dots": ". " * 500_000,
    "newlines": "\n" * 1_000_000,
    "spaces": " " * 1_000_000,
    "accents": "\u00e9\u0130" * 500_000,
    "colons": "8:" * 500_000,
    "capitals": "Aa " * 333_000,
    "both": "both they " * 100_000,
    "differences": "prices differ in " * 60_000,
    "agreements": "both agree that the same " * 40_000,
    "Chinese one": "一" * 1_000_000,
    "numerals": "一二三" * 333_000,
    "tens": "十" * 1_000_000,
    "points": "一点" * 500_000,
    "mixed digits": "1万2千" * 200_000,
    "digits in text": "是1" * 500_000,
    "Chinese not": "不" * 1_000_000,
    "without": "没有" * 500_000,
    "no conflict": "没有矛盾" * 250_000,
    "clauses": "矛盾，" * 333_000,
    "Chinese agree": "两者一致。" * 200_000,
    "Chinese different": "不同" * 500_000,
    "flat": "其中必有一个是" * 142_000,
    "Chinese sources": "图片文字" * 250_000,
    "Chinese answers": "答案：" * 333_000,
    "chosen": "应该是" * 333_000,
    "uncertain": "无法" * 500_000,
    "north": "东南西北" * 250_000,
    "dates": "三月" * 500_000,
    "hours": "三点" * 500_000,
    "fractions": "百分之" * 333_000,
    "ratio": "比" * 1_000_000,
    "street": "街" * 1_000_000,
    "red": "红" * 1_000_000,
    "rain": "雷阵" * 500_000,
    "Chinese half": "半" * 1_000_000,
    "full stops": "。" * 999_999 + "中",
    "traditional": "圖" * 1_000_000,
    "Chinese brackets": "（中" * 500_000,
    "switching": "conflict矛盾" * 100_000,
}


FACTS = list({case.fact.kind: case.fact for case in all_cases()}.values())


@pytest.mark.parametrize(("size", "some"), [(LIMIT, slice(0, None, 2)), (1_000_000, slice(1, None, 4))])
def test_junk_of_any_length_is_a_counted_outcome(size: int, some: slice) -> None:
    """At the limit everything is read, beyond it only the two ends. Each kind of junk meets another kind of fact."""
    for number, (name, junk) in list(enumerate(HOSTILE.items()))[some]:
        fact = FACTS[number % len(FACTS)]
        outcome, _ = score_answer(junk[:size], fact, "conflict", "a")
        assert outcome in OUTCOMES, (name, fact.kind)
        assert outcome not in ("first", "second", "correct"), (name, fact.kind, outcome)


@pytest.mark.parametrize("form", ["free", "final_line", "yes_no", "letter"])
def test_a_huge_response_is_read_under_every_form(form: Form) -> None:
    for response in ("Final answer: " * 80_000, "\n" * 1_000_000, "答案：" * 300_000, "A " * 500_000):
        read(response, LAMP, form, {"A": "b", "B": "conflict", "C": "a", "D": "abstain"})


def test_evidence_states_no_contradiction() -> None:
    """Prose about something else, in which things differ, clash and agree as they do anywhere."""
    release = load()
    passages = {
        (item.fact_id, release.text(item.fact_id, piece))
        for arm in (ARMS["text_text"], ARMS["zh_zh"])
        for item in items_of(arm, release)
        for piece in item.pieces
    }
    for fact, passage in passages:
        assert not read(passage, release.facts[fact]).conflict, passage
