"""Any vision-language or text-only model of transformers as an lmms-eval chat model.

For example::

    lmms-eval --model cmqa_hf --model_args pretrained=Qwen/Qwen2.5-VL-3B-Instruct --tasks cmqa_crossmodal --batch_size 4

Requests are batched by their number of images, prompts of similar length together, and padded on the left, so that the last
prompt token of every row is the one that generation continues from.
"""

from __future__ import annotations

import gc
import json
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from lmms_eval.api.instance import GenerationResult, Instance, TokenCounts
from lmms_eval.api.model import lmms
from lmms_eval.protocol import ChatMessages
from tqdm import tqdm
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText, AutoProcessor, AutoTokenizer
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING

from cmqa_tasks.attention.bias import bias_of
from cmqa_tasks.attention.probe.batch_log import MODES, AttentionLog, directory_name, metadata_of
from cmqa_tasks.attention.probe.logged_items import item_of, spans_of
from cmqa_tasks.attention.probe.segments import Messages, Origins, Segments, process, segment_batch
from cmqa_tasks.attention.probe.token_origins import lacks_special_tokens
from cmqa_tasks.facts.resources import located
from cmqa_tasks.harness.rows import from_row, is_ours
from cmqa_tasks.harness.session import SESSION
from cmqa_tasks.models.arguments import check_dtype, check_names, positive
from cmqa_tasks.models.batching import Prompt, batches
from cmqa_tasks.models.generation import UNTIL, GenerationSettings
from cmqa_tasks.models.image_cache import DEFAULT, ImageCache, megabytes_of
from cmqa_tasks.writing.problems import one_line

_LOGGER = logging.getLogger(__name__)
_SAMPLING_ONLY = ("temperature", "top_p", "top_k", "min_p")


