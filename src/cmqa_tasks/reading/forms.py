"""Forms of answers: free, a final line, yes or no, a letter. Each is a function from a response to a reading, or to nothing; a
protocol names which are tried in which order, and the first that speaks wins.

    >>> read("Answer: C", fact, "letter", {"A": "a", "B": "b", "C": "conflict"}).conflict   # doctest: +SKIP
    True
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import cmqa_tasks.reading.verdict as verdict
from cmqa_tasks.asking.protocols import Form, Meaning
from cmqa_tasks.asking.question import Question
from cmqa_tasks.facts.records import Fact, Side
from cmqa_tasks.reading.letters import HEAD, letter_of, without_list
from cmqa_tasks.reading.lexicon import Languages, shipped
from cmqa_tasks.reading.matter import Matter
from cmqa_tasks.reading.reading import ABSTAINED, FAILED, NOTHING, STATED, Reading, of_other, of_sides
from cmqa_tasks.reading.response import LIMIT, WINDOW, Response, parse, prompt_of
from cmqa_tasks.reading.stance import calls, stance
from cmqa_tasks.reading.text import Text, fold
from cmqa_tasks.reading.values import SidedMention, Sought, expected, find, other_value, sought


@dataclass(frozen=True)
class Asked:
    """A response and what it was asked for."""

    response: Response
    wanted: Sought
    letters: Mapping[str, Meaning]
    languages: Languages

    def text(self, shown: str) -> Text:
        """A stretch of the response to be read."""
        return Text(shown, self.languages)


# --- words -----------------------------------------------------------------------------------------------------------


def free(asked: Asked) -> Reading:
    """Words, read as a whole: whether they state a conflict, else the value that they settle on."""
    response = asked.response
    if not response.answered:
        return NOTHING
    if response.reasoned:
        return final_line(asked)
    if len(response.shown) <= LIMIT:
        return _read(asked, response.shown, response.marked)
    head, tail = response.shown[:WINDOW], response.shown[-WINDOW:]
    cuts = [match.end() for match in re.finditer(r"[\s。！？；，、]", head)]
    first = re.search(r"[\s。！？；，、]", tail)
    marked = response.marked - (len(response.shown) - WINDOW)
    return _merge(
        _read(asked, head[: cuts[-1]] if cuts else "", response.marked if response.marked < WINDOW else -1),
        _read(asked, (" " * first.start() + tail[first.start() :]) if first else "", max(marked, -1)),
    )


def final_line(asked: Asked) -> Reading:
    """Words behind the last mark of a final answer; all of them where nothing is marked."""
    response = asked.response
    if not response.answered:
        return NOTHING
    if not response.answer:
        return free(replace(asked, response=replace(response, reasoned=False)))
    return _read(asked, response.answer, -1)


def _read(asked: Asked, shown: str, marked: int) -> Reading:
    """A reading of a text: its stance, and the values of its marked answer, of its first line, or of all of it."""
    side = asked.wanted.exactly(shown)
    if side is not None:
        return of_sides(False, (side,), asked.wanted)
    text = asked.text(shown)
    mentions = find(shown, asked.wanted)
    stated_calls = calls(text, asked.wanted.matter, [(mention.start, mention.side) for mention in expected(mentions)])
    conflict = stance(stated_calls) > 0
    values = NOTHING
    if marked >= 0:
        stop = shown.find("\n", marked)
        for end in dict.fromkeys((stop if stop >= 0 else len(shown), len(shown))):
            part = text.part(marked, end)
            values = _values(asked, part, find(part.cased, asked.wanted), conflict)
            if values is not NOTHING:
                break
    elif "\n" in shown:
        values = _headline(asked, shown)
    if values is NOTHING:
        values = _values(asked, text, mentions, conflict)
    return of_sides(True, values.sides, asked.wanted) if conflict else values


def _headline(asked: Asked, shown: str) -> Reading:
    """The value that stands alone in the first line, explained below; nothing when another line is a value too."""
    lines = [line for line in shown.split("\n") if line.strip()]
    sides = [side for line in lines if (side := asked.wanted.exactly(line)) is not None]
    first = asked.wanted.exactly(lines[0]) if lines else None
    return of_sides(False, (first,), asked.wanted) if first is not None and len(sides) == 1 else NOTHING


def _values(asked: Asked, text: Text, mentions: Sequence[SidedMention], conflict: bool) -> Reading:
    """The values that a text settles on, its stance left aside.

    Where a conflict is stated already, all values that it mentions are kept: neither choosing nor giving up changes the outcome.
    """
    wanted = asked.wanted
    side = wanted.exactly(text.cased)
    if side is not None:
        return of_sides(False, (side,), wanted)
    gave_up, kept = False, list(mentions)
    if not conflict:
        kept = verdict.kept(text, kept)
        gave_up, kept = verdict.undecided(text, kept)
        kept = _not_repeated(text, kept, wanted, gave_up)
        if wanted.kind in ("colour", "name"):
            kept = _without_neighbours(text, kept, wanted.kind == "colour")
    if not conflict and _candidates(text, mentions):
        return NOTHING
    settled = expected(kept)
    if settled:
        sides = verdict.settle(text, settled) if not conflict else list(dict.fromkeys(mention.side for mention in settled))
        if gave_up and len(sides) > 1:
            return ABSTAINED
        return of_sides(False, ["a" if side == "a" else "b" for side in sides], wanted)
    zero = _zero(text, wanted)
    if zero is not None:
        return of_sides(False, (zero,), wanted)
    if gave_up:
        return ABSTAINED
    other = other_value(kept, len(text.low))
    if other is not None:
        return NOTHING if _broken(text, other, wanted) else of_other(other.readings[0])
    name = _bare_name(text.cased) if wanted.kind == "name" and not kept else None
    return NOTHING if name is None else of_other(name)


def _not_repeated(text: Text, mentions: list[SidedMention], wanted: Sought, gave_up: bool) -> list[SidedMention]:
    """The mentions without numbers that only repeat the question, where the answer gives another value or gives up."""
    own = [
        m
        for m in mentions
        if not any(f in wanted.figures for f in re.findall(r"[0-9]+(?:[.,][0-9]+)*", text.low[m.start : m.end]))
    ]
    return own if gave_up or expected(own) else mentions


def _without_neighbours(text: Text, mentions: list[SidedMention], colours: bool) -> list[SidedMention]:
    """Colours without those of a part (*a yellow mug with a green handle*), names without those of what is near (*Poplar Lane, at
    the corner of Ivy Lane*), unless there are no others.
    """
    own = mentions
    for lexicon, view in text.spoken:
        cues = lexicon.answer
        before = cues.part_before if colours else cues.near_before
        own = [mention for mention in own if not before.search(view[: mention.start])]
        own = own if colours else [mention for mention in own if not cues.near_after.match(view, mention.end)]
    return own if expected(own) else mentions


def _zero(text: Text, wanted: Sought) -> Side | None:
    """The side whose value is zero, where the answer is that there are none."""
    if wanted.kind != "count" or "0" not in wanted.canonical.values():
        return None
    if not any(lexicon.answer.nothing.search(view) for lexicon, view in text.spoken):
        return None
    return "a" if wanted.canonical["a"] == "0" else "b"


def _candidates(text: Text, mentions: Sequence[SidedMention]) -> bool:
    """Whether a text lists three or more values, each in a line, and settles on none of them."""
    lines = [line for line in text.low.split("\n") if line.strip()]
    return (
        len(lines) >= 3
        and len({mention.readings[:1] for mention in mentions}) >= 3
        and all(len(line.strip()) <= 12 for line in lines)
    )


def _broken(text: Text, other: SidedMention, wanted: Sought) -> bool:
    """Whether a text ends in the middle of an expected number (*… is 48.* of 48.25): it was cut, and gives no other value."""
    written = text.low[other.start :].strip(" $€£¥")
    return written[-1:] in (".", ",") and any(
        form.lstrip("$€£¥").startswith(written) and form.lstrip("$€£¥")[len(written)].isdigit() for form in wanted.exact
    )


def _bare_name(cased: str) -> str | None:
    """A short answer that is nothing but a capitalised name."""
    written = cased.strip(" \n.\"'").split()
    if not 1 < len(written) <= 5 or not cased.isascii() or any(word[-1] in "!?:;" for word in written):
        return None
    small = ("of", "the", "de", "la", "and", "on", "at", "von", "van")
    plain = [word.strip(",.'\"") for word in written]
    return " ".join(written) if all(word[:1].isupper() or word in small for word in plain) else None


def _merge(head: Reading, tail: Reading) -> Reading:
    """One reading from both ends of a long response; nothing when they differ, for there is no telling which counts."""
    if head is NOTHING or head == tail:
        return tail
    if tail is NOTHING:
        return head
    if head.conflict:
        return head if not tail.sides else replace(tail, conflict=True, other=None, abstained=False)
    if tail.conflict:
        return tail
    return replace(NOTHING, parsed=f"too long to read whole; head {head.parsed}, tail {tail.parsed}")


# --- yes or no -------------------------------------------------------------------------------------------------------

_END = re.compile(r"[.!?;](?=\s|$)|[。！？；\n]")


def yes_no(asked: Asked) -> Reading | None:
    """Whether the pieces contradict each other, yes or no.

    A marked final answer counts first, then a yes or a no that leads the response, then one that is its last line; then a
    statement in other words (*the two disagree*), and last a yes or a no elsewhere (*so the answer is yes.*).
    """
    response, particle = asked.response, asked.languages.yes_or_no
    if not response.answered:
        return NOTHING
    head = response.shown[:HEAD]
    for stretch in (response.answer[:HEAD], head):
        answer = _leading(asked, stretch)
        if answer is not None:
            return STATED[answer]
    lines = response.lines
    match = particle.match(lines[-1][:HEAD]) if lines else None
    if match is not None and not lines[-1][match.end() :].strip(" .!*。！"):
        return STATED[match["yes"] is not None]
    shown = response.answer if response.reasoned else response.shown[:LIMIT]
    mentions = expected(find(shown, asked.wanted))
    stated = stance(calls(asked.text(shown), asked.wanted.matter, [(mention.start, mention.side) for mention in mentions]))
    if stated:
        return STATED[stated > 0]
    for stretch in (response.answer[:HEAD], head):
        match = asked.languages.loose_yes_or_no.match(stretch)
        if match is not None:
            return STATED[match["yes"] is not None]
    last = list(asked.languages.any_yes_or_no.finditer(response.shown[-HEAD:]))
    return STATED[last[-1].lastgroup in ("yes", "plain_yes")] if last else None


def _leading(asked: Asked, stretch: str) -> bool | None:
    """The yes or no at the beginning of a place, unless its own sentence states the opposite (*yes, they are consistent*)."""
    match = asked.languages.yes_or_no.match(stretch)
    if match is None:
        return None
    stop = _END.search(stretch, match.end())
    text = asked.text(stretch[match.end() : stop.start() if stop else len(stretch)])
    stated = set()
    if not any(lexicon.stance.plain_exceptions.search(view) for lexicon, view in text.spoken):
        stated = {call.says for call in calls(text, Matter, plain=True) if call.says}
    return stated == {1} if len(stated) == 1 else match["yes"] is not None


# --- a letter --------------------------------------------------------------------------------------------------------


def letter(asked: Asked) -> Reading | None:
    """One of some lettered options."""
    if not asked.response.answered:
        return NOTHING
    chosen = letter_of(asked.response, tuple(asked.letters), asked.languages)
    if chosen is None:
        unlisted = without_list(asked.response, asked.letters)
        return None if unlisted is asked.response else free(replace(asked, response=unlisted))
    if not chosen:
        return _of_several(asked)
    means = asked.letters[chosen]
    if means == "conflict":
        return Reading(True, (), None, False, "conflict")
    return ABSTAINED if means == "abstain" else of_sides(False, (means,), asked.wanted)


def _of_several(asked: Asked) -> Reading:
    """Several letters: nothing, unless the values stand beside them."""
    sides = {mention.side for mention in expected(find(asked.response.shown, asked.wanted))}
    return of_sides(False, ("a", "b"), asked.wanted) if len(sides) == 2 else NOTHING


ORDER: Mapping[Form, tuple[Callable[[Asked], Reading | None], ...]] = {
    "free": (free,),
    "final_line": (final_line,),
    "yes_no": (yes_no, free),
    "letter": (letter, free),
}
"""Which forms a protocol's form of answer is read in, the first that speaks."""


