"""Which segment of the prompt every token belongs to: either piece of evidence, the question, the sink, or the rest.

Nothing is searched for. The chat template is rendered a second time with private-use marks around each span, so a passage that
stands in the prompt twice is told apart, and the processor says where its tokens come from (:mod:`.origins`)::

    inputs, origins = process(processor, text=texts, images=images, padding=True, return_tensors="pt")
    segments = segment_batch(
        processor, inputs, origins, texts, conversations, spans, render=render, image_token_id=model.config.image_token_id
    )
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import torch

from cmqa_tasks.attention.probe.token_origins import WHOLE, Layout, Origins, SegmentError, folded, layout, process, tokenizer_of

__all__ = ["NAMES", "Origins", "SegmentError", "Segments", "Span", "generic_spans", "process", "segment_batch"]

NAMES = ("evidence_a", "evidence_b", "question", "sink", "other", "generated")
_SPANNED, _SINK, _OTHER = NAMES[:3], NAMES.index("sink"), NAMES.index("other")
_PRIVATE_USE = range(0xF0000, 0xFFFFE)

Messages = Sequence[Mapping[str, Any]]
"""A conversation: ``{"role": …, "content": …}``, where content is a string or parts ``{"type": "text" | "image", …}``."""
Render = Callable[[Messages], str]
"""Applies the chat template to a conversation, as it was applied for the prompt."""


@dataclass(frozen=True)
class Segments:
    """A partition of a batch's prompt tokens."""

    buckets: torch.Tensor
    """Long, shape (batch, prompt tokens): index into ``names``; -1 for padding."""
    names: tuple[str, ...] = NAMES
    """What the buckets are called. ``generated`` is the last and holds no token of the prompt."""


@dataclass(frozen=True)
class Span:
    """One stretch of a message's content. Whitespace at its ends does not count: templates differ in what they trim."""

    message: int
    """Which message of the conversation."""
    part: int
    """Which content part of the message; 0 where the content is a string."""
    name: str
    """``evidence_a``, ``evidence_b`` or ``question``. Several spans may share a name."""
    start: int | None = None
    """First character of the text part; None for its beginning, and for an image."""
    end: int | None = None
    """One past the last character; None for the end of the text part, and for an image."""

    def __str__(self) -> str:
        return f"{_named(self.message, self.part)} ({self.name})"


def segment_batch(
    processor: Any,
    inputs: Mapping[str, Any],
    origins: Origins,
    texts: Sequence[str],
    conversations: Sequence[Messages],
    spans: Sequence[Sequence[Span]],
    *,
    render: Render,
    image_token_id: int | None,
) -> Segments:
    """Find the segment of every token of a batch.

    * A token belongs to a span of text if it stands for any of its characters, and to the one that begins first if it stands
      for characters of two. A blank span has no tokens.
    * An image's tokens are those that the model replaces by image features. Markers around and between them, such as row ends,
      are ``other``.
    * The first token that is no padding is the ``sink``, even inside a span: attention that rests there says nothing about what
      the token stands for.

    Args:
        processor: the processor or tokenizer that made ``inputs``.
        inputs: its output: ``input_ids`` and, unless nothing is padding, ``attention_mask``, shape (batch, prompt tokens).
        origins: from :func:`process`.
        texts: the rendered prompts that the processor was given.
        conversations: the messages of each prompt.
        spans: per conversation, its spans. Those in one part may touch but not overlap.
        render: the function that made ``texts`` from ``conversations``.
        image_token_id: the token that the model replaces by image features, ``config.image_token_id``; None for a model of text
            alone. (Processors have an attribute of this name that is another token in some families: Gemma 3, Llama 4.)

    Returns:
        The partition, on the CPU.

    Raises:
        SegmentError: a span is not in its conversation or overlaps another, the template does not show it exactly once, or the
            tokens of a text or an image cannot be told. The message begins with the conversation and the part.
    """
    ids = torch.as_tensor(inputs["input_ids"]).cpu()
    mask = torch.as_tensor(inputs["attention_mask"]).cpu().bool() if "attention_mask" in inputs else torch.ones_like(ids).bool()
    buckets = torch.full(ids.shape, -1, dtype=torch.long)
    for row, (text, messages, wanted) in enumerate(zip(texts, conversations, spans, strict=True)):
        kept = mask[row].nonzero().flatten()
        tokens = ids[row, kept]
        images = _images(messages)
        try:
            ranges = _ranges(messages, wanted)
            places = _places(render, messages, ranges, text)
            if images and image_token_id is None:
                raise SegmentError(f"{_named(*images[0])}: which token stands for images was not said")
            parts = _Row(processor, tokens, kept, row, text, messages, wanted, places, image_token_id)
            buckets[row, kept] = parts.buckets(origins)
        except SegmentError as error:
            raise SegmentError(f"conversation {row}, {error}") from error
    return Segments(buckets)


