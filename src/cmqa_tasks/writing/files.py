"""Files that are whole or not there, whatever kills the process while it writes.

with atomic(Path("out/leaderboard.md")) as partial:
partial.write_text("…", encoding="utf-8")

write_text(Path("out/leaderboard.md"), "…")         # the same for a text
"""

from __future__ import annotations

import errno
import glob
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

if sys.platform != "win32":
    import fcntl

_NAMELESS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What the system says of a write without the file's name."""


@contextmanager
def atomic(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """A partial file beside ``path``, which becomes ``path`` if the block ends without an error, and is removed otherwise.

    What a killed process left of the same file is removed first; a process that still writes it is left alone.

    Args:
        path: the file; an old one is replaced. Its directory exists.
        durable: whether the file must survive a loss of power as well, which costs a wait for the disk.

    Raises:
        OSError: it cannot be written; the error names the file.
    """
    _remove_strays(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    with _removing(partial), partial.open("wb") as held:
        _lock(held)
        try:
            yield partial
            if durable:
                _to_disk(partial)
            os.replace(partial, path)
        except OSError as error:
            if error.filename is None and error.errno in _NAMELESS:
                error.filename = str(path)
            raise


@contextmanager
def _removing(file: Path) -> Iterator[None]:
    """Remove a file in the end, also where another process has renamed its directory meanwhile."""
    follows = os.unlink in os.supports_dir_fd
    directory = os.open(file.parent, os.O_RDONLY) if follows else None
    try:
        yield
    finally:
        with suppress(FileNotFoundError):
            os.unlink(file.name if follows else file, dir_fd=directory)
        if directory is not None:
            os.close(directory)


def write_text(path: Path, text: str) -> Path:
    """Write a UTF-8 text, whole or not at all, and return its path. Half a surrogate pair is written as its code."""
    with atomic(path) as partial:
        partial.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
    return path


def _remove_strays(path: Path) -> None:
    """Remove the partial files of dead processes. A living one holds a lock, on other machines of the same disk as well."""
    for stray in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        with suppress(OSError), stray.open("rb") as file:  # gone or held meanwhile
            if _lock(file):
                stray.unlink()


def _lock(file: IO[Any]) -> bool:
    """Hold a file as long as it is open; false where another process does, or the system knows no such locks."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
