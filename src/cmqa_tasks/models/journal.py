"""Answers on disk, batch by batch: a run that was killed is started again and generates only what is missing.

An answer is found again by everything that decides it: the checkpoint's content, its type and settings, software versions
(:func:`cmqa_tasks.models.loading.identity_of`), the task, the item, the prompt with its pixels and the generation settings. Where
attention is logged, its rows must lie on disk as well, the very ones of this answer; otherwise the item is generated again.

    journal = Journal(Path("runs/attention/model/journal"), rank=0, decided={"dtype": "float32", …})
    journal.recall(key)              # None: generate it
    journal.append({key: Entry("cmqa_image_text", "1f0c9a52bd3e7788", answer)})

Every process appends to a file of its own, ``<rank>-<number>.jsonl``: a first line that says what decided its answers, then a
line per answer. A line that a kill cut short is at the end of a file, and is passed over.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from PIL.Image import Image

from cmqa_tasks.attention.probe.logged_items import item_of
from cmqa_tasks.attention.store import AttentionRow, fingerprint, fingerprints
from cmqa_tasks.attention.summary import item_summary
from cmqa_tasks.models.answers import Answer
from cmqa_tasks.models.batching import Prompt
from cmqa_tasks.models.generation import samples

_LOGGER = logging.getLogger(__name__)
FORMAT = 1
"""Raised when a line changes its meaning; files of another format are passed over."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer, and what was logged of its attention."""

    task: str
    item: str
    answer: Answer
    rows: Mapping[str, str] = field(default_factory=dict)
    """Aggregate → fingerprint of the row on disk; empty where attention is not logged."""
    summary: Mapping[str, float] = field(default_factory=dict)
    """The numbers of an evaluation's table."""


class Journal:
    """What earlier processes answered, and a file for what this one does.

    Args:
        directory: all ranks of a run share it, and so may other runs; made with the first answer.
        rank: of this process.
        decided: what decides every answer of this run, as plain data.
        log: directory of the run's attention rows, where it logs any.

    Raises:
        ValueError: a file is damaged; the message names it and the line.
        cmqa_tasks.attention.store.StoreError: so is a file of attention rows.
    """

    def __init__(self, directory: Path, rank: int, decided: Mapping[str, Any], log: Path | None = None) -> None:
        self.directory, self._rank = directory, rank
        self._decided: Mapping[str, Any] = json.loads(json.dumps(decided))
        self._entries: dict[str, Entry] = {}
        self._file: IO[str] | None = None
        others = 0
        for path in sorted(directory.glob("*.jsonl")):
            others += self._read(path)
        if others and not self._entries:
            _LOGGER.warning("%s holds %d answers, all of other models or settings: none is used", directory, others)
        self._rows = fingerprints(log) if log is not None and self._entries else {}

    def recall(self, key: str) -> Entry | None:
        """The answer of a key (:func:`key_of`), if its attention rows, where there are any, are those on disk."""
        entry = self._entries.get(key)
        if entry is None or not entry.rows.items() <= self._rows.get((entry.task, entry.item), {}).items():
            return None
        return entry

    def append(self, entries: Mapping[str, Entry]) -> None:
        """Keep the answers of a batch; they are in the file when this returns, and survive the process.

        Raises:
            OSError: they cannot be written; the error names the file.
        """
        if self._file is None:
            self._file = self._claimed()
            self._file.write(_line({"format": FORMAT, "decided": self._decided}))
        for key, entry in entries.items():
            self._file.write(_line({"key": key, **asdict(entry)}))
            self._entries[key] = entry
            self._rows[entry.task, entry.item] = dict(entry.rows)
        try:
            self._file.flush()
        except OSError as error:
            error.filename = self._file.name
            raise

    def _claimed(self) -> IO[str]:
        """A file that no process has written, open."""
        self.directory.mkdir(parents=True, exist_ok=True)
        number = 0
        while True:
            try:
                return (self.directory / f"{self._rank}-{number}.jsonl").open("x", encoding="utf-8", newline="\n")
            except FileExistsError:
                number += 1

    def _read(self, path: Path) -> int:
        """Take up a file's answers; how many it has of other runs."""
        lines = list(_objects(path))
        if not lines or lines[0].get("format") != FORMAT or lines[0].get("decided") != self._decided:
            return max(len(lines) - 1, 0)
        for number, line in enumerate(lines[1:], 2):
            try:
                key = line.pop("key")
                self._entries[key] = Entry(**{**line, "answer": Answer(**line["answer"])})
            except (KeyError, TypeError) as error:
                raise ValueError(f"{path}, line {number}: not an answer of a journal ({error!r}); delete the file") from None
        return 0


