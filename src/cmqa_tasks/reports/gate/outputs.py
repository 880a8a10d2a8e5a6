"""A verdict for people (Markdown) and for continuous integration (JUnit XML)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from xml.etree import ElementTree

from cmqa_tasks.facts import release
from cmqa_tasks.reports.gate.modes import Status
from cmqa_tasks.reports.gate.snapshot import Key
from cmqa_tasks.reports.gate.verdict import Change, Check, Verdict
from cmqa_tasks.writing import markdown
from cmqa_tasks.writing.markdown import code, plain
from cmqa_tasks.writing.numbers import number

_SHOWN = 20
_LISTED = 200
_SIGNS: Mapping[Status, str] = {"unchanged": "✅", "improved": "✅", "changed": "❌", "regressed": "❌", "cannot tell": "❔"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 has no place for."""


def to_markdown(verdict: Verdict) -> str:
    """A summary for a pull request."""
    how = "item by item" if verdict.mode == "exact" else "by a paired test over facts"
    parts = [
        f"## {_SIGNS[verdict.status]} cmqa regress: {verdict.status}",
        f"{code(verdict.candidate)} against the reference {code(verdict.reference)}, {how}.",
        *_advice(verdict),
        _checks(verdict.checks),
    ]
    if verdict.stamps:
        parts.append(f"The two runs differ in {plain('; '.join(verdict.stamps))}.")
    if verdict.reworded:
        parts.append(f"{verdict.reworded} responses are worded differently and read alike.")
    if verdict.changes:
        shown = _of_every_task(verdict.changes)
        parts += [f"{len(verdict.changes)} items changed; here are {len(shown)} of them:", _changes(shown), *_hints(shown)]
    return "\n\n".join(parts) + "\n"


def _advice(verdict: Verdict) -> Iterator[str]:
    if verdict.status == "improved":
        yield "The model is better than its reference: record a new one with `cmqa reference update`."
    if verdict.status == "changed":
        yield "If the change is meant, record it with `cmqa reference update`."
    if not verdict.exit_code and verdict.status not in ("unchanged", "improved"):
        yield f"It passes: *{verdict.status}* is not among what fails here ({', '.join(verdict.fail_on) or 'nothing'})."


def _checks(checks: Sequence[Check]) -> str:
    header = ["task", "verdict", "why", "score before", "after", "better", "worse", "changed", "items"]
    return markdown.table(header, [_row(check) for check in checks], words=3)


def _row(check: Check) -> list[str]:
    if math.isnan(check.before):
        return [plain(check.name), check.status, plain(check.why), *[""] * 5, str(check.items or "")]
    counts = [str(count) for count in (check.better, check.worse, check.changed, check.items)]
    return [plain(check.name), check.status, plain(check.why), number(check.before), number(check.after), *counts]


def _of_every_task(changes: Sequence[Change]) -> list[Change]:
    """Some changes, as many of each task as there is room for."""
    tasks = list(dict.fromkeys(change.task for change in changes))
    room = max(1, _SHOWN // len(tasks))
    return [change for task in tasks for change in [each for each in changes if each.task == task][:room]]


def _changes(changes: Sequence[Change]) -> str:
    words = {1.0: "better", -1.0: "worse"}
    rows = [
        [each.task.title, each.item, each.relation, plain(each.before), plain(each.after), words.get(each.gain, "")]
        for each in changes
    ]
    return markdown.table(["task", "item", "relation", "before", "after", ""], rows, words=6)


def _hints(changes: Sequence[Change]) -> Iterator[str]:
    """A command for each kind of task among the changes that shows one of its items as it was asked."""
    examples = {_options(change.task): change.item for change in reversed(changes)}
    if examples:
        commands = [f"    cmqa show {item}{options}" for options, item in reversed(examples.items())]
        yield "Look at one as the model saw it:\n\n" + "\n".join(commands)
    own = sorted({change.task.setting.release for change in changes} - {*release.shipped()})
    if own:
        yield f"Replace DATA by the file or directory of {', '.join(map(code, own))}."


def _options(task: Key) -> str:
    """What ``cmqa show`` must be told beside the item."""
    setting = task.setting
    data = "" if setting.release == release.DEFAULT else setting.release if setting.release in release.shipped() else "DATA"
    options = {
        "--data": data,
        "--protocols": "" if setting.protocol == "aware" else setting.protocol,
        "--language": "" if setting.language == "en" else setting.language,
    }
    return "".join(f" {name} {value}" for name, value in options.items() if value)


def to_junit(verdict: Verdict) -> str:
    """A test case per check: what fails is a failure, what cannot be told an error, the rest passes."""
    failing = [check.status for check in verdict.checks if verdict.fails(check.status)]
    errors = failing.count("cannot tell")
    counts = {"tests": str(len(verdict.checks)), "failures": str(len(failing) - errors), "errors": str(errors)}
    root = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(root, "testsuite", {"name": f"cmqa regress {_legal(verdict.candidate)}", **counts})
    for check in verdict.checks:
        _case(suite, check, [each for each in verdict.changes if each.task.title == check.name], verdict.fails(check.status))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ElementTree.Element, check: Check, changes: list[Change], fails: bool) -> None:
    case = ElementTree.SubElement(suite, "testcase", {"classname": "cmqa.regress", "name": _legal(check.name)})
    if not fails:
        ElementTree.SubElement(case, "system-out").text = _legal(f"{check.status}: {check.why}")
        return
    kind = "error" if check.status == "cannot tell" else "failure"
    problem = ElementTree.SubElement(case, kind, {"message": _legal(check.why), "type": check.status})
    lines = [f"{each.item} ({each.relation}): {each.before} -> {each.after}" for each in changes[:_LISTED]]
    more = [f"… and {len(changes) - _LISTED} more"] if len(changes) > _LISTED else []
    problem.text = _legal("\n".join([check.why, *lines, *more]))


def _legal(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
