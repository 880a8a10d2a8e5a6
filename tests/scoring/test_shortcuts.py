"""Shortcuts: what they see of an item, what they call, and what they get on the release that ships."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from cmqa_tasks.facts.records import ARMS, Piece, evidence_id
from cmqa_tasks.facts.release import Release, load
from cmqa_tasks.scoring.shortcuts import AIM, LETTERS, UNTRAINED, Reader, Seen, alike, kept_letters, untrained
from cmqa_tasks.worlds.own import read_jsonl


def seen(first: str, second: str) -> Seen:
    values = tuple(first.split()), tuple(second.split())
    return Seen(values, (next(iter(values[0]), None), next(iter(values[1]), None)), (None, None))


@pytest.mark.parametrize(
    ("name", "first", "second", "conflict"),
    [
        ("shared_none", "1 2", "3 4", True),
        ("shared_none", "1 2", "2 3", False),
        ("shared_at_most_one", "1 2", "2 3", True),
        ("shared_at_most_one", "1 2", "2 1", False),
        ("each_lacks", "1 2", "2 3", True),
        ("each_lacks", "1 2", "2", False),
        ("nearest", "1 2", "2 1", True),
        ("nearest", "1 2", "1 3", False),
    ],
)
def test_shortcuts_call_by_what_they_see(name: str, first: str, second: str, conflict: bool) -> None:
    assert UNTRAINED[name](seen(first, second)) is conflict


@pytest.mark.parametrize("name", UNTRAINED)
def test_a_piece_without_values_is_never_in_conflict(name: str) -> None:
    assert UNTRAINED[name](seen("1 2", "")) is False


def test_the_tallest_value_of_a_page_is_looked_for_in_the_other_piece() -> None:
    calls = UNTRAINED["tallest"]
    assert calls(Seen((("1", "2"), ("2", "3")), ("1", "2"), ("1", None)))
    assert not calls(Seen((("1", "2"), ("2", "3")), ("1", "2"), ("2", None)))


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("--03-13", "2026-03-13", True),
        ("--03-13", "2026-03-03", False),
        ("24.99", "24.99 USD", True),
        ("24.9", "24.99 USD", False),
        ("5", "15", False),
        ("2.4 km", "2400 m", True),
        ("2.4 km", "240 m", False),
        ("1.2 g", "1200 mg", True),
    ],
)
def test_values_without_year_or_unit_may_be_the_same(first: str, second: str, same: bool) -> None:
    assert alike(first, second) is same
    assert alike(second, first) is same


def test_a_page_is_seen_as_far_as_it_was_read(own_file: Path) -> None:
    release = read_jsonl(own_file)
    fact = next(iter(release.facts.values()))
    arm = ARMS["image_text"]
    assert all(entry.seen.values[0] == () for entry in Reader(release).judged(arm))
    page = next(iter(Reader(release).judged(arm))).item.pieces[0]
    lines = [("Paid $3.00 by card", 12.0), ("Total $20.99", 30.0), ("Tip $1.00", 11.0)]
    read = Reader(release, {identity(fact.id, page): lines})
    entry = next(iter(read.judged(arm)))
    assert entry.seen.values[0] == ("3.00 USD", "20.99 USD", "1.00 USD")
    assert entry.seen.tallest == ("20.99 USD", None)


def identity(fact: str, piece: Piece) -> str:
    return evidence_id(fact, piece.side, piece.modality, piece.language, piece.variant)


@pytest.fixture(scope="module")
def shipped() -> Release:
    return load()


@pytest.mark.parametrize("arm", ["text_text", "zh_zh", "en_zh"])
def test_no_shortcut_solves_the_release_that_ships(shipped: Release, arm: str) -> None:
    """Nor may it be beaten by calling the opposite."""
    shares = untrained(ARMS[arm], Reader(shipped))
    assert all(1 - AIM <= share <= AIM for share in shares.values()), shares
    assert shares["tallest"] == 0.5


def test_letters_are_those_of_the_release_that_they_stand_beside(own_release: Release, tmp_path: Path) -> None:
    assert kept_letters(tmp_path, own_release) == {}
    rows = [{"release_sha256": own_release.fingerprint}, {"id": "page", "lines": [["ArrivesApril9,2027", 14]]}]
    (tmp_path / LETTERS).write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    assert kept_letters(tmp_path, own_release) == {"page": [("Arrives April 9,2027", 14.0)]}
    with pytest.raises(ValueError, match=rf"{LETTERS} is of a release {own_release.fingerprint[:8]}, not of"):
        kept_letters(tmp_path, load())
