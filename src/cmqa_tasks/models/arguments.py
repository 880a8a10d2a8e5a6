"""What ``cmqa_hf`` takes, without torch: for itself, and for whoever checks a command line before a model is loaded.

Names are those that the wrappers of lmms-eval and lm-eval use. For example::

    check_names(["pretrained", "max_pixels"])
    mapping("chat_template_kwargs", '{"enable_thinking": false}')
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

DTYPES = ("auto", "float32", "bfloat16", "float16")
NAMES = (
    "pretrained",
    "revision",
    "dtype",
    "device",
    "device_map",
    "attn_implementation",
    "trust_remote_code",
    "tokenizer",
    "use_fast",
    "peft",
    "load_in_4bit",
    "load_in_8bit",
    "min_pixels",
    "max_pixels",
    "system_prompt",
    "answer_prefix",
    "enable_thinking",
    "chat_template_kwargs",
    "think_end_token",
    "thinking_budget",
    "generation",
    "max_length",
    "attention",
    "attention_path",
    "attention_bias",
    "journal",
    "image_cache",
    "batch_size",
    "max_batch_size",
)
"""The arguments of the model, which a harness passes by name."""
_NEAR = {
    "max_new_tokens": "generation='{\"max_new_tokens\": 512}'",
    "max_gen_toks": "generation='{\"max_new_tokens\": 512}'",
    "temperature": "generation='{\"temperature\": 0.7}'",
    "do_sample": "generation='{\"do_sample\": true}'",
    "gen_kwargs": "generation=…",
    "chat_template_args": "chat_template_kwargs=…",
    "system_instruction": "system_prompt=…",
    "torch_dtype": "dtype=…",
    "tp_plan": "device_map=auto; the heads of a tensor-parallel model lie on several cards, and attention would be that of one",
    "parallelize": "device_map=auto",
    "use_flash_attention_2": "attn_implementation=flash_attention_2",
}


def check_dtype(dtype: str) -> None:
    """Check a dtype.

    Raises:
        ValueError: it is not one of :data:`DTYPES`.
    """
    if dtype not in DTYPES:
        raise ValueError(f"dtype={dtype!r}: choose one of {', '.join(DTYPES)}")


def check_names(given: Iterable[str]) -> None:
    """Check names of arguments.

    Raises:
        ValueError: one is not in :data:`NAMES`; the message lists those, and what an argument of other wrappers is called here.
    """
    if unknown := [name for name in given if name not in NAMES]:
        hints = [f"; for {name}= give {_NEAR[name]}" for name in unknown if name in _NEAR]
        named = ", ".join(f"{name}=" for name in unknown)
        raise ValueError(f"cmqa_hf has no argument {named}; it takes {', '.join(NAMES)}{''.join(hints)}")


def positive(name: str, value: int | str) -> int:
    """A value as a positive integer.

    Raises:
        ValueError: it is not one.
    """
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = 0
    if number < 1 or str(number) != str(value).strip():
        raise ValueError(f"{name}={value!r}: must be a positive integer")
    return number


def switch(name: str, value: object) -> bool:
    """A value as yes or no, as a command line writes it.

    Raises:
        ValueError: it is neither.
    """
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(str(value).strip().lower())
    if known is None:
        raise ValueError(f"{name}={value!r}: must be True or False")
    return known


def mapping(name: str, value: str | Mapping[str, Any] | None) -> dict[str, Any]:
    """Named values: a dictionary, or one written as JSON; empty for None.

    Raises:
        ValueError: it is not a JSON object.
    """
    if value is None or isinstance(value, Mapping):
        return dict(value or {})
    try:
        values = json.loads(value)
    except (TypeError, ValueError):
        values = None
    if not isinstance(values, dict):
        raise ValueError(f"""{name}={value!r}: must be a JSON object, such as {name}='{{"key": true}}'""")
    return values


def pixel_bounds(min_pixels: int | str | None, max_pixels: int | str | None) -> dict[str, int]:
    """The bounds of an image's size that were given, in pixels.

    Raises:
        ValueError: one is not a positive integer, or they contradict each other.
    """
    given = {"min_pixels": min_pixels, "max_pixels": max_pixels}
    bounds = {name: positive(name, value) for name, value in given.items() if value is not None}
    if bounds.get("min_pixels", 0) > bounds.get("max_pixels", float("inf")):
        raise ValueError(f"min_pixels={min_pixels!r}: must not exceed max_pixels={max_pixels!r}")
    return bounds
