"""Write one item as it is put to a model: prompt and images.

cmqa show 1f0c9a52bd3e7788
cmqa show 1f0c9a52bd3e7788 --protocols all --language zh --out items
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cmqa_tasks.cli.parsers import DATA, command


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    parser = command(commands, "show", __doc__)
    parser.add_argument("id", help="id of an item, or of a fact (then every item of it)")
    parser.add_argument("--data", default=None, help=DATA)
    ways = "how the question is put; 'all': every way, side by side"
    parser.add_argument("--protocols", nargs="+", default=["aware"], metavar="PROTOCOL", help=ways)
    parser.add_argument("--language", default="en", help="language of the question")
    parser.add_argument("--out", type=Path, default=Path("cmqa_show"), help="directory to write into")


def run(options: argparse.Namespace) -> int:
    """Write the items and print where their pages are."""
    from cmqa_tasks.asking.protocols import protocols_named
    from cmqa_tasks.facts.release import DEFAULT
    from cmqa_tasks.reports.show import find, write
    from cmqa_tasks.worlds.own import opened

    release = opened(options.data or DEFAULT)
    for item in find(release, options.id):
        print(write(item, release, options.out, protocols_named(options.protocols), options.language))
    return 0
