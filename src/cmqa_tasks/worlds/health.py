"""The health world: a patient's chart in a hospital information system. Every patient is invented.

Blood group, dose and allergy are written on the pages; pain is a marker on a scale from 0 to 10, and the pulse is a
point of a chart over five clock times. Each scene also holds what passages mention beside the answer: a relative's or a
neighbouring patient's values, other medicines, other times. Those are drawn first, and the two values of a fact avoid
them.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Mapping
from itertools import permutations
from random import Random
from typing import Any

import cmqa_tasks.worlds.health_pools as pools
from cmqa_tasks.facts.records import Kind
from cmqa_tasks.worlds.base import FactType, Phrasebook, Scene, View, World, spread
from cmqa_tasks.worlds.languages import write

NEAR_MISSES = 0.6
"""Share of blood group facts whose two values differ in one letter or in the sign alone."""
CLOCKS = ((6, 10, 14, 18, 22), (8, 11, 14, 17, 20), (7, 10, 13, 16, 19), (9, 11, 13, 15, 17))
RATES = tuple(range(60, 121, 10))
AXIS = tuple(range(50, 131, 10))
LEVELS = tuple(range(1, 10))


def draw_scene(rng: Random, seed: int, ordinal: int) -> Scene:
    """A patient's chart, with the values that passages mention beside the answers."""
    return {
        **_people(rng, seed, ordinal),
        **_stay(rng),
        **_blood(rng),
        **_medicines(rng),
        **_allergies(rng),
        **_pain(rng),
        **_pulse(rng),
    }


def _people(rng: Random, seed: int, ordinal: int) -> dict[str, Any]:
    given_names = pools.GIVEN_F + pools.GIVEN_M
    family, given = divmod(spread(ordinal, len(pools.FAMILIES) * len(given_names), seed), len(given_names))
    return {
        "given": given_names[given],
        "family": pools.FAMILIES[family],
        "sex": "f" if given < len(pools.GIVEN_F) else "m",
        "born": _day(rng, 1938, 2002),
        "record": str(rng.randrange(210_000, 990_000)),
        "neighbour": rng.choice(pools.NEIGHBOURS),
        "neighbour_sex": rng.choice("fm"),
        "relative": rng.choice(pools.RELATIVES),
        "doctor": rng.choice(pools.DOCTORS),
    }


def _stay(rng: Random) -> dict[str, Any]:
    """Where the patient lies, and the vital signs; no number of them is one that a pulse or a pain score could be."""
    return {
        "hospital": rng.choice(pools.HOSPITALS),
        "ward": rng.choice(pools.WARDS),
        "bed": rng.choice([bed for bed in range(11, 29) if bed % 10]),
        "today": _day(rng, 2025, 2027),
        "temperature": f"{rng.randrange(364, 380) / 10:.1f}",
        "systolic": rng.choice([mm for mm in range(106, 145, 2) if mm % 10]),
        "diastolic": rng.choice([mm for mm in range(62, 89, 2) if mm % 10]),
    }


def _blood(rng: Random) -> dict[str, Any]:
    relative, neighbour, stored, own = rng.sample(pools.GROUPS, 4)
    return {"relative_group": relative, "neighbour_group": neighbour, "stored_group": stored, "blood_group": own}


def _medicines(rng: Random) -> dict[str, Any]:
    """Three medicines of different groups, and doses beside the one asked for that leave two to choose from."""
    medicine = rng.choice(list(pools.REGULAR))
    groups = {pools.REGULAR[medicine].group}
    other = rng.choice([name for name, regular in pools.REGULAR.items() if regular.group not in groups])
    groups.add(pools.REGULAR[other].group)
    spare = rng.choice([name for name, as_needed in pools.AS_NEEDED.items() if as_needed.group not in groups])
    scene: dict[str, Any] = {
        "medicine": medicine,
        "other_medicine": other,
        "spare_medicine": spare,
        "medicine_rank": rng.randrange(3),
        "drink": rng.choice(pools.DRINKS),
    }
    pairs: list[tuple[str, str]] = []
    while not pairs:
        scene["other_dose"] = rng.choice(pools.REGULAR[other].doses)
        scene["spare_dose"] = rng.choice(pools.AS_NEEDED[spare].doses)
        scene["neighbour_dose"] = rng.choice(pools.REGULAR[medicine].doses)
        pairs = _dose_pairs(scene)
    return {**scene, "dose": rng.choice(pairs)[0]}


