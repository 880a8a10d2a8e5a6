"""Where the tokens of a prompt come from: the characters and the images that each stands for.

Processors of transformers say it when asked (:func:`process`): which placeholder became which stretch of the prompt, so that
images that touch are told apart, and which characters each token stands for. Where a tokenizer cannot say, its tokens are
decoded one by one and laid along the prompt.
"""

from __future__ import annotations

import bisect
import logging
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Any

import torch
from transformers import ProcessorMixin

_LOGGER = logging.getLogger(__name__)
WHOLE = "the whole prompt"
"""How errors name a prompt that no one part is to blame for."""


class SegmentError(ValueError):
    """The tokens of a span cannot be told; the message names the conversation, the part and why."""


@dataclass(frozen=True)
class Origins:
    """What a processor says of where the tokens of a batch come from, as far as it can."""

    offsets: torch.Tensor | None
    """Characters of the expanded prompt that each token stands for, shape (batch, prompt tokens, 2): the first and one past the
    last. None when the tokenizer cannot say."""
    replacements: Sequence[Sequence[Mapping[str, Any]]] | None
    """Per row, the placeholders in order: ``span`` of the rendered text became ``new_span`` of the expanded prompt. None when
    the processor does not tell."""


def process(processor: Any, **arguments: Any) -> tuple[Any, Origins]:
    """Call a processor or tokenizer so that it also says where its tokens come from.

    Args:
        processor: of transformers, for images and text or for text alone.
        arguments: what it is called with.

    Returns:
        Its output, the same as without this function, and the origins.

    Raises:
        ValueError: from some processors, such as Idefics3's, when only some prompts of a batch have images: they
            would make a tensor of what they tell.
    """
    extra = {}
    if getattr(tokenizer_of(processor), "is_fast", False):
        extra["return_offsets_mapping"] = True
    if arguments.get("images") and _tells_replacements(processor):
        extra["return_text_replacement_offsets"] = True
    output = processor(**arguments, **extra)
    offsets, replacements = (output.pop(key, None) for key in ("offset_mapping", "text_replacement_offsets"))
    return output, Origins(_even(offsets, output["input_ids"]), replacements or None)


def _even(offsets: Any, ids: Any) -> torch.Tensor | None:
    """Offsets as a tensor; None where there are none, or a processor did not pad them as it padded the tokens."""
    if offsets is None:
        return None
    lengths = {len(row) for row in offsets}
    return torch.as_tensor(offsets) if lengths == {len(ids[0])} else None


@dataclass(frozen=True)
class Layout:
    """Where the tokens of one prompt come from. Padding is left out."""

    offsets: torch.Tensor
    """Shape (tokens, 2): characters of the expanded prompt, the first and one past the last."""
    growth: Sequence[tuple[int, int]]
    """Per placeholder, where it ends in the rendered text and by how much the prompt has grown up to there."""
    images: Sequence[torch.Tensor]
    """Indices of each image's tokens, images in order."""

    def tokens(self, start: int, end: int) -> torch.Tensor:
        """Indices of the tokens of a stretch of the rendered text.

        They are those from the first to the last that stands for one of its characters: to some tokenizers a token of
        whitespace stands for none.
        """
        ends, grown = [position for position, _ in self.growth], [0, *(by for _, by in self.growth)]
        first, last = (position + grown[bisect.bisect_right(ends, position)] for position in (start, end))
        tokens = ((self.offsets[:, 0] < last) & (self.offsets[:, 1] > first)).nonzero().flatten()
        return torch.arange(int(tokens[0]), int(tokens[-1]) + 1) if len(tokens) else tokens


