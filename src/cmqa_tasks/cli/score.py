"""Score answers that were made elsewhere, by an agent or a loop of your own, and write a run that everything here reads.

cmqa score answers.jsonl --arm image_text text_image --model my-agent --out runs/my-agent
cmqa score answers.jsonl --arm en_zh --protocol choice --language zh --model my-agent --model-args temperature=0 --out runs/zh
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cmqa_tasks.cli.parsers import DATA, command

_NOTES = """a line of the answers: {"id": "1f0c9a52bd3e7788", "response": "They contradict each other."}
'cmqa items ARM' lists ids; 'cmqa show ID' and cmqa_tasks.questions_of have what is asked"""


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    parser = command(commands, "score", __doc__, _NOTES)
    parser.add_argument("answers", type=Path, help="JSON lines with the id of an item and the response to it")
    parser.add_argument("--arm", nargs="+", required=True, metavar="ARM", help="what was asked: names of arms or of their tasks")
    parser.add_argument("--protocol", default="aware", help="how the question was put (default: aware)")
    parser.add_argument("--language", default="en", help="language of the question (default: en)")
    parser.add_argument("--data", default=None, help=DATA)
    parser.add_argument("--model", required=True, help="what answered, as tables shall call it")
    parser.add_argument("--model-args", default="", metavar="KEY=VALUE,…", help="how it was set, for the results file")
    parser.add_argument("--out", type=Path, required=True, help="directory of results; other runs may be there")
    parser.add_argument("--partial", action="store_true", help="score the answers that are there; the run counts as limited")


def run(options: argparse.Namespace) -> int:
    """Write the run and print its metrics."""
    from cmqa_tasks.harness.answers import score_answers
    from cmqa_tasks.harness.catalogue import arm_of
    from cmqa_tasks.writing import markdown
    from cmqa_tasks.writing.numbers import number

    arms = list({arm.name: arm for arm in map(arm_of, options.arm)}.values())
    scored = score_answers(
        options.answers,
        arms,
        options.out,
        model=options.model,
        model_args=options.model_args,
        protocol=options.protocol,
        language=options.language,
        data=options.data,
        partial=options.partial,
    )
    names = list(dict.fromkeys(name for task in scored for name in task.rates))
    rows = [[task.name, f"{task.answered}/{task.asked}", *(number(task.rates.get(name)) for name in names)] for task in scored]
    print(markdown.table(["task", "answered", *names], rows))
    return 0
