"""The geometry of town plans: streets, rivers and blocks, where a venue's pin may stand, and where streets are lettered.

Nothing here knows what a map is asked about; see :mod:`cmqa_tasks.worlds.maps`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, starmap

Point = tuple[float, float]
"""Pixels from the landmark: x grows to the right, y downwards; north is up."""
Line = tuple[Point, ...]
Area = tuple[float, float, float, float]
"""Left, top, right, bottom."""

SECTORS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
REACH = 198.0
"""Half the width of the part of the map that every layout shows."""


@dataclass(frozen=True, slots=True)
class StreetPlan:
    """The geometry of a town: centre lines of streets, courses a river may take, and blocks that may be parks."""

    streets: tuple[Line, ...]
    rivers: tuple[Line, ...]
    blocks: tuple[Line, ...]

    def turned(self, turn: int) -> StreetPlan:
        """One of the eight rotations and mirrorings."""

        def move(line: Line) -> Line:
            for _ in range(turn % 4):
                line = tuple((-y, x) for x, y in line)
            return tuple((-x, y) for x, y in line) if turn >= 4 else line

        return StreetPlan(*(tuple(move(line) for line in lines) for lines in (self.streets, self.rivers, self.blocks)))


def _lines(text: str) -> tuple[Line, ...]:
    """Lines separated by semicolons, points by spaces."""
    pairs = ([point.split(",") for point in line.split()] for line in text.split(";"))
    return tuple(tuple((float(x), float(y)) for x, y in line) for line in pairs)


def _area(line: Line) -> Line:
    """An outline as it is; a rectangle from two of its corners."""
    if len(line) > 2:
        return line
    (left, top), (right, bottom) = line
    return (left, top), (right, top), (right, bottom), (left, bottom)


def _plan(streets: str, rivers: str, blocks: str) -> StreetPlan:
    return StreetPlan(_lines(streets), _lines(rivers), tuple(map(_area, _lines(blocks))))


PLANS = (
    _plan(
        "-330,-78 330,-78; -330,112 330,112; -142,-330 -142,330; 134,-330 134,330; 20,-330 20,-78",
        "-330,175 -60,160 60,185 330,165; -190,-330 -170,-60 -180,60 -170,330",
        "-330,-330 -142,-78; -142,-330 20,-78; 134,-330 330,-78; 134,-78 330,112; -330,112 -142,330; -142,112 134,330",
    ),
    _plan(
        "-230,-330 430,330; -100,-330 -100,330; -330,120 330,120; -330,-150 -50,-150; 140,40 140,330",
        "-330,180 -40,165 60,190 330,175; 60,-330 110,-150 230,-60 330,20",
        "-330,-330 -100,-150; -330,-150 -100,120; -230,-330 330,-330 330,230; -330,120 -100,330; -100,120 140,330; "
        "140,120 330,330",
    ),
    _plan(
        "-125,-82 82,-82 82,126 -125,126 -125,-82; -20,-330 -20,-82; 150,-330 150,330; -330,180 330,180; -330,-150 -20,-150",
        "-180,-330 -170,0 -185,330; 60,-330 75,-160 330,-120",
        "-330,-330 -20,-150; -330,-150 -125,30; -20,-330 150,-82; -330,30 -125,180; 150,-20 330,180; -330,180 30,330",
    ),
    _plan(
        "-330,-70 -90,-70 -10,-120 330,-120; 95,-330 95,25 145,85 145,330; -330,95 330,95; -130,-70 -130,330; -130,172 145,172",
        "-330,30 -180,20 -165,140 -180,330; 170,-330 160,-60 185,30 330,50",
        "-330,-330 -10,-330 -10,-120 -90,-70 -330,-70; 95,-330 330,-120; -330,-70 -130,95; 95,-120 330,-120 330,95 "
        "145,85 95,25; -130,95 145,172; -330,95 -130,330",
    ),
    _plan(
        "-228,330 330,-228; -330,-78 330,-78; -112,-330 -112,330; -48,150 330,150; 60,-330 60,-78",
        "-330,40 -170,50 -160,150 -190,330; 330,40 150,60 110,110 80,330",
        "-330,-330 -112,-78; -112,-330 60,-78; 60,-330 330,-78; -330,-78 -112,90; 102,0 330,-228 330,150 -48,150; 40,150 330,330",
    ),
)

LANDMARK_AREA = (-54.0, -50.0, 54.0, 26.0)
COMPASS_AREA = (128.0, -240.0, 240.0, -150.0)
OFF_CENTRE = 8.0
"""Most degrees between a spot and the centre of its sector."""


def _walk(line: Line, step: float) -> Iterator[tuple[Point, float]]:
    """Points along a street, with its heading in degrees."""
    for (x0, y0), (x1, y1) in pairwise(line):
        length, angle = math.hypot(x1 - x0, y1 - y0), math.degrees(math.atan2(y1 - y0, x1 - x0))
        for n in range(int(length // step) + 1):
            share = n * step / length
            yield (x0 + share * (x1 - x0), y0 + share * (y1 - y0)), angle


def distance(point: Point, line: Line) -> float:
    """Pixels from a point to the nearest point of a line."""
    best = math.inf
    for (x0, y0), (x1, y1) in pairwise(line):
        dx, dy = x1 - x0, y1 - y0
        share = min(1.0, max(0.0, ((point[0] - x0) * dx + (point[1] - y0) * dy) / (dx * dx + dy * dy)))
        best = min(best, math.hypot(point[0] - x0 - share * dx, point[1] - y0 - share * dy))
    return best


def _bearing(point: Point) -> tuple[str, float]:
    """Compass sector of a point as seen from the landmark, and how many degrees it is off the sector's centre."""
    angle = math.degrees(math.atan2(point[0], -point[1])) % 360
    sector = round(angle / 45)
    return SECTORS[sector % 8], abs(angle - 45 * sector)


