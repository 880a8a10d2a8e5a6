"""The shopping world: one product page of an online shop.

A scene is one product of an invented shop with its price, average rating, colour, delivery date and stock, surrounded
by true neighbours: two other products, the order-by date, shipping and gift-wrapping fees, counts of reviews. They
never share a value with the fact, so that only a reader who ties the value to the product gets it right. Most pairs of
passages about a fact tell one of these neighbours alike, so that two texts of different values still share a value.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from cmqa_tasks.facts.records import Kind
from cmqa_tasks.worlds.base import FactType, Phrasebook, Scene, View, World, pick, spread
from cmqa_tasks.worlds.languages import language_named, write


@dataclass(frozen=True, slots=True)
class _Thing:
    """What makes a kind of product plausible."""

    department: str
    price: tuple[int, int]
    """Cheapest and dearest price in whole units of currency."""
    grams: tuple[int, int]
    """Lightest and heaviest weight, in hundreds of grams."""


_THINGS: Mapping[str, _Thing] = {
    "kettle": _Thing("kitchen", (25, 79), (8, 16)),
    "backpack": _Thing("travel", (35, 119), (6, 14)),
    "lamp": _Thing("home", (22, 95), (9, 24)),
    "headset": _Thing("sound", (39, 189), (2, 4)),
    "shoe": _Thing("sports", (49, 149), (5, 9)),
    "mug": _Thing("kitchen", (8, 24), (3, 5)),
    "umbrella": _Thing("travel", (15, 55), (3, 7)),
    "bottle": _Thing("sports", (12, 42), (2, 5)),
    "armchair": _Thing("home", (189, 640), (120, 260)),
    "toaster": _Thing("kitchen", (24, 89), (11, 25)),
    "jacket": _Thing("sports", (45, 159), (4, 9)),
    "suitcase": _Thing("travel", (59, 239), (24, 46)),
    "helmet": _Thing("sports", (34, 129), (3, 6)),
    "teapot": _Thing("kitchen", (18, 64), (6, 13)),
    "watering_can": _Thing("garden", (14, 48), (5, 12)),
    "alarm_clock": _Thing("home", (13, 56), (2, 6)),
}

_BRANDS = tuple(
    "halden corvane tilmora ostrell brevika lunquist marrowby penvale quillan veldry wexmoor yarrowind zellick "
    "aldemar birchley castova dunmere elvaro fennick garrowe hollin iverna jarrick kestova lorwen mirabeck norvane "
    "orlyn pellatin rennox saltmere tarnby ulvaren vantrell wickmere brackwell coldery drunov esterby thistlow".split()
)
_LINES = tuple("alto brio cadence duet fable gale haven juno kite lark meridian nomad orbit prism quest tempo".split())

_SHOPS: Mapping[str, str] = {
    "wrenfold": "USD",
    "cartwell": "USD",
    "shelfmark": "USD",
    "doorstep_lane": "USD",
    "basket_and_bay": "USD",
    "tidemarket": "USD",
    "nidora": "EUR",
    "lierremont": "EUR",
    "lindora": "EUR",
    "velmondo": "EUR",
    "tavelis": "EUR",
    "portavia": "EUR",
    "oakbarrow": "GBP",
    "marlow_and_finch": "GBP",
    "parcelwick": "GBP",
    "hearth_and_hall": "GBP",
    "tollbeck": "GBP",
    "pennybarrow": "GBP",
}
"""The shops and the currency in which each of them sells."""

_SELLERS = tuple("larkfield mossgate briarway stonebridge harbourline eastgate willowcourt quayside norbury".split())
_PEOPLE = tuple("dana priya tomas ines marek yuki leila jonas amara felix nadia owen rosa henrik mei samuel".split())

_PAINT: Mapping[str, tuple[str, str, str, str]] = {
    "red": ("#d62828", "#9f1717", "#ea6a64", "#6e0f0f"),
    "orange": ("#f77f00", "#c25f00", "#ffa94d", "#7f3f00"),
    "yellow": ("#fdd835", "#d9b310", "#ffec8c", "#80690a"),
    "green": ("#2e9e44", "#1f7030", "#69c47b", "#134a1f"),
    "blue": ("#1e62d8", "#13449b", "#6797ea", "#0c2d68"),
    "purple": ("#7b2fbf", "#571f8a", "#a873da", "#391359"),
    "pink": ("#f57fb3", "#d4558e", "#fbb4d3", "#84284f"),
    "brown": ("#7a4a26", "#573317", "#a3724b", "#36200e"),
    "black": ("#232528", "#0c0d0e", "#4b4f54", "#000000"),
    "white": ("#fdfdfd", "#dfe3e6", "#ffffff", "#7d858b"),
    "grey": ("#8b9095", "#676c71", "#b3b7bb", "#404448"),
}
"""Per colour: the main fill of a drawing, its darker and lighter shades, and the outline."""

_ALIKE = (
    {"red", "orange", "brown", "pink"},
    {"yellow", "orange", "brown"},
    {"pink", "purple", "red"},
    {"purple", "blue"},
    {"white", "grey", "yellow"},
    {"grey", "black"},
    {"brown", "black"},
)
"""Groups of colours that a viewer may take for each other; the two values of a fact never share one."""

_CENTS = ("99", "95", "90", "49", "50", "75", "25", "79")
_STARS = ("1.5", "2", "2.5", "3", "3.5", "4", "4.5", "5")
_STOCKS = range(11, 90)


def _money_taken(scene: Scene) -> set[str]:
    """Every amount that stands in the scene beside the product's own price."""
    return set(re.findall(r"\d+\.\d\d [A-Z]{3}", json.dumps({**scene, "price": ""})))


