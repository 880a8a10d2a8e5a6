"""What the attention probe read: statistics per item, layer, head and segment, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from cmqa_tasks.attention.names import Aggregate

EVIDENCE = ("evidence_a", "evidence_b")
"""The two segments that every contrast compares; a positive contrast favours the first."""


@dataclass(frozen=True)
class Statistics:
    """Statistics of query rows, float32 on the CPU, in nats where they are logits or logs.

    Shapes are given for aggregates; those of single tokens have one more dimension, rows, before the last one. Logits are
    scaled, capped and biased as the softmax gets them. An aggregate is the mean of its rows' statistics: a mean of logs is not
    the log of a mean. Of long answers every eighth row is taken, for eight
    (:func:`~cmqa_tasks.attention.probe.shared_prompt.stands_for`). A segment that one of the rows cannot see (it is empty,
    comes later, or has left a sliding window) has ``lse``, ``max_logit`` and ``log_count`` -inf and ``mean_logit`` NaN, and
    contrasts that need it are NaN. Without rows everything is NaN.
    """

    names: tuple[str, ...]
    """Segments along the last dimension, length S."""
    rows: torch.Tensor
    """int64, (batch,): rows that were averaged; for single tokens, how many of the rows belong to the item."""
    log_count: torch.Tensor
    """(batch, layers, 1, S): log of the number of keys that the row sees in the segment. Equal to ``log(counts)`` of
    :class:`Readings` unless a window hides some, or the segment grows from row to row."""
    lse: torch.Tensor
    """(batch, layers, heads, S): log-sum-exp of the logits of the segment's keys."""
    mean_logit: torch.Tensor
    """(batch, layers, heads, S): mean logit of the segment's keys."""
    max_logit: torch.Tensor
    """(batch, layers, heads, S): highest logit of the segment's keys."""
    value_norm: torch.Tensor
    """(batch, layers, heads, S): ‖Σ α v‖ over the segment's keys; α is the softmax over *all* keys."""
    output_norm: torch.Tensor
    """(batch, layers, heads, S): ‖W_o Σ α v‖ with the head's columns of the output projection, without its bias. A gate or norm
    between attention and projection (Qwen3.5) is held at the row's own value. NaN where no output projection was found."""
    lse_all: torch.Tensor
    """(batch, layers, heads): log-sum-exp over everything the row sees, learned sinks (GPT-OSS) included."""
    matched_log_density_ratio: torch.Tensor
    """(batch, layers, heads): D with the longer piece of evidence subsampled, seeded, to as many keys as the shorter one."""
    null_mean: torch.Tensor
    """(batch, layers): D after shuffling the labels of both pieces' keys, at their own lengths: mean over shuffles and heads.
    Not 0 where the lengths differ and the logits are spread: the bias that ``matched_log_density_ratio`` mends."""
    null_sd: torch.Tensor
    """(batch, layers): standard deviation, over shuffles, of that D averaged over the heads."""

    @property
    def log_mass(self) -> torch.Tensor:
        """Log of the softmax mass of each segment, shaped like ``lse``."""
        return self.lse - self.lse_all[..., None]

    @property
    def log_density_ratio(self) -> torch.Tensor:
        """D = (lse_A - ln n_A) - (lse_B - ln n_B), shape (batch, layers, heads): 0 is equal attention per token."""
        return self._contrast(self.lse - self.log_count)

    @property
    def log_mass_ratio(self) -> torch.Tensor:
        """L = lse_A - lse_B, shape (batch, layers, heads)."""
        return self._contrast(self.lse)

    @property
    def logit_gap(self) -> torch.Tensor:
        """M = mean logit A - mean logit B, shape (batch, layers, heads): the pre-softmax view, blind to peaks."""
        return self._contrast(self.mean_logit)

    @property
    def log_norm_ratio(self) -> torch.Tensor:
        """Log of ‖W_o Σ α v‖ of A, minus that of B, shape (batch, layers, heads)."""
        return self._contrast(self.output_norm.log())

    def _contrast(self, of: torch.Tensor) -> torch.Tensor:
        """A minus B; NaN where a row does not see both."""
        a, b = (self.names.index(name) for name in EVIDENCE)
        seen = self.lse[..., a].isfinite() & self.lse[..., b].isfinite()
        return torch.where(seen, of[..., a] - of[..., b], torch.nan)


@dataclass(frozen=True)
class Readings:
    """Everything that one probe read during one generation."""

    layers: tuple[int, ...]
    """Absolute indices of the recorded layers: full and sliding softmax attention."""
    unrecorded: Mapping[int, str]
    """The decoder's other layers, and what they are (``linear_attention`` …)."""
    heads: int
    """Query heads of each recorded layer."""
    names: tuple[str, ...]
    """Segments, length S."""
    counts: torch.Tensor
    """int64, (batch, S): tokens of each segment; of ``generated``, the tokens that the model went on to read."""
    aggregates: Mapping[Aggregate, Statistics]
    """By name: :data:`cmqa_tasks.attention.names.AGGREGATES`."""
    tokens: Statistics | None = None
    """The same per row, if asked for: the last prompt token, then the generated tokens in order; NaN past an item's end."""
