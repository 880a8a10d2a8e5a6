"""Draw the attention that a run has logged, or log that of answers which another engine gave.

cmqa attention attention/
cmqa attention runs/qwen --aggregate generated --relation conflict --out plots
cmqa attention log runs/vllm --model_args pretrained=Qwen/Qwen2.5-VL-3B-Instruct --batch_size 4
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmqa_tasks.attention.names import AGGREGATES, COMPARED
from cmqa_tasks.cli.parsers import DATA, LOGGED, command

if TYPE_CHECKING:
    from cmqa_tasks.facts.release import Release
    from cmqa_tasks.models.hf import CmqaHF
    from cmqa_tasks.models.replay import GivenAnswer
    from cmqa_tasks.results import Run, TaskRun

_LOG = "log"


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    parser = command(commands, "attention", __doc__)
    parser.add_argument("log", type=Path, help=f"directory of the log, or any directory above it; or the word {_LOG}")
    parser.add_argument("runs", type=Path, nargs="?", help=f"after {_LOG}: {LOGGED}, whose answers are put through a model")
    parser.add_argument("--out", type=Path, default=None, help="directory for the drawings (default: LOG/attention_plots)")
    parser.add_argument("--aggregate", default="last_prompt", choices=AGGREGATES, help="which query rows")
    parser.add_argument("--relation", default=None, choices=COMPARED, help="such items only")
    arguments = "arguments of cmqa_hf: pretrained=…, others as for a run (default: attention=on,attention_path=RUNS/attention)"
    parser.add_argument("--model_args", default=None, help=arguments)
    parser.add_argument("--batch_size", default="1", help="answers that go through the model together")
    parser.add_argument("--data", default=None, help=DATA)


def run(options: argparse.Namespace) -> int:
    """Draw, and print the paths of the drawings; or log answers, and print where."""
    if options.runs is not None:
        if options.log != Path(_LOG):
            raise ValueError(
                f"cmqa attention {options.log} {options.runs}: one directory is drawn; write {_LOG} before one to log"
            )
        return _log(options)
    if options.model_args is not None:
        raise ValueError(f"--model_args={options.model_args}: a model is needed by cmqa attention {_LOG} RUNS alone")
    from cmqa_tasks.attention.plots import draw

    out = options.out or options.log / "attention_plots"
    for path in draw(options.log, out, aggregate=options.aggregate, relation=options.relation):
        print(path)
    return 0


def _log(options: argparse.Namespace) -> int:
    """Put the answers of a run through a model once, task by task; under torchrun each process takes its share."""
    from cmqa_tasks.results import read_runs
    from cmqa_tasks.worlds.own import opened

    runs = read_runs([options.runs])
    if len({found.subject for found in runs}) > 1:
        names = ", ".join(sorted({found.title for found in runs}))
        raise ValueError(f"{options.runs} holds results of several models ({names}); name the directory of one")
    parts = [(found, part) for found in runs for part in found.parts.values()]
    releases: dict[str, Release] = {}
    for found, part in parts:
        name = found.setting.release
        releases.setdefault(name, opened(options.data or name))
        _check(found, part, releases[name])
    from cmqa_tasks.models.replay import log_answers, model_from

    lm = model_from(options.model_args or "", attention_path=str(options.runs / "attention"), batch_size=options.batch_size)
    for found, part in parts:
        _check_prompting(found, part, options.runs, lm)
    for found, part in parts:
        release = releases[found.setting.release]
        answers = list(_answers(found, part, release))[lm.rank :: lm.world_size]
        logged = log_answers(lm, part.stamp.task, release, answers)
        print(f"{part.stamp.task}: {logged} answers logged, {len(answers) - logged} were there already")
    return 0


def _check(found: Run, part: TaskRun, release: Release) -> None:
    """Make sure that a task's answers can be asked again, before a model is loaded.

    Raises:
        ValueError: the answers were chosen by log-likelihood, or the data are not those of the run.
    """
    if found.setting.by != "generation":
        raise ValueError(f"{part.samples}: answers of {part.stamp.task} were chosen by log-likelihood; no text was written")
    ran, here = found.setting.release_sha256, release.fingerprint
    if here != ran:
        raise ValueError(
            f"{part.samples}: {part.stamp.task} was asked on release {found.setting.release} with SHA-256 {ran[:12]}…, and "
            f"{release.name} here has {here[:12]}…: give the run's own by --data"
        )


def _check_prompting(found: Run, part: TaskRun, directory: Path, lm: CmqaHF) -> None:
    """Make sure that the model is prompted as in the run, as far as its results say how.

    Raises:
        ValueError: another chat template, or a system prompt that is not the run's.
    """
    from cmqa_tasks.results import results_file
    from cmqa_tasks.results.files import find

    (results,) = (files.results for files in find(directory) if part.samples in files.samples.values())
    file = results_file.read(results)
    if file.system_instruction and lm.system_prompt != file.system_instruction:
        raise ValueError(f"{results}: asked with --system_instruction {file.system_instruction!r}; give it as system_prompt=")
    applied, model = file.chat_template, found.subject.arguments.partition(",")[0]
    untemplated = found.subject.harness.startswith("lm-eval") and not applied and "chat" not in model
    if (applied and applied != lm.chat_template) or (untemplated and lm.chat_template):
        template = "another chat template than this checkpoint's" if applied else "no chat template, and this checkpoint has one"
        raise ValueError(f"{results}: asked with {template}: the attention would be that of other prompts")


def _answers(found: Run, part: TaskRun, release: Release) -> Iterator[GivenAnswer]:
    """The answers of a task, without requests that failed."""
    from cmqa_tasks.asking.question import questions_of
    from cmqa_tasks.facts.records import ITEM_KEY, arm_named
    from cmqa_tasks.models.replay import GivenAnswer
    from cmqa_tasks.results.items import lines
    from cmqa_tasks.results.texts import exchanges

    setting = found.setting
    questions = {asked.item.id: asked for asked in questions_of(arm_named(part.arm), release, setting.protocol, setting.language)}
    responses = exchanges(part)
    counts_prompts = found.subject.arguments.startswith("cmqa_hf,") or found.subject.arguments == "cmqa_hf"
    for row in lines(part.samples):
        record = row[ITEM_KEY]
        if record["outcome"] == "failed":
            continue
        item = record["item_id"]
        if item not in questions:
            raise ValueError(f"{part.samples}: item {item!r} is none of release {release.name}, arm {part.arm}")
        counts = (row.get("token_counts") or [None])[0] if counts_prompts else None
        tokens = counts.get("input_tokens") if counts else None
        yield GivenAnswer(row["doc_id"], questions[item], responses[item].response, bool(record.get("cut")), tokens)
