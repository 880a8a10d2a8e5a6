"""From the raw characters of a response to plain text: folding, markup, hidden reasoning, the answer's own line.

Two stages, because they keep different promises:

* :func:`fold` never changes a text's length, so that spans found in the folded text are spans of the original;
* :func:`visible` and :func:`plain` drop what is not part of the answer (reasoning tags, markup), and do change it.
"""

from __future__ import annotations

import html
import json
import re
from typing import NamedTuple

LIMIT = 20_000
"""Longest response, in characters, that is read whole."""
WINDOW = 8_000
"""Of a longer response, how many characters are read at its head and at its tail."""

FOLDED: dict[int, str] = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},  # full-width forms
    **dict.fromkeys([0xA0, 0x3000, 0x202F, 0x205F, 0xFE0F, 0xFEFF, 0x2060, 0x2028, 0x2029, *range(0x2000, 0x200E)], " "),
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2015\u2212\ufe63\u02d7\u207b\u208b\u2796\uff0d"), "-"),
    **dict.fromkeys(map(ord, "\u2018\u2019\u201b\u02bc\u2032\uff07\u00b4"), "'"),
    **dict.fromkeys(map(ord, "\u201c\u201d\u201e\u2033\u00ab\u00bb"), '"'),
    **dict.fromkeys(map(ord, "\ufe62\u207a\u208a\u2795"), "+"),
    **dict.fromkeys(map(ord, "\u00b5\u03bc"), "u"),
    ord("\u2044"): "/",
    ord("\u2215"): "/",
    ord("\u2236"): ":",
    ord("\u00d7"): "x",
    ord("\u2022"): "-",
    ord("\u3002"): ".",
    ord("\u0130"): "I",  # the one character whose lower case is longer than itself
}
"""Typographic variants and what :func:`fold` makes of each; always one character."""

_THINK_CLOSE = ("</think>", "</thinking>", "</reasoning>", "</thought>", "\u25c1/think\u25b7", "[/THINK]")
_THINK_OPEN = ("<think>", "<thinking>", "<reasoning>", "<thought>", "\u25c1think\u25b7", "[THINK]")
_BOXES = (("<answer>", "</answer>"), ("<|begin_of_box|>", "<|end_of_box|>"))
_TAG = re.compile(r"<[/!]?[a-zA-Z|][^<>]{0,80}>")
_HEADING = re.compile(r"^[ \t]{0,3}(?:#{1,6}|>)[ \t]*", re.MULTILINE)
_STRUCK = re.compile(r"~~[^~\n]{1,200}~~")
_BOXED = re.compile(r"\\(?:boxed|fbox)\s?\{")
_SUPERSCRIPT = re.compile(r"\^ ?\{? ?([+-]) ?\}?|</?sup>")
"""The sign of a blood group in LaTeX or HTML."""
_LATEX_GROUP = re.compile(r"\\(?:textsuperscript|text|mathrm|mathbf|textbf|mbox|boxed|fbox|operatorname)\s?\{([^{}]{0,400})\}")
_LATEX_SPACE = re.compile(r"\\[,;:!() \[\]]")
MARKER = re.compile(
    r"(?:^|[\n.!?;>])[ \t]*(?:(?:so|thus|therefore|hence),?\s)?(?:the\s|my\s)?(?:final\s|short\s|correct\s|direct\s|best\s)?"
    r"(?:answer|conclusion|verdict)(?:\sis)?[ \t]*(?::|=|\n|[ \t]-[ \t])\s*(?=[^\s])",
    re.IGNORECASE,
)
_ANSWER_KEYS = (
    "final_answer", "final answer", "answer", "value", "result", "response", "最终答案", "答案", "回答", "结果", "结论", "值",
)  # fmt: skip


class Parts(NamedTuple):
    """A response as read: everything that is shown to the user, and the line that it calls its answer."""

    body: str
    """Visible text without markup; letter case kept."""
    low: str
    """The same in lower case, character for character."""
    final: int
    """Where the explicitly marked answer begins in ``body``; -1 when none is marked."""


def fold(text: str) -> str:
    """Typographic variants as plain ASCII, one character for one, so that positions keep their meaning."""
    return text if text.isascii() else text.translate(FOLDED)


