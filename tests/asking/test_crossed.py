"""Items by crossing, of which every rendering says as little as any other; and the record of what is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from plain_facts import FACTS

from cmqa_tasks.asking import prompts
from cmqa_tasks.asking.items import items_of
from cmqa_tasks.asking.prompts import PromptError
from cmqa_tasks.asking.question import questions_of
from cmqa_tasks.facts.records import ARMS, Arm, Fact, Item, Piece, TextEvidence, arm_named, evidence_id
from cmqa_tasks.facts.release import Release, ReleaseError

PAIRS = [arm for arm in ARMS.values() if not arm.single]
EVERYTHING: Callable[[Piece], bool] = lambda piece: True  # noqa: E731


class Shelf:
    """Evidence of which only its being there matters."""

    def __init__(self, facts: list[Fact], has: Callable[[Piece], bool]) -> None:
        self._ids = {
            evidence_id(fact.id, side, modality, language, variant)
            for fact in facts
            for modality in ("text", "image")
            for language in ("en", "zh")
            for side in ("a", "b")
            for variant in (0, 1)
            if has(Piece(modality=modality, language=language, side=side, variant=variant))
        }

    def text(self, evidence: str) -> str:
        if evidence not in self._ids:
            raise KeyError(evidence)
        return "text"

    def image(self, evidence: str) -> bytes:
        return self.text(evidence).encode()

    def has_image(self, evidence: str) -> bool:
        return evidence in self._ids


def crossed(arm: Arm, has: Callable[[Piece], bool] = EVERYTHING) -> list[Item]:
    facts = list(FACTS)
    return list(items_of(arm, Release("r", facts, Shelf(facts, has), "0", crossed=True)))


@pytest.mark.parametrize("arm", PAIRS, ids=lambda arm: arm.name)
def test_every_rendering_stands_in_conflict_and_in_agreement_equally_often(arm: Arm) -> None:
    items = crossed(arm)
    assert len(items) == 4 * len(FACTS)
    for position in (0, 1):
        counts = {
            relation: Counter((item.fact_id, item.pieces[position]) for item in items if item.relation == relation)
            for relation in ("conflict", "agree")
        }
        assert counts["conflict"] == counts["agree"]
        assert set(counts["agree"].values()) == {1}


@pytest.mark.parametrize("arm", PAIRS, ids=lambda arm: arm.name)
def test_the_relation_is_that_of_the_sides_and_the_two_renderings_differ(arm: Arm) -> None:
    for item in crossed(arm):
        assert (item.relation == "agree") == (item.pieces[0].side == item.pieces[1].side)
        assert item.pieces[0].variant != item.pieces[1].variant
        assert tuple((piece.modality, piece.language) for piece in item.pieces) == arm.pieces


def test_every_rendering_that_an_item_shows_is_asked_about_alone() -> None:
    alone = {(item.fact_id, piece) for arm in ARMS.values() if arm.single for item in crossed(arm) for piece in item.pieces}
    shown = {(item.fact_id, piece) for arm in PAIRS for item in crossed(arm) for piece in item.pieces}
    assert shown <= alone


def test_the_order_says_nothing() -> None:
    """Of the fact's rank, or of the relation: conflicts stand at every place of a fact's four items."""
    items = crossed(arm_named("text_text"))
    ranks = [fact.index for fact in FACTS]
    order = {fact.id: fact.index for fact in FACTS}
    assert [order[item.fact_id] for item in items[::4]] != ranks
    first = Counter(item.relation for item in items[::4])
    assert 0.25 < first["conflict"] / first.total() < 0.75


def test_both_orders_of_an_arm_show_the_same_pieces() -> None:
    there, back = ({frozenset(item.pieces) for item in crossed(arm_named(name))} for name in ("image_text", "text_image"))
    assert there == back


def test_one_photograph_of_the_true_value_makes_a_conflict_and_an_agreement() -> None:
    def has(piece: Piece) -> bool:
        return piece.variant == 0 and (piece.modality == "text" or piece.side == "a")

    items = crossed(arm_named("image_text"), has)
    assert Counter(item.relation for item in items) == {"conflict": len(FACTS), "agree": len(FACTS)}
    assert all(item.pieces[0].side == "a" and item.pieces[0].variant == 0 for item in items)
    assert len(crossed(arm_named("image"), has)) == len(FACTS)


def test_what_an_arm_lacks_is_said_when_its_evidence_is_asked_for() -> None:
    """One passage of each value can never agree with another one."""
    facts = list(FACTS)
    release = Release("r", facts, Shelf(facts, lambda piece: piece.variant == 0), "0", crossed=True)
    shown = [(item.fact_id, piece) for item in items_of(arm_named("text_text"), release) for piece in item.pieces]
    missing = next((fact, piece) for fact, piece in shown if not release.has(fact, piece))
    with pytest.raises(ReleaseError, match=r"release 'r' has no text of fact .* variant 1"):
        release.require(*missing)


def test_a_release_of_the_first_format_has_twins() -> None:
    facts = list(FACTS)[:1]
    texts = [
        TextEvidence(
            id=evidence_id(facts[0].id, side, "text", "en", variant),
            fact_id=facts[0].id,
            side=side,
            language="en",
            variant=variant,
            template="t",
            text="x",
        )
        for side in ("a", "b")
        for variant in (0, 1)
    ]
    assert len(list(items_of(arm_named("text_text"), Release.from_records("r", facts, texts)))) == 2
    assert len(list(items_of(arm_named("text_text"), Release.from_records("r", facts, texts, crossed=True)))) == 4


def test_each_piece_of_evidence_is_a_part_of_its_own(own_release: Release) -> None:
    question = questions_of(ARMS["text_text"], own_release, "aware")[0]
    parts = {part.evidence: part.text for part in question.prompt if part.evidence is not None}
    assert parts == dict(enumerate(question.passages))
    assert question.plain_text == "".join(part.text or "" for part in question.prompt)


def test_an_image_is_a_part_without_text_and_a_placeholder_in_the_plain_form(own_release: Release) -> None:
    question = questions_of(ARMS["image_text"], own_release, "aware")[0]
    assert question.passages[0] is None
    assert [part.evidence for part in question.prompt if part.text is None] == [0]
    assert question.plain_text.count("<image>") == len(question.images(own_release)) == 1


def test_unknown_language_and_protocol_are_refused(own_release: Release) -> None:
    with pytest.raises(PromptError, match="no prompts in language 'xx'; choose one of en, zh"):
        questions_of(ARMS["text"], own_release, "aware", language="xx")
    with pytest.raises(ValueError, match="unknown protocol 'nope'; choose one of aware, neutral"):
        questions_of(ARMS["text"], own_release, "nope")


def test_a_question_that_is_missing_in_a_language_is_named(own_release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts, "require", lambda protocol, language: None)
    with pytest.raises(ReleaseError, match="no question in language 'xx', only in en"):
        questions_of(ARMS["text"], own_release, "aware", language="xx")


@pytest.mark.parametrize("arm", ["text_text", "image"])
def test_the_target_is_the_value_shown_or_the_conflict(arm: str, own_release: Release) -> None:
    for question in questions_of(ARMS[arm], own_release, "aware"):
        sides = {piece.side for piece in question.pieces}
        fact = question.fact
        expected = "conflict" if len(sides) == 2 else fact.value(sides.pop()).canonical
        assert question.target == expected
