"""Reading Chinese and mixed answers: hand-written cases, every written form, the readers of values, and hostile input."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from test_extract import fact_of, load

from cmqa_tasks.facts.records import KINDS, OUTCOMES, Fact, Kind, Value
from cmqa_tasks.reading import BARE, FOREIGN, TYPED, contradicts, extract, mentions
from cmqa_tasks.reading.han import HAN, TRADITIONAL, fold_han, islands, latin
from cmqa_tasks.reading.normalise import LIMIT
from cmqa_tasks.reading.numbers_zh import value_of
from cmqa_tasks.scoring.outcomes import score_answer
from cmqa_tasks.worlds.languages import chinese, english

CASES = Path(__file__).parent / "cases" / "extract_zh"
ALL = load(CASES)
FACTS = {id(param.values[0]): param.values[0] for param in ALL}
LAMP = next(fact for fact in FACTS.values() if fact.a.canonical == "24.99 USD")


@pytest.mark.parametrize(("fact", "case"), ALL)
def test_case(fact: Fact, case: dict[str, Any]) -> None:
    outcome, reading = score_answer(case["response"], fact, case["relation"], case["first"])
    assert outcome == case["expected"], reading


def test_cases_cover_every_kind_world_and_outcome() -> None:
    facts = [param.values[0] for param in ALL]
    assert {fact.kind for fact in facts} == set(KINDS)
    assert {fact.world for fact in facts} == {"news", "shopping", "maps", "health"}
    outcomes = Counter(param.values[1]["expected"] for param in ALL)
    assert set(outcomes) == set(OUTCOMES)
    assert min(outcomes.values()) >= 8
    assert len(ALL) >= 500
    assert len({param.values[1]["response"] for param in ALL if HAN.search(param.values[1]["response"])}) >= 450


# --- written forms ---------------------------------------------------------------------------------------------------

CANONICAL: dict[Kind, tuple[str, ...]] = {
    "money": ("24.99 USD", "29.00 USD", "2.00 USD", "1249.50 USD", "0.75 USD", "12450.00 USD", "102.30 USD", "24.99 EUR"),
    "count": ("1200", "12450", "2", "34", "20000", "10200", "22000", "105", "12400"),
    "percent": ("40", "45", "4.5", "62", "5", "100", "2"),
    "rating": ("3.5", "4", "2", "2.5", "1", "5"),
    "level": ("7", "2", "10", "1"),
    "rate": ("80", "112", "60", "102"),
    "distance": ("2.4 km", "12 km", "850 m", "1.5 mi", "2 km", "0.5 km", "2.05 km"),
    "dose": ("500 mg", "2.5 mg", "1 g", "50 mcg", "5 ml", "2 mg"),
    "date": ("2026-03-03", "2026-12-31", "2026-10-20", "2026-11-02"),
    "time": ("08:30", "15:00", "12:15", "00:30", "23:45", "18:05", "04:15", "11:00", "20:00", "14:20"),
    "score": ("3-1", "0-0", "10-2", "12-11"),
    "blood_group": ("O+", "AB-", "A-", "B+"),
    "direction": ("north", "north-east", "south-west", "east", "south", "west", "south-east", "north-west"),
    "colour": ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "grey"),
    "weather": ("sunny", "cloudy", "rain", "thunderstorm", "snow", "fog"),
    "allergen": (
        "penicillin", "latex", "peanuts", "aspirin", "codeine", "shellfish", "iodine", "eggs", "ibuprofen", "sulfa drugs",
    ),
}  # fmt: skip
SENTENCES = ("{}", "根据图片，答案是{}。", "{}。", "文字里写的是{}", "答案：{}", "The answer is {}.")


def bare_fact(kind: Kind, a: str, b: str, *, forms: bool) -> Fact:
    """A fact whose values list all their written forms, or one that the reader can learn nothing from."""

    def value(canonical: str) -> Value:
        written = {"en": tuple(english.FORMS[kind](canonical).values()), "zh": tuple(chinese.FORMS[kind](canonical).values())}
        return Value(canonical=canonical, surface=written if forms else {"en": ()})

    return LAMP.model_copy(update={"kind": kind, "entity": {"en": "it"}, "a": value(a), "b": value(b)})


@pytest.mark.parametrize("kind", CANONICAL)
@pytest.mark.parametrize("forms", [True, False], ids=["listed", "unlisted"])
def test_every_written_form_reads_back(kind: Kind, forms: bool) -> None:
    for a, b in pairwise((*CANONICAL[kind], CANONICAL[kind][0])):
        fact = bare_fact(kind, a, b, forms=forms)
        others = set(chinese.FORMS[kind](b).values())
        for name, form in chinese.FORMS[kind](a).items():
            if form in others or (form.partition(":")[0] == "上午12" and not forms):
                continue
            for sentence in SENTENCES:
                assert extract(sentence.format(form), fact).sides == ("a",), (a, name, sentence.format(form))


def test_names_read_back_in_sentences() -> None:
    pairs = [("榆树街", "橡树路"), ("鸽舍", "高炉山"), ("长老桥", "收费亭"), ("烽火广场", "团结广场"), ("软木巷", "运河道")]
    for a, b in pairs:
        values = {side: Value(canonical=name, surface={"zh": (name,)}) for side, name in (("a", a), ("b", b))}
        fact = LAMP.model_copy(update={"kind": "name", "entity": {"zh": "钟表博物馆"}, **values})
        for sentence in SENTENCES:
            assert extract(sentence.format(a), fact).sides == ("a",), a
            assert extract(sentence.format(b), fact).sides == ("b",), b


def test_a_third_language_is_read_by_its_written_forms() -> None:
    spec = {
        "world": "news",
        "kind": "weather",
        "entity": {"en": "Saturday", "de": "Samstag"},
        "a": {"canonical": "rain", "surface": {"en": ["rain"], "zh": ["雨"], "de": ["Regen", "regnerisch"]}},
        "b": {"canonical": "fog", "surface": {"en": ["fog"], "zh": ["雾"], "de": ["Nebel", "nebelig"]}},
    }
    fact = fact_of(spec)
    for response in ("Regen", "Es gibt Regen.", "Samstag: regnerisch", "天气是Regen。", "Regen（雨）"):
        assert extract(response, fact).sides == ("a",), response
    assert extract("Am Samstag Nebel, so steht es da.", fact).sides == ("b",)
    assert extract("Nebelung", fact).sides == ()


# --- readers of values -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("money", "原价三十美元，现价２４．９９美元。", [("三十美元", "30.00 USD"), ("２４．９９美元", "24.99 USD")]),
        ("money", "运费$5，礼品卡十二块五，另付8欧元", [("$5", "5.00 USD"), ("十二块五", "12.5"), ("8欧元", "8.00 EUR")]),
        ("count", "迎来一万二千四百五十名游客，志愿者80名", [("一万二千四百五十", "12450"), ("80", "80")]),
        ("percent", "从12%升到百分之四十，约四成", [("12%", "12"), ("百分之四十", "40"), ("四成", "40")]),
        ("rating", "评分三颗半星（满分五星）", [("三颗半星（满分五星", "3.5")]),
        ("level", "疼痛10分中的7分", [("10分中的7分", "7")]),
        ("rate", "每分钟跳80下", [("每分钟跳80下", "80")]),
        ("distance", "先走800米，再走2.4公里", [("800米", "800 m"), ("2.4公里", "2.4 km")]),
        ("dose", "５００毫克，半克也行", [("５００毫克", "500 mg"), ("半克", "0.5 g")]),
        ("date", "2026年3月3日开幕，3月15日闭幕", [("2026年3月3日", "2026-03-03"), ("3月15日", "--03-15")]),
        ("time", "上午九點一刻到15:00", [("上午九點一刻", "09:15"), ("15:00", "15:00")]),
        ("score", "三比一获胜", [("三比一", "3-1")]),
        ("blood_group", "A型Rh阴性", [("A型Rh阴性", "A-")]),
        ("direction", "往東北，不是往北", [("東北", "north-east"), ("北", "north")]),
        ("colour", "外层深蓝色，内衬白色", [("深蓝色", "blue"), ("白色", "white")]),
        ("weather", "雷阵雨转多云", [("雷阵雨", "thunderstorm"), ("多云", "cloudy")]),
        ("allergen", "盤尼西林和花生", [("盤尼西林", "penicillin"), ("花生", "peanuts")]),
        ("name", "书店在榆树街。", [("榆树街", "榆树街")]),
    ],
)
def test_mentions_have_spans_into_the_original_text(kind: Kind, text: str, expected: list[tuple[str, str]]) -> None:
    assert [(text[one.start : one.end], one.readings[0]) for one in mentions(text, kind)] == expected


@pytest.mark.parametrize(
    ("kind", "text", "levels"),
    [
        ("money", "24.99美元，或者7，买三把椅子，走2公里", [TYPED, BARE, FOREIGN, FOREIGN]),
        ("count", "三把椅子，1200人，2公里，24.99美元", [BARE, BARE, FOREIGN]),
        ("count", "图片1中有两份资料，第三个，一致", []),
        ("percent", "四成，40，四名选手", [TYPED, BARE, FOREIGN]),
        ("direction", "北京的东西在东北大街和南门", [FOREIGN]),
        ("colour", "明白的人在蓝图前红了脸", []),
        ("weather", "雨伞、雪糕、阴影和雾灯", []),
        ("date", "三月和13点", []),
        ("time", "三点建议，小时候，3小时，2.5公里", []),
        ("score", "3把椅子比5把椅子好，3月1日", []),
        ("blood_group", "A型流感，型号B", []),
        ("rate", "每天两次，80次/分", [FOREIGN, TYPED]),
    ],
)
def test_mentions_say_how_clearly_they_are_of_the_kind(kind: Kind, text: str, levels: list[int]) -> None:
    assert [one.level for one in mentions(text, kind)] == levels


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("十", 10), ("十二", 12), ("二十", 20), ("一百零五", 105), ("一百五", 150), ("一百五十", 150),
        ("两千四百", 2400), ("一千零五", 1005), ("一万零二百", 10200), ("一万二千四百五十", 12450), ("两万五", 25000),
        ("十二万", 120000), ("一亿二千万", 120000000), ("1.24万", 12400), ("1万2千", 12000), ("3千", 3000),
        ("3千5", 3500), ("二十四点九九", 24.99), ("零点五", 0.5), ("二〇二六", 2026), ("〇", 0), ("1,200", 1200),
        ("三五", None), ("百", None), ("一二百", None), ("十百", None), ("一百二千", None), ("二" * 30, None),
    ],
)  # fmt: skip
def test_numerals(written: str, value: float | None) -> None:
    assert value_of(written) == value


def test_folding_keeps_the_length_of_any_text() -> None:
    everything = "".join(map(chr, [*range(0x20, 0xD800), *range(0xE000, 0x11000)]))
    for view in (fold_han, latin, islands):
        assert len(view(everything)) == len(everything)
    assert len(fold_han(everything).lower()) == len(everything)
    assert not set(TRADITIONAL.values()) & set(TRADITIONAL)


def test_whether_a_response_calls_the_evidence_contradictory() -> None:
    assert contradicts("两份证据互相矛盾。") is True
    assert contradicts("並無矛盾，兩者一致。") is False
    assert contradicts("24.99美元") is None
    assert contradicts("<think>两者矛盾</think>没有矛盾") is False


def test_contradiction_keeps_all_values_that_it_mentions() -> None:
    assert extract("两者矛盾：一个是29.99美元，一个是24.99美元。", LAMP).sides == ("b", "a")
    assert extract("两者矛盾，但应为29.99美元而不是24.99美元。", LAMP).sides == ("b", "a")


# --- hostile input ---------------------------------------------------------------------------------------------------

HOSTILE = {
    "one": "一" * 1_000_000,
    "numerals": "一二三" * 333_000,
    "tens": "十" * 1_000_000,
    "points": "一点" * 500_000,
    "mixed digits": "1万2千" * 200_000,
    "digits in text": "是1" * 500_000,
    "not": "不" * 1_000_000,
    "without": "没有" * 500_000,
    "no conflict": "没有矛盾" * 250_000,
    "clauses": "矛盾，" * 333_000,
    "agree": "两者一致。" * 200_000,
    "different": "不同" * 500_000,
    "flat": "其中必有一个是" * 142_000,
    "sources": "图片文字" * 250_000,
    "answers": "答案：" * 333_000,
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
    "half": "半" * 1_000_000,
    "full stops": "。" * 999_999 + "中",
    "traditional": "圖" * 1_000_000,
    "brackets": "（中" * 500_000,
    "switching": "conflict矛盾" * 100_000,
}


@pytest.mark.parametrize("junk", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("size", [LIMIT, 1_000_000])
def test_junk_of_any_length_is_a_counted_outcome(junk: str, size: int) -> None:
    """Just below the limit everything is read; beyond it only two windows, so that a few kinds tell."""
    facts = {fact.kind: fact for fact in FACTS.values()}
    for kind, fact in list(facts.items())[:: 1 if size == LIMIT else 5]:
        outcome, _ = score_answer(junk[:size], fact, "conflict", "a")
        assert outcome in OUTCOMES, kind
        assert outcome not in ("first", "second", "correct"), (kind, outcome)


def test_a_long_response_is_read_at_both_ends() -> None:
    filler = "如此等等，" * 6_000
    assert extract(f"答案是24.99美元。{filler}", LAMP).sides == ("a",)
    assert extract(f"{filler}所以答案是24.99美元。", LAMP).sides == ("a",)
    assert extract(f"图片和文字互相矛盾，因为{filler}。", LAMP).conflict
    reading = extract(f"答案是24.99美元。{filler}答案是29.99美元。", LAMP)
    assert reading.sides == ()
    assert reading.parsed is not None
    assert "too long" in reading.parsed


def test_readings_are_the_same_every_time() -> None:
    for param in ALL[::7]:
        fact, case = param.values
        assert extract(case["response"], fact) == extract(case["response"], fact)