@dataclass(frozen=True)
class _Row:
    """One prompt of a batch, and what is to be found in it."""

    processor: Any
    tokens: torch.Tensor
    kept: torch.Tensor
    row: int
    text: str
    messages: Messages
    spans: Sequence[Span]
    places: Mapping[Span, tuple[int, int]]
    image_token_id: int | None

    def buckets(self, origins: Origins) -> torch.Tensor:
        """The bucket of each token by what the processor says of where it comes from, or else by decoding the tokens.

        Some processors put text of their own into a prompt with images (PaliGemma's a BOS and a line end), which their offsets
        count; the first error is the one that says more.
        """
        try:
            return self._buckets(origins)
        except SegmentError as error:
            if origins.replacements is None or not _images(self.messages):
                raise
            try:
                return self._buckets(Origins(None, None))
            except SegmentError:
                raise error from None

    def _buckets(self, origins: Origins) -> torch.Tensor:
        images = _images(self.messages)
        named, feature = [_named(*image) for image in images], -1 if self.image_token_id is None else self.image_token_id
        origin_of = layout(self.processor, self.tokens, self.kept, origins, self.row, self.text, named, feature)
        pictured = _image_spans(self.messages, self.spans)
        shown = {span: origin_of.images[images.index((span.message, span.part))] for span in pictured}
        return _partition(tokenizer_of(self.processor), self.tokens, origin_of, self.text, self.places, shown)


def generic_spans(messages: Messages) -> list[Span]:
    """Spans for a task that marks none: images against texts.

    Every image is ``evidence_a``. Of the user's last message, the last text part is the ``question`` and the other text parts
    are ``evidence_b``; an only text part is ``evidence_b``, and there is no question. Blank text parts do not count.
    """
    spans = [Span(message, part, "evidence_a") for message, part in _images(messages)]
    texts = [
        Span(message, index, "evidence_b")
        for message in [index for index, message in enumerate(messages) if message["role"] == "user"][-1:]
        for index, part in enumerate(_parts(messages[message]))
        if part["type"] == "text" and part["text"].strip()
    ]
    if len(texts) > 1:
        texts[-1] = Span(texts[-1].message, texts[-1].part, "question")
    return spans + texts


def _partition(
    tokenizer: Any,
    ids: torch.Tensor,
    origin_of: Layout,
    text: str,
    places: Mapping[Span, tuple[int, int]],
    shown: Mapping[Span, torch.Tensor],
) -> torch.Tensor:
    """The bucket of each token of one prompt, shape (tokens,), from the places of the texts and the tokens of the images."""
    buckets = torch.full(ids.shape, _OTHER)
    for span, tokens in shown.items():
        buckets[tokens] = NAMES.index(span.name)
    for span, (start, end) in sorted(places.items(), key=lambda item: item[1]):
        tokens = origin_of.tokens(start, end)
        decoded = tokenizer.decode(ids[tokens].tolist(), skip_special_tokens=False)
        if folded(text[start:end]) not in folded(decoded):
            raise SegmentError(f"{span}: its tokens should read {text[start:end]!r} and read {decoded!r}")
        buckets[tokens[buckets[tokens] == _OTHER]] = NAMES.index(span.name)
    buckets[:1] = _SINK
    return buckets