def _body(pin: Point) -> Area:
    """What a pin covers: its head stands above the spot."""
    return pin[0] - 22, pin[1] - 54, pin[0] + 22, pin[1] + 10


def _inside(point: Point, area: Area, margin: float) -> bool:
    left, top, right, bottom = area
    return left - margin < point[0] < right + margin and top - margin < point[1] < bottom + margin


def _pin_fits(pin: Point) -> bool:
    left, top, right, bottom = _body(pin)
    areas = (LANDMARK_AREA, COMPASS_AREA)
    clear = all(left >= area[2] or right <= area[0] or top >= area[3] or bottom <= area[1] for area in areas)
    return clear and left >= -REACH and right <= REACH and top >= -REACH - 20 and bottom <= REACH


@cache
def spots(plan: int, turn: int) -> Mapping[tuple[int, str], Point]:
    """(street, sector) → where a pin can stand on that street in that direction from the landmark."""
    streets = PLANS[plan].turned(turn).streets
    best: dict[tuple[int, str], tuple[float, Point]] = {}
    for number, street in enumerate(streets):
        for point, _ in _walk(street, 3.0):
            sector, off = _bearing(point)
            if off > OFF_CENTRE or math.hypot(*point) < 68 or not _pin_fits(point):
                continue
            others = [line for line in streets if line is not street]
            clear = min(distance(point, line) for line in others)
            head = min(distance((point[0], point[1] - 34), line) for line in others)
            score = round(min(clear, head + 10, 50) - 2 * off, 3)  # ties fall alike on every machine
            if clear >= 36 and head >= 26 and score > best.get((number, sector), (-math.inf, point))[0]:
                best[number, sector] = (score, point)
    return {key: point for key, (_, point) in best.items()}


Label = tuple[float, float, float]
"""Middle of a street's lettering, and the angle that it is written at."""


def _letters(label: Label) -> list[Point]:
    """Points along the middle of a street's lettering."""
    x, y, angle = label
    along = math.radians(angle)
    return [(x + n * 12 * math.cos(along), y + n * 12 * math.sin(along)) for n in range(-4, 5)]


def _free_labels(street: Line, taken: list[Point], pins: tuple[Point, ...]) -> Iterator[Label]:
    """Places for a street's lettering: on a straight stretch in view, clear of other lettering and of the pins."""
    areas = (LANDMARK_AREA, COMPASS_AREA, *map(_body, pins))
    for (x, y), angle in _walk(street, 7.0):
        label = x, y, (angle + 90) % 180 - 90  # vertical names read upwards
        letters = _letters(label)
        ends = letters[0], letters[-1]
        if any(abs(px) > REACH - 2 or abs(py) > REACH + 16 or distance((px, py), street) > 1 for px, py in ends):
            continue
        if any(_inside(letter, area, 9) for letter in letters for area in areas):
            continue
        if all(math.dist(letter, other) >= 22 for letter in letters for other in taken):
            yield label


def _length(line: Line) -> float:
    return sum(starmap(math.dist, pairwise(line)))


def place_labels(streets: tuple[Line, ...], pins: tuple[Point, ...]) -> list[tuple[int, Label]] | None:
    """Letter every street (by number), away from crossings where there is a choice; None when there is no room.

    Streets with bends are lettered twice where they can be, since they are harder to follow.
    """
    placed: list[tuple[int, Label]] = []
    short_first = sorted(range(len(streets)), key=lambda number: _length(streets[number]))  # they have least choice
    for number in [*short_first, *(number for number in short_first if len(streets[number]) > 2)]:
        others = [line for n, line in enumerate(streets) if n != number]
        own = [label for n, label in placed if n == number]
        taken = [letter for _, label in placed for letter in _letters(label)]

        def room(label: Label, others: list[Line] = others) -> float:
            crossing = min(distance(letter, line) for letter in _letters(label) for line in others)
            return round(min(crossing, 24.0) + min(math.hypot(label[0], label[1]), 160.0) / 50, 3)

        free = [
            label for label in _free_labels(streets[number], taken, pins) if not own or math.dist(label[:2], own[0][:2]) > 130
        ]
        if free:
            placed.append((number, max(free, key=room)))
        elif not own:
            return None
    return placed
