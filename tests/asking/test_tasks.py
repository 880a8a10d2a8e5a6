from __future__ import annotations

import json

import pytest

from cmqa_tasks.asking import questions as tasks
from cmqa_tasks.asking.items import items
from cmqa_tasks.asking.prompts import PromptError
from cmqa_tasks.asking.protocols import PROTOCOLS
from cmqa_tasks.facts.records import ARMS, Arm
from cmqa_tasks.facts.release import Release, ReleaseError, load
from cmqa_tasks.scoring.metrics import metrics_of
from cmqa_tasks.scoring.policies import POLICIES, Decision, decision_of, policy, respond

ENGLISH = [arm for arm in ARMS.values() if arm.family == "cmqa" and {language for _, language in arm.pieces} == {"en"}]
"""The arms that a user's own English data can fill."""
PAIRS = [arm for arm in ENGLISH if not arm.single]
SENTENCES = {"en": "The answer is {}.", "zh": "答案是{}。"}
EVERY = [(protocol, language) for protocol in PROTOCOLS for language in ("en", "zh")]
POLICIES_BY_HAND = [name for name in POLICIES if name not in ("rule", "match_options", "random")]


@pytest.mark.parametrize("arm", ENGLISH, ids=lambda arm: arm.name)
def test_documents_are_plain_data(arm: Arm, own_release: Release) -> None:
    docs = tasks.documents(arm, own_release, "aware")
    assert json.loads(json.dumps(docs)) == docs


@pytest.mark.parametrize("arm", PAIRS, ids=lambda arm: arm.name)
def test_chat_and_plain_forms_hold_the_same_content(arm: Arm, own_release: Release) -> None:
    for doc in tasks.documents(arm, own_release, "aware"):
        (turn,) = tasks.messages(doc, own_release)
        chat_text = "".join(part.get("text", "<image>") for part in turn["content"])
        assert chat_text == tasks.plain_text(doc)
        chat_images = [part["url"].tobytes() for part in turn["content"] if part["type"] == "image"]
        assert chat_images == [image.tobytes() for image in tasks.images(doc, own_release)]
        assert len(chat_images) == chat_text.count("<image>")


def test_each_piece_of_evidence_is_a_content_part_of_its_own(own_release: Release) -> None:
    doc = tasks.documents(ARMS["text_text"], own_release, "aware")[0]
    (turn,) = tasks.messages(doc, own_release)
    texts = [part["text"] for part in turn["content"]]
    assert [piece["text"] for piece in doc["pieces"]] == [texts[1], texts[3]]


def test_the_per_item_record_says_what_the_report_needs(own_release: Release) -> None:
    doc = tasks.documents(ARMS["image_text"], own_release, "aware")[0]
    result = tasks.process_results(doc, "I would say $20.99.", ARMS["image_text"])
    assert set(result) == {metric.name for metric in metrics_of(ARMS["image_text"])} | {tasks.ITEM_KEY}
    record = result[tasks.ITEM_KEY]
    assert record["item_id"] == doc["item_id"]
    assert (record["fact_id"], record["arm"], record["relation"]) == (doc["fact_id"], "image_text", "conflict")
    assert record["outcome"] == "first"
    assert "20.99" in record["parsed"]
    json.dumps(result)


