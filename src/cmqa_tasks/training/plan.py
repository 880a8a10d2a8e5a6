"""Which instances an example joins, and in which order: strategies over index arrays, so that memory holds numbers and no text.

``none``      every instance alone, in the order of the sources
``dataset``   every instance alone, all of them shuffled
``same``      several instances of one group joined, shuffled
``instance``  several instances of different groups joined, shuffled

All four use the same instances equally often. Everything random comes from raw bits of NumPy's Philox generator, which stay the
same from version to version, and depends on the seed and on the order of the instances alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cmqa_tasks.training.choices import Strategy
from cmqa_tasks.training.lengths import Lengths, Numbers

ROUNDS = 8
"""How often an instance that was over the budget is tried in other company before it stays alone."""

_SELECT, _SHUFFLE, _INSIDE, _ORDER = range(4)
"""What random numbers are drawn for."""


class PlanError(ValueError):
    """The instances cannot be arranged as asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Instances in the order in which they are written, example by example."""

    instances: Numbers
    """Index of each instance; one that is repeated stands here several times."""
    starts: Numbers
    """Where in ``instances`` each example begins, and where the last ends: one longer than there are examples."""
    left_out: Mapping[int, int]
    """Uses left out by a ratio, by group."""

    def sizes(self) -> Numbers:
        """Instances of each example."""
        return np.diff(self.starts)


@dataclass(frozen=True, slots=True)
class Budget:
    """How much an example may hold."""

    per_example: int
    """Instances at most."""
    max_tokens: int | None = None
    """Tokens at most."""


def plan(
    strategy: Strategy,
    groups: NDArray[np.integer],
    lengths: Lengths | None,
    repeats: NDArray[np.integer],
    budget: Budget,
    seed: int,
    ratio: Mapping[int, float] | None = None,
) -> Plan:
    """Arrange instances into examples.

    Args:
        strategy: one of :data:`cmqa_tasks.training.choices.STRATEGIES`.
        groups: group of each instance.
        lengths: of the instances; needed only where the budget has ``max_tokens``, which none may exceed by itself.
        repeats: how often each instance is used, at least once.
        budget: of an example.
        seed: at least 0.
        ratio: share of each group, relative to the others. The most is used that it allows; without one, everything is.

    Raises:
        PlanError: ``instance`` with one group, a ratio that does not name every group, or a budget of tokens without lengths.
    """
    if budget.max_tokens is not None and lengths is None:
        raise PlanError(f"a budget of {budget.max_tokens} tokens needs the lengths of the instances")
    present = [int(group) for group in np.unique(groups)]
    if strategy == "instance" and len(present) < 2:
        raise PlanError("strategy instance joins instances of different groups, and there is only one group")
    uses = {group: _uses(np.flatnonzero(groups == group), repeats, seed, group) for group in present}
    selected, left_out = _selected(uses, ratio)
    if strategy == "none":
        in_order = np.sort(np.concatenate(list(selected.values())), kind="stable")
        return Plan(in_order, np.arange(len(in_order) + 1), left_out)
    arrangement = _Arrangement(groups, lengths, budget, seed, distinct=bool((repeats > 1).any()))
    if strategy == "instance":
        arrangement.join([selected[group] for group in present])
    elif strategy == "same":
        for group in present:
            arrangement.join([selected[group]])
    else:
        arrangement.leave_alone(np.concatenate([selected[group] for group in present]))
    return Plan(*arrangement.shuffled(), left_out)


def _bits(seed: int, purpose: int, stream: int, count: int) -> NDArray[np.uint64]:
    """Random numbers of 64 bits, the same for the same seed, purpose and stream."""
    key = np.array([seed, purpose << 32 | stream], dtype=np.uint64)
    return np.asarray(np.random.Philox(key=key).random_raw(count), dtype=np.uint64)


def _uses(instances: Numbers, repeats: NDArray[np.integer], seed: int, group: int) -> Numbers:
    """The uses of a group's instances in random order, round by round: all of them, then those that are used again."""
    often, rounds = repeats[instances], []
    for turn in range(int(often.max(initial=0))):
        due = instances[often > turn]
        rounds.append(due[np.argsort(_bits(seed, _SELECT, group << 16 | turn, len(due)), kind="stable")])
    return np.concatenate(rounds)


def _selected(uses: Mapping[int, Numbers], ratio: Mapping[int, float] | None) -> tuple[dict[int, Numbers], dict[int, int]]:
    """The uses that a ratio allows, and how many of each group it leaves out."""
    if ratio is None:
        return dict(uses), {}
    if ratio.keys() != uses.keys() or min(ratio.values()) <= 0:
        raise PlanError("a ratio gives every group a share above 0")
    scale = min(len(instances) / ratio[group] for group, instances in uses.items())
    counts = {group: min(int(scale * ratio[group] + 1e-9), len(instances)) for group, instances in uses.items()}
    left_out = {group: len(instances) - counts[group] for group, instances in uses.items()}
    return {group: instances[: counts[group]] for group, instances in uses.items()}, left_out


