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

DEALS = 8
"""How often an instance that was over the budget is dealt again before it stays alone."""

_SELECT, _DEAL, _INSIDE, _ORDER = range(4)
"""What random numbers are drawn for."""


class PlanError(ValueError):
    """The instances cannot be arranged as asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Instances in the order in which they are written, example by example."""

    cards: Numbers
    """Index of each instance; one that is repeated stands here several times."""
    starts: Numbers
    """Where in ``cards`` each example begins, and where the last ends: one longer than there are examples."""
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
    cards, left_out = _selected(uses, ratio)
    if strategy == "none":
        chosen = np.sort(np.concatenate(list(cards.values())), kind="stable")
        return Plan(chosen, np.arange(len(chosen) + 1), left_out)
    dealer = _Dealer(groups, lengths, budget, seed, distinct=bool((repeats > 1).any()))
    if strategy == "instance":
        dealer.join([cards[group] for group in present])
    elif strategy == "same":
        for group in present:
            dealer.join([cards[group]])
    else:
        dealer.alone(np.concatenate([cards[group] for group in present]))
    return Plan(*dealer.shuffled(), left_out)


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
    scale = min(len(cards) / ratio[group] for group, cards in uses.items())
    counts = {group: min(int(scale * ratio[group] + 1e-9), len(cards)) for group, cards in uses.items()}
    left_out = {group: len(cards) - counts[group] for group, cards in uses.items()}
    return {group: cards[: counts[group]] for group, cards in uses.items()}, left_out


class _Dealer:
    """Deals instances into examples like cards onto piles: the k-th card goes to the k-th pile, then from the first again.

    Dealt one group after the other, each group spreads over the piles as evenly as can be, and so do all cards together.
    """

    def __init__(
        self, groups: NDArray[np.integer], lengths: Lengths | None, budget: Budget, seed: int, *, distinct: bool
    ) -> None:
        self._groups, self._lengths, self._budget, self._seed = groups, lengths, budget, seed
        self._distinct = distinct
        self._cards: list[Numbers] = []
        self._piles: list[Numbers] = []
        self._count = 0
        self._shuffles = 0

    def alone(self, cards: Numbers) -> None:
        """An example of each card."""
        self._keep(cards, np.arange(len(cards)))

    def join(self, decks: Sequence[Numbers]) -> None:
        """Examples of several cards, each with cards of as many decks as can be."""
        for _ in range(DEALS):
            total = sum(map(len, decks))
            if total == 0:
                return
            cards = np.concatenate(decks)
            piles = np.arange(total) % -(-total // self._budget.per_example)
            decks = self._settle(cards, piles, len(decks))
        self.alone(np.concatenate(decks))

    def _settle(self, cards: Numbers, piles: Numbers, decks: int) -> list[Numbers]:
        """Keep the piles that are within the budget, and what can be kept of the others; returns the rest, by deck, shuffled."""
        bad = self._over(cards, piles)
        good = ~bad[piles]
        self._keep(cards[good], piles[good])
        rest: list[int] = []
        kept: list[int] = []
        of: list[int] = []
        left, home = cards[~good], piles[~good]
        order = np.argsort(home, kind="stable")
        for number, pile in enumerate(np.split(left[order], np.flatnonzero(np.diff(home[order])) + 1) if len(left) else []):
            inside = self._within(pile.tolist())
            kept += inside[0]
            of += [number] * len(inside[0])
            rest += inside[1]
        self._keep(np.array(kept, np.int64), np.array(of, np.int64))
        return self._decks(np.array(rest, np.int64), decks)

    def _over(self, cards: Numbers, piles: Numbers) -> NDArray[np.bool_]:
        """Which piles hold too many tokens, or an instance twice."""
        bad = np.zeros(int(piles.max()) + 1, bool)
        if self._budget.max_tokens is not None and self._lengths is not None:
            bad |= self._lengths.of(cards, piles) > self._budget.max_tokens
        if self._distinct:
            order = np.lexsort((cards, piles))
            twice = (np.diff(piles[order]) == 0) & (np.diff(cards[order]) == 0)
            bad[piles[order][1:][twice]] = True
        return bad

    def _within(self, pile: list[int]) -> tuple[list[int], list[int]]:
        """What an example can hold of a pile: one of each group first, then the others. A single card is not kept: it may still
        find company in the next deal.
        """
        seen: set[int] = set()
        first, then = list[int](), list[int]()
        for card in pile:
            group = int(self._groups[card])
            (then if group in seen else first).append(card)
            seen.add(group)
        held = list[int]()
        for card in first + then:
            if card not in held and self._fits([*held, card]):
                held.append(card)
        if len(held) < 2:
            return [], pile
        rest = list(pile)
        for card in held:
            rest.remove(card)
        return held, rest

    def _fits(self, cards: Sequence[int]) -> bool:
        """Whether an example of these cards is within the budget."""
        most = self._budget.max_tokens
        return most is None or self._lengths is None or self._lengths.of_one(cards) <= most

    def _decks(self, cards: Numbers, decks: int) -> list[Numbers]:
        """Shuffled, and by group again where there were several decks."""
        self._shuffles += 1
        cards = cards[np.argsort(_bits(self._seed, _DEAL, self._shuffles, len(cards)), kind="stable")]
        if decks == 1:
            return [cards]
        return [cards[self._groups[cards] == group] for group in np.unique(self._groups)]

    def _keep(self, cards: Numbers, piles: Numbers) -> None:
        """Make examples of these piles."""
        if len(cards):
            names, numbered = np.unique(piles, return_inverse=True)
            self._cards.append(cards)
            self._piles.append(numbered + self._count)
            self._count += len(names)

    def shuffled(self) -> tuple[Numbers, Numbers]:
        """Cards and starts of all examples: examples in random order, the cards of each in random order."""
        cards, piles = np.concatenate(self._cards), np.concatenate(self._piles)
        ranks = np.empty(self._count, np.int64)
        ranks[np.argsort(_bits(self._seed, _ORDER, 0, self._count), kind="stable")] = np.arange(self._count)
        order = np.lexsort((_bits(self._seed, _INSIDE, 0, len(cards)), ranks[piles]))
        sizes = np.bincount(ranks[piles], minlength=self._count)
        return cards[order], np.concatenate([[0], np.cumsum(sizes)])
