"""What one attention layer is seen to do during a generation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from cmqa_tasks.attention.probe.decoder_layers import ProbeError
from cmqa_tasks.attention.probe.shared_prompt import SharedPrompt


class LayerRecorder:
    """One layer: the query rows of every step, and keys and values up to the last."""

    def __init__(self, index: int, step: SharedPrompt) -> None:
        self.index, self._step = index, step
        self.steps = 0
        self.attending = False
        """Whether the layer's attention function runs at this moment."""
        self.last_only = False
        """Whether the layer got the prompt's last token only. It reads keys of an earlier layer, which nothing else needs."""
        self._total = 0
        self._start = 0  # the first key that is held
        self._direct = False  # nothing lies between attention and output projection
        self._unwatch: Callable[[], None] = lambda: None
        self._queries: list[torch.Tensor] = []
        self._outputs: list[torch.Tensor] = []
        self._projected: list[torch.Tensor] = []
        self._masks: list[torch.Tensor | None] = []
        self._places: list[tuple[int, int]] = []  # step and number of keys of what is kept
        self._keys: list[torch.Tensor] = []
        self._values: list[torch.Tensor] = []

    def check(self, query: torch.Tensor, key: torch.Tensor, mask: torch.Tensor | None, settings: Mapping[str, Any]) -> None:
        """Refuse a forward pass that is not the prompt or the next token.

        Raises:
            ProbeError: with the reason. ``generate`` is checked before it runs; this meets other callers and odd models.
        """
        batch, prompt = self._step.prompt.shape
        queries, keys = query.shape[2], key.shape[2]
        last_only = not self.steps and queries == 1 < prompt == keys
        total = prompt if last_only else self._total + queries
        if query.shape[0] != batch:
            raise self._wrong(f"{query.shape[0]} rows in the batch, segments of {batch}")
        if queries != (1 if self.steps or last_only else prompt):
            raise self._wrong(
                f"{queries} tokens; the prompt's {prompt} must come in one pass and then one token after the "
                "other (with a cache, without look-up, assistant or chunks)"
            )
        if keys > total or (keys < total and not self.steps):
            raise self._wrong(f"{keys} keys after {total} tokens; the cache must start empty and grow token by token")
        if mask is not None and (mask.dim() != 4 or mask.shape[1] != 1 or mask.shape[2:] != (queries, keys)):
            raise self._wrong(f"a mask of shape {tuple(mask.shape)} for {queries} queries and {keys} keys")
        if settings.get("position_bias") is not None:
            raise self._wrong("this family adds a position bias to its logits, which the probe does not know")
        if mask is None and queries > 1 and settings.get("is_causal") is False:
            raise self._wrong("the prompt is read without a causal mask")

    def _wrong(self, why: str) -> ProbeError:
        return ProbeError(f"layer {self.index}, forward pass {self.steps + 1}: {why}")

    def biased(self, query: torch.Tensor, key: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor | None:
        """The mask with the bias; the very same mask without one."""
        if not self._step.biases:
            return mask
        total = self._total + query.shape[2] if self.steps else self._step.prompt.shape[1]
        return self._step.biased(query, key.shape[2], total, mask)

    def hold(self, key: torch.Tensor, value: torch.Tensor) -> None:
        """Take a step's keys and values in place of the last one's, before attention runs.

        The cache has let go of the old ones; if they were held any longer, a layer's keys would lie in memory twice meanwhile.
        """
        if not self.steps:
            return  # which keys of the prompt are wanted is known once its rows have been seen
        self._step.forget()
        first = self._total + 1 - key.shape[2]
        if first <= self._start:
            self._start, self._keys, self._values = first, [key], [value]
        else:  # a sliding cache dropped some
            self._keys.append(key[:, :, -1:].clone())
            self._values.append(value[:, :, -1:].clone())

    def see(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        mask: torch.Tensor | None,
        output: torch.Tensor,
        settings: Mapping[str, Any],
    ) -> None:
        """Keep the probed rows of a forward pass. ``output`` is (batch, queries, heads, value dim)."""
        if self.steps == 0:
            self._places.append((0, key.shape[2]))
            self._begin(query, key, value, mask, output, settings)
        elif self._step.weight(self.steps):
            self._places.append((self.steps, key.shape[2]))
            self._queries.append(query)
            self._outputs.append(output)
            self._masks.append(mask)
        self._total += query.shape[2] if self.steps else self._step.prompt.shape[1]
        self.steps += 1

    def _begin(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        mask: torch.Tensor | None,
        output: torch.Tensor,
        settings: Mapping[str, Any],
    ) -> None:
        """The prompt. A sliding cache is about to drop keys, so those that the probed rows see are kept apart."""
        scaling = settings.get("scaling")
        self.scaling = query.shape[3] ** -0.5 if scaling is None else float(scaling)
        self.softcap, self.sinks = settings.get("softcap"), settings.get("s_aux")
        self.last_only = query.shape[2] < self._step.prompt.shape[1]
        if self.last_only:
            self._queries.append(query)
            self._outputs.append(output)
            self._masks.append(None if mask is None else mask[:, 0].expand(len(query), -1, -1))
        else:
            rows = self._step.rows_on(query.device)
            where = torch.arange(len(rows), device=rows.device)[:, None]
            self._queries.append(query.transpose(1, 2)[where, rows].transpose(1, 2))
            self._outputs.append(output[where, rows])
            self._masks.append(None if mask is None else self._step.rows_of(mask))
        window = settings.get("sliding_window")
        self._start = max(0, self._first_row() - window + 1) if isinstance(window, int) else 0
        if self._start:
            key, value = key[:, :, self._start :].clone(), value[:, :, self._start :].clone()
        self._keys, self._values = [key], [value]

    def _first_row(self) -> int:
        """The first prompt token whose row is kept."""
        return self._step.prompt.shape[1] - 1 if self.last_only else self._step.first_row

    def watch(self, projection: nn.Module) -> Callable[[], None]:
        """Keep the probed rows of what the output projection gets; returns what ends that.

        Where the prompt shows that it gets attention's output as it is, the hook goes after the prompt: it costs time.
        """
        handle = projection.register_forward_pre_hook(self._see_projection)
        self._unwatch = handle.remove
        return handle.remove

    def _see_projection(self, module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        states = inputs[0]
        if not self._projected and not self.last_only:
            rows = self._step.rows_on(states.device)
            states = states.view(len(rows), -1, states.shape[-1])[torch.arange(len(rows), device=rows.device)[:, None], rows]
        elif len(self._projected) == 1 and self._gate(self._outputs[0].transpose(1, 2)) is None:
            self._direct = True
            self._unwatch()
            return
        elif not self._step.weight(self.steps - 1):  # attention has counted this step
            return
        self._projected.append(states.view(len(self._step.prompt), -1, states.shape[-1]))

    @property
    def signature(self) -> Any:
        """Layers with equal signatures see the same keys."""
        masks = tuple(None if mask is None else id(mask) for mask in self._masks)
        return masks, tuple(self._places), self.last_only, self._start, self._keys[0].device

    def buckets(self) -> torch.Tensor:
        """Segments of the keys that are held, on the CPU, (batch, keys)."""
        return self._step.buckets(self._total)[:, self._start :]

    def states(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Queries and outputs of the rows, keys and values of the tokens: (batch, heads, rows or keys, dim) each."""
        output = torch.cat(self._outputs, 1).transpose(1, 2)
        return torch.cat(self._queries, 2), _joined(self._keys), _joined(self._values), output

    def visible(self) -> torch.Tensor:
        """Which of the held keys each row sees, bool, (batch, rows, keys).

        Raises:
            ProbeError: a mask adds to logits that it does not hide.
        """
        prompt, device = self._step.prompt.shape[1], self._keys[0].device
        rows, there = self._step.rows_on(device), torch.arange(prompt, device=device)
        if self.last_only:
            rows = rows[:, -1:]
        parts = []
        for mask, (number, length) in zip(self._masks, self._places, strict=True):
            total = prompt + number
            if mask is None:
                seen = there <= rows[..., None] if number == 0 else rows.new_ones(len(rows), 1, length, dtype=torch.bool)
            else:
                seen = _seen(mask.expand(len(rows), -1, -1) if number == 0 else mask[:, 0].expand(len(rows), -1, -1), self.index)
            before = _first_key(total, length) - self._start  # negative where it sees keys that are not held: those are cut
            parts.append(nn.functional.pad(seen, (before, self._total - self._start - length - before)))
        return torch.cat(parts, 1)

    def gate(self, output: torch.Tensor) -> torch.Tensor | bool | None:
        """What lies between attention and output projection, as a factor (batch, heads, rows, value dim).

        Returns:
            None if nothing does; False if it is not a factor, so that the projection cannot be followed.
        """
        return None if self._direct else self._gate(output)

    def _gate(self, output: torch.Tensor) -> torch.Tensor | bool | None:
        if not self._projected:
            return False
        projected = torch.cat(self._projected, 1)
        batch, heads, rows, dim = output.shape
        if projected.shape != (batch, rows, heads * dim):
            return False
        projected = projected.view(batch, rows, heads, dim).transpose(1, 2)
        if torch.equal(projected, output):
            return None
        return torch.where(output == 0, 0.0, projected.float() / output.float())

    def release(self) -> None:
        """Let go of all tensors."""
        for kept in (self._queries, self._outputs, self._projected, self._masks, self._keys, self._values):
            kept.clear()
        self._step.forget()


def _first_key(total: int, length: int) -> int:
    """The first of the keys that a forward pass gets; a sliding cache has dropped those before it."""
    return total - length


def _joined(states: list[torch.Tensor]) -> torch.Tensor:
    return states[0] if len(states) == 1 else torch.cat(states, 2)


def _seen(mask: torch.Tensor, index: int) -> torch.Tensor:
    """A mask as bool: what it does not hide."""
    if mask.dtype == torch.bool:
        return mask
    seen = mask > torch.finfo(mask.dtype).min / 2
    if bool((mask.masked_fill(~seen, 0) != 0).any()):
        raise ProbeError(f"layer {index}: the attention mask adds to logits that it does not hide, which the probe does not know")
    return seen