def _ranges(messages: Messages, spans: Sequence[Span]) -> dict[Span, tuple[int, int]]:
    """Characters of each span of text within its part, without whitespace at the ends; blank spans and images are left out.

    Raises:
        SegmentError: a span is not in the messages, or two overlap.
    """
    ranges = {span: _range(messages, span) for span in spans}
    taken: dict[tuple[int, int], int] = {}
    for span, (start, end) in sorted(ranges.items(), key=lambda item: item[1]):
        if start < taken.get((span.message, span.part), 0):
            raise SegmentError(f"{span}: it overlaps another span")
        taken[span.message, span.part] = end
    pictured = set(_image_spans(messages, spans))
    return {span: bounds for span, bounds in ranges.items() if bounds[0] < bounds[1] and span not in pictured}


def _range(messages: Messages, span: Span) -> tuple[int, int]:
    if span.name not in _SPANNED:
        raise SegmentError(f"{span}: a span is named one of {', '.join(_SPANNED)}")
    if not (0 <= span.message < len(messages) and 0 <= span.part < len(_parts(messages[span.message]))):
        raise SegmentError(f"{span}: there is no such part")
    part = _parts(messages[span.message])[span.part]
    if part["type"] == "image" and span.start is None and span.end is None:
        return 0, 1  # an image is indivisible, so that two spans on it overlap
    if part["type"] != "text":
        raise SegmentError(f"{span}: only texts and whole images have tokens, and this part is of type {part['type']!r}")
    text: str = part["text"]
    start, end = 0 if span.start is None else span.start, len(text) if span.end is None else span.end
    if not 0 <= start <= end <= len(text):
        raise SegmentError(f"{span}: characters {start} to {end} of a text of {len(text)}")
    inside = text[start:end].lstrip()
    start = end - len(inside)
    return start, start + len(inside.rstrip())


def _places(render: Render, messages: Messages, ranges: Mapping[Span, tuple[int, int]], text: str) -> dict[Span, tuple[int, int]]:
    """Characters of each span in the rendered prompt.

    Raises:
        SegmentError: the template does not show a span once, or renders marked messages otherwise.
    """
    if not ranges:
        return {}
    unused = (chr(code) for code in _PRIVATE_USE if chr(code) not in text)
    marks = {span: (next(unused), next(unused)) for span in ranges}
    rendered = render(_marked(messages, ranges, marks))
    for span, pair in marks.items():
        counts = [rendered.count(mark) for mark in pair]
        if counts != [1, 1]:
            raise SegmentError(f"{span}: the chat template shows it {max(counts)} times, not once")
    pieces = re.split(f"([{''.join(mark for pair in marks.values() for mark in pair)}])", rendered)
    if "".join(pieces[::2]) != text:
        raise SegmentError(f"{WHOLE}: the chat template renders it otherwise once its spans are marked")
    offset_of = dict(zip(pieces[1::2], accumulate(map(len, pieces[::2])), strict=False))
    return {span: (offset_of[before], offset_of[after]) for span, (before, after) in marks.items()}


def _marked(
    messages: Messages, ranges: Mapping[Span, tuple[int, int]], marks: Mapping[Span, tuple[str, str]]
) -> list[dict[str, Any]]:
    """The messages with a mark before and after each span. Marks hug the text, so a template that trims still trims the same."""
    marked = [dict(message) for message in messages]
    for span, (start, end) in sorted(ranges.items(), key=lambda item: item[1], reverse=True):
        message = marked[span.message]
        text: str = _parts(message)[span.part]["text"]
        before, after = marks[span]
        text = f"{text[:start]}{before}{text[start:end]}{after}{text[end:]}"
        if isinstance(message["content"], str):
            message["content"] = text
        else:
            parts = list(message["content"])
            parts[span.part] = {**parts[span.part], "text": text}
            message["content"] = parts
    return marked


def _image_spans(messages: Messages, spans: Sequence[Span]) -> list[Span]:
    images = set(_images(messages))
    return [span for span in spans if (span.message, span.part) in images]


def _images(messages: Messages) -> list[tuple[int, int]]:
    """Message and part of every image, in order."""
    return [
        (message, index)
        for message in range(len(messages))
        for index, part in enumerate(_parts(messages[message]))
        if part["type"] == "image"
    ]


def _parts(message: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _named(message: int, part: int) -> str:
    return f"message {message}, part {part}"
