"""News: the front page of a local paper's web site, for a town that does not exist.

A scene is one issue of the paper. It reports a festival (how many came), a building or line that reopens (when), a
hockey match (its score), the turnout in four wards (a bar chart) and the weather of the next four days (icons).
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from random import Random
from typing import Any

from cmqa_tasks.facts.records import Kind
from cmqa_tasks.worlds.base import FactType, Phrasebook, Scene, View, World, pick, spread
from cmqa_tasks.worlds.languages import Written, write


def _keys(words: str) -> list[str]:
    """The keys of a table of names, which read better in a row than one to a line."""
    return words.split()


_STEMS = _keys(
    "arrel belver corrin drummel elver farrel gossam hazen issel jessel kestle larrin merrin nettle ollen perrin "
    "quince rennic salden tressel ulver varden wexel yarlen zellen"
)
_ENDINGS = _keys("bridge bury combe dale field ford gate haven hurst mere mouth port stead stow ton wick wood worth")
"""A town is a stem and an ending. Their numbers (25 and 18) share no factor: that makes ``_town`` one-to-one."""

_PAPERS = _keys("argus chronicle courier echo gazette herald journal mercury observer post record tribune")
_FESTIVALS = _keys(
    "balloon book cheese chess choir clock comedy craft dance drum film folk food garden honey horse jazz kite lantern "
    "light lute model-train poetry pottery puppet science steam street-art toy wool"
)
_PLACES = _keys(
    "botanic-garden bus-station canal-footbridge castle-museum central-library cliff-railway clock-museum concert-hall "
    "corn-exchange ferry-bridge fish-market harbour-line hill-tramway ice-rink lighthouse lyric-cinema market-hall "
    "north-tunnel observatory old-mill-bridge orchard-cinema palm-house park-library river-pool sports-hall "
    "station-tunnel swan-theatre toy-museum valley-line water-tower"
)
_TEAMS = _keys("badgers falcons foxes harriers herons kites otters rovers stags swifts united wanderers")
_WARDS = _keys(
    "abbey beacon bridge canal castle chapel cross dock elm ferry forge grove heath hill lake manor market mill moor "
    "park priory quarry quay spring temple tower wharf willow"
)
_PEOPLE = [f"person-{number:02d}" for number in range(24)]
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_CROWDS = [crowd for crowd in (*range(2_000, 10_000, 50), *range(10_000, 20_000, 100)) if crowd % 1_000]
"""Below twenty thousand and never a round thousand: the words of distant numbers are then never part of each other."""
_TURNOUTS = range(20, 100, 10)
_SCORES = [f"{home}-{away}" for home in range(1, 7) for away in range(1, 7)]
"""No team goes without a goal: English has too many words for none."""
_WEATHER = ("sunny", "cloudy", "rain", "thunderstorm", "snow", "fog")
_WEATHER_PAIRS = (
    ("sunny", "cloudy"),
    ("sunny", "rain"),
    ("sunny", "thunderstorm"),
    ("sunny", "snow"),
    ("sunny", "fog"),
    ("rain", "snow"),
    ("rain", "fog"),
    ("thunderstorm", "snow"),
    ("thunderstorm", "fog"),
    ("snow", "fog"),
)
"""Kinds of weather that rule each other out. Rain under clouds or in a thunderstorm is no contradiction."""


def _town(number: int) -> str:
    """Town by number; towns with neighbouring numbers share neither stem nor ending."""
    return f"{_STEMS[number % len(_STEMS)]}-{_ENDINGS[number % len(_ENDINGS)]}"


def _other_towns(rng: Random, town: str, count: int) -> list[str]:
    """Towns that nobody mistakes for ``town`` or for each other: no stem occurs twice."""
    stems = rng.sample([stem for stem in _STEMS if stem != town.partition("-")[0]], count)
    return [f"{stem}-{rng.choice(_ENDINGS)}" for stem in stems]


def _draw_scene(rng: Random, seed: int, ordinal: int) -> Scene:
    towns = len(_STEMS) * len(_ENDINGS)
    slot, number = divmod(spread(ordinal, towns * len(_WEEKDAYS), seed), towns)
    town = _town(number)
    # A town returns once per slot: then its paper asks about another weekday, festival, place, ward and team.
    own = Random(f"news:{seed}:{town}")
    pools = (_FESTIVALS, _PLACES, _WARDS, _TEAMS)
    festival, place, ward, team = (own.sample(pool, len(_WEEKDAYS))[slot] for pool in pools)
    neighbour, rival, *others = _other_towns(rng, town, 4)
    return {
        "town": town,
        "neighbour": neighbour,
        "paper": rng.choice(_PAPERS),
        "person": rng.choice(_PEOPLE),
        "festival": festival,
        "other_festival": pick(rng, _FESTIVALS, but=(festival,)),
        **_draw_counts(rng),
        "place": place,
        "other_place": pick(rng, _PLACES, but=(place,)),
        "home": [town, team],
        "away": [rival, pick(rng, _TEAMS, but=(team,))],
        "other_home": [others[0], rng.choice(_TEAMS)],
        "other_away": [others[1], rng.choice(_TEAMS)],
        **_draw_scores(rng),
        **_draw_wards(rng, ward),
        **_draw_days(rng, slot),
    }


def _draw_counts(rng: Random) -> dict[str, str]:
    other = rng.choice(_CROWDS)
    programmes = rng.choice(_crowds_unlike(other))
    return {
        "attendance": str(rng.choice(_crowds_unlike(other, programmes))),
        "other_attendance": str(other),
        "programmes": str(programmes),
        "stalls": str(rng.randrange(40, 160)),
        "volunteers": str(rng.randrange(170, 490)),
    }


def _crowds_unlike(*others: int) -> list[int]:
    """Crowds at least a tenth from each of ``others``, and in no language a part of one of them, as 2,400 of 12,400."""
    return [
        crowd
        for crowd in _CROWDS
        if all(abs(crowd - other) * 10 >= max(crowd, other) and (crowd - other) % 10_000 for other in others)
    ]


def _draw_scores(rng: Random) -> dict[str, str]:
    match = rng.choice(_SCORES)
    other = pick(rng, _SCORES, but=(match, match[::-1]))
    junior = pick(rng, _SCORES, but=(match, match[::-1], other, other[::-1]))
    veteran = pick(rng, _SCORES, but=tuple(order for score in (match, other, junior) for order in (score, score[::-1])))
    return {"match": match, "other_match": other, "junior_match": junior, "veteran_match": veteran}


def _draw_wards(rng: Random, ward: str) -> dict[str, Any]:
    """Four wards in the order of the chart; the one asked about takes its height from the field ``turnout``."""
    wards = rng.sample([name for name in _WARDS if name != ward], 3)
    values = [str(value) for value in rng.sample(_TURNOUTS, 4)]
    return {
        "ward": ward,
        "ward_place": rng.randrange(4),
        "other_wards": [list(entry) for entry in zip(wards, values[1:], strict=True)],
        "turnout": values[0],
        "postal": str(rng.randrange(11, 20)),
    }


def _draw_days(rng: Random, weekday: int) -> dict[str, Any]:
    """The calendar of the issue, and the weather of the four days after it, one of which is ``weekday``.

    Issues are of March, April or October, when every kind of weather may come, and the year never turns within a scene.
    """
    year, spring, place = rng.randrange(2026, 2032), rng.random() < 0.5, rng.randrange(4)
    earliest = datetime.date(year, 3 if spring else 10, 1) + datetime.timedelta(rng.randrange(20))
    issue = earliest + datetime.timedelta((weekday - place - 1 - earliest.weekday()) % 7)
    closed = datetime.date(year, 1 if spring else 5, 5) + datetime.timedelta(rng.randrange(45))
    reopening, other_reopening = (day.isoformat() for day in rng.sample(_reopening_days(issue), 2))
    pair = rng.choice(_WEATHER_PAIRS)
    other_days = rng.sample([weather for weather in _WEATHER if weather not in pair], 3)
    return {
        "issue": issue.isoformat(),
        "closed": closed.isoformat(),
        "council": (issue + datetime.timedelta(rng.randrange(4, 15))).isoformat(),
        "reopening": reopening,
        "other_reopening": other_reopening,
        "forecast_place": place,
        "forecast": rng.choice(pair),
        "other_days": other_days,
        "neighbour_forecast": rng.choice(other_days),
    }


def _reopening_days(issue: datetime.date) -> list[datetime.date]:
    """Workdays on which something may reopen: after the council's meeting, and in the year of the issue."""
    last = min(issue + datetime.timedelta(140), datetime.date(issue.year, 12, 23))
    days = (issue + datetime.timedelta(ahead) for ahead in range(18, (last - issue).days + 1))
    return [day for day in days if day.weekday() < 6]


