from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image

from cmqa_tasks.asking.items import items_of
from cmqa_tasks.asking.question import questions_of
from cmqa_tasks.facts.records import ARMS, CANONICAL_FORMS, Arm, Item, Kind, Piece
from cmqa_tasks.facts.release import Release, ReleaseError, load
from cmqa_tasks.harness.settings import read
from cmqa_tasks.scoring.outcomes import score_response
from cmqa_tasks.worlds.languages import check_canonical
from cmqa_tasks.worlds.languages import write as write_value
from cmqa_tasks.worlds.own import OwnDataError, faults, opened, read_jsonl

GOOD = {"question": "Q?", "kind": "name", "a": "Elm", "b": "Oak", "texts": {"a": ["x", "y"], "b": ["z", "w"]}}


def write(path: Path, *rows: object) -> Path:
    file = path / "own.jsonl"
    file.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return file


def test_own_facts_make_items_of_every_arm_in_their_language(own_release: Release) -> None:
    assert own_release.name == "receipts"
    for arm in ARMS.values():
        if {language for _, language in arm.pieces} != {"en"}:
            with pytest.raises(ReleaseError, match=r"release 'receipts' has no (text|image) of fact .* in language 'zh'"):
                questions_of(arm, own_release, "aware")
            continue
        questions = questions_of(arm, own_release, "aware")
        assert len(questions) == 2 * len(own_release.facts)
        assert len(questions[0].images(own_release)) == sum(modality == "image" for modality, _ in arm.pieces)


def test_own_values_are_read_like_ours(own_release: Release) -> None:
    conflict, twin = questions_of(ARMS["text_text"], own_release, "aware")[:2]
    assert score_response("They contradict each other.", conflict)[0] == conflict.target == "conflict"
    assert score_response("twenty dollars and ninety-nine cents", twin)[0] == "correct"


def test_own_spellings_replace_ours(tmp_path: Path) -> None:
    row = GOOD | {"a": {"canonical": "elm", "surface": ["the old elm", "ulmus"]}}
    release = read_jsonl(write(tmp_path, row))
    question = questions_of(ARMS["text"], release, "aware")[0]
    assert score_response("It is Ulmus.", question)[0] == "correct"


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("{not json", r":2: no JSON"),
        ({"kind": "name"}, r":2: question: Field required"),
        (GOOD | {"kind": "colr"}, r":2: kind: Input should be 'money'.* not 'colr'"),
        (GOOD | {"color": "red"}, r":2: color: Extra inputs are not permitted"),
        (GOOD | {"b": "Elm"}, r":2: a, b: .*both 'Elm'; they must differ"),
        (GOOD | {"kind": "money"}, r":2: a: 'Elm' is no money \(amount"),
        (
            GOOD | {"kind": "count", "a": "7", "b": {"canonical": "1,200", "surface": ["1,200"]}},
            r":2: b: '1,200' is no count",
        ),
        (GOOD | {"kind": "date", "language": "fr", "a": "3 mars"}, r":2: a: '3 mars' is no date \(ISO 8601"),
        (GOOD | {"texts": {"a": ["x", "y", "z"]}}, r":2: texts\.a: Value should have at most 2 items"),
        (GOOD | {"texts": {"a": []}}, r":2: texts\.a: Value should have at least 1 item"),
        (GOOD | {"texts": {"c": ["x", "y"]}}, r":2: texts\.c"),
        (GOOD | {"texts": {"en": {"c": "x"}}}, r":2: texts\.en\.c: Extra inputs are not permitted"),
        (GOOD | {"texts": {"a": "same", "b": "same"}}, r":2: texts\.b\.0: the same as texts\.a\.0; renderings must differ"),
        (GOOD | {"images": {"a": ["no.png", "none.png"]}}, r":2: images\.a: .*no\.png"),
        (GOOD | {"a": "No", "b": "yes"}, r":2: a: 'No' cannot be told from a statement that nothing contradicts"),
        (GOOD, r":2: the same as line 1"),
        ('{"question": "Q?", "a": "x", "a": "y", "b": "z"}', r":2: no JSON: the field 'a' stands twice"),
        ('{"question": "Q?", "a": "x", "b": "z", "tolerance": NaN}', r":2: no JSON: NaN is no number of JSON"),
        ("[1]", r":2: Input should be a valid dictionary"),
        ("[" * 100_000, r":2: no JSON"),
    ],
)
def test_a_bad_line_is_named_by_file_line_and_field(tmp_path: Path, row: object, complaint: str) -> None:
    with pytest.raises(OwnDataError, match=rf"own\.jsonl{complaint}"):
        read_jsonl(write(tmp_path, GOOD, row))


