"""Tiny random checkpoints of every family of transformers, made of its default configuration: weights, processor, template.

A field of a configuration gets a small number by its name (``sizes`` in families.yaml); what a family needs beyond that stands
there as well. Windows, chunks and sparse attention are so small that they bite in short prompts. For example::

    checkpoint("gemma3", Path("tiny/gemma3"))
"""

from __future__ import annotations

import copy
import inspect
from functools import cache
from pathlib import Path
from typing import Any

import torch
import transformers as hf
import yaml
from tokenizers import Tokenizer
from transformers import PreTrainedConfig, PreTrainedTokenizerFast
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.feature_extraction_auto import FEATURE_EXTRACTOR_MAPPING_NAMES
from transformers.models.auto.image_processing_auto import IMAGE_PROCESSOR_MAPPING_NAMES
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
)
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES
from transformers.models.auto.video_processing_auto import VIDEO_PROCESSOR_MAPPING_NAMES

from cmqa_tasks.models import tiny

VISION = tuple(MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES)
"""Model types that generate text from images and text."""
_PARTS = {
    "image_processor": IMAGE_PROCESSOR_MAPPING_NAMES,
    "video_processor": VIDEO_PROCESSOR_MAPPING_NAMES,
    "feature_extractor": FEATURE_EXTRACTOR_MAPPING_NAMES,
}
_VISUAL = ("vision", "vit", "audio", "sam", "backbone", "vq", "image")


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "families.yaml").read_text(encoding="utf-8"))
    return data


def text_families() -> list[str]:
    """The model types that generate text from text and are no part of a vision-language model's type."""
    return [name for name in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES if name not in VISION]


def checkpoint(family: str, directory: Path) -> Path:
    """Write a checkpoint of a family with random weights, and whatever processor its images need.

    Args:
        family: a model type of transformers.
        directory: where to; made if missing.
    """
    spec = copy.deepcopy(_data()["families"].get(family, {}))
    if (family in VISION and family in PROCESSOR_MAPPING_NAMES) or "processor_class" in spec:
        model, processor = _vision(family, spec)
    else:
        processor = _tokenizer(spec)
        processor.chat_template = tiny.CHATML.replace("IMAGE", "")
        model = _model(family, spec, processor, None)
    directory.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(directory)
    processor.save_pretrained(directory)
    return directory


def _vision(family: str, spec: dict[str, Any]) -> tuple[Any, Any]:
    tokenizer = _tokenizer(spec)
    kind = getattr(hf, spec.get("processor_class") or PROCESSOR_MAPPING_NAMES[family])
    components: dict[str, Any] = {}
    for name in inspect.signature(kind.__init__).parameters:
        if name.endswith("tokenizer"):
            components[name] = tokenizer if name == "tokenizer" else _tokenizer({})
        elif (part := "feature_extractor" if name == "audio_processor" else name) in _PARTS:
            components[name] = _part(family, part, spec)
    processor = kind(**components | spec.get("processor", {}))
    placeholder = str(spec.get("placeholder") or getattr(processor, "image_token", None))
    if spec.get("wrapped"):
        placeholder = f"<|vision_start|>{placeholder}<|vision_end|>"
    processor.chat_template = tiny.CHATML.replace("IMAGE", placeholder)
    feature = str(spec.get("feature_token") or getattr(processor, "image_token", None))
    return _model(family, spec, processor.tokenizer, feature), processor


def _part(family: str, part: str, spec: dict[str, Any]) -> Any:
    """An image processor, video processor or feature extractor; None where the family has none."""
    named = spec.get(f"{part}_class") or _PARTS[part].get(family)  # type: ignore[attr-defined]
    if isinstance(named, dict):
        named = named.get("torchvision") or next(iter(named.values()))
    if isinstance(named, list | tuple):
        named = [name for name in named if name][-1]
    return None if named is None else getattr(hf, named)(**spec.get(part, {}))


@cache
def _backend() -> str:
    data = _data()
    text: str = tiny.trained_tokenizer([*data["more_tokens"], *data["tokens"].values()]).backend_tokenizer.to_str()
    return text


def _tokenizer(spec: dict[str, Any]) -> PreTrainedTokenizerFast:
    """With the special tokens of every family, by the names that processors ask for."""
    named = {name: token for name, token in _data()["tokens"].items() if name not in spec.get("without", ())}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(_backend()),
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        extra_special_tokens=named | spec.get("tokens", {}),
        **{f"{name}_token": spec[name] for name in ("bos", "unk") if name in spec},
    )


