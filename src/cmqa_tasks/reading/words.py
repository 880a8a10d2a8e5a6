"""The kinds whose values are words: blood groups, directions, colours, weather, allergens, names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from cmqa_tasks.reading.mention import BARE, FOREIGN, TYPED, Mention, clear_of, longest
from cmqa_tasks.reading.numerals import chinese, english
from cmqa_tasks.reading.text import has_han, is_han, islands

# --- blood groups ----------------------------------------------------------------------------------------------------


def _rhesus(written: str) -> str:
    return "+" if written.lower().startswith(("+", "pos", "plus", "阳")) else "-"


def _latin_groups(text: str) -> list[Mention]:
    patterns = english().patterns
    groups: list[Mention] = []
    for match in patterns["rhesus_first"].finditer(text):
        groups.append(Mention(*match.span(), (match["abo"].upper() + _rhesus(match["sign"]),), TYPED))
    first = list(groups)
    for match in patterns["blood_group"].finditer(text):
        start, end = match.span()
        letters, sign = match["abo"], match["word"] or match["sign"] or match["spaced"] or ""
        typed = patterns["type_before"].search(text, max(0, start - 14), start) is not None
        symbol = sign in ("+", "-", "+ve", "-ve")
        whole = start == 0 and end >= len(text.rstrip(" .!\n"))
        article = letters == "a" and re.match(r"a rh(?:esus)?[ -]*(?:neg|pos)", text[start:]) is not None  # a rhesus negative
        if letters.islower() and (article or not (symbol or whole or typed or letters == "ab" or "rh" in match[0].lower())):
            continue
        if letters == "0" and not (sign and (symbol or typed or whole)):
            continue
        reading = letters.upper().replace("0", "O")
        if sign:
            groups.append(Mention(start, end, (reading + _rhesus(sign),), TYPED))
        elif typed or whole:
            groups.append(Mention(start, end, (reading,), BARE))
    return sorted([*first, *clear_of(groups[len(first) :], first)])


def _han_groups(text: str) -> list[Mention]:
    patterns = chinese().patterns
    first = [
        Mention(*match.span(), (match["abo"].upper() + _rhesus(match["sign"]),), TYPED)
        for match in patterns["rhesus_first"].finditer(text)
    ]
    groups: list[Mention] = []
    for match in patterns["blood_group"].finditer(text):
        sign, letters = match["rh"] or match["sign"], match["abo"].upper().replace("0", "O")
        if sign:
            groups.append(Mention(match.start(), match.end(), (letters + _rhesus(sign),), TYPED))
        elif match["type"]:
            groups.append(Mention(match.start(), match.end(), (letters,), BARE))
    return sorted([*first, *clear_of(groups, first)])


# --- directions ------------------------------------------------------------------------------------------------------

_SHORT = {"n": "north", "s": "south", "e": "east", "w": "west"}
_POINTS = {"北": "north", "南": "south", "东": "east", "西": "west"}
_OPPOSITE = ({"north", "south"}, {"east", "west"}, {"东", "西"}, {"南", "北"})
_STANDS = frozenset('。，,.;!?、)"\n而的不是为和与或但还在 (:]了呢吧啊走行进开看去出')


def _latin_points(text: str) -> list[Mention]:
    low, patterns = text.lower(), english().patterns
    points: list[Mention] = []
    for match in patterns["point"].finditer(low):
        first, second, third = match["a"], match["b"], match["c"]
        if not third and second and {first, second} in _OPPOSITE:
            continue
        named = patterns["thoroughfare"].match(low, match.end()) is not None
        reading = "-".join(filter(None, (first, second if second != first else None, third)))
        points.append(Mention(match.start(), match.end(), (reading,), FOREIGN if named else TYPED))
    for match in patterns["short_point"].finditer(text):
        start, end = match.span()
        if match["one"]:
            alone = start == 0 and text[end : end + 2] in ("", ".", "!", " (", "\n")
            if not alone and patterns["before_letter"].search(low, max(0, start - 12), start) is None:
                continue
            reading = _SHORT[match["one"].lower()]
        else:
            reading = f"{_SHORT[match['ns'].lower()]}-{_SHORT[match['ew'].lower()]}"
        points.append(Mention(start, end, (reading,), TYPED))
    return sorted(points)


def _han_points(text: str) -> list[Mention]:
    """*东北*, *正北*, *西南方向*, *朝南*; none inside a name (*北京*, *东西*)."""
    patterns = chinese().patterns
    points: list[Mention] = []
    for match in patterns["point"].finditer(text):
        start, end = match.span()
        first, second, tail = match["a"], match["b"], match["tail"]
        third = match["c"] or match["by"]
        before, after = text[start - 1 : start], text[end : end + 1]
        if second and ({first, second} in _OPPOSITE or second == first):
            continue
        if not third and tail == "偏":
            continue
        vertical, other = (first, second) if first in "南北" else (second, first)
        reading = "-".join(_POINTS[point] for point in ((vertical, other) if second else (first,)))
        reading += f"-{_POINTS[third]}" if third else ""
        if not tail and patterns["thoroughfare"].match(text, end):
            if not is_han(before) or before in "在到沿":
                points.append(Mention(start, end, (reading,), FOREIGN))
            continue
        if tail in ("部", "端", "侧", "边", "面") and after in ("门", "站"):
            continue
        towards = patterns["towards"].search(text, max(0, start - 3), start) is not None
        alone = not is_han(before) or (not match["lead"] and towards)
        stands = not is_han(after) or after in _STANDS
        if (tail or match["lead"] or stands or alone) if second else (tail or match["lead"] == "正" or (alone and stands)):
            points.append(Mention(start, end, (reading,), TYPED))
    return points


# --- words of a closed class -----------------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def _forms(kind: str, han: bool) -> tuple[Mapping[str, tuple[str, ...]], str]:
    """Written form → the terms it may stand for, and an alternation of all forms, longest first."""
    terms: Mapping[str, tuple[str, ...]] = getattr(chinese() if han else english(), kind)
    forms: dict[str, tuple[str, ...]] = {}
    for term, words in terms.items():
        for word in words:
            forms[word] = (*forms.get(word, ()), term.replace("_", " "))
    joined = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    return forms, joined if han else rf"(?<![a-z])(?:{joined.replace(chr(92) + ' ', '[ -]')})(?![a-z])"


def _closed(low: str, kind: str) -> list[Mention]:
    forms, pattern = _forms(kind, False)
    mentions: list[Mention] = []
    for match in re.compile(pattern).finditer(low):
        form = match[0] if match[0] in forms else match[0].replace("-", " ")
        terms = forms[form]
        mentions.append(Mention(match.start(), match.end(), terms if form in terms else (*terms, form), TYPED))
    return mentions


def _latin_colours(low: str) -> list[Mention]:
    """A compound such as *blue-green* reads as itself, not as its parts."""
    merged: list[Mention] = []
    for mention in _closed(low, "colour"):
        if merged and low[merged[-1].end : mention.start] == "-":
            start = merged.pop().start
            mention = Mention(start, mention.end, (low[start : mention.end],), TYPED)
        merged.append(mention)
    return merged


def _latin_weather(low: str) -> list[Mention]:
    clear = english().patterns["clear"].finditer(low)
    return sorted([*_closed(low, "weather"), *(Mention(m.end() - 5, m.end(), ("sunny", "clear"), TYPED) for m in clear)])


@lru_cache(maxsize=1)
def _han_colour() -> re.Pattern[str]:
    forms, _ = _forms("colour", True)
    shades = "|".join(sorted((form for form in forms if len(form) > 1 and form != "巧克力"), key=len, reverse=True))
    return re.compile(rf"(?P<long>{shades})(?:颜?色(?:系)?)?|{chinese().patterns['plain_colour'].pattern}")


def _han_colours(low: str) -> list[Mention]:
    """A compound such as *黄绿色* reads as itself; *琥珀* is a colour only with *色* behind it, or as the whole answer."""
    mentions: list[Mention] = []
    forms, _ = _forms("colour", True)
    things = chinese().patterns["coloured_things"]
    for match in _han_colour().finditer(low):
        start, end = match.span()
        form, before = match[match.lastgroup or 0], low[start - 1 : start]
        if match["long"] and things.fullmatch(form) and not match[0].endswith("色") and end - start < len(low.strip(" 。.!")):
            continue
        if match["short"]:
            if chinese().patterns["not_colour"].match(low, start - 1) if start else False:
                continue
            if not match[0].endswith("的") and is_han(before) and chinese().patterns["before_colour"].match(before) is None:
                continue
        mentions.append(Mention(start, end, (*forms.get(form, ()), form), TYPED))
    return mentions


def _han_closed(low: str, kind: str) -> list[Mention]:
    """Words of a class, none inside another word (*雨伞* is no rain): ``not_…`` of the lexicon says where."""
    forms, pattern = _forms(kind, True)
    within = chinese().patterns[f"not_{kind}"]
    mentions: list[Mention] = []
    for match in re.compile(pattern).finditer(low):
        (start, end), form = match.span(), match[0]
        if within.match(low, start - 1) if start else within.match(f"~{low[:12]}"):
            continue
        end += kind == "allergen" and low[end : end + 1] == "酱"
        mentions.append(Mention(start, end, (*forms[form], form), TYPED))
    return mentions


# --- names -----------------------------------------------------------------------------------------------------------

_SPACES = re.compile(r"[\s\-]+")


@lru_cache(maxsize=1)
def _types() -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """Words for one type of place, its abbreviations among them, and all that a name of a place may end in."""
    groups = tuple(tuple(words) for words in english().names)
    return groups, tuple(english().name_ends)


def tolerant(name: str) -> re.Pattern[str]:
    """A pattern, over folded lower-case text, for a name in its usual spellings: *Saint Mary's Rd* for *St. Mary's Road*."""
    tokens = [token.rstrip(".") for token in _SPACES.split(name.lower().replace(",", " , ").strip()) if token.rstrip(".")]
    groups, _ = _types()

    def variants(token: str) -> str:
        spellings = {word for group in groups if token in group for word in group}
        if spellings:
            return "(?:" + "|".join(re.escape(word) for word in sorted(spellings, key=len, reverse=True)) + r")\.?"
        return re.escape(token).replace("'", "'?") + r"\.?" * (len(token) <= 2)

    joined = r"[\s\-]*".join(map(variants, tokens)).replace(r"[\s\-]*,\.?[\s\-]*", r",?\s*")
    return re.compile(rf"(?<![^\W\u3400-\u9fff]){joined}(?![^\W\u3400-\u9fff])")


def own_part(name: str) -> str:
    """A name without its type: *elm* of *Elm Street*, *榆树* of *榆树街*; empty when too little would be left."""
    if has_han(name):
        own = chinese().patterns["name_type"].sub("", name)
        return own if 2 <= len(own) < len(name) else ""
    tokens = name.lower().replace("-", " ").split()
    if len(tokens) < 2 or tokens[-1].rstrip(".") not in _types()[1]:
        return ""
    return " ".join(token for token in tokens[:-1] if token != "the")


def _latin_names(text: str) -> list[Mention]:
    """Place-like names by their shape, other capitalised ones as :data:`~cmqa_tasks.reading.mention.BARE`."""
    patterns = english().patterns
    mentions: list[Mention] = []
    for shape, level in ((patterns["place"], TYPED), (patterns["capitalised"], BARE)):
        taken = list(mentions)
        for match in shape.finditer(text):
            lead = patterns["name_lead"].match(match[0])
            written = match[0][lead.end() :] if lead else match[0]
            if (" " in written or "-" in written) and (level == TYPED or (" " in written and not written.isupper())):
                mentions += clear_of([Mention(match.end() - len(written), match.end(), (written,), level)], taken)
        mentions.sort()
    if not mentions and len(text) < 60:
        mentions = [Mention(*match.span(), (match[0],), BARE) for match in patterns["lower_place"].finditer(text)]
    return mentions


def _han_names(text: str) -> list[Mention]:
    """Place-like names by their ending; where one begins is a guess, cut behind the last word that no name holds."""
    patterns = chinese().patterns
    mentions: list[Mention] = []
    for match in patterns["place"].finditer(text):
        written = patterns["name_lead"].sub("", match[0])
        long = len(written) > 2 or (len(written) == 2 and written[1] in "街路巷桥")
        if long and patterns["not_name"].fullmatch(written) is None:
            mentions.append(Mention(match.end() - len(written), match.end(), (written,), BARE))
    return mentions


_LATIN: Mapping[str, Callable[[str], list[Mention]]] = {
    "blood_group": _latin_groups,
    "direction": _latin_points,
    "colour": lambda text: _latin_colours(text.lower()),
    "weather": lambda text: _latin_weather(text.lower()),
    "allergen": lambda text: _closed(text.lower(), "allergen"),
    "name": _latin_names,
}
_HAN: Mapping[str, Callable[[str], list[Mention]]] = {
    "blood_group": _han_groups,
    "direction": _han_points,
    "colour": lambda text: _han_colours(text.lower()),
    "weather": lambda text: _han_closed(text.lower(), "weather"),
    "allergen": lambda text: _han_closed(text.lower(), "allergen"),
    "name": _han_names,
}


def read_words(cased: str, kind: str) -> list[Mention]:
    """Mentions of a kind in a folded text whose letter case is kept; the longer of two that overlap, Chinese before English."""
    if not has_han(cased):
        return _LATIN[kind](cased)
    return longest([*_HAN[kind](cased), *_LATIN[kind](islands(cased))])