def test_an_answer_that_the_reader_fails_on_is_unparsed_and_named(
    own_release: Release, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise IndexError("a fault of the reader")

    doc = tasks.documents(ARMS["image_text"], own_release, "aware")[0]
    monkeypatch.setattr(tasks, "score_response", fail)
    result = tasks.process_results(doc, "I would say $20.99.", ARMS["image_text"])
    assert result[tasks.ITEM_KEY]["outcome"] == "unparsed"
    assert doc["item_id"] in caplog.text
    assert "a fault of the reader" in caplog.text


def test_a_huge_response_is_a_counted_outcome(own_release: Release) -> None:
    doc = tasks.documents(ARMS["image_text"], own_release, "aware")[0]
    result = tasks.process_results(doc, "blah " * 200_000, ARMS["image_text"])
    assert result["unparsed"]["score"] == 1.0


def test_unknown_language_and_protocol_are_refused(own_release: Release) -> None:
    with pytest.raises(PromptError, match="no prompts in language 'xx'; choose one of en, zh"):
        tasks.documents(ARMS["text"], own_release, "aware", language="xx")
    with pytest.raises(ValueError, match="unknown protocol 'nope'; choose one of aware, neutral"):
        tasks.documents(ARMS["text"], own_release, "nope")


def test_a_question_that_is_missing_in_a_language_is_named(own_release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.prompts, "require", lambda protocol, language: None)
    with pytest.raises(ReleaseError, match="no question in language 'xx', only in en"):
        tasks.documents(ARMS["text"], own_release, "aware", language="xx")


def test_unknown_policy_lists_those_that_exist() -> None:
    with pytest.raises(ValueError, match=r"unknown policy 'orcale'; choose one of oracle, follow_first"):
        policy("orcale")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("arm", ARMS.values(), ids=lambda arm: arm.name)
def test_the_oracle_is_right_on_every_item_of_the_release(arm: Arm, language: str) -> None:
    """Calibrates data, prompts and reading at once: any value that is written or read wrongly shows here by its item."""
    answer = policy("oracle")
    for doc in tasks.documents(arm, load(), "aware", language):
        outcome, parsed = tasks.score(doc, answer(doc))
        assert outcome == ("conflict" if doc["relation"] == "conflict" else "correct"), (answer(doc), parsed)


def some_documents(arm: Arm, protocol: str, language: str) -> list[tasks.Document]:
    """A tenth of the release's documents: every third pair of a world and type."""
    found = items(arm, list(load().facts.values())[::10], load().name)
    return [tasks.document(item, load(), protocol, language) for item in found]


def right_outcomes(doc: tasks.Document, decision: Decision) -> str:
    """What a decision must come out as, under the document's protocol."""
    conflict, two = doc["relation"] == "conflict", len(doc["pieces"]) == 2
    if decision.kind == "conflict":
        return "conflict"
    if doc["protocol"] == "detect" and two:
        return "other" if conflict else "correct"
    if not conflict:
        return "correct"
    return "first" if decision.side == doc["pieces"][0]["side"] else "second"


@pytest.mark.parametrize(("protocol", "language"), EVERY)
@pytest.mark.parametrize("name", POLICIES_BY_HAND)
def test_every_policy_comes_out_exactly_under_every_protocol(name: str, protocol: str, language: str) -> None:
    decide = decision_of(name)
    for arm in ARMS.values():
        for doc in some_documents(arm, protocol, language):
            decision = decide(doc)
            response = respond(doc, decision)
            outcome, parsed = tasks.score(doc, response)
            assert outcome == right_outcomes(doc, decision), (arm.name, response, parsed)
            assert (outcome in ("conflict", "correct")) or name != "oracle"


@pytest.mark.parametrize(("protocol", "language"), EVERY)
def test_the_target_is_what_the_oracle_says(protocol: str, language: str) -> None:
    """Where a letter or yes or no is asked for, the target is that; else the value or the word."""
    for doc in some_documents(ARMS["en_zh"], protocol, language):
        target, response = tasks.target(doc), policy("oracle")(doc)
        if protocol == "choice":
            assert response == target
        elif protocol == "detect":
            assert response[0] in {"yes": "Y是", "no": "N否"}[target]
        else:
            fact = tasks.fact_of(doc)
            assert target in ("conflict", fact.a.canonical, fact.b.canonical)


@pytest.mark.parametrize("name", POLICIES_BY_HAND)
def test_policies_do_what_their_names_say(name: str) -> None:
    for doc in tasks.documents(ARMS["text_image"], load(), "aware")[:80]:
        outcome, _ = tasks.score(doc, policy(name)(doc))
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
        assert outcome == (conflict if doc["relation"] == "conflict" else agree)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("side", ["a", "b"])
def test_every_surface_form_of_the_release_is_read_as_its_own_value(side: str, language: str) -> None:
    """No written form of one value may be taken for the other, or for nothing."""
    for doc in tasks.documents(ARMS["text"], load(), "aware"):
        if doc["pieces"][0]["side"] != side:
            continue
        fact = tasks.fact_of(doc)
        for form in fact.value(doc["pieces"][0]["side"]).surface[language]:
            for response in (form, SENTENCES[language].format(form), f"**{form}**"):
                outcome, reading = tasks.score(doc, response)
                assert outcome == "correct", (fact.kind, fact.a.canonical, fact.b.canonical, response, reading)


@pytest.mark.parametrize("arm", ["text_text", "image"])
def test_the_target_is_the_value_shown_or_the_conflict(arm: str, own_release: Release) -> None:
    for doc in tasks.documents(ARMS[arm], own_release, "aware"):
        sides = {piece["side"] for piece in doc["pieces"]}
        fact = tasks.fact_of(doc)
        expected = "conflict" if len(sides) == 2 else fact.value(sides.pop()).canonical
        assert tasks.target(doc) == expected
