"""The language decoder inside any transformers model: its attention layers, their implementation, their output projections."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import nn

from cmqa_tasks.attention.probe.segment_statistics import output_factor

SOFTMAX = ("full_attention", "sliding_attention", "chunked_attention")
"""Layer types of transformers that are softmax attention over the cached tokens."""
_PROJECTIONS = ("o_proj", "out_proj", "dense", "wo", "c_proj")
_FACTOR = "_cmqa_output_factor"


class ProbeError(RuntimeError):
    """The probe cannot read this model or this generation rightly; the message says why and what to do."""


@dataclass(frozen=True)
class Decoder:
    """The language decoder of a model.

    Args:
        model: the whole model.
        layers: attention modules that go through transformers' attention interface, by absolute layer index.
        unrecorded: every other layer of the decoder, and what it is.
    """

    model: Any
    layers: Mapping[int, nn.Module]
    unrecorded: Mapping[int, str]

    @property
    def implementation(self) -> str:
        """Name of the attention implementation in use."""
        return str(next(iter(self.layers.values())).config._attn_implementation)  # type: ignore[union-attr]

    @contextmanager
    def watched(self, watch: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Iterator[None]:
        """Put ``watch(function)`` in the place of the attention function that the layers call, inside the block.

        The implementation keeps its name: some families ask for it, as those with sparse attention do before they hide keys.

        Raises:
            ProbeError: the implementation is neither "sdpa" nor "eager".
        """
        name = self.implementation
        if name not in ("sdpa", "eager"):
            raise ProbeError(f"the probe cannot stand in for {name!r} attention; load the model with attn_implementation='sdpa'")
        with ExitStack() as stack:
            for holder, key, function in _functions(self.layers.values(), name):
                stack.enter_context(_replaced(holder, key, watch(function)))
            yield


def _functions(layers: Iterable[nn.Module], name: str) -> list[tuple[dict[str, Any], str, Callable[..., Any]]]:
    """The attention functions that modules call under this name, each once: in which dictionary, its key there, and it.

    A family's own eager attention is a global of its module; soft caps and learned sinks differ between families.
    """
    functions_of = {}
    for layer in layers:
        namespace = inspect.unwrap(type(layer).forward).__globals__
        functions = namespace["ALL_ATTENTION_FUNCTIONS"]
        if name in functions:
            functions_of[id(functions)] = functions._local_mapping, name, functions[name]
        else:
            functions_of[id(namespace)] = namespace, "eager_attention_forward", namespace["eager_attention_forward"]
    return list(functions_of.values())


@contextmanager
def _replaced(mapping: Any, name: str, value: Any) -> Iterator[None]:
    """Another value under a name of a mapping; afterwards the mapping is as it was."""
    absent = object()
    before = mapping.get(name, absent)
    mapping[name] = value
    try:
        yield
    finally:
        if before is absent:
            del mapping[name]
        else:
            mapping[name] = before


def find_decoder(model: Any) -> Decoder:
    """The decoder of a model.

    Raises:
        ProbeError: its attention cannot be seen: an encoder-decoder, a family or remote code outside the attention interface, or
            layers that are softmax attention and yet outside it.
    """
    name = type(model).__name__
    if getattr(model.config, "is_encoder_decoder", False):
        raise ProbeError(f"{name} is an encoder-decoder; the probe reads decoder-only language models")
    decoder = model.get_decoder() if hasattr(model, "get_decoder") else None
    if decoder is None:
        raise ProbeError(f"{name} has no language decoder (get_decoder() gives none)")
    layers: dict[int, nn.Module] = {}
    for index, module in _numbered(decoder):
        if "CrossAttention" in type(module).__name__ or not _looks_up(type(module).forward):
            continue
        if index in layers:
            raise ProbeError(f"{name} has two attention modules for layer {index}; the probe cannot tell them apart")
        layers[index] = module
    if not layers:
        raise ProbeError(
            f"no attention layer of {name} goes through transformers' attention interface, so none can be read; "
            "use a family of transformers that does, without remote code"
        )
    implementations = {str(module.config._attn_implementation) for module in layers.values()}  # type: ignore[union-attr]
    if len(implementations) > 1:
        raise ProbeError(f"the layers of {name} use {' and '.join(sorted(implementations))} attention; the probe reads one kind")
    unrecorded = _unrecorded(decoder, next(iter(layers.values())).config, layers, name)
    if crossed := [index for index, what in unrecorded.items() if "cross" in what.lower()]:
        raise ProbeError(
            f"{name} reads images in cross-attention layers ({', '.join(map(str, crossed))}): no token of the prompt "
            "holds an image, so attention to one cannot be read from the decoder's own layers"
        )
    return Decoder(model, dict(sorted(layers.items())), unrecorded)


def _numbered(decoder: nn.Module) -> Iterator[tuple[int, nn.Module]]:
    """Modules that know the number of their layer."""
    for module in decoder.modules():
        index = getattr(module, "layer_idx", None)
        if isinstance(index, int):
            yield index, module


@cache
def _looks_up(forward: Callable[..., Any]) -> bool:
    """Whether a module's forward takes its attention function from transformers' interface."""
    try:
        source = inspect.getsource(forward)
    except (OSError, TypeError):
        return False
    return "ALL_ATTENTION_FUNCTIONS" in source


def _unrecorded(decoder: nn.Module, config: Any, layers: Mapping[int, nn.Module], name: str) -> dict[int, str]:
    types = getattr(config, "layer_types", None) or []
    mixers: dict[int, list[str]] = {}
    for index, module in _numbered(decoder):
        mixers.setdefault(index, []).append(type(module).__name__)
    others = {}
    for index in range(config.num_hidden_layers):
        if index in layers:
            continue
        what = types[index] if index < len(types) else " and ".join(mixers.get(index, ["a layer without attention"]))
        if what in SOFTMAX or (not types and "Attention" in what and "CrossAttention" not in what):
            raise ProbeError(
                f"layer {index} of {name} ({what}) is softmax attention outside transformers' attention interface; "
                "readings without it would be incomplete"
            )
        others[index] = what
    return others


def projection_of(module: nn.Module) -> nn.Module | None:
    """The output projection of an attention module; None if it goes by no known name."""
    for name in _PROJECTIONS:
        projection = getattr(module, name, None)
        if isinstance(projection, nn.Module):
            return projection
    return None


@torch.no_grad()
def projection_factor(projection: nn.Module, heads: int, width: int) -> torch.Tensor:
    """The :func:`~cmqa_tasks.attention.probe.segment_statistics.output_factor` of a projection, kept until its weight changes.

    Args:
        projection: any module that is linear, up to a constant, in its input: quantized and LoRA layers are.
        heads: heads of the attention module.
        width: length of the projection's input.

    Returns:
        float32, (heads, width / heads, width / heads).
    """
    weight = getattr(projection, "weight", None)
    plain = type(projection) is nn.Linear and isinstance(weight, torch.Tensor) and not weight.is_meta
    state = None if weight is None or weight.is_inference() or not plain else (weight.data_ptr(), weight._version, heads)
    known = projection.__dict__.get(_FACTOR)
    if state is not None and known is not None and known[0] == state:
        factor: torch.Tensor = known[1]
        return factor
    factor = output_factor(weight if plain else _matrix(projection, width), heads)  # type: ignore[arg-type]
    if state is not None:
        projection.__dict__[_FACTOR] = state, factor
    return factor


def _matrix(projection: nn.Module, width: int) -> torch.Tensor:
    """The matrix of a linear module that does not show it: its response to each unit vector, (outputs, width)."""
    parameter = next(iter(projection.parameters()), None)
    kind = torch.float32 if parameter is None or not parameter.is_floating_point() else parameter.dtype
    units = torch.eye(width, dtype=kind, device=None if parameter is None or parameter.is_meta else parameter.device)
    matrix: torch.Tensor = (projection(units) - projection(torch.zeros_like(units[:1]))).T
    return matrix
