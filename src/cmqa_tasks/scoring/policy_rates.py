"""``cmqa policies``: what the reference policies get, computed without a harness by the functions that a harness calls.

    cmqa policies --policy rule match_options random --protocols all

makes the tables of ``leaderboards/protocols.md``. A rule that solves an arm would show that its passages are too regular.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from cmqa_tasks.asking.items import items_of
from cmqa_tasks.asking.question import Question, questions_of
from cmqa_tasks.facts.records import ARMS, Arm
from cmqa_tasks.facts.release import Release, ReleaseError
from cmqa_tasks.scoring.metrics import BALANCED, Scored, rates
from cmqa_tasks.scoring.outcomes import score_response
from cmqa_tasks.scoring.policies import Decide, Decision, decision_of, respond
from cmqa_tasks.writing import markdown
from cmqa_tasks.writing.numbers import number

PAIRS: tuple[Arm, ...] = tuple(arm for arm in ARMS.values() if not arm.single)
"""The arms of the tables: those with two pieces."""


def filled(release: Release) -> list[Arm]:
    """Those of them that a release has all evidence for.

    Raises:
        ReleaseError: it has none.
    """
    arms = [arm for arm in PAIRS if _has_all(release, arm)]
    if not arms:
        raise ReleaseError(
            f"release {release.name!r} has all evidence for none of the arms {', '.join(arm.name for arm in PAIRS)}"
        )
    return arms


def _has_all(release: Release, arm: Arm) -> bool:
    return all(release.has(item.fact_id, piece) for item in items_of(arm, release) for piece in item.pieces)


def policy_rates(
    decide: Decide, arm: Arm, protocol: str, language: str, release: Release, limit: int | None = None
) -> Mapping[str, float]:
    """Every metric that a policy gets on an arm under a protocol; with ``limit`` on its first items, as a harness does."""
    questions = questions_of(arm, release, protocol, language)[:limit]
    return rates(arm, [_scored(question, decide(question)) for question in questions])


def _scored(question: Question, decision: Decision) -> Scored:
    outcome, _ = score_response(respond(question, decision), question)
    return Scored.of(question, outcome)


def _remembered(decide: Decide) -> Decide:
    """A policy that decides once about what protocols show alike: else half of the time would go into deciding again."""
    decisions: dict[tuple[str, bool], Decision] = {}

    def remember(question: Question) -> Decision:
        key = question.item.id, bool(question.options)
        if key not in decisions:
            decisions[key] = decide(question)
        return decisions[key]

    return remember


def table(
    policies: Sequence[str],
    protocols: Sequence[str],
    release: Release,
    language: str = "en",
    seed: int = 0,
    progress: Callable[[], object] = lambda: None,
) -> str:
    """The headline metric of policies, a row per policy and protocol and a column per arm with two pieces
    that the release has evidence for; ``progress`` is called after every row.

    Raises:
        ReleaseError: it has evidence for no such arm, or no question in this language.
        ValueError: no such policy, or no such protocol in this language.
    """
    arms = filled(release)
    header = ["policy", "protocol", *(arm.name for arm in arms)]
    rows = []
    for row in _rows(policies, protocols, arms, release, language, seed):
        rows.append(row)
        progress()
    return markdown.table(header, rows)


def _rows(
    policies: Iterable[str], protocols: Sequence[str], arms: Sequence[Arm], release: Release, language: str, seed: int
) -> Iterator[list[str]]:
    for name in policies:
        decide = _remembered(decision_of(name, seed))
        for protocol in protocols:
            headline = [policy_rates(decide, arm, protocol, language, release)[BALANCED.name] for arm in arms]
            yield [name, protocol, *map(number, headline)]
