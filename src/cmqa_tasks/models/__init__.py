"""The model ``cmqa_hf``: any vision-language or text-only model of transformers, for lmms-eval.

* :mod:`cmqa_tasks.models.hf` – the model as the harness sees it
* :mod:`cmqa_tasks.models.arguments`, :mod:`cmqa_tasks.models.generation` – what it may be given
* :mod:`cmqa_tasks.models.batching` – prompts of similar length together
* :mod:`cmqa_tasks.models.image_cache` – an image that several items show is encoded once
* :mod:`cmqa_tasks.models.tiny` – tiny random checkpoints of real architectures, for trying things without a download

For example ``lmms-eval --model cmqa_hf --model_args pretrained=Qwen/Qwen2.5-VL-3B-Instruct --tasks cmqa_crossmodal``.

Not part of the public API; see :mod:`cmqa_tasks`.
"""
