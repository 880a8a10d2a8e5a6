"""Check a file of your own facts: every fault with its line and field, and the arms that it has evidence for.

cmqa validate receipts.jsonl
cmqa validate receipts.jsonl.gz --outside
cmqa validate --schema > facts.schema.json
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from cmqa_tasks.cli.parsers import command


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    parser = command(commands, "validate", __doc__, "Exit status: 0 when nothing is wrong, 1 when something is.")
    parser.add_argument("file", nargs="?", help="JSON lines of your own facts: .jsonl or .jsonl.gz")
    parser.add_argument("--outside", action="store_true", help="let images stand elsewhere than below the file's directory")
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of a line instead")


def run(options: argparse.Namespace) -> int:
    """Print the faults, or what can be asked."""
    from cmqa_tasks.worlds.own import faults, is_own, read_jsonl
    from cmqa_tasks.worlds.own_lines import OwnLine

    if options.schema:
        print(json.dumps(OwnLine.model_json_schema(), indent=1, ensure_ascii=False))
        return 0
    if options.file is None or not is_own(options.file):
        raise ValueError(f"name a file of facts that ends in .jsonl or .jsonl.gz, not {options.file}")
    wrong = faults(options.file, outside=options.outside)
    for fault in wrong:
        print(fault, file=sys.stderr)
    if wrong:
        print(f"{len(wrong)} fault{'s' * (len(wrong) > 1)}", file=sys.stderr)
        return 1
    release = read_jsonl(options.file, outside=options.outside)
    print(f"{options.file}: {len(release.facts)} facts")
    for line in _arms(release):
        print(line)
    return 0


def _arms(release: Any) -> list[str]:
    """What can be asked in each arm, or what the first fact that cannot lacks."""
    from cmqa_tasks.asking.items import items_of
    from cmqa_tasks.facts.records import ARMS
    from cmqa_tasks.facts.release import ReleaseError

    lines: list[str] = []
    for arm in ARMS.values():
        drawn = list(items_of(arm, release))
        try:
            for item in drawn:
                for piece in item.pieces:
                    release.require(item.fact_id, piece)
            lines.append(f"  {arm.name}: {len(drawn)} items")
        except ReleaseError as error:
            lines.append(f"  {arm.name}: cannot be asked: {error}")
    return lines
