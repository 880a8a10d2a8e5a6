"""What the layers of one generation share: the prompt's segments, the rows that are kept, masks prepared for the step at hand."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import torch

DENSE, SPARSE = 64, 8
"""Of the generated tokens the rows of the first 64 are kept, and every eighth after them: what logging a long answer costs
would else grow with the square of its length."""


def stands_for(token: int) -> int:
    """How many generated tokens the kept row of the ``token``-th (from 1) stands for: itself, and those passed over before it.

    It follows from the place alone: an item must come out the same in whatever batch it is. 0: the row is not kept.
    """
    if token <= DENSE:
        return 1
    return SPARSE if token % SPARSE == 0 else 0


class SharedPrompt:
    """What the layers of one generation share: the prompt, and masks prepared for the step at hand.

    Args:
        buckets: long, on the CPU, (batch, prompt tokens): segment of each token, -1 for padding.
        rows: long, on the CPU, (batch, probed rows): prompt tokens whose rows are kept, the last prompt token last.
        bias: added to the logits of each segment.
        generated: index of the segment that generated tokens belong to.
        every: whether the rows of all generated tokens are kept.
    """

    def __init__(self, buckets: torch.Tensor, rows: torch.Tensor, bias: Sequence[float], generated: int, every: bool) -> None:
        self.prompt, self.rows, self.bias, self.generated, self.every = buckets, rows, tuple(bias), generated, every
        self.first_row, self.biases = int(rows.min()), any(bias)
        self._there: dict[torch.device, torch.Tensor] = {}
        self._masks: dict[int, tuple[weakref.ref[torch.Tensor], torch.Tensor]] = {}
        self._biased: dict[Any, tuple[weakref.ref[torch.Tensor] | None, torch.Tensor]] = {}

    def buckets(self, total: int) -> torch.Tensor:
        """Segments of the first ``total`` tokens, on the CPU."""
        new = self.prompt.new_full((len(self.prompt), total - self.prompt.shape[1]), self.generated)
        return torch.cat([self.prompt, new], 1)

    def weight(self, token: int) -> int:
        """How many generated tokens the row of the ``token``-th, from 1, stands for; 0 if it is not kept."""
        return 1 if self.every else stands_for(token)

    def rows_on(self, device: torch.device) -> torch.Tensor:
        """The probed rows on a device."""
        if device not in self._there:
            self._there[device] = self.rows.to(device)
        return self._there[device]

    def rows_of(self, mask: torch.Tensor) -> torch.Tensor:
        """The probed rows of a prompt's mask, (batch, rows, keys). Layers may share a mask; it is then cut once.

        The mask itself is not held: families with sparse attention make one in each layer. Its id may go to another one.
        """
        known = self._masks.get(id(mask))
        if known is None or known[0]() is not mask:
            rows = self.rows_on(mask.device)
            where = torch.arange(len(rows), device=mask.device)[:, None]
            known = self._masks[id(mask)] = weakref.ref(mask), mask.expand(len(rows), -1, -1, -1)[where, 0, rows]
        return known[1]

    def forget(self) -> None:
        """Let go of the prompt's masks."""
        self._masks.clear()

    def biased(self, query: torch.Tensor, keys: int, total: int, mask: torch.Tensor | None) -> torch.Tensor:
        """An additive mask that holds the bias as well, (batch, 1, queries, keys). Layers share it within a step."""
        name = (total, keys, query.shape[2], query.dtype, query.device, id(mask))
        known = self._biased.get(name)
        if known is None or (known[0] is not None and known[0]() is not mask):
            held = self._biased.items()
            self._biased = {key: (of, kept) for key, (of, kept) in held if key[0] == total and (of is None or of() is not None)}
            levels = torch.tensor([*self.bias, 0.0])  # the last one is that of padding, -1
            bias = levels[self.buckets(total)[:, total - keys :]].to(query.device, query.dtype)[:, None, None]
            known = self._biased[name] = None if mask is None else weakref.ref(mask), _added(bias, mask, query.shape[2])
        return known[1]


def _added(bias: torch.Tensor, mask: torch.Tensor | None, queries: int) -> torch.Tensor:
    if mask is not None and mask.dtype != torch.bool:
        return mask + bias
    if mask is None:
        if queries == 1:
            return bias
        mask = torch.ones(queries, bias.shape[-1], dtype=torch.bool, device=bias.device).tril()[None, None]
    return torch.where(mask, bias, torch.finfo(bias.dtype).min)
