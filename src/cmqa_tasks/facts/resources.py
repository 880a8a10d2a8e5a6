"""Where the files beside the code are: in a wheel inside the package, in a checkout at the repository's top level."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_CHECKOUT = _PACKAGE.parent.parent
_SHIPPED = "cmqa:"
"""Begins the names of checkpoints that ship: no directory's and no hub id's."""


def in_wheel() -> bool:
    """Whether this is an installation from a wheel, and no checkout."""
    return (_PACKAGE / "_shipped").is_dir()


def checkout() -> Path:
    """The repository's top level, where this is a checkout."""
    return _CHECKOUT


def task_sources() -> Path:
    """The directory of task files, a directory per harness: in a wheel all of them, in a checkout those that it keeps."""
    return _shipped("tasks")


def prompts_dir() -> Path:
    """The directory of prompt templates."""
    return _shipped("prompts")


def releases_dir() -> Path:
    """The directory of the frozen releases that ship with the package."""
    return _PACKAGE / "data"


def checkpoints_dir() -> Path:
    """The directory of the miniature's checkpoints that ship with the package, each as any loader of transformers reads it."""
    return _PACKAGE / "checkpoints"


def located(pretrained: str) -> str:
    """Where a checkpoint is: ``cmqa:NAME`` is one that ships with the package; anything else is returned as it is.

    Raises:
        ValueError: none of this name ships.
    """
    return str(checkpoint_dir(pretrained)) if pretrained.startswith(_SHIPPED) else pretrained


def checkpoint_dir(name: str) -> Path:
    """The directory of one of them, by its name with or without ``cmqa:``.

    Raises:
        ValueError: there is none of this name; the message lists those there are.
    """
    name = name.removeprefix(_SHIPPED)
    known = sorted(path.parent.name for path in checkpoints_dir().glob("*/config.json"))
    if name not in known:
        raise ValueError(f"no checkpoint {name!r} ships with the package; there are: {', '.join(known)}")
    return checkpoints_dir() / name


def _shipped(name: str) -> Path:
    """A top-level directory, wherever this installation keeps it.

    Raises:
        FileNotFoundError: neither the package nor a checkout around it has the directory: a broken installation.
    """
    for directory in (_PACKAGE / "_shipped" / name, _CHECKOUT / name):
        if directory.is_dir():
            return directory
    raise FileNotFoundError(f"{name}/ is neither in {_PACKAGE / '_shipped'} nor in {_CHECKOUT}; reinstall cmqa-tasks")
