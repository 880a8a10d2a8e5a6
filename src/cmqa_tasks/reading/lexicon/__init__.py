"""Languages as data: one YAML file each, checked when it is loaded.

``en.yaml`` and ``zh.yaml`` hold every word, pattern and unit by which the reader knows a language; a third language is a third
file. All patterns are matched on folded text in lower case (see :mod:`cmqa_tasks.reading.response`). A pattern is one regular
expression or a list of alternatives, and ``{name}`` in it stands for a group of the file's ``groups``. What each field means is
said beside it in ``en.yaml``.

    >>> lexicon("en").stance.clash.search("they contradict each other") is not None
    True
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

FOLDER = Path(__file__).parent
LANGUAGES = ("en", "zh")
"""The languages that are read, in no particular order: a response is read in all of them."""


class LexiconError(ValueError):
    """A language file that cannot be used; the message names the file, the field and what is wrong."""


def _pattern(value: object) -> re.Pattern[str]:
    if not isinstance(value, str | list):
        raise ValueError(f"a pattern is a text or a list of texts, not {value!r}")
    text = value if isinstance(value, str) else "|".join(map(str, value))
    try:
        return re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error} in {text[:200]!r}") from error


def _words(value: object) -> object:
    return value.split() if isinstance(value, str) else value


def _phrases(value: object) -> object:
    return [word.replace("_", " ") for word in value.split()] if isinstance(value, str) else value


NEVER = re.compile(r"(?!)")
Regex = Annotated[re.Pattern[str], BeforeValidator(_pattern)]
Words = Annotated[frozenset[str], BeforeValidator(_words)]
Phrases = Annotated[tuple[str, ...], BeforeValidator(_phrases)]
"""Words in order; an underscore stands for a blank."""


class Data(BaseModel):
    """Base of the parts of a lexicon: no unknown fields, nothing changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    @model_validator(mode="after")
    def _groups_are_there(self) -> Data:
        for name, needed in _NEEDED.items():
            pattern = getattr(self, name, NEVER)
            if isinstance(pattern, re.Pattern) and pattern is not NEVER and not needed <= set(pattern.groupindex):
                raise ValueError(
                    f"{name}: the pattern lacks a group named {' or '.join(sorted(needed - set(pattern.groupindex)))}"
                )
        return self


SENSES = ("flat", "clash", "shared", "difference", "accord", "backed", "same")
"""The senses of a cue, in the order in which they are tried at one place."""


_NEEDED = {"attributive": {"noun", "of"}, "object": {"object"}, "answer": {"final"}, "resumed": {"piece"}}
"""Groups that a pattern must have, by field."""


class Stance(Data):
    """How answers state that the pieces contradict each other, deny it, or only suppose it; ``en.yaml`` explains each field."""

    flat: Regex = NEVER
    clash: Regex
    difference: Regex = NEVER
    accord: Regex
    same: Regex = NEVER
    backed: Regex = NEVER
    shared: Regex = NEVER
    other_before: Regex = NEVER
    other_after: Regex = NEVER
    other_accord_before: Regex = NEVER
    inner_negation: Regex = NEVER
    denied_after: Regex = NEVER
    affirmed_after: Regex = NEVER
    refused_after: Regex = NEVER
    refused_behind: Regex = NEVER
    question_after: Regex = NEVER
    named_question: Regex = NEVER
    asking: Regex = NEVER
    clause: Regex = NEVER
    turn: Regex = NEVER
    negation: Regex
    parity: bool = False
    accord_negation: Regex = NEVER
    attribute: Regex = NEVER
    definite: Regex = NEVER
    indefinite: Regex = NEVER
    supposed: Regex = NEVER
    supposed_near: Regex = NEVER
    supposed_end: Regex = NEVER
    conditional: Regex = NEVER
    condition: Regex = NEVER
    listed: Regex = NEVER
    attributive: Regex = NEVER
    object: Regex = NEVER
    object_end: Regex = NEVER
    head_end: Regex = NEVER
    object_before: Regex = NEVER
    demanded: Regex = NEVER
    pieces: Regex
    pronouns: Regex = NEVER
    demonstratives: Words = frozenset()
    parts: Regex = NEVER
    listing: Regex = NEVER
    subjects: Regex = NEVER
    strong_subjects: Regex = NEVER
    routine: Regex = NEVER
    links: Regex = NEVER
    others: Regex = NEVER
    whole: Regex = NEVER
    partial_before: Regex = NEVER
    partial_after: Regex = NEVER
    content_words: Words = frozenset()
    fillers: Words = frozenset()
    openers: Regex = NEVER
    predicate: Regex = NEVER
    possible: Regex = NEVER
    restriction: Regex = NEVER
    of_another: Regex = NEVER
    about: Regex = NEVER
    at: Regex = NEVER
    same_end: Regex = NEVER
    itself: Regex = NEVER
    elsewhere: Regex = NEVER
    join: Regex = NEVER
    short: int = 6
    plain_exceptions: Regex = NEVER