def visible(response: str) -> tuple[str, bool]:
    """The part of a response outside reasoning tags, and whether it is an answer at all.

    A closing tag ends the reasoning even when the opening one stood in the prompt. Reasoning that never ends, or after
    which nothing follows, holds no answer unless it marks one; it is returned with ``False``.
    """
    if "<" not in response and "\u25c1" not in response and "THINK]" not in response:
        return response, True
    end = -1
    for tag in _THINK_CLOSE:
        at = response.rfind(tag)
        if at >= 0:
            end = max(end, at + len(tag))
    if end >= 0:
        rest = response[end:]
        rest_open = min((at for tag in _THINK_OPEN if (at := rest.find(tag)) >= 0), default=-1)
        if rest_open >= 0:
            rest = rest[:rest_open]
        return (rest, True) if rest.strip() else (response[:end], False)
    start = min((at for tag in _THINK_OPEN if (at := response.find(tag)) >= 0), default=-1)
    if start < 0:
        return response, True
    before = response[:start]
    return (before, True) if before.strip() else (response[start:], False)


def _from_json(text: str) -> str | None:
    """A JSON object as lines of ``key: value``, its answer last; ``None`` when the text is not one."""
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
        name = str(key).lower()
        if name in _ANSWER_KEYS and answer is None:
            answer = written
        else:
            lines.append(f"{name.replace('_', ' ')}: {written}")
    lines.append("" if answer is None else f"answer: {answer}")
    tail = text[end + 1 :].strip(" \n`")
    if tail:
        lines.insert(0, tail)
    return "\n".join(lines)


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
    return f"{text[: last.start()].rstrip(' $')} {inner}{text[at:].lstrip('$')}\nanswer: {inner}"


def _unmark(text: str) -> str:
    """Markdown, HTML and LaTeX dressing removed."""
    if "\\" in text:
        if "\\boxed" in text or "\\fbox" in text:
            text = _boxed(text)
        for _ in range(2):
            text = _LATEX_GROUP.sub(r"\1", text)
        text = _LATEX_SPACE.sub(" ", text).replace("\\$", "$").replace("\\%", "%").replace("\\", " ").replace("{,}", ",")
    if "^" in text or "<sup>" in text:
        text = _SUPERSCRIPT.sub(r"\1", text)
    if "<" in text:
        for opening, closing in _BOXES:
            at = text.rfind(opening)
            if at >= 0:
                inner = text[at + len(opening) :].split(closing, 1)[0]
                text = f"{text}\nanswer: {inner}"
        text = _TAG.sub("\n", text)
    if "&" in text and ";" in text:
        text = fold(html.unescape(text))
    if "~~" in text:
        text = _STRUCK.sub(" ", text)
    if "*" in text:
        text = text.replace("*", "")
    if "`" in text:
        text = text.replace("```json", "").replace("`", "")
    if "__" in text:
        text = text.replace("__", "")
    if "#" in text or ">" in text:
        text = _HEADING.sub("", text)
    return text


def plain(text: str) -> Parts:
    """Visible English text without markup, and where its marked answer begins."""
    text = bare(fold(text))
    low = text.lower()
    final = -1
    if "answer" in low or "conclusion" in low or "verdict" in low:
        for match in MARKER.finditer(text):
            final = match.end()
    return Parts(text, low, final)


_COLON = re.compile(":(?=[0-9零一二两三四五六七八九十])(?<=[1-9]:)")
_SOURCE = re.compile(
    "(?:evidence|image|picture|text|source|piece|document|passage|证据|證據|图片?|圖片?|图像|文本|文字|资料|資料|来源|來源|材料)"
    "[ #]?.$",
    re.IGNORECASE,
)


def _uncolon(match: re.Match[str]) -> str:
    """A tab for the colon between the number of a piece and a value, lest the two are read as a time: ``证据1：6:45``."""
    at = match.start()
    return "\t" if _SOURCE.search(match.string, max(0, at - 12), at) is not None else ":"


def bare(text: str) -> str:
    """Folded text without markup; a JSON object as lines."""
    if ":" in text:
        text = _COLON.sub(_uncolon, text)
    if "{" in text and '"' in text:
        text = _from_json(text) or text
    t = text  # chained by hand: this runs on every response
    if "*" in t or "\\" in t or "<" in t or "`" in t or "&" in t or "_" in t or "#" in t or ">" in t or "~" in t or "^" in t:
        return _unmark(text)
    return text


def windows(text: str) -> tuple[str, str]:
    """Head and tail of a text beyond :data:`LIMIT`, cut at white space so that no number is cut in two."""
    head, tail = text[:WINDOW], text[-WINDOW:]
    cut = max(head.rfind(" "), head.rfind("\n"))
    starts = [at for at in (tail.find(" "), tail.find("\n")) if at >= 0]
    return head[:cut] if cut > 0 else "", tail[min(starts) :] if starts else ""
