from __future__ import annotations

import json
from pathlib import Path

import pytest

from cmqa_tasks.own import OwnDataError, read_jsonl
from cmqa_tasks.records import ARMS, Arm
from cmqa_tasks.release import Release, ReleaseError
from cmqa_tasks.task_classes.settings import read
from cmqa_tasks.tasks import documents, images, score, target

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
                documents(arm, own_release, "aware")
            continue
        docs = documents(arm, own_release, "aware")
        assert len(docs) == 2 * len(own_release.facts)
        assert len(images(docs[0], own_release)) == sum(modality == "image" for modality, _ in arm.pieces)


def test_own_values_are_read_like_ours(own_release: Release) -> None:
    conflict, twin = documents(ARMS["text_text"], own_release, "aware")[:2]
    assert score(conflict, "They contradict each other.")[0] == target(conflict) == "conflict"
    assert score(twin, "twenty dollars and ninety-nine cents")[0] == "correct"


def test_own_spellings_replace_ours(tmp_path: Path) -> None:
    row = GOOD | {"a": {"canonical": "elm", "surface": ["the old elm", "ulmus"]}}
    release = read_jsonl(write(tmp_path, row))
    doc = documents(ARMS["text"], release, "aware")[0]
    assert score(doc, "It is Ulmus.")[0] == "correct"


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("{not json", r":2: no JSON"),
        ({"kind": "name"}, r":2: question: Field required"),
        (GOOD | {"kind": "colr"}, r":2: kind: Input should be 'money'.* not 'colr'"),
        (GOOD | {"color": "red"}, r":2: color: Extra inputs are not permitted"),
        (GOOD | {"b": "Elm"}, r":2: a, b: .*both 'Elm'; they must differ"),
        (GOOD | {"kind": "money"}, r":2: a, b: 'Elm' is no money \(amount"),
        (GOOD | {"texts": {"a": ["only one"]}}, r":2: texts\.a"),
        (GOOD | {"texts": {"c": ["x", "y"]}}, r":2: texts\.c"),
        (GOOD | {"images": {"a": ["no.png", "no.png"]}}, r":2: images\.a: .*no\.png"),
    ],
)
def test_a_bad_line_is_named_by_file_line_and_field(tmp_path: Path, row: object, complaint: str) -> None:
    with pytest.raises(OwnDataError, match=rf"own\.jsonl{complaint}"):
        read_jsonl(write(tmp_path, GOOD, row))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OwnDataError, match="no facts in this file"):
        read_jsonl(write(tmp_path, ""))


def test_an_arm_without_its_evidence_says_what_is_missing(tmp_path: Path) -> None:
    release = read_jsonl(write(tmp_path, GOOD))
    with pytest.raises(ReleaseError, match=r"release 'own' has no image of fact .* variant"):
        documents(ARMS["image_text"], release, "aware")


def test_a_file_is_the_data_of_a_task_and_the_results_say_of_which_kinds_the_pieces_are(own_file: Path) -> None:
    """As a task's YAML says it, with an arm that comes with the package and one of the user's own."""
    shipped = read("lmms_eval", {"arm": "image_text", "data": str(own_file)})
    assert (shipped.name, len(shipped.documents())) == ("receipts_image_text", 8)
    own = read("lmms_eval", {"arm": Arm(name="page_memo", pieces=(("image", "en"), ("text", "en"))), "data": str(own_file)})
    assert own.name == "receipts_page_memo"
    assert shipped.metadata()["pieces"] == own.metadata()["pieces"] == [["image", "en"], ["text", "en"]]
    with pytest.raises(OwnDataError, match=r"wrong\.jsonl:1: no JSON"):
        read("lmms_eval", {"arm": "image_text", "data": str(_wrong(own_file.parent / "wrong.jsonl"))})


def _wrong(path: Path) -> Path:
    path.write_text("{", encoding="utf-8")
    return path