class CmqaHF(lmms):  # type: ignore[misc]
    """A transformers model, loaded as it is and asked greedily unless the task says otherwise.

    Args:
        pretrained: hub id or directory of the checkpoint, or ``cmqa:mini_instance``: one that ships with this package.
        revision: revision of a hub checkpoint.
        dtype: one of :data:`~cmqa_tasks.models.arguments.DTYPES`; ``auto`` takes the checkpoint's own.
        device: ``cpu``, ``cuda``, ``cuda:1`` …; by default CUDA where there is one, else the CPU. Under several
            processes each takes the device of its local rank.
        device_map: passed to ``from_pretrained``, for models that need several devices; then ``device`` is where inputs go.
        attn_implementation: passed to ``from_pretrained``.
        trust_remote_code: whether code of the checkpoint may run. Off by default.
        attention: ``on`` logs attention per layer and head, ``per_token`` also for every generated token, ``off`` neither.
        attention_path: directory for the log; the model's own directory is made in it.
        attention_bias: nats to add to a segment's logits, such as ``image:+1.0``; see
            :func:`~cmqa_tasks.attention.bias.bias_of`. Works without logging, too.
        image_cache: megabytes of image features that are kept, so that an image of several items is encoded once; ``0`` or
            ``off`` for none. Answers are the same bit for bit; see :mod:`~cmqa_tasks.models.image_cache`.
        batch_size: requests per forward pass.
        max_batch_size: accepted because the harness passes it; not used.

    Raises:
        ValueError: an argument is unknown or out of range; the message names it and what is allowed.
        OSError: the checkpoint cannot be had.
    """

    is_simple = False

    def __init__(
        self,
        pretrained: str,
        revision: str = "main",
        dtype: str = "auto",
        device: str | None = None,
        device_map: str | None = None,
        attn_implementation: str | None = None,
        trust_remote_code: bool = False,
        attention: str = "off",
        attention_path: str = "attention",
        attention_bias: str | None = None,
        image_cache: int | float | str = DEFAULT,
        batch_size: int | str = 1,
        max_batch_size: int | None = None,
        **unknown: object,
    ) -> None:
        super().__init__()
        check_names(unknown)
        check_dtype(dtype)
        if attention not in MODES:
            raise ValueError(f"attention={attention!r}: choose one of {', '.join(MODES)}")
        bias, megabytes = bias_of(attention_bias), megabytes_of(image_cache)
        self.batch_size_per_gpu = positive("batch_size", batch_size)
        self._rank, self._world_size = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        self._device = device_of(device)
        gc.collect()  # an earlier model of this process may lie in reference cycles: two of them may not fit
        source = {"revision": revision, "trust_remote_code": trust_remote_code}
        place, self._config = _found(pretrained, source)
        self.sees_images = _sees_images(self._config)
        optional = {"device_map": device_map, "attn_implementation": attn_implementation}
        loader = AutoModelForImageTextToText if self.sees_images else AutoModelForCausalLM
        self.model = loader.from_pretrained(
            place, dtype=dtype, **source, **{key: value for key, value in optional.items() if value is not None}
        ).eval()
        if device_map is None:
            self.model.to(self._device)
        self.processor = (AutoProcessor if self.sees_images else AutoTokenizer).from_pretrained(place, **source)
        self.tokenizer = getattr(self.processor, "tokenizer", self.processor)
        self.tokenizer.padding_side = "left"
        if self.tokenizer.pad_token_id is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        self.images, self._settings = ImageCache(self.model, megabytes), GenerationSettings(self.model)
        self._log = self._attention_log(pretrained, revision, attention, Path(attention_path), bias)
        self._say(pretrained, revision, attention != "off")

    def _say(self, pretrained: str, revision: str, logs_attention: bool) -> None:
        """Say what was loaded, for the results file: a hub checkpoint's commit; the dtype and attention that ``auto`` became."""
        text = self.model.config.get_text_config()
        commit = getattr(self.model.config, "_commit_hash", None) or ("local" if Path(located(pretrained)).exists() else revision)
        dtype, attention = str(self.model.dtype).removeprefix("torch."), str(text._attn_implementation)
        model = {"name": pretrained, "revision": commit, "dtype": dtype, "attention": attention}
        SESSION.load(model, logs_attention=logs_attention)

    def _attention_log(
        self, pretrained: str, revision: str, mode: str, path: Path, bias: Mapping[str, float]
    ) -> AttentionLog | None:
        if mode == "off" and not any(bias.values()):
            return None
        metadata = metadata_of(self.model, pretrained, revision, bias)
        return AttentionLog(self.model, mode, path / directory_name(pretrained), self.rank, metadata, bias, SESSION.keep)

    @property
    def device(self) -> torch.device:
        """Where inputs go."""
        return self._device

    @property
    def batch_size(self) -> int:
        """Requests per forward pass."""
        return self.batch_size_per_gpu

    def generate_until(self, requests: Sequence[Instance]) -> list[GenerationResult]:
        """One response per request, in order. Requests that only pad a rank are not run."""
        results = [GenerationResult(text="") for _ in requests]
        todo = [place for place, request in enumerate(requests) if not _is_padding(request)]
        with self.images.attached(), tqdm(total=len(todo), desc="cmqa_hf", disable=self.rank != 0) as bar:
            prompts = (self.prompt(place, requests[place]) for place in todo)
            for batch in batches(prompts, self.batch_size):
                for prompt, result in zip(batch, self.respond(batch), strict=True):
                    results[prompt.place] = result
                bar.update(len(batch))
        return results

    def loglikelihood(self, requests: Sequence[Instance]) -> list[tuple[float, bool]]:
        """Chat tasks of lmms-eval are generation tasks."""
        raise NotImplementedError("cmqa_hf answers generation tasks only")

    def generate_until_multi_round(self, requests: Sequence[Instance]) -> list[str]:
        """Our tasks have one round."""
        raise NotImplementedError("cmqa_hf answers one-round tasks only")

    def prompt(self, place: int, request: Instance) -> Prompt:
        """A request, its chat template applied.

        Raises:
            ValueError: it shows the model what this model cannot read.
        """
        _, doc_to_messages, generation, doc_id, task, split = request.args
        doc = self.task_dict[task][split][doc_id]
        chat = ChatMessages(messages=doc_to_messages(doc))
        images, videos, audios = chat.extract_media()
        if videos or audios or (images and not self.sees_images):
            kinds = [kind for kind, media in (("images", images), ("videos", videos), ("audio", audios)) if media]
            raise ValueError(
                f"{task}, document {doc_id} has {' and '.join(kinds)}, which {type(self.model).__name__} cannot read"
            )
        turns = chat.to_hf_messages()
        settings = json.dumps(self._settings.of(generation), sort_keys=True)
        text = self.render(turns)
        length = len(self.tokenizer(text).input_ids) if self.batch_size > 1 else 0
        question = from_row(doc) if self._log is not None and is_ours(doc) else None
        return Prompt(place, text, length, tuple(images), settings, turns, task, doc_id, question)

    def render(self, turns: Messages) -> str:
        """The chat template applied; without one, the parts one after the other."""
        if not self.sees_images:
            turns = [{**turn, "content": _joined(turn["content"])} for turn in turns]
        if getattr(self.processor, "chat_template", None):
            text: str = self.processor.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
            return text
        _LOGGER.warning("%s has no chat template; prompts are put to it without one", self._config._name_or_path)
        image_token = getattr(self.processor, "image_token", "")
        return "\n".join(
            turn["content"] if isinstance(turn["content"], str) else _joined(turn["content"], image_token) for turn in turns
        )

    def inputs(self, batch: Sequence[Prompt]) -> tuple[Any, Origins]:
        """Processor output on the model's device and, for pixels, in its dtype, and where its tokens come from.

        Rows of token ids are padded on the left.
        """
        kwargs: dict[str, Any] = {"text": [prompt.text for prompt in batch], "padding": True, "return_tensors": "pt"}
        if batch[0].images:
            kwargs["images"] = [list(prompt.images) for prompt in batch]
        kwargs["add_special_tokens"] = lacks_special_tokens(self.processor, batch[0].text)
        inputs, origins = process(self.processor, **kwargs)
        inputs = inputs.to(self._device)
        for name, tensor in inputs.items():
            if torch.is_tensor(tensor) and tensor.is_floating_point():
                inputs[name] = tensor.to(self.model.dtype)
        return inputs, origins

    def respond(self, batch: Sequence[Prompt]) -> list[GenerationResult]:
        """The answers to a batch; their attention is logged before this returns."""
        inputs, origins = self.inputs(batch)
        generation = json.loads(batch[0].generation)
        until = _as_list(generation.pop(UNTIL, None))
        if self._log is None:
            tokens = self._generate(inputs, generation)
        else:
            items = [item_of(prompt.task, prompt.doc_id, prompt.question) for prompt in batch]
            tokens = self._log.generate(self._segments(batch, inputs, origins), items, lambda: self._generate(inputs, generation))
        prompt_lengths = inputs["attention_mask"].sum(dim=1).tolist()
        return [self._result(row, length, until) for row, length in zip(tokens, prompt_lengths, strict=True)]

    def _segments(self, batch: Sequence[Prompt], inputs: Any, origins: Origins) -> Segments:
        """Which segment each prompt token of a batch belongs to."""
        return segment_batch(
            self.processor,
            inputs,
            origins,
            [prompt.text for prompt in batch],
            [prompt.turns for prompt in batch],
            [spans_of(prompt.question, prompt.turns) for prompt in batch],
            render=self.render,
            image_token_id=getattr(self._config, "image_token_id", None) or getattr(self._config, "image_token_index", None),
        )

    def _generate(self, inputs: Any, generation: dict[str, Any]) -> torch.Tensor:
        """New tokens, shape (batch, new tokens), padded on the right."""
        settings = {"max_new_tokens": 256, "do_sample": False, "pad_token_id": self.tokenizer.pad_token_id} | generation
        settings["do_sample"] = bool(settings["do_sample"]) and settings.get("temperature", 1) > 0
        if not settings["do_sample"]:
            # None also silences the checkpoint's own sampling defaults, which greedy decoding would only warn about.
            settings |= dict.fromkeys(_SAMPLING_ONLY)
        with torch.inference_mode():
            output = self.model.generate(**inputs, **settings)
        return torch.as_tensor(output)[:, inputs["input_ids"].shape[1] :]

    def _result(self, tokens: torch.Tensor, prompt_length: int, until: Sequence[str]) -> GenerationResult:
        text: str = self.tokenizer.decode(tokens, skip_special_tokens=True)
        for stop in until:
            text = text.split(stop)[0] if stop else text
        written = int((tokens != self.tokenizer.pad_token_id).sum())
        return GenerationResult(text=text, token_counts=TokenCounts(input_tokens=int(prompt_length), output_tokens=written))


def _found(pretrained: str, source: Mapping[str, Any]) -> tuple[str, Any]:
    """Where a checkpoint is, and its configuration; errors name the argument."""
    try:
        place = located(pretrained)
    except ValueError as error:
        raise ValueError(f"pretrained={pretrained!r}: {error}") from None
    try:
        return place, AutoConfig.from_pretrained(place, **source)
    except OSError as error:
        nowhere = f"neither a directory nor a checkpoint of the hub within reach (revision {source['revision']})"
        why = "a directory without a readable checkpoint" if Path(place).is_dir() else nowhere
        raise OSError(f"pretrained={pretrained!r}: {why}: {one_line(error)}") from error


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


def _sees_images(config: Any) -> bool:
    remote = getattr(config, "auto_map", None) or {}
    return type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING or "AutoModelForImageTextToText" in remote


def _is_padding(request: Instance) -> bool:
    return bool((request.metadata or {}).get("__padding_only__"))


def _as_list(until: str | Sequence[str] | None) -> list[str]:
    if until is None:
        return []
    return [until] if isinstance(until, str) else list(until)


def _joined(content: Sequence[dict[str, Any]], image_token: str = "") -> str:
    return "".join(part["text"] if part["type"] == "text" else image_token for part in content)
