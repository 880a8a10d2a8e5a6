"""What of a request can be checked before a model is loaded: hours may lie between a typo and the evaluation that meets it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from cmqa_tasks.facts import resources
from cmqa_tasks.harness import catalogue
from cmqa_tasks.models.arguments import check_dtype, check_names
from cmqa_tasks.writing.problems import one_line

_CONFIG = "config.json"
_NAME = re.compile(r"[A-Za-z0-9][\w.@-]*")
_OURS = ("pretrained", "attention", "attention_path")
"""Model arguments that the command sets itself."""


def model_args(text: str) -> dict[str, str]:
    """``--model-args`` as a dictionary.

    Raises:
        ValueError: a part is no NAME=VALUE, its name is unknown or the command's own, or its dtype does not exist.
    """
    parts = [part.partition("=") for part in text.split(",")] if text else []
    for name, equals, value in parts:
        if not equals or name in _OURS:
            taken = ", ".join(_OURS)
            raise ValueError(f"--model-args {name + equals + value!r}: write NAME=VALUE,…; {taken} are set by the command itself")
    arguments = {name: value for name, _, value in parts}
    try:
        check_names(arguments)
        check_dtype(arguments.get("dtype", "auto"))
    except ValueError as error:
        raise ValueError(f"--model-args: {error}") from None
    return arguments


def check_tasks(names: Sequence[str]) -> None:
    """Check names of tasks: of ours, whether there are such; of lmms-eval's, only their form.

    Raises:
        ValueError: a name is empty, given twice, or of ours and none of the catalogue's; the message names it.
    """
    if not all(names):
        raise ValueError(f"--tasks {','.join(names)!r}: an empty name; write TASK,…")
    known: set[str] = set()
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"--tasks: {name} is named twice; name each task once")
        if name.startswith(("cmqa_", "clqa_")):
            known = known or catalogue.names("lmms_eval")
            if name not in known:
                close = get_close_matches(name, sorted(known), n=3)
                meant = f"; did you mean {', '.join(close)}?" if close else ""
                raise ValueError(f"--tasks {name}: no task of ours{meant}; all names: docs/tasks.md")


def option(name: str) -> str:
    """How a checkpoint was named on the command line, for messages."""
    return f"--{name}" if name in ("before", "after") else f"--checkpoint {name}="


def check_checkpoint_names(names: Sequence[str]) -> None:
    """Check the names of checkpoints, which are names of directories and columns.

    Raises:
        ValueError: there is only one, or one has other characters than letters, digits, and ``. _ - @``.
    """
    if len(names) < 2:
        raise ValueError(f"one checkpoint ({', '.join(names)}) has nothing to be compared with: name two or more")
    for name in names:
        if not _NAME.fullmatch(name):
            raise ValueError(f"--checkpoint {name}=…: a name has letters, digits and . _ - @, and begins with a letter or digit")


def check_checkpoint(option: str, checkpoint: str) -> None:
    """Check what can be known of a checkpoint without a network.

    Raises:
        ValueError: no such shipped checkpoint, a path that is none, or what lmms-eval would misread; the message names
            the option.
    """
    if not checkpoint or set(checkpoint) & set(",="):
        raise ValueError(f"{option} {checkpoint!r}: give a hub id or a directory whose path has no comma and no equals sign")
    try:
        path = Path(resources.located(checkpoint))
    except ValueError as error:
        raise ValueError(f"{option} {checkpoint}: {error}") from None
    if (path / "adapter_config.json").is_file() and not (path / _CONFIG).is_file():
        raise ValueError(f"{option} {checkpoint}: an adapter without its model: give --adapter-scale 1, or the merged model")
    if path.is_dir() and not (path / _CONFIG).is_file():
        raise ValueError(f"{option} {checkpoint}: no checkpoint: it has no {_CONFIG}")
    if path.is_file():
        raise ValueError(f"{option} {checkpoint}: a file, and no directory of a checkpoint")
    if not path.exists() and (path.is_absolute() or len(checkpoint.split("/")) > 2):
        raise ValueError(f"{option} {checkpoint}: no such directory, and no hub id (NAME or OWNER/NAME)")


def reach(checkpoints: Mapping[str, str], revision: str) -> None:
    """Make sure that those checkpoints that are hub ids exist, by their configuration, from the cache or the hub.

    Raises:
        ValueError: one cannot be had; the message names the option.
    """
    for name, checkpoint in checkpoints.items():
        if not Path(resources.located(checkpoint)).exists():
            _reach(_given(name, checkpoint), checkpoint, revision)


def _given(name: str, checkpoint: str) -> str:
    return f"{option(name)} {checkpoint}" if option(name) == f"--{name}" else f"{option(name)}{checkpoint}"


def _reach(option: str, identity: str, revision: str) -> None:
    from huggingface_hub import hf_hub_download

    try:
        hf_hub_download(identity, _CONFIG, revision=revision)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{option}: neither a directory nor a checkpoint of the hub that can be had (revision {revision}): {one_line(error)}"
        ) from error
