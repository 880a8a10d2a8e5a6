"""Read a million made-up responses: none may raise, none may take over a second.

    PYTHONPATH=src:tests/support python benchmarks/fuzz_reading.py --inputs 1000000 --seed 1

Inputs are the committed cases of both languages, mutated (characters and words deleted, doubled, swapped, taken from another
case; cut; put behind marks of reasoning, markup, JSON), unicode soup, and repetitions of short pieces. Each is read under a
drawn form for a drawn fact. Prints how many were read, how fast, the slowest, and every exception with its input; exits with 1
when there was an exception or an input took longer than a second of CPU time.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from collections import Counter

from reading_cases import all_cases

from cmqa_tasks.asking.protocols import FORMS
from cmqa_tasks.facts.records import OUTCOMES
from cmqa_tasks.scoring.outcomes import score_answer

SLOW = 1.0
"""Seconds of CPU time that one response may take."""
SOUP = [
    *map(chr, range(0x20, 0x7F)),
    *"一二两三四五六七八九十百千万亿点半零〇年月日时分秒元块角毛美欧英镑公里千米克毫升度%％。，、；：？！（）「」『』《》【】“”‘’…—～￥＄",
    *"不没无未非都均是有矛盾冲突一致相同符合证据图片文字答案选项东南西北红黄蓝绿晴雨雪雾型阳阴",
    *map(
        chr, [0x00, 0x09, 0x0A, 0x0D, 0xA0, 0x200B, 0x200D, 0x202E, 0xFEFF, 0xFFFD, 0x1F600, 0x2605, 0xBD, 0x130, 0x345, 0xD7FF]
    ),
]
MARKS = (
    "Answer: ",
    "Final answer: ",
    "答案：",
    "<think>",
    "</think>",
    "[THINK]",
    "◁think▷",
    "<answer>",
    "\\boxed{",
    '{"answer": "',
    "**",
)
LETTERS = {"A": "b", "B": "abstain", "C": "conflict", "D": "a"}


def mutated(rng: random.Random, texts: list[str]) -> str:
    """A case with a few changes."""
    text = rng.choice(texts)
    for _ in range(rng.randrange(1, 5)):
        at, other = rng.randrange(len(text) + 1), rng.choice(texts)
        match rng.randrange(9):
            case 0:
                text = text[:at] + text[at + rng.randrange(1, 4) :]
            case 1:
                text = text[:at] + text[max(0, at - 8) : at] + text[at:]
            case 2:
                text = text[:at] + "".join(rng.choices(SOUP, k=rng.randrange(1, 4))) + text[at:]
            case 3:
                text = text[:at] + other[rng.randrange(len(other) + 1) :]
            case 4:
                text = text[:at]
            case 5:
                text = rng.choice(MARKS) + text
            case 6:
                text = text[:at] + rng.choice(MARKS) + text[at:]
            case 7:
                text = rng.choice((text.upper(), text.swapcase(), text.replace(" ", ""), text.replace(".", "\n")))
            case _:
                words = text.split(" ")
                rng.shuffle(words)
                text = " ".join(words)
    return text


def drawn(rng: random.Random, texts: list[str]) -> str:
    """One input."""
    draw = rng.random()
    if draw < 0.8:
        return mutated(rng, texts)
    if draw < 0.9:
        return "".join(rng.choices(SOUP, k=rng.randrange(120)))
    text = rng.choice(texts)
    at = rng.randrange(len(text) + 1)
    return (text[at : at + rng.randrange(1, 12)] or " ") * rng.randrange(1, 400)


def main() -> int:
    """Read the inputs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    cases = all_cases()
    texts, facts = [case.response for case in cases if case.response], list({id(case.fact): case.fact for case in cases}.values())
    rng, outcomes = random.Random(arguments.seed), Counter[str]()
    faults, slowest, begin = 0, (0.0, ""), time.process_time()
    for _ in range(arguments.inputs):
        text, fact, form = drawn(rng, texts), rng.choice(facts), rng.choice(list(FORMS))
        start = time.process_time()
        try:
            outcomes[score_answer(text, fact, "conflict", "a", form, LETTERS)[0]] += 1  # type: ignore[arg-type]
        except Exception:  # the point of it
            faults += 1
            print(f"{text!r} [{fact.kind}, {form}]\n{traceback.format_exc()}", file=sys.stderr)
        slowest = max(slowest, (time.process_time() - start, text))
    took = time.process_time() - begin
    print(f"{arguments.inputs} inputs, {faults} exceptions, {arguments.inputs / took:,.0f} a second")
    print(f"slowest: {slowest[0]:.2f} s, {len(slowest[1])} characters, {slowest[1][:80]!r}")
    print(f"outcomes: {dict(outcomes.most_common())}")
    return int(faults > 0 or slowest[0] > SLOW or not set(outcomes) <= set(OUTCOMES))


if __name__ == "__main__":
    sys.exit(main())
