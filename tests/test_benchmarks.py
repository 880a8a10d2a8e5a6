"""The benchmark of the probe on a model with a vision tower: what runs on a GPU at full size, here on a CPU and small."""

from __future__ import annotations

import importlib.util
import json
from argparse import Namespace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PROBE = Path(__file__).parents[1] / "benchmarks" / "probe.py"


def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmarks_probe", PROBE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def arguments(raw: Path, **changes: Any) -> Namespace:
    given = {
        "prompts": [128],
        "rounds": 1,
        "weighings": 0,
        "shape": "qwen2.5-vl-narrow",
        "layers": 1,
        "batch": 1,
        "device": "cpu",
    }
    return Namespace(**given | {"dtype": "bfloat16", "threads": 0, "raw": str(raw), "weigh": None} | changes)


def figures(raw: Path) -> Any:
    return json.loads(raw.read_text(encoding="utf-8"))["seconds"]


def test_a_qwen2_5_vl_is_measured_three_ways(tmp_path: Path) -> None:
    program().main(arguments(tmp_path / "raw.json"))
    assert {way: len(rounds) for way, rounds in figures(tmp_path / "raw.json")["128"].items()} == dict.fromkeys(
        ("plain", "probe", "eager"), 1
    )


@pytest.mark.gpu
def test_a_qwen2_5_vl_of_full_size_on_a_gpu(tmp_path: Path) -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    full = {"shape": "qwen2.5-vl-3b", "layers": 0, "device": "cuda", "weighings": 1, "prompts": [512, 2048]}
    program().main(arguments(tmp_path / "raw.json", **full))
    assert set(figures(tmp_path / "raw.json")) == {"512", "2048"}