def _model(family: str, spec: dict[str, Any], tokenizer: Any, feature: str | None) -> Any:
    kind = CONFIG_MAPPING[family]
    changes = spec.get("config", {})
    known = _fields(kind) | set(getattr(kind, "attribute_map", None) or {})
    for name, value in _tokens(tokenizer, feature).items():
        if name in known and name not in changes:
            changes[name] = value
    if "vocabulary_map" in changes and feature is not None:  # Chameleon's, in which images are words
        changes["vocabulary_map"][feature] = tokenizer.convert_tokens_to_ids(feature)
    names = MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES if family in VISION else MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    torch.manual_seed(0)
    model = getattr(hf, names[family])(kind(**_small(kind, None, changes, "text", len(tokenizer)))).eval()
    if getattr(model, "generation_config", None) is not None:
        model.generation_config.eos_token_id = None  # answers of full length hold more that may go wrong
        model.generation_config.pad_token_id = tokenizer.pad_token_id
        if getattr(model.config, "is_encoder_decoder", False):
            model.generation_config.decoder_start_token_id = tokenizer.convert_tokens_to_ids("<|im_start|>")
    return model


def _tokens(tokenizer: Any, feature: str | None) -> dict[str, int | None]:
    """What configurations call special tokens, with their numbers."""
    number = tokenizer.convert_tokens_to_ids
    tokens: dict[str, int | None] = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": None, "bos_token_id": None}
    for ending in ("id", "index"):
        tokens |= {
            f"video_token_{ending}": number("<video>"),
            f"audio_token_{ending}": number("<audio>"),
            f"boi_token_{ending}": number("<boi>"),
            f"eoi_token_{ending}": number("<eoi>"),
            f"eoa_token_{ending}": number("<eoa>"),
        }
        if feature is not None:
            tokens |= {f"image_token_{ending}": number(feature), "image_patch_id": number(feature)}
    for end in ("start", "end"):
        tokens[f"vision_{end}_token_id"] = number(f"<|vision_{end}|>")
        tokens[f"image_{end}_token_id"] = number(f"<|image_{end}|>")
    return tokens | {"boa_token_id": number("<boa>")}


def _fields(kind: type) -> set[str]:
    """The arguments of a configuration."""
    names = set(getattr(kind, "__dataclass_fields__", {})) | set(getattr(kind, "__annotations__", {}))
    for parent in kind.__mro__:
        if "__init__" in parent.__dict__:
            names |= set(inspect.signature(parent.__init__).parameters)
    return names


def _small(kind: type, default: Any, changes: dict[str, Any], role: str, vocabulary: int) -> dict[str, Any]:
    """Arguments of a configuration that make it small.

    Args:
        kind: its class.
        default: an instance, if there is one, whose parts say of which class they are.
        changes: arguments that go before the sizes.
        role: the name of this part in the whole.
        vocabulary: number of tokens.
    """
    data, changes = _data(), dict(changes)
    sizes: dict[str, Any] = data["sizes"] | {"vocab_size": vocabulary, "vocab_size_per_layer_input": vocabulary}
    visual = any(word in role for word in _VISUAL)
    if visual:
        sizes |= data["vision_sizes"]
    else:
        sizes |= {"bos_token_id": None, "eos_token_id": None, "pad_token_id": 0}
    if default is None:
        default = _default(kind)
    renamed, known = getattr(kind, "attribute_map", None) or {}, _fields(kind)
    arguments = {renamed.get(name, name): size for name, size in sizes.items() if name in known or name in renamed}
    if visual:
        arguments = {name: size for name, size in arguments.items() if size is not None}
    for name, part in (getattr(kind, "sub_configs", None) or {}).items():
        wanted = changes.pop(name, {})
        if not isinstance(wanted, dict):
            arguments[name] = wanted
            continue
        inner, inner_kind = getattr(default, name, None), part
        if "model_type" in wanted:
            inner, inner_kind = None, CONFIG_MAPPING[wanted["model_type"]]
        elif inner is not None:
            inner_kind = type(inner)
        if isinstance(inner_kind, type) and issubclass(inner_kind, PreTrainedConfig) and inner_kind is not PreTrainedConfig:
            arguments[name] = inner_kind(**_small(inner_kind, inner, wanted, name, vocabulary))
    return arguments | changes


def _default(kind: type) -> Any:
    try:
        return kind()
    except (TypeError, ValueError, AttributeError, KeyError, ImportError):
        return None
