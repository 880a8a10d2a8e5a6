"""Any vision-language or text-only model of transformers as an lmms-eval chat model.

For example::

    lmms-eval --model cmqa_hf --model_args pretrained=Qwen/Qwen2.5-VL-3B-Instruct --tasks cmqa_crossmodal --batch_size 4

Requests are batched by their number of images, prompts of similar length together, and padded on the left, so that the last
prompt token of every row is the one that generation continues from. When it is loaded the model answers one short prompt, so that
what cannot work is said before anything is evaluated.
"""

from __future__ import annotations

import inspect
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

from cmqa_tasks.asking.question import Question
from cmqa_tasks.attention.bias import bias_of, bias_text
from cmqa_tasks.attention.probe.batch_log import MODES, AttentionLog, directory_name, metadata_of
from cmqa_tasks.attention.probe.generation_checks import new_tokens
from cmqa_tasks.attention.probe.logged_items import item_of, spans_of
from cmqa_tasks.attention.probe.segments import Origins, Segments, segment_batch
from cmqa_tasks.facts.resources import located
from cmqa_tasks.harness.rows import from_row, is_ours
from cmqa_tasks.harness.session import SESSION, Ending
from cmqa_tasks.models.answers import Answer, AnswerReader, Endings, opens_reasoning
from cmqa_tasks.models.arguments import check_dtype, check_names, mapping, pixel_bounds, positive, switch
from cmqa_tasks.models.batching import Prompt, batches
from cmqa_tasks.models.chat import Chat, Messages
from cmqa_tasks.models.generation import GenerationSettings, until_of
from cmqa_tasks.models.image_cache import DEFAULT, ImageCache, megabytes_of
from cmqa_tasks.models.inputs import FAILURES, InputMaker, MediaLimits, fixed_size, on_device, trial_image, trial_prompts, trouble
from cmqa_tasks.models.journal import AnswerKeeper, Entry, Journal, journal_directory
from cmqa_tasks.models.loading import CheckpointRequest, identity_of, load
from cmqa_tasks.writing.problems import one_line

_LOGGER = logging.getLogger(__name__)
AUTOMATIC_BATCH = 32
"""Where ``batch_size=auto`` begins; it is halved as long as the memory does not do."""
_COUNTS_PADDING = "counts padding among the positions of new tokens"
ONE_AT_A_TIME = {
    "emu3": "reads what smaller images of a batch are padded with",
    "kosmos-2": _COUNTS_PADDING,
    "kosmos-2.5": _COUNTS_PADDING,
}
"""Types of models in transformers whose answers depend on the batch, and why."""


