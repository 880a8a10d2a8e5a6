"""Ranks with ties: which of several models can be told apart.

``differ[i, j]`` says that i and j can. A model's rank is one more than the number of models that are better than it beyond
doubt. Being indistinguishable is not transitive, so ranks alone cannot show all ties: letters do (a compact letter display;
Piepho 2004, An algorithm for a letter-based representation of all-pairwise comparisons). Two models share a letter if and only
if they cannot be told apart.
"""

from __future__ import annotations

import string

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.bool_]


def ranks(scores: npt.NDArray[np.float64], differ: Matrix) -> list[int]:
    """The rank of each model: 1 + how many are better and can be told apart from it."""
    better = scores[None, :] > scores[:, None]
    return [int(count) + 1 for count in (better & differ).sum(axis=1)]


def letters(scores: npt.NDArray[np.float64], differ: Matrix) -> list[str]:
    """The letters of each model, ``a`` for the group with the best."""
    groups: list[frozenset[int]] = [frozenset(range(len(scores)))]
    for left, right in zip(*np.nonzero(np.triu(differ, 1)), strict=True):
        split = [part for group in groups for part in _without(group, int(left), int(right))]
        groups = [group for group in set(split) if not any(group < larger for larger in split)]
    order = sorted(range(len(scores)), key=lambda model: (-scores[model], model))
    position = {model: rank for rank, model in enumerate(order)}
    groups.sort(key=lambda group: sorted(position[model] for model in group))
    return ["".join(_letter(number) for number, group in enumerate(groups) if model in group) for model in range(len(scores))]


def _without(group: frozenset[int], left: int, right: int) -> tuple[frozenset[int], ...]:
    return (group - {left}, group - {right}) if left in group and right in group else (group,)


def _letter(number: int) -> str:
    """From a to z, then with a number: a1 to z1, a2 and so on."""
    turn, index = divmod(number, len(string.ascii_lowercase))
    return string.ascii_lowercase[index] + (str(turn) if turn else "")