def layout(
    processor: Any,
    ids: torch.Tensor,
    kept: torch.Tensor,
    origins: Origins,
    row: int,
    text: str,
    images: Sequence[str],
    feature: int,
) -> Layout:
    """Where the tokens of one row of a batch come from.

    Args:
        processor: the processor or tokenizer that made the tokens.
        ids: the row's tokens without padding, shape (tokens,).
        kept: their places in the padded row, shape (tokens,).
        origins: of the batch.
        row: which row.
        text: the rendered prompt, with one placeholder per image.
        images: what errors call each image.
        feature: the token that the model replaces by image features.

    Raises:
        SegmentError: the processor showed another number of images, or the tokens of the text or of an image cannot be told.
    """
    features = (ids == feature).nonzero().flatten()
    if origins.replacements is None and images:
        return _layout_by_decoding(processor, ids, features, text, images)
    replacements = origins.replacements[row] if origins.replacements else []
    shown = [replaced["new_span"] for replaced in replacements if replaced["type"] == "image"]
    _check_number(images, len(shown))
    prompt, growth = _expanded(text, replacements)
    known = origins.offsets
    offsets = _decoded_offsets(processor, ids, [(0, prompt)], []) if known is None else known[row].cpu()[kept]
    begins = offsets[features, 0]
    return Layout(offsets, growth, _checked(images, [features[(begins >= first) & (begins < last)] for first, last in shown]))


def folded(text: str) -> str:
    """Text without what tokenizers do not preserve: whitespace, case and compatibility forms."""
    return "".join(map(_folded_character, text))


def tokenizer_of(processor: Any) -> Any:
    """A processor's tokenizer; a tokenizer is its own."""
    return getattr(processor, "tokenizer", processor)


def lacks_special_tokens(processor: Any, text: str) -> bool:
    """Whether the tokenizer must add its special tokens to a rendered chat: transformers' own rule for chats.

    Tokenizers leave them to the chat template. Processors add them unless the template wrote a BOS: a second one would change the
    prompt, and LLaVA's templates write none. Training and evaluation must agree on it.
    """
    tokenizer = tokenizer_of(processor)
    if tokenizer is processor:
        return not getattr(processor, "chat_template", None)
    return not (tokenizer.bos_token and text.startswith(tokenizer.bos_token))


def _tells_replacements(processor: Any) -> bool:
    """Whether a processor expands placeholders by the method of transformers that records what became what."""
    own = getattr(type(processor), "replace_image_token", None)
    return own is not getattr(ProcessorMixin, "replace_image_token", None)


def _expanded(text: str, replacements: Sequence[Mapping[str, Any]]) -> tuple[str, list[tuple[int, int]]]:
    """The prompt that the tokenizer saw, and how it grew (:attr:`Layout.growth`)."""
    pieces, growth, done = [], [], 0
    for replaced in replacements:
        start, end = replaced["span"]
        if text[start:end] != replaced["text"]:
            raise SegmentError(f"{WHOLE}: the processor changed it; {replaced['text']!r} is not where it was")
        pieces += [text[done:start], replaced["replacement"]]
        growth.append((end, replaced["new_span"][1] - end))
        done = end
    return "".join([*pieces, text[done:]]), growth


def _layout_by_decoding(processor: Any, ids: torch.Tensor, features: torch.Tensor, text: str, images: Sequence[str]) -> Layout:
    """The layout when the processor keeps its replacements to itself.

    A single image owns all image tokens. Where something stands between any two placeholders, images never merge into one run
    of image tokens; then as many runs as images mean one run each. Else there is no telling.
    """
    placeholder: str = processor.image_token
    pieces = text.split(placeholder)
    _check_number(images, len(pieces) - 1)
    breaks = [index + 1 for index, step in enumerate(features.diff().tolist()) if step > 1]
    runs = [features] if len(images) == 1 else list(torch.tensor_split(features, breaks))
    if len(runs) != len(images) or not all(pieces[1:-1]):
        why = f"{type(processor).__name__} does not say whose the {len(features)} image tokens are"
        raise SegmentError(f"{images[0]}: {why}, and the {len(images)} images cannot be told apart")
    runs = _checked(images, runs)
    starts = accumulate((len(piece) + len(placeholder) for piece in pieces), initial=0)
    gaps = [(int(run[0]), int(run[-1]) + 1) for run in runs]
    return Layout(_decoded_offsets(processor, ids, list(zip(starts, pieces, strict=False)), gaps), [], runs)


