"""Two models on the same items."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from made_runs import Behaviour, Run, always
from scipy.stats import binomtest, norm

from cmqa_tasks.cli.main import main
from cmqa_tasks.reports.compare.pairs import Comparison, compare
from cmqa_tasks.results import ResultsError, read_runs

PAIRS = ("text_text", "image_image", "image_text", "text_image")


def good_between(first: int, last: int) -> Behaviour:
    """Recognises the conflicts of some facts, and cries none."""
    return lambda fact, relation: ("conflict" if first <= fact < last else "first") if relation == "conflict" else "correct"


def compared(a: Path, b: Path) -> Comparison:
    return compare(*(read_runs([directory]) for directory in (a, b)), resamples=1_000)


def test_differences_are_paired_by_item(tmp_path: Path) -> None:
    a = Run(good_between(0, 20), arms=PAIRS).write(tmp_path / "a")
    b = Run(good_between(5, 35), arms=PAIRS).write(tmp_path / "b")
    comparison = compared(a, b)
    assert [arm.arm for arm in comparison.arms] == list(PAIRS)
    rate = comparison.arms[0].recognition
    assert (rate.a, rate.b, rate.gained, rate.lost) == (0.5, 0.75, 15, 5)
    assert rate.difference.value == pytest.approx(0.25)
    assert rate.p == pytest.approx(binomtest(5, 20).pvalue)
    assert rate.adjusted == pytest.approx(min(1, 4 * rate.p))
    assert comparison.arms[0].false_alarm.gained == comparison.arms[0].false_alarm.lost == 0
    assert comparison.arms[0].balanced.value == pytest.approx(0.125)
    (contrast,) = comparison.contrasts
    assert contrast.across.low < 0.125 == pytest.approx(contrast.across.value)
    spread = (20 / 40 - 0.25**2) ** 0.5 / 2 / 40**0.5  # of 40 facts, 15 gain and 5 lose half a point of balanced each
    assert contrast.detectable == pytest.approx((norm.ppf(0.975) + norm.ppf(0.8)) * spread, rel=0.05), "in four of five cases"
    assert contrast.gap is not None
    assert (contrast.gap.value, len(comparison.flips)) == (0.0, 80)
    assert {flip.better for flip in comparison.flips if flip.outcome_b == "conflict"} == {True}


def test_items_of_one_fact_count_as_one_observation(tmp_path: Path) -> None:
    """Crossed sets have each conflict in both orders. Taken as independent, they would promise more than they can show."""
    once, twice = (
        compared(
            Run(good_between(0, 20), arms=PAIRS, crossed=crossed).write(tmp_path / f"{crossed}a"),
            Run(good_between(5, 35), arms=PAIRS, crossed=crossed).write(tmp_path / f"{crossed}b"),
        )
        for crossed in (False, True)
    )
    assert [arm.items for arm in twice.arms] == [2 * arm.items for arm in once.arms]
    for before, after in zip(once.arms, twice.arms, strict=True):
        assert after.recognition == before.recognition


def test_items_that_one_side_lacks_are_left_out_and_counted(tmp_path: Path) -> None:
    a = Run(always(True), arms=PAIRS).write(tmp_path / "a")
    b = Run(always(False), arms=PAIRS[:3], facts=10, original=40).write(tmp_path / "b")
    comparison = compared(a, b)
    assert {arm.arm for arm in comparison.arms} == set(PAIRS[:3])
    assert {(arm.items, arm.unpaired) for arm in comparison.arms} == {(20, 60)}
    assert comparison.contrasts == (), "an average needs all of its arms"
    assert any("20 of 80 items (limit)" in mark for mark in comparison.marks)


def test_intervals_are_of_the_facts_that_an_arm_was_asked_about(tmp_path: Path) -> None:
    for name in ("a", "b"):
        Run(always(True), arms=PAIRS[:2]).write(tmp_path / name / "whole")
        Run(always(True), arms=PAIRS[2:], facts=10, original=40).write(tmp_path / name / "limited")
    comparison = compared(tmp_path / "a", tmp_path / "b")
    ends = {arm.arm: (arm.balanced.high, arm.recognition.difference.high) for arm in comparison.arms}
    unseen = {facts: pytest.approx(1 - 0.025 ** (1 / facts)) for facts in (10, 40)}
    assert ends == {arm: (unseen[facts],) * 2 for arm, facts in zip(PAIRS, (40, 40, 10, 10), strict=True)}
    (contrast,) = comparison.contrasts
    assert contrast.same is not None
    assert contrast.gap is not None
    assert (contrast.same.high, contrast.across.high, contrast.gap.high / 2) == (unseen[40], unseen[10], unseen[10])


def test_different_settings_and_several_models_are_refused(tmp_path: Path) -> None:
    a = Run(always(True)).write(tmp_path / "a")
    b = Run(always(True), metadata={"release_sha256": "b" * 64}).write(tmp_path / "b")
    with pytest.raises(ResultsError, match=r"no arm with two pieces under one setting in both: .*aaaaaaaa.* against .*bbbbbbbb"):
        compared(a, b)
    Run(always(True), model="org/other").write(tmp_path / "a" / "other")
    with pytest.raises(ResultsError, match=r"2 models \(org/model, org/other\) on one side"):
        compared(a, b)


def test_the_command_says_it_in_words_and_writes_all_flips(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "<b>bold</b> `tick` \N{GRINNING FACE} \u202e " + "long " * 500
    a = Run(good_between(0, 10), arms=PAIRS, responses=lambda outcome: hostile, model="org/small").write(tmp_path / "a")
    b = Run(good_between(0, 38), arms=PAIRS, model="org/@large").write(tmp_path / "b")
    assert main(["compare", str(a), str(b), "--out", str(tmp_path / "out"), "--flips", "2"]) == 0
    text = capsys.readouterr().out
    words = text.split("## In plain words")[1].split("##")[0]
    assert text.index("In plain words") < text.index("| group"), "plain words come first"
    assert (
        "Across modalities: the balanced score is 35.0 points higher in `org/@large` than in org/small (95 % interval +2" in words
    )
    assert "| org/small | `org/@large` |" in re.sub(" +", " ", text)
    assert "`** (better): org/small first, `org/@large` conflict" in text
    assert "no difference in the gap between unimodal and cross-modal is shown (0.0 points" in words
    assert text.count("**text_text, conflict item") + text.count("**image_image, conflict item") == 2
    assert "\n    <b>bold</b>" in text, "responses stand in blocks of code, where nothing is markup"
    content = json.loads((tmp_path / "out" / "compare.json").read_text(encoding="utf-8"))
    assert len(content["flips"]) == 112
    assert content["flips"][0]["response_a"] == hostile
    assert content["arms"][0]["recognition"]["gained"] == 28
    assert content["words"] == [line.replace("`", "") for line in words.splitlines() if line]
    assert (tmp_path / "out" / "compare.md").read_text(encoding="utf-8").count("Asked:") == 112


def test_alike_models_and_what_could_have_been_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a = Run(good_between(0, 20), arms=("image_text", "text_image")).write(tmp_path / "a")
    b = Run(good_between(2, 22), arms=("image_text", "text_image")).write(tmp_path / "b")
    assert main(["compare", str(a), str(b)]) == 0
    text = capsys.readouterr().out
    assert "only first run" in text
    words = text.split("## In plain words")[1]
    assert "no difference in the balanced score is shown (0.0 points" in words
    assert "points would have been found in four of five cases" in words
    assert main(["compare", str(a), str(b), "--flips", "-1"]) == 2