class _Arrangement:
    """Examples as they come about: instances, and for each the number of its example.

    To join instances, the k-th goes to the k-th example, and from the first again when all have one. Taken one group after the
    other, each group spreads over the examples as evenly as can be, and so do all instances together.
    """

    def __init__(
        self, groups: NDArray[np.integer], lengths: Lengths | None, budget: Budget, seed: int, *, distinct: bool
    ) -> None:
        self._groups, self._lengths, self._budget, self._seed = groups, lengths, budget, seed
        self._distinct = distinct
        self._instances: list[Numbers] = []
        self._examples: list[Numbers] = []
        self._count = 0
        self._shuffles = 0

    def leave_alone(self, instances: Numbers) -> None:
        """An example of each instance."""
        self._keep(instances, np.arange(len(instances)))

    def join(self, by_group: Sequence[Numbers]) -> None:
        """Examples of several instances, each with instances of as many groups as can be."""
        for _ in range(ROUNDS):
            total = sum(map(len, by_group))
            if total == 0:
                return
            instances = np.concatenate(by_group)
            examples = np.arange(total) % -(-total // self._budget.per_example)
            by_group = self._settle(instances, examples, len(by_group))
        self.leave_alone(np.concatenate(by_group))

    def _settle(self, instances: Numbers, examples: Numbers, groups: int) -> list[Numbers]:
        """Keep the examples that are within the budget, and what can be kept of the others; returns the rest, by group,
        shuffled.
        """
        over = self._over(instances, examples)
        good = ~over[examples]
        self._keep(instances[good], examples[good])
        rest: list[int] = []
        kept: list[int] = []
        kept_in: list[int] = []
        left, its_example = instances[~good], examples[~good]
        order = np.argsort(its_example, kind="stable")
        cuts = np.flatnonzero(np.diff(its_example[order])) + 1
        for number, members in enumerate(np.split(left[order], cuts) if len(left) else []):
            held, others = self._within(members.tolist())
            kept += held
            kept_in += [number] * len(held)
            rest += others
        self._keep(np.array(kept, np.int64), np.array(kept_in, np.int64))
        return self._by_group(np.array(rest, np.int64), groups)

    def _over(self, instances: Numbers, examples: Numbers) -> NDArray[np.bool_]:
        """Which examples hold too many tokens, or an instance twice."""
        over = np.zeros(int(examples.max()) + 1, bool)
        if self._budget.max_tokens is not None and self._lengths is not None:
            over |= self._lengths.of(instances, examples) > self._budget.max_tokens
        if self._distinct:
            order = np.lexsort((instances, examples))
            twice = (np.diff(examples[order]) == 0) & (np.diff(instances[order]) == 0)
            over[examples[order][1:][twice]] = True
        return over

    def _within(self, members: list[int]) -> tuple[list[int], list[int]]:
        """What an example can hold of its members: one of each group first, then the others. A single one is not kept: it may
        still find company in the next round.
        """
        seen: set[int] = set()
        first, then = list[int](), list[int]()
        for instance in members:
            group = int(self._groups[instance])
            (then if group in seen else first).append(instance)
            seen.add(group)
        held = list[int]()
        for instance in first + then:
            if instance not in held and self._fits([*held, instance]):
                held.append(instance)
        if len(held) < 2:
            return [], members
        rest = list(members)
        for instance in held:
            rest.remove(instance)
        return held, rest

    def _fits(self, instances: Sequence[int]) -> bool:
        """Whether an example of these instances is within the budget."""
        most = self._budget.max_tokens
        return most is None or self._lengths is None or self._lengths.of_one(instances) <= most

    def _by_group(self, instances: Numbers, groups: int) -> list[Numbers]:
        """Shuffled, and by group again where there were several."""
        self._shuffles += 1
        instances = instances[np.argsort(_bits(self._seed, _SHUFFLE, self._shuffles, len(instances)), kind="stable")]
        if groups == 1:
            return [instances]
        return [instances[self._groups[instances] == group] for group in np.unique(self._groups)]

    def _keep(self, instances: Numbers, examples: Numbers) -> None:
        """Make these examples."""
        if len(instances):
            names, numbered = np.unique(examples, return_inverse=True)
            self._instances.append(instances)
            self._examples.append(numbered + self._count)
            self._count += len(names)

    def shuffled(self) -> tuple[Numbers, Numbers]:
        """Instances and starts of all examples: examples in random order, the instances of each in random order."""
        instances, examples = np.concatenate(self._instances), np.concatenate(self._examples)
        ranks = np.empty(self._count, np.int64)
        ranks[np.argsort(_bits(self._seed, _ORDER, 0, self._count), kind="stable")] = np.arange(self._count)
        order = np.lexsort((_bits(self._seed, _INSIDE, 0, len(instances)), ranks[examples]))
        sizes = np.bincount(ranks[examples], minlength=self._count)
        return instances[order], np.concatenate([[0], np.cumsum(sizes)])
