"""What rows of instruction data become: the records that everything behind the readers works on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Part = dict[str, Any]
Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Picture:
    """An image: a file, or bytes that came with the row."""

    path: str | None
    """Absolute path of the file, or the address of one in a tar file (``tar://7.png::/data/shard.tar``), as fsspec and datasets
    open it; for bytes, the name that they came under, if any."""
    data: bytes | None
    """The encoded image; None where ``path`` is a file."""
    size: int
    """Bytes of the file or of ``data``."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One row's conversation: the unit that is mixed and never split."""

    system: str | None
    """Its system message."""
    messages: list[Message]
    """User and assistant in turn, user first and assistant last; ``content`` is a list of parts, ``{"type": "image"}`` or
    ``{"type": "text", "text": …}``."""
    pictures: list[Picture]
    """In the order of their placeholders."""
    id: str
    """As the row names itself; empty if it does not."""
