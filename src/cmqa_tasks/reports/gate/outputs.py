"""A verdict for people (Markdown) and for continuous integration (JUnit XML)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from cmqa_tasks.reports.gate.verdict import Change, Check, Status, Verdict
from cmqa_tasks.writing import markdown
from cmqa_tasks.writing.markdown import code, plain

_SHOWN = 20
_LISTED = 200
_SIGNS: Mapping[Status, str] = {"fine": "✅", "regressed": "❌", "cannot tell": "❔"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 has no place for."""


def to_markdown(verdict: Verdict) -> str:
    """A summary for a pull request."""
    how = "item by item" if verdict.mode == "exact" else "by a paired test over facts"
    parts = [
        f"## {_SIGNS[verdict.status]} cmqa regress: {verdict.status}",
        f"`{plain(code(verdict.candidate))}` against the reference `{plain(code(verdict.reference))}`, {how}.",
        _checks(verdict),
    ]
    if verdict.stamps:
        parts.append(f"The two runs differ in {plain('; '.join(verdict.stamps))}.")
    if verdict.reworded:
        parts.append(f"{verdict.reworded} responses are worded differently and read alike.")
    if verdict.changes:
        shown = _of_every_task(verdict.changes)
        parts += [f"{len(verdict.changes)} items changed; here are {len(shown)} of them:", _changes(shown)]
        parts.append("Look at one with `cmqa show ITEM`.")
    return "\n\n".join(parts) + "\n"


def _checks(verdict: Verdict) -> str:
    rows = [[check.name, check.status, plain(check.why), str(check.items or ""), str(check.changed)] for check in verdict.checks]
    return markdown.table(["task", "verdict", "why", "items", "changed"], rows, words=3)


def _of_every_task(changes: Sequence[Change]) -> list[Change]:
    """Some changes, as many of each task as there is room for."""
    tasks = list(dict.fromkeys(change.task for change in changes))
    room = max(1, _SHOWN // len(tasks))
    return [change for task in tasks for change in [one for one in changes if one.task == task][:room]]


def _changes(changes: Sequence[Change]) -> str:
    rows = [[one.task, one.item, one.relation, plain(one.before), plain(one.after)] for one in changes]
    return markdown.table(["task", "item", "relation", "before", "after"], rows, words=5)


def to_junit(verdict: Verdict) -> str:
    """A test case per check: a regression is a failure, what cannot be told an error."""
    states = [check.status for check in verdict.checks]
    counts = {
        "tests": str(len(states)),
        "failures": str(states.count("regressed")),
        "errors": str(states.count("cannot tell")),
    }
    root = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(root, "testsuite", {"name": f"cmqa regress {_legal(verdict.candidate)}", **counts})
    for check in verdict.checks:
        _case(suite, check, [change for change in verdict.changes if change.task == check.name])
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ElementTree.Element, check: Check, changes: list[Change]) -> None:
    case = ElementTree.SubElement(suite, "testcase", {"classname": "cmqa.regress", "name": _legal(check.name)})
    if check.status == "fine":
        ElementTree.SubElement(case, "system-out").text = _legal(check.why)
        return
    kind = "failure" if check.status == "regressed" else "error"
    told = ElementTree.SubElement(case, kind, {"message": _legal(check.why), "type": check.status})
    lines = [f"{one.item} ({one.relation}): {one.before} -> {one.after}" for one in changes[:_LISTED]]
    more = [f"… and {len(changes) - _LISTED} more"] if len(changes) > _LISTED else []
    told.text = _legal("\n".join([check.why, *lines, *more]))


def _legal(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
