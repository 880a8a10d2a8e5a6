"""What ``cmqa_hf`` takes, without torch: for itself, and for whoever checks a command line before a model is loaded."""

from __future__ import annotations

from collections.abc import Iterable

DTYPES = ("auto", "float32", "bfloat16", "float16")
NAMES = (
    "pretrained",
    "revision",
    "dtype",
    "device",
    "device_map",
    "attn_implementation",
    "trust_remote_code",
    "attention",
    "attention_path",
    "attention_bias",
    "image_cache",
    "batch_size",
    "max_batch_size",
)
"""The arguments of the model, which a harness passes by name."""


def check_dtype(dtype: str) -> None:
    """Check a dtype.

    Raises:
        ValueError: it is none of :data:`DTYPES`.
    """
    if dtype not in DTYPES:
        raise ValueError(f"dtype={dtype!r}: choose one of {', '.join(DTYPES)}")


def check_names(given: Iterable[str]) -> None:
    """Check names of arguments.

    Raises:
        ValueError: one is none of :data:`NAMES`; the message lists those.
    """
    if unknown := [name for name in given if name not in NAMES]:
        raise ValueError(f"cmqa_hf has no argument {', '.join(f'{name}=' for name in unknown)}; it takes {', '.join(NAMES)}")


def positive(name: str, value: int | str) -> int:
    """A value as a positive integer.

    Raises:
        ValueError: it is none.
    """
    try:
        number = int(value)
    except ValueError:
        number = 0
    if number < 1:
        raise ValueError(f"{name}={value!r}: must be a positive integer")
    return number
