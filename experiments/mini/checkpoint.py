"""The miniature's model: a stock LLaVA, small, with a processor and a tokenizer of the toy world's words.

Nothing in it is our own: ``LlavaForConditionalGeneration`` over a CLIP vision tower of one layer and a Llama of a few, built
from their configs, saved and loaded like any checkpoint.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)
from transformers.models.clip.image_processing_clip import CLIPImageProcessor

from experiments.mini.world import PICTURE, Canvas, vocabulary

PAD, BEGIN, UNKNOWN, IMAGE = "<pad>", "<s>", "<unk>", "<image>"
_TEMPLATE = (
    "{{ '" + BEGIN + "' }}{% for message in messages %}{% if message['content'] is string %} {{ message['content'] | trim }}"
    "{% else %}{% for part in message['content'] %}{% if part['type'] == 'image' %} " + PICTURE + " " + IMAGE + "{% else %}"
    "{% if part['text'] | trim %} {{ part['text'] | trim }}{% endif %}{% endif %}{% endfor %}{% endif %}{% endfor %}"
)
"""Turns follow each other without marks: everything a mark would say, the words say."""


@dataclass(frozen=True, slots=True)
class Size:
    """Dimensions of the model."""

    width: int = 96
    """Of the language model and the vision tower."""
    layers: int = 3
    heads: int = 4
    rope_theta: float = 100.0
    """Base of the rotary embedding: contexts are short."""


def build_tokenizer() -> PreTrainedTokenizerFast:
    """One token per word, words parted by spaces."""
    words = [PAD, BEGIN, UNKNOWN, IMAGE, *vocabulary()]
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        bos_token=BEGIN,
        unk_token=UNKNOWN,
        additional_special_tokens=[IMAGE],
        padding_side="left",
    )


def build_processor(canvas: Canvas) -> LlavaProcessor:
    """Pictures are taken as they are, in 0 … 1, a token per cell."""
    images = CLIPImageProcessor(
        do_resize=False, do_center_crop=False, do_convert_rgb=True, image_mean=[0.0] * 3, image_std=[1.0] * 3
    )
    images.crop_size = {"height": canvas.side, "width": canvas.side}
    return LlavaProcessor(
        image_processor=images,
        tokenizer=build_tokenizer(),
        patch_size=canvas.cell,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=_TEMPLATE,
        image_token=IMAGE,
    )


def build_model(size: Size, canvas: Canvas, tokenizer: PreTrainedTokenizerFast, seed: int) -> LlavaForConditionalGeneration:
    """An untrained model."""
    torch.manual_seed(seed)
    vision = CLIPVisionConfig(
        hidden_size=size.width,
        intermediate_size=4 * size.width,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=canvas.side,
        patch_size=canvas.cell,
        projection_dim=size.width,
    )
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=size.width,
        intermediate_size=3 * size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.heads,
        max_position_embeddings=1024,
        rope_parameters={"rope_type": "default", "rope_theta": size.rope_theta},
        attention_bias=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=None,
        tie_word_embeddings=False,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE),
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        image_seq_length=canvas.cells,
        tie_word_embeddings=False,
    )
    model = LlavaForConditionalGeneration(config)
    _initialise(model, size)
    return model


@torch.no_grad()
def _initialise(model: LlavaForConditionalGeneration, size: Size) -> None:
    """Every matrix at 1/√(inputs), so that signals keep their size at any width.

    The stock standard deviation of 0.02 suits widths of thousands; here it would make projected patches some fifty times smaller
    than embedded words.
    """
    residual = (2 * size.layers) ** -0.5
    for name, values in model.named_parameters():
        if "embed_tokens" in name:
            values.normal_(0, 0.5)
        elif "position_embedding" in name or "class_embedding" in name:
            values.normal_(0, 0.02)
        elif "patch_embedding" in name:
            values.normal_(0, 0.15)
        elif values.ndim == 2:
            shrink = residual if "language_model" in name and ("o_proj" in name or "down_proj" in name) else 1.0
            values.normal_(0, shrink / math.sqrt(values.shape[1]))
        elif name.endswith("bias"):
            values.zero_()


def save(model: LlavaForConditionalGeneration, processor: Any, directory: Path) -> Path:
    """Write a checkpoint that any loader of transformers reads, in float16, and return its directory."""
    directory.mkdir(parents=True, exist_ok=True)
    copy = LlavaForConditionalGeneration(model.config).to(torch.float16)
    copy.load_state_dict(model.state_dict())
    copy.save_pretrained(directory)
    processor.save_pretrained(directory)
    return directory
