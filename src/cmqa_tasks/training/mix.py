"""``cmqa mix``: read sources into a spool, arrange the instances, write shards; the directory appears whole or not at all.

While it runs, everything is in ``<out>.partial``. A run that was killed goes on where it was when the same command is
given again; one that ended for a mistake in what it was given leaves nothing, unless only the arrangement was impossible.
Which rows go where depends on the sources, the options and the seed, never on the number of processes.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

import cmqa_tasks
from cmqa_tasks.training.chunks import SourceError
from cmqa_tasks.training.manifest import summary
from cmqa_tasks.training.options import MixError, Options
from cmqa_tasks.training.plan import Budget, Plan, PlanError, plan
from cmqa_tasks.training.read import ReadTask, RowError, read_chunk
from cmqa_tasks.training.shards import CARD, ShardTask, write_shard
from cmqa_tasks.training.sources import chunks_of, describe
from cmqa_tasks.training.spool import WHOLE, Index, Spool, is_spooled, load
from cmqa_tasks.training.writers import write_beside
from cmqa_tasks.writing.files import atomic, write_text

MANIFEST, SKIPPED, README = "mix.json", "skipped.txt", "README.md"
SHARD_EXAMPLES = 20_000
SHARD_BYTES = 256 << 20
"""A shard ends when it has so many examples or holds so many bytes."""
_READING = ("model", "revision", "max_tokens", "images", "format", "on_error", "check_images")
"""The options that the reading of rows depends on; the others say how they are arranged."""
_ENDINGS = {"parquet": "parquet", "webdataset": "tar"}
"""Of shards, where they are no JSON lines."""
_PLAN, _SPOOL, _SHARDS = "plan.json", "spool", "shards"
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


def mix(options: Options, out: Path, *, num_proc: int = 1) -> dict[str, Any]:
    """Make a training set in the new directory ``out``.

    Args:
        options: what to make.
        out: the new directory.
        num_proc: processes that read and write; it changes nothing but the time.

    Returns:
        The manifest, which is also in ``mix.json`` there.

    Raises:
        MixError: ``out`` exists, ``<out>.partial`` is of another run, or there is nothing to mix.
        RowError: a bad row under ``on_error="fail"``.
        cmqa_tasks.training.chunks.SourceError: a source cannot be read.
        cmqa_tasks.training.plan.PlanError: the instances cannot be arranged as asked.
        cmqa_tasks.training.count.CountError: there is no such model.
        OSError: the hub cannot be reached, or the disk is full.
    """
    if num_proc < 1:
        raise MixError(f"--num-proc must be at least 1, not {num_proc}")
    if out.exists():
        raise MixError(f"{out} exists; choose another directory or delete it")
    partial = out.with_name(f"{out.name}.partial")
    _begin(partial, options)
    with _tidied(partial), _pool(num_proc) as pool:
        (shared,) = _mapped(_shared, [options], pool, num_proc)  # first, so that a model that is not there costs no reading
        spool = load(_read(options, partial / _SPOOL, pool, num_proc))
        if not len(spool.index):
            bad = len(spool.skipped)
            raise MixError(f"no instances: {f'all {bad} rows are bad' if bad else 'the sources are empty'}")
        try:
            arranged = _arranged(options, spool, shared)
        except PlanError as error:
            raise PlanError(f"{error} (what was read stays in {partial} for the same command with other such options)") from None
        _write(_shard_tasks(options, partial / _SHARDS, out.absolute(), arranged, spool), pool, num_proc)
    return _finish(partial, out, summary(arranged, spool, shared), spool)


def read_share(options: Options, out: Path, share: int, shares: int, *, num_proc: int = 1) -> int:
    """Read one of several shares of the sources, for :func:`mix` with the same options and ``out``, which reads what is missing.

    Shares can be read at the same time, on machines that see the same disk. They stay in ``<out>.partial``, whatever becomes of
    one of them.

    Args:
        options: as for :func:`mix`.
        out: as for :func:`mix`; it is not made.
        share: which share, from 1.
        shares: how many there are.
        num_proc: as for :func:`mix`.

    Returns:
        The number of chunks of the sources that this share has.

    Raises:
        MixError, RowError, SourceError, CountError, OSError: as :func:`mix`.
    """
    if not 1 <= share <= shares:
        raise MixError(f"--shard {share}/{shares}: must be one of 1/{shares} to {shares}/{shares}")
    if out.exists():
        raise MixError(f"{out} exists; choose another directory or delete it")
    partial = out.with_name(f"{out.name}.partial")
    _begin(partial, options)
    with _pool(num_proc) as pool:
        return len(_read(options, partial / _SPOOL, pool, num_proc, slice(share - 1, None, shares)))


def _begin(partial: Path, options: Options) -> None:
    """Make the working directory, or find it as the same run left it. What was read is kept if only the arrangement changed."""
    later = set() if options.check_images else {"check_images"}  # an option that came later: runs without it say what they did
    told = options.model_dump(mode="json", exclude={"sources"} | later)
    wanted = {
        "cmqa-tasks": cmqa_tasks.__version__,
        "sources": [describe(source) for source in options.sources],
        "reading": {name: told[name] for name in _READING if name in told},
        "arranging": {name: value for name, value in told.items() if name not in _READING},
    }
    path = partial / _PLAN
    changed: list[str] = []
    if path.is_file():
        found = json.loads(path.read_text(encoding="utf-8"))
        changed = [key for key in wanted if found.get(key) != wanted[key]]
        if changed and changed != ["arranging"]:
            raise MixError(f"{partial} is of another run ({', '.join(changed)} differ); delete it or choose another --out")
        if changed and (partial / _SHARDS).is_dir():
            shutil.rmtree(partial / _SHARDS)
    elif _holds_files(partial) and not path.is_file():  # or another share has just begun
        raise MixError(f"{partial} exists and is no unfinished run; delete it or choose another --out")
    for name in (_SPOOL, _SHARDS):
        (partial / name).mkdir(parents=True, exist_ok=True)
    if changed or not path.is_file():
        write_text(path, json.dumps(wanted, indent=1))


def _holds_files(partial: Path) -> bool:
    return any(file.is_file() and not _is_of_the_plan(file) for file in partial.rglob("*"))


def _is_of_the_plan(file: Path) -> bool:
    """Whether a file is what a kill left of the plan while that was written."""
    return file.name.startswith(f".{_PLAN}.")


def _remove(partial: Path) -> None:
    """Remove the working directory, the plan last: without it, what a kill leaves would not be known as an unfinished run."""
    for name in (_SPOOL, _SHARDS):
        if (partial / name).is_dir():
            shutil.rmtree(partial / name)
    shutil.rmtree(partial)


@contextmanager
def _tidied(partial: Path) -> Iterator[None]:
    """Leave the working directory only to a run that can go on: one that had read something, of which another way of arranging
    the same rows can make use.
    """
    try:
        yield
    except (MixError, RowError, SourceError):  # what mends it is another command, or other data
        _remove(partial)
        raise
    finally:
        if partial.is_dir() and not any((partial / _SPOOL).glob(f"*{WHOLE}")):
            _remove(partial)


def _pool(num_proc: int) -> Any:
    """Processes, or None for this one. A forked process must not inherit the threads of a tokenizer."""
    if num_proc == 1:
        return nullcontext()
    return ProcessPoolExecutor(num_proc, multiprocessing.get_context("spawn"))


def _mapped(
    function: Callable[[_Task], _Result], tasks: Iterable[_Task], pool: Executor | None, num_proc: int
) -> Iterator[_Result]:
    """Results in the order of the tasks, of which only a few are under way: a stream of them may be long."""
    if pool is None:
        yield from map(function, tasks)
        return
    waiting: deque[Any] = deque()
    try:
        for task in tasks:
            waiting.append(pool.submit(function, task))
            if len(waiting) > 2 * num_proc:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def _read(options: Options, spool: Path, pool: Executor | None, num_proc: int, share: slice = slice(None)) -> list[Path]:
    """Read what is not in the spool yet of a share of the chunks; returns the stems of that share, in order."""
    from tqdm import tqdm

    stems: list[Path] = []
    with tqdm(unit=" instances", desc="cmqa mix: reading", unit_scale=True) as bar:
        for count in _mapped(read_chunk, _read_tasks(options, spool, stems, share), pool, num_proc):
            bar.update(count)
    return stems


def _read_tasks(options: Options, spool: Path, stems: list[Path], share: slice) -> Iterator[ReadTask]:
    """Chunks of a share that are not there yet; every chunk's stem is added to ``stems``."""
    for number, source in enumerate(options.sources):
        for position, chunk in islice(enumerate(chunks_of(source)), share.start, None, share.step):
            stem = spool / f"{number:03d}-{position:06d}"
            stems.append(stem)
            if not is_spooled(stem):
                yield ReadTask(
                    chunk=chunk,
                    source=source,
                    number=number,
                    stem=stem,
                    model=options.model,
                    revision=options.revision,
                    max_tokens=options.max_tokens,
                    skip=options.on_error == "skip",
                    embed=_holds_images(options),
                    paths_only=options.format == "jsonl",
                    check_images=options.check_images,
                )


