"""A response, parsed once: what of it is an answer at all, without reasoning, copies of the prompt and markup.

>>> response = parse("<think>They differ.</think>**$24.99**")
>>> response.shown, response.answered
('$24.99', True)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice, pairwise
from typing import NamedTuple

from cmqa_tasks.asking.prompts import render
from cmqa_tasks.asking.protocols import Meaning, Option
from cmqa_tasks.asking.question import Question
from cmqa_tasks.facts.records import Modality
from cmqa_tasks.reading.lexicon import Languages, shipped
from cmqa_tasks.reading.markup import bare, without_markers
from cmqa_tasks.reading.text import HAN, fold, spoken_in

LIMIT = 20_000
"""Longest response, in characters, that is read whole."""
LONGEST = 5 * LIMIT
"""Longest answer, in characters, that is parsed whole; of a longer one its beginning and its end are."""
WINDOW = 8_000
"""Of a longer response, how many characters are read at its head and at its tail."""
SHORT = 120
"""Characters of a line that may be an answer by itself."""


@dataclass(frozen=True, slots=True)
class Response:
    """What a response shows, and what is known of it."""

    shown: str
    """Folded text without reasoning, copies and markup; letter case kept."""
    marked: int
    """Where the marked answer begins in it; -1 when none is marked."""
    answered: bool
    """Whether it is an answer; reasoning that never ends, or a copy of the prompt, is none."""
    reasoned: bool
    """It thinks aloud before its marked answer, so that nothing else of it counts."""
    failed: bool
    """There is no response: the request failed, and what stands in its place says so."""
    cut: bool
    """It ended at the token limit, or in the middle of a number."""
    reasoning: str
    """What stood between marks of reasoning."""
    later: str = ""
    """What follows the answer from the next question on that the model puts to itself."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines that are not empty."""
        return tuple(line for line in map(str.strip, self.shown.split("\n")) if line)

    def whole(self, languages: Languages) -> Response:
        """The same with all that follows a further question."""
        shown = self.shown + self.later
        return replace(self, shown=shown, marked=_marked(shown, languages), later="")

    @property
    def answer(self) -> str:
        """What follows the mark of an answer; empty when there is none."""
        return self.shown[self.marked :].strip() if self.marked >= 0 else ""


def parse(
    raw: str,
    prompt: Sequence[str] = (),
    reasoning_opened: bool = False,
    cut: bool = False,
    first: bool = True,
    languages: Languages | None = None,
) -> Response:
    """Parse a response.

    Args:
        raw: what the model wrote.
        prompt: the texts of its prompt, so that a copy of it is known as such.
        reasoning_opened: the prompt ended with the mark that opens the reasoning.
        cut: the response ended at the token limit.
        first: what it answers before it goes on with another answer is all that counts.
        languages: those that it may be written in; by default those that are shipped.
    """
    languages, raw = languages or shipped(), raw.strip()
    if _FAILED.match(raw):
        return Response("", -1, False, False, True, cut, "")
    visible, reasoning, answered = _apart(_own_words(raw), reasoning_opened)
    if len(visible) > LONGEST:
        visible = f"{visible[: LONGEST // 2]}\n{visible[-LONGEST // 2 :]}"
    if prompt:
        visible = without_copies(visible, prompt)
    shown = bare(fold(visible), languages).strip() if answered else ""
    later = ""
    if len(shown) <= LIMIT:
        shown = without_markers(shown)
        if "\n" in shown:
            cut_at = len(shown[: _first_turn(shown, first, languages)].rstrip())
            shown, later = shown[:cut_at], shown[cut_at:]
    marked = _marked(shown, languages)
    aloud = marked > 0 and _ALOUD.match(shown) is not None
    ends = cut and bool(shown) and shown[-1:].isalnum()
    if ends:
        shown = re.sub(r"[$\u20ac\u00a3\u00a5]?[0-9][0-9.,:/]*$", "", shown)
        marked = min(marked, len(shown))
    return Response(shown, marked, answered and bool(shown.strip()), aloud, False, cut, reasoning, later)


