"""What the probe refuses before a generation begins, and where each item's generation ended."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from cmqa_tasks.attention.probe.decoder_layers import ProbeError

_ONE_STREAM = ("greedy_search", "sample")


def check_generation(model: Any, buckets: torch.Tensor, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Check the arguments of ``model.generate`` and return the generation config that follows from them.

    Args:
        model: a transformers model.
        buckets: long, (batch, prompt tokens): the segments of the prompt, -1 for padding.
        args: positional arguments of ``generate``.
        kwargs: its keyword arguments.

    Raises:
        ProbeError: with these settings the probe would read wrong rows, or the prompt is not the one that the segments describe.
    """
    arguments = _bound(model, args, kwargs)
    if arguments.get("custom_generate") is not None:
        raise ProbeError("custom_generate: the probe knows only generate's own loop; leave it out")
    if arguments.get("assistant_model") is not None:
        raise ProbeError("assistant_model: assisted decoding reads several tokens at a time; leave it out")
    named = set(inspect.signature(type(model).generate).parameters) - {"generation_config"}
    settings = {key: value for key, value in arguments.items() if key not in named}
    config, inputs = model._prepare_generation_config(settings.pop("generation_config", None), **settings)
    own_inputs = {name: value for name, value in arguments.items() if name in named}  # a generate of the model's own names them
    inputs = own_inputs | inputs
    for wrong, why in _refusals(config):
        if wrong:
            raise ProbeError(f"the probe cannot read this generation: {why}")
    cache = inputs.get("past_key_values")
    if cache is not None and (type(cache).__name__ != "DynamicCache" or cache.get_seq_length() > 0):
        raise ProbeError("past_key_values: the probe must see the whole prompt; pass no cache, or an empty DynamicCache")
    ids = arguments.get("inputs")
    _check_prompt(inputs.get("input_ids") if ids is None else ids, inputs, buckets, config.pad_token_id)
    return config


def _bound(model: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """All arguments of ``generate`` by name, those in ``**kwargs`` included."""
    signature = inspect.signature(type(model).generate)
    bound = signature.bind(model, *args, **kwargs)
    arguments = dict(bound.arguments)
    for name, parameter in signature.parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            arguments |= arguments.pop(name, {})
    return {name: value for name, value in arguments.items() if name != "self"}


def _refusals(config: Any) -> list[tuple[bool, str]]:
    """What is wrong with a generation config, each with the reason and the remedy."""
    cache, guidance = config.cache_implementation, config.guidance_scale
    return [
        ((config.num_beams or 1) > 1, f"num_beams={config.num_beams}: beams change the rows of the batch; set num_beams=1"),
        (
            (config.num_return_sequences or 1) > 1,
            f"num_return_sequences={config.num_return_sequences}: there are segments of one row per prompt; repeat the prompt",
        ),
        (config.use_cache is False, "use_cache=False: every step would read the whole prompt again; set use_cache=True"),
        (
            config.prompt_lookup_num_tokens is not None or bool(getattr(config, "assistant_early_exit", None)),
            "prompt look-up and assisted decoding read several tokens at a time; set prompt_lookup_num_tokens=None",
        ),
        (config.prefill_chunk_size is not None, "prefill_chunk_size: the prompt must be read in one go; set it to None"),
        (
            cache not in (None, "dynamic", "hybrid"),
            f"cache_implementation={cache!r}: keys must stay as they were read; leave it out for the dynamic cache",
        ),
        (guidance not in (None, 1, 1.0), f"guidance_scale={guidance}: guidance runs the model on a second prompt; leave it out"),
        (bool(config.token_healing), "token_healing changes the prompt; set token_healing=False"),
        (
            config.get_generation_mode() not in _ONE_STREAM,
            f"{config.get_generation_mode()}: only greedy decoding and sampling read one token of one sequence at a time",
        ),
    ]


def _check_prompt(ids: torch.Tensor | None, inputs: Mapping[str, Any], buckets: torch.Tensor, pad: Any) -> None:
    prompt = ids if ids is not None else inputs.get("inputs_embeds")
    if prompt is not None and tuple(prompt.shape[:2]) != tuple(buckets.shape):
        raise ProbeError(
            f"the prompt has shape {tuple(prompt.shape[:2])}, its segments {tuple(buckets.shape)}: they belong together"
        )
    mask = inputs.get("attention_mask")
    if mask is None:
        guessed = ids is not None and isinstance(pad, int) and bool((ids == pad).any())
        if guessed or bool((buckets < 0).any()):
            raise ProbeError("the prompt is padded but has no attention_mask; pass the processor's")
    elif mask.dim() != 2 or not torch.equal(mask.cpu() != 0, buckets >= 0):
        raise ProbeError("attention_mask and segments disagree about which tokens are padding")


def new_tokens(output: Any, prompt: torch.Tensor | None) -> torch.Tensor:
    """The tokens of an answer, (batch, new tokens), from what ``generate`` returned.

    Decoder-only models return the prompt as well, encoder-decoders and models that are given embeddings do not.

    Args:
        output: what ``generate`` returned, tokens or an output object.
        prompt: the prompt's token ids, (batch, prompt tokens); None if the model got embeddings.
    """
    tokens: torch.Tensor = output if torch.is_tensor(output) else output.sequences
    if prompt is None or tokens.shape[1] < prompt.shape[1]:
        return tokens
    begins = torch.equal(tokens[:, : prompt.shape[1]], prompt.to(tokens.device))
    return tokens[:, prompt.shape[1] :] if begins else tokens


def rows_read(tokens: torch.Tensor, config: Any, *, stopped: bool) -> torch.Tensor:
    """How many generated tokens of each item the model read: all up to its end of sequence, but for the last.

    What an ended item still reads while the rest of the batch goes on is padding; an item alone would not have read it.

    Args:
        tokens: of the answers, from :func:`new_tokens`.
        config: the generation config.
        stopped: whether something else than the end of sequence may have ended items; then padding follows their last token.

    Returns:
        int64, (batch,), on the CPU.
    """
    tokens = tokens.cpu()
    ends = torch.tensor(_as_list(config.eos_token_id), dtype=tokens.dtype)
    ended = torch.isin(tokens, ends)
    whole = torch.full((len(tokens),), tokens.shape[1])
    if stopped and len(ends) and config.pad_token_id is not None:
        whole -= (tokens == config.pad_token_id).flip(1).int().cumprod(1).sum(1)
    return (torch.where(ended.any(1), ended.int().argmax(1) + 1, whole) - 1).clamp_min(0)


def _as_list(value: Any) -> list[int]:
    if value is None:
        return []
    return [int(number) for number in value] if isinstance(value, list | tuple | torch.Tensor) else [int(value)]
