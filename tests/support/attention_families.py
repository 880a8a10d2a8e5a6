"""Tiny random models of many families, built from configs, with a padded batch of two prompts for each.

Every prompt reads: sink, template, evidence A (an image where the family sees any), evidence B, question, template. Images are
random pixels behind image tokens that are already expanded, as processors leave them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import transformers as hf
from packaging.version import Version
from transformers import PreTrainedModel

from cmqa_tasks.attention.probe.decoder_layers import find_decoder
from cmqa_tasks.attention.probe.segments import NAMES, Segments

VOCABULARY, PAD, IMAGE, START, END, VIDEO = 120, 0, 110, 111, 112, 113
WIDTH, HEADS, PIXELS, PATCH = 32, 4, 56, 14
_TEXT: Mapping[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "intermediate_size": 2 * WIDTH,
    "num_hidden_layers": 2,
    "num_attention_heads": HEADS,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "initializer_range": 0.3,
    "bos_token_id": None,
    "eos_token_id": None,
    "pad_token_id": PAD,
}
_SIGLIP = {"hidden_size": WIDTH, "intermediate_size": WIDTH, "num_hidden_layers": 1, "num_attention_heads": 2}
_SQUARE = _SIGLIP | {"image_size": PIXELS, "patch_size": PATCH}
_MROPE = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [1, 1, 2]}


@dataclass(frozen=True)
class Family:
    """A model, what to give to its ``generate``, and the segments of those prompts."""

    model: PreTrainedModel
    inputs: dict[str, Any]
    segments: Segments


@dataclass(frozen=True)
class _Recipe:
    """How a family is built: the model, its image tokens per prompt (0: text only), and its other inputs."""

    model: Callable[[], PreTrainedModel]
    image_tokens: int = 0
    pixels: Callable[[int, torch.Tensor], dict[str, Any]] | None = None


def build(name: str, seed: int = 0) -> Family:
    """A family of :data:`FAMILIES`, with "sdpa" attention unless it refuses that."""
    recipe = FAMILIES[name]
    torch.manual_seed(seed)
    model = recipe.model().eval()
    ids, buckets = prompts(recipe.image_tokens)
    inputs: dict[str, Any] = {"input_ids": ids, "attention_mask": (buckets >= 0).long()}
    if recipe.pixels is not None:
        inputs |= recipe.pixels(len(ids), ids)
    return Family(model, inputs, Segments(buckets))


def switch(model: PreTrainedModel, implementation: str) -> str:
    """Give the decoder, and nothing else of a model, another attention implementation; returns the one before."""
    layers = find_decoder(model).layers.values()
    configs = {id(module.config): module.config for module in (model.get_decoder(), *layers)}
    before = {config._attn_implementation for config in configs.values()}
    for config in configs.values():
        config._attn_implementation = implementation
    (only,) = before
    return str(only)


def prompts(image_tokens: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and segments of two prompts; the second is shorter, and padded on the left."""
    generator = torch.Generator().manual_seed(1)
    evidence_a, evidence_b, question, sink, other = (NAMES.index(name) for name in NAMES[:-1])
    rows = []
    for shorter in (0, 3):
        lengths = [(sink, 1), (other, 2), (evidence_a, image_tokens or 5), (other, 1), (evidence_b, 11 - shorter)]
        lengths += [(question, 4), (other, 3)]
        rows.append(torch.tensor([-1] * shorter + [segment for segment, length in lengths for _ in range(length)]))
    buckets = torch.stack(rows)
    ids = torch.randint(1, 100, buckets.shape, generator=generator).masked_fill(buckets < 0, PAD)
    if image_tokens:
        ids = ids.masked_fill(buckets == evidence_a, IMAGE)
    return ids, buckets


def _language_model(config: type, model: type, **changes: Any) -> Callable[[], PreTrainedModel]:
    return lambda: model(config(**_TEXT | changes))


def _gpt2() -> PreTrainedModel:
    """With a fused input projection and an output projection that is no ``Linear``."""
    sizes = {"vocab_size": VOCABULARY, "n_positions": 128, "n_embd": WIDTH, "n_layer": 2, "n_head": HEADS}
    return hf.GPT2LMHeadModel(hf.GPT2Config(**sizes, initializer_range=0.3, bos_token_id=None, eos_token_id=None))


def _random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(2))


def _squares(batch: int, _: torch.Tensor) -> dict[str, Any]:
    return {"pixel_values": _random(batch, 3, PIXELS, PIXELS)}


