"""What ``cmqa regress`` does, without its command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cmqa_tasks.attention.rows import StoreError
from cmqa_tasks.reports.gate import outputs, reference, settings, snapshot
from cmqa_tasks.reports.gate import verdict as gate
from cmqa_tasks.reports.gate.modes import Failing, Mode
from cmqa_tasks.results import ResultsError
from cmqa_tasks.writing.files import write_text


@dataclass(frozen=True, slots=True)
class Job:
    """One use of the gate."""

    reference: Path
    """A reference file, or a directory of results."""
    candidate: Path
    """A directory of results."""
    config: Path | None = None
    mode: Mode | None = None
    fail_on: Sequence[Failing] | None = None
    """Which verdicts fail; by default as the settings say."""
    junit: Path | None = None
    summary: Path | None = None


def regress(job: Job) -> gate.Verdict:
    """Compare, write the files that were asked for, and return the verdict. What cannot be read cannot be told, and is said.

    Raises:
        ResultsError: the settings are wrong, or a directory stands where a file should go.
    """
    for option, path in (("--junit", job.junit), ("--summary", job.summary)):
        if path is not None and path.is_dir():
            raise ResultsError(f"{option} {path}: a directory; name a file")
    chosen = settings.read(job.config)
    if job.fail_on is not None:
        chosen = chosen.model_copy(update={"fail_on": tuple(job.fail_on)})
    mode = job.mode or chosen.mode
    try:
        before, recorded = _reference(job.reference)
        after = snapshot.of_run(job.candidate)
        verdict = gate.compare(before, after, mode or recorded, chosen)
    except (ResultsError, StoreError) as error:
        verdict = gate.unreadable(mode or "exact", str(job.reference), str(job.candidate), str(error), chosen.fail_on)
    for path, write in ((job.junit, outputs.to_junit), (job.summary, outputs.to_markdown)):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, write(verdict))
    return verdict


def _reference(path: Path) -> tuple[snapshot.Snapshot, Mode]:
    if path.is_dir():
        return snapshot.of_run(path), "paired"
    loaded = reference.load(path)
    return loaded.snapshot, loaded.mode
