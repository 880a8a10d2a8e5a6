"""Does a model still answer as it did? For continuous integration.

cmqa regress --reference model.reference.jsonl --candidate runs/model
cmqa regress --reference runs/last --candidate runs/now --mode paired --junit regress.xml
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cmqa_tasks.cli.parsers import LOGGED, command
from cmqa_tasks.reports.gate.modes import FAIL_ON, FAILING, MODES

_FIELDS = ("reference", "candidate", "config", "mode", "fail_on", "junit", "summary")

_EXIT_CODES = "exit code: 0 passed, 1 failed, 2 failed because it cannot be told (and why)"


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    parser = command(commands, "regress", __doc__, _EXIT_CODES)
    parser.add_argument("--reference", type=Path, required=True, help="a reference file, or a directory of results")
    parser.add_argument("--candidate", type=Path, required=True, help=f"a {LOGGED}")
    parser.add_argument("--mode", choices=MODES, default=None, help="item by item or statistically (default: as recorded)")
    fails = f"which verdicts fail (default: {' '.join(FAIL_ON)}); without a word, none does"
    parser.add_argument("--fail-on", nargs="*", choices=FAILING, default=None, help=fails)
    parser.add_argument("--config", type=Path, default=None, help="YAML file with margins and level")
    parser.add_argument("--junit", type=Path, default=None, help="write JUnit XML here")
    parser.add_argument("--summary", type=Path, default=None, help="write the Markdown summary here, too")


def run(options: argparse.Namespace) -> int:
    """Print the verdict; the exit code tells it."""
    from cmqa_tasks.reports.gate import outputs
    from cmqa_tasks.reports.gate.regress import Job, regress

    verdict = regress(Job(**{name: getattr(options, name) for name in _FIELDS}))
    print(outputs.to_markdown(verdict), end="")
    return verdict.exit_code
