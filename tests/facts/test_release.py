from __future__ import annotations

import json
import pickle
import shutil
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cmqa_tasks.asking.question import questions_of
from cmqa_tasks.facts import release, resources
from cmqa_tasks.facts.records import ARMS, SIDES, Piece
from cmqa_tasks.facts.release import CARD, FACTS, IMAGES, METADATA, TEXTS, Release, ReleaseError, load, read_metadata

SHIPPED = resources.releases_dir() / release.DEFAULT


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the shipped release that a test may spoil."""
    target = tmp_path / "spoiled"
    shutil.copytree(SHIPPED, target)
    return target


def test_the_shipped_release_has_what_it_promises() -> None:
    shipped, metadata = load(), read_metadata(SHIPPED)
    facts = list(shipped.facts.values())
    assert len(facts) == metadata.facts >= 320
    for world in ("news", "shopping", "maps", "health"):
        assert sum(fact.world == world for fact in facts) >= 80
    assert len({(fact.world, fact.type) for fact in facts}) >= 8
    assert sum(fact.graphical for fact in facts) * 3 >= len(facts)
    assert sum(info.bytes for info in metadata.files.values()) <= 30e6
    assert metadata.languages == ("en", "zh")
    drawn = metadata.facts + metadata.fewshot
    assert metadata.files[IMAGES].rows == (4 + 2) * drawn, "English pages in both layouts, Chinese ones in one"
    assert "chromium" in metadata.versions


def test_every_arm_finds_all_of_its_evidence() -> None:
    for arm in ARMS.values():
        for language in ("en", "zh"):
            questions = questions_of(arm, load(), "aware", language)
            assert {question.fact.id for question in questions} == load().facts.keys()
            relations = Counter(question.item.relation for question in questions)
            assert relations.keys() == {"single"} if arm.single else relations["conflict"] == relations["agree"]


def test_images_decode_and_differ_between_the_two_values() -> None:
    shipped = load()
    for fact in list(shipped.facts.values())[::40]:
        shown = {shipped.image(fact.id, Piece(modality="image", language="en", side=side, variant=0)) for side in SIDES}
        assert len(shown) == 2, fact.id
    question = questions_of(ARMS["image_image"], shipped, "aware")[0]
    assert [image.size for image in question.images(shipped)] == [(640, 480)] * 2


def test_the_card_is_the_one_that_the_metadata_renders() -> None:
    from cmqa_tasks.worlds.build.freeze import card

    assert (SHIPPED / CARD).read_text(encoding="utf-8") == card(read_metadata(SHIPPED), SHIPPED)


def test_a_release_survives_pickling() -> None:
    again: Release = pickle.loads(pickle.dumps(load()))
    fact = next(iter(again.facts.values()))
    piece = Piece(modality="image", language="en", side="a", variant=0)
    assert again.image(fact.id, piece) == load().image(fact.id, piece)


@pytest.mark.parametrize("name", [FACTS, TEXTS, IMAGES])
def test_a_truncated_file_is_named(copy: Path, name: str) -> None:
    data = (copy / name).read_bytes()
    (copy / name).write_bytes(data[:-10])
    with pytest.raises(ReleaseError, match=rf"{name} has {len(data) - 10} bytes, its release says {len(data)}"):
        load(copy)


@pytest.mark.parametrize("name", [FACTS, TEXTS, IMAGES])
def test_an_edited_file_of_the_same_size_is_named(copy: Path, name: str) -> None:
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(ReleaseError, match=rf"{name} has SHA-256 .* it was altered"):
        load(copy)


def test_a_release_with_other_numbers_of_facts_than_it_says_is_refused(copy: Path) -> None:
    metadata = read_metadata(copy)
    (copy / METADATA).write_text(metadata.model_copy(update={"fewshot": metadata.fewshot + 1}).model_dump_json())
    with pytest.raises(ReleaseError, match=rf"{FACTS} has \d+ facts, its release says {metadata.facts} facts and"):
        load(copy)


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / IMAGES).unlink()
    with pytest.raises(ReleaseError, match=rf"{IMAGES} is missing"):
        load(copy)


def test_a_release_that_forgets_a_file_is_refused(copy: Path) -> None:
    metadata = json.loads((copy / METADATA).read_text())
    del metadata["files"][IMAGES]
    (copy / METADATA).write_text(json.dumps(metadata))
    with pytest.raises(ReleaseError, match=rf"no entry for {IMAGES}"):
        load(copy)


def test_an_image_that_is_missing_is_found_out_when_the_task_loads(copy: Path) -> None:
    table = pq.read_table(copy / IMAGES)
    lost = table["fact_id"][5].as_py()
    _replace(copy, table.filter([fact != lost for fact in table["fact_id"].to_pylist()]))
    broken = load(copy)
    questions_of(ARMS["text_text"], broken, "aware")
    with pytest.raises(ReleaseError, match=rf"no image of fact '{lost}' in language 'en' for value"):
        questions_of(ARMS["image_text"], broken, "aware")


def test_an_image_that_cannot_be_decoded_names_its_item(copy: Path) -> None:
    table = pq.read_table(copy / IMAGES)
    rows = table.to_pylist()
    for row in rows:
        row["image"]["bytes"] = row["image"]["bytes"][:100]
    _replace(copy, type(table).from_pylist(rows, schema=table.schema))
    question = questions_of(ARMS["image"], load(copy), "aware")[0]
    with pytest.raises(ReleaseError, match=rf"item {question.item.id}: an image of fact"):
        question.images(load(copy))


def _replace(directory: Path, table) -> None:  # type: ignore[no-untyped-def]
    """Write other images with a matching checksum: a release that is wrong, yet not damaged."""
    pq.write_table(table, directory / IMAGES)
    metadata = read_metadata(directory)
    info = metadata.files[IMAGES].model_copy(
        update={"sha256": release.sha256_of(directory / IMAGES), "bytes": (directory / IMAGES).stat().st_size}
    )
    files = metadata.files | {IMAGES: info}
    (directory / METADATA).write_text(metadata.model_copy(update={"files": files}).model_dump_json())


@pytest.mark.parametrize("source", ["v999", "/nowhere/at/all"])
def test_an_unknown_release_lists_those_that_exist(source: str) -> None:
    with pytest.raises(ReleaseError, match=rf"no release '{source}': neither a directory nor one of .*{release.DEFAULT}"):
        load(source)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "Invalid JSON: EOF while parsing an object at line 1 column 1$"),
        ('{"name": 3}', "name: Input should be a valid string, not 3$"),
    ],
)
def test_damaged_metadata_are_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / METADATA).write_text(text)
    with pytest.raises(ReleaseError, match=rf"release\.json: {complaint}"):
        load(tmp_path)


def test_a_directory_that_is_no_release(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"is no release: it has no release\.json"):
        load(tmp_path)