def _holds_images(options: Options) -> bool:
    """Whether the bytes of image files are written."""
    return options.images == "embed" or options.format == "webdataset"


def _arranged(options: Options, spool: Spool, shared: int) -> Plan:
    index = spool.index
    repeats = np.array([source.repeat or options.repeat for source in options.sources])[index["source"]]
    ratio = None
    if options.ratio is not None:
        if options.ratio.keys() != set(spool.groups):
            raise PlanError(f"--ratio names {', '.join(options.ratio)}; the groups are {', '.join(spool.groups)}")
        ratio = {spool.groups.index(group): share for group, share in options.ratio.items()}
    budget = Budget(options.per_example, options.max_tokens)
    return plan(options.strategy, index["group"], spool.lengths(shared), repeats, budget, options.seed, ratio)


def _shared(options: Options) -> int:
    """Tokens that the template puts before the first turn of a conversation without system message."""
    if options.model is None:
        return 0
    from cmqa_tasks.training.count import counter

    return counter(options.model, options.revision).shared


def _shard_tasks(options: Options, shards: Path, out: Path, arranged: Plan, spool: Spool) -> list[ShardTask]:
    """The shards to write, all of them. Each holds a slice of the index, so they do not need more memory than it."""
    ending = _ENDINGS.get(options.format, "jsonl")
    directory = shards / "train" if options.format == "llamafactory" else shards  # which takes all files of a directory
    ends = _shard_ends(arranged, spool.index)
    files = tuple(chunk["file"] for chunk in spool.chunks)
    return [
        ShardTask(
            target=directory / f"train-{number:05d}-of-{len(ends):05d}.{ending}",
            format=options.format,
            embed=_holds_images(options),
            stems=spool.stems,
            files=files,
            groups=spool.groups,
            entries=spool.index[arranged.instances[arranged.starts[first] : arranged.starts[last]]],
            sizes=np.diff(arranged.starts[first : last + 1]),
            directory=shards,
            final=out,
        )
        for number, (first, last) in enumerate(zip([0, *ends[:-1]], ends, strict=True))
    ]


