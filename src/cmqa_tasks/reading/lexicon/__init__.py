"""Languages as data: one YAML file each, checked when it is loaded.

``en.yaml`` and ``zh.yaml`` hold every word, pattern and unit by which the reader knows a language; a third language is a third
file. All patterns are matched on folded text in lower case (see :mod:`cmqa_tasks.reading.response`). A pattern is one regular
expression or a list of alternatives, and ``{name}`` in it stands for a group of the file's ``groups``.

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
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

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


SENSES = ("flat", "clash", "shared", "difference", "accord", "same")
"""The senses of a cue, in the order in which they are tried at one place."""


class Stance(Data):
    """How answers state that the pieces contradict each other, deny it, or only suppose it."""

    flat: Regex = NEVER
    """A conflict whatever stands before it, unless it is merely supposed (*cannot both be true*)."""
    clash: Regex
    """A conflict unless it is negated."""
    difference: Regex = NEVER
    """The same, but said of anything: it counts only where it is one between the pieces."""
    accord: Regex
    """Agreement; a conflict where it is negated."""
    same: Regex = NEVER
    """Agreement that is said of anything (*the same*)."""
    shared: Regex = NEVER
    """All pieces give what follows: agreement where that is one value (*both say …*)."""
    other_before: Regex = NEVER
    """Before a cue: it has another sense there (*armed conflict*)."""
    other_after: Regex = NEVER
    """Behind a cue: it has another sense there (*conflict zone*)."""
    other_accord_before: Regex = NEVER
    """Before a word of agreement: it has another sense there (*football match*)."""
    inner_negation: Regex = NEVER
    """Inside a cue: it denies itself (*are no different*)."""
    denied_after: Regex = NEVER
    """Behind a cue: it is denied there (*conflict: none*)."""
    affirmed_after: Regex = NEVER
    """Behind a supposed cue, or a question: it is affirmed after all."""
    refused_after: Regex = NEVER
    """Behind a supposed cue, or a question: it is answered with no."""
    refused_behind: Regex = NEVER
    """Right behind a supposed cue: it is refused there (*是否矛盾：否*)."""
    question_after: Regex = NEVER
    """Behind a cue: the sentence is a question, question mark or not."""
    named_question: Regex = NEVER
    """Behind a cue: where the question begins that the sentence is only about (*they conflict on “How …?”*)."""
    asking: Regex = NEVER
    """At the beginning of a sentence that is a question itself."""
    clause: Regex = NEVER
    """Where a clause ends, beyond which no negation and no condition reaches."""
    turn: Regex = NEVER
    """Words beyond which no negation reaches within a clause."""
    negation: Regex
    """One negation; its group ``idle`` matches what looks like one and negates nothing (*no doubt*, *not only*)."""
    parity: bool = False
    """Whether two negations cancel out; else two are one."""
    accord_negation: Regex = NEVER
    """What negates agreement only (*hard to reconcile*)."""
    attribute: Regex = NEVER
    """A phrase before a noun whose negations stay inside it (*the map that has no legend*)."""
    definite: Regex = NEVER
    """Right before a cue: it is presupposed even under negation (*cannot resolve the conflict*)."""
    indefinite: Regex = NEVER
    """Right before a cue: it is merely possible (*any conflict*)."""
    supposed: Regex = NEVER
    """Turns what follows into a supposition or a task (*if*, *whether*)."""
    supposed_near: Regex = NEVER
    """At the end of what stands before a cue: it is what was looked for, not what was found (*checked for*)."""
    supposed_end: Regex = NEVER
    """Where such a supposition ends (*but*)."""
    conditional: Regex = NEVER
    """Before a cue, with ``condition`` behind it: it is only supposed (*it would be a contradiction if …*)."""
    condition: Regex = NEVER
    listed: Regex = NEVER
    """Before a cue: it is one of some examples (*e.g. typos or inconsistencies*)."""
    attributive: Regex = NEVER
    """A cue with the noun that it belongs to, as ``noun`` (*conflicting accounts*), and what that is of, as ``of``."""
    object: Regex = NEVER
    """Behind a cue: what it is a conflict or an agreement with, as ``object``."""
    object_end: Regex = NEVER
    """Where that ends."""
    head_end: Regex = NEVER
    """Behind the noun that a phrase is about (*the price | of the kettle*)."""
    object_before: Regex = NEVER
    """Before a cue, where a language puts it there: what it is with, as ``object`` (*与展厅规模不符*)."""
    demanded: Regex = NEVER
    """Before agreement: it should be so (*the prices should match*)."""
    pieces: Regex
    """The pieces of evidence and words for them."""
    pronouns: Regex = NEVER
    """Words that stand for a piece or for what one says, where a conflict or an accord is stated (*this*, *it*)."""
    subjects: Regex = NEVER
    """Those, and what they say: who must agree for an agreement to be one of the pieces."""
    strong_subjects: Regex = NEVER
    """Those among which a difference is one between the pieces."""
    routine: Regex = NEVER
    """In a short sentence: it is about something that recurs (*周日不同*)."""
    links: Regex = NEVER
    """At both ends of what stands before agreement: no subject of its own."""
    others: Regex = NEVER
    """Before agreement: it is one of others than the pieces, or of some of them (*most sources agree*)."""
    whole: Regex = NEVER
    """Before agreement: it is that of all pieces, and takes back a conflict stated before."""
    partial_before: Regex = NEVER
    """Before agreement: it concerns something else (*apart from the price, they agree*)."""
    partial_after: Regex = NEVER
    """Behind agreement: it concerns something else unless that is what was asked (*agree on the date*)."""
    said: Words = frozenset()
    """Words for what the pieces say (*price*, *answer*)."""
    fillers: Words = frozenset()
    """Words that may stand beside the noun before a difference (*The price is different.*)."""
    openers: Regex = NEVER
    """Begins a short sentence about the evidence (*There is a mismatch.*)."""
    predicate: Regex = NEVER
    """How differences begin that are said of what stands before them."""
    possible: Regex = NEVER
    """Right before a difference: it is merely possible (*prices may differ*)."""
    restriction: Regex = NEVER
    """Behind a difference: it is one in something (*they differ only in …*)."""
    of_another: Regex = NEVER
    """Behind a difference, letter case kept: it is one of the thing in its group (*… for the Ashby Kettle*)."""
    about: Regex = NEVER
    """Right before *the same*: it is what the pieces are about (*for the same product*)."""
    at: Regex = NEVER
    """Right before *the same*: that is what the pieces are about unless it was asked (*on the same day*)."""
    same_end: Regex = NEVER
    """Where the noun of *the same* ends."""
    itself: Regex = NEVER
    """All that stands before a difference which can only be one between the pieces."""
    elsewhere: Regex = NEVER
    """Before a difference: it is one of something that was not asked about."""
    join: Regex = NEVER
    """Between two cues of one list, which share their negation (*no conflict or contradiction*)."""
    short: int = 6
    """Words (or characters) of a sentence that can only be about the evidence."""
    plain_exceptions: Regex = NEVER
    """A sentence with one of these says more than one thing (*although*, *seem*)."""


class Answer(Data):
    """How answers choose between values, reject one, ascribe one to a source, or give up."""

    abstain: Regex = NEVER
    undecided: Regex = NEVER
    """Abstention whose object holds the values (*cannot tell whether it is …*)."""
    conceded: Regex = NEVER
    """Before a value, in an answer that gives up: it is only reported (*although the note mentions …*)."""
    choice: Regex = NEVER
    """Words that introduce what an answer settles on; the group ``weak`` those that introduce any statement."""
    endorsed: Regex = NEVER
    """Behind a value: it is the one (*… is correct*)."""
    rejected_after: Regex = NEVER
    """Behind a value: it is not the one (*… is outdated*)."""
    rejecting: Regex = NEVER
    """At the end of what stands before a value: it is not the one (*rather than*)."""
    preferred_to: Regex = NEVER
    """All that stands between two values of which the first is preferred (*$24.99 over $29.99*)."""
    total_before: Regex = NEVER
    """Between two values: the second only adds up the first (*, for a total of*)."""
    total_after: Regex = NEVER
    attribution: Regex = NEVER
    """Ascribes the value behind it to a source (*the text says*)."""
    attribution_after: Regex = NEVER
    asserted: Regex = NEVER
    """By which an answer states a value in its own voice."""
    trusted: Regex = NEVER
    """Chooses a source without repeating its value (*I trust the image*); the source is in ``with`` or ``which``, or follows."""
    distrusted: Regex = NEVER
    """In such a remark: it says the opposite."""
    sources: tuple[Phrases, ...] = ()
    """Words for the same source."""
    source_links: Regex = NEVER
    """How the words behind a value begin when they name its source (*in the image*)."""
    former: Regex = NEVER
    latter: Regex = NEVER
    nothing: Regex = NEVER
    """Says that the count is zero (*none left*)."""


class Marks(Data):
    """How an answer is marked: the one table of it."""

    answer: Regex = NEVER
    """The mark of an answer, up to where that begins; its group ``final`` marks a final one, which may be corrected later."""
    weak: Regex = NEVER
    """A mark without a colon, which counts where no other mark stands."""
    turn: Regex = NEVER
    """Begins a further question that a model puts to itself."""
    keys: Phrases = ()
    """Keys of a JSON object under which its answer stands."""
    box: Regex = NEVER
    says_yes: Regex = NEVER
    says_no: Regex = NEVER
    """A yes or a no that stands for itself, at the beginning of an answer."""
    loose_yes: Regex = NEVER
    loose_no: Regex = NEVER
    """The same with words behind it, which is less than a statement about the evidence."""
    lead: Regex = NEVER
    """Words before a yes, a no or a letter at the beginning of an answer (*the answer is*)."""
    settled: Regex = NEVER
    """Words that settle on the letter behind them wherever they stand."""
    settled_before: Regex = NEVER
    """Words that settle on the letter before them."""
    several: Regex = NEVER
    """Between two letters: both are meant."""


class Numerals(Data):
    """Numbers in words."""

    ones: Mapping[str, int] = Field(default_factory=dict)
    tens: Mapping[str, int] = Field(default_factory=dict)
    scales: Mapping[str, float] = Field(default_factory=dict)
    half: str = ""
    point: str = ""
    ordinals: Phrases = ()
    """First, second, … in order."""


class Values(Data):
    """How values are written."""

    units: Mapping[str, str] = Field(default_factory=dict)
    """Per canonical unit its spellings: words, or a pattern where the language has no blanks."""
    labels: Words = frozenset()
    """Words that number what follows (*Image 1*): such numbers answer nothing."""
    counted: Words = frozenset()
    """Words that make the number before them a count of the evidence itself or of raters (*two sources*)."""
    function_words: Words = frozenset()
    """Words behind which a number stands by itself rather than counting the next noun."""
    numerals: Numerals = Numerals()
    months: tuple[Phrases, ...] = ()
    names: tuple[Phrases, ...] = ()
    """Words for one type of place, its abbreviations among them."""
    name_ends: Words = frozenset()
    """What the name of a place may end in."""
    colour: Mapping[str, Phrases] = Field(default_factory=dict)
    weather: Mapping[str, Phrases] = Field(default_factory=dict)
    allergen: Mapping[str, Phrases] = Field(default_factory=dict)
    patterns: Mapping[str, Regex] = Field(default_factory=dict)
    """Patterns that the reader of numbers, moments and words asks for by name."""


class Topics(Data):
    """What was asked, and what an answer mentions beside it."""

    any: Words = frozenset()
    kinds: Mapping[str, Words] = Field(default_factory=dict)
    beside: Regex = NEVER
    """What is never asked about (*the other days*)."""
    shipping: Regex = NEVER
    """What the price of a product is asked without."""
    days: Regex = NEVER


class Lexicon(Data):
    """One language."""

    language: str
    script: Literal["words", "characters"]
    """Whether blanks part its words, or each character may be one."""
    stance: Stance
    answer: Answer = Answer()
    marks: Marks = Marks()
    values: Values = Values()
    topics: Topics = Topics()
    abbreviations: Words = frozenset()
    """Words whose full stop ends no sentence."""
    soft_abbreviations: Words = frozenset()
    """Words whose full stop ends a sentence only before a capital."""
    traditional: str = ""
    """Pairs of characters, the first read as the second."""

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
        one = r"(?<![a-z'])(?!a\s+[a-z])([a-z])(?![a-z'])"
        return re.compile(rf"(?:{self.joined('settled')})[\W_]*{one}|{one}(?:{self.joined('settled_before')})")

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
