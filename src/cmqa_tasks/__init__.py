"""Does a multimodal model reason across modalities, or follow one of them? Tasks, models and metrics for the harnesses.

The names below are the public API; everything else may change between versions::

    from cmqa_tasks import ARMS, load_release, questions_of, score_response

    question = questions_of(ARMS["image_text"], load_release(), "aware")[0]
    score_response("They contradict each other.", question)     # ('conflict', 'conflict')

Importing the package is fast: each name is imported when it is first used, and torch or a harness only with a name that needs it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cmqa_tasks.asking.question import Question, ask, questions_of
    from cmqa_tasks.attention.pools import pools
    from cmqa_tasks.attention.probe.attention_probe import AttentionProbe
    from cmqa_tasks.attention.probe.segments import Span, process, segment_batch
    from cmqa_tasks.attention.store import merge as merge_attention
    from cmqa_tasks.attention.store import read as read_attention
    from cmqa_tasks.attention.summary import contrast, depth_profile
    from cmqa_tasks.facts.records import ARMS, Arm, Fact, Item
    from cmqa_tasks.facts.release import Release
    from cmqa_tasks.facts.release import load as load_release
    from cmqa_tasks.harness.lm import LMConflictTask
    from cmqa_tasks.harness.lmms import ConflictTask
    from cmqa_tasks.models.tiny import build as build_tiny_model
    from cmqa_tasks.reading import read_response
    from cmqa_tasks.results.runs import read_runs
    from cmqa_tasks.scoring.outcomes import score_response
    from cmqa_tasks.scoring.policies import policy
    from cmqa_tasks.training.chunks import Source as MixSource
    from cmqa_tasks.training.mix import mix
    from cmqa_tasks.training.options import Options as MixOptions
    from cmqa_tasks.training.shards import features as mix_features
    from cmqa_tasks.worlds.own import read_jsonl

__version__ = "0.7.0"

__all__ = [
    "ARMS",
    "Arm",
    "AttentionProbe",
    "ConflictTask",
    "Fact",
    "Item",
    "LMConflictTask",
    "MixOptions",
    "MixSource",
    "Question",
    "Release",
    "Span",
    "ask",
    "build_tiny_model",
    "contrast",
    "depth_profile",
    "load_release",
    "merge_attention",
    "mix",
    "mix_features",
    "policy",
    "pools",
    "process",
    "questions_of",
    "read_attention",
    "read_jsonl",
    "read_response",
    "read_runs",
    "score_response",
    "segment_batch",
]

_HOMES = {
    "asking.question": ("Question", "ask", "questions_of"),
    "attention.pools": ("pools",),
    "attention.probe.attention_probe": ("AttentionProbe",),
    "attention.probe.segments": ("Span", "process", "segment_batch"),
    "attention.store": ("merge_attention=merge", "read_attention=read"),
    "attention.summary": ("contrast", "depth_profile"),
    "facts.records": ("ARMS", "Arm", "Fact", "Item"),
    "facts.release": ("Release", "load_release=load"),
    "harness.lm": ("LMConflictTask",),
    "harness.lmms": ("ConflictTask",),
    "models.tiny": ("build_tiny_model=build",),
    "reading": ("read_response",),
    "results.runs": ("read_runs",),
    "scoring.outcomes": ("score_response",),
    "scoring.policies": ("policy",),
    "training.mix": ("mix",),
    "training.options": ("MixOptions=Options",),
    "training.shards": ("mix_features=features",),
    "training.chunks": ("MixSource=Source",),
    "worlds.own": ("read_jsonl",),
}
"""Where each name is at home: ``name``, or ``public name=name there``."""


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        for entry in names:
            public, _, there = entry.partition("=")
            if public == name:
                return getattr(importlib.import_module(f"{__name__}.{module}"), there or public)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
