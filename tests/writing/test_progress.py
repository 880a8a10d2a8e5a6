"""What a command says of its progress, on a terminal and elsewhere."""

from __future__ import annotations

import io
import sys
import threading
import time

import pytest

from cmqa_tasks.writing import progress
from cmqa_tasks.writing.progress import steps


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def _run(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, seconds: float) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(progress, "DELAY", 0.05)
    with steps("cmqa report", 2) as begin:
        begin("reading results")
        time.sleep(seconds)
        begin("ranking")
    return stream.getvalue()


def test_a_terminal_is_told_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = _run(Terminal(), monkeypatch, 0.5)
    assert "cmqa report: reading results (1 of 2, " in shown
    assert shown.endswith("\r"), "the line is gone at the end"


def test_what_is_quick_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "reading" not in _run(Terminal(), monkeypatch, 0)


def test_a_pipe_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _run(io.StringIO(), monkeypatch, 0.3) == ""


def test_an_error_ends_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    threads = threading.active_count()
    with pytest.raises(ValueError, match="invalid literal"), steps("cmqa report", 1):
        int("no number")
    assert threading.active_count() == threads