class AnswerWords(Data):
    """How answers choose between values, reject one, ascribe one to a source, or give up."""

    abstain: Regex = NEVER
    undecided: Regex = NEVER
    conceded: Regex = NEVER
    choice: Regex = NEVER
    endorsed: Regex = NEVER
    rejected_after: Regex = NEVER
    part_before: Regex = NEVER
    near_before: Regex = NEVER
    near_after: Regex = NEVER
    rejecting: Regex = NEVER
    preferred_to: Regex = NEVER
    contrast: Regex = NEVER
    contrasted: Regex = NEVER
    total_before: Regex = NEVER
    total_after: Regex = NEVER
    attribution: Regex = NEVER
    attribution_after: Regex = NEVER
    asserted: Regex = NEVER
    trusted: Regex = NEVER
    distrusted: Regex = NEVER
    sources: tuple[Phrases, ...] = ()
    source_links: Regex = NEVER
    former: Regex = NEVER
    latter: Regex = NEVER
    nothing: Regex = NEVER


class Marks(Data):
    """How an answer is marked: the one table of it."""

    answer: Regex = NEVER
    weak: Regex = NEVER
    turn: Regex = NEVER
    resumed: Regex = NEVER
    keys: Phrases = ()
    box: Regex = NEVER
    says_yes: Regex = NEVER
    says_no: Regex = NEVER
    loose_yes: Regex = NEVER
    loose_no: Regex = NEVER
    lead: Regex = NEVER
    settled: Regex = NEVER
    settled_before: Regex = NEVER
    several: Regex = NEVER


class Numerals(Data):
    """Numbers in words."""

    ones: Mapping[str, int] = Field(default_factory=dict)
    tens: Mapping[str, int] = Field(default_factory=dict)
    scales: Mapping[str, float] = Field(default_factory=dict)
    half: str = ""
    point: str = ""
    ordinals: Phrases = ()
    minutes: Mapping[str, int] = Field(default_factory=dict)
    tops: Mapping[str, float] = Field(default_factory=dict)
    fractions: Mapping[str, float] = Field(default_factory=dict)


class Values(Data):
    """How values are written."""

    units: Mapping[str, str] = Field(default_factory=dict)
    currencies: Mapping[str, Phrases] = Field(default_factory=dict)
    labels: Words = frozenset()
    counted: Words = frozenset()
    function_words: Words = frozenset()
    numerals: Numerals = Numerals()
    months: tuple[Phrases, ...] = ()
    names: tuple[Phrases, ...] = ()
    name_ends: Words = frozenset()
    colour: Mapping[str, Phrases] = Field(default_factory=dict)
    weather: Mapping[str, Phrases] = Field(default_factory=dict)
    allergen: Mapping[str, Phrases] = Field(default_factory=dict)
    patterns: Mapping[str, Regex] = Field(default_factory=dict)


class Topics(Data):
    """What was asked, and what an answer mentions beside it."""

    any: Words = frozenset()
    kinds: Mapping[str, Words] = Field(default_factory=dict)
    beside: Regex = NEVER
    shipping: Regex = NEVER
    days: Regex = NEVER

    @cached_property
    def everything(self) -> Words:
        """Words for whatever may be asked."""
        return self.any.union(*self.kinds.values())

    @cached_property
    def of_kind(self) -> Mapping[str, Words]:
        """Per kind the words for what is asked under it, or under any."""
        return {kind: self.any | words for kind, words in self.kinds.items()}


class Lexicon(Data):
    """One language."""

    language: str
    script: Literal["words", "characters"]
    stance: Stance
    answer: AnswerWords = AnswerWords()
    marks: Marks = Marks()
    values: Values = Values()
    topics: Topics = Topics()
    abbreviations: Words = frozenset()
    soft_abbreviations: Words = frozenset()
    traditional: str = ""

    @cached_property
    def cues(self) -> re.Pattern[str]:
        """All cues of its stance, each in a group named after its sense."""
        senses = [(sense, getattr(self.stance, sense).pattern) for sense in SENSES]
        cues = "|".join(f"(?P<{sense}>{pattern})" for sense, pattern in senses if pattern != NEVER.pattern)
        return re.compile(f"(?<![a-z])(?:{cues})" if self.script == "words" else cues)