def _typed_squares(batch: int, ids: torch.Tensor) -> dict[str, Any]:
    return _squares(batch, ids) | {"token_type_ids": (ids == IMAGE).long()}


def _listed_squares(batch: int, _: torch.Tensor) -> dict[str, Any]:
    return {"pixel_values": _random(batch, 1, 3, PIXELS, PIXELS)}


def _sized_squares(batch: int, _: torch.Tensor) -> dict[str, Any]:
    return {"pixel_values": _random(batch, 3, PIXELS, PIXELS), "image_sizes": torch.tensor([[PIXELS, PIXELS]] * batch)}


def _tiled(batch: int, _: torch.Tensor) -> dict[str, Any]:
    return {"pixel_values": _random(batch, 2, 3, PIXELS, PIXELS), "image_sizes": torch.tensor([[PIXELS, PIXELS]] * batch)}


def _patches(size: int) -> Callable[[int, torch.Tensor], dict[str, Any]]:
    """Qwen's flattened patches: 4 × 4 of them an image, merged to 2 × 2 tokens."""

    def pixels(batch: int, ids: torch.Tensor) -> dict[str, Any]:
        return {
            "pixel_values": _random(16 * batch, 3 * 2 * size * size),
            "image_grid_thw": torch.tensor([[1, 4, 4]] * batch),
            "mm_token_type_ids": (ids == IMAGE).long(),
        }

    return pixels


def _qwen(config: type, model: type, vision: dict[str, Any], **text: Any) -> Callable[[], PreTrainedModel]:
    tokens = {"image_token_id": IMAGE, "video_token_id": VIDEO, "vision_start_token_id": START, "vision_end_token_id": END}
    return lambda: model(config(text_config={**_TEXT, "rope_parameters": _MROPE, **text}, vision_config=vision, **tokens))


def _composite(
    config: type, model: type, vision: dict[str, Any], text: dict[str, Any], **top: Any
) -> Callable[[], PreTrainedModel]:
    return lambda: model(config(text_config={**_TEXT, **text}, vision_config=vision, **top))


_CLIP = {"model_type": "clip_vision_model", "projection_dim": WIDTH} | _SQUARE
_LLAMA = {"model_type": "llama"}
_QWEN2_VISION = {"depth": 1, "num_heads": 2, "patch_size": PATCH}
_QWEN3_VISION = {"depth": 2, "hidden_size": WIDTH, "intermediate_size": WIDTH, "num_heads": 2, "patch_size": PATCH}
_QWEN3_VISION |= {"out_hidden_size": WIDTH, "num_position_embeddings": 16}
_HYBRID = {"num_hidden_layers": 4, "head_dim": 16, "linear_key_head_dim": 8, "linear_value_head_dim": 8}
_HYBRID |= {"linear_num_key_heads": 2, "linear_num_value_heads": 2}
_LATENT = {"kv_lora_rank": 8, "q_lora_rank": 8, "qk_rope_head_dim": 4, "qk_nope_head_dim": 8, "v_head_dim": 12}
_LATENT |= {"num_key_value_heads": HEADS, "first_k_dense_replace": 2, "n_group": 1, "topk_group": 1}
_EAGER = {"attn_implementation": "eager"}
_GEMMA = {"head_dim": 8, "query_pre_attn_scalar": 8, "sliding_window": 8, "tie_word_embeddings": False}
_ALTERNATING = {"layer_types": ["sliding_attention", "full_attention"]}

