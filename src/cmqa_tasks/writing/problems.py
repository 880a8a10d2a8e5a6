"""What libraries found wrong, in one line."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError


def first_problem(error: ValidationError, called: Callable[[str], str] = str) -> str:
    """The first problem: field, what is wrong with it, and the value."""
    problem = error.errors()[0]
    field = ".".join(str(part) for part in problem["loc"])
    message = problem["msg"].removeprefix("Value error, ").replace("valid tuple", "list")  # YAML has no tuples
    return f"{called(field)}: {message}, not {problem['input']!r}" if field else message


def no_utf_8(error: UnicodeDecodeError) -> str:
    """Line and byte at which a text is none: ``line 2: no UTF-8: byte 0xfc``."""
    line = error.object[: error.start].count(b"\n") + 1
    return f"line {line}: no UTF-8: byte 0x{error.object[error.start]:02x}"


def one_line(error: Exception) -> str:
    """The message of an error of a library, which may be of several lines."""
    return " ".join(str(error).split())