def _decoded_offsets(
    processor: Any, ids: torch.Tensor, pieces: Sequence[tuple[int, str]], gaps: Sequence[tuple[int, int]]
) -> torch.Tensor:
    """Offsets of the tokens, shape (tokens, 2), found by laying the decoded tokens along the prompt.

    Args:
        processor: the processor or tokenizer.
        ids: the tokens, shape (tokens,).
        pieces: the known text before, between and after the gaps, each with the place it begins at.
        gaps: ranges of tokens where there may be other text around.

    Raises:
        SegmentError: a piece is not what its tokens decode to, or could lie in two ways.
    """
    tokenizer = tokenizer_of(processor)
    _log_once(type(tokenizer).__name__)
    characters = _decoded(tokenizer, ids.tolist())
    offsets = torch.zeros(len(ids), 2, dtype=torch.long)
    edges = [0, *(edge for gap in gaps for edge in gap), len(ids)]
    for (base, piece), low, high in zip(pieces, edges[::2], edges[1::2], strict=True):
        wanted = [(fold, base + position) for position, character in enumerate(piece) for fold in _folded_character(character)]
        around = [character for character in characters if low <= character[1] and character[2] <= high]
        first = _only_place("".join(fold for fold, _ in wanted), "".join(fold for fold, *_ in around))
        for (_, position), (_, begin, end) in zip(wanted, around[first:], strict=False):
            fresh = offsets[begin:end, 1] == 0
            offsets[begin:end, 0][fresh] = position
            offsets[begin:end, 1] = position + 1
    return offsets


def _decoded(tokenizer: Any, ids: Sequence[int]) -> list[tuple[str, int, int]]:
    """The folded characters of the decoded tokens, each with the first and one past the last token that it takes.

    Tokens that split a character decode to replacement marks, or to nothing, until all of them are together.
    """
    alone = {token: _decode(tokenizer, [token]) for token in set(ids)}
    characters, begin = [], 0
    while begin < len(ids):
        text, end = alone[ids[begin]], begin + 1
        while end < len(ids) and _broken(text[-1:]) and _broken(alone[ids[end]][:1]):
            end += 1
            text = _decode(tokenizer, ids[begin:end])
        characters += [(fold, begin, end) for fold in folded(text)]
        begin = end
    return characters


def _broken(edge: str) -> bool:
    return edge in ("", "�")


def _decode(tokenizer: Any, ids: Sequence[int]) -> str:
    text: str = tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return text


def _only_place(wanted: str, text: str) -> int:
    if not wanted:
        return 0
    first = text.find(wanted)
    if first < 0 or text.find(wanted, first + 1) >= 0:
        often = "not" if first < 0 else "more than once"
        raise SegmentError(f"{WHOLE}: without offsets from the tokenizer, {wanted[:80]!r} is {often} what its tokens decode to")
    return first


@cache
def _folded_character(character: str) -> str:
    """The underline is how sentencepiece writes a space; the replacement mark is half a character."""
    kept = "" if character in "▁�" else unicodedata.normalize("NFKD", character).casefold()
    return "".join(kept.split())


@cache
def _log_once(tokenizer: str) -> None:
    _LOGGER.warning(
        "%s does not say which characters its tokens stand for; they are found by decoding them, which is slower", tokenizer
    )


def _check_number(images: Sequence[str], shown: int) -> None:
    if shown != len(images):
        raise SegmentError(f"{images[0] if images else WHOLE}: the prompt shows {shown} images, the messages {len(images)}")


def _checked(images: Sequence[str], runs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    for image, run in zip(images, runs, strict=True):
        if not len(run):
            raise SegmentError(f"{image}: no token of the prompt stands for this image")
    return list(runs)
