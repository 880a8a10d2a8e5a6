"""``cmqa_hf`` on tiny checkpoints, and the harness's own requests for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lmms_eval.api.instance import Instance

from cmqa_tasks import ConflictTask
from cmqa_tasks.facts.release import Release
from cmqa_tasks.models.hf import CmqaHF

VISION = ("qwen2_5_vl", "llava", "idefics3")


def model(checkpoint: Path, **arguments: Any) -> CmqaHF:
    return CmqaHF(str(checkpoint), device="cpu", dtype="float32", **arguments)


def requests(lm: CmqaHF, release: Release, *arms: str, **generation: Any) -> list[Instance]:
    """The harness's own requests for these arms, interleaved, so that batches meet texts and images mixed."""
    per_arm = []
    for arm in arms:
        task = ConflictTask(arm=arm, data=release)
        task.config.generation_kwargs |= {"max_new_tokens": 8} | generation
        lm.task_dict[task.config.task] = task.dataset
        task.build_all_requests()
        per_arm.append(task.instances)
    return [instance for group in zip(*per_arm, strict=True) for instance in group]
