"""Street maps: one venue in an invented town, as a pin on a map beside a panel of details.

The pin tells two things by graphics alone: the venue's compass direction from the landmark in the middle of the map,
and the street that it stands on. Each town plan therefore has a table of spots (street, compass sector), worked out
from its geometry once: a spot lies on one street, well away from crossings and close to the middle of its sector.
Exchanging either field moves the pin to another spot; streets are lettered where none of a scene's pins stands.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Any

from cmqa_tasks.facts.records import Kind
from cmqa_tasks.worlds.base import FactType, Phrasebook, Scene, View, World, far_apart, pick, spread
from cmqa_tasks.worlds.languages import write
from cmqa_tasks.worlds.maps_plans import PLANS, SECTORS, Line, Point, distance, place_labels, spots


def _keys(text: str) -> tuple[str, ...]:
    return tuple(text.split())


STEMS = _keys(
    "ablett ainsley aldous amory arkell ballard bancroft barlow belmore benning birtwell blakely bowden brandreth "
    "brinkley burrell cadwell calvert carrick caswell chadlow clavering colwyn corbett cranmore crosier dalby danvers "
    "darrow delamere denholm dorrit drummond dunstall eldridge elmore emberton enfys fairfax fallon farrow fennick "
    "finlay fordham gadsby garrick gilmore godwyn goring hallam harcourt harrowby hartwell haviland hebden holroyd "
    "ibbott ingram jessop joyner kendrick keswell kimber kinnaird lambton langley larkin lomax lovell maddox marlow "
    "mayhew mercott milburn napier nesbit nuttall oakden orwin palgrave parrish pelham pickard purcell quillan radley "
    "ramsden redfern rokeby rutland sandys selwood sheldrake stapleton tamblyn tarrant thorley tregoran upcott verney "
    "wadham yardley"
)
KINDS = _keys(
    "aquarium archive bath-house bowling-hall butterfly-house clock-museum climbing-hall craft-centre gallery "
    "glass-museum ice-rink library museum palm-house planetarium print-museum reptile-house science-centre "
    "sports-hall swim-centre tram-museum toy-museum trampoline-hall"
)
TOWNS = _keys(
    "arlenby bexcombe brackmoor calderhythe corwen-bay dunmarsh elverham fallowmere glenhaven harnwick islebury "
    "jarrowfold kelminster larchford merrowdale netherquay ormbridge pellworth quenby rillington sandleigh torbeck "
    "ulverstoke vennport wrexley yarnholt zellhaven"
)
STREETS = _keys(
    "alder amber baker barley bridle canal cork copper drover dyer elm falcon fern fiddler garnet glover pearl "
    "heron iron ivy jasper jade kiln kite lark linnet maple mill needle rose olive plum poplar potter quarry quill "
    "raven rope sable silver tanner thistle union velvet vine weir willow yarn"
)
STOPS = _keys(
    "abbot-bridge ashdown-park beacon-square bramley-halt cartwright-square chandler-yard dairy-cross dovecote "
    "foxhall-green friars-well furnace-hill granary-place hazel-corner hopfield-halt ivory-gate keeper-lodge ladywell "
    "lantern-court marlpit-hill mercer-gate minster-close nunnery-field oldbury-halt paddock-end plough-inn "
    "priory-gate quince-garden rectory-green ridge-terrace saltworks smithy-bridge tithe-barn tollgate unity-place "
    "verger-court weaver-cross"
)
LINES = ("tram-2", "tram-4", "tram-5", "tram-7", "tram-9", "bus-11", "bus-14", "bus-23", "bus-38", "bus-56")
STARTS = _keys(
    "bramble-hostel castle-station dunmore-camp ferry-pier harper-hotel kestrel-inn linden-station moss-bus-depot "
    "old-racecourse pier-nine rowan-camp seaview-hotel stadium-station tolley-lock university-gate viaduct-station"
)
PEOPLE = _keys(
    "ada anil beatriz bruno carys dimitri elif fergus greta hamid imani jonas kwame leona marek nadia oscar petra "
    "quentin rosa sanjay tilda umar vera wendel yusuf"
)
RANGES = {"on-foot": (11, 49), "by-bike": (12, 78), "by-car": (21, 149)}
"""How one travels → shortest and longest route in hundreds of metres."""

SYMBOLS = {
    "clock-tower": "M12 0 18 6V24H6V6Z M12 7.5a3.7 3.7 0 1 0 .01 0Z M10.5 17h3v7h-3Z",
    "obelisk": "M12 0 15 4 16.5 18H7.5L9 4Z M4 20H20V24H4Z",
    "castle-keep": "M3 2H7V5H10V2H14V5H17V2H21V24H3Z M9.5 24V17a2.5 2.5 0 0 1 5 0V24Z M6.5 9h3v4h-3Z M14.5 9h3v4h-3Z",
    "chapel": "M11 0h2v3h3v2h-3v2L21 14V24H3V14L11 7V5H8V3h3Z M10 24v-6a2 2 0 0 1 4 0v6Z",
    "lighthouse": "M9 0H15V5H9Z M7 6H17V8H7Z M9 9H15L17 24H7Z M10 13h4v3h-4Z",
    "water-tower": "M12 0 21 5V13H3V5Z M5 14H8V24H5Z M16 14H19V24H16Z M10.5 14h3V24h-3Z",
    "fountain": "M11 7h2v9h-2Z M12 0 15 5H9Z M3 9 9 6V9L5 11Z M21 9 15 6V9L19 11Z M2 17H22L19 24H5Z",
    "bandstand": "M12 0 24 9H0Z M3 10H5.5V20H3ZM8.5 10H11V20H8.5Z M13 10h2.5v10H13ZM18.5 10h2.5v10h-2.5ZM1 21H23V24H1Z",
}
"""Landmark → outline in a box of 24 pixels."""


def _away(sector: str, other: str) -> int:
    """Eighths of a turn between two sectors."""
    turn = abs(SECTORS.index(sector) - SECTORS.index(other))
    return min(turn, 8 - turn)


def _draw_spot(rng: Random, spots: list[tuple[int, str]]) -> tuple[int, str]:
    """A spot; sectors are equally likely, however many streets lie in each."""
    sector = rng.choice(sorted({sector for _, sector in spots}))
    return rng.choice([spot for spot in spots if spot[1] == sector])


def _draw_map(rng: Random) -> dict[str, Any]:
    """A town, its lettering, where the pin stands, and where it moves for another direction or another street."""
    labels = None
    while labels is None:  # until there is room for all lettering
        plan, turn = rng.randrange(len(PLANS)), rng.randrange(8)
        table = spots(plan, turn)
        home = _draw_spot(rng, list(table))
        aside = _draw_spot(rng, [spot for spot in table if _away(spot[1], home[1]) >= 2])
        apart = [spot for spot in table if spot[0] != home[0] and math.dist(table[spot], table[home]) >= 110]
        across = _draw_spot(rng, apart)
        pins = table[home], table[aside], table[across]
        labels = place_labels(PLANS[plan].turned(turn).streets, pins)
    names = rng.sample(STREETS, len(PLANS[plan].streets))
    pins = table[home], table[aside], table[across]
    rivers = [n for n, river in enumerate(PLANS[plan].turned(turn).rivers) if all(distance(p, river) > 45 for p in pins)]
    clear = [sector for sector in SECTORS if not any(_alike(sector, used) for used in (home[1], aside[1]))]
    rival_direction, road_direction = rng.sample(clear, 2)
    return {
        "plan": plan,
        "turn": turn,
        "lettering": labels,
        "streets": names,
        "direction": home[1],
        "direction_other": aside[1],
        "street": names[home[0]],
        "street_other": names[across[0]],
        "pins": dict(zip(("home", "direction", "street"), pins, strict=True)),
        "side_streets": rng.sample([name for n, name in enumerate(names) if n not in (home[0], across[0])], 3),
        "rival_direction": rival_direction,
        "road_direction": road_direction,
        "river": rng.choice([None, *rivers]),
        "ground": rng.sample(("park", "park", "built", "built", "plain", "plain"), 6),
    }


def _alike(direction: str, other: str) -> bool:
    """Whether one of two directions is part of the other's name, as north is of north-east."""
    first, second = set(direction.split("-")), set(other.split("-"))
    return first <= second or second <= first


