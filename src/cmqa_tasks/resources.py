"""Where the files beside the code are: in a wheel inside the package, in a checkout at the repository's top level."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent.parent


def tasks_dir(harness: str) -> Path:
    """The directory of task YAMLs for a harness (``lmms_eval``)."""
    return _shipped("tasks") / harness


def prompts_dir() -> Path:
    """The directory of prompt templates."""
    return _shipped("prompts")


def releases_dir() -> Path:
    """The directory of the frozen releases that ship with the package."""
    return _PACKAGE / "data"


def _shipped(name: str) -> Path:
    """A top-level directory, wherever this installation keeps it.

    Raises:
        FileNotFoundError: neither the package nor a checkout around it has the directory: a broken installation.
    """
    for place in (_PACKAGE / "_shipped" / name, _CHECKOUT / name):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"{name}/ is neither in {_PACKAGE / '_shipped'} nor in {_CHECKOUT}; reinstall cmqa-tasks")
