"""A LoRA adapter, at a part of its strength or all of it, as a whole checkpoint.

    python -m cmqa_tasks.models.adapters runs/instance/adapter 0.5 out/instance@0.5

A scale of 0 is the checkpoint that was trained, 1 what training made of it. What is between them says whether less of the
training keeps its gain and loses less elsewhere.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def merge(adapter: Path, scale: float, target: Path) -> None:
    """Add an adapter, times ``scale``, to the checkpoint that it was trained on and save the whole model with its processor.

    The adapter's directory holds the processor, as ``cmqa train`` leaves it. On the CPU, in the checkpoint's dtype.

    Raises:
        ValueError: the adapter is no LoRA, or holds weights that no scale applies to.
    """
    from peft import LoraConfig, PeftConfig, PeftModel
    from peft.tuners.lora import LoraLayer
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText, AutoProcessor, ProcessorMixin

    config = PeftConfig.from_pretrained(adapter)
    if not isinstance(config, LoraConfig):
        raise ValueError(f"{adapter}: an adapter of type {config.peft_type}; only LoRA can be scaled")
    if config.modules_to_save or config.bias != "none":
        raise ValueError(f"{adapter}: it was trained with modules_to_save or bias, whole weights that no scale applies to")
    processor = AutoProcessor.from_pretrained(adapter)
    loader = AutoModelForImageTextToText if isinstance(processor, ProcessorMixin) else AutoModelForCausalLM
    base = loader.from_pretrained(config.base_model_name_or_path, revision=config.revision or "main", dtype="auto")
    model = PeftModel.from_pretrained(base, adapter)
    for module in model.modules():
        if isinstance(module, LoraLayer):
            module.scale_layer(scale)
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    model.merge_and_unload().save_pretrained(partial)
    processor.save_pretrained(partial)
    os.replace(partial, target)


if __name__ == "__main__":
    merge(Path(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]))
