"""How many responses, in English and in Chinese, are read and scored per second on one core.

    PYTHONPATH=src python benchmarks/scoring.py

Every response is written out anew, so that nothing is gained by remembering responses; the facts recur, as in a release.
The mix: short values, one-sentence answers, statements of a conflict in two sentences, and a few long chains of
reasoning. Also prints how long hostile responses of one million characters take.
"""

from __future__ import annotations

import random
import statistics
import sys
import time

from cmqa_tasks.facts.records import Fact, Kind, Relation, Side, Value
from cmqa_tasks.scoring.outcomes import score_answer
from cmqa_tasks.worlds.languages import write

SPECS: tuple[tuple[str, Kind, tuple[str, ...], tuple[str, ...]], ...] = (
    ("Brindle desk lamp", "money", ("24.99 USD", "$24.99", "24.99"), ("29.99 USD", "$29.99", "29.99")),
    ("Larkfield arena", "count", ("1200", "1,200", "twelve hundred"), ("1500", "1,500", "fifteen hundred")),
    ("turnout in Averly", "percent", ("40", "40%", "40 percent"), ("46", "46%", "46 percent")),
    ("Ostrel headphones", "rating", ("3.5", "3.5 stars"), ("4.5", "4.5 stars")),
    ("pain of R. Iden", "level", ("7", "7/10"), ("4", "4/10")),
    ("pulse of M. Orrin", "rate", ("80", "80 bpm"), ("96", "96 bpm")),
    ("walk to the museum", "distance", ("2.4 km", "2.4 km"), ("4.2 km", "4.2 km")),
    ("dose of Veltrin", "dose", ("500 mg", "500 mg"), ("50 mg", "50 mg")),
    ("Marlow book fair", "date", ("2026-03-03", "March 3", "3 March"), ("2026-03-13", "March 13", "13 March")),
    ("Dovecot bakery", "time", ("08:30", "8:30 am"), ("09:15", "9:15 am")),
    ("Harrow v Stoke", "score", ("3-1", "3-1"), ("1-3", "1-3")),
    ("A. Moreno", "blood_group", ("O+", "O+", "O positive"), ("O-", "O-", "O negative")),
    ("Cobble Bridge", "direction", ("north", "north"), ("north-east", "north-east")),
    ("Fennel raincoat", "colour", ("blue", "blue"), ("green", "green")),
    ("Saturday in Penhallow", "weather", ("sunny", "sunny"), ("rain", "rain")),
    ("J. Castell", "allergen", ("penicillin", "penicillin"), ("latex", "latex")),
    ("Corner Books", "name", ("Elm Street", "Elm Street"), ("Oak Avenue", "Oak Avenue")),
)

SENTENCES = {
    "en": (
        "The answer for {entity} is {x}.",
        "According to the evidence, it is **{x}**.",
        "Based on the image provided, {entity}: {x}.",
        "It is {x}, as both the image and the text show.",
        "{x} is what the page gives for {entity}.",
    ),
    "zh": ("答案是{x}。", "根据证据，是**{x}**。", "根据图片，答案为{x}。", "图片和文字都显示为{x}。", "页面上写的是{x}。"),
}
CONFLICTS = {
    "en": (
        "The image shows {x}, but the text says {y}. These two pieces of evidence contradict each other.",
        "There is a discrepancy between the image and the text about {entity}. One says {x}, and the other says {y}.",
        "The image says {x} while the text says {y}. I would go with {x}.",
        "There is no contradiction between the two pieces of evidence. Both say {x}.",
        "According to the first piece it is {x}. According to the second it is {y}.",
    ),
    "zh": (
        "图片显示{x}，但文字说{y}。两份证据互相矛盾。",
        "图片和文字的说法不一致：一个是{x}，另一个是{y}。",
        "图片写的是{x}，文字写的是{y}，应以图片为准。",
        "两份证据没有矛盾，都是{x}。",
        "第一份证据说是{x}，第二份说是{y}。",
    ),
}
THOUGHT = {
    "en": (
        "Let me look at the evidence about {entity} first. ",
        "The first piece is a page with several numbers on it, and I need the one that the question asks about. ",
        "It seems to say {x}, next to other details that do not matter here. ",
        "The second piece mentions {y} somewhere in the middle of the passage. ",
        "I should check whether they contradict each other before I answer. ",
    ),
    "zh": (
        "我先看看有关的证据。",
        "第一份证据是一个网页，上面有好几个数字，我需要的是问题所问的那一个。",
        "上面写的好像是{x}，旁边的内容与问题无关。",
        "第二份证据在中间提到了{y}。",
        "回答之前，我应该检查两者是否互相矛盾。",
    ),
}
FINAL = {"en": "\n\nFinal answer: {x}", "zh": "\n\n最终答案：{x}"}


