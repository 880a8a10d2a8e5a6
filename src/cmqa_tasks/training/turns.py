"""Batches under whose labels only the assistant's turns are: for chat templates that do not mark them.

TRL learns assistant turns alone where the template marks them with ``{% generation %}``, or is one of those that it knows how to
mark. For any other template, :class:`AssistantTurns` finds them: a turn is what rendering the conversation up to it adds to the
prompt that generation would start from. That includes the token that ends the turn, so that the model learns to stop.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch

from cmqa_tasks.attention.probe.token_origins import Origins, lacks_special_tokens, layout, process, tokenizer_of

_LOGGER = logging.getLogger(__name__)
IGNORED = -100
"""The label of tokens that are not learned."""

Messages = Sequence[Mapping[str, Any]]
Render = Callable[..., str]


class TurnError(ValueError):
    """The assistant's turns cannot be told from the rest; the message says why and what helps."""


class AssistantTurns:
    """Collates examples as TRL's vision collator does, with labels for assistant turns alone.

    Args:
        processor: of transformers, or a tokenizer for a model of text alone. Its tokenizer has a padding token.
        image_token_id: the token that the model replaces by image features; None for a model of text alone.
        everything: learn all tokens but padding, not the assistant's alone.
    """

    def __init__(self, processor: Any, image_token_id: int | None, *, everything: bool = False) -> None:
        self._processor, self._image_token_id, self._everything = processor, image_token_id, everything
        self._sees_images = tokenizer_of(processor) is not processor
        self._tells_beside_tensors = True
        self._warn_of_endless_turns()

    def __call__(self, examples: Sequence[Mapping[str, Any]]) -> Any:
        """Make a batch.

        Args:
            examples: each with ``messages`` and, for a model that sees, ``images``, a list of pictures.

        Returns:
            The processor's output, padded on the right, and ``labels``, shape (batch, tokens).

        Raises:
            TurnError: the template renders turns otherwise once others follow.
        """
        conversations = [self._cleaned(example["messages"]) for example in examples]
        texts = [self._render(one) for one in conversations]
        arguments: dict[str, Any] = {"text": texts, "padding": True, "padding_side": "right", "return_tensors": "pt"}
        images = [[image.convert("RGB") for image in example.get("images") or []] for example in examples]
        if any(images):
            arguments["images"] = images
        arguments["add_special_tokens"] = lacks_special_tokens(self._processor, texts[0])
        if self._everything:
            inputs = self._processor(**arguments)
            inputs["labels"] = inputs["input_ids"].masked_fill(inputs["attention_mask"] == 0, IGNORED)
            return inputs
        inputs, origins = self._process(arguments)
        labels = torch.full_like(inputs["input_ids"], IGNORED)
        for row, (text, conversation) in enumerate(zip(texts, conversations, strict=True)):
            kept = inputs["attention_mask"][row].nonzero().flatten()
            ids = inputs["input_ids"][row, kept]
            named = [f"image {number}" for number in range(len(images[row]))]
            feature = -1 if self._image_token_id is None else self._image_token_id
            found = layout(self._processor, ids, kept, origins, row, text, named, feature)
            for start, end in assistant_spans(self._render, conversation, text):
                tokens = kept[found.tokens(start, end)]
                labels[row, tokens] = inputs["input_ids"][row, tokens]
        inputs["labels"] = labels
        return inputs

    def _process(self, arguments: dict[str, Any]) -> tuple[Any, Origins]:
        """The processor's output, and where its tokens come from.

        Some processors, such as Idefics3's, would make a tensor of what they tell, and fail; they are asked twice.
        """
        if self._tells_beside_tensors:
            try:
                return process(self._processor, **arguments)
            except ValueError as error:
                if "text_replacement_offsets" not in str(error):
                    raise
                self._tells_beside_tensors = False
        _, origins = process(self._processor, **{**arguments, "return_tensors": None})
        return self._processor(**arguments), origins

    def _cleaned(self, messages: Messages) -> Messages:
        """Without the nulls of a columnar format; for a model of text alone, with strings for contents."""
        cleaned = []
        for message in messages:
            parts = [{key: value for key, value in part.items() if value is not None} for part in message["content"]]
            content = parts if self._sees_images else "".join(part.get("text", "") for part in parts)
            cleaned.append({"role": message["role"], "content": content})
        return cleaned

    def _render(self, messages: Messages, **options: Any) -> str:
        text: str = self._processor.apply_chat_template(list(messages), tokenize=False, **options)
        return text

    def _warn_of_endless_turns(self) -> None:
        words = [("user", "One?"), ("assistant", "Two.")] * 2
        turns = self._cleaned([{"role": role, "content": [{"type": "text", "text": text}]} for role, text in words])
        text = self._render(turns)
        start, end = next(iter(assistant_spans(self._render, turns, text)))
        if text[start:end].endswith("Two."):
            _LOGGER.warning(
                "The chat template writes nothing after an assistant's turn, so the model is not taught to stop. "
                "Give it one that does: chat_template"
            )


def assistant_spans(render: Render, messages: Messages, text: str) -> Iterator[tuple[int, int]]:
    """The characters of each assistant turn in the rendered conversation: what it says and what ends it, without the blank space
    that follows, which no model writes.

    Args:
        render: applies the chat template to messages; takes ``add_generation_prompt``.
        messages: the conversation.
        text: the conversation rendered.

    Raises:
        TurnError: the beginning of the conversation alone is rendered otherwise than as part of it.
    """
    for place, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        before, after = render(messages[:place], add_generation_prompt=True), render(messages[: place + 1])
        if not (text.startswith(after.rstrip()) and after.startswith(before)):
            raise TurnError(
                f"message {place}: the chat template renders the beginning of a conversation otherwise once more follows, so the "
                "assistant's turns cannot be told; give it one with {% generation %} marks (chat_template)"
            )
        yield len(before), len(before) + len(after[len(before) :].rstrip())