def _pair_attendance(rng: Random, scene: Scene) -> tuple[str, str]:
    neighbours = int(scene["other_attendance"]), int(scene["programmes"])
    first = rng.choice(_crowds_unlike(*neighbours))
    far = _crowds_unlike(*neighbours, first)
    near = [crowd for crowd in far if _digits_apart(str(crowd), str(first)) == 1]
    return str(first), str(rng.choice(near if near and rng.random() < 0.3 else far))


def _digits_apart(first: str, second: str) -> int:
    """In how many places two numbers differ, ranged right."""
    width = max(len(first), len(second))
    return sum(x != y for x, y in zip(first.rjust(width), second.rjust(width), strict=True))


def _pair_reopening(rng: Random, scene: Scene) -> tuple[str, str]:
    taken = {scene[field] for field in ("issue", "closed", "council", "other_reopening")}
    issue = datetime.date.fromisoformat(scene["issue"])
    days = [day for day in _reopening_days(issue) if day.isoformat() not in taken]
    first = rng.choice(days)
    far = [day for day in days if abs((day - first).days) >= 5]
    near = [day for day in far if day.month == first.month or day.day == first.day]
    return first.isoformat(), rng.choice(near if near and rng.random() < 0.5 else far).isoformat()


def _pair_match(rng: Random, scene: Scene) -> tuple[str, str]:
    taken = [scene[field] for field in ("other_match", "junior_match", "veteran_match")]
    taken += [score[::-1] for score in taken]
    first = pick(rng, _SCORES, but=tuple(taken))
    mirror = () if rng.random() < 0.1 else (first[::-1],)
    return first, pick(rng, _SCORES, but=(*taken, first, *mirror))


