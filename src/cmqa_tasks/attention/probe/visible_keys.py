"""Keys sorted by segment, which of them each query row sees, and random subsets of the evidence's keys."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch

SHUFFLES = 8
"""How many label shuffles make up the null."""


@dataclass(frozen=True)
class VisibleKeys:
    """Which keys some query rows see, sorted by segment. Layers with the same masks share one.

    Args:
        slots: long, (batch, slots): the key in each slot.
        edges: where segments begin and end along the slots, length S + 1.
        starts: for each segment, its first key, if its slots are successive keys and the same ones in every item; else None.
        visible: bool, (batch, rows, slots): whether the row sees the key; False in slots that fill up a shorter item.
        counts: float32, (batch, rows, S): keys that the row sees.
        whole: for each segment, whether every row sees all its slots, so that nothing is to be masked.
        subsets: float32 where all rows share them, else bool, (batch, rows or 1, slots of both pieces of evidence,
            2 + 2 * SHUFFLES): the matched subsamples of A and of B, then the keys labelled A by each shuffle, then those
            labelled B.
    """

    slots: torch.Tensor
    edges: tuple[int, ...]
    starts: tuple[int | None, ...]
    visible: torch.Tensor
    counts: torch.Tensor
    whole: tuple[bool, ...]
    subsets: torch.Tensor


def view(buckets: torch.Tensor, visible: torch.Tensor, segments: int, evidence: tuple[int, int], seed: int) -> VisibleKeys:
    """Sort keys by segment and draw the subsets.

    Args:
        buckets: long, on the CPU, (batch, keys): segment of each key, -1 for padding.
        visible: bool, (batch, rows, keys), on the device where the reduction will run.
        segments: how many segments there are.
        evidence: indices of the segments A and B.
        seed: of matched subsamples and shuffles; they do not depend on the batch that an item is in.
    """
    slots, filled, edges = _sorted(buckets, segments)
    slots_there = slots.to(visible.device)
    seen = visible.gather(2, slots_there[:, None].expand(-1, visible.shape[1], -1)) & filled.to(visible.device)[:, None]
    parts = [seen[..., start:end] for start, end in pairwise(edges)]
    counts = torch.stack([part.sum(-1) for part in parts], -1)
    whole = tuple(bool(flag) for flag in torch.stack([part.all() for part in parts]).tolist())
    pieces = [parts[segment].cpu() for segment in evidence]
    subsets = _subsets(pieces, filled, edges, evidence, seed).to(visible.device)
    if subsets.shape[1] == 1:
        subsets = subsets.float()  # once, and not in every layer
    starts = tuple(_start(slots[:, start:end]) for start, end in pairwise(edges))
    return VisibleKeys(slots_there, edges, starts, seen, counts.float(), whole, subsets)


def _start(slots: torch.Tensor) -> int | None:
    """The first of some slots' keys, (batch, slots), if they are a stretch that all items share."""
    if not slots.shape[1]:
        return None
    first = int(slots[0, 0])
    return first if bool((slots == torch.arange(first, first + slots.shape[1])).all()) else None


def _sorted(buckets: torch.Tensor, segments: int) -> tuple[torch.Tensor, torch.Tensor, tuple[int, ...]]:
    """Slots (batch, slots), which of them are filled, and the segments' edges; items are filled up to the longest."""
    counts = torch.stack([(buckets == segment).sum(1) for segment in range(segments)], 1)
    widths = counts.amax(0).tolist()
    order = buckets.argsort(dim=1, stable=True)
    first = buckets.shape[1] - counts.flip(1).cumsum(1).flip(1)  # padding sorts before segment 0
    slots, filled = [], []
    for segment, width in enumerate(widths):
        within = torch.arange(width)[None]
        where = (first[:, segment, None] + within).clamp_max(buckets.shape[1] - 1)
        slots.append(order.gather(1, where))
        filled.append(within < counts[:, segment, None])
    edges = [0, *torch.tensor(widths).cumsum(0).tolist()]
    return torch.cat(slots, 1), torch.cat(filled, 1), tuple(edges)


def _subsets(
    pieces: list[torch.Tensor], filled: torch.Tensor, edges: tuple[int, ...], evidence: tuple[int, int], seed: int
) -> torch.Tensor:
    """Random subsets of the keys of both pieces; ``pieces`` say which of them each row sees, (batch, rows, slots of the piece).

    A random order of the item's keys is drawn once; a row takes the first of those it sees.
    """
    seen = torch.cat(pieces, 2)
    if bool((seen == seen[:, :1]).all()):
        seen = seen[:, :1]
    width = pieces[0].shape[2]
    is_a = torch.arange(seen.shape[2]) < width
    there = torch.cat([filled[:, edges[segment] : edges[segment + 1]] for segment in evidence], 1)
    result = torch.zeros(*seen.shape, 2 + 2 * SHUFFLES, dtype=torch.bool)
    for item in range(seen.shape[0]):
        generator = torch.Generator().manual_seed(seed)
        keys = there[item].nonzero()[:, 0]
        number_a = seen[item, :, :width].sum(-1, keepdim=True)
        fewest = torch.minimum(number_a, seen[item, :, width:].sum(-1, keepdim=True))
        for draw in range(1 + SHUFFLES):
            order = keys[torch.randperm(len(keys), generator=generator)]
            sees, from_a = seen[item][:, order], is_a[order]
            if draw == 0:
                for column, piece in enumerate((sees & from_a, sees & ~from_a)):
                    result[item, :, order, column] = piece & (piece.cumsum(-1) <= fewest)
            else:
                labelled_a = sees.cumsum(-1) <= number_a
                result[item, :, order, 1 + draw] = sees & labelled_a
                result[item, :, order, 1 + draw + SHUFFLES] = sees & ~labelled_a
    return result
