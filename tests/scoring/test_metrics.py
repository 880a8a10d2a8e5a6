from __future__ import annotations

import itertools
import math

import pytest

from cmqa_tasks.facts.records import ARMS, ITEM_KEY, Arm, Outcome, Relation, arm_named
from cmqa_tasks.scoring import metrics
from cmqa_tasks.scoring.marks import aggregation_of
from cmqa_tasks.scoring.metrics import Scored, metrics_of, rates

CROSS = arm_named("image_text")
PREFERENCES = ("prefers_first", "prefers_image", "prefers_english")


def scored(relation: Relation, *outcomes: Outcome) -> list[Scored]:
    return [Scored(relation, outcome, CROSS.pieces) for outcome in outcomes]


def test_rates_of_a_small_run_by_hand() -> None:
    items = [
        *scored("conflict", "conflict", "conflict", "first", "second", "first", "both", "abstain", "unparsed"),
        *scored("agree", "correct", "correct", "correct", "conflict", "other", "correct", "unparsed", "correct"),
    ]
    assert rates(CROSS, items) == {
        "balanced": pytest.approx((2 / 8 + 7 / 8) / 2),
        "recognition": 2 / 8,
        "false_alarm": 1 / 8,
        "named_both": 1 / 8,
        "agree_correct": 5 / 8,
        "prefers_first": 2 / 3,
        "prefers_image": 2 / 3,
        "unparsed": 2 / 16,
        "abstained": 1 / 16,
        "failed": 0.0,
    }


def test_preference_follows_the_modality_and_not_the_place() -> None:
    pieces = arm_named("text_image").pieces
    items = [Scored("conflict", "first", pieces), Scored("conflict", "second", pieces)] * 3
    values = rates(arm_named("text_image"), [*items, Scored("conflict", "second", pieces)])
    assert values["prefers_first"] == pytest.approx(3 / 7)
    assert values["prefers_image"] == pytest.approx(4 / 7)


@pytest.mark.parametrize(("arm", "expected"), [("en_zh", 0.75), ("zh_en", 0.25)])
def test_preference_for_english_follows_the_language_and_not_the_place(arm: str, expected: float) -> None:
    pieces = arm_named(arm).pieces
    outcomes: list[Outcome] = ["first", "first", "first", "second", "conflict"]
    assert rates(arm_named(arm), [Scored("conflict", outcome, pieces) for outcome in outcomes])["prefers_english"] == expected


def test_each_preference_belongs_to_the_arms_that_it_tells_something_about() -> None:
    having = {name: [arm for arm in ARMS if name in [metric.name for metric in metrics_of(ARMS[arm])]] for name in PREFERENCES}
    assert having["prefers_english"] == ["en_zh", "zh_en"]
    assert having["prefers_image"] == [arm.name for arm in ARMS.values() if arm.cross_modal]
    assert having["prefers_first"] == [arm.name for arm in ARMS.values() if not arm.single]


@pytest.mark.parametrize("always", [True, False])
def test_a_model_without_insight_gets_one_half(always: bool) -> None:
    outcomes: tuple[Outcome, Outcome] = ("conflict", "conflict") if always else ("first", "correct")
    items = [*scored("conflict", *[outcomes[0]] * 7), *scored("agree", *[outcomes[1]] * 3)]
    assert rates(CROSS, items)["balanced"] == 0.5


def test_an_empty_denominator_is_nan_and_never_zero() -> None:
    values = rates(CROSS, scored("conflict", "conflict"))
    assert math.isnan(values["prefers_first"])
    assert math.isnan(values["false_alarm"])
    assert math.isnan(values["balanced"])


@pytest.mark.parametrize("arm", ARMS.values(), ids=lambda arm: arm.name)
def test_every_metric_is_emitted_whatever_the_responses(arm: Arm) -> None:
    names = [metric.name for metric in metrics_of(arm)]
    assert list(rates(arm, [])) == names
    assert len(set(names)) == len(names)


def test_no_metric_name_contains_another() -> None:
    """lmms-eval matches the metrics of a group by substring."""
    names = {metric.name for arm in ARMS.values() for metric in metrics_of(arm)} | {ITEM_KEY}
    for name, other in itertools.permutations(names, 2):
        assert name not in other


def test_harness_and_offline_agree() -> None:
    """Aggregating the marks, as the harness does, gives the same numbers as the rates of the same items."""
    items = [*scored("conflict", "conflict", "first", "both"), *scored("agree", "correct", "conflict", "abstain", "other")]
    offline = rates(CROSS, items)
    for metric in metrics_of(CROSS):
        marks = [{"relation": item.relation} | ({} if (mark := metric.mark(item)) is None else {"score": mark}) for item in items]
        assert aggregation_of(metric)(marks) == offline[metric.name], metric.name


def test_mean_of_nothing() -> None:
    assert math.isnan(metrics.mean([]))