def fact_of(index: int, entity: str, kind: Kind, a: tuple[str, ...], b: tuple[str, ...]) -> Fact:
    """A fact from its row in :data:`SPECS`."""
    return Fact(
        id=f"fact-{index}",
        index=index,
        world="shopping",
        type="benchmark",
        kind=kind,
        entity={"en": entity},
        question={"en": f"What about {entity}?"},
        a=Value(canonical=a[0], surface={"en": a[1:], "zh": _chinese(kind, a[0])}),
        b=Value(canonical=b[0], surface={"en": b[1:], "zh": _chinese(kind, b[0])}),
        graphical=False,
    )


def _chinese(kind: Kind, canonical: str) -> tuple[str, ...]:
    """Some written forms; names stand as they are."""
    return tuple(dict.fromkeys(list(write(kind, canonical, "zh").forms.values())[:3]))


def workload(size: int, language: str, seed: int = 7) -> list[tuple[str, Fact, Relation, Side]]:
    """Distinct responses: 45 % short values, 30 % one sentence, 22 % two sentences, 3 % long reasoning."""
    rng = random.Random(seed)
    facts = [fact_of(index, *spec) for index, spec in enumerate(SPECS)]
    rows: list[tuple[str, Fact, Relation, Side]] = []
    for index in range(size):
        fact = rng.choice(facts)
        x, y = rng.choice(fact.a.surface[language]), rng.choice(fact.b.surface[language])
        if rng.random() < 0.5:
            x, y = y, x
        draw = rng.random()
        if draw < 0.45:
            text = rng.choice((x, x, x.capitalize(), f"{x}.", f"**{x}**"))
        elif draw < 0.75:
            text = rng.choice(SENTENCES[language])
        elif draw < 0.97:
            text = rng.choice(CONFLICTS[language])
        else:
            text = "".join(rng.choice(THOUGHT[language]) for _ in range(12)) + FINAL[language]
        written = text.format(entity=fact.entity["en"], x=x, y=y)
        padded = written + " " * (index % 7) + "\n" * (index % 5)  # a new string each time, never the interned surface
        rows.append((padded, fact, "conflict", "a"))
    return rows


HOSTILE = {
    "no no no": "no " * 333_333,
    "digits": "1" * 1_000_000,
    "digits and spaces": "1 " * 500_000,
    "parentheses": "(" * 1_000_000,
    "braces": '{"a":' * 200_000,
    "stars": "\u2605" * 1_000_000,
    "spelled": "twenty " * 143_000,
    "one conflict sentence": "The sources conflict because " + "they are very " * 71_000 + "different.",
    "open tags": "<think>" * 143_000,
    "backslashes": "\\boxed{" * 143_000,
    "markers": "answer: " * 125_000,
    "accents": "\u00e9" * 1_000_000,
    "Chinese numerals": "一" * 1_000_000,
    "Chinese negation": "没有" * 500_000,
    "Chinese conflict": "两份证据互相矛盾，" * 111_000,
}


def speed(language: str) -> list[tuple[str, Fact, Relation, Side]]:
    """Print how many responses of a language are scored per second, and return them."""
    rows = workload(40_000, language)
    for row in rows[:2000]:
        score_answer(*row)
    speeds = []
    for _ in range(5):
        begin = time.perf_counter()
        for response, fact, relation, first in rows:
            score_answer(response, fact, relation, first)
        speeds.append(len(rows) / (time.perf_counter() - begin))
    mean = statistics.fmean(len(row[0]) for row in rows)
    print(f"{language}: python {sys.version.split()[0]}; {len(rows)} responses of {mean:.0f} characters on average")
    print(f"median {statistics.median(speeds):,.0f} responses/s (runs: {', '.join(f'{one:,.0f}' for one in speeds)})")
    return rows


def main() -> None:
    """Print medians."""
    speed("zh")
    rows = speed("en")
    fact = rows[0][1]
    for name, text in HOSTILE.items():
        begin = time.perf_counter()
        outcome, _ = score_answer(text, fact, "conflict", "a")
        print(f"{name:>22}: {len(text):>9,} characters, {1000 * (time.perf_counter() - begin):7.1f} ms, {outcome}")


if __name__ == "__main__":
    main()
