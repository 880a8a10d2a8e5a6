"""Files of instruction data wherever they are: on a disk or at an address that fsspec opens, compressed or not.

s3://bucket/chats.jsonl.zst    hf://datasets/owner/name/data    memory://rows.jsonl.gz
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from cmqa_tasks.training.chunks import SourceError
from cmqa_tasks.writing.problems import one_line

_BUFFER = 1 << 20


def is_address(where: str) -> bool:
    """Whether a place is for fsspec to open."""
    return "://" in where


def filesystem(where: str) -> tuple[Any, str]:
    """The file system of an address, and the path there.

    Raises:
        SourceError: no such file system is known, or its package is not installed.
    """
    try:
        import fsspec
    except ModuleNotFoundError as error:
        raise SourceError(f"{where}: needs the library fsspec: pip install 'cmqa-tasks[train]'") from error
    try:
        found = fsspec.core.url_to_fs(where)
    except (ImportError, ValueError) as error:
        raise SourceError(f"{where}: {one_line(error)}") from error
    return found[0], str(found[1])


def files_at(where: str, kinds: tuple[str, ...]) -> list[str]:
    """The file at an address, or the files of these kinds in the directory there, sorted.

    Raises:
        SourceError: there is nothing.
        OSError: the place cannot be reached.
    """
    system, path = filesystem(where)
    if system.isfile(path):
        return [where]
    listed = [str(system.unstrip_protocol(name)) for name in sorted(system.ls(path, detail=False))] if system.isdir(path) else []
    files = [name for name in listed if name.endswith(kinds)]
    if not files:
        raise SourceError(f"{where}: there is no such file, and no directory with files of {', '.join(kinds)}")
    return files


def state_of(file: str) -> list[Any]:
    """What tells a file from itself after a change: name, size, and date or whatever else the place gives for it."""
    if not is_address(file):
        status = Path(file).stat()
        return [file, status.st_size, status.st_mtime_ns]
    system, path = filesystem(file)
    about = system.info(path)
    marks = [about[key] for key in ("mtime", "last_modified", "LastModified", "ETag", "created") if about.get(key) is not None]
    return [file, about["size"], str(marks[0]) if marks else None]


@contextmanager
def opened(file: str) -> Iterator[IO[bytes]]:
    """A file as it is stored, open for reading anywhere in it."""
    if not is_address(file):
        with open(file, "rb") as local:
            yield local
        return
    system, path = filesystem(file)
    with system.open(path, "rb") as remote:
        yield remote


@contextmanager
def unpacked(file: str) -> Iterator[IO[bytes]]:
    """A file without its compression, open for reading from its beginning.

    Raises:
        SourceError: what is compressed is damaged, wherever that comes to light.
    """
    with ExitStack() as stack:
        stored = stack.enter_context(opened(file))
        try:
            yield _decompressed(file, stored, stack)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise SourceError(f"{file}: damaged: {one_line(error)}") from error
        except OSError as error:
            if file.endswith(".zst") and error.errno is None:  # pyarrow's, of the compression
                raise SourceError(f"{file}: damaged: {one_line(error)}") from error
            raise


def _decompressed(file: str, stored: IO[bytes], stack: ExitStack) -> Any:
    if file.endswith(".gz"):
        return io.BufferedReader(stack.enter_context(gzip.GzipFile(fileobj=stored)), _BUFFER)
    if file.endswith(".zst"):
        import pyarrow as pa

        return io.BufferedReader(stack.enter_context(pa.CompressedInputStream(pa.PythonFile(stored, "r"), "zstd")), _BUFFER)
    return stored
