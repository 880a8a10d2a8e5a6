"""Scores of a match: home and away goals, and who plays at home."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

from cmqa_tasks.reading.mention import BARE, TYPED, Mention, clear_of, longest
from cmqa_tasks.reading.numbers import scan, spelled_numbers
from cmqa_tasks.reading.numerals import chinese, english, integer
from cmqa_tasks.reading.plain import previous_word
from cmqa_tasks.reading.text import has_han, islands


@lru_cache(maxsize=1)
def _spelled_score() -> tuple[Mapping[str, int], re.Pattern[str]]:
    goals = {word: number for word, number in english().numerals.ones.items() if number <= 12}
    word = f"{'|'.join(sorted(goals, key=len, reverse=True))}|[0-9]{{1,2}}"
    return goals, re.compile(
        rf"(?<![a-z0-9.,:/-])(?P<h>{word})(?:(?: goals?)?(?: ?- ?| to |(?: points?)? to |[ -]| ?\u2014 ?)"
        rf"(?:goals? )?(?P<a>{word})(?![a-z0-9])|[ -](?P<all>all)\b)"
    )


def _scores(low: str) -> Iterator[Mention]:
    for match in english().patterns["score"].finditer(low):
        home, away = int(match["h"]), match["a"] or match["h"]
        clock = ":" in match[0] and len(away) == 2 and home < 24 and int(away) < 60  # more likely a time of day
        if not english().patterns["not_goals"].match(low, match.end()):
            yield Mention(match.start(), match.end(), (f"{home}-{int(away)}",), BARE if clock else TYPED)
    goals, spelled = _spelled_score()
    for match in spelled.finditer(low) if spelled_numbers(low) else ():
        if not english().patterns["not_goals"].match(low, match.end()):
            figures = [int(side) if side.isdigit() else goals[side] for side in (match["h"], match["a"] or match["h"])]
            yield Mention(match.start(), match.end(), (f"{figures[0]}-{figures[1]}",), TYPED)
    nil = re.search("goalless|scoreless", low)
    if nil is not None:
        yield Mention(nil.start(), nil.start() + 8, ("0-0",), TYPED)


def _han_scores(low: str) -> Iterator[Mention]:
    for name in ("score", "draw"):
        for match in chinese().patterns[name].finditer(low):
            home = integer(match["h"])
            away = home if name == "draw" else integer(match["a"])
            if home >= 0 and away >= 0:
                yield Mention(match.start(), match.end(), (f"{home}-{away}",), TYPED if name == "score" else BARE)
    at = low.find("互交白卷")
    if at >= 0:
        yield Mention(at, at + 4, ("0-0",), TYPED)


def score(low: str) -> list[Mention]:
    """Home and away goals. The order is the writer's: who plays at home cannot be told from the figures."""
    apart, han = low, list[Mention]()
    if has_han(low):
        apart, han = islands(low), list(_han_scores(low))
        goals = (
            []
            if han
            else [
                number for number in scan(low) if number.han and number.unit in ("球", "points", "个") and number.values[0] < 100
            ]
        )
        if len(goals) == 2 and len(low) < 80:  # 红队3球，蓝队1球
            reading = f"{int(goals[0].values[0])}-{int(goals[1].values[0])}"
            han = [Mention(goals[0].start, goals[1].unit_end, (reading,), BARE)]
    scores = list(_scores(apart)) or ([] if han else _team_by_team(apart))
    if apart is low:
        return longest(scores)
    numbers = [Mention(number.start, max(number.end, number.unit_end), (), 0) for number in scan(low) if number.han]
    return sorted([*longest(han), *clear_of(longest(scores), longest([*han, *numbers]))])


def _team_by_team(low: str) -> list[Mention]:
    """*Rovers 3, United 1*: the only two small numbers of a text, in order."""
    words = english()
    numbers = [
        match
        for match in words.patterns["goals"].finditer(low)
        if previous_word(low, match.start()).strip("(,.:") not in words.labels
        and not words.patterns["not_goals"].match(low, match.end())
    ]
    if len(numbers) != 2:
        return []
    home, away = numbers
    return [Mention(home.start(), away.end(), (f"{int(home[1])}-{int(away[1])}",), BARE)]


Teams = tuple[tuple[str, ...], tuple[str, ...]]
"""How the home and the away side may be called, in lower case."""
_STOP = re.compile(r"[.!?;](?=\s|$)|[。！？；\n]")


def teams_of(entity: str) -> Teams | None:
    """Both sides of a match by the name of the match, whole and by the last word where that tells them apart."""
    parts = english().patterns["against"].split(entity)
    if len(parts) != 2:
        return None
    home, away = (part.strip() for part in parts)
    short = [part.split()[-1] if " " in part else part[-3:] for part in (home, away)]
    return ((home,), (away,)) if short[0] == short[1] else ((home, short[0]), (away, short[1]))


def home_first(low: str, mention: Mention, all_teams: Sequence[Teams]) -> Mention:
    """A score with the home side first where its sentence says who won, for whoever won has the more goals."""
    home, _, away = mention.readings[0].partition("-")
    if home == away:
        return mention
    for teams in all_teams:
        winner = _winner(low, mention, teams)
        if winner is not None:
            more, fewer = sorted((int(home), int(away)), reverse=True)
            return mention._replace(readings=(f"{more}-{fewer}" if winner == 0 else f"{fewer}-{more}",))
    return mention


def _winner(low: str, mention: Mention, teams: Teams) -> int | None:
    """0 where the home side is said to have won, 1 for the away side."""
    to = english().patterns["score_to"].match(low, mention.end)
    if to is not None:
        return next((side for side in (0, 1) if low.startswith(teams[side], to.end())), None)
    start = max(0, mention.start - 90)
    for stop in _STOP.finditer(low, start, mention.start):
        start = stop.end()
    after = _STOP.search(low, mention.end)
    verb = english().patterns["beat"].search(low, start, min(mention.end + 8, len(low) if after is None else after.start()))
    if verb is None:
        return None
    before = [max(low.rfind(name, start, verb.start()) for name in side) for side in teams]
    if max(before) < 0 or english().patterns["beat"].search(low, verb.end(), mention.start) is not None:
        return None
    subject = 0 if before[0] > before[1] else 1
    return subject if verb["won"] or verb["won_zh"] else 1 - subject


READERS: Mapping[str, Callable[[str], list[Mention]]] = {"score": score}
