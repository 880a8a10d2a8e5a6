"""The attention logs of a page's models, merged (whose log is whose: :mod:`cmqa_tasks.results.attention`)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from cmqa_tasks.attention import store
from cmqa_tasks.results import Run, RunDirectory, attention


@contextmanager
def opened(entries: Sequence[Run], sources: Sequence[RunDirectory]) -> Iterator[tuple[Mapping[int, Path], tuple[str, ...]]]:
    """The merged log of each entry that has one, by the entry's place, and what must be said about logs that were left out.

    Runs stay as they are: shards that were not merged yet are merged in a temporary directory.

    Raises:
        StoreError: a log is damaged, or holds shards of different models.
    """
    with tempfile.TemporaryDirectory() as scratch:
        merged: dict[Path, Path] = {}
        logs_of, notes = {}, []
        for number, entry in enumerate(entries):
            folders = _candidates(entry, sources)
            if len(folders) > 1:
                listed = ", ".join(map(str, folders))
                notes.append(f"attention of {entry.title} left out: {len(folders)} logs could be its own ({listed})")
            elif folders:
                (folder,) = folders
                if folder not in merged:
                    merged[folder] = _merged(folder, Path(scratch) / str(len(merged)))
                logs_of[number] = merged[folder]
        yield logs_of, tuple(dict.fromkeys(notes))


def _candidates(entry: Run, sources: Sequence[RunDirectory]) -> list[Path]:
    """The entry's own logs below the directories that its samples were read from."""
    samples = [part.samples for part in entry.parts.values()]
    roots = {source.path for source in sources if any(path.is_relative_to(source.path) for path in samples)}
    return attention.own(entry.subject, roots, samples)


def _merged(folder: Path, scratch: Path) -> Path:
    """The merged file of a directory; where there are shards, merged from links to them, so that they stay."""
    files = attention.files(folder)
    if [path.name for path in files] == [store.MERGED]:
        return files[0]
    scratch.mkdir()
    for path in files:
        (scratch / path.name).symlink_to(path.resolve())
    return store.merge(scratch)
