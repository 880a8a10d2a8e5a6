"""The miniature's training sets, arranged by the product: the very :func:`~cmqa_tasks.training.plan.plan` behind ``cmqa mix``.

A stage has so many instances, each of one kind of evidence; kinds are the groups. The plan says which instances stand together in
an example, and in which order, under each strategy::

    dataset    [picture] [note] [picture] …      one instance an example
    same       [picture picture] [note note] …   as long as mixed examples, and as unmixed as ``dataset``
    instance   [picture note] [note picture] …   kinds meet inside an example

All strategies use the same instances, each once. No strategy ever shows two pieces of different kinds *about one person*: no
instance has pieces of two kinds, and the instances of an example are about different people.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

import numpy as np

from cmqa_tasks.training.choices import JOINING, Strategy
from cmqa_tasks.training.plan import Budget, plan
from experiments.mini.instances import CAST, PER_EXAMPLE, Diet, Instance, draw_instance
from experiments.mini.world import KINDS, PEOPLE

STRATEGIES: tuple[Strategy, ...] = ("dataset", "same", "instance")
"""The strategies that branches are trained under."""


def training_set(strategy: Strategy, diet: Diet, instances: int, seed: int) -> Iterator[list[Instance]]:
    """The examples of a stage, in the order in which they are trained on.

    Args:
        strategy: how instances are put into examples.
        diet: what instances are drawn from.
        instances: how many; the same seed gives the same ones under every strategy, but for the people's names.
        seed: of everything random.

    Raises:
        cmqa_tasks.training.plan.PlanError: ``instance`` with a diet of one kind.
    """
    rng = random.Random(seed)
    kinds = np.array(rng.choices(range(len(KINDS)), diet.kinds, k=instances))
    budget = Budget(PER_EXAMPLE if strategy in JOINING else 1)
    arranged = plan(strategy, kinds, None, np.ones(instances, np.int64), budget, seed)
    for members in np.split(arranged.instances, arranged.starts[1:-1]):
        people = rng.sample(range(PEOPLE), PEOPLE)
        yield [
            draw_instance(KINDS[kinds[number]], diet, random.Random(seed << 32 | int(number))).cast(people[index * CAST :][:CAST])
            for index, number in enumerate(members)
        ]


def steps(examples: Iterable[list[Instance]], instances: int) -> Iterator[list[list[Instance]]]:
    """The examples of each step of training: as many as hold so many instances."""
    waiting: list[list[Instance]] = []
    for example in examples:
        waiting.append(example)
        if sum(map(len, waiting)) >= instances:
            yield waiting
            waiting = []
    if waiting:
        yield waiting