FAMILIES: dict[str, _Recipe] = {
    # language models
    "llama": _Recipe(_language_model(hf.LlamaConfig, hf.LlamaForCausalLM)),
    "qwen2": _Recipe(_language_model(hf.Qwen2Config, hf.Qwen2ForCausalLM)),
    "qwen2_window": _Recipe(
        _language_model(hf.Qwen2Config, hf.Qwen2ForCausalLM, use_sliding_window=True, sliding_window=8, max_window_layers=1)
    ),
    "qwen3": _Recipe(_language_model(hf.Qwen3Config, hf.Qwen3ForCausalLM, head_dim=16)),
    "mistral": _Recipe(_language_model(hf.MistralConfig, hf.MistralForCausalLM, sliding_window=8)),
    "mistral_long_window": _Recipe(_language_model(hf.MistralConfig, hf.MistralForCausalLM, sliding_window=29)),
    "phi3": _Recipe(_language_model(hf.Phi3Config, hf.Phi3ForCausalLM)),
    "gemma2": _Recipe(_language_model(hf.Gemma2Config, hf.Gemma2ForCausalLM, attn_logit_softcapping=3.0, **_EAGER, **_GEMMA)),
    "gemma3_text": _Recipe(_language_model(hf.Gemma3TextConfig, hf.Gemma3ForCausalLM, **_GEMMA, **_ALTERNATING)),
    "gpt_oss": _Recipe(
        _language_model(
            hf.GptOssConfig, hf.GptOssForCausalLM, head_dim=8, sliding_window=8, num_local_experts=2, num_experts_per_tok=1
        )
    ),
    "deepseek_v3": _Recipe(_language_model(hf.DeepseekV3Config, hf.DeepseekV3ForCausalLM, **_LATENT)),
    "llama4": _Recipe(
        _language_model(
            hf.Llama4TextConfig,
            hf.Llama4ForCausalLM,
            attention_chunk_size=8,
            head_dim=8,
            intermediate_size_mlp=32,
            num_local_experts=2,
        )
    ),
    "gpt2": _Recipe(_gpt2),
    "bitnet": _Recipe(_language_model(hf.BitNetConfig, hf.BitNetForCausalLM)),
    "lfm2": _Recipe(_language_model(hf.Lfm2Config, hf.Lfm2ForCausalLM, layer_types=["conv", "full_attention"])),
    "qwen3_next": _Recipe(
        _language_model(hf.Qwen3NextConfig, hf.Qwen3NextForCausalLM, num_experts=2, num_experts_per_tok=1, **_HYBRID)
    ),
    # vision-language models
    "qwen2_vl": _Recipe(
        _qwen(
            hf.Qwen2VLConfig,
            hf.Qwen2VLForConditionalGeneration,
            _QWEN2_VISION | {"embed_dim": WIDTH, "hidden_size": WIDTH},
        ),
        4,
        _patches(PATCH),
    ),
    "qwen2_5_vl": _Recipe(
        _qwen(
            hf.Qwen2_5_VLConfig,
            hf.Qwen2_5_VLForConditionalGeneration,
            _QWEN2_VISION
            | {"hidden_size": WIDTH, "intermediate_size": WIDTH, "out_hidden_size": WIDTH, "fullatt_block_indexes": [0]},
        ),
        4,
        _patches(PATCH),
    ),
    "qwen3_vl": _Recipe(
        _qwen(
            hf.Qwen3VLConfig, hf.Qwen3VLForConditionalGeneration, _QWEN3_VISION | {"deepstack_visual_indexes": [0]}, head_dim=8
        ),
        4,
        _patches(PATCH),
    ),
    "qwen3_5": _Recipe(
        _qwen(
            hf.Qwen3_5Config,
            hf.Qwen3_5ForConditionalGeneration,
            _QWEN3_VISION,
            **_HYBRID,
            rope_parameters=_MROPE | {"partial_rotary_factor": 0.5, "mrope_interleaved": True},
        ),
        4,
        _patches(PATCH),
    ),
    "llava": _Recipe(
        _composite(hf.LlavaConfig, hf.LlavaForConditionalGeneration, _CLIP, _LLAMA, image_token_index=IMAGE), 16, _squares
    ),
    "llava_next": _Recipe(
        _composite(
            hf.LlavaNextConfig,
            hf.LlavaNextForConditionalGeneration,
            _CLIP | {"num_hidden_layers": 2},
            _LLAMA,
            image_token_index=IMAGE,
            image_grid_pinpoints=[[PIXELS, PIXELS]],
        ),
        16 + 16 + 4,  # the whole, its one tile, and the newline after each of the tile's rows
        _tiled,
    ),
    "llava_onevision": _Recipe(
        _composite(
            hf.LlavaOnevisionConfig,
            hf.LlavaOnevisionForConditionalGeneration,
            {"model_type": "siglip_vision_model", "vision_use_head": False} | _SQUARE,
            {"model_type": "qwen2"},
            image_token_index=IMAGE,
            image_grid_pinpoints=[[PIXELS, PIXELS]],
        ),
        16 + 16 + 4,
        _tiled,
    ),
    "idefics3": _Recipe(
        _composite(
            hf.Idefics3Config, hf.Idefics3ForConditionalGeneration, _SQUARE, _LLAMA, image_token_id=IMAGE, pad_token_id=PAD
        ),
        4,
        _listed_squares,
    ),
    "smolvlm": _Recipe(
        _composite(hf.SmolVLMConfig, hf.SmolVLMForConditionalGeneration, _SQUARE, _LLAMA, image_token_id=IMAGE, pad_token_id=PAD),
        4,
        _listed_squares,
    ),
    "internvl": _Recipe(
        _composite(
            hf.InternVLConfig,
            hf.InternVLForConditionalGeneration,
            _SIGLIP | {"image_size": [PIXELS, PIXELS], "patch_size": [PATCH, PATCH]},
            {"model_type": "qwen2"},
            image_token_id=IMAGE,
            image_seq_length=4,
        ),
        4,
        _squares,
    ),
    "gemma3": _Recipe(
        _composite(
            hf.Gemma3Config,
            hf.Gemma3ForConditionalGeneration,
            {"vision_use_head": False} | _SQUARE,
            {**_GEMMA, **_ALTERNATING},
            image_token_index=IMAGE,
            mm_tokens_per_image=4,
            boi_token_index=START,
            eoi_token_index=END,
        ),
        4,
        _typed_squares,
    ),
    "mistral3": _Recipe(
        _composite(
            hf.Mistral3Config,
            hf.Mistral3ForConditionalGeneration,
            {"model_type": "pixtral", "head_dim": 16} | _SQUARE,
            {"model_type": "mistral", "sliding_window": None, "head_dim": 8},
            image_token_index=IMAGE,
        ),
        4,
        _sized_squares,
    ),
    "paligemma": _Recipe(
        _composite(
            hf.PaliGemmaConfig,
            hf.PaliGemmaForConditionalGeneration,
            {"model_type": "siglip_vision_model", "vision_use_head": False, "projection_dim": WIDTH} | _SQUARE,
            {"model_type": "gemma", "head_dim": 8},
            image_token_index=IMAGE,
            projection_dim=WIDTH,
            hidden_size=WIDTH,
        ),
        16,
        _typed_squares,
    ),
}
"""Every family by name, more of them with newer versions of transformers. ``qwen2_window``, ``mistral`` and the Gemmas slide;
``gemma2`` caps its logits softly; ``gpt_oss`` has learned sinks; ``qwen3_next`` and ``qwen3_5`` are hybrids with an output gate;
``paligemma``'s prompt has no causal mask; in ``deepseek_v32`` each layer hides keys of its own."""
if Version(hf.__version__) < Version("5.23"):
    del FAMILIES["smolvlm"]  # which cuts the tokens of an image by the size of its patches there, and takes no other number
