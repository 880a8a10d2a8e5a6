"""Print what the reference policies get, without a harness, as a table.

cmqa policies
cmqa policies --policy oracle follow_image --protocols all --language zh
"""

from __future__ import annotations

import argparse
from typing import Any

from cmqa_tasks.cli.parsers import DATA, command


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    parser = command(commands, "policies", __doc__)
    parser.add_argument("--policy", nargs="+", default=["oracle", "rule", "random"], metavar="POLICY", help="names of policies")
    parser.add_argument("--protocols", nargs="+", default=["aware"], metavar="PROTOCOL", help="names of protocols; 'all'")
    parser.add_argument("--language", default="en", help="language of the question")
    parser.add_argument("--data", default=None, help=DATA)


def run(options: argparse.Namespace) -> int:
    """Print the table."""
    from tqdm import tqdm

    from cmqa_tasks.asking.protocols import protocols_named
    from cmqa_tasks.facts.release import DEFAULT
    from cmqa_tasks.scoring.policy_rates import table
    from cmqa_tasks.worlds.own import opened

    protocols, release = protocols_named(options.protocols), opened(options.data or DEFAULT)
    rows = len(options.policy) * len(protocols)
    with tqdm(total=rows, desc="policies", leave=False, disable=None) as progress:  # None: silent unless stderr is a terminal
        print(table(options.policy, protocols, release, options.language, progress=progress.update))
    return 0
