"""Reductions of probed attention rows to statistics per segment. Pure tensor functions; float32 throughout.

Segments are taken one after the other, each with its own keys and values side by side: no one-hot products, no scatter, and
grouped query heads meet their key head without repeating it. Where a segment is a stretch of the prompt nothing is copied.
Exponentials are taken relative to each segment's own maximum: relative to the row's, a sink 100 nats above the rest would leave
nothing of the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import torch

from cmqa_tasks.attention.probe.visible_keys import SHUFFLES, VisibleKeys

BLOCK = 1 << 22
"""Logits held at a time. Bounds the memory of a reduction; 16 MB of float32."""
SEGMENTED = ("log_count", "lse", "mean_logit", "max_logit", "value_norm", "output_norm")
"""Statistics that there are of each segment."""
_SMALLEST = 1e-37  # floor of a subset's sum: contrasts of subsets are cut off some 85 nats away from 0


@dataclass(frozen=True)
class RowStatistics:
    """Statistics of rows of one layer. Segmented ones are (batch, heads, rows, S).

    ``log_count`` is (batch, 1, rows, S); ``lse_all`` and ``matched`` are (batch, heads, rows); ``null`` is D of each shuffle,
    (batch, heads, rows, SHUFFLES); ``output`` is the attention output that the segments add up to,
    (batch, heads, rows, value dim).
    """

    log_count: torch.Tensor
    lse: torch.Tensor
    mean_logit: torch.Tensor
    max_logit: torch.Tensor
    value_norm: torch.Tensor
    output_norm: torch.Tensor
    lse_all: torch.Tensor
    matched: torch.Tensor
    null: torch.Tensor
    output: torch.Tensor

    def packed(self) -> torch.Tensor:
        """All statistics but the output side by side, (batch, heads, rows, columns); see :func:`unpacked`."""
        heads = self.lse.shape[1]
        segmented = [self.log_count.expand(-1, heads, -1, -1), *(getattr(self, name) for name in SEGMENTED[1:])]
        return torch.cat([*segmented, self.lse_all[..., None], self.matched[..., None], self.null], -1)


@dataclass(frozen=True)
class LayerFormula:
    """What a layer does beyond products of queries and keys.

    Args:
        scaling: factor of the logits.
        softcap: logits are ``softcap * tanh(logits / softcap)``, if given.
        sinks: float, (heads,): learned logits that take part in the softmax, if any.
        bias: added to the capped logits of each segment, length S.
        projection: float32, (heads, value dim, value dim): see :func:`output_factor`; None if unknown.
        gate: float32, (batch, heads, rows, value dim): factor between attention and output projection, if any.
    """

    scaling: float
    softcap: float | None
    sinks: torch.Tensor | None
    bias: Sequence[float]
    projection: torch.Tensor | None
    gate: torch.Tensor | None


@torch.no_grad()
def reduce_rows(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, seen: VisibleKeys, evidence: tuple[int, int], layer: LayerFormula
) -> RowStatistics:
    """Statistics of query rows of one layer.

    Args:
        query: (batch, heads, rows, dim), as the attention function gets it.
        key: (batch, key heads, keys, dim); key heads divide heads.
        value: (batch, key heads, keys, value dim).
        seen: which keys the rows see; on the same device.
        evidence: indices of the segments A and B.
        layer: the rest of the layer.
    """
    batch, heads, rows, _ = query.shape
    widest = max(end - start for start, end in pairwise(seen.edges))
    step = max(1, BLOCK // max(1, batch * heads * widest))
    blocks = [_reduce(query, key, value, seen, evidence, layer, slice(begin, begin + step)) for begin in range(0, rows, step)]
    if len(blocks) == 1:
        return blocks[0]
    return RowStatistics(
        **{field.name: torch.cat([getattr(block, field.name) for block in blocks], 2) for field in fields(RowStatistics)}
    )


def _pick(states: torch.Tensor, seen: VisibleKeys, segment: int) -> torch.Tensor:
    """One segment of (batch, key heads, keys, dim), float32, (batch, key heads, slots of the segment, dim)."""
    start, end = seen.edges[segment], seen.edges[segment + 1]
    first = seen.starts[segment]
    if first is not None:
        return states[:, :, first : first + end - start].float()
    return torch.stack([item.index_select(1, slots[start:end]) for item, slots in zip(states, seen.slots, strict=True)]).float()


def _reduce(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    seen: VisibleKeys,
    evidence: tuple[int, int],
    layer: LayerFormula,
    rows: slice,
) -> RowStatistics:
    """A block of rows, segment by segment; the softmax over all of them comes last."""
    query = query[:, :, rows].float() * layer.scaling
    counts = seen.counts[:, None, rows]
    parts, sums = [], []
    for segment, (start, end) in enumerate(pairwise(seen.edges)):
        hidden = None if seen.whole[segment] else ~seen.visible[:, None, rows, start:end]
        logits = _logits(query, _pick(key, seen, segment), layer, layer.bias[segment])
        part = _segment(logits, _pick(value, seen, segment), hidden, counts[..., segment])
        parts.append(part)
        if segment in evidence:
            first = seen.edges[evidence[0] + 1] - seen.edges[evidence[0]]
            columns = slice(0, first) if segment == evidence[0] else slice(first, None)
            sums.append(_subset_sums(part.weights, seen.subsets[:, rows if seen.subsets.shape[1] > 1 else slice(None), columns]))
        part.weights = None
    lse = torch.stack([part.lse for part in parts], -1)
    everything = lse if layer.sinks is None else torch.cat([lse, _beside(layer.sinks, lse)], -1)
    lse_all = everything.logsumexp(-1)
    # Unseen segments have top 0, which may be far above lse_all: without the clamp their nothing times infinity is NaN.
    scales = [(part.top - lse_all).clamp_max(0).exp_()[..., None] for part in parts]
    reads = [part.read.mul_(scale) for part, scale in zip(parts, scales, strict=True)]
    read = torch.stack(reads, -2)
    a, b = (parts[segment].top for segment in evidence)
    if evidence[0] > evidence[1]:
        sums.reverse()
    matched, null = _contrasts(sums[0], sums[1], a, b, counts[..., list(evidence)])
    return RowStatistics(
        log_count=counts.log(),
        lse=lse,
        mean_logit=torch.stack([part.mean for part in parts], -1),
        max_logit=torch.stack([part.highest for part in parts], -1),
        value_norm=read.norm(dim=-1),
        output_norm=_output_norm(read, layer, rows),
        lse_all=lse_all,
        matched=matched,
        null=null,
        output=sum(reads[1:], reads[0]),
    )


def _logits(query: torch.Tensor, key: torch.Tensor, layer: LayerFormula, bias: float) -> torch.Tensor:
    """(batch, heads, rows, keys) from scaled queries and unrepeated keys."""
    batch, heads, rows, dim = query.shape
    grouped = query.reshape(batch, key.shape[1], -1, dim)
    logits = torch.matmul(grouped, key.transpose(-1, -2)).view(batch, heads, rows, key.shape[2])
    if layer.softcap is not None:
        logits = logits.div_(layer.softcap).tanh_().mul_(layer.softcap)
    return logits.add_(bias) if bias else logits


@dataclass
class _Part:
    """One segment. ``weights`` are exp(logits - top) and ``read`` their product with the values."""

    lse: torch.Tensor
    mean: torch.Tensor
    highest: torch.Tensor
    top: torch.Tensor
    weights: torch.Tensor | None
    read: torch.Tensor


def _segment(logits: torch.Tensor, value: torch.Tensor, hidden: torch.Tensor | None, count: torch.Tensor) -> _Part:
    """Statistics of one segment; ``logits`` are overwritten. ``hidden`` broadcasts to them, ``count`` is (batch, 1, rows)."""
    batch, heads, rows, width = logits.shape
    if not width:
        nothing = logits.new_full((batch, heads, rows), -torch.inf)
        empty = logits.new_zeros(batch, heads, rows, value.shape[3])
        return _Part(nothing, nothing * torch.nan, nothing, torch.zeros_like(nothing), logits, empty)
    if hidden is None:
        mean = logits.mean(-1)
    else:
        mean = logits.masked_fill(hidden, 0).sum(-1) / count
        logits.masked_fill_(hidden, -torch.inf)
    highest = logits.amax(-1)
    top = highest.masked_fill(highest == -torch.inf, 0)
    weights = logits.sub_(top[..., None]).exp_()
    lse = top + weights.sum(-1).log()
    read = torch.matmul(weights.view(batch, value.shape[1], -1, width), value).view(batch, heads, rows, -1)
    return _Part(lse, mean, highest, top, weights, read)


def _beside(sinks: torch.Tensor, lse: torch.Tensor) -> torch.Tensor:
    """Learned sinks as one more segment, (batch, heads, rows, 1)."""
    return sinks.float().view(1, -1, 1, 1).expand(*lse.shape[:3], 1)


def _subset_sums(weights: torch.Tensor | None, subsets: torch.Tensor) -> torch.Tensor:
    """Sums of weights over subsets: (batch, heads, rows, keys), (batch, rows or 1, keys, C) → (batch, heads, rows, C)."""
    assert weights is not None
    batch, heads, rows, width = weights.shape
    if subsets.shape[1] == 1:
        sums = torch.matmul(weights.view(batch, heads * rows, width), subsets[:, 0].float())
        return sums.view(batch, heads, rows, -1)
    return torch.matmul(weights.transpose(1, 2), subsets.float()).transpose(1, 2)


def _contrasts(
    of_a: torch.Tensor, of_b: torch.Tensor, top_a: torch.Tensor, top_b: torch.Tensor, counts: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """D of the matched subsamples, (batch, heads, rows), and of each shuffle, (batch, heads, rows, SHUFFLES).

    Args:
        of_a: sums over the subsets' keys in A, relative to ``top_a``; columns as in :class:`VisibleKeys`.
        of_b: the same in B.
        top_a: what the exponentials in A are relative to, (batch, heads, rows).
        top_b: the same in B.
        counts: keys seen in A and in B, (batch, 1, rows, 2).
    """
    seen = (counts > 0).all(-1)
    matched = top_a - top_b + _log(of_a[..., 0]) - _log(of_b[..., 1])
    top = torch.maximum(top_a, top_b)
    mixed = of_a * (top_a - top).exp()[..., None] + of_b * (top_b - top).exp()[..., None]
    labels = _log(mixed[..., 2:]) - counts.log().repeat_interleave(SHUFFLES, -1)
    null = labels[..., :SHUFFLES] - labels[..., SHUFFLES:]
    return matched.where(seen, torch.nan), null.where(seen[..., None], torch.nan)


def _log(sums: torch.Tensor) -> torch.Tensor:
    return sums.clamp_min(_SMALLEST).log()


def _output_norm(read: torch.Tensor, layer: LayerFormula, rows: slice) -> torch.Tensor:
    """‖W_o · read‖ per segment, from ``read`` of shape (batch, heads, rows, S, value dim)."""
    if layer.projection is None:
        return torch.full(read.shape[:-1], torch.nan, device=read.device)
    if layer.gate is not None:
        read = read * layer.gate[:, :, rows, None]
    batch, heads, number, segments, dim = read.shape
    projected = torch.matmul(read.view(batch, heads, -1, dim), layer.projection.transpose(-1, -2))
    norms: torch.Tensor = projected.norm(dim=-1).view(batch, heads, number, segments)
    return norms


@torch.no_grad()
def output_factor(weight: torch.Tensor, heads: int) -> torch.Tensor:
    """A small square matrix per head that keeps norms: ‖factor_h x‖ = ‖weight_h x‖, float32, (heads, value dim, value dim).

    The square root of weight_hᵀ weight_h by its eigenvalues; float64, because squaring doubles the digits at stake.

    Args:
        weight: (hidden, heads * value dim), as in ``torch.nn.Linear``.
        heads: how many heads its columns belong to.
    """
    there = weight.device if weight.device.type != "mps" else torch.device("cpu")  # no float64 on mps
    columns = [part.to(there, torch.float64) for part in weight.chunk(heads, dim=1)]
    values, vectors = torch.linalg.eigh(torch.stack([part.T @ part for part in columns]))
    factor: torch.Tensor = values.clamp_min(0).sqrt()[..., None] * vectors.transpose(-1, -2)
    return factor.float().to(weight.device)


def unpacked(columns: torch.Tensor, segments: int) -> dict[str, torch.Tensor]:
    """Statistics by name from packed ones, whatever the dimensions before the columns."""
    parts = torch.split(columns, [segments] * len(SEGMENTED) + [1, 1, SHUFFLES], -1)
    names = (*SEGMENTED, "lse_all", "matched", "null")
    statistics = dict(zip(names, parts, strict=True))
    return statistics | {name: statistics[name][..., 0] for name in ("lse_all", "matched")}


def over_rows(values: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted means: (batch, heads, rows, columns), float (groups, batch, rows) → (batch, heads, groups, columns).

    NaN without any weight. -inf stays -inf; rows of weight 0 may hold anything.
    """
    weights = weights.permute(1, 0, 2)[:, None, :, :, None]
    return (values[:, :, None].masked_fill(weights == 0, 0) * weights).sum(3) / weights.sum(3)
