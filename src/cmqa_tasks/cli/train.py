"""Fine-tune a model on a training set, with TRL, PEFT and accelerate.

cmqa train config.yaml
accelerate launch --num_processes 4 -m cmqa_tasks.cli train config.yaml
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from cmqa_tasks.cli.parsers import command


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    parser = command(commands, "train", __doc__)
    parser.add_argument("config", type=Path, help="YAML; see docs/mixing.md")


def run(options: argparse.Namespace) -> int:
    """Train, and print what came of it."""
    from cmqa_tasks.training.config import load
    from cmqa_tasks.training.train import train

    trained = train(load(options.config))
    if os.environ.get("RANK", "0") == "0":  # one of several processes speaks
        print(trained)
    return 0