def _allergies(rng: Random) -> dict[str, Any]:
    tolerated, neighbour, relative = rng.sample(pools.ALLERGENS, 3)
    scene = {
        "tolerated": tolerated,
        "neighbour_allergy": neighbour,
        "relative_allergy": relative,
        "reaction": rng.choice(pools.REACTIONS),
    }
    return {**scene, "allergy": rng.choice(_possible_allergies(scene))}


def _pain(rng: Random) -> dict[str, Any]:
    admission, yesterday, neighbour, own = rng.sample(LEVELS, 4)
    return {
        "pain_moment": rng.choice(pools.MOMENTS),
        "pain_admission": str(admission),
        "pain_yesterday": str(yesterday),
        "pain_neighbour": str(neighbour),
        "pain": str(own),
    }


def _pulse(rng: Random) -> dict[str, Any]:
    """Five readings: one to ask for, and four others that take two or three different values.

    Most passages tell the same one of the others beside the answer: one taken just before or just after it.
    """
    others = rng.sample(_free(RATES, 100), rng.choice((2, 3)))
    others += [rng.choice(others) for _ in range(4 - len(others))]
    rng.shuffle(others)
    rank = rng.randrange(5)
    scene = {
        "pulse_clocks": rng.choice(CLOCKS),
        "pulse_rank": rank,
        "pulse_beside": rng.choice([other for other in (rank - 1, rank) if 0 <= other < 4]),
        "pulse_others": tuple(str(rate) for rate in others),
        "pulse_neighbour": str(rng.choice((64, 66, 72, 74, 82, 86))),
        "pulse_limit": str(rng.choice((140, 150))),
    }
    return {**scene, "pulse": str(rng.choice(_possible_rates(scene)))}


def _day(rng: Random, first_year: int, last_year: int) -> str:
    start = datetime.date(first_year, 1, 1)
    days = (datetime.date(last_year, 1, 1) - start).days
    return (start + datetime.timedelta(days=rng.randrange(days))).isoformat()


def draw_blood_groups(rng: Random, scene: Scene) -> tuple[str, str]:
    """Two blood groups that nobody else in the scene has, most often near misses such as O+ and O−, or A+ and AB+."""
    free = _free(pools.GROUPS, scene["relative_group"], scene["neighbour_group"], scene["stored_group"])
    pairs = list(permutations(free, 2))
    near = [pair for pair in pairs if _one_step(*pair)]
    return rng.choice(near if near and rng.random() < NEAR_MISSES else pairs)


def _one_step(a: str, b: str) -> bool:
    """Whether two groups differ in the rhesus sign alone, or in one antigen alone."""
    antigens = [set(group[:-1]) - {"O"} for group in (a, b)]
    return len(antigens[0] ^ antigens[1]) + (a[-1] != b[-1]) == 1


def draw_doses(rng: Random, scene: Scene) -> tuple[str, str]:
    """Two usual doses of the medicine, neither of which can be misread for another dose of the scene."""
    return rng.choice(_dose_pairs(scene))


def _dose_pairs(scene: Scene) -> list[tuple[str, str]]:
    taken = [scene[field] for field in ("other_dose", "spare_dose", "neighbour_dose", "drink")]
    free = [dose for dose in pools.REGULAR[scene["medicine"]].doses if not any(_alike(dose, other) for other in taken)]
    return [pair for pair in permutations(free, 2) if not _alike(*pair)]


def _alike(a: str, b: str) -> bool:
    """Whether one dose is read inside the other: "fifty milligrams" within "one hundred and fifty milligrams"."""
    (a_number, a_unit), (b_number, b_unit) = a.split(), b.split()
    if a_unit != b_unit:
        return False
    a_digits, b_digits = a_number.replace(".", ""), b_number.replace(".", "")
    return a_digits.endswith(b_digits) or b_digits.endswith(a_digits)


