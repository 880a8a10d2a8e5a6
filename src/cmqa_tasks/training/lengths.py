"""How long an example is, from what its instances were counted with, whatever their system messages.

A system message that all instances of an example share leads it; otherwise each is text of its instance's first user turn (see
:mod:`cmqa_tasks.training.examples`), and many templates then write a default in front. So an instance is counted in both forms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


class Tokens(NamedTuple):
    """What an instance was counted with."""

    alone: int
    """Tokens as a conversation of its own, its system message, if it has one, in front."""
    moved: int
    """Tokens with that message in the first user turn; ``alone`` if it has none."""
    prefix: int
    """Those of ``alone`` that stand before the first turn: what an example has once that this system message leads."""


UNCOUNTED = Tokens(-1, -1, -1)


@dataclass(frozen=True, slots=True)
class Lengths:
    """What the instances were counted with, as arrays, an entry for each instance."""

    alone: NDArray[np.integer]
    moved: NDArray[np.integer]
    prefix: NDArray[np.integer]
    system: NDArray[np.integer]
    """A number for its system message: the same for the same, 0 for none."""
    shared: int
    """Tokens that the template puts before the first turn of a conversation without system message."""

    def of(self, instances: Numbers, examples: Numbers) -> Numbers:
        """Tokens of each example.

        Args:
            instances: instances of all examples.
            examples: the number of each one's example, from 0 without a gap.
        """
        more = np.bincount(examples) - 1
        first = np.zeros(len(more), np.int64)
        first[examples] = instances  # whichever: it only matters where all have the same system message
        differ = np.bincount(examples, self.system[instances] != self.system[first][examples]) > 0
        led = np.bincount(examples, self.alone[instances]) - more * self.prefix[first]
        moved = np.bincount(examples, self.moved[instances]) - more * self.shared
        return np.where(differ, moved, led).astype(np.int64)

    def of_one(self, instances: Sequence[int]) -> int:
        """Tokens of one example: as :meth:`of`, which takes long to start."""
        first, more = instances[0], len(instances) - 1
        if any(self.system[instance] != self.system[first] for instance in instances):
            return sum(int(self.moved[instance]) for instance in instances) - more * self.shared
        return sum(int(self.alone[instance]) for instance in instances) - more * int(self.prefix[first])