def _pair_turnout(rng: Random, scene: Scene) -> tuple[str, str]:
    taken = {int(value) for _, value in scene["other_wards"]}
    free = [value for value in _TURNOUTS if value not in taken]
    first, second = rng.choice([(a, b) for a in free for b in free if abs(a - b) >= 20])
    return str(first), str(second)


def _pair_forecast(rng: Random, scene: Scene) -> tuple[str, str]:
    taken = {*scene["other_days"], scene["neighbour_forecast"]}
    first, second = rng.sample(rng.choice([pair for pair in _WEATHER_PAIRS if not taken & set(pair)]), 2)
    return first, second


_WRITTEN: dict[Kind, tuple[str, ...]] = {
    "count": ("attendance", "other_attendance", "programmes", "stalls", "volunteers"),
    "date": ("issue", "closed", "council", "reopening", "other_reopening"),
    "score": ("match", "other_match", "junior_match", "veteran_match"),
    "percent": ("turnout", "postal"),
    "weather": ("forecast", "neighbour_forecast"),
}
"""Fields of the scene that hold typed values, by kind."""


def _view(scene: Scene, phrasebook: Phrasebook) -> View:
    language = phrasebook.language
    town, neighbour = (_town_name(phrasebook, scene[field]) for field in ("town", "neighbour"))
    return {
        "town": town,
        "neighbour": neighbour,
        "paper": _of_town(phrasebook, "papers", scene["paper"], town),
        "person": phrasebook.name("people", scene["person"]),
        "festival": _of_town(phrasebook, "festivals", scene["festival"], town),
        "other_festival": _of_town(phrasebook, "festivals", scene["other_festival"], neighbour),
        "place": phrasebook.name("places", scene["place"]),
        "other_place": phrasebook.name("places", scene["other_place"]),
        **{team: _team(phrasebook, scene[team]) for team in ("home", "away", "other_home", "other_away")},
        **{name: write(kind, scene[name], language) for kind, names in _WRITTEN.items() for name in names},
        "issue_weekday": phrasebook.name("weekdays", _WEEKDAYS[datetime.date.fromisoformat(scene["issue"]).weekday()]),
        **_view_wards(scene, phrasebook),
        **_view_days(scene, phrasebook),
    }