# --- no answer at all ------------------------------------------------------------------------------------------------

_FAILED = re.compile(
    r"(?:\[[A-Z_]*REQUEST_FAILED\b"
    r"|(?:openai\.|anthropic\.|requests\.|httpx\.|aiohttp\.|google\.)[\w.]*(?:Error|Exception|Timeout)\b"
    r"|(?:HTTP(?:/[0-9.]+)?|HTTPError|Error|API error|Error code|Status(?: code)?|Request failed)[^\n]{0,30}?\b[45][0-9]{2}\b"
    r"|[45][0-9]{2}:? (?:Bad Request|Unauthorized|Payment Required|Forbidden|Not Found|Request Timeout|Too Many Requests|Internal"
    r" Server Error|Bad Gateway|Service Unavailable|Gateway Time-?out)"
    r"|(?:Internal Server Error|Bad Gateway|Service Unavailable|Gateway Time-?out|Too Many Requests"
    r"|Rate limit (?:exceeded|reached)|Connection (?:error|refused|reset|aborted)"
    r"|Read timed out|Request timed out|upstream (?:connect|request))\b"
    r"|\{\s*\"(?:error|detail)\"\s*:|<html>\s*<head>\s*<title>[45][0-9]{2}|Traceback \(most recent call last\))",
    re.IGNORECASE,
)
"""A harness's marker of a failed request, or an error of a server, in the place of a response."""

# --- reasoning -------------------------------------------------------------------------------------------------------

_NAMES = "(?:seed:)?(?:think|thinking|reasoning|thought|thoughts|reflection|scratchpad)"
_OPEN = re.compile(
    rf"<{_NAMES}>|\[THINK\]|\u25c1think\u25b7|<\|channel\|?>\s*(?:analysis|commentary|thought)\b(?:<\|message\|>)?", re.IGNORECASE
)
_CLOSE = re.compile(
    rf"</{_NAMES}>|\[/THINK\]|\u25c1/think\u25b7|<channel\|>|<\|channel\|>\s*final\s*(?:<\|message\|>)?", re.IGNORECASE
)
_BARE_OPEN = re.compile(r"(?:<?\|?start\|?>?assistant)?(?:think(?:ing)?|thought|reasoning)\s*\n|analysis(?=[A-Z\s])")
_BARE_CLOSE = re.compile(
    r"(?:assistant)?\s*final(?=[^a-z\s])|assistantfinal|assistant\s*\n"
    r"|(?:^|\n)[ \t]*(?:final|response)[ \t]*\n|(?:^|\n)[ \t]*(?:final |the )?answer[ \t]*:?[ \t]*(?:\n|(?<=:))",
    re.IGNORECASE,
)
_ALOUD = re.compile(
    r"\W*(?:(?i:hmm+|okay|ok|alright|all right|wait"
    r"|let me (?:think|see|look)|let's see|so,? the user|the user (?:asks|wants|is asking)"
    r"|first, i need|i need to|think\n)|嗯|好的?，|让我(?:想|看|来)|用户(?:问|想)|我需要)"
)
"""Begins a response that thinks aloud."""


def _apart(raw: str, opened: bool) -> tuple[str, str, bool]:
    """What stands outside the marks of reasoning, what stands inside, and whether there is an answer outside."""
    closings = list(_CLOSE.finditer(raw))
    if closings:
        end = closings[-1].end()
        visible = raw[end:]
        again = _OPEN.search(visible)
        if again is not None:
            visible = visible[: again.start()]
        return visible, raw[: closings[-1].start()], bool(visible.strip())
    opening = _OPEN.search(raw)
    if opening is not None:
        before = raw[: opening.start()]
        return before, raw[opening.end() :], bool(before.strip())
    if opened:
        return "", raw, False
    bare_open = _BARE_OPEN.match(raw)
    if bare_open is not None:
        ends = list(_BARE_CLOSE.finditer(raw, bare_open.end()))
        if not ends:
            return "", raw, False
        return raw[ends[-1].end() :], raw[bare_open.end() : ends[-1].start()], True
    return raw, "", True


# --- copies ----------------------------------------------------------------------------------------------------------

