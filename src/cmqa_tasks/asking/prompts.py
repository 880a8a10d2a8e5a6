"""Item + protocol → the prompt, as parts: text of the template, and each piece of evidence as a part of its own.

A protocol is one jinja2 file per language, ``prompts/<protocol>.<language>.j2``. It sees ``question``; ``pieces``; ``kinds``,
which has ``modality`` and ``language`` of each piece; and ``options`` (:class:`cmqa_tasks.asking.protocols.Option`). A piece is
rendered as an opaque mark and cut out afterwards, so no evidence is ever interpreted as a template.

    >>> pieces = [("text", "en", "It costs $5."), ("image", "en", None)]
    >>> [part.evidence for part in render("aware", "en", "What is the price?", pieces)]
    [None, 0, None, 1, None]
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import FileSystemLoader, StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cmqa_tasks.asking.protocols import Option
from cmqa_tasks.facts import resources
from cmqa_tasks.facts.records import Modality

_MARKS = ("\ue000", "\ue001")
"""Private-use characters that stand for the pieces while a template is rendered."""
IMAGE_PLACEHOLDER = "<image>"
"""How the plain-text form of a prompt names an image, as simple models of lmms-eval expect."""


class PromptError(ValueError):
    """A prompt template is missing or does not fit its item; the message names the template."""


@dataclass(frozen=True, slots=True)
class PromptPart:
    """One content part of the prompt."""

    text: str | None
    """The text, or None where an image stands."""
    evidence: int | None = None
    """Which piece of evidence this is (0 or 1); None for the template's own text."""


@dataclass(frozen=True, slots=True)
class KindOfPiece:
    """What a template may say of a piece."""

    modality: Modality
    language: str


@dataclass(frozen=True, slots=True)
class About:
    """The header of a template: two comment lines that say what it varies and why."""

    varies: str
    why: str


_ABOUT = re.compile(r"{#- Varies: (.+?) -#}\n{#- Why: (.+?) -#}\n")


def languages() -> tuple[str, ...]:
    """The languages that the question can be put in."""
    return tuple(sorted({path.name.split(".")[1] for path in resources.prompts_dir().glob("*.*.j2")}))


def about(protocol: str, language: str) -> About:
    """What a template's header says.

    Raises:
        PromptError: no such template, or it does not begin with the two lines.
    """
    _template(protocol, language)
    source = (resources.prompts_dir() / f"{protocol}.{language}.j2").read_text(encoding="utf-8")
    match = _ABOUT.match(source)
    if match is None:
        raise PromptError(f"prompts/{protocol}.{language}.j2: does not begin with '{{#- Varies: … -#}}' and '{{#- Why: … -#}}'")
    return About(match[1], match[2])


def require(protocol: str, language: str) -> None:
    """Make sure that a protocol exists in a language and can be parsed.

    Raises:
        PromptError: it does not exist (the message lists those that do), or its template is malformed.
    """
    try:
        _template(protocol, language)
    except TemplateError as error:
        raise PromptError(f"prompts/{protocol}.{language}.j2: {type(error).__name__}: {error}") from error


def render(
    protocol: str,
    language: str,
    question: str,
    pieces: Sequence[tuple[Modality, str, str | None]],
    options: Sequence[Option] = (),
) -> tuple[PromptPart, ...]:
    """Render a prompt.

    Args:
        protocol: name of the protocol, such as ``aware``.
        language: language of the instructions.
        question: the question, in that language.
        pieces: one or two pieces of evidence in order, each as (modality, language, passage); None for the passage of an image.
        options: the lettered options, for the protocol that shows them.

    Raises:
        PromptError: no such protocol in this language, an undefined variable in the template, or a template that does not
            show every piece exactly once, in order.
    """
    require(protocol, language)
    marks = _MARKS[: len(pieces)]
    if any(mark in question for mark in _MARKS):
        raise PromptError(f"the question {question!r} holds a private-use character that marks evidence")
    kinds = [KindOfPiece(modality, spoken) for modality, spoken, _ in pieces]
    try:
        text = _template(protocol, language).render(question=question, pieces=marks, kinds=kinds, options=options)
    except TemplateError as error:
        raise PromptError(f"prompts/{protocol}.{language}.j2: {type(error).__name__}: {error}") from error
    if tuple(re.findall("|".join(_MARKS), text)) != marks:
        raise PromptError(f"prompts/{protocol}.{language}.j2: must show each of {len(pieces)} piece(s) once, in order")
    return tuple(_parts(text, [passage for _, _, passage in pieces]))


def plain_text(parts: Sequence[PromptPart]) -> str:
    """The prompt as one string, images as :data:`IMAGE_PLACEHOLDER`: what models see that take text and images apart."""
    return "".join(IMAGE_PLACEHOLDER if part.text is None else part.text for part in parts)


def _parts(text: str, pieces: Sequence[str | None]) -> list[PromptPart]:
    parts = []
    for chunk in re.split(f"({'|'.join(_MARKS)})", text):
        if chunk in _MARKS:
            number = _MARKS.index(chunk)
            parts.append(PromptPart(text=pieces[number], evidence=number))
        elif chunk:
            parts.append(PromptPart(text=chunk))
    return parts


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    loader = FileSystemLoader(resources.prompts_dir())
    return ImmutableSandboxedEnvironment(loader=loader, undefined=StrictUndefined, autoescape=False, trim_blocks=True)


@cache
def _template(protocol: str, language: str) -> Template:
    if language not in languages():
        raise PromptError(f"no prompts in language {language!r}; choose one of {', '.join(languages())}")
    name = f"{protocol}.{language}.j2"
    if not (resources.prompts_dir() / name).is_file():
        known = ", ".join(sorted({path.name.split(".")[0] for path in resources.prompts_dir().glob("*.*.j2")}))
        raise PromptError(
            f"unknown protocol {protocol!r} in language {language!r}; protocols: {known}; languages: {', '.join(languages())}"
        )
    return _environment().get_template(name)
