"""Text without markup: Markdown, LaTeX, HTML and JSON, as far as models write answers in them."""

from __future__ import annotations

import html
import json
import re

from cmqa_tasks.reading.lexicon import Languages
from cmqa_tasks.reading.text import fold

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
    lines.append("" if answer is None else f"final answer: {answer}")
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


def without_markers(text: str) -> str:
    """A text without the numbers of a list whose lines run from 1: they number, and are no values."""
    markers = list(_MARKER.finditer(text))
    if len(markers) < 2 or [int(marker[1]) for marker in markers] != list(range(1, len(markers) + 1)):
        return text
    return _MARKER.sub("- ", text)
