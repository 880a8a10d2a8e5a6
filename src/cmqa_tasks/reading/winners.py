"""Scores whose order the words around them give away: *the away side won 6-4* is 4-6 with the home side first."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cmqa_tasks.reading.mention import Mention

Teams = tuple[tuple[str, ...], tuple[str, ...]]
"""How the home and the away side may be called, in lower case."""

_AGAINST = re.compile(r" (?:against|versus|vs?\.?) |(?<=队)对")
_REACH = 90
_NICKNAME_ZH = 3
"""Characters of a side's name without its place: 飞燕队."""
_STOP = re.compile(r"[.!?;](?=\s|$)|[。！？；\n]")
_BEAT = re.compile(
    r"\b(?P<won>w[io]ns?|beats?|defeat(?:s|ed)|edged|thrashed|triumph(?:s|ed)|prevail(?:s|ed))\b"
    r"|\b(?P<lost>los(?:t|es|e)|(?:was|were|been|got) (?:beaten|defeated|edged|thrashed)|fell)\b"
    r"|(?P<won_zh>获胜|取胜|战胜|击败|力克|险胜|胜出|赢|胜)|(?P<lost_zh>不敌|惜败|落败|败给|败于|输|负)"
)
_TO = re.compile(r" ?,? ?(?:to|for|in favou?r of|(?:win|victory) for) (?:the )?")


def teams_of(entity: str) -> Teams | None:
    """Both sides of a match by the name of the match, whole and by the last word where that tells them apart."""
    parts = _AGAINST.split(entity)
    if len(parts) != 2:
        return None
    home, away = (part.strip() for part in parts)
    short = [part.split()[-1] if " " in part else part[-_NICKNAME_ZH:] for part in (home, away)]
    if short[0] == short[1]:
        return (home,), (away,)
    return (home, short[0]), (away, short[1])


def home_first(low: str, mention: Mention, all_teams: Sequence[Teams]) -> Mention:
    """A score with the home side first where its sentence says who won, for whoever won has the more goals."""
    home, _, away = mention.readings[0].partition("-")
    if not home.isdigit() or not away.isdigit() or home == away:
        return mention
    for teams in all_teams:
        winner = _winner(low, mention, teams)
        if winner is not None:
            more, fewer = sorted((int(home), int(away)), reverse=True)
            return mention._replace(readings=(f"{more}-{fewer}" if winner == 0 else f"{fewer}-{more}",))
    return mention


def _winner(low: str, mention: Mention, teams: Teams) -> int | None:
    """0 where the home side is said to have won, 1 for the away side."""
    to = _TO.match(low, mention.end)
    if to is not None:
        return next((side for side in (0, 1) if low.startswith(teams[side], to.end())), None)
    start = max(0, mention.start - _REACH)
    for stop in _STOP.finditer(low, start, mention.start):
        start = stop.end()
    stop_after = _STOP.search(low, mention.end)
    end = min(mention.end + (8 if stop_after is None else min(8, stop_after.start() - mention.end)), len(low))
    verb = _BEAT.search(low, start, end)
    if verb is None:
        return None
    before = [max(low.rfind(name, start, verb.start()) for name in side) for side in teams]
    if max(before) < 0 or _BEAT.search(low, verb.end(), mention.start) is not None:
        return None
    subject = 0 if before[0] > before[1] else 1
    won = verb["won"] is not None or verb["won_zh"] is not None
    return subject if won else 1 - subject