_ECHO = re.compile(
    r"(?:<\|im_start\|>|<\|start_header_id\|>|<\|start\|>|\[INST\]|###? ?)?(?:user|human|instruction|question)\b",
    re.IGNORECASE,
)
_ASSISTANT = re.compile(
    r"(?:<\|im_start\|>|<\|start_header_id\|>|<\|start\|>|(?:^|\n|(?<=\s))###? ?)\s*assistant(?:<\|end_header_id\|>)?\s*:?"
    r"|(?:^|\n)[ \t]*assistant[ \t]*(?::|(?=\n|$))|\bASSISTANT:|\[/INST\]",
    re.IGNORECASE,
)


def _own_words(raw: str) -> str:
    """A response without the turn of the user that it repeats, and without the name of its own turn."""
    if _ECHO.match(raw):
        turn = _ASSISTANT.search(raw)
        return raw if turn is None else raw[turn.end() :]
    own = _ASSISTANT.match(raw)
    return raw if own is None else raw[own.end() :]


_SHORTEST_COPY = 24
"""Characters of the shortest response that may be a copy of its prompt."""
_SENTENCE = re.compile(r"(?:[^\n.!?。！？]|[.!?](?![\s\"')]|$))*(?:[.!?。！？\n]|$)")
_FEWEST = 4
"""Words, or twice as many Chinese characters, of a sentence that is a copy where it stands in both."""


def _squeezed(text: str) -> str:
    """A sentence as it is compared: folded, in lower case, without markup and superfluous white space."""
    return " ".join(fold(text).lower().split()).strip(" *>#")


def _weighty(sentence: str) -> bool:
    return len(HAN.findall(sentence)) / 2 + len(re.findall(r"[a-z0-9]+", sentence)) >= _FEWEST


def without_copies(shown: str, prompt: Sequence[str]) -> str:
    """A response without the whole sentences that it shares with its prompt, as far as they are copies.

    A sentence of the instruction or of the question is a copy wherever it stands. Of the evidence a single sentence may be
    quoted as an answer; two running, or one behind a copied heading, are a copy, and so is the broken one that ends it.

    Args:
        shown: what the response shows.
        prompt: the texts of the prompt; its own text, without the evidence, comes first.
    """
    sentences = [(sentence, _squeezed(sentence)) for sentence in _SENTENCE.findall(shown) if sentence]
    whole = "\n".join(" ".join(fold(text).lower().split()) for text in prompt)
    if not any(plain in whole and _weighty(plain) for _, plain in sentences):
        return shown
    copied = {_squeezed(sentence) for text in prompt for sentence in _SENTENCE.findall(text)}
    own = {_squeezed(sentence) for sentence in _SENTENCE.findall(prompt[0])}
    kept: list[str] = []
    run: list[tuple[str, str]] = []
    for sentence, plain in [*sentences, ("", "\0")]:
        last = bool(run) and sentence == sentences[-1][0]
        broken = last and ((len(plain) > 8 and plain in whole) or _ends_within_a_word(run, plain, whole))
        if not plain or plain in copied or broken:
            run.append((sentence, plain))
            continue
        heavy = [other for _, other in run if _weighty(other) or (len(other) > 4 and other[-1] in ":：") or other not in copied]
        if len([other for other in heavy if other]) >= 2 or any(other in own and _weighty(other) for other in heavy):
            kept.append("\n")
        else:
            kept += [other for other, _ in run]
        run = []
        kept.append(sentence)
    return "".join(kept)


def _ends_within_a_word(run: Sequence[tuple[str, str]], sentence: str, whole: str) -> bool:
    """Whether a text goes on with a sentence behind those of a run, and has more of its last word: *No* of *Norbury*."""
    before = next((plain for _, plain in reversed(run) if plain), "")
    if not before or not sentence:
        return False
    return re.search(rf"{re.escape(f'{before} {sentence}')}(?:\w|[^\s\w]\w)", whole) is not None


