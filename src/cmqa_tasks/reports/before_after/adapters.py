"""Checkpoints of a sweep over the strength of adapters: each adapter at each scale, merged into the model it was trained on.

checkpoints = at_scales({"untouched": "org/model", "mixed": "runs/mixed/adapter"}, [0.5, 1.0], Path("out"))
# untouched, mixed@0.5, mixed@1
"""

from __future__ import annotations

import importlib.util
import json
import math
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_CONFIG = "adapter_config.json"
_MADE_FROM = "merged_from.json"


def at_scales(checkpoints: Mapping[str, str], scales: Sequence[float], out: Path) -> dict[str, str]:
    """The checkpoints by name, with each adapter replaced by its merged ones, ``NAME@SCALE``.

    Merged checkpoints lie in ``out/checkpoints``; one that was made from the same adapter before is taken as it is.

    Args:
        checkpoints: by name, hub ids or directories; those with an ``adapter_config.json`` are adapters.
        scales: by which adapters are multiplied; as they are without any.
        out: the directory of the command.

    Raises:
        ValueError: a scale is not finite or negative, is given twice, none of the checkpoints is an adapter, or one cannot be
            merged; the message says why.
        ImportError: peft is not installed.
    """
    if not scales:
        return dict(checkpoints)
    for scale in scales:
        if not (math.isfinite(scale) and scale >= 0):
            raise ValueError(f"--adapter-scale {scale:g}: must be 0 or more, and finite")
        if list(scales).count(scale) > 1:
            raise ValueError(f"--adapter-scale: {scale:g} is given twice")
    if not any(_is_adapter(checkpoint) for checkpoint in checkpoints.values()):
        listed = ", ".join(checkpoints.values())
        raise ValueError(f"--adapter-scale: none of {listed} is an adapter, a directory with {_CONFIG}")
    if importlib.util.find_spec("peft") is None:
        raise ImportError("adapters are merged by peft: pip install 'cmqa-tasks[train]'")
    swept: dict[str, str] = {}
    for name, checkpoint in checkpoints.items():
        if not _is_adapter(checkpoint):
            swept[name] = checkpoint
            continue
        for scale in scales:
            key = f"{name}@{scale:g}"
            swept[key] = str(_merged(Path(checkpoint), scale, out / "checkpoints" / key))
    return swept


def _is_adapter(checkpoint: str) -> bool:
    return (Path(checkpoint) / _CONFIG).is_file()


def _merged(adapter: Path, scale: float, target: Path) -> Path:
    """The merged checkpoint, made in a process of its own, so that its memory is free when the evaluation begins."""
    made_from = target / _MADE_FROM
    about = {"adapter": str(adapter.resolve()), "scale": scale, "files": _times(adapter)}
    if made_from.is_file() and json.loads(made_from.read_text(encoding="utf-8")) == about:
        return target
    shutil.rmtree(target, ignore_errors=True)
    command = [sys.executable, "-m", "cmqa_tasks.models.adapters", str(adapter), str(scale), str(target)]
    child = subprocess.run(command, capture_output=True, text=True, check=False)
    if child.returncode:
        why = child.stderr.strip().splitlines() or [f"exit code {child.returncode}"]
        raise ValueError(f"{adapter} could not be merged at scale {scale:g}: {why[-1]}")
    made_from.write_text(json.dumps(about), encoding="utf-8")
    return target


def _times(adapter: Path) -> list[list[str | int]]:
    return [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in sorted(adapter.iterdir()) if path.is_file()]