def _numbers_taken(scene: Scene) -> set[int]:
    """Every whole number that is written anywhere about the scene, even within an amount or a longer number's words."""
    numbers = {int(digits) for digits in re.findall(r"\d+", json.dumps({**scene, "stock": ""}))}
    return numbers | {number % 100 for number in numbers}


def _amount(rng: Random, low: int, high: int, currency: str, taken: set[str]) -> str:
    amounts = [f"{whole}.{cents} {currency}" for whole in range(low, high + 1) for cents in _CENTS]
    return pick(rng, amounts, but=tuple(taken))


def _near_miss(first: int, second: int) -> bool:
    """Whether two whole amounts differ in one digit only, or by the order of their digits."""
    digits, others = str(first), str(second)
    return len(digits) == len(others) and (
        digits[::-1] == others or sum(x != y for x, y in zip(digits, others, strict=True)) == 1
    )


def _price_pair(rng: Random, scene: Scene) -> tuple[str, str]:
    """Two prices of the product, a few units apart at least; every third pair or so is easily misread."""
    low, high = _THINGS[scene["thing"]].price
    currency, taken = _SHOPS[scene["shop"]], _money_taken(scene)
    first = _amount(rng, low, high, currency, taken)
    whole, cents = int(first.split(".")[0]), first.split(".")[1][:2]
    apart = [n for n in range(low, high + 1) if abs(n - whole) >= max(3, whole / 8)]
    near = [n for n in apart if _near_miss(whole, n) and f"{n}.{cents} {currency}" not in taken]
    if near and rng.random() < 0.35:
        return first, f"{rng.choice(near)}.{cents} {currency}"
    other = rng.choice(apart)
    return first, _amount(rng, other, other, currency, taken)


def _rating_pair(rng: Random, scene: Scene) -> tuple[str, str]:
    """Two averages at least one and a half stars apart."""
    taken = {scene["seller_rating"], scene["own_rating"], scene["other"]["rating"], scene["also"]["rating"]}
    free = [stars for stars in _STARS if stars not in taken]
    return rng.choice([(a, b) for a in free for b in free if abs(float(a) - float(b)) >= 1.5])


def _colour_pair(rng: Random, scene: Scene) -> tuple[str, str]:
    """Two colours that nobody takes for each other."""
    taken = {scene[f"{thing}_colour"] for thing in ("box", "room", "van")}
    taken |= {scene[neighbour]["colour"] for neighbour in ("other", "also")}
    free = [colour for colour in _PAINT if colour not in taken]
    partners = {a: [b for b in free if a != b and not any({a, b} <= group for group in _ALIKE)] for a in free}
    first = rng.choice([colour for colour in free if partners[colour]])
    return first, rng.choice(partners[first])