def draw_allergies(rng: Random, scene: Scene) -> tuple[str, str]:
    """Two allergens that the patient does not tolerate and that nobody else in the scene is allergic to."""
    a, b = rng.sample(_possible_allergies(scene), 2)
    return a, b


def _possible_allergies(scene: Scene) -> list[str]:
    free = _free(pools.ALLERGENS, scene["tolerated"], scene["neighbour_allergy"], scene["relative_allergy"])
    return [name for name in free if not {name, scene["tolerated"]} <= pools.CROSS_REACTIVE]


def draw_pains(rng: Random, scene: Scene) -> tuple[str, str]:
    """Two pain scores at least three apart, neither of which is another score of the scene."""
    free = _free(LEVELS, *(int(scene[field]) for field in ("pain_admission", "pain_yesterday", "pain_neighbour")))
    a, b = rng.choice([(a, b) for a, b in permutations(free, 2) if abs(a - b) >= 3])
    return str(a), str(b)


def draw_pulses(rng: Random, scene: Scene) -> tuple[str, str]:
    """Two readings at least 20 beats apart, neither of which was taken at another time."""
    free = _possible_rates(scene)
    pairs = [(a, b) for a, b in permutations(free, 2) if abs(a - b) >= 20 and not _hundred(a, b)]
    a, b = rng.choice(pairs)
    return str(a), str(b)


def _possible_rates(scene: Scene) -> list[int]:
    others = [int(rate) for rate in scene["pulse_others"]]
    return [rate for rate in _free(RATES, *others) if not any(_hundred(rate, other) for other in others)]


def _hundred(a: int, b: int) -> bool:
    """Whether 100 is read inside the other rate: "one hundred" within "one hundred and ten"."""
    return min(a, b) == 100 and a != b


def _free(options: Iterable[Any], *taken: Any) -> list[Any]:
    return [option for option in options if option not in taken]


def view(scene: Scene, phrasebook: Phrasebook) -> View:
    """The chart in one language."""
    return {
        **_named(scene, phrasebook),
        **_written(scene, phrasebook.language),
        **_charted(scene, phrasebook),
        "medicines": _medicine_rows(scene, phrasebook),
    }


def _named(scene: Scene, phrasebook: Phrasebook) -> dict[str, Any]:
    """People, places and other words; the order of the parts of a name is a pattern of the language."""
    name, sex = phrasebook.name, scene["sex"]
    family = name("family", scene["family"])
    patterns = phrasebook.names["patterns"]
    return {
        "patient": patterns["full"].format(given=name("given", scene["given"]), family=family),
        "patient_formal": patterns["formal"].format(title=name("title", sex), family=family),
        "they": name("pronoun", f"{sex}_subject"),
        "them": name("pronoun", f"{sex}_object"),
        "their": name("pronoun", f"{sex}_possessive"),
        "neighbour": patterns["formal"].format(
            title=name("title", scene["neighbour_sex"]), family=name("neighbour", scene["neighbour"])
        ),
        "doctor": patterns["doctor"].format(family=name("doctor", scene["doctor"])),
        "relative": name("relative", scene["relative"]),
        "hospital": name("hospital", scene["hospital"]),
        "ward": name("ward", scene["ward"]),
        "reaction": name("reaction", scene["reaction"]),
        "pain_moment": name("pain_moment", scene["pain_moment"]),
        "medicine": name("medicine", scene["medicine"]),
        "often": name("often", pools.REGULAR[scene["medicine"]].often),
        "other_medicine": name("medicine", scene["other_medicine"]),
        "other_often": name("often", pools.REGULAR[scene["other_medicine"]].often),
        "spare_medicine": name("medicine", scene["spare_medicine"]),
        "allergy_adjective": name("allergen_adjective", scene["allergy"]),
        "relative_allergy_adjective": name("allergen_adjective", scene["relative_allergy"]),
    }


