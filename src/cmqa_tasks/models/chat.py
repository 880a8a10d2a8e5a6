"""Conversations as the text that a model is given: its chat template applied, as users of the model apply it.

For example::

    chat = Chat(processor, system_prompt="Answer in one word.", kwargs={"enable_thinking": False})
    chat.render([{"role": "user", "content": [{"type": "text", "text": "Is it raining?"}]}])
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

_LOGGER = logging.getLogger(__name__)
CUES: Mapping[str, str] = {"en": "\nAnswer:", "zh": "\n答案："}
"""What prompts end in for models without a chat template, by the language of the question."""
_CUE = "cue"
"""Where a turn keeps what its answer begins with; no template sees it."""
Messages = Sequence[Mapping[str, Any]]
"""A conversation, as chat templates of transformers take it."""


class Chat:
    """Renders conversations for a processor or tokenizer.

    Args:
        processor: of the model.
        takes_parts: whether contents stay lists of parts; a tokenizer's template wants them joined to a string.
        system_prompt: put in front of each conversation as a turn of its own.
        kwargs: variables for the chat template, such as ``enable_thinking``.
        answer_prefix: what every prompt ends in, after the chat template; ``off`` for nothing. By default nothing where there is
            a template, else :data:`CUES` by the language of the question: a model that only continues text would go on with it.

    Raises:
        ValueError: there is no chat template for the system prompt, or it reads no such variable.
    """

    def __init__(
        self,
        processor: Any,
        *,
        takes_parts: bool,
        system_prompt: str | None = None,
        kwargs: Mapping[str, Any] | None = None,
        answer_prefix: str | None = None,
    ) -> None:
        self._answer_prefix = answer_prefix
        self._processor, self._takes_parts, self._kwargs = processor, takes_parts, dict(kwargs or {})
        self._system = [] if system_prompt is None else [{"role": "system", "content": [{"type": "text", "text": system_prompt}]}]
        self.image_token = str(getattr(processor, "image_token", None) or "")
        """What stands for an image where there is no chat template; empty for processors that put it there themselves."""
        template = self.template
        if template is None:
            if self._system or self._kwargs:
                given = "system_prompt" if self._system else next(iter(self._kwargs))
                raise ValueError(f"{given}=: this checkpoint has no chat template to give it to; leave it out")
            cues = answer_prefix or " or ".join(cue.strip() for cue in CUES.values())
            _warn_without_template(getattr(processor, "name_or_path", "") or type(processor).__name__, cues)
        elif unread := sorted(set(self._kwargs) - _variables(template)):
            raise ValueError(f"{unread[0]}={self._kwargs[unread[0]]!r}: the chat template of this checkpoint does not read it")

    @property
    def template(self) -> str | None:
        """The chat template; that of tools and other uses where there are several."""
        template = getattr(self._processor, "chat_template", None)
        if isinstance(template, Mapping):
            template = template.get("default") or next(iter(template.values()), None)
        return template

    def turns(self, messages: Messages, language: str | None = None) -> list[dict[str, Any]]:
        """A conversation with the system prompt in front, and what its answer begins with in its last turn.

        Args:
            messages: the conversation.
            language: of the question; None where it is none of ours.
        """
        turns = [*self._system, *(dict(message) for message in messages)]
        if cue := self._cue(language):
            turns[-1] = {**turns[-1], _CUE: cue}
        return turns

    def _cue(self, language: str | None) -> str:
        if self._answer_prefix is not None:
            return "" if self._answer_prefix == "off" else self._answer_prefix
        return "" if self.template is not None or language is None else CUES.get(language, CUES["en"])

    def render(self, turns: Messages) -> str:
        """The chat template applied to :meth:`turns`; without one, the parts one after the other.

        Raises:
            ValueError: the template refuses the conversation.
        """
        cue = turns[-1].get(_CUE, "") if turns else ""
        return self._rendered([{name: value for name, value in turn.items() if name != _CUE} for turn in turns]) + cue

    def _rendered(self, turns: Messages) -> str:
        if self.template is None:
            return "\n".join(self._joined(turn["content"], self.image_token) for turn in turns)
        if not self._takes_parts:
            turns = [{**turn, "content": self._joined(turn["content"], "")} for turn in turns]
        try:
            text: str = self._processor.apply_chat_template(
                list(turns), add_generation_prompt=True, tokenize=False, **self._kwargs
            )
        except TemplateError as error:
            hint = "; leave system_prompt= out" if self._system else ""
            raise ValueError(f"the chat template of this checkpoint refuses the conversation: {error}{hint}") from error
        return text

    @staticmethod
    def _joined(content: str | Sequence[Mapping[str, Any]], image_token: str) -> str:
        if isinstance(content, str):
            return content
        return "".join(part["text"] if part["type"] == "text" else image_token for part in content)


@cache
def _variables(template: str) -> frozenset[str]:
    """The variables that a chat template reads."""
    environment = ImmutableSandboxedEnvironment(extensions=["jinja2.ext.loopcontrols"])
    try:
        return frozenset(meta.find_undeclared_variables(environment.parse(template)))
    except TemplateSyntaxError:  # tags of transformers' own, such as generation
        return frozenset(template.replace("{", " ").replace("}", " ").replace("(", " ").replace(")", " ").split())


@cache
def _warn_without_template(name: str, cues: str) -> None:
    end = "as they are" if cues == "off" else f"so that they end in {cues} (answer_prefix=off for nothing)"
    _LOGGER.warning("%s has no chat template; prompts are put to it without one, %s", name, end)