def prompt_of(question: Question, response: str) -> tuple[str, ...]:
    """The texts of the prompt that a response may copy, the instruction first; nothing for one that is too short for it.

    A single one of the lettered options is an answer, and so is no copy.
    """
    if len(response) < _SHORTEST_COPY:
        return ()
    options = question.options
    pieces = tuple((piece.modality, piece.language) for piece in question.pieces)
    own = _instruction(question.protocol, question.language, pieces, tuple((option.letter, option.means) for option in options))
    for placeholder, text in [
        ("<question>", question.text),
        *((f"<{option.letter}>", option.text) for option in options if option.text),
    ]:
        own = own.replace(placeholder, text)
    lines = own.split("\n")
    listed = [line for line in lines if any(line.startswith(f"{option.letter}. ") for option in options)]
    if sum(line.strip() in response for line in listed) < 2:
        lines = [line for line in lines if line not in listed]
    return ("\n".join(lines), *(passage for passage in question.passages if passage is not None))


@lru_cache(maxsize=1024)
def _instruction(
    protocol: str, language: str, pieces: tuple[tuple[Modality, str], ...], options: tuple[tuple[str, Meaning], ...]
) -> str:
    """What a prompt says beside its evidence, with places for the question and for the values among the options."""
    shown = [Option(letter, means, f"<{letter}>" if means in ("a", "b") else None) for letter, means in options]
    parts = render(protocol, language, "<question>", [(*piece, None) for piece in pieces], shown)
    return "\n".join(part.text for part in parts if part.text is not None)


# --- marks -----------------------------------------------------------------------------------------------------------


class AnswerMark(NamedTuple):
    """A mark of an answer: where it stands, and whether it is that of a final one."""

    end: int
    start: int
    final: bool


def _marks(low: str, languages: Languages) -> list[AnswerMark]:
    return sorted(
        AnswerMark(match.end(), match.start(), match["final"] is not None)
        for lexicon in spoken_in(low, languages)
        for match in lexicon.marks.answer.finditer(low)
    )


def _first_turn(shown: str, first: bool, languages: Languages) -> int:
    """Where a model goes on after its answer: with a question or evidence that it puts to itself, or with another answer."""
    low, cut = shown.lower(), len(shown)
    marks = _marks(low, languages)
    for lexicon in spoken_in(low, languages):
        for match in islice(lexicon.marks.turn.finditer(low), 2):  # the first may be an echo of the question that was asked
            before = low[: match.start()].strip()
            earlier = [mark for mark in marks if mark.end <= match.start()]
            if before and (earlier or _short(before)):
                if any(mark.final for mark in earlier) or not any(mark.final for mark in marks if mark.start >= match.end()):
                    cut = min(cut, match.start())
                break
        further = list(lexicon.marks.resumed.finditer(f"\n{low[:cut]}"))
        if len({match["piece"] for match in further}) == 1:  # of an answer's own list there are two
            at = further[0].start() - 1
            if _short(low[: max(at, 0)].strip()) and not any(at <= mark.start < cut for mark in marks):
                cut = at
    if first:
        below = (mark.start for mark in marks if mark.end <= cut and not mark.final and "\n" in low[mark.start : mark.end])
        at = min(below, default=0)
        if _short(low[:at].strip()) and not _ALOUD.match(low[:at].strip()):
            cut = at
    return cut


def _short(before: str) -> bool:
    """Whether what stands before a turn may be an answer by itself: one short line that introduces nothing."""
    return 0 < len(before) <= SHORT and "\n" not in before and before[-1] not in ":?"


def _marked(shown: str, languages: Languages) -> int:
    """Where the marked answer begins: behind the last mark of a final one, else behind the last mark; -1 for none."""
    low = shown.lower()
    marks = _marks(low, languages)
    if not marks:
        return max(
            (match.end() for lexicon in spoken_in(low, languages) for match in lexicon.marks.weak.finditer(low)), default=-1
        )
    finals = [mark.end for mark in marks if mark.final]
    if finals:
        return finals[-1]
    running = all(
        "\n" not in low[mark.end : other.end - 1].strip() and low[mark.end : other.end].count("\n") <= 2
        for mark, other in pairwise(marks)
    )
    return marks[0 if running else -1].end