_GROUP = re.compile(r"\{([a-z_]+)\}")


def _expanded(value: Any, groups: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _GROUP.sub(lambda match: groups.get(match[1], match[0]), value)
    if isinstance(value, dict):
        return {key: _expanded(inner, groups) for key, inner in value.items()}
    return [_expanded(inner, groups) for inner in value] if isinstance(value, list) else value


def read(path: Path) -> Lexicon:
    """Read one language file.

    Raises:
        LexiconError: it is no YAML, lacks a field, has one that is unknown, or holds a pattern that does not compile.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        groups: dict[str, str] = {}
        for name, pattern in data.pop("groups", {}).items():
            groups[name] = _expanded(pattern if isinstance(pattern, str) else "|".join(pattern), groups)
        return Lexicon.model_validate(_expanded(data, groups))
    except (OSError, yaml.YAMLError, ValidationError, AttributeError) as error:
        raise LexiconError(f"{path}: {error}") from error


class Languages(tuple[Lexicon, ...]):
    """Some languages, and the patterns that hold for all of them."""

    def joined(self, name: str) -> str:
        """The alternatives of a field of :class:`Marks` in every language that has it."""
        patterns = [getattr(lexicon.marks, name).pattern for lexicon in self]
        return "|".join(pattern for pattern in patterns if pattern != NEVER.pattern) or NEVER.pattern

    @cached_property
    def yes_or_no(self) -> re.Pattern[str]:
        """A yes or a no that stands for itself, at the beginning."""
        return self._particles("says")

    @cached_property
    def loose_yes_or_no(self) -> re.Pattern[str]:
        """A yes or a no with words behind it, at the beginning."""
        return self._particles("loose")

    @cached_property
    def any_yes_or_no(self) -> re.Pattern[str]:
        """A yes or a no anywhere, as far as it stands for itself or behind words that lead to it."""
        lead = self.joined("lead")
        no, yes = self.joined("says_no"), self.joined("says_yes")
        return re.compile(
            rf"(?<![a-z])(?:(?:{lead})[\W_]*(?:(?P<no>{no})|(?P<yes>{yes}))|(?P<plain_no>no)(?=\s*[,.!;:)]|\s*$)"
            rf"|(?P<plain_yes>yes)(?=\s*[,.!;:)]|\s*$))",
            re.IGNORECASE,
        )

    def _particles(self, how: str) -> re.Pattern[str]:
        no, yes = self.joined(f"{how}_no"), self.joined(f"{how}_yes")
        return re.compile(rf"^[\W_]*(?:{self.joined('lead')})?[\W_]*(?:(?P<no>{no})|(?P<yes>{yes}))", re.IGNORECASE)

    @cached_property
    def letter(self) -> re.Pattern[str]:
        """A letter at the beginning, behind words that lead to it; the article of *A piece …* is none."""
        return re.compile(rf"^[\W_]*(?:(?:{self.joined('lead')})[\W_]*)?(?<![a-z])([a-z])(?![a-z'])(?:(?<!a)|(?!\s+[a-z]))")

    @cached_property
    def settled(self) -> re.Pattern[str]:
        """A letter that words before or behind it settle on."""
        lone_letter = r"(?<![a-z'])(?!a\s+[a-z])([a-z])(?![a-z'])"
        return re.compile(rf"(?:{self.joined('settled')})[\W_]*{lone_letter}|{lone_letter}(?:{self.joined('settled_before')})")

    @cached_property
    def further(self) -> re.Pattern[str]:
        """Behind a letter: another one that is meant as well."""
        return re.compile(rf"(?:{self.joined('several')})(?!a\s+[a-z])([a-z])(?![a-z'])")


@lru_cache(maxsize=8)
def lexicon(language: str) -> Lexicon:
    """The lexicon of a shipped language.

    Raises:
        LexiconError: there is none; the message lists those that exist.
    """
    if language not in LANGUAGES:
        raise LexiconError(f"no lexicon for language {language!r}; there are {', '.join(LANGUAGES)}")
    return read(FOLDER / f"{language}.yaml")


@lru_cache(maxsize=1)
def shipped() -> Languages:
    """All shipped languages."""
    return Languages(map(lexicon, LANGUAGES))