def read_response(response: str, question: Question, reasoning_opened: bool = False, cut: bool = False) -> Reading:
    """Read a response to a question.

    Args:
        response: what the model wrote.
        question: what it was asked, and in which form an answer was asked for.
        reasoning_opened: the prompt ended with the mark that opens the reasoning.
        cut: the response ended at the token limit.
    """
    letters = {option.letter: option.means for option in question.options}
    return read(response, question.fact, question.form, letters, prompt_of(question, response), reasoning_opened, cut)


def read(
    response: str,
    fact: Fact,
    form: Form = "free",
    letters: Mapping[str, Meaning] | None = None,
    prompt: Sequence[str] = (),
    reasoning_opened: bool = False,
    cut: bool = False,
    languages: Languages | None = None,
) -> Reading:
    """Read a response in the form that its protocol asks for.

    Args:
        response: what the model wrote.
        fact: what it was asked about; its values' written forms, in whatever language, always count as that value.
        form: see :data:`cmqa_tasks.asking.protocols.Form`.
        letters: what each letter stands for, where the form is ``letter``.
        prompt: the texts of the prompt, the instruction first; a copy of it is no answer.
        reasoning_opened: the prompt ended with the mark that opens the reasoning.
        cut: the response ended at the token limit.
        languages: those to read; by default those that are shipped.
    """
    wanted, languages = sought(fact), languages or shipped()
    side = wanted.exactly(fold(response)) if form in ("free", "final_line") and not reasoning_opened else None
    if side is not None:  # nothing but a value, in one of its known forms
        return of_sides(False, (side,), wanted)
    parsed = parse(response, prompt, reasoning_opened, cut, form != "final_line", languages)
    if parsed.failed:
        return FAILED
    asked = Asked(parsed, wanted, letters or {}, languages)
    reading = next(filter(None, (reader(asked) for reader in ORDER[form])), NOTHING)
    if parsed.later and not (reading.conflict or reading.statement or reading.other or len(reading.sides) == 1):
        # no answer before what it goes on with: a question that it puts to itself is an echo of ours, a mark that of its answer
        asked = replace(asked, response=parsed.whole(languages))
        reading = next(filter(None, (reader(asked) for reader in ORDER[form])), NOTHING)
    return reading
