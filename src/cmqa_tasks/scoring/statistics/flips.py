"""Exact tests of paired differences by flipping their signs.

If two runs are alike, which of the two a fact's pair of results belongs to is arbitrary: the sign of every difference might as
well be the other. The share of sign patterns with as extreme a mean is an exact p, whatever the distribution (Fisher 1935;
Pitman 1937), and with the largest of several means in place of one it is adjusted for their number and their correlation
(Westfall and Young 1993, max-T).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cmqa_tasks.scoring.statistics.bootstrap import Array

FLIPS = 10_000
_CHUNK_CELLS = 4_000_000


def flipped(differences: Array, flips: int = FLIPS, seed: int = 0) -> Array:
    """Sums of differences with signs drawn anew for each fact, [flips × columns].

    Args:
        differences: [facts × columns]; 0 where a fact has none. The columns of a fact flip together.
        flips: how many patterns.
        seed: of the draws.
    """
    random = np.random.default_rng(seed)
    values = np.ascontiguousarray(differences, dtype=np.float32)
    facts = len(values)
    chunk = max(1, _CHUNK_CELLS // max(facts, 1))
    parts = []
    for begin in range(0, flips, chunk):
        rows = min(chunk, flips - begin)
        signs = random.integers(2, size=(rows, facts), dtype=np.int8).astype(np.float32) * 2 - 1
        parts.append(signs @ values)
    return np.concatenate(parts).astype(np.float64)


def loss_p(observed: float, drawn: npt.NDArray[np.float64]) -> float:
    """The one-sided p of a sum as low as the observed one."""
    return float((1 + np.count_nonzero(drawn <= observed + _SLACK)) / (1 + len(drawn)))


def largest_p(observed: Array, drawn: Array, scale: Array) -> Array:
    """Two-sided p of each column's sum, adjusted for all columns by the largest of them.

    Args:
        observed: sums, [columns].
        drawn: sums under flipped signs, [flips × columns].
        scale: what makes the columns comparable, [columns]: the standard deviation of each sum. A column without any is not
            tested.
    """
    used = scale > 0
    p = np.ones(len(observed))
    if used.any():
        most = (np.abs(drawn[:, used]) / scale[used]).max(axis=1)
        extreme = np.abs(observed[used]) / scale[used]
        p[used] = (1 + (most[:, None] >= extreme - _SLACK).sum(axis=0)) / (1 + len(drawn))
    return p


_SLACK = 1e-4
"""Sums are of 32-bit floats: what differs by less is a tie."""
