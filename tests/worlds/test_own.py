from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cmqa_tasks.asking.question import questions_of
from cmqa_tasks.facts.records import ARMS, CANONICAL_FORMS, Arm, Kind
from cmqa_tasks.facts.release import Release, ReleaseError, load
from cmqa_tasks.harness.settings import read
from cmqa_tasks.scoring.outcomes import score_response
from cmqa_tasks.worlds.languages import check_canonical
from cmqa_tasks.worlds.languages import write as write_value
from cmqa_tasks.worlds.own import OwnDataError, read_jsonl

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
        (GOOD | {"texts": {"a": ["only one"]}}, r":2: texts\.a"),
        (GOOD | {"texts": {"c": ["x", "y"]}}, r":2: texts\.c"),
        (GOOD | {"images": {"a": ["no.png", "no.png"]}}, r":2: images\.a: .*no\.png"),
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
    *(("percent", text) for text in ("40%", "40.0", "NaN", "4e1", "-3", ".5")),
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
    ],
)
def test_a_canonical_value_is_accepted(kind: Kind, canonical: str) -> None:
    check_canonical(kind, canonical)


def test_the_shipped_values_are_canonical() -> None:
    for fact in load("v1").facts.values():
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
