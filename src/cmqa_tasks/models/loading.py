"""A checkpoint of transformers as it stands, with everything that could make it another model refused.

For example::

    loaded = load(Request("Qwen/Qwen2.5-VL-3B-Instruct", device="cuda"))
    loaded.model, loaded.processor
"""

from __future__ import annotations

import gc
import hashlib
import importlib.metadata
import importlib.util
import inspect
import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import try_to_load_from_cache
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText, AutoProcessor, AutoTokenizer
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING

from cmqa_tasks.facts.resources import located
from cmqa_tasks.writing.problems import one_line

_ADAPTER, _CONFIG = "adapter_config.json", "config.json"


@dataclass(frozen=True, slots=True)
class CheckpointRequest:
    """Which checkpoint, and how it is to be loaded; the arguments of :class:`~cmqa_tasks.models.hf.CmqaHF` of these names."""

    pretrained: str
    revision: str = "main"
    dtype: str = "auto"
    device: str | None = None
    device_map: str | None = None
    attn_implementation: str | None = None
    trust_remote_code: bool = False
    tokenizer: str | None = None
    use_fast: bool | None = None
    peft: str | None = None
    load_in_4bit: bool = False
    load_in_8bit: bool = False
    pixels: Mapping[str, int] = field(default_factory=dict)
    """``min_pixels`` and ``max_pixels``, where they were given."""

    @property
    def source(self) -> dict[str, Any]:
        """What every loader of transformers is told."""
        return {"revision": self.revision, "trust_remote_code": self.trust_remote_code}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model and what goes with it."""

    model: Any
    processor: Any
    """A processor of images and text, or a tokenizer."""
    config: Any
    device: torch.device
    """Where inputs go."""
    sees_images: bool
    sources: tuple[str, ...] = ()
    """Hub ids or directories of what was loaded: the base, and the adapter and the other tokenizer if there are any."""

    @property
    def tokenizer(self) -> Any:
        """The processor's tokenizer, or the processor itself."""
        return getattr(self.processor, "tokenizer", self.processor)


def load(request: CheckpointRequest) -> Checkpoint:
    """Load a checkpoint.

    Raises:
        ValueError: an argument that does not suit this checkpoint, or weights that it does not hold; the message names it.
        OSError: the checkpoint cannot be had.
    """
    gc.collect()  # an earlier model of this process may lie in reference cycles: two of them may not fit
    device = device_of(request.device)
    quantization = _quantization(request)
    pretrained, adapter = _base_and_adapter(request)
    path, config = _configuration(pretrained, request)
    processor, sees_images = _processor(path, config, request)
    optional = {
        "device_map": request.device_map or ({"": device} if quantization else None),
        "attn_implementation": request.attn_implementation,
        "quantization_config": quantization,
    }
    loader = AutoModelForImageTextToText if type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING else AutoModelForCausalLM
    if "AutoModelForImageTextToText" in _remote(config):
        loader = AutoModelForImageTextToText
    given = {name: value for name, value in optional.items() if value is not None}
    model, about = loader.from_pretrained(path, dtype=request.dtype, output_loading_info=True, **request.source, **given)
    _check_weights(pretrained, model, about)
    if adapter is not None:
        model = _adapted(model, adapter)
    model = model.eval()
    if "device_map" not in given:
        model.to(device)
    if not hasattr(model, "generate"):
        raise ValueError(f"pretrained={pretrained!r}: {type(model).__name__} does not generate text")
    sources = tuple(name for name in (pretrained, adapter, request.tokenizer) if name is not None)
    return Checkpoint(model, processor, config, device, sees_images, sources)


def device_of(device: str | None) -> torch.device:
    """The device that a process takes: where there are several, the card of its local rank unless another is named.

    Raises:
        ValueError: torch knows no such device.
    """
    if int(os.environ.get("WORLD_SIZE", 1)) > 1 and torch.cuda.is_available() and device in (None, "cuda"):
        return torch.device(f"cuda:{os.environ.get('LOCAL_RANK', 0)}")
    try:
        return torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    except RuntimeError as error:
        raise ValueError(f"device={device!r}: {error}; choose cpu, cuda or cuda:N") from error