def _draw_hours(rng: Random) -> dict[str, str]:
    """Opening times, all different in the morning, and closing times; quarters of hours throughout."""
    mornings: list[float] = list(range(26, 47))
    first, second = far_apart(rng, mornings, 4)
    sunday, rival = rng.sample([quarter for quarter in mornings if quarter not in (first, second)], 2)
    closing = rng.randrange(66, 81)
    hours = {"opening": first, "opening_other": second, "sunday_opening": sunday, "rival_opening": rival}
    hours |= {
        "closing": closing,
        "last_entry": closing - rng.choice((2, 3, 4)),
        "sunday_closing": rng.randrange(56, 66),
    }
    return {field: f"{int(quarter // 4):02d}:{int(quarter % 4) * 15:02d}" for field, quarter in hours.items()}


def _draw_distances(rng: Random) -> dict[str, str]:
    mode = rng.choice(list(RANGES))
    low, high = RANGES[mode]
    options: list[float] = [n for n in range(low, high + 1) if n % 10]
    first, second = far_apart(rng, options, max(8, (high - low) // 6))
    drawn = {"distance": first, "distance_other": second}
    for field in ("second_distance", "rival_distance", "ring_distance", "sign_distance"):
        drawn[field] = rng.choice([n for n in options if all(abs(n - used) >= 3 for used in drawn.values())])
    return {"mode": mode, **{field: f"{hundreds / 10:.1f} km" for field, hundreds in drawn.items()}}


def _draw_venue(rng: Random, seed: int, ordinal: int) -> dict[str, Any]:
    """A venue, not drawn again before all pairs of name and kind are used up, and another one in the same town."""
    pairs = len(STEMS) * len(KINDS)
    number = spread(ordinal, pairs, seed)
    stem, kind = STEMS[number // len(KINDS)], KINDS[number % len(KINDS)]
    return {
        "venue": (stem, kind),
        "rival": (pick(rng, STEMS, but=(stem,)), pick(rng, KINDS, but=(kind,))),
        "town": TOWNS[(number + ordinal // pairs) % len(TOWNS)],
    }


def draw_scene(rng: Random, seed: int, ordinal: int) -> Scene:
    """A venue, its town's map, and its hours, ways and stops; ``*_other`` fields are the counterfactual values."""
    stops, lines, starts = rng.sample(STOPS, 5), rng.sample(LINES, 2), rng.sample(STARTS, 2)
    people = rng.sample(PEOPLE, 2)
    return {
        **_draw_venue(rng, seed, ordinal),
        **_draw_map(rng),
        **_draw_hours(rng),
        **_draw_distances(rng),
        **dict(zip(("stop", "stop_other", "terminus", "rival_stop", "next_stop"), stops, strict=True)),
        **dict(zip(("line", "rival_line"), lines, strict=True)),
        **dict(zip(("start", "second_start"), starts, strict=True)),
        **dict(zip(("person", "friend"), people, strict=True)),
        "landmark": pick(rng, tuple(SYMBOLS)),
    }


def _pin(scene: Scene) -> Point:
    """Where the pin stands: at home, or where the field that was exchanged has moved it."""
    for field in ("direction", "street"):
        if scene[field] == scene[f"{field}_other"]:
            return scene["pins"][field]  # type: ignore[no-any-return]
    return scene["pins"]["home"]  # type: ignore[no-any-return]


def _path(line: Line) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in line)


def _draw_graphics(scene: Scene, book: Phrasebook) -> dict[str, Any]:
    """Numbers and outlines of the map, in pixels from the landmark."""
    plan = PLANS[scene["plan"]].turned(scene["turn"])
    return {
        "roads": [_path(street) for street in plan.streets],
        "lettering": [
            {
                "name": book.name("street", scene["streets"][number]),
                "x": round(x, 1),
                "y": round(y, 1),
                "angle": round(angle, 1),
            }
            for number, (x, y, angle) in scene["lettering"]
        ],
        "river": "" if scene["river"] is None else _path(plan.rivers[scene["river"]]),
        "blocks": [
            {"outline": _path(block), "ground": ground} for block, ground in zip(plan.blocks, scene["ground"], strict=True)
        ],
        "pin": [round(coordinate, 1) for coordinate in _pin(scene)],
        "symbol": SYMBOLS[scene["landmark"]],
    }


def view(scene: Scene, book: Phrasebook) -> View:
    """The scene in one language."""

    def venue(key: tuple[str, str]) -> str:
        return book.labels["venue_pattern"].format(stem=book.name("stem", key[0]), kind=book.name("kind", key[1]))

    names = {"street": "street", "town": "town", "landmark": "landmark", "mode": "mode"}
    names |= dict.fromkeys(("stop", "terminus", "rival_stop", "next_stop"), "stop")
    names |= dict.fromkeys(("line", "rival_line"), "line") | dict.fromkeys(("start", "second_start"), "start")
    names |= dict.fromkeys(("person", "friend"), "person")
    typed: dict[str, Kind] = {}
    typed |= dict.fromkeys(("direction", "rival_direction", "road_direction"), "direction")
    typed |= dict.fromkeys((f"{way}distance" for way in ("", "second_", "rival_", "ring_", "sign_")), "distance")
    typed |= dict.fromkeys(("opening", "sunday_opening", "rival_opening"), "time")
    typed |= dict.fromkeys(("closing", "last_entry", "sunday_closing"), "time")
    return {
        **{field: book.name(table, scene[field]) for field, table in names.items()},
        **{field: write(kind, scene[field], book.language) for field, kind in typed.items()},
        "venue": venue(scene["venue"]),
        "rival": venue(scene["rival"]),
        "kind": book.name("kind", scene["venue"][1]),
        "side_streets": [book.name("street", key) for key in scene["side_streets"]],
        **_draw_graphics(scene, book),
    }


def _pair(field: str) -> Callable[[Random, Scene], tuple[str, str]]:
    """Both values were drawn with the scene, so that its distractors differ from either."""

    def draw_pair(rng: Random, scene: Scene) -> tuple[str, str]:
        return scene[field], scene[f"{field}_other"]

    return draw_pair


def _other_distance(rng: Random, scene: Scene) -> str:
    low, high = RANGES[scene["mode"]]
    return f"{rng.choice([n for n in range(low, high + 1) if n % 10]) / 10:.1f} km"


WORLD = World(
    name="maps",
    types=(
        FactType("distance", "distance", _pair("distance"), draw_other=_other_distance),
        FactType("direction", "direction", _pair("direction"), graphical=True, draw_other=lambda rng, scene: rng.choice(SECTORS)),
        FactType(
            "street",
            "name",
            _pair("street"),
            graphical=True,
            names="street",
            draw_other=lambda rng, scene: rng.choice(scene["streets"]),
        ),
        FactType("opening", "time", _pair("opening"), draw_other=lambda rng, scene: _draw_hours(rng)["opening"]),
        FactType("stop", "name", _pair("stop"), names="stop", draw_other=lambda rng, scene: pick(rng, STOPS)),
    ),
    draw_scene=draw_scene,
    view=view,
)
