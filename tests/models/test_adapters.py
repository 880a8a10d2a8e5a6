"""An adapter at a part of its strength."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import IA3Config, LoraConfig, get_peft_model
from safetensors.torch import load_file
from transformers import AutoModelForImageTextToText, AutoProcessor

from cmqa_tasks.models.adapters import merge

Checkpoints = Callable[[str], Path]


def adapter(base: Path, directory: Path, config: Any) -> Path:
    """An adapter of random weights, with the processor beside it, as training leaves it."""
    torch.manual_seed(0)
    model = get_peft_model(AutoModelForImageTextToText.from_pretrained(base), config)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight)
    model.save_pretrained(directory)
    AutoProcessor.from_pretrained(base).save_pretrained(directory)
    return directory


def weights(checkpoint: Path) -> dict[str, torch.Tensor]:
    return {name: tensor for file in checkpoint.glob("*.safetensors") for name, tensor in load_file(file).items()}


def test_the_scale_is_of_what_the_adapter_adds(tiny_checkpoint: Checkpoints, tmp_path: Path) -> None:
    base = tiny_checkpoint("llava")
    lora = adapter(base, tmp_path / "adapter", LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj"]))
    merged = {scale: tmp_path / "merged" / str(scale) for scale in (0.0, 0.25, 1.0)}
    for scale, target in merged.items():
        merge(lora, scale, target)
    none, quarter, whole = (weights(target) for target in merged.values())
    assert none.keys() == quarter.keys() == whole.keys()
    changed = [name for name in whole if not torch.equal(none[name], whole[name])]
    assert changed
    assert all("q_proj" in name for name in changed)
    for name in whole:
        torch.testing.assert_close(quarter[name], 0.75 * none[name] + 0.25 * whole[name])
    assert AutoProcessor.from_pretrained(merged[0.25])
    shutil.rmtree(tmp_path / "merged")


def test_what_no_scale_applies_to_is_refused(tiny_checkpoint: Checkpoints, tmp_path: Path) -> None:
    base = tiny_checkpoint("llava")
    saved = LoraConfig(r=4, target_modules=["q_proj"], modules_to_save=["lm_head"])
    with pytest.raises(ValueError, match="trained with modules_to_save or bias"):
        merge(adapter(base, tmp_path / "saved", saved), 0.5, tmp_path / "out")
    other = IA3Config(target_modules=["k_proj"], feedforward_modules=[])
    with pytest.raises(ValueError, match="only LoRA can be scaled"):
        merge(adapter(base, tmp_path / "ia3", other), 0.5, tmp_path / "out")
    assert not (tmp_path / "out").exists()