class CmqaHF(lmms):  # type: ignore[misc]
    """A transformers model, loaded as it is and asked greedily unless the task or the user says otherwise.

    Args:
        pretrained: hub id or directory of the checkpoint, or ``cmqa:mini_instance``: one that ships with this package. An
            adapter's directory stands for its base model with the adapter.
        revision: revision of a hub checkpoint.
        dtype: one of :data:`~cmqa_tasks.models.arguments.DTYPES`; ``auto`` takes the checkpoint's own.
        device: ``cpu``, ``cuda``, ``cuda:1`` …; by default CUDA where there is one, else the CPU. Under several
            processes each takes the device of its local rank.
        device_map: passed to ``from_pretrained``, for models that need several devices; then ``device`` is where inputs go.
        attn_implementation: passed to ``from_pretrained``.
        trust_remote_code: whether code of the checkpoint may run. Off by default.
        tokenizer: another tokenizer, by hub id or directory.
        use_fast: passed to the processor's ``from_pretrained``: ``False`` prepares images with Pillow.
        peft: an adapter, by hub id or directory; it is merged into the weights.
        load_in_4bit: quantize with bitsandbytes.
        load_in_8bit: the same, with 8 bits.
        min_pixels: of an image; smaller ones are scaled up. Families that count pixels, such as Qwen-VL.
        max_pixels: of an image; larger ones are scaled down.
        system_prompt: a system turn in front of each conversation.
        answer_prefix: what every prompt ends in, such as ``Answer:``; ``off`` for nothing. By default nothing, or, for models
            without a chat template, what :data:`~cmqa_tasks.models.chat.CUES` says.
        enable_thinking: the variable of this name in chat templates of models that may reason.
        chat_template_kwargs: more variables for the chat template, as JSON.
        think_end_token: the text that ends the reasoning; what stands before it is not part of the answer.
        thinking_budget: new tokens for reasoning, on top of a task's limit.
        generation: generation settings that go before a task's, as JSON.
        max_length: tokens of prompt and answer together that the model can read, if its configuration does not say; where a
            prompt with its answer may be longer, a warning says so.
        attention: ``on`` logs attention per layer and head, ``per_token`` also for every generated token, ``off`` neither.
        attention_path: directory for the log; the model's own directory is made in it.
        attention_bias: nats to add to a segment's logits, such as ``image:+1.0``; see
            :func:`~cmqa_tasks.attention.bias.bias_of`. Works without logging, too.
        journal: directory where answers are kept batch by batch, for a run that is started again after a kill; ``off`` for none.
            By default beside the log, where attention is logged. See :mod:`~cmqa_tasks.models.journal`.
        image_cache: megabytes of image features that are kept, so that an image of several items is encoded once; ``0`` or
            ``off`` for none. Answers are the same bit for bit; see :mod:`~cmqa_tasks.models.image_cache`.
        batch_size: requests per forward pass; ``auto`` takes :data:`AUTOMATIC_BATCH`, or as many as there is memory for.
        max_batch_size: where ``batch_size=auto`` begins instead.

    Raises:
        ValueError: an argument is unknown, out of range or nothing to this checkpoint; the message names it and what is allowed.
        OSError: the checkpoint cannot be had.
        RuntimeError: the model does not answer, or its attention cannot be read; the message says why.
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
        tokenizer: str | None = None,
        use_fast: bool | None = None,
        peft: str | None = None,
        load_in_4bit: bool = False,
        load_in_8bit: bool = False,
        min_pixels: int | None = None,
        max_pixels: int | None = None,
        system_prompt: str | None = None,
        answer_prefix: str | None = None,
        enable_thinking: bool | None = None,
        chat_template_kwargs: str | Mapping[str, Any] | None = None,
        think_end_token: str | None = None,
        thinking_budget: int = 0,
        generation: str | Mapping[str, Any] | None = None,
        max_length: int | None = None,
        attention: str = "off",
        attention_path: str = "attention",
        attention_bias: str | None = None,
        journal: str | None = None,
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
        self._bias, megabytes = bias_of(attention_bias), megabytes_of(image_cache)
        self._automatic = batch_size == "auto"
        largest = AUTOMATIC_BATCH if max_batch_size is None else positive("max_batch_size", max_batch_size)
        self.batch_size_per_gpu = largest if self._automatic else positive("batch_size", batch_size)
        variables = mapping("chat_template_kwargs", chat_template_kwargs)
        if enable_thinking is not None:
            variables["enable_thinking"] = switch("enable_thinking", enable_thinking)
        budget = 0 if thinking_budget in (0, "0") else positive("thinking_budget", thinking_budget)
        overrides = mapping("generation", generation)
        longest = None if max_length is None else positive("max_length", max_length)
        request = CheckpointRequest(
            pretrained=pretrained,
            revision=revision,
            dtype=dtype,
            device=device,
            device_map=device_map,
            attn_implementation=attn_implementation,
            trust_remote_code=switch("trust_remote_code", trust_remote_code),
            tokenizer=tokenizer,
            use_fast=None if use_fast is None else switch("use_fast", use_fast),
            peft=peft,
            load_in_4bit=switch("load_in_4bit", load_in_4bit),
            load_in_8bit=switch("load_in_8bit", load_in_8bit),
            pixels=pixel_bounds(min_pixels, max_pixels),
        )
        self._rank, self._world_size = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        self._checkpoint = load(request)
        self.model, self.processor, self.tokenizer = (
            self._checkpoint.model,
            self._checkpoint.processor,
            self._checkpoint.tokenizer,
        )
        self.sees_images = self._checkpoint.sees_images
        self._check_batch()
        self.system_prompt = system_prompt
        self._chat = Chat(
            self.processor,
            takes_parts=self.sees_images,
            system_prompt=system_prompt,
            kwargs=variables,
            answer_prefix=answer_prefix,
        )
        self._settings = GenerationSettings(self.model, overrides, budget)
        self._reader = AnswerReader(self.tokenizer, think_end_token)
        self._context = longest or _context_of(self.model.config)
        self.images = ImageCache(self.model, megabytes)
        directory = Path(attention_path) / directory_name(pretrained)
        self.attention_log = self._attention_log(pretrained, revision, attention, directory)
        types = "mm_token_type_ids" in inspect.signature(type(self.model).forward).parameters
        self._inputs = InputMaker(self.processor, takes_types=types, tells_origins=self.attention_log is not None)
        self._media = MediaLimits(type(self.model).__name__, self.sees_images, fixed_size(self.processor, self.model.config))
        self._try_out(pretrained)
        log, kept = (None if attention == "off" else directory), None
        if (place := journal_directory(journal, log)) is not None:
            reading = {"thinking_budget": budget, "think_end_token": think_end_token}
            decided = (
                identity_of(request, self._checkpoint) | reading | {"attention_log": attention, "bias": bias_text(self._bias)}
            )
            kept = Journal(place, self._rank, decided, log)
        self.keeper = AnswerKeeper(kept, keeps_sampled=journal is not None)
        self._say(pretrained, revision, attention != "off")

    def _say(self, pretrained: str, revision: str, logs_attention: bool) -> None:
        """Say what was loaded, for the results file: a hub checkpoint's commit; the dtype and attention that ``auto`` became."""
        text = self.model.config.get_text_config()
        commit = getattr(self.model.config, "_commit_hash", None) or ("local" if Path(located(pretrained)).exists() else revision)
        dtype, attention = str(self.model.dtype).removeprefix("torch."), str(text._attn_implementation)
        model = {"name": pretrained, "revision": commit, "dtype": dtype, "attention": attention}
        SESSION.load(model, logs_attention=logs_attention)

    def _attention_log(self, pretrained: str, revision: str, mode: str, directory: Path) -> AttentionLog | None:
        if mode == "off" and not any(self._bias.values()):
            return None
        metadata = metadata_of(self.model, pretrained, revision, self._bias)
        return AttentionLog(self.model, mode, directory, self._rank, metadata, self._bias)

    def _check_batch(self) -> None:
        """Make sure that answers do not depend on the batch.

        Raises:
            ValueError: they do: layers pick blocks of keys by their place (MiniMax-M3), which padding moves, or the type of model
                is one of :data:`ONE_AT_A_TIME`.
        """
        why = ONE_AT_A_TIME.get(self.model.config.model_type)
        if blocks := getattr(self.model.config.get_text_config(), "index_block_size", None):
            why = f"attends to blocks of {blocks} tokens by their place, which padding moves"
        if why and self.batch_size > 1:
            raise ValueError(
                f"batch_size={self.batch_size}: {type(self.model).__name__} {why}: answers would depend on the batch; "
                "use batch_size=1"
            )

    def _try_out(self, pretrained: str) -> None:
        """Answer a short prompt, so that a run that would fail at its first batch fails here.

        Raises:
            RuntimeError: the model does not answer, its attention cannot be read, or it answers otherwise while that is read.
        """
        log, self.attention_log = self.attention_log, None
        try:
            alone = self._trial_answers()
        except FAILURES as error:
            if not self.sees_images or self._chat.template is not None:
                raise RuntimeError(f"pretrained={pretrained!r}: {trouble(self.model, error)}") from error
            # Without a chat template, some processors put the image tokens into the text themselves.
            self._chat.image_token, self._media.images_in_front = "", True
            try:
                alone = self._trial_answers()
            except FAILURES as second:
                raise RuntimeError(f"pretrained={pretrained!r}: {trouble(self.model, second)}") from second
        if self.sees_images:
            try:
                self._trial_answers(images=2)
            except FAILURES as error:
                self._media.why_one_image = one_line(error)
        self.attention_log = log
        if log is None:
            return
        try:
            read = self._trial_answers()
        except FAILURES as error:
            why = f"attention of pretrained={pretrained!r} cannot be read: {error}; it answers with attention=off"
            raise RuntimeError(why) from error
        if read != alone and not any(self._bias.values()):
            raise RuntimeError(f"pretrained={pretrained!r} answers otherwise while its attention is read; use attention=off")

    def _trial_answers(self, images: int = 1) -> list[Answer]:
        """Answers of two tokens to two prompts of different length, with so many images where the model sees any."""
        settings = json.dumps(self._settings.of({}) | {"max_new_tokens": 2})
        image = trial_image(self._media.fixed_size) if self.sees_images else None
        in_front = self._media.images_in_front
        return self.respond(
            trial_prompts(self.tokenizer, self._chat, settings, image, images=images, images_in_front=in_front), keep=False
        )

    @property
    def device(self) -> torch.device:
        """Where inputs go."""
        return self._checkpoint.device

    @property
    def batch_size(self) -> int:
        """Requests per forward pass."""
        return self.batch_size_per_gpu

    @property
    def tokenizer_name(self) -> str:
        """For the harness's record of ``--apply_chat_template``."""
        return str(getattr(self.tokenizer, "name_or_path", ""))

    @property
    def chat_template(self) -> str:
        """The chat template, which is always applied; for the harness's record of ``--apply_chat_template``."""
        return self._chat.template or ""

    def apply_chat_template(self, messages: Messages, **_: object) -> str:
        """A conversation as the model is given it; what a harness makes of it under ``--apply_chat_template`` is not used."""
        return self.render(messages)

    def generate_until(self, requests: Sequence[Instance]) -> list[GenerationResult]:
        """One response per request, in order. Requests that only pad a rank are not run."""
        results = [GenerationResult(text="") for _ in requests]
        todo = [place for place, request in enumerate(requests) if not _is_padding(request)]
        endings, recalled = Endings(self._context), 0
        with self.images.attached(), tqdm(total=len(todo), desc="cmqa_hf", disable=self.rank != 0) as bar:
            prompts = self.keeper.keyed(self.prompt(place, requests[place]) for place in todo)
            for batch in batches(prompts, self.batch_size):
                known = [self.keeper.recall(prompt) for prompt in batch]
                fresh = iter(self.entries([prompt for prompt, entry in zip(batch, known, strict=True) if entry is None]))
                for prompt, entry in zip(batch, (entry or next(fresh) for entry in known), strict=True):
                    results[prompt.place] = _result(entry.answer)
                    endings.add(entry.answer)
                    self._tell(prompt, entry)
                recalled += sum(entry is not None for entry in known)
                bar.update(len(batch))
        for warning in endings.warnings():
            _LOGGER.warning("%s", warning)
        if said := self.keeper.warning(recalled, len(todo)):
            _LOGGER.warning("%s", said)
        return results

    @staticmethod
    def _tell(prompt: Prompt, entry: Entry) -> None:
        """Tell the tasks what there is to know of an answer besides its text."""
        if entry.summary:
            SESSION.keep(entry.task, entry.item, entry.summary)
        if prompt.question is not None:
            SESSION.end(prompt.task, prompt.question.item.id, Ending(entry.answer.finish == "length", entry.answer.opened))

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
        settings = json.dumps(self._settings.of(generation), sort_keys=True)
        return self.asked(place, doc_to_messages(doc), settings, task, doc_id, from_row(doc) if is_ours(doc) else None)

    def asked(
        self, place: int, messages: Sequence[dict[str, Any]], generation: str, task: str, doc_id: int, question: Question | None
    ) -> Prompt:
        """A conversation as a prompt, its chat template applied.

        Args:
            place: among the requests.
            messages: as lmms-eval has them; an image's key is ``url``, whatever it holds.
            generation: settings as canonical JSON.
            task: whose it is.
            doc_id: of its document.
            question: what is asked, where the task is ours.

        Raises:
            ValueError: it shows the model what this model cannot read.
        """
        chat = ChatMessages(messages=messages)
        images, videos, audios = chat.extract_media()
        turns = self._chat.turns(chat.to_hf_messages(), None if question is None else question.language)
        try:
            self._media.check(turns, images, videos, audios)
        except ValueError as error:
            raise ValueError(f"{task}, document {doc_id} {error}") from None
        text = self.render(turns)
        length = len(self.tokenizer(text).input_ids) if self.batch_size > 1 else 0
        return Prompt(place, text, length, tuple(images), generation, turns, task, doc_id, question)

    def render(self, turns: Messages) -> str:
        """The chat template applied; without one, the parts one after the other."""
        return self._chat.render(turns)

    def inputs(self, batch: Sequence[Prompt]) -> tuple[Any, Origins]:
        """Processor output on the model's device and, for pixels, in its dtype, and where its tokens come from.

        Rows of token ids are padded on the left.
        """
        inputs, origins = self._inputs.make([prompt.text for prompt in batch], [prompt.images for prompt in batch])
        return on_device(inputs, self.device, self.model.dtype), origins

    def entries(self, batch: Sequence[Prompt]) -> list[Entry]:
        """The answers to a batch, in as many parts as the memory asks for under ``batch_size=auto``, each kept in the journal."""
        size = self.batch_size
        if len(batch) > size:
            return [*self.entries(batch[:size]), *self.entries(batch[size:])]
        if not batch:
            return []
        try:
            answers = self.respond(batch)
        except torch.OutOfMemoryError:
            if not self._automatic or len(batch) == 1:
                raise
        else:
            return self.keeper.keep(batch, answers, self.attention_log.rows if self.attention_log is not None else ())
        torch.cuda.empty_cache()
        self.batch_size_per_gpu = len(batch) // 2
        _LOGGER.warning("batch_size=auto: %d prompts at a time are too many for the memory; going on with half", len(batch))
        return self.entries(batch)

    def respond(self, batch: Sequence[Prompt], *, keep: bool = True) -> list[Answer]:
        """The answers to a batch; their attention is logged before this returns, unless it is not to be kept."""
        inputs, origins = self.inputs(batch)
        generation = json.loads(batch[0].generation)
        opened = any(opens_reasoning(prompt.text) for prompt in batch)
        stops = not opened and self._reader.think_end is None
        settings = self._settings.arguments(generation, self.tokenizer, stops=stops)
        if self.attention_log is None:
            tokens = self.generate(inputs, settings)
        else:
            items = [item_of(prompt.task, prompt.doc_id, prompt.question) for prompt in batch]
            segments = self.segments(batch, inputs, origins)
            tokens = self.attention_log.generate(segments, items, lambda: self.generate(inputs, settings), keep=keep)
        lengths = inputs["attention_mask"].sum(dim=1).tolist()
        return [
            self._reader.read(
                row,
                prompt_tokens=length,
                limit=settings["max_new_tokens"],
                ends=_ends(self.model, settings),
                until=until_of(generation),
                opened=opens_reasoning(prompt.text),
            )
            for prompt, row, length in zip(batch, tokens, lengths, strict=True)
        ]

    def segments(self, batch: Sequence[Prompt], inputs: Any, origins: Origins) -> Segments:
        """Which segment each prompt token of a batch belongs to."""
        config = self._checkpoint.config
        return segment_batch(
            self.processor,
            inputs,
            origins,
            [prompt.text for prompt in batch],
            [prompt.turns for prompt in batch],
            [spans_of(prompt.question, prompt.turns) for prompt in batch],
            render=self.render,
            image_token_id=getattr(config, "image_token_id", None) or getattr(config, "image_token_index", None),
        )

    def generate(self, inputs: Any, settings: Mapping[str, Any]) -> torch.Tensor:
        """New tokens, shape (batch, new tokens), padded on the right."""
        with torch.inference_mode():
            output = self.model.generate(**inputs, **settings)
        return new_tokens(output, inputs["input_ids"])


def _ends(model: Any, settings: Mapping[str, Any]) -> list[int]:
    """The tokens that end an answer."""
    ends = settings.get("eos_token_id", getattr(model.generation_config, "eos_token_id", None))
    return [] if ends is None else [int(end) for end in (ends if isinstance(ends, list | tuple) else [ends])]


def _context_of(config: Any) -> int | None:
    """How many tokens a model can read, as far as its configuration says."""
    longest = getattr(config.get_text_config(), "max_position_embeddings", None)
    return longest if isinstance(longest, int) and longest > 0 else None


def _result(answer: Answer) -> GenerationResult:
    counts = TokenCounts(answer.prompt_tokens, answer.tokens, answer.reasoning_tokens or None)
    return GenerationResult(text=answer.text, token_counts=counts)


def _is_padding(request: Instance) -> bool:
    return bool((request.metadata or {}).get("__padding_only__"))
