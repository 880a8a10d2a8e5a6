"""A response, parsed once: what of it is an answer at all, without reasoning, copies of the prompt and markup.

>>> response = parse("<think>They differ.</think>**$24.99**")
>>> response.shown, response.answered
('$24.99', True)
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import NamedTuple

from cmqa_tasks.reading.folding import HAN, fold
from cmqa_tasks.reading.lexicon import Languages, shipped

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
        shown = _without_markers(shown)
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
        rest = raw[end:]
        again = _OPEN.search(rest)
        if again is not None:
            rest = rest[: again.start()]
        return rest, raw[: closings[-1].start()], bool(rest.strip())
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
        broken = bool(run) and sentence == sentences[-1][0] and len(plain) > 8 and plain in whole
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


# --- markup ----------------------------------------------------------------------------------------------------------

_BOXES = (("<answer>", "</answer>"), ("<|begin_of_box|>", "<|end_of_box|>"))
_TAG = re.compile(r"<[/!]?[a-zA-Z|][^<>]{0,80}>")
_HEADING = re.compile(r"^[ \t]{0,3}(?:#{1,6}|>)[ \t]*", re.MULTILINE)
_STRUCK = re.compile(r"~~[^~\n]{1,200}~~")
_BOXED = re.compile(r"\\(?:boxed|fbox)\s?\{")
_SUPERSCRIPT = re.compile(r"\^ ?\{? ?([+-]) ?\}?|</?sup>")
"""The sign of a blood group in LaTeX or HTML."""
_LATEX_GROUP = re.compile(r"\\(?:textsuperscript|text|mathrm|mathbf|textbf|mbox|boxed|fbox|operatorname)\s?\{([^{}]{0,400})\}")
_LATEX_SPACE = re.compile(r"\\[,;:!() \[\]]")
_NUMBERED = re.compile(
    r"(?:evidence|image|picture|text|source|piece|document|passage|证据|图片?|图像|文本|文字|资料|来源|材料)[ #]?[1-9]:"
    r"(?=[0-9零一二两三四五六七八九十])",
    re.IGNORECASE,
)
"""The number of a piece and a colon before a value: the two are no time (``证据1：6:45``)."""


def bare(text: str, languages: Languages) -> str:
    """Folded text without markup; a JSON object as lines."""
    text = _NUMBERED.sub(lambda match: match[0][:-1] + "\t", text)
    if "{" in text and '"' in text:
        text = _from_json(text, {key for lexicon in languages for key in lexicon.marks.keys}) or text
    return _unmark(text) if re.search(r"[*\\<`&_#>~^]", text) else text


def _from_json(text: str, keys: set[str]) -> str | None:
    """A JSON object as lines of ``key: value``, its answer last; None when the text is not one."""
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end <= start or text[:start].strip(" \n`jsonJSON:"):
        return None
    try:
        data = json.loads(text[start : end + 1])
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    lines: list[str] = []
    answer: str | None = None
    for key, value in data.items():
        written = {True: "yes", False: "no"}.get(value) if isinstance(value, bool) else None
        if written is None:
            written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        name = str(key).lower().replace("_", " ")
        if name in keys and answer is None:
            answer = written
        else:
            lines.append(f"{name}: {written}")
    lines.append("" if answer is None else f"answer: {answer}")
    tail = text[end + 1 :].strip(" \n`")
    return "\n".join([tail, *lines] if tail else lines)


def _boxed(text: str) -> str:
    """The last LaTeX box as a marked answer behind the text (braces are matched, so nested groups survive)."""
    boxes = list(_BOXED.finditer(text))
    if not boxes:
        return text
    last = boxes[-1]
    depth, at = 1, last.end()
    while at < len(text) and depth:
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    inner = text[last.end() : at - 1 if depth == 0 else at]
    return f"{text[: last.start()].rstrip(' $')} {inner}{text[at:].lstrip('$')}\nfinal answer: {inner}"


def _unmark(text: str) -> str:
    """Markdown, HTML and LaTeX dressing removed."""
    if "\\" in text:
        text = _boxed(text)
        for _ in range(2):
            text = _LATEX_GROUP.sub(r"\1", text)
        text = _LATEX_SPACE.sub(" ", text).replace("\\$", "$").replace("\\%", "%").replace("\\", " ").replace("{,}", ",")
    text = _SUPERSCRIPT.sub(r"\1", text)
    if "<" in text:
        for opening, closing in _BOXES:
            low = text.lower()
            at = low.rfind(opening)
            if at >= 0:
                end = low.find(closing, at)
                inner = text[at + len(opening) : end if end >= 0 else len(text)].strip()
                text = f"{text}\nfinal answer: {inner}"
        text = _TAG.sub("\n", text)
    if "&" in text and ";" in text:
        text = fold(html.unescape(text))
    text = _STRUCK.sub(" ", text).replace("*", "").replace("```json", "").replace("`", "").replace("__", "")
    return _HEADING.sub("", text)


_MARKER = re.compile(r"(?m)^[ \t]*[(\[]?([0-9]{1,2})[.)、\]](?![0-9](?!\.[0-9]|[颗个型]))[ \t]*")


def _without_markers(text: str) -> str:
    """A text without the numbers of a list whose lines run from 1: they number, and are no values."""
    markers = list(_MARKER.finditer(text))
    if len(markers) < 2 or [int(marker[1]) for marker in markers] != list(range(1, len(markers) + 1)):
        return text
    return _MARKER.sub("- ", text)


# --- marks -----------------------------------------------------------------------------------------------------------


class Mark(NamedTuple):
    """A mark of an answer: where it stands, and whether it is that of a final one."""

    end: int
    start: int
    final: bool


def _marks(low: str, languages: Languages) -> list[Mark]:
    return sorted(
        Mark(match.end(), match.start(), match["final"] is not None)
        for lexicon in languages
        for match in lexicon.marks.answer.finditer(low)
    )


def _first_turn(shown: str, first: bool, languages: Languages) -> int:
    """Where a model goes on after its answer: with a question or evidence that it puts to itself, or with another answer."""
    low, cut = shown.lower(), len(shown)
    marks = _marks(low, languages)
    for lexicon in languages:
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
        return max((match.end() for lexicon in languages for match in lexicon.marks.weak.finditer(low)), default=-1)
    finals = [mark.end for mark in marks if mark.final]
    if finals:
        return finals[-1]
    running = all(
        "\n" not in low[mark.end : other.end - 1].strip() and low[mark.end : other.end].count("\n") <= 2
        for mark, other in pairwise(marks)
    )
    return marks[0 if running else -1].end
