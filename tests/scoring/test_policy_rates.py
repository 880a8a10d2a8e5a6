"""The published tables of the rules, and the rules themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from cmqa_tasks.asking.protocols import PROTOCOLS
from cmqa_tasks.asking.question import questions_of
from cmqa_tasks.facts.records import ARMS
from cmqa_tasks.facts.release import load
from cmqa_tasks.scoring.policies import SHORTCUTS, decision_of
from cmqa_tasks.scoring.policy_rates import PAIRS, policy_rates, table
from cmqa_tasks.scoring.shortcuts import Reader, untrained, values_in

PUBLISHED = (Path(__file__).parents[2] / "leaderboards" / "protocols.md").read_text(encoding="utf-8")
RULES = ("rule", "match_options", "random")


def rows(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in text.splitlines()
        if line.startswith("| ") and "---" not in line
    ]


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_published_table_is_what_the_code_gives(language: str) -> None:
    """Under the two protocols that can differ for these policies."""
    half = PUBLISHED.split("## Asked in Chinese")[language == "zh"]
    for row in rows(table(RULES, ("aware", "choice"), load(), language)):
        assert row in rows(half)


def test_the_published_tables_are_whole_and_differ_where_options_are_shown_only() -> None:
    rules = [row for row in rows(PUBLISHED) if row[0] in RULES]
    assert len(rules) == 2 * len(RULES) * len(PROTOCOLS)
    for policy in RULES:
        free = {tuple(row[2:]) for row in rules if row[0] == policy and row[1] != "choice"}
        assert len(free) <= 2, "one row for each language of the question"


@pytest.mark.parametrize("protocol", ["aware", "choice"])
@pytest.mark.parametrize("arm", PAIRS, ids=lambda arm: arm.name)
def test_a_rule_without_options_solves_no_arm(arm, protocol: str) -> None:
    """Were this to fail, the passages would be too regular: mend the data and not the bound."""
    assert policy_rates(decision_of("rule"), arm, protocol, "en", load())["balanced"] < 0.6


def test_match_options_is_the_rule_where_no_options_are_shown() -> None:
    for question in questions_of(ARMS["en_zh"], load(), "neutral")[:80]:
        assert decision_of("match_options")(question) == decision_of("rule")(question)


def test_printed_values_give_nothing_away() -> None:
    """Both stand in every passage."""
    assert policy_rates(decision_of("match_options"), ARMS["en_zh"], "choice", "en", load())["balanced"] < 0.6


def test_values_nearest_to_the_question_come_first_in_either_language() -> None:
    english = (
        "Shipping is $5.00, whatever else is in your parcel. The Halden kettle costs $24.99, and the toaster next to it $39.99."
    )
    assert next(iter(values_in(english, "What does the Halden kettle cost?", "money"))) == "24.99 USD"
    chinese = "运费5.00美元，包裹里装几件都一样。霍尔登电热水壶售价24.99美元，旁边那台烤面包机39.99美元。"
    assert next(iter(values_in(chinese, "霍尔登电热水壶的售价是多少？", "money"))) == "24.99 USD"


def test_shortcuts_as_policies_get_what_they_get_as_rules_and_what_is_published() -> None:
    """Put into words, read and scored like a model's answer, a shortcut's call is worth what it is worth by itself."""
    release = load()
    alone = untrained(ARMS["text_text"], Reader(release))
    for name in SHORTCUTS:
        scored = policy_rates(decision_of(name), ARMS["text_text"], "aware", "en", release)
        assert scored["balanced"] == pytest.approx(alone[name], abs=0.02), name
        published = next(row for row in rows(PUBLISHED) if row[0] == name)
        assert published[2] == f"{scored['balanced']:.3f}"