def key_of(task: str, item: str, text: str, images: Sequence[Image], generation: str, repetition: int) -> str:
    """What an answer is found by within a run.

    Args:
        task: its name.
        item: its id.
        text: the rendered prompt.
        images: shown with it.
        generation: settings as canonical JSON.
        repetition: which of several equal requests of one run this is, from 0: those that are sampled have an answer each.
    """
    pictures = [[image.mode, *image.size, hashlib.sha256(image.tobytes()).hexdigest()] for image in images]
    whole = json.dumps([task, item, text, pictures, generation, repetition])
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()


def _line(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True) + "\n"


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects of a file's whole lines.

    Raises:
        ValueError: a whole line is no JSON object.
    """
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith("\n"):
                return  # the process was killed while it wrote
            try:
                content = json.loads(line)
            except ValueError:
                content = None
            if not isinstance(content, dict):
                raise ValueError(f"{path}, line {number}: no JSON object, though the file went on; delete the file")
            yield content


def journal_directory(journal: str | None, log: Path | None) -> Path | None:
    """Where answers are kept: where the user says, else beside the attention log, if there is one.

    Args:
        journal: the model's argument: a directory, ``off``, or None.
        log: the directory of the attention log, if there is one.
    """
    if journal is None:
        return None if log is None else log / "journal"
    return None if journal == "off" else Path(journal)


class AnswerKeeper:
    """Keeps answers, where there is a journal.

    Args:
        journal: where; None to keep nothing.
        keeps_sampled: whether answers that were drawn at random are kept as well. A run that is made again shall draw again,
            unless its user asked for a journal.
    """

    def __init__(self, journal: Journal | None, *, keeps_sampled: bool) -> None:
        self._journal, self._keeps_sampled = journal, keeps_sampled

    def keyed(self, prompts: Iterable[Prompt]) -> Iterator[Prompt]:
        """The prompts of one run, with what their answers are found by; without, where they are not kept."""
        seen: Counter[tuple[str, ...]] = Counter()
        for prompt in prompts:
            if self._journal is None or (samples(json.loads(prompt.generation)) and not self._keeps_sampled):
                yield prompt
                continue
            about = prompt.task, _item(prompt), prompt.text, prompt.generation
            yield replace(prompt, key=key_of(*about[:3], prompt.images, prompt.generation, seen[about]))
            seen[about] += 1

    def recall(self, prompt: Prompt) -> Entry | None:
        """What an earlier process answered, if it did."""
        return self._journal.recall(prompt.key) if self._journal is not None and prompt.key else None

    def keep(self, batch: Sequence[Prompt], answers: Sequence[Answer], rows: Iterable[AttentionRow]) -> list[Entry]:
        """Answers just generated, with what was logged of them; those with a key are on disk when this returns.

        Raises:
            OSError: they cannot be written; the error names the file.
        """
        logged: dict[str, dict[str, AttentionRow]] = {}
        for row in rows:
            logged.setdefault(row.item_id, {})[row.aggregate] = row
        entries = [_entry(prompt, answer, logged.get(_item(prompt), {})) for prompt, answer in zip(batch, answers, strict=True)]
        keyed = {prompt.key: entry for prompt, entry in zip(batch, entries, strict=True) if prompt.key}
        if self._journal is not None and keyed:
            self._journal.append(keyed)
        return entries

    def warning(self, recalled: int, answers: int) -> str | None:
        """What is to be said of answers that were not generated in this run.

        Args:
            recalled: how many.
            answers: how many there are.
        """
        if not recalled or self._journal is None:
            return None
        return (
            f"{recalled} of {answers} answers were not generated now: {self._journal.directory} has them from an earlier run of "
            "this model with the same prompts and settings. journal=off has them generated again"
        )


def _item(prompt: Prompt) -> str:
    return item_of(prompt.task, prompt.doc_id, prompt.question).item_id


def _entry(prompt: Prompt, answer: Answer, rows: dict[str, AttentionRow]) -> Entry:
    summary: dict[str, Any] = item_summary(rows["last_prompt"]) if rows else {}
    return Entry(prompt.task, _item(prompt), answer, {name: fingerprint(row) for name, row in rows.items()}, summary)