_SHARED = {"num_kv_shared_layers": 2, "num_hidden_layers": 4, "global_head_dim": 8, "hidden_size_per_layer_input": 8}
_SHARED |= {"layer_types": ["sliding_attention", "full_attention"] * 2, "vocab_size_per_layer_input": VOCABULARY}
_SPARSE = {"index_topk": 8, "index_n_heads": 2, "index_head_dim": 8, "n_routed_experts": 2, "num_experts_per_tok": 1}
_EXPERTS = {"head_dim": 8, "num_experts": 2, "num_experts_per_tok": 1}
_NEWER: Mapping[str, tuple[str, str, dict[str, Any]]] = {
    "deepseek_v32": ("DeepseekV32Config", "DeepseekV32ForCausalLM", _LATENT | _SPARSE),
    "gemma4_shared": ("Gemma4TextConfig", "Gemma4ForCausalLM", {"head_dim": 8, "sliding_window": 8} | _SHARED),
    "laguna": (
        "LagunaConfig",
        "LagunaForCausalLM",
        {"num_attention_heads_per_layer": [4, 8], "head_dim": 8, "num_experts": 2, "num_experts_per_tok": 1},
    ),
}
for _name, (_config, _model, _changes) in _NEWER.items():
    if hasattr(hf, _config):  # not in the oldest transformers that the project takes
        FAMILIES[_name] = _Recipe(_language_model(getattr(hf, _config), getattr(hf, _model), **_changes))
LAST_ROW_ONLY = {"gemma4_shared": (2, 3)}
"""Layers that get the last token of the prompt alone, so that they have no rows of the question."""
VISION = tuple(name for name, recipe in FAMILIES.items() if recipe.pixels is not None)
EAGER_ONLY = ("gemma2", "gpt_oss")
"""Families that sdpa is wrong for: they refuse it, or, Gemma 2 of transformers 5.20, forget their soft cap with it."""