def test_a_line_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    """And only it: what comes before has been read."""
    file = tmp_path / "own.jsonl"
    file.write_bytes(json.dumps(GOOD).encode() + b"\n" + '{"question": "Größe?"}\n'.encode("latin-1"))
    with pytest.raises(OwnDataError, match=r"own\.jsonl:2: no UTF-8: byte 0xf6 at column 17"):
        read_jsonl(file)


NOT_CANONICAL: list[tuple[Kind, str]] = [
    *(("direction", text) for text in ("N", "NE", "northeast", "North", "sunshine", "")),
    *(("time", text) for text in ("0830", "08", "08:30:00", "8:30", "08:30Z", "25:00")),
    *(("date", text) for text in ("20260303", "2026-W10-2", "2026-3-3", "March 3")),
    *(("count", text) for text in ("1,200", "007", "+7", "1_000", " 7", "-7", "７")),
    *(("percent", text) for text in ("40%", "40.0", "NaN", "4e1", "-0", ".5")),
    *(("rating", text) for text in ("4 stars", "3.50", "3.7", "5.5", "-1")),
    *(("level", text) for text in ("11", "7.0", "-1", "7/10")),
    *(("rate", text) for text in ("80 bpm", "80.5")),
    *(("money", text) for text in ("24.99", "$24.99", "24 USD", "24.990 USD", "1,200.00 USD", "24.99 usd", "500.00 JPY")),
    *(("distance", text) for text in ("2.40 km", "2.4km", "2.4 parsec", "O positive")),
    *(("dose", text) for text in ("500mg", "500.0 mg", "500 kg", "O positive")),
    *(("score", text) for text in ("3:1", "03-1", "3-1-2", "3")),
    *(("blood_group", text) for text in ("O", "O positive", "o+", "C+", "")),
    *(("weather", text) for text in ("sunshine", "Rain", "hail")),
    *(("colour", text) for text in ("Red", " red", "")),
    *(("year", text) for text in ("1990s", "0", "-0", "12345", "1,987", "44 BC")),
    *(("number", text) for text in ("0.570", "-0", "+3", ".5", "1e3", "3,7", "\u22123")),
    *(("temperature", text) for text in ("-3", "-3 °C", "3C", "276 K", "-3.0 C")),
    *(("weight", text) for text in ("2.50 kg", "-2 kg", "2 stone", "2kg")),
    *(("range", text) for text in ("3-5", "5 to 3", "3 to 3", "3 to", "3 to 5 parsec", "9:00 to 17:00", "3 kg to 5 kg")),
    *(("yes_no", text) for text in ("Yes", "true", "y", "是")),
    *(("allergen", text) for text in ("Latex", "sulfa  drugs")),
]


@pytest.mark.parametrize(("kind", "canonical"), NOT_CANONICAL)
def test_a_value_out_of_canonical_form_is_refused_before_a_model_runs(kind: Kind, canonical: str) -> None:
    """Whether we write its surface forms or the user gives them: answers are compared with the canonical form."""
    with pytest.raises(ValueError, match=rf"{re.escape(repr(canonical))} is no {kind} \({re.escape(CANONICAL_FORMS[kind])}"):
        check_canonical(kind, canonical)
    with pytest.raises(ValueError, match=f"is no {kind}"):
        write_value(kind, canonical, "en")


@pytest.mark.parametrize(
    ("kind", "canonical"),
    [
        ("money", "1200 JPY"),
        ("money", "0.500 KWD"),
        ("money", "24.99 SEK"),
        ("percent", "2.5"),
        ("rating", "0"),
        ("level", "10"),
        ("distance", "0.8 mi"),
        ("colour", "turquoise"),
        ("allergen", "bee stings"),
        ("name", "1,200 %"),
        ("percent", "-2.5"),
        ("year", "-44"),
        ("number", "-0.57"),
        ("temperature", "-3.5 C"),
        ("weight", "0.5 oz"),
        ("range", "-5 to -3 C"),
        ("range", "22:00 to 06:00"),
        ("yes_no", "no"),
    ],
)
def test_a_canonical_value_is_accepted(kind: Kind, canonical: str) -> None:
    check_canonical(kind, canonical)


def test_the_shipped_values_are_canonical() -> None:
    for fact in load().facts.values():
        check_canonical(fact.kind, fact.a.canonical)
        check_canonical(fact.kind, fact.b.canonical)


