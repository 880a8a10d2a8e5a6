"""What goes wrong on purpose: kills, a full disk, two runs in one directory, damaged files.

    PYTHONPATH=src:tests/support python benchmarks/drills.py [kills disk twice fuzz] [--trials 10] [--inputs 10000] [--seed 0]

The first three run commands that write files: a mixture, a built release, boards, the page, a reference, a merged attention log.
Each is run twice and left alone; files that these two runs make alike are the standard. Then, per trial:

kills   SIGKILL of all its processes at a random moment of its time, and the same command again if it was not done.
disk    its output on a file system that is too small (needs root: a tmpfs of its own), and again with more room.
twice   the same command twice at once, then once more where neither ended well.

After a kill or a full disk, a final file must be missing or whole; at the end all files must be there, equal to the standard,
with nothing beside them. Evaluations are killed by ``benchmarks/kills.py``.

fuzz    damages the files that our readers take (bytes cut, doubled, changed; JSON values exchanged) and reads them. A reader may
        accept or raise ValueError or OSError with a file's name in it, within two seconds; all else is a fault.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from attention_rows import ABOUT, row
from made_runs import Run, always
from PIL import Image

import cmqa_tasks
from cmqa_tasks import load_release, merge_attention, read_attention, read_jsonl, read_runs
from cmqa_tasks.attention.store import ShardWriter
from cmqa_tasks.reports.gate import reference
from cmqa_tasks.training.formats import instance_of
from cmqa_tasks.training.sources import chunks_of, source_of

Tree = dict[str, str]
SECONDS = 2.0
"""That a reader may take for a damaged file."""
NO_SPACE = "No space left on device"


@dataclass(frozen=True)
class Command:
    """A command that writes below a directory of its own."""

    name: str
    prepare: Callable[[Path], None]
    """Writes what it reads into a directory."""
    words: tuple[str, ...]
    """After ``python``, with {inputs} and {out} for the two directories."""
    in_place: bool = False
    """Whether what it reads lies in its output directory."""
    remembers: bool = False
    """Whether it adds to what an earlier run wrote, so that two runs do not end as one does."""

    def line(self, inputs: Path, out: Path) -> list[str]:
        """The command line."""
        return [sys.executable, *(word.format(inputs=inputs, out=out) for word in self.words)]


def _instances(directory: Path) -> None:
    lines = []
    for number in range(6_000):
        Image.new("RGB", (8, 8), (number % 256, 0, 0)).save(directory / f"{number % 50}.png")
        chat: dict[str, object] = {
            "messages": [{"role": "user", "content": f"{number}?"}, {"role": "assistant", "content": "yes"}]
        }
        lines.append(json.dumps(chat | ({"images": [f"{number % 50}.png"]} if number % 2 else {})))
    (directory / "rows.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _runs(directory: Path) -> None:
    for name in ("good", "bad"):
        Run(always(name == "good"), model=f"org/{name}", facts=160).write(directory / name)


def _shards(directory: Path) -> None:
    for rank in range(2):
        writer = ShardWriter(directory / "log", rank, ABOUT)
        for batch in range(40):
            writer.write([row(f"{rank}-{batch}-{number}", 0.1 * number, layers=8, heads=8) for number in range(16)])


_CLI = ("-m", "cmqa_tasks.cli")
_MERGE = "import sys; from pathlib import Path; from cmqa_tasks import merge_attention; merge_attention(Path(sys.argv[1]))"
COMMANDS = (
    Command("mix", _instances, (*_CLI, "mix", "--data", "{inputs}/rows.jsonl", "--strategy", "instance", "--out", "{out}/mixed")),
    Command("build", lambda _: None, (*_CLI, "build", "--seed", "1", "--facts", "32", "--out", "{out}/set")),
    Command("leaderboard", _runs, (*_CLI, "leaderboard", "{inputs}/good", "{inputs}/bad", "--out", "{out}/boards")),
    Command("report", _runs, (*_CLI, "report", "{inputs}/good", "{inputs}/bad", "--out", "{out}/page.html")),
    Command(
        "reference",
        _runs,
        (*_CLI, "reference", "update", "{inputs}/good", "--out", "{out}/good.jsonl", "--reason", "drill"),
        remembers=True,
    ),
    Command("merge", _shards, ("-c", _MERGE, "{out}/log"), in_place=True),
)


def tree(directory: Path) -> Tree:
    """Every file below a directory, with a digest."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def start(line: list[str], log: Path) -> subprocess.Popen[bytes]:
    """A command in a process group of its own."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    with log.open("ab") as file:
        return subprocess.Popen(line, env=environment, stdout=file, stderr=file, start_new_session=True)


class Drill:
    """A command, what it reads, and what it writes when nothing disturbs it."""

    def __init__(self, command: Command, root: Path) -> None:
        self.command, self.root, self.log = command, root, root / "log.txt"
        self.inputs = root / "inputs"
        self.inputs.mkdir(parents=True)
        command.prepare(self.inputs)
        began = time.monotonic()
        first = self._left_alone("first")
        self.seconds = time.monotonic() - began
        second = self._left_alone("second")
        self.files = set(first)
        self.standard = {name: digest for name, digest in first.items() if second.get(name) == digest}

    def _left_alone(self, name: str) -> Tree:
        out = self.fresh(name)
        code = start(self.command.line(self.inputs, out), self.log).wait()
        if code:
            sys.exit(f"{self.command.name} ends with {code} when nothing disturbs it\n{self.log.read_text()[-2000:]}")
        return tree(out)

    def fresh(self, name: str, out: Path | None = None) -> Path:
        """A new output directory."""
        directory = out or self.root / name
        shutil.rmtree(self.root / name, ignore_errors=True)
        if self.command.in_place:
            shutil.copytree(self.inputs, directory, dirs_exist_ok=True)
        directory.mkdir(exist_ok=True)
        return directory

    def half(self, out: Path) -> list[str]:
        """Final files that are neither missing nor whole."""
        found = tree(out)
        return [name for name, digest in self.standard.items() if found.get(name, digest) != digest]

    def unlike(self, out: Path) -> list[str]:
        """Files that are missing, differ from the standard, or should not be there."""
        found = tree(out)
        return sorted(self.half(out) + list(found.keys() ^ self.files))

    def run(self, out: Path) -> int:
        """The command, to its end; its exit code."""
        return start(self.command.line(self.inputs, out), self.log).wait()


def kills(drill: Drill, draw: random.Random, trials: int) -> str:
    """SIGKILL at a random moment, then the same command again."""
    half, unlike, begun = [], [], 0
    for _ in range(trials):
        out = drill.fresh("killed")
        before = tree(out)
        process = start(drill.command.line(drill.inputs, out), drill.log)
        time.sleep(draw.uniform(0.2, 1.0) * drill.seconds)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        begun += tree(out) != before
        half += drill.half(out)
        if tree(out) != drill.standard:  # done before the kill: nothing is left to do
            drill.run(out)
        unlike += drill.unlike(out)
    return f"{trials} kills, {begun} after files were begun; half-written: {half or 0}; unlike in the end: {unlike or 0}"


def disk(drill: Drill, draw: random.Random, trials: int) -> str:
    """A file system that is too small, and again with more room."""
    sizes = sum((drill.root / "first" / name).stat().st_size for name in drill.files)
    if drill.command.in_place:
        sizes += sum(path.stat().st_size for path in drill.inputs.rglob("*") if path.is_file())
    codes: Counter[int] = Counter()
    half, unlike, silent = [], [], 0
    for _ in range(trials):
        with _small_disk(drill.root / "disk", int(sizes * draw.uniform(0.5, 0.9))) as out:
            try:
                drill.fresh("disk", out)
            except shutil.Error:
                continue
            drill.log.unlink()
            code = drill.run(out)
            codes[code] += 1
            silent += code != 0 and NO_SPACE not in drill.log.read_text(errors="replace")
            half += drill.half(out)
            subprocess.run(["mount", "-o", f"remount,size={sizes * 4 + (1 << 24)}", out], check=True)
            drill.run(out)
            unlike += drill.unlike(out)
    return f"exit codes {dict(codes)}, {silent} without its reason; half-written: {half or 0}; unlike in the end: {unlike or 0}"


@contextmanager
def _small_disk(place: Path, size: int) -> Iterator[Path]:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={max(size, 1 << 14)}", "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def twice(drill: Drill, _: random.Random, trials: int) -> str:
    """The same command twice at once."""
    codes: Counter[str] = Counter()
    unlike = []
    for _trial in range(trials):
        out = drill.fresh("twice")
        pair = [start(drill.command.line(drill.inputs, out), drill.log) for _ in range(2)]
        ended = [process.wait() for process in pair]
        codes[" and ".join(map(str, sorted(ended)))] += 1
        if all(ended):
            drill.run(out)
        unlike += [] if drill.command.remembers else drill.unlike(out)
    return f"exit codes {dict(codes)}; unlike in the end: {unlike or 0}"


@dataclass(frozen=True)
class Reader:
    """A reader of files, and a whole file for it."""

    name: str
    write: Callable[[Path], Path]
    """Writes what is read into a directory; the file that is damaged."""
    read: Callable[[Path], object]
    """Reads it, given the directory."""


def _own(directory: Path) -> Path:
    for name, colour in (("a", "white"), ("b", "grey")):
        Image.new("RGB", (20, 10), colour).save(directory / f"{name}.png")
    fact = {"question": "What does it cost?", "kind": "money", "a": "20.99 USD", "b": "40.49 USD"}
    shown = {
        "texts": {side: [f"It costs {fact[side]}.", f"{fact[side]}, please."] for side in "ab"},
        "images": {"a": ["a.png", "b.png"]},
    }
    lines = [json.dumps(fact | shown | {"question": f"What does item {number} cost?"}) for number in range(3)]
    path = directory / "own.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _run(file: str) -> Callable[[Path], Path]:
    def write(directory: Path) -> Path:
        Run(always(True), arms=("text_text",), facts=3).write(directory)
        (path,) = directory.glob(f"*{file}*")
        return path

    return write


def _reference(directory: Path) -> Path:
    path = directory / "a.reference.jsonl"
    run = Run(always(True), arms=("text_text",), facts=3).write(directory / "run")
    path.write_text(reference.to_text(reference.update(run, path, "drill", "exact")[0]), encoding="utf-8")
    return path


def _log(directory: Path) -> Path:
    ShardWriter(directory, 0, ABOUT).write([row(str(number)) for number in range(4)])
    return merge_attention(directory)


def _release(directory: Path) -> Path:
    shutil.copytree(Path(cmqa_tasks.__file__).with_name("data") / "mini", directory, dirs_exist_ok=True)
    return directory / "facts.parquet"


def _rows(directory: Path) -> Path:
    chats = [
        {"messages": [{"role": "user", "content": f"{number}?"}, {"role": "assistant", "content": "yes"}]} for number in "abc"
    ]
    path = directory / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, chats)) + "\n", encoding="utf-8")
    return path


def _read_rows(path: str) -> None:
    for chunk in chunks_of(source_of(path)):
        for number, content in chunk.rows():
            try:
                instance_of(content, ".")
            except ValueError as error:
                raise ValueError(f"{path}: row {number}: {error}") from error


def _zipped(write: Callable[[Path], Path]) -> Callable[[Path], Path]:
    def pack(directory: Path) -> Path:
        whole = write(directory)
        path = whole.with_name(f"{whole.name}.gz")
        path.write_bytes(gzip.compress(whole.read_bytes()))
        return path

    return pack


READERS = (
    Reader("results file", _run("results"), lambda directory: read_runs([directory])),
    Reader("samples file", _run("samples"), lambda directory: read_runs([directory])),
    Reader("own facts", _own, lambda directory: read_jsonl(directory / "own.jsonl")),
    Reader(
        "own images", lambda directory: _own(directory).with_name("a.png"), lambda directory: read_jsonl(directory / "own.jsonl")
    ),
    Reader("packed own facts", _zipped(_own), lambda directory: read_jsonl(directory / "own.jsonl.gz")),
    Reader("reference", _reference, lambda directory: reference.load(directory / "a.reference.jsonl")),
    Reader("attention log", _log, lambda directory: list(read_attention(directory / "attention.parquet"))),
    Reader("release", _release, load_release),
    Reader("rows to mix", _rows, lambda directory: _read_rows(str(directory / "rows.jsonl"))),
    Reader("packed rows to mix", _zipped(_rows), lambda directory: _read_rows(str(directory / "rows.jsonl.gz"))),
)
_VALUES = (None, True, -1, 0, 1e308, 10**30, "", "\u202e\x00", [], {}, [[]], {"a": 1}, "NaN", float("nan"), "中" * 50)


def damaged(whole: bytes, draw: random.Random) -> bytes:
    """A file with some damage: in its JSON values where it has any, or in its bytes."""
    if draw.random() < 0.5 and whole[:1] in b"{[":
        lines = whole.decode().splitlines()
        number = draw.randrange(len(lines))
        lines[number] = json.dumps(_exchanged(json.loads(lines[number]), draw))
        return "\n".join(lines).encode("utf-8", "surrogatepass") + b"\n"
    data = bytearray(whole)
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(len(data) + 1)
        match draw.randrange(4):
            case 0:
                del data[at:]
            case 1:
                del data[at : at + draw.randint(1, 20)]
            case 2:
                data[at:at] = data[at : at + draw.randint(1, 200)] or b"{"
            case _:
                data[at : at + 1] = bytes([draw.randrange(256)])
    return bytes(data)


def _exchanged(value: object, draw: random.Random) -> object:
    """A JSON value with one of the values within it exchanged or missing."""
    if isinstance(value, dict) and value and draw.random() < 0.85:
        key = draw.choice(list(value))
        if draw.random() < 0.2:
            return {name: content for name, content in value.items() if name != key}
        return value | {key: _exchanged(value[key], draw)}
    if isinstance(value, list) and value and draw.random() < 0.85:
        at = draw.randrange(len(value))
        return [*value[:at], _exchanged(value[at], draw), *value[at + 1 :]]
    return draw.choice(_VALUES)


def fuzz(reader: Reader, draw: random.Random, inputs: int) -> str:
    """Damage a reader's file and read it; lists each kind of fault once, with its bytes in a file."""
    outcomes: Counter[str] = Counter()
    slowest = 0.0
    with tempfile.TemporaryDirectory() as root:
        path = reader.write(Path(root))
        whole = path.read_bytes()
        for _ in range(inputs):
            path.write_bytes(damaged(whole, draw))
            began = time.process_time()
            try:
                reader.read(Path(root))
                outcome = "accepted"
            except (ValueError, OSError) as error:
                named = root in str(error)
                outcome = "refused with its name" if named else f"FAULT, no file named: {type(error).__name__}: {error}"
            except Exception as error:  # what this looks for
                outcome = f"FAULT: {type(error).__name__}: {error}"
            seconds = time.process_time() - began
            if seconds > SECONDS:
                outcome = f"FAULT: {seconds:.1f} s"
            slowest = max(slowest, seconds)
            outcome = outcome.replace(root, "…")[:160]
            outcomes[outcome] += 1
            if outcome.startswith("FAULT") and outcomes[outcome] == 1:
                Path(tempfile.gettempdir(), f"drill_{reader.name.replace(' ', '_')}_{len(outcomes)}").write_bytes(
                    path.read_bytes()
                )
    faults = {name: count for name, count in outcomes.items() if name.startswith("FAULT")}
    counts = ", ".join(f"{count} {name}" for name, count in outcomes.items() if name not in faults)
    return f"{inputs} inputs: {counts}; faults: {sum(faults.values())}; slowest {slowest:.2f} s" + "".join(
        f"\n    {count} × {name}" for name, count in sorted(faults.items(), key=lambda pair: -pair[1])[:12]
    )


def main() -> None:
    """Run what was asked for."""
    drills = {"kills": kills, "disk": disk, "twice": twice}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("drills", nargs="*", choices=[*drills, "fuzz"], default=[*drills, "fuzz"])
    parser.add_argument("--only", nargs="*", help="names of commands and readers")
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    wanted = [name for name in options.drills if name in drills]
    for command in COMMANDS if wanted else ():
        if options.only and command.name not in options.only:
            continue
        with tempfile.TemporaryDirectory() as root:
            drill = Drill(command, Path(root))
            apart = sorted(drill.files - drill.standard.keys())
            print(
                f"{command.name}: {drill.seconds:.1f} s, {len(drill.files)} files" + (f", {apart} of the moment" if apart else "")
            )
            for name in wanted:
                print(f"  {name}: {drills[name](drill, random.Random(options.seed), options.trials)}", flush=True)
    for reader in READERS if "fuzz" in options.drills else ():
        if not options.only or reader.name in options.only:
            print(f"{reader.name}: {fuzz(reader, random.Random(options.seed), options.inputs)}", flush=True)


if __name__ == "__main__":
    main()
