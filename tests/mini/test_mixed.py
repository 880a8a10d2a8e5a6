"""Training sets of the miniature: instances, and what the mixing that ships makes of them."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmqa_tasks.training.choices import Strategy
from experiments.mini import reading
from experiments.mini.instances import CAST, PER_EXAMPLE, Diet, Instance, build_instance, draw_instance
from experiments.mini.mixed import STRATEGIES, steps, training_set
from experiments.mini.world import KINDS, PEOPLE, Kind

DIET = Diet(kinds=(1, 1, 1), facts=(1, 2, 3), bands=2, pairs=0.6)
BATCH = 12


@given(seed=st.integers(0, 10_000), kind=st.sampled_from(KINDS))
def test_every_person_is_asked_about_once_and_the_answer_is_what_the_pieces_say(seed: int, kind: Kind) -> None:
    instance = draw_instance(kind, DIET, random.Random(seed))
    shown: dict[int, set[int]] = {}
    for its_kind, facts in instance.pieces:
        assert its_kind == kind
        assert kind != "image" or len(facts) <= DIET.bands
        for person, colour in facts:
            shown.setdefault(person, set()).add(colour)
    assert max(shown) < CAST
    assert sorted(person for person, _ in instance.turns) == sorted(shown)
    for person, colour in instance.turns:
        assert shown[person] == {colour} if colour is not None else len(shown[person]) == 2
    if len(instance.pieces) == 2 and kind != "image":
        assert instance.language == kind


def test_instances_need_people() -> None:
    with pytest.raises(ValueError, match="2 pieces of 3 facts need 5 people, not 4"):
        build_instance(("en", "en"), "en", 3, False, range(4), random.Random(0))


def test_another_cast_changes_who_and_nothing_else() -> None:
    instance = Instance((("en", ((0, 3), (1, 4))),), "zh", ((1, 4), (0, 3)))
    assert instance.cast([7, 2]) == Instance((("en", ((7, 3), (2, 4))),), "zh", ((2, 4), (7, 3)))


@given(seed=st.integers(0, 10_000), strategy=st.sampled_from(STRATEGIES))
def test_nobody_stands_in_two_instances_of_an_example(seed: int, strategy: Strategy) -> None:
    for example in training_set(strategy, DIET, 12, seed):
        people = [{person for _, facts in instance.pieces for person, _ in facts} for instance in example]
        assert sum(map(len, people)) == len(set.union(*people))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_a_strategy_joins(strategy: Strategy) -> None:
    examples = list(training_set(strategy, DIET, 1200, seed=3))
    assert len(examples) in ((1200,) if strategy == "dataset" else (600, 601))
    together = Counter(len({instance.pieces[0][0] for instance in example}) for example in examples)
    assert set(together) == {PER_EXAMPLE if strategy == "instance" else 1}


def test_all_strategies_use_the_same_instances() -> None:
    """But for who is who, which is drawn once it is known what stands together."""
    used = [Counter(map(_nameless, (i for example in training_set(way, DIET, 300, 5) for i in example))) for way in STRATEGIES]
    assert used[0] == used[1] == used[2]
    assert used[0].total() == 300


def _nameless(instance: Instance) -> Instance:
    first_seen = dict.fromkeys(person for _, facts in instance.pieces for person, _ in facts)
    numbers = {person: number for number, person in enumerate(first_seen)}
    return instance.cast([numbers.get(person, -1) for person in range(PEOPLE)])


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_step_trains_on_as_many_instances(strategy: Strategy) -> None:
    sizes = [sum(map(len, batch)) for batch in steps(training_set(strategy, DIET, 5 * BATCH, seed=1), BATCH)]
    assert sum(sizes) == 5 * BATCH
    assert len(sizes) == 5
    assert all(abs(size - BATCH) <= 1 for size in sizes)


@given(seed=st.integers(0, 10_000), size=st.sampled_from(reading.SIZES), kind=st.sampled_from(KINDS))
def test_reading_in_mixed_company(seed: int, size: int, kind: Kind) -> None:
    """Everybody stands in one piece; half of the pieces are pictures; the answer stands in a piece of the kind asked for."""
    instance = reading.draw(size, kind, random.Random(seed))
    kinds = [kind for kind, _ in instance.pieces]
    people = [person for _, facts in instance.pieces for person, _ in facts]
    assert len(people) == len(set(people)) == 2 * size
    assert kinds.count("image") == size // 2
    assert [kind for kind, facts in instance.pieces if instance.turns[0] in facts] == [kind]
