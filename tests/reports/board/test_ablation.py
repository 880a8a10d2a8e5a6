"""What a wording changes: the spread beside each row, the ablation's tables, and the test within a model."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import pytest
from made_runs import ACROSS, SAME, Run, always, between, evaluate
from scipy.stats import binomtest

from cmqa_tasks import results
from cmqa_tasks.reports.board import ablation, ablation_files, board, own_arms
from cmqa_tasks.reports.board.board import Board, ModelRow
from cmqa_tasks.reports.board.columns import flat
from cmqa_tasks.reports.board.files import to_json, to_markdown
from cmqa_tasks.results import ResultsError, read_runs


def entries_of(*sources: Path | str) -> list[results.Run]:
    return read_runs(str(source) for source in sources)


def boards_of(*sources: Path | str) -> list[Board]:
    return board.make(entries_of(*sources), 500)


def rows_of(*sources: Path | str) -> dict[str, ModelRow]:
    return {row.name: row for ranked in boards_of(*sources) for row in ranked.rows}


@pytest.fixture(scope="module")
def two_models(tmp_path_factory: pytest.TempPathFactory) -> list[Board]:
    """``org/steady`` gets the same under three protocols; ``org/lucky`` leads under one and comes last under the others."""
    root = tmp_path_factory.mktemp("protocols")
    for protocol, lucky in (("unlabelled", 4), ("aware", 40), ("neutral", 10)):
        evaluate(root / "steady", between(0, 30), between(0, 24), protocol, model="org/steady")
        evaluate(root / "lucky", between(0, 40), between(0, lucky), protocol, model="org/lucky")
    return boards_of(root)


def test_the_spread_names_protocols_values_and_ranks(two_models: list[Board]) -> None:
    assert [ranked.setting.protocol for ranked in two_models] == ["aware", "neutral", "unlabelled"]
    rows = {row.name: row for row in two_models[0].rows}
    lucky, steady = rows["org/lucky"].spread, rows["org/steady"].spread
    assert lucky is not None
    assert steady is not None
    assert (lucky.protocols, lucky.lowest, lucky.lowest_protocol) == (3, pytest.approx(0.55), "unlabelled")
    assert (lucky.highest, lucky.highest_protocol, lucky.ranks) == (1.0, "aware", (1, 2))
    assert (lucky.ranges["gap"].lowest, lucky.ranges["gap"].highest) == (0.0, pytest.approx(0.45))
    assert lucky.ranges["across_recognition"].lowest == pytest.approx(0.1)
    assert (steady.lowest, steady.highest, steady.ranks) == (pytest.approx(0.8), pytest.approx(0.8), (1, 2))
    assert all(row.spread == rows[row.name].spread for ranked in two_models for row in ranked.rows), "the same on every board"


def test_the_spread_stands_beside_the_row_in_every_form(two_models: list[Board]) -> None:
    (head,) = {line for line in to_markdown(two_models).splitlines() if line.startswith("| rank") and "over protocols" in line}
    (line,) = [
        each for each in to_markdown(two_models[:1]).splitlines() if each.startswith("| 1 a  | org/lucky") and "rank 1–2" in each
    ]
    at = [cell.strip() for cell in head.split("|")].index("… over protocols")
    assert line.split("|")[at].strip() == "0.550–1.000, rank 1–2"
    first_row = json.loads(to_json(two_models))["boards"][0]["rows"][0]
    assert (first_row["protocols"], first_row["best_rank_over_protocols"], first_row["worst_rank_over_protocols"]) == (3, 1, 2)
    assert first_row["over_protocols"]["gap"]["highest_protocol"] == "unlabelled"


def test_incomplete_rows_do_not_widen_the_spread_of_complete_ones(tmp_path: Path) -> None:
    evaluate(tmp_path, between(0, 40), between(0, 40))
    evaluate(tmp_path, between(0, 40), between(0, 36), "neutral")
    evaluate(tmp_path, between(0, 40), between(0, 0), "detect", facts=5, original=40)
    spreads = {ranked.setting.protocol: ranked.rows[0].spread for ranked in boards_of(tmp_path)}
    aware = spreads["aware"]
    assert aware is not None
    assert (aware.protocols, aware.lowest) == (2, pytest.approx(0.95))
    assert spreads["detect"] is None


def test_views_order_protocols_as_the_package_does(two_models: list[Board]) -> None:
    (view,) = ablation.views(two_models)
    assert view.protocols == ("aware", "neutral", "unlabelled")
    assert list(view.models) == ["org/lucky", "org/steady"], "who leads under the default leads here"
    assert ablation.lead([view]) == "aware"
    assert ablation.in_order(["zz_own", "neutral", "aware"]) == ("aware", "neutral", "zz_own")


def test_what_is_asked_differently_stands_apart(tmp_path: Path) -> None:
    evaluate(tmp_path / "a", always(True), always(True))
    evaluate(tmp_path / "b", always(True), always(True), metadata={"protocol": "aware", "question_language": "zh"})
    evaluate(tmp_path / "c", always(True), always(True), metadata={"protocol": "aware", "release_sha256": "b" * 64})
    assert len(ablation.views(boards_of(tmp_path))) == 3


def test_the_tables_hold_the_numbers_of_the_boards(two_models: list[Board]) -> None:
    views = ablation.views(two_models)
    lines = list(csv.DictReader(io.StringIO(ablation_files.to_csv(views))))
    assert len(lines) == 2 * 3 * 4
    for ranked in two_models:
        for row in ranked.rows:
            for arm, rates in row.arms.items():
                (line,) = [
                    line
                    for line in lines
                    if (line["model"], line["protocol"], line["arm"]) == (row.name, ranked.setting.protocol, arm)
                ]
                assert line["side"] == ("same" if arm in SAME else "across")
                for rate in ("recognition", "false_alarm", "balanced"):
                    ends = [float(line[name]) for name in (rate, f"{rate}_low", f"{rate}_high")]
                    assert ends == pytest.approx([rates[rate].value, rates[rate].low, rates[rate].high], abs=1e-6)
    text = ablation_files.to_markdown(views, {})
    assert "| org/lucky  |         3 |  1–2 | 0.550 (unlabelled) to 1.000 (aware) | 0.000 (aware) to 0.450 (unlabelled) |" in text
    assert "0.250 [" in next(line for line in text.splitlines() if line.startswith("| org/lucky  | neutral"))


def test_within_a_model_facts_are_tested_and_not_items(tmp_path: Path) -> None:
    """Facts 0–29 are recognised unimodally, 20–34 across: 20 facts speak for one side, 5 for the other."""
    row = rows_of(evaluate(tmp_path, between(0, 30), between(20, 35)))["org/model"]
    test = row.within
    assert test is not None
    assert (test.facts, test.same, test.across) == (40, 20, 5)
    assert test.p == test.adjusted == pytest.approx(binomtest(5, 25).pvalue)


def test_a_fact_counts_for_the_side_with_the_larger_share(tmp_path: Path) -> None:
    """Both unimodal arms recognise fact 0–9; of the cross-modal ones only one does, or both (0–4)."""
    Run(between(0, 10), arms=SAME).write(tmp_path / "same")
    Run(between(0, 10), arms=("image_text",)).write(tmp_path / "one")
    Run(between(0, 5), arms=("text_image",)).write(tmp_path / "other")
    test = rows_of(tmp_path)["org/model"].within
    assert test is not None
    assert (test.same, test.across, test.p) == (5, 0, pytest.approx(2 / 2**5))


def test_p_is_adjusted_for_the_models_of_a_board(tmp_path: Path) -> None:
    evaluate(tmp_path / "a", between(0, 30), between(0, 24), model="org/a")
    evaluate(tmp_path / "b", between(0, 30), between(0, 22), model="org/b")
    evaluate(tmp_path / "c", between(0, 30), between(0, 30), model="org/c")
    Run(between(0, 9), arms=ACROSS, model="org/d").write(tmp_path / "d")
    rows = rows_of(tmp_path)
    tests = {name: row.within for name, row in rows.items()}
    assert tests["org/d"] is None, "nothing to compare with"
    values = {name: (test.p, test.adjusted) for name, test in tests.items() if test}
    assert values == {
        "org/a": (pytest.approx(2 / 2**6), pytest.approx(4 / 2**6)),
        "org/b": (pytest.approx(2 / 2**8), pytest.approx(6 / 2**8)),
        "org/c": (1.0, 1.0),
    }
    (ranked,) = boards_of(tmp_path)
    numbers = {row.name: flat(ranked, row) for row in ranked.rows}
    assert (numbers["org/b"]["mcnemar_same"], numbers["org/b"]["mcnemar_across"]) == (8, 0)
    assert numbers["org/b"]["mcnemar_p_holm"] == pytest.approx(6 / 2**8, abs=1e-6)
    assert numbers["org/d"]["mcnemar_p"] is None


KINDS = {
    "memo_page": (("text", "de"), ("image", "de")),
    "page_memo": (("image", "de"), ("text", "de")),
    "memo_memo": (("text", "de"), ("text", "de")),
    "page_page": (("image", "de"), ("image", "de")),
    "en_de": (("text", "en"), ("text", "de")),
    "memo": (("text", "de"),),
    "page": (("image", "de"),),
}


def test_arms_of_ones_own_are_ranked_on_boards_of_their_own(tmp_path: Path) -> None:
    for name, last in (("good", 40), ("bad", 8)):
        Run(between(0, last), model=f"org/{name}", arms=tuple(KINDS), kinds=KINDS).write(tmp_path / name)
    modalities, languages = boards_of(tmp_path)
    assert modalities.contrast.same == ("memo_memo", "page_page")
    assert modalities.contrast.across == ("memo_page", "page_memo")
    assert [(row.name, row.rank) for row in modalities.rows] == [("org/good", 1), ("org/bad", 2)]
    bad = modalities.rows[1].values
    assert (bad["across_recognition"].value, bad["preference"].value) == (pytest.approx(0.2), pytest.approx(0.5))
    assert bad["across_recognition_given_readable"].value == pytest.approx(0.2), "single arms of one's own are found by kind"
    assert (languages.contrast.across, languages.contrast.same, languages.contrast.preference) == (
        ("en_de",),
        ("memo_memo",),
        "english",
    )
    assert languages.rows[1].values["preference"].value == 1.0, "it follows the first, English piece"
    assert own_arms.left_out(entries_of(tmp_path), _shown([modalities, languages])) == []


def _shown(boards: list[Board]) -> list[tuple[str, object, str]]:
    return [(row.title, ranked.setting, arm) for ranked in boards for row in ranked.rows for arm in row.arms]


def test_what_stands_on_no_board_is_named_with_its_reason(tmp_path: Path) -> None:
    Run(always(True), arms=(*SAME, *ACROSS)).write(tmp_path / "a")
    Run(always(True), arms=("memo_page",)).write(tmp_path / "b")
    Run(always(True), arms=SAME, metadata={"protocol": "neutral"}, suffix="__neutral").write(tmp_path / "c")
    boards = boards_of(tmp_path)
    unknown, alone = own_arms.left_out(entries_of(tmp_path), _shown(boards))
    assert "protocol aware" in unknown
    assert "memo_page: of which kinds the pieces are is not said; evaluate again with cmqa-tasks 0.4.0 or later" in unknown
    assert alone.startswith("org/model, protocol neutral in en")
    assert alone.endswith("image_image, text_text: no arm with two different kinds beside them")
    text = to_markdown(boards, None, [unknown])
    assert f"## On no board\n\n* {unknown}\n" in text
    with pytest.raises(ResultsError, match=r"nothing to rank.*\n.*memo_page: of which kinds the pieces are is not said"):
        boards_of(tmp_path / "b")


def test_nothing_is_preferred_where_languages_have_none_in_common(tmp_path: Path) -> None:
    kinds = {"de_fr": (("text", "de"), ("text", "fr")), "es_it": (("text", "es"), ("text", "it"))}
    Run(between(0, 8), arms=tuple(kinds), kinds=kinds).write(tmp_path)
    (ranked,) = boards_of(tmp_path)
    assert ranked.contrast.preference == ""
    assert math.isnan(ranked.rows[0].values["preference"].value)
    assert math.isnan(ranked.rows[0].values["gap"].value)