def _town_name(phrasebook: Phrasebook, town: str) -> str:
    stem, _, ending = town.partition("-")
    return phrasebook.name("town_stems", stem) + phrasebook.name("town_endings", ending)


def _of_town(phrasebook: Phrasebook, table: str, key: str, town: str) -> str:
    """A name that contains the town's; where the town stands in it is up to the language."""
    return phrasebook.name(table, key).replace("{town}", town)


def _team(phrasebook: Phrasebook, team: Sequence[str]) -> str:
    town, name = team
    return _of_town(phrasebook, "teams", name, _town_name(phrasebook, town))


def _view_wards(scene: Scene, phrasebook: Phrasebook) -> View:
    """The chart's bars from left to right (``level`` is the height in per cent), and the wards not asked about."""
    others = [(phrasebook.name("wards", key), value) for key, value in scene["other_wards"]]
    ward, place = phrasebook.name("wards", scene["ward"]), scene["ward_place"]
    bars = [*others[:place], (ward, scene["turnout"]), *others[place:]]
    percent = {value: write("percent", value, phrasebook.language) for _, value in others}
    return {
        "ward": ward,
        "other_wards": [{"name": name, "turnout": percent[value]} for name, value in others],
        "bars": [{"name": name, "level": int(value)} for name, value in bars],
    }


def _view_days(scene: Scene, phrasebook: Phrasebook) -> View:
    """The four days of the strip in order, the day asked about, and the other three."""
    issue, place = datetime.date.fromisoformat(scene["issue"]), scene["forecast_place"]
    names = [phrasebook.name("weekdays", _WEEKDAYS[(issue.weekday() + ahead) % 7]) for ahead in range(1, 5)]
    weather = [*scene["other_days"][:place], scene["forecast"], *scene["other_days"][place:]]
    days = [_view_day(phrasebook, *entry) for entry in zip(names, weather, strict=True)]
    return {
        "days": days,
        "weekday": names[place],
        "day": days[place],
        "other_days": days[:place] + days[place + 1 :],
        "neighbour_day": _view_day(phrasebook, "", scene["neighbour_forecast"]),
    }


def _view_day(phrasebook: Phrasebook, name: str, weather: str) -> dict[str, str | Written]:
    """A day with its icon's key and its weather in each part of speech, for sentences need one or the other."""
    return {
        "name": name,
        "icon": weather,
        "weather": write("weather", weather, phrasebook.language),
        "noun": phrasebook.name("weather_nouns", weather),
        "adjective": phrasebook.name("weather_adjectives", weather),
        "variant": phrasebook.name("weather_variants", weather),
    }


WORLD = World(
    name="news",
    types=(
        FactType("attendance", "count", _pair_attendance),
        FactType("reopening", "date", _pair_reopening),
        FactType("match", "score", _pair_match),
        FactType("turnout", "percent", _pair_turnout, graphical=True, tolerance=3.0),
        FactType("forecast", "weather", _pair_forecast, graphical=True),
    ),
    draw_scene=_draw_scene,
    view=_view,
)