def test_tolerance_decides_how_near_an_answer_must_be(tmp_path: Path) -> None:
    row = GOOD | {"kind": "percent", "a": "40", "b": "60"}
    near = {}
    for tolerance in (0.0, 3.0):
        release = read_jsonl(write(tmp_path, row | {"tolerance": tolerance}))
        near[tolerance] = score_response("It is about 42 percent.", questions_of(ARMS["text"], release, "aware")[0])[0]
    assert near == {0.0: "other", 3.0: "correct"}


def test_facts_are_numbered_within_their_world_and_type(tmp_path: Path) -> None:
    """The bits of the number balance which value comes first; numbered over the file, every type here would get one half."""
    rows = [
        GOOD | {"question": f"Q{n}?", "type": ("tree", "wood")[n % 2], "world": ("park", "shop")[n // 2 % 2]} for n in range(8)
    ]
    release = read_jsonl(write(tmp_path, *rows))
    assert [fact.index for fact in release.facts.values()] == [0, 0, 0, 0, 1, 1, 1, 1]


def test_all_faults_of_a_file_are_named(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD, GOOD | {"kind": "money", "texts": {"a": "x", "b": "x"}}, "{", GOOD | {"type": "tree"})
    assert [fault.removeprefix(f"{file}:") for fault in faults(file)] == [
        f"2: a: 'Elm' is no money ({CANONICAL_FORMS['money']})",
        f"2: b: 'Oak' is no money ({CANONICAL_FORMS['money']})",
        "2: texts.b.0: the same as texts.a.0; renderings must differ",
        "3: no JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
    ]
    assert faults(write(tmp_path, GOOD)) == []


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz"])
def test_a_byte_order_mark_line_ends_of_windows_and_gzip_change_nothing(tmp_path: Path, ending: str) -> None:
    rows = "\r\n".join([json.dumps(GOOD), "", json.dumps(GOOD | {"question": "Q2?"}), ""])
    data = b"\xef\xbb\xbf" + rows.encode()
    file = tmp_path / f"own{ending}"
    file.write_bytes(gzip.compress(data) if ending.endswith("gz") else data)
    release = opened(file)
    plain = read_jsonl(write(tmp_path, GOOD, GOOD | {"question": "Q2?"}))
    assert (release.name, list(release.facts), release.fingerprint) == ("own", list(plain.facts), plain.fingerprint)


def test_a_damaged_gzip_is_named(tmp_path: Path) -> None:
    file = tmp_path / "own.jsonl.gz"
    file.write_bytes(gzip.compress(json.dumps(GOOD).encode())[:-9])
    with pytest.raises(OwnDataError, match=r"own\.jsonl\.gz: damaged gzip"):
        read_jsonl(file)


def kinds_of(release: Release, arm: str) -> Counter[str]:
    return Counter(item.relation for item in items_of(ARMS[arm], release) for piece in item.pieces if holds(release, item, piece))


def holds(release: Release, item: Item, piece: Piece) -> bool:
    release.require(item.fact_id, piece)
    return True


def test_one_rendering_is_enough_across_kinds_and_other_arms_say_what_they_lack(tmp_path: Path) -> None:
    """A photograph of the true value, and a passage of each: what a set of receipts has."""
    Image.new("RGB", (40, 30), "navy").save(tmp_path / "1.png")
    row = GOOD | {"texts": {"a": "It is Elm.", "b": "It is Oak."}, "images": {"a": "1.png"}}
    release = read_jsonl(write(tmp_path, row))
    assert kinds_of(release, "image_text") == kinds_of(release, "text_image") == {"conflict": 2, "agree": 2}
    assert (kinds_of(release, "image"), kinds_of(release, "text")) == ({"single": 1}, {"single": 2})
    for arm in ("text_text", "image_image"):
        with pytest.raises(ReleaseError, match=r"release 'own' has no (text|image) of fact .* for value '[ab]', variant [01]"):
            questions_of(ARMS[arm], release, "aware")
    assert len(questions_of(ARMS["image_text"], release, "aware")) == 2


def test_a_line_speaks_several_languages(tmp_path: Path) -> None:
    texts = {"en": {"a": "Opened on 3 March.", "b": "Opened on 13 May."}, "zh": {"a": "三月三日开放。", "b": "五月十三日开放。"}}
    question = {"en": "When did it open?", "zh": "何时开放？"}
    row = {"question": question, "kind": "date", "a": "1906-03-03", "b": "1906-05-13", "texts": texts}
    release = read_jsonl(write(tmp_path, row))
    assert kinds_of(release, "en_zh") == kinds_of(release, "zh_en") == {"conflict": 4, "agree": 4}
    question = questions_of(ARMS["en_zh"], release, "aware", "zh")[0]
    assert question.text == "何时开放？"
    agreeing = next(asked for asked in questions_of(ARMS["en_zh"], release, "aware") if asked.target == "1906-03-03")
    assert [score_response(answer, agreeing)[0] for answer in ("3 March 1906", "3月3日", "May 13")] == [
        "correct",
        "correct",
        "other",
    ]


def test_lines_with_two_renderings_of_everything_keep_the_items_that_they_had(own_release: Release) -> None:
    assert not own_release.crossed
    assert kinds_of(own_release, "image_text") == {"conflict": 8, "agree": 8}


@pytest.mark.parametrize("amount", ["60000.00 IDR", "24000000.00 USD", "12.500 KWD", "1500 VND"])
def test_any_currency_is_written_and_read(tmp_path: Path, amount: str) -> None:
    figures, code = amount.split()
    row = GOOD | {"kind": "money", "a": amount, "b": {"canonical": f"7{figures} {code}", "surface": ["?"]}}
    question = next(
        asked for asked in questions_of(ARMS["text"], read_jsonl(write(tmp_path, row)), "aware") if asked.target == amount
    )
    number = Decimal(figures)
    answers = [
        amount,
        f"{code} {figures}",
        f"It is {code} {number:,}.",
        f"The total is {number:,f} {code}.",
        f"{int(number):,} {code}",
    ]
    answers = answers[:4] if number % 1 else answers
    assert [score_response(answer, question)[0] for answer in answers] == ["correct"] * len(answers)


SOURCES: list[tuple[dict[str, str], dict[str, str] | str]] = [
    # receipts
    ({"kind": "money", "a": "60000.00 IDR", "b": "54500.00 IDR"}, {"Rp 60.000": "correct", "Rp 60": "other"}),
    ({"kind": "money", "a": "60000 IDR", "b": "54500 IDR"}, "'60000 IDR' is no money (amount with the currency's usual decimals"),
    ({"kind": "money", "a": "12.500 KWD", "b": "1.250 KWD"}, {"KD 12.5": "correct", "12.5第纳尔": "correct"}),
    # photographs
    ({"kind": "colour", "a": "light blue", "b": "blue"}, {"It is light blue.": "correct", "blue": "other"}),
    ({"kind": "yes_no", "a": "yes", "b": "no"}, {"No contradiction.": "unparsed", "There is no contradiction. Yes.": "correct"}),
    ({"kind": "name", "a": "yes", "b": "no"}, "ask for it as kind 'yes_no' instead"),
    # encyclopaedias, in one language and in two
    ({"kind": "date", "a": "1906-03-03", "b": "1916-05-13"}, {"3 March 1906": "correct", "1916年5月13日": "other"}),
    ({"kind": "year", "a": "1987", "b": "1996"}, {"It opened in 1987.": "correct", "in the 1980s": "other"}),
    ({"kind": "year", "a": "-44", "b": "44"}, {"44 BC": "correct", "AD 44": "other"}),
    ({"kind": "name", "a": "Ada Thorne", "b": "Bram Hollis"}, {"Ada Thorne.": "correct"}),
    # tables and charts
    ({"kind": "range", "a": "1990 to 1995", "b": "1990 to 1999"}, {"1990–1995": "correct", "1990 to 1999": "other"}),
    ({"kind": "number", "a": "-3.7", "b": "3.7"}, {"\u22123.7": "correct", "3.7": "other"}),
    ({"kind": "number", "a": "0.57", "b": "0.75"}, {"0,57": "correct", "57": "other"}),
    ({"kind": "percent", "a": "-2.5", "b": "2.5"}, {"minus 2.5 per cent": "correct", "2.5%": "other"}),
    # patients
    ({"kind": "temperature", "a": "38.5 C", "b": "36.5 C"}, {"101.3 °F": "correct", "36.5 ℃": "other"}),
    ({"kind": "temperature", "a": "311 K", "b": "309 K"}, "'311 K' is no temperature (number without needless zeros and C or F"),
    ({"kind": "weight", "a": "2.5 kg", "b": "3.5 kg"}, {"2,500 g": "correct", "五斤": "correct", "2.5 lb": "other"}),
    ({"kind": "dose", "a": "0.5 mg", "b": "5 mg"}, {"500 mcg": "correct", "5 mg": "other"}),
    ({"kind": "range", "a": "09:00 to 17:00", "b": "09:00 to 19:00"}, {"9 am–5 pm": "correct", "9 am to 7 pm": "other"}),
]
"""Lines as real sources give them, each with one photograph of the true value: how answers count, or why it is refused."""


def test_lines_of_real_sources_fit_or_are_refused_with_a_reason(tmp_path: Path) -> None:
    rows = []
    for number, (values, _) in enumerate(SOURCES):
        Image.new("RGB", (30 + number, 20)).save(tmp_path / f"{number}.png")
        texts = {side: f"Note {number}: {values[side]}." for side in ("a", "b")}
        rows.append({"question": f"Question {number}?", **values, "images": {"a": f"{number}.png"}, "texts": texts})
    reasons = [f"{number}: a: {reason}" for number, (_, reason) in enumerate(SOURCES, 1) if isinstance(reason, str)]
    named = [fault.partition("own.jsonl:")[2] for fault in faults(write(tmp_path, *rows)) if ": a: " in fault]
    assert len(named) == len(reasons) == 3
    for fault, (start, _, end) in zip(named, (reason.partition(": a: ") for reason in reasons), strict=True):
        assert fault.startswith(f"{start}: a: ")
        assert end in fault
    fitting = [(row, answers) for row, (_, answers) in zip(rows, SOURCES, strict=True) if isinstance(answers, dict)]
    release = read_jsonl(write(tmp_path, *(row for row, _ in fitting)))
    agreeing = {
        asked.fact.question["en"]: asked
        for asked in questions_of(ARMS["image_text"], release, "aware")
        if asked.target != "conflict"
    }
    for row, answers in fitting:
        asked = agreeing[str(row["question"])]
        assert {answer: score_response(answer, asked)[0] for answer in answers} == answers


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OwnDataError, match="no facts in this file"):
        read_jsonl(write(tmp_path, ""))


def test_an_arm_without_its_evidence_says_what_is_missing(tmp_path: Path) -> None:
    release = read_jsonl(write(tmp_path, GOOD))
    with pytest.raises(ReleaseError, match=r"release 'own' has no image of fact .* variant"):
        questions_of(ARMS["image_text"], release, "aware")


def test_a_file_is_the_data_of_a_task_and_the_results_say_of_which_kinds_the_pieces_are(own_file: Path) -> None:
    """As a task's YAML says it, with an arm that comes with the package and one of the user's own."""
    shipped = read("lmms_eval", {"arm": "image_text", "data": str(own_file)})
    assert (shipped.name, len(shipped.questions())) == ("receipts_image_text", 8)
    own = read("lmms_eval", {"arm": Arm(name="page_memo", pieces=(("image", "en"), ("text", "en"))), "data": str(own_file)})
    assert own.name == "receipts_page_memo"
    assert shipped.metadata()["pieces"] == own.metadata()["pieces"] == [["image", "en"], ["text", "en"]]
    with pytest.raises(OwnDataError, match=r"wrong\.jsonl:1: no JSON"):
        read("lmms_eval", {"arm": "image_text", "data": str(_wrong(own_file.parent / "wrong.jsonl"))})


def _wrong(path: Path) -> Path:
    path.write_text("{", encoding="utf-8")
    return path


# The worked examples: files in four published schemas become facts that can be asked about

EXAMPLES = Path(__file__).parents[2] / "examples" / "own"


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("examples") / "own"
    shutil.copytree(EXAMPLES, directory, ignore=shutil.ignore_patterns("*s.jsonl"))
    subprocess.run([sys.executable, directory / "convert.py"], check=True)
    return directory


@pytest.mark.parametrize(
    ("source", "arm", "answers"),
    [
        ("receipts", "image_text", {"60000.00 IDR": "Rp 60.000", "54500.00 IDR": "IDR 54,500"}),
        ("paragraphs", "en_zh", {"Ada Thorne": "阿达·索恩", "Bram Hollis": "It was Bram Hollis."}),
        ("attributes", "text_image", {"red": "The ball is red.", "yellow": "It is yellow."}),
        ("charts", "image_text", {"48": "48%", "47.5": "47.5 percent"}),
    ],
)
def test_a_published_schema_becomes_facts(converted: Path, source: str, arm: str, answers: dict[str, str]) -> None:
    file = converted / f"{source}.jsonl"
    assert faults(file) == []
    release = read_jsonl(file)
    questions = questions_of(ARMS[arm], release, "aware")
    relations = Counter(question.item.relation for question in questions)
    assert relations["conflict"] == relations["agree"] >= 2
    for question in questions:
        assert all(image.size > (100, 100) for image in question.images(release))
        if question.target in answers:
            assert score_response(answers[question.target], question)[0] == "correct"
    assert set(answers) <= {question.target for question in questions}
