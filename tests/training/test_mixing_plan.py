"""Which instances an example joins: each used as often as asked, within the budget, mixed as far as numbers allow."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmqa_tasks.training.choices import STRATEGIES
from cmqa_tasks.training.lengths import Lengths
from cmqa_tasks.training.plan import Budget, Plan, PlanError, plan

SEEDS = st.integers(0, 2**64 - 1)
Array = np.ndarray[Any, Any]


@st.composite
def instances(draw: st.DrawFn, most: int = 60) -> tuple[Array, Lengths, Array]:
    """Groups, lengths and repeats of some instances, of at least two groups, with and without one of two system messages."""
    groups = draw(st.lists(st.integers(0, 3), min_size=2, max_size=most).filter(lambda groups: len(set(groups)) > 1))
    many = {"min_size": len(groups), "max_size": len(groups)}
    alone, moved = (np.array(draw(st.lists(st.integers(10, 100), **many))) for _ in range(2))
    system = np.array(draw(st.lists(st.integers(0, 2), **many)))
    lengths = Lengths(alone, np.where(system, moved, alone), np.array([4, 3, 8])[system], system, shared=4)
    repeats = draw(st.lists(st.integers(1, 3), **many) | st.just([1] * len(groups)))
    return np.array(groups), lengths, np.array(repeats)


def alike(tokens: Array) -> Lengths:
    """Lengths of instances without system messages, to which the template adds nothing."""
    nothing = np.zeros_like(tokens)
    return Lengths(tokens, tokens, nothing, nothing, shared=0)


def examples(made: Plan) -> list[list[int]]:
    return [made.instances[begin:end].tolist() for begin, end in zip(made.starts[:-1], made.starts[1:], strict=True)]


@settings(max_examples=150)
@given(
    instances(), st.sampled_from(STRATEGIES), st.integers(2, 5), st.sampled_from([None, 100, 150, 400]), st.integers(0, 2**64 - 1)
)
def test_every_instance_is_used_as_often_as_asked_and_within_the_budget(
    arrays: tuple[Array, Lengths, Array], strategy: Any, per_example: int, max_tokens: int | None, seed: int
) -> None:
    groups, lengths, repeats = arrays
    budget = Budget(per_example if strategy in ("same", "instance") else 1, max_tokens)
    made = examples(plan(strategy, groups, lengths, repeats, budget, seed))
    uses = Counter(instance for example in made for instance in example)
    assert uses == dict(enumerate(repeats.tolist()))
    for example in made:
        assert 1 <= len(example) <= budget.per_example
        assert len(set(example)) == len(example), "an instance beside itself"
        if max_tokens is not None:
            (together,) = lengths.of(np.array(example), np.zeros(len(example), int))
            assert together == lengths.of_one(example) <= max_tokens
        if strategy == "same":
            assert len(set(groups[example])) == 1


@settings(max_examples=60)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(2, 4), st.integers(0, 9))
def test_as_many_examples_are_mixed_as_the_smaller_group_allows(images: int, texts: int, per_example: int, seed: int) -> None:
    groups = np.repeat([0, 1], [images, texts])
    ones = np.ones_like(groups)
    made = examples(plan("instance", groups, alike(ones), ones, Budget(per_example), seed))
    assert len(made) == -(-len(groups) // per_example)
    sizes = {len(example) for example in made}
    assert max(sizes) - min(sizes) <= 1, "examples are as long as one another"
    single = {example[0] for example in made if len(example) == 1}
    mixed = sum(len(set(groups[example])) == 2 for example in made)
    assert mixed == min(len(made) - len(single), images, texts)


@pytest.mark.parametrize("strategy", ["dataset", "same", "instance"])
def test_the_seed_and_nothing_else_decides(strategy: Any) -> None:
    groups, tokens = np.arange(40) % 3, np.full(40, 30)
    ones = np.ones(40, int)
    budget = Budget(1 if strategy == "dataset" else 2, 70)
    first, again, other = (examples(plan(strategy, groups, alike(tokens), ones, budget, seed)) for seed in (5, 5, 6))
    assert first == again
    assert first != other
    if strategy == "instance":
        assert {tuple(groups[example]) for example in first} >= {(0, 1), (1, 0)}, "the order within an example is random"


def test_random_bits_are_those_of_earlier_releases() -> None:
    """What a seed means must not change from one release, or one NumPy, to the next."""
    groups, ones = np.arange(6) % 2, np.ones(6, int)
    assert examples(plan("instance", groups, alike(ones), ones, Budget(2), 7)) == [[3, 2], [5, 0], [1, 4]]


def test_instances_over_the_budget_find_another_partner_or_stay_alone() -> None:
    groups, tokens = np.array([0] * 20 + [1] * 20), np.array([90] * 10 + [10] * 10 + [90] * 10 + [10] * 10)
    made = examples(plan("instance", groups, alike(tokens), np.ones(40, int), Budget(2, 100), 0))
    alone = [example[0] for example in made if len(example) == 1]
    assert len(made) < 40
    assert all(tokens[instance] == 90 for instance in alone), "whatever is short fits beside anything"


def test_none_keeps_the_order_and_repeats_in_place() -> None:
    groups, ones = np.array([1, 0, 1]), np.ones(3, int)
    assert examples(plan("none", groups, alike(ones), 2 * ones, Budget(1), 3)) == [[0], [0], [1], [1], [2], [2]]


def test_a_ratio_uses_the_most_that_it_allows_and_counts_the_rest() -> None:
    groups = np.repeat([0, 1], [30, 50])
    ones = np.ones(80, int)
    made = plan("dataset", groups, alike(ones), ones, Budget(1), 0, {0: 1.0, 1: 2.0})
    assert Counter(groups[made.instances]) == {0: 25, 1: 50}
    assert made.left_out == {0: 5, 1: 0}
    others = (("same", 2), ("instance", 3))
    by_strategy = [set(plan(name, groups, alike(ones), ones, Budget(k), 0, {0: 1.0, 1: 2.0}).instances) for name, k in others]  # type: ignore[arg-type]
    assert by_strategy == [set(made.instances)] * 2, "every strategy leaves out the same"


def test_what_cannot_be_arranged_is_said() -> None:
    groups, ones = np.zeros(4, int), np.ones(4, int)
    with pytest.raises(PlanError, match="there is only one group"):
        plan("instance", groups, alike(ones), ones, Budget(2), 0)
    with pytest.raises(PlanError, match="a ratio gives every group a share above 0"):
        plan("dataset", groups, alike(ones), ones, Budget(1), 0, {0: 0.0})
