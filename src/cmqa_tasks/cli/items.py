"""List the items of an arm: id, relation, world, type, question.

cmqa items image_text
cmqa items clqa_en_zh --data receipts.jsonl
"""

from __future__ import annotations

import argparse
from typing import Any

from cmqa_tasks.cli.parsers import DATA, command


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    parser = command(commands, "items", __doc__)
    parser.add_argument("arm", help="name of the arm, or of its task: image_text, cmqa_image_text")
    parser.add_argument("--data", default=None, help=DATA)


def run(options: argparse.Namespace) -> int:
    """Print a line per item."""
    from cmqa_tasks.asking.items import items_of
    from cmqa_tasks.facts.release import DEFAULT
    from cmqa_tasks.harness.catalogue import arm_of
    from cmqa_tasks.worlds.own import opened

    release = opened(options.data or DEFAULT)
    for item in items_of(arm_of(options.arm), release):
        fact = release.facts[item.fact_id]
        question = fact.question.get("en") or next(iter(fact.question.values()))
        print(item.id, item.relation, fact.world, fact.type, question, sep="\t")
    return 0
