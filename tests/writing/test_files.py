"""Files are whole or not there, and what a killed process left goes with the next write; what commands say of their progress."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cmqa_tasks.writing import progress
from cmqa_tasks.writing.files import atomic, write_text
from cmqa_tasks.writing.progress import steps


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    with atomic(tmp_path / "a.bin") as partial:
        partial.write_bytes(b"half")
        assert not (tmp_path / "a.bin").exists()
    assert (tmp_path / "a.bin").read_bytes() == b"half"
    assert names(tmp_path) == ["a.bin"]


def test_an_error_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    write_text(tmp_path / "a.md", "old")
    with pytest.raises(FileNotFoundError), atomic(tmp_path / "a.md") as partial:
        partial.rename(tmp_path / "gone" / "new")
    assert (tmp_path / "a.md").read_text() == "old"
    assert names(tmp_path) == ["a.md"]


def test_what_a_killed_process_left_goes_with_the_next_write(tmp_path: Path) -> None:
    path = tmp_path / "a[1].md"
    kill = (
        "import os, sys, pathlib; from cmqa_tasks.writing.files import atomic\n"
        "with atomic(pathlib.Path(sys.argv[1])): os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", kill, str(path)], check=False)
    assert [name.endswith(".part") for name in names(tmp_path)] == [True]
    write_text(path, "whole")
    assert names(tmp_path) == ["a[1].md"]


def test_a_partial_file_of_a_living_process_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    wait = (
        "import sys, pathlib; from cmqa_tasks.writing.files import atomic\n"
        "with atomic(pathlib.Path(sys.argv[1])) as p: print(flush=True); sys.stdin.read(); p.write_text('theirs')"
    )
    with subprocess.Popen([sys.executable, "-c", wait, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdin
        other.stdout.readline()
        write_text(path, "ours")
        assert len(names(tmp_path)) == 2
        other.stdin.close()
    assert other.returncode == 0
    assert path.read_text() == "theirs"
    assert names(tmp_path) == ["a.md"]


def test_a_directory_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.md").mkdir()
    with pytest.raises(OSError, match=r"a\.md"):
        write_text(tmp_path / "a.md", "new")
    assert names(tmp_path) == ["a.md"]


def test_half_a_surrogate_pair_is_written_as_its_code(tmp_path: Path) -> None:
    assert write_text(tmp_path / "a.md", "\ud800\r\n").read_bytes() == b"\\ud800\r\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"a\.md"), atomic(tmp_path / "a.md"), open("/dev/full", "wb", buffering=0) as full:
        os.write(full.fileno(), b"x")


def test_nothing_stays_in_a_directory_that_was_renamed_meanwhile(tmp_path: Path) -> None:
    """Two runs of one command write into one directory, and the first to be done lets it appear."""
    (tmp_path / "partial").mkdir()
    with pytest.raises(FileNotFoundError), atomic(tmp_path / "partial" / "a.txt"):
        (tmp_path / "partial").rename(tmp_path / "out")
    assert names(tmp_path / "out") == []


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