def _delivery_pair(rng: Random, scene: Scene) -> tuple[str, str]:
    """Two dates after the last day to order; now and then the same day of two months."""
    first_day = datetime.date.fromisoformat(scene["order_by"]) + datetime.timedelta(days=3)
    taken = {scene["sale_end"], scene["return_by"], scene["other"]["delivery"], scene["also"]["delivery"]}
    window = [first_day + datetime.timedelta(days=n) for n in range(40)]
    early = [day for day in window[:18] if day.isoformat() not in taken]
    first = rng.choice(early)
    same_day = [day for day in window if day != first and day.day == first.day and day.isoformat() not in taken]
    later = same_day if same_day and rng.random() < 0.25 else [day for day in early if abs((day - first).days) >= 3]
    pair = [first.isoformat(), rng.choice(later).isoformat()]
    rng.shuffle(pair)
    return pair[0], pair[1]


def _spoken_alike(first: int, second: int) -> bool:
    """Whether the words of one number lie within those of the other (twenty, twenty-six)."""
    low, high = sorted((first, second))
    return high > 20 and (high % 10 == low or (high // 10 * 10 == low) or (low % 10 == 0 and high // 10 == low // 10))


def _stock_pair(rng: Random, scene: Scene) -> tuple[str, str]:
    """Two counts of units that differ by a third at least, or by the order of their digits."""
    taken = _numbers_taken(scene)
    free = [n for n in _STOCKS if n not in taken]
    first = rng.choice(free)
    swapped = [n for n in free if n > 9 and str(n)[::-1] == str(first) and n != first]
    if swapped and abs(swapped[0] - first) >= 9 and rng.random() < 0.3:
        return str(first), str(swapped[0])
    apart = [n for n in free if abs(n - first) >= max(5, first / 3) and not _spoken_alike(n, first)]
    return str(first), str(rng.choice(apart))


def _neighbour(rng: Random, currency: str, **fields: str) -> dict[str, str]:
    """Another product of the shop, shown and mentioned beside the one that is asked about."""
    low, high = _THINGS[fields["thing"]].price
    return {**fields, "price": _amount(rng, low, high, currency, set()), "stock": str(rng.choice(_STOCKS))}


def _fees(rng: Random, currency: str) -> dict[str, str]:
    """Distinct small amounts that stand beside every price of the shop."""
    fees: dict[str, str] = {}
    for name, low, high in (("shipping", 2, 7), ("gift_wrap", 2, 5), ("insurance", 1, 6), ("voucher", 3, 9)):
        fees[name] = _amount(rng, low, high, currency, set(fees.values()))
    return fees


def _dates(rng: Random) -> dict[str, str]:
    """Distinct dates around an order: its last day, two other arrivals, the ends of a sale and of the return period."""
    start = datetime.date(rng.choice((2026, 2027)), 1, 5) + datetime.timedelta(days=rng.randrange(225))
    arrivals = rng.sample(range(5, 26), 3)
    offsets = dict(zip(("other", "also", "sale_end"), arrivals, strict=True))
    offsets |= {"order_by": rng.randrange(1, 4), "return_by": rng.randrange(60, 95)}
    return {name: (start + datetime.timedelta(days=days)).isoformat() for name, days in offsets.items()}


def _draw_scene(rng: Random, seed: int, ordinal: int) -> Scene:
    number = spread(ordinal, len(_THINGS) * len(_LINES) * len(_BRANDS), seed)
    number, thing_at = divmod(number, len(_THINGS))
    line_at, brand_at = divmod(number, len(_BRANDS))
    thing, brand, shop = list(_THINGS)[thing_at], _BRANDS[brand_at], rng.choice(list(_SHOPS))
    currency, dates = _SHOPS[shop], _dates(rng)
    other_things = rng.sample([kind for kind in _THINGS if kind != thing], 2)
    other_brands = rng.sample([name for name in _BRANDS if name != brand], 2)
    colours, stars = rng.sample(list(_PAINT), 5), rng.sample(_STARS, 3)
    low, high = _THINGS[thing].grams
    customer, clerk = rng.sample(_PEOPLE, 2)
    sold = str(rng.randrange(105, 960))
    scene: dict[str, Any] = {
        "thing": thing,
        "line": _LINES[line_at],
        "brand": brand,
        "shop": shop,
        "seller": rng.choice(_SELLERS),
        "customer": customer,
        "clerk": clerk,
        "tenths_of_kg": str(rng.randint(low, high)),
        **_fees(rng, currency),
        "warranty": rng.choice(("12", "18", "24", "36", "48")),
        "reviews": str(rng.randrange(112, 4800)),
        "sold": sold,
        "wish_lists": pick(rng, [str(n) for n in range(105, 960)], but=(sold,)),
        "order_by": dates["order_by"],
        "sale_end": dates["sale_end"],
        "return_by": dates["return_by"],
        "seller_rating": rng.choice(stars),
        "own_rating": rng.choice(stars),
        "box_colour": colours[2],
        "room_colour": colours[3],
        "van_colour": colours[4],
    }
    for n, name in enumerate(("other", "also")):
        fields = {"thing": other_things[n], "brand": other_brands[n], "colour": colours[n], "delivery": dates[name]}
        scene[name] = _neighbour(rng, currency, rating=rng.choice(stars), **fields)
    for fact_type in _TYPES:
        scene[fact_type.name] = fact_type.draw_pair(rng, scene)[0]
    return scene


_TYPES = (
    FactType("price", "money", _price_pair),
    FactType("rating", "rating", _rating_pair, graphical=True, tolerance=0.25),
    FactType("colour", "colour", _colour_pair, graphical=True),
    FactType("delivery", "date", _delivery_pair),
    FactType("stock", "count", _stock_pair),
)

FIELD_KINDS: Mapping[str, Kind] = {
    "price": "money",
    "rating": "rating",
    "colour": "colour",
    "delivery": "date",
    "stock": "count",
    "shipping": "money",
    "gift_wrap": "money",
    "insurance": "money",
    "voucher": "money",
    "warranty": "count",
    "reviews": "count",
    "sold": "count",
    "wish_lists": "count",
    "order_by": "date",
    "sale_end": "date",
    "return_by": "date",
    "seller_rating": "rating",
    "own_rating": "rating",
    "box_colour": "colour",
    "room_colour": "colour",
    "van_colour": "colour",
}
"""Fields of a scene (or of a neighbour) that are typed values, and their kinds."""


def _written(scene: Scene, language: str) -> dict[str, str]:
    return {field: write(kind, scene[field], language) for field, kind in FIELD_KINDS.items() if field in scene}


def _shape(scene: Scene) -> dict[str, str]:
    """What the pages' drawing of a product needs."""
    main, dark, light, line = _PAINT[scene["colour"]]
    return {"kind": scene["thing"], "main": main, "dark": dark, "light": light, "line": line}


def _stars(canonical: str) -> list[str]:
    """How far each of the five stars of a rating is filled."""
    rating = float(canonical)
    return ["full" if rating >= n else "half" if rating >= n - 0.5 else "empty" for n in range(1, 6)]


def _neighbour_view(neighbour: Mapping[str, str], phrasebook: Phrasebook) -> View:
    parts = {table: phrasebook.name(f"{table}s", neighbour[table]) for table in ("brand", "thing")}
    product = phrasebook.name("products", neighbour["thing"])
    name = phrasebook.name("formats", "neighbour").format(**parts, product=product)
    return {**_written(neighbour, phrasebook.language), **parts, "name": name, "shape": _shape(neighbour)}


def _view(scene: Scene, phrasebook: Phrasebook) -> View:
    tables = {"brand": "brands", "line": "lines", "thing": "things", "shop": "shops", "seller": "sellers"}
    names = {field: phrasebook.name(table, scene[field]) for field, table in tables.items()}
    names |= {field: phrasebook.name("people", scene[field]) for field in ("customer", "clerk")}
    names["product"] = phrasebook.name("products", scene["thing"])
    kilograms = f"{int(scene['tenths_of_kg']) / 10:g}".replace(".", language_named(phrasebook.language).decimal_mark)
    return {
        **_written(scene, phrasebook.language),
        **names,
        "product": phrasebook.name("formats", "product").format(**names),
        "department": phrasebook.name("departments", _THINGS[scene["thing"]].department),
        "weight": phrasebook.name("formats", "weight").format(kilograms=kilograms),
        "shape": _shape(scene),
        "stars": _stars(scene["rating"]),
        "other": _neighbour_view(scene["other"], phrasebook),
        "also": _neighbour_view(scene["also"], phrasebook),
    }


WORLD = World(name="shopping", types=_TYPES, draw_scene=_draw_scene, view=_view)
