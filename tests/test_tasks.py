from __future__ import annotations

import json

import pytest

from cmqa_tasks import tasks
from cmqa_tasks.metrics import metrics_of
from cmqa_tasks.policies import POLICIES, policy
from cmqa_tasks.prompts import PromptError
from cmqa_tasks.records import ARMS, Arm
from cmqa_tasks.release import Release, ReleaseError, load

PAIRS = [arm for arm in ARMS.values() if not arm.single]


@pytest.mark.parametrize("arm", ARMS.values(), ids=lambda arm: arm.name)
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


def test_a_huge_response_is_a_counted_outcome(own_release: Release) -> None:
    doc = tasks.documents(ARMS["image_text"], own_release, "aware")[0]
    result = tasks.process_results(doc, "blah " * 200_000, ARMS["image_text"])
    assert result["unparsed"]["score"] == 1.0


def test_unknown_language_and_protocol_are_refused(own_release: Release) -> None:
    with pytest.raises(PromptError, match="unknown protocol 'aware' in language 'xx'"):
        tasks.documents(ARMS["text"], own_release, "aware", language="xx")
    with pytest.raises(PromptError, match="unknown protocol 'nope' in language 'en'; choose one of aware"):
        tasks.documents(ARMS["text"], own_release, "nope")


def test_a_question_that_is_missing_in_a_language_is_named(own_release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.prompts, "require", lambda protocol, language: None)
    with pytest.raises(ReleaseError, match="no question in language 'xx', only in en"):
        tasks.documents(ARMS["text"], own_release, "aware", language="xx")


def test_unknown_policy_lists_those_that_exist() -> None:
    with pytest.raises(ValueError, match=r"unknown policy 'orcale'; choose one of oracle, follow_first"):
        policy("orcale")


@pytest.mark.parametrize("arm", ARMS.values(), ids=lambda arm: arm.name)
def test_the_oracle_is_right_on_every_item_of_the_release(arm: Arm) -> None:
    """Calibrates data, prompts and reading at once: any value that is written or read wrongly shows here by its item."""
    answer = policy("oracle")
    for doc in tasks.documents(arm, load(), "aware"):
        outcome, reading = tasks.score(doc, answer(doc))
        assert outcome == ("conflict" if doc["relation"] == "conflict" else "correct"), (answer(doc), reading)


@pytest.mark.parametrize("name", [name for name in POLICIES if name not in ("rule", "random")])
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


@pytest.mark.parametrize("side", ["a", "b"])
def test_every_surface_form_of_the_release_is_read_as_its_own_value(side: str) -> None:
    """No written form of one value may be taken for the other, or for nothing."""
    for doc in tasks.documents(ARMS["text"], load(), "aware"):
        if doc["pieces"][0]["side"] != side:
            continue
        fact = tasks.fact_of(doc)
        for form in fact.value(doc["pieces"][0]["side"]).surface["en"]:
            for response in (form, f"The answer is {form}.", f"**{form}**"):
                outcome, reading = tasks.score(doc, response)
                assert outcome == "correct", (fact.kind, fact.a.canonical, fact.b.canonical, response, reading)


@pytest.mark.parametrize("arm", ["text_text", "image"])
def test_the_target_is_the_value_shown_or_the_conflict(arm: str, own_release: Release) -> None:
    for doc in tasks.documents(ARMS[arm], own_release, "aware"):
        sides = {piece["side"] for piece in doc["pieces"]}
        fact = tasks.fact_of(doc)
        expected = "conflict" if len(sides) == 2 else fact.value(sides.pop()).canonical
        assert tasks.target(doc) == expected
