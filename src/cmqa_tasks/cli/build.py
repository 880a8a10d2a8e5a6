"""Draw facts and render their evidence into a new release directory.

cmqa build --seed 7 --facts 400 --fewshot 40 --out mine
cmqa build --seed 7 --facts 400 --out private --held-out
cmqa build --seed 7 --facts 40 --out small --workers 2 --browser /usr/bin/chromium
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

from cmqa_tasks.cli.parsers import command

logger = logging.getLogger(__name__)


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    parser = command(commands, "build", __doc__)
    parser.add_argument("--seed", type=int, required=True, help="what the facts are drawn from")
    parser.add_argument("--facts", type=int, required=True, help="how many facts")
    parser.add_argument(
        "--fewshot", type=int, default=0, help="how many further facts, in no item, for few-shot examples (default: none)"
    )
    parser.add_argument("--out", type=Path, required=True, help="the new directory; its name is the release's name")
    parser.add_argument("--held-out", action="store_true", help="tell them in held-out phrasings alone, which no other set uses")
    parser.add_argument("--workers", type=int, default=None, help="processes, each with a browser (default: one per CPU)")
    parser.add_argument("--browser", default=None, help="the Chromium to draw with (default: $CMQA_BROWSER, else the PATH)")


def run(options: argparse.Namespace) -> int:
    """Build the release, warn of shortcuts that solve its passages, and print its size."""
    from cmqa_tasks.facts.release import load
    from cmqa_tasks.scoring.shortcuts import AIM, open_to
    from cmqa_tasks.worlds.build.freeze import build

    if options.workers is not None and options.workers < 1:
        raise ValueError(f"--workers must be at least 1, not {options.workers}")
    metadata = build(
        options.seed,
        options.facts,
        options.out,
        fewshot=options.fewshot,
        held_out=options.held_out,
        workers=options.workers,
        browser=options.browser,
    )
    size = sum(info.bytes for info in metadata.files.values()) / 1e6
    for arm, shortcut, balanced in open_to(load(options.out)):
        logger.warning("passages are too regular: %s gets %.2f balanced in %s, aim %.2f", shortcut, balanced, arm, AIM)
    print(f"{options.out}: {metadata.facts} facts, {metadata.files['images.parquet'].rows} images, {size:.1f} MB")
    return 0
