"""Tiny vision-language models with random weights, in the real architectures and file formats of transformers.

They know nothing; they exist so that the whole path of a real model (checkpoint, processor, chat template, batching,
generation) runs anywhere in seconds, without a download. The tokenizer is trained on the spot, on the phrases of the
worlds (not on the prompts: babble in the words of the prompts would be read as calling a conflict).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessor,
    Idefics3Processor,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen2VLImageProcessor,
    Qwen2VLVideoProcessor,
)
from transformers.models.clip.image_processing_clip import CLIPImageProcessor

WIDTH, LAYERS, HEADS = 32, 2, 4
VOCABULARY = 1024
_TEXT: Mapping[str, Any] = {
    "hidden_size": WIDTH,
    "intermediate_size": 2 * WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": HEADS // 2,
    "max_position_embeddings": 8192,
    "initializer_range": 0.3,  # with the usual 0.02 so small a model says the same whatever it is shown
}
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% if m['content'] is string %}{{ m['content'] }}{% else %}"
    "{% for c in m['content'] %}{% if c['type'] == 'image' %}IMAGE{% else %}{{ c['text'] }}{% endif %}{% endfor %}{% endif %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def build(family: str, directory: Path, seed: int = 0) -> Path:
    """Make a tiny random checkpoint of a family, complete with processor and chat template, and return its directory.

    Args:
        family: one of :data:`FAMILIES`.
        directory: where to write it; made if missing.
        seed: of the weights.

    Raises:
        ValueError: no such family; the message lists those that exist.
    """
    if family not in BUILDERS:
        raise ValueError(f"unknown family {family!r}; choose one of {', '.join(FAMILIES)}")
    torch.manual_seed(seed)
    model, processor = BUILDERS[family]()
    directory.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(directory)
    processor.save_pretrained(directory)
    return directory


def trained_tokenizer(special: Iterable[str]) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer, so that no text is out of its reach."""
    extra = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *special]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    phrases = resources.files("cmqa_tasks.worlds") / "phrases" / "en"
    corpus = [(phrases / f"{world}.yaml").read_text(encoding="utf-8") for world in ("health", "maps", "news", "shopping")]
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=extra, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(corpus, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", additional_special_tokens=extra
    )


def _ids(tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }


def _qwen2_5_vl() -> tuple[PreTrainedModel, Any]:
    special = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
    tokenizer = trained_tokenizer(special)
    start, end, image, video = (tokenizer.convert_tokens_to_ids(token) for token in special)
    rope = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0}
    config = Qwen2_5_VLConfig(
        text_config=dict(_TEXT) | _ids(tokenizer) | {"rope_parameters": rope},
        vision_config={
            "depth": 2,
            "hidden_size": WIDTH,
            "intermediate_size": WIDTH,
            "num_heads": 2,
            "out_hidden_size": WIDTH,
            "fullatt_block_indexes": [1],
            "patch_size": 14,
        },
        image_token_id=image,
        video_token_id=video,
        vision_start_token_id=start,
        vision_end_token_id=end,
    )
    processor = Qwen2_5_VLProcessor(
        image_processor=Qwen2VLImageProcessor(size={"shortest_edge": 56 * 56, "longest_edge": 112 * 112}),
        tokenizer=tokenizer,
        video_processor=Qwen2VLVideoProcessor(),
        chat_template=CHATML.replace("IMAGE", "<|vision_start|><|image_pad|><|vision_end|>"),
    )
    return Qwen2_5_VLForConditionalGeneration(config), processor


def _llava() -> tuple[PreTrainedModel, Any]:
    tokenizer = trained_tokenizer(("<image>",))
    config = LlavaConfig(
        text_config={"model_type": "llama"} | dict(_TEXT) | _ids(tokenizer),
        vision_config={
            "model_type": "clip_vision_model",
            "hidden_size": WIDTH,
            "intermediate_size": WIDTH,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 56,
            "patch_size": 14,
            "projection_dim": WIDTH,
        },
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    processor = LlavaProcessor(
        image_processor=CLIPImageProcessor(size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56}),
        tokenizer=tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHATML.replace("IMAGE", "<image>"),
    )
    return LlavaForConditionalGeneration(config), processor


def _idefics3() -> tuple[PreTrainedModel, Any]:
    tokenizer = trained_tokenizer(("<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>"))
    config = Idefics3Config(
        text_config={"model_type": "llama"} | dict(_TEXT) | _ids(tokenizer),
        vision_config={
            "hidden_size": WIDTH,
            "intermediate_size": WIDTH,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 56,
            "patch_size": 14,
        },
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=tokenizer.pad_token_id,
    )
    processor = Idefics3Processor(
        image_processor=Idefics3ImageProcessor(size={"longest_edge": 112}, max_image_size={"longest_edge": 56}),
        tokenizer=tokenizer,
        image_seq_len=4,
        chat_template=CHATML.replace("IMAGE", "<image>"),
    )
    return Idefics3ForConditionalGeneration(config), processor


def _qwen2() -> tuple[PreTrainedModel, Any]:
    tokenizer = trained_tokenizer(())
    tokenizer.chat_template = CHATML
    return Qwen2ForCausalLM(Qwen2Config(**_TEXT, **_ids(tokenizer))), tokenizer


BUILDERS: Mapping[str, Callable[[], tuple[PreTrainedModel, Any]]] = {
    "qwen2_5_vl": _qwen2_5_vl,
    "llava": _llava,
    "idefics3": _idefics3,
    "qwen2": _qwen2,
}

FAMILIES: tuple[str, ...] = tuple(BUILDERS)
"""The families that :func:`build` makes; ``qwen2`` is a text-only language model."""
