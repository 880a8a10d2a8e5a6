"""Every family of transformers under ``cmqa_hf``, tiny and random: which answer rightly, whose attention is exact.

    python benchmarks/families.py                       # all; an hour on one core
    python benchmarks/families.py --only gemma3 llava   # some
    python benchmarks/families.py --write               # and the table into docs/models.md

Each family is built and checked in a process of its own: some do not get along with others, some do not end.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import sys
import tempfile
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs" / "models.md"
BEGIN, END = "<!-- families: written by benchmarks/families.py -->", "<!-- /families -->"
SECONDS = 240


def main() -> int:
    """Check families and print what becomes of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="FAMILY")
    parser.add_argument("--kind", choices=("vision", "text"))
    parser.add_argument("--records", type=Path, help="where the reports go, and are taken from where they are there already")
    parser.add_argument("--write", action="store_true", help="write the table into docs/models.md")
    arguments = parser.parse_args()
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    os.environ |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "CUDA_VISIBLE_DEVICES": ""}
    import family_check  # noqa: F401 - once, for all processes
    from tiny_families import VISION, text_families

    kinds = {"vision": list(VISION), "text": text_families()}
    names = arguments.only or [name for kind, some in kinds.items() if arguments.kind in (None, kind) for name in some]
    known = _known(arguments.records)
    reports = []
    for name in names:
        report = known.get(name) or _checked(name)
        reports.append(report)
        print(
            f"{name}: {report['answers']} {report['why_answers']} | attention {report['attention']} {report['why_attention']}",
            flush=True,
        )
        if arguments.records and name not in known:
            with arguments.records.open("a", encoding="utf-8") as file:
                file.write(json.dumps(report) + "\n")
    for part, kind in (("answers", "answer"), ("attention", "attention")):
        print(kind, dict(Counter(report[part] for report in reports if report[part])))
    if arguments.write:
        write(list((_known(arguments.records) or {report["family"]: report for report in reports}).values()), set(VISION))
    return 0


def _known(path: Path | None) -> dict[str, dict[str, Any]]:
    if path is None or not path.exists():
        return {}
    reports = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {report["family"]: report for report in reports}


def _checked(name: str) -> dict[str, Any]:
    """The report of one family, from a process of its own: it shares what was imported, and nothing else."""
    empty: dict[str, Any] = {"family": name, "answers": "not built", "attention": "", "why_attention": "", "off": None}
    processes = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "report.json"
        child = processes.Process(target=_check, args=(name, Path(directory), path))
        child.start()
        child.join(SECONDS)
        if child.is_alive():
            child.kill()
            child.join()
            return empty | {"why_answers": f"not done within {SECONDS} s"}
        if not path.exists():
            return empty | {"answers": "crash", "why_answers": f"the process ended with {child.exitcode}"}
        report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return report


def _check(name: str, directory: Path, path: Path) -> None:
    from family_check import check, receipts

    with (directory / "log").open("w") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        report = check(name, directory / name, receipts(directory / "receipts"))
    path.write_text(report.line(), encoding="utf-8")


def write(reports: list[dict[str, Any]], vision: set[str]) -> None:
    """Put the table into the documentation, between its marks."""
    text = DOCS.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    DOCS.write_text(f"{before}{BEGIN}\n{tables(reports, vision)}\n{END}{after}", encoding="utf-8")


def tables(reports: list[dict[str, Any]], vision: set[str]) -> str:
    """What became of the families, as Markdown: those that are right in a line, the others with the reason."""
    parts = [f"transformers {version('transformers')}, torch {version('torch')}, float32 on a CPU.", ""]
    for title, some in (
        ("Image-text-to-text", [report for report in reports if report["family"] in vision]),
        ("Causal language models", [report for report in reports if report["family"] not in vision]),
    ):
        built = [report for report in some if report["answers"] != "not built"]
        exact = [report["family"] for report in built if report["attention"] == "right"]
        parts += [
            f"**{title}**: {len(some)} model types, {len(built)} built; {_count(built, 'answers', 'right')} answer as their own "
            f"`generate`, {len(exact)} with exact attention.",
            "",
            f"Both: {', '.join(f'`{name}`' for name in exact)}.",
            "",
            "| model type | answers | attention | reason |",
            "|---|---|---|---|",
        ]
        others = [report for report in some if report["attention"] != "right"]
        order = sorted(others, key=lambda report: (report["answers"], report["attention"], report["family"]))
        parts += [_row(report) for report in order]
        parts.append("")
    return "\n".join(parts).rstrip()


def _row(report: dict[str, Any]) -> str:
    reason = re.sub(r"pretrained='[^']*': ", "", "; ".join(filter(None, (report["why_answers"], report["why_attention"]))))
    reason = reason.removeprefix("RuntimeError: ").replace("|", "\\|")[:160]
    return f"| `{report['family']}` | {report['answers']} | {report['attention'] or '–'} | {reason} |"


def _count(reports: list[dict[str, Any]], part: str, verdict: str) -> int:
    return sum(report[part] == verdict for report in reports)


if __name__ == "__main__":
    sys.exit(main())