def _write(tasks: Sequence[ShardTask], pool: Executor | None, num_proc: int) -> None:
    """Write the shards that are not there yet."""
    from tqdm import tqdm

    missing = [task for task in tasks if not task.target.is_file()]
    total, left = (sum(len(task.sizes) for task in some) for some in (tasks, missing))
    with tqdm(total=total, initial=total - left, unit=" examples", desc="cmqa mix: writing", unit_scale=True) as bar:
        for count in _mapped(write_shard, missing, pool, num_proc):
            bar.update(count)


def _shard_ends(arranged: Plan, index: Index) -> list[int]:
    """One past the last example of each shard."""
    bytes_before = np.concatenate([[0], np.cumsum(index["size"][arranged.instances])])[arranged.starts]
    ends: list[int] = []
    begin, total = 0, len(arranged.starts) - 1
    while begin < total:
        full = int(np.searchsorted(bytes_before, bytes_before[begin] + SHARD_BYTES, side="right")) - 1
        begin = min(max(full, begin + 1), begin + SHARD_EXAMPLES, total)
        ends.append(begin)
    return ends


def _finish(partial: Path, out: Path, counts: Mapping[str, Any], spool: Spool) -> dict[str, Any]:
    """Add the manifest and the list of skipped rows, and let the directory appear."""
    shards = partial / _SHARDS
    manifest: dict[str, Any] = {**json.loads((partial / _PLAN).read_text(encoding="utf-8")), **counts}
    if spool.skipped:
        with atomic(shards / SKIPPED) as written, written.open("w", encoding="utf-8") as file:
            file.writelines("{file}:{row}: {field}: {problem}\n".format(**row) for row in spool.skipped)
    write_text(shards / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    if manifest["reading"]["format"] == "jsonl":
        write_text(shards / README, CARD)
    write_beside(shards, manifest["reading"]["format"])
    os.replace(shards, out)
    _remove(partial)
    return manifest