def _base_and_adapter(request: CheckpointRequest) -> tuple[str, str | None]:
    """The checkpoint to load and the adapter to put on it, which may be named as the checkpoint itself."""
    pretrained, adapter = request.pretrained, request.peft
    directory = Path(pretrained)
    if (directory / _ADAPTER).is_file() and not (directory / _CONFIG).is_file():
        if adapter is not None:
            raise ValueError(f"pretrained={pretrained!r} is an adapter, and so is peft={adapter!r}; name one of them")
        pretrained, adapter = _base_of("pretrained", pretrained), pretrained
    if adapter is None:
        return pretrained, None
    if importlib.util.find_spec("peft") is None:
        raise ValueError(f"peft={adapter!r}: adapters need peft; pip install peft")
    if request.load_in_4bit or request.load_in_8bit:
        raise ValueError(f"peft={adapter!r}: an adapter is merged into whole weights; leave out load_in_4bit and load_in_8bit")
    if Path(adapter).exists():
        _base_of("peft", adapter)
    return pretrained, adapter


def _base_of(name: str, adapter: str) -> str:
    try:
        about = json.loads((Path(adapter) / _ADAPTER).read_text(encoding="utf-8"))
        base = about["base_model_name_or_path"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{name}={adapter!r}: no {_ADAPTER} there that names its base model: {one_line(error)}") from None
    if not isinstance(base, str) or not base:
        raise ValueError(f"{name}={adapter!r}: {_ADAPTER} names no base model; give it as pretrained=, and this as peft=")
    return base


def _adapted(model: Any, adapter: str) -> Any:
    """The model with an adapter merged into its weights: the class stays, so everything else works as without."""
    from peft import PeftModel

    try:
        return PeftModel.from_pretrained(model, adapter).merge_and_unload()
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise ValueError(f"peft={adapter!r}: does not fit {type(model).__name__}: {one_line(error)}") from error


def _quantization(request: CheckpointRequest) -> Any:
    """A quantization of bitsandbytes, if one is asked for.

    Raises:
        ValueError: both are, or bitsandbytes is missing.
    """
    names = [name for name in ("load_in_4bit", "load_in_8bit") if getattr(request, name)]
    if not names:
        return None
    if len(names) > 1:
        raise ValueError("load_in_4bit=True, load_in_8bit=True: choose one of them")
    if importlib.util.find_spec("bitsandbytes") is None:
        raise ValueError(f"{names[0]}=True: needs bitsandbytes; pip install 'cmqa-tasks[quantized]'")
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(**{names[0]: True})


def _configuration(pretrained: str, request: CheckpointRequest) -> tuple[str, Any]:
    """Where a checkpoint is, and its configuration; errors name the argument."""
    try:
        path = located(pretrained)
    except ValueError as error:
        raise ValueError(f"pretrained={pretrained!r}: {error}") from None
    try:
        return path, AutoConfig.from_pretrained(path, **request.source)
    except (OSError, ValueError) as error:
        nowhere = f"neither a directory nor a checkpoint of the hub within reach (revision {request.revision})"
        why = "a directory without a readable checkpoint" if Path(path).is_dir() else nowhere
        raise OSError(f"pretrained={pretrained!r}: {why}: {one_line(error)}") from error


def _remote(config: Any) -> Mapping[str, Any]:
    return getattr(config, "auto_map", None) or {}


def _processor(path: str, config: Any, request: CheckpointRequest) -> tuple[Any, bool]:
    """The processor or tokenizer of a checkpoint, and whether it takes images.

    Some types of the image-text mapping are language models, whose checkpoints have a tokenizer alone.
    """
    may_see = type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING or "AutoModelForImageTextToText" in _remote(config)
    settings = request.source | ({} if request.use_fast is None else {"use_fast": request.use_fast})
    processor = (AutoProcessor if may_see else AutoTokenizer).from_pretrained(path, **settings)
    sees_images = may_see and getattr(processor, "image_processor", None) is not None
    if request.tokenizer is not None:
        tokenizer = AutoTokenizer.from_pretrained(request.tokenizer, trust_remote_code=request.trust_remote_code)
        if hasattr(processor, "tokenizer"):
            processor.tokenizer = tokenizer
        else:
            processor = tokenizer
    for name, pixels in request.pixels.items():
        _bound_pixels(processor if sees_images else None, name, pixels)
    tokenizer = getattr(processor, "tokenizer", processor)
    tokenizer.padding_side = "left"
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return processor, sees_images


_BOUNDS = {"min_pixels": "shortest_edge", "max_pixels": "longest_edge"}


def _bound_pixels(processor: Any, name: str, pixels: int) -> None:
    """Set how many pixels an image is scaled to, at least or at most.

    Raises:
        ValueError: this processor does not count pixels.
    """
    images = getattr(processor, "image_processor", None)
    size = getattr(images, "size", None)
    if images is None or getattr(size, _BOUNDS[name], None) is None or not _counts_pixels(type(images)):
        whose = "a model that reads no images" if images is None else type(images).__name__
        raise ValueError(f"{name}={pixels}: {whose} does not bound the pixels of an image, as Qwen-VL does; leave it out")
    setattr(size, _BOUNDS[name], pixels)


def _counts_pixels(kind: type) -> bool:
    """Whether the edges in an image processor's ``size`` are numbers of pixels: its own code then calls them so."""
    modules = (inspect.getmodule(parent) for parent in kind.__mro__ if ".models." in parent.__module__)
    return any("min_pixels" in inspect.getsource(module) for module in modules if module is not None)


def _check_weights(pretrained: str, model: Any, about: Mapping[str, Any]) -> None:
    """Make sure that every weight comes from the checkpoint: what does not would be random.

    Raises:
        ValueError: some do not.
    """
    absent = sorted(about.get("missing_keys") or ())
    other = sorted(str(key[0] if isinstance(key, tuple) else key) for key in about.get("mismatched_keys") or ())
    for keys, what in ((absent, "are not in the checkpoint"), (other, "have another shape in the checkpoint")):
        if keys:
            raise ValueError(
                f"pretrained={pretrained!r}: {len(keys)} weights of {type(model).__name__} {what}, such as {keys[0]}: they would "
                "be random, and answers others at every load"
            )


_BLOCK = 1 << 22
_TELLING = ("config.json", "adapter_config.json", "tokenizer_config.json")
"""Files of the hub of which every checkpoint, adapter or tokenizer has one."""
PACKAGES = ("cmqa-tasks", "transformers", "torch")


def identity_of(request: CheckpointRequest, checkpoint: Checkpoint) -> dict[str, Any]:
    """What there is to say of a loaded model that can move an answer, as plain data.

    A path is no identity: weights are trained anew into the same directory. So local files count by their content, and
    checkpoints of the hub by their commit. Batch size and number of processes are left out: answers do not depend on them.

    Args:
        request: what was asked for.
        checkpoint: what came of it.
    """
    model = checkpoint.model
    return {
        "checkpoint": [_content(name, request.revision) for name in checkpoint.sources],
        "class": type(model).__name__,
        "dtype": str(model.dtype).removeprefix("torch."),
        "device": checkpoint.device.type,
        "attention": str(model.config.get_text_config()._attn_implementation),
        "quantized": [name for name in ("load_in_4bit", "load_in_8bit") if getattr(request, name)],
        "pixels": dict(request.pixels),
        "use_fast": request.use_fast,
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }


def _content(name: str, revision: str) -> str:
    """A local directory's digest; the commit of what is on the hub, or its revision where that is not known."""
    directory = Path(located(name))
    if directory.is_dir():
        return digest_of(directory)
    for file in _TELLING:
        cached = try_to_load_from_cache(name, file, revision=revision)
        if isinstance(cached, str):
            return f"{name}@{Path(cached).parent.name}"
    return f"{name}@{revision}"


def digest_of(directory: Path) -> str:
    """SHA-256 over the files of a checkpoint's directory, their names and contents; not over directories below it."""
    files = sorted(path for path in directory.iterdir() if path.is_file() and not path.name.startswith("."))
    with ThreadPoolExecutor() as pool:  # hashing lets other threads run: a large checkpoint lies in many files
        return _together([path.name for path in files], list(pool.map(_file_digest, files)))


def _together(names: Sequence[str], digests: Sequence[str]) -> str:
    return hashlib.sha256(repr(list(zip(names, digests, strict=True))).encode()).hexdigest()


def _file_digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
