"""Reference policies under every protocol: any value that is written or read wrongly shows here by its item."""

from __future__ import annotations

import pytest

from cmqa_tasks.asking.items import items_of
from cmqa_tasks.asking.protocols import PROTOCOLS
from cmqa_tasks.asking.question import Question, ask, questions_of
from cmqa_tasks.facts.records import ARMS, Arm
from cmqa_tasks.facts.release import load
from cmqa_tasks.scoring.outcomes import score_response
from cmqa_tasks.scoring.policies import POLICIES, Decision, decision_of, policy, respond

SENTENCES = {"en": "The answer is {}.", "zh": "答案是{}。"}
EVERY = [(protocol, language) for protocol in PROTOCOLS for language in ("en", "zh")]
POLICIES_BY_HAND = [name for name in POLICIES if name not in ("rule", "match_options", "random")]


def test_unknown_policy_lists_those_that_exist() -> None:
    with pytest.raises(ValueError, match=r"unknown policy 'orcale'; choose one of oracle, follow_first"):
        policy("orcale")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("arm", ARMS.values(), ids=lambda arm: arm.name)
def test_the_oracle_is_right_on_every_item_of_the_release(arm: Arm, language: str) -> None:
    """Calibrates data, prompts and reading at once: any value that is written or read wrongly shows here by its item."""
    answer = policy("oracle")
    for question in questions_of(arm, load(), "aware", language):
        outcome, parsed = score_response(answer(question), question)
        assert outcome == ("conflict" if question.item.relation == "conflict" else "correct"), (answer(question), parsed)


def some_questions(arm: Arm, protocol: str, language: str) -> list[Question]:
    """Some of the release's questions, about facts of every world: those of every nineteenth fact."""
    some_items = items_of(arm, load(), list(load().facts.values())[::19])
    return [ask(item, load(), protocol, language) for item in some_items]


def right_outcomes(question: Question, decision: Decision) -> str:
    """What a decision must come out as, under the question's protocol."""
    conflict, two = question.item.relation == "conflict", len(question.pieces) == 2
    if decision.kind == "conflict":
        return "conflict"
    if question.protocol == "detect" and two:
        return "other" if conflict else "correct"
    if not conflict:
        return "correct"
    return "first" if decision.side == question.pieces[0].side else "second"


@pytest.mark.parametrize(("protocol", "language"), EVERY)
@pytest.mark.parametrize("name", POLICIES_BY_HAND)
def test_every_policy_comes_out_exactly_under_every_protocol(name: str, protocol: str, language: str) -> None:
    decide = decision_of(name)
    for arm in ARMS.values():
        for question in some_questions(arm, protocol, language):
            decision = decide(question)
            response = respond(question, decision)
            outcome, parsed = score_response(response, question)
            assert outcome == right_outcomes(question, decision), (arm.name, response, parsed)
            assert (outcome in ("conflict", "correct")) or name != "oracle"


@pytest.mark.parametrize(("protocol", "language"), EVERY)
def test_the_target_is_what_the_oracle_says(protocol: str, language: str) -> None:
    """Where a letter or yes or no is asked for, the target is that; else the value or the word."""
    for question in some_questions(ARMS["en_zh"], protocol, language):
        target, response = question.target, policy("oracle")(question)
        if protocol == "choice":
            assert response == target
        elif protocol == "detect":
            assert response[0] in {"yes": "Y是", "no": "N否"}[target]
        else:
            fact = question.fact
            assert target in ("conflict", fact.a.canonical, fact.b.canonical)


@pytest.mark.parametrize("name", POLICIES_BY_HAND)
def test_policies_do_what_their_names_say(name: str) -> None:
    for question in questions_of(ARMS["text_image"], load(), "aware")[:80]:
        outcome, _ = score_response(policy(name)(question), question)
        conflict = {
            "oracle": "conflict",
            "always_conflict": "conflict",
            "follow_first": "first",
            "follow_second": "second",
            "follow_image": "second",
            "follow_text": "first",
            "never_conflict": "first",
        }[name]
        agree = "conflict" if name == "always_conflict" else "correct"
        assert outcome == (conflict if question.item.relation == "conflict" else agree)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("side", ["a", "b"])
def test_every_surface_form_of_the_release_is_read_as_its_own_value(side: str, language: str) -> None:
    """No written form of one value may be taken for the other, or for nothing."""
    for question in questions_of(ARMS["text"], load(), "aware"):
        if question.pieces[0].side != side:
            continue
        fact = question.fact
        for form in fact.value(question.pieces[0].side).surface[language]:
            for response in (form, SENTENCES[language].format(form), f"**{form}**"):
                outcome, reading = score_response(response, question)
                assert outcome == "correct", (fact.kind, fact.a.canonical, fact.b.canonical, response, reading)