_TYPED: Mapping[Kind, tuple[str, ...]] = {
    "blood_group": ("blood_group", "relative_group", "neighbour_group", "stored_group"),
    "dose": ("dose", "other_dose", "spare_dose", "neighbour_dose", "drink"),
    "allergen": ("allergy", "tolerated", "neighbour_allergy", "relative_allergy"),
    "level": ("pain", "pain_admission", "pain_yesterday", "pain_neighbour"),
    "rate": ("pulse", "pulse_neighbour", "pulse_limit"),
    "date": ("born", "today"),
}


def _written(scene: Scene, language: str) -> dict[str, Any]:
    """Typed values, and the plain figures that are written alike everywhere."""
    typed = {field: write(kind, scene[field], language) for kind, fields in _TYPED.items() for field in fields}
    pressure = f"{scene['systolic']}/{scene['diastolic']}"
    return {
        **typed,
        "record": scene["record"],
        "bed": scene["bed"],
        "temperature": scene["temperature"],
        "pressure": pressure,
    }


def _medicine_rows(scene: Scene, phrasebook: Phrasebook) -> list[dict[str, Any]]:
    """The lines of the medicine table; the one asked for may stand in any of them."""
    fields = ["other_medicine", "spare_medicine"]
    fields.insert(scene["medicine_rank"], "medicine")
    return [
        {
            "name": phrasebook.name("medicine", scene[field]),
            "dose": write("dose", scene[field.replace("medicine", "dose")], phrasebook.language),
            "often": phrasebook.name("often", (pools.REGULAR | pools.AS_NEEDED)[scene[field]].often),
        }
        for field in fields
    ]


def _readings(scene: Scene) -> list[tuple[str, str]]:
    """The day's pulse as (clock time, rate)."""
    rates = list(scene["pulse_others"])
    rates.insert(scene["pulse_rank"], scene["pulse"])
    return [(f"{hour:02d}:00", rate) for hour, rate in zip(scene["pulse_clocks"], rates, strict=True)]


def _charted(scene: Scene, phrasebook: Phrasebook) -> dict[str, Any]:
    """The clock times, and where the marks of the graphics stand: fractions of an axis, points of a circle."""
    language, readings, rank = phrasebook.language, _readings(scene), scene["pulse_rank"]
    beside = scene["pulse_beside"]
    clock = readings[rank][0]
    written = [_reading(at, rate, language) for at, rate in readings]
    others = written[:rank] + written[rank + 1 :]
    window = min(max(rank - 1, 0), 2)
    return {
        "pulse_clock": clock,
        "pulse_time": write("time", clock, language),
        "pulse_beside": others[beside],
        "pulse_far": others[(beside + 2) % 4],
        "pulse_window": written[window : window + 3],
        "pulse_points": [{"clock": at, "up": _up(int(rate))} for at, rate in readings],
        "pulse_axis": [{"label": rate, "up": _up(rate)} for rate in AXIS],
        "pain_along": int(scene["pain"]) / 10,
        "pain_dial": [_on_circle(level) for level in range(11)],
        "pain_needle": _on_circle(int(scene["pain"])),
    }


def _reading(clock: str, rate: str, language: str) -> dict[str, str]:
    return {"clock": clock, "time": write("time", clock, language), "rate": write("rate", rate, language)}


def _up(rate: int) -> float:
    return (rate - AXIS[0]) / (AXIS[-1] - AXIS[0])


def _on_circle(level: int) -> tuple[float, float]:
    """Where a level stands on the upper half of the unit circle, from the left (0) to the right (10), y downwards."""
    angle = math.pi * level / 10
    return round(-math.cos(angle), 4), round(-math.sin(angle), 4)


WORLD = World(
    name="health",
    types=(
        FactType("blood_group", "blood_group", draw_blood_groups),
        FactType("dose", "dose", draw_doses),
        FactType("allergy", "allergen", draw_allergies),
        FactType("pain", "level", draw_pains, graphical=True, tolerance=0.5),
        FactType("pulse", "rate", draw_pulses, graphical=True, tolerance=3.0),
    ),
    draw_scene=draw_scene,
    view=view,
)
