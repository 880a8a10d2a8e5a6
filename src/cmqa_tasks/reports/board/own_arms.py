"""Arms of a user's own: which of them stand against which, and what stands on no board.

An arm is known by its name; one with a shipped name is that arm. Of other arms the results say of which kinds their pieces are
(since cmqa-tasks 0.4.0), and from that alone follows where they belong: two modalities, or one modality in two languages, against
every evaluated arm with two pieces of one of these kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from cmqa_tasks.facts.records import ARMS
from cmqa_tasks.reports.board.contrasts import CONTRASTS, Contrast, Kinds
from cmqa_tasks.results import Run


def contrasts_of(runs: Sequence[Run]) -> tuple[Contrast, ...]:
    """The contrasts between the arms of some runs of one setting: the shipped ones, and those of arms of one's own."""
    evaluated = {arm: part.kinds for run in runs for arm, part in run.parts.items()}
    own = {arm: kinds for arm, kinds in sorted(evaluated.items()) if arm not in ARMS and kinds}
    pairs = {arm: kinds for arm, kinds in sorted(evaluated.items()) if len(kinds) == 2}
    modalities = [arm for arm in own if arm in pairs and _differ(own[arm], 0)]
    languages = [arm for arm in own if arm in pairs and not _differ(own[arm], 0) and _differ(own[arm], 1)]
    contrasts = []
    if modalities:
        words = "own_modalities", "Across modalities, arms of one's own", "unimodal", "cross-modal"
        contrasts.append(Contrast(*words, _alike(pairs, modalities), tuple(modalities), "image", own))
    if languages:
        words = "own_languages", "Across languages, arms of one's own", "monolingual", "cross-lingual"
        common = set.intersection(*({language for _, language in own[arm]} for arm in languages))
        preference = "english" if "en" in common else min(common, default="")
        contrasts.append(Contrast(*words, _alike(pairs, languages), tuple(languages), preference, own))
    return (*CONTRASTS, *contrasts)


def _differ(kinds: Kinds, position: int) -> bool:
    """Whether two pieces differ in modality (0) or language (1)."""
    return kinds[0][position] != kinds[1][position]


def _alike(pairs: Mapping[str, Kinds], across: Iterable[str]) -> tuple[str, ...]:
    """The arms with two pieces of one of the kinds that these arms have."""
    wanted = {kind for arm in across for kind in pairs[arm]}
    return tuple(arm for arm, (first, second) in pairs.items() if first == second and first in wanted)


def left_out(runs: Sequence[Run], shown: Iterable[tuple[str, object, str]]) -> list[str]:
    """What was evaluated and stands on no board, and why, a line each."""
    kept = set(shown)
    lines: dict[str, None] = {}
    for run in runs:
        rest = [arm for arm in run.parts if (run.title, run.setting, arm) not in kept and not run.parts[arm].single]
        for why, arms in _reasons(run, rest):
            lines[f"{run.title}, {run.setting.title}: {', '.join(arms)}: {why}"] = None
    return list(lines)


def _reasons(run: Run, arms: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    unknown = [arm for arm in arms if not run.parts[arm].kinds]
    known = [arm for arm in arms if run.parts[arm].kinds]
    if unknown:
        yield "of which kinds the pieces are is not said; evaluate again with cmqa-tasks 0.4.0 or later", unknown
    if known:
        yield "no arm with two different kinds beside them", known
