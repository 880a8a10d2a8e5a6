"""Readers of values: every written form, spans and levels, numerals, folding."""

from __future__ import annotations

from itertools import pairwise

import pytest
from reading_cases import LAMP, all_cases, fact_of

from cmqa_tasks.facts.records import SIDES, Fact, Kind, Value
from cmqa_tasks.reading import BARE, FOREIGN, TYPED, mentions, read
from cmqa_tasks.reading.numerals import value_of
from cmqa_tasks.reading.text import fold, islands, latin
from cmqa_tasks.worlds.languages import chinese, english

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
                assert read(sentence.format(form), fact).sides == ("a",), (a, name, sentence.format(form))


def test_every_surface_form_alone_is_its_side() -> None:
    for fact in {case.fact.model_dump_json(): case.fact for case in all_cases() if "en" in case.fact.entity}.values():
        for side in SIDES:
            for form in fact.value(side).surface.get("en", ()):
                assert read(form, fact).sides == (side,), (form, fact.kind)
                assert read(f"The answer is {form}.", fact).sides == (side,), (form, fact.kind)


def test_names_read_back_in_sentences() -> None:
    pairs = [("榆树街", "橡树路"), ("鸽舍", "高炉山"), ("长老桥", "收费亭"), ("烽火广场", "团结广场"), ("软木巷", "运河道")]
    for a, b in pairs:
        values = {side: Value(canonical=name, surface={"zh": (name,)}) for side, name in (("a", a), ("b", b))}
        fact = LAMP.model_copy(update={"kind": "name", "entity": {"zh": "钟表博物馆"}, **values})
        for sentence in SENTENCES:
            assert read(sentence.format(a), fact).sides == ("a",), a
            assert read(sentence.format(b), fact).sides == ("b",), b


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
        assert read(response, fact).sides == ("a",), response
    assert read("Am Samstag Nebel, so steht es da.", fact).sides == ("b",)
    assert read("Nebelung", fact).sides == ()


def test_the_subject_of_the_question_is_not_its_answer() -> None:
    spec = {
        "world": "shopping",
        "kind": "colour",
        "entity": "Red Fox backpack",
        "a": {"canonical": "blue", "surface": ["blue"]},
        "b": {"canonical": "red", "surface": ["red"]},
    }
    assert read("The Red Fox backpack is blue.", fact_of(spec)).sides == ("a",)
    assert read("The Red Fox backpack is red.", fact_of(spec)).sides == ("b",)


def test_facts_are_told_apart_by_content_not_by_id() -> None:
    other = LAMP.model_copy(update={"a": Value(canonical="5.00 USD", surface={"en": ("$5",)})})
    assert read("$24.99", LAMP).sides == ("a",)
    assert read("$24.99", other).sides == ()


SPANS: list[tuple[Kind, str, list[tuple[str, str]]]] = [
    ("money", "Was $1,299.00, now only 999 dollars.", [("$1,299.00", "1299.00 USD"), ("999 dollars", "999.00 USD")]),
    (
        "money",
        "US$5 and \u20ac5,50 and 80 cents",
        [("US$5", "5.00 USD"), ("\u20ac5,50", "5.50 EUR"), ("80 cents", "0.80 USD")],
    ),
    ("count", "Some twelve hundred people, not 1,250.", [("twelve hundred", "1200"), ("1,250", "1250")]),
    ("percent", "up from 12% to forty per cent", [("12%", "12"), ("forty per cent", "40")]),
    (
        "rating",
        "\u2605\u2605\u2605\u00bd\u2606 (3.5 out of 5)",
        [("\u2605\u2605\u2605\u00bd\u2606", "3.5"), ("3.5 out of 5", "3.5")],
    ),
    ("level", "pain 7/10", [("7/10", "7")]),
    ("rate", "64 beats per minute", [("64 beats per minute", "64")]),
    ("distance", "2.4 km or 800 metres", [("2.4 km", "2.4 km"), ("800 metres", "800 m")]),
    ("dose", "\uff15\uff10\uff10 mg", [("\uff15\uff10\uff10 mg", "500 mg")]),
    ("date", "on the third of March, 2026", [("third of March, 2026", "2026-03-03")]),
    ("date", "by 13 March", [("13 March", "--03-13")]),
    ("time", "at half past eight in the evening", [("half past eight in the evening", "20:30")]),
    ("score", "won 3\u20131", [("3\u20131", "3-1")]),
    ("blood_group", "type O\u2212, not a positive test", [("O\u2212", "O-")]),
    ("direction", "north-easterly", [("north-easterly", "north-east")]),
    ("colour", "in navy", [("navy", "blue")]),
    ("weather", "with heavy showers", [("showers", "rain")]),
    ("allergen", "to PCN", [("PCN", "penicillin")]),
    ("name", "near Oak Lane.", [("Oak Lane", "Oak Lane")]),
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
]


def test_mentions_have_spans_into_the_original_text() -> None:
    for kind, text, expected in SPANS:
        found = [(text[mention.start : mention.end], mention.readings[0]) for mention in mentions(text, kind)]
        assert found == expected, (kind, text)


LEVELS: list[tuple[Kind, str, list[int]]] = [
    ("money", "$5, or 7, for 3 chairs", [TYPED, BARE, FOREIGN]),
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
]


def test_mentions_say_how_clearly_they_are_of_the_kind() -> None:
    for kind, text, levels in LEVELS:
        assert [mention.level for mention in mentions(text, kind)] == levels, (kind, text)


def test_a_date_or_time_with_two_readings_keeps_both() -> None:
    assert mentions("03/04/2026", "date")[0].readings == ("2026-04-03", "2026-03-04")
    assert mentions("8:30", "time")[0].readings == ("08:30", "20:30")
    assert mentions("08:30", "time")[0].readings == ("08:30",)


NUMERALS: list[tuple[str, float | None]] = [
    ("十", 10), ("十二", 12), ("二十", 20), ("一百零五", 105), ("一百五", 150), ("一百五十", 150),
    ("两千四百", 2400), ("一千零五", 1005), ("一万零二百", 10200), ("一万二千四百五十", 12450), ("两万五", 25000),
    ("十二万", 120000), ("一亿二千万", 120000000), ("1.24万", 12400), ("1万2千", 12000), ("3千", 3000),
    ("3千5", 3500), ("二十四点九九", 24.99), ("零点五", 0.5), ("二〇二六", 2026), ("〇", 0), ("1,200", 1200),
    ("三五", None), ("百", None), ("一二百", None), ("十百", None), ("一百二千", None), ("二" * 30, None),
]  # fmt: skip


def test_numerals() -> None:
    assert [(written, value_of(written)) for written, _ in NUMERALS] == NUMERALS


def test_views_keep_the_length_of_any_text() -> None:
    everything = "".join(map(chr, [*range(0x20, 0xD800), *range(0xE000, 0x11000)]))
    for view in (fold, latin, islands):
        assert len(view(everything)) == len(everything)
    assert len(fold(everything).lower()) == len(everything)
