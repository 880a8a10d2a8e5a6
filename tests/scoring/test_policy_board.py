"""The committed board and tables of the policies hold what these are known to get, and what the code makes of them today."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made_runs import Run, always

from cmqa_tasks.asking.items import items_of
from cmqa_tasks.asking.protocols import PROTOCOLS
from cmqa_tasks.asking.question import questions_of
from cmqa_tasks.cli.main import main
from cmqa_tasks.facts.records import ARMS, ITEM_KEY
from cmqa_tasks.facts.release import load
from cmqa_tasks.scoring.marks import sample_of
from cmqa_tasks.scoring.policies import POLICIES, SHORTCUTS, decision_of, policy
from cmqa_tasks.scoring.policy_rates import PAIRS, policy_rates, table
from cmqa_tasks.scoring.shortcuts import Reader, untrained, values_in

BOARD = Path(__file__).parents[2] / "leaderboards" / "policies"
BOARD_PROTOCOLS = ("aware", "neutral", "detect", "choice")
BOARD_ARMS = {"cmqa": ("text_text", "image_image", "image_text", "text_image"), "clqa": ("en_en", "zh_zh", "en_zh", "zh_en")}
RATES = ("balanced", "recognition", "false_alarm")


def name(policy_name: str) -> str:
    return f"cmqa_reference(policy={policy_name})"


@pytest.fixture(scope="module")
def boards() -> dict[tuple[str, str], dict[str, dict[str, Any]]]:
    """Rows by contrast and protocol, then by policy."""
    content = json.loads((BOARD / "leaderboard.json").read_text(encoding="utf-8"))
    assert content["left_out"] == []
    return {
        (board["contrast"], board["rows"][0]["protocol"]): {
            row["model"].removeprefix("cmqa_reference(policy=").removesuffix(")"): row for row in board["rows"]
        }
        for board in content["boards"]
    }


def test_every_policy_stands_on_every_board(boards: dict[tuple[str, str], dict[str, Any]]) -> None:
    assert set(boards) == {(contrast, protocol) for contrast in BOARD_ARMS for protocol in BOARD_PROTOCOLS}
    facts = len(load().facts)
    for (contrast, _), rows in boards.items():
        items = sum(len(list(items_of(ARMS[arm], load()))) for arm in BOARD_ARMS[contrast])
        assert set(rows) == set(POLICIES)
        assert {row["release_sha256"] for row in rows.values()} == {load().fingerprint}
        assert {(row["facts"], row["items"], row["notes"] == []) for row in rows.values()} == {(facts, items, True)}


def test_policies_have_their_known_values(boards: dict[tuple[str, str], dict[str, Any]]) -> None:
    for (contrast, protocol), rows in boards.items():
        known = {name: [0.0, 0.0, 0.5, 0.0] for name in ("follow_first", "follow_second", "follow_image", "follow_text")}
        known |= {"never_conflict": [0.0, 0.0, 0.5, 0.0], "oracle": [1.0, 0.0, 1.0, 0.0], "always_conflict": [1.0, 1.0, 0.5, 0.0]}
        for policy_name, expected in known.items():
            row = rows[policy_name]
            for side in ("same", "across"):
                values = [row[f"{side}_{rate}"] for rate in ("recognition", "false_alarm", "balanced")]
                assert [*values, row["gap"]] == expected, policy_name
            assert (row["mcnemar_same"], row["mcnemar_across"], row["mcnemar_p"]) == (0, 0, 1.0), "both kinds alike"
            assert row["lowest_over_protocols"] == row["highest_over_protocols"] == expected[2]
        assert rows["oracle"]["rank"] == 1 < rows["follow_image"]["rank"] == rows["never_conflict"]["rank"]
        if protocol == "detect":  # yes and no follow no piece
            continue
        assert (rows["follow_first"]["prefers_first"], rows["follow_second"]["prefers_first"]) == (1.0, 0.0)
        if contrast == "cmqa":
            assert (rows["follow_image"]["preference"], rows["follow_text"]["preference"]) == (1.0, 0.0)


def test_no_wording_gives_the_values_away(boards: dict[tuple[str, str], dict[str, Any]]) -> None:
    for rows in boards.values():
        for policy_name in ("rule", "match_options", "random"):
            assert 0.4 < rows[policy_name]["lowest_over_protocols"] <= rows[policy_name]["highest_over_protocols"] < 0.6


def test_the_arms_are_what_policies_get_today() -> None:
    with (BOARD / "ablation.csv").open(encoding="utf-8") as file:
        lines = {(line["model"], line["protocol"], line["arm"]): line for line in csv.DictReader(file)}
    assert len(lines) == len(POLICIES) * len(BOARD_PROTOCOLS) * 8
    for policy_name, protocol in (("random", "aware"), ("rule", "neutral"), ("match_options", "choice")):
        for arm in (*BOARD_ARMS["cmqa"][2:], *BOARD_ARMS["clqa"][:3]):
            values = policy_rates(decision_of(policy_name), ARMS[arm], protocol, "en", load())
            line = lines[name(policy_name), protocol, arm]
            assert [float(line[rate]) for rate in RATES] == pytest.approx([values[rate] for rate in RATES], abs=1e-6)


def answers(policy_name: str, arm: str) -> Iterator[dict[str, Any]]:
    """What lmms-eval writes of a policy, without lmms-eval."""
    for number, question in enumerate(questions_of(ARMS[arm], load(), "aware")):
        response = policy(policy_name)(question)
        record = sample_of(question, response, ARMS[arm])[ITEM_KEY]
        yield {"doc_id": number, "target": question.target, "filtered_resps": response, ITEM_KEY: record}


@pytest.mark.slow
def test_rows_and_intervals_are_what_the_code_makes_today(boards: dict[tuple[str, str], dict[str, Any]], tmp_path: Path) -> None:
    release = {"release": load().name, "release_sha256": load().fingerprint}
    for policy_name in ("random", "rule"):
        config = {"model": "cmqa_reference", "model_args": f"policy={policy_name}"}
        run = Run(
            always(True),
            arms=(*BOARD_ARMS["cmqa"], "text", "image"),
            facts=2 * len(load().facts),
            metadata=release,
            config=config,
        )
        directory = run.write(tmp_path / "runs" / policy_name)
        for arm in run.arms:
            lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in answers(policy_name, arm)]
            run.samples(directory, arm).write_text("".join(lines), encoding="utf-8")
    assert main(["leaderboard", str(tmp_path / "runs"), "--out", str(tmp_path / "out"), "--no-figures"]) == 0
    (board,) = json.loads((tmp_path / "out" / "leaderboard.json").read_text(encoding="utf-8"))["boards"]
    for row in board["rows"]:
        committed = boards["cmqa", "aware"][row["model"].split("=")[1].rstrip(")")]
        assert row["arms"] == committed["arms"]
        numbers = [key for key, value in row.items() if isinstance(value, float) and not re.search("rank|_protocols|holm", key)]
        assert len(numbers) > 25
        assert {key: row[key] for key in numbers} == pytest.approx({key: committed[key] for key in numbers}, abs=2e-6)


def test_its_figures_are_there() -> None:
    names = (f"recognition_{load().name}_en", f"ablation_{load().name}_en_cmqa", f"ablation_{load().name}_en_clqa")
    for figure in names:
        assert (BOARD / f"{figure}.svg").read_text(encoding="utf-8").count("match_options") == 1
        assert (BOARD / f"{figure}.png").stat().st_size > 20_000
    shown = (BOARD / "leaderboard.md").read_text(encoding="utf-8") + (BOARD / "ablation.md").read_text(encoding="utf-8")
    assert all(f"]({figure}.png)" in shown for figure in names)


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
    for rule in RULES:
        free = {tuple(row[2:]) for row in rules if row[0] == rule and row[1] != "choice"}
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
