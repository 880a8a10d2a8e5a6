"""Boards and their four forms, from runs with known outcomes."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from pathlib import Path

import pytest
from made_runs import ALL, Behaviour, Run, always

from cmqa_tasks.cli.main import main
from cmqa_tasks.reports.board import board, files, group_files
from cmqa_tasks.reports.board.board import Board, ModelRow
from cmqa_tasks.reports.board.contrasts import CONTRASTS
from cmqa_tasks.reports.board.names import shortened
from cmqa_tasks.results import ResultsError, read_runs

PAIRS = ("text_text", "image_image", "image_text", "text_image")


def boards_of(*sources: Path | str, resamples: int = 500) -> list[Board]:
    return board.make(read_runs(str(source) for source in sources), resamples)


def row_of(*sources: Path | str) -> ModelRow:
    (ranked,) = boards_of(*sources)
    (row,) = ranked.rows
    return row


def good_until(fact: int) -> Behaviour:
    """Recognises the conflicts of the first facts, and cries none."""
    return lambda number, relation: ("conflict" if number < fact else "first") if relation == "conflict" else "correct"


def evaluate(directory: Path, unimodal: Behaviour, cross: Behaviour, crossed: bool = False) -> Path:
    """A model with one behaviour on pairs of one kind and another across kinds; single pieces are all read."""
    Run(unimodal, arms=("text_text", "image_image"), crossed=crossed).write(directory / "unimodal")
    Run(cross, arms=("image_text", "text_image"), crossed=crossed).write(directory / "cross")
    Run(always(True), arms=("text", "image")).write(directory / "single")
    return directory


@pytest.mark.parametrize("crossed", [False, True])
def test_the_numbers_of_a_row(tmp_path: Path, crossed: bool) -> None:
    row = row_of(evaluate(tmp_path, good_until(36), good_until(10), crossed))
    values = {name: estimate.value for name, estimate in row.values.items()}
    assert values["same_recognition"] == pytest.approx(0.9)
    assert values["across_recognition"] == pytest.approx(0.25)
    assert values["same_balanced"] == pytest.approx(0.95)
    assert values["across_balanced"] == pytest.approx(0.625)
    assert values["gap"] == pytest.approx(0.325)
    assert values["across_recognition_given_readable"] == pytest.approx(0.25)
    assert values["readable"] == 1.0
    assert values["preference"] == pytest.approx(0.5), "it follows the first piece, which is the image in one of two arms"
    assert values["prefers_first"] == 1.0
    assert values["unparsed"] == 0.0
    assert (row.items, row.facts, row.rank, row.marks) == (640 if crossed else 320, 40, 1, ())
    gap = row.values["gap"]
    assert 0.22 < gap.low < 0.325 < gap.high < 0.43
    assert row.arms["image_text"]["recognition"].value == pytest.approx(0.25)


def test_a_gap_is_paired_by_fact(tmp_path: Path) -> None:
    """The same facts fail in all arms: rates are uncertain, their difference is not."""
    row = row_of(evaluate(tmp_path, good_until(20), good_until(20)))
    assert row.values["across_recognition"].high - row.values["across_recognition"].low > 0.2
    assert row.values["gap"].value == 0
    assert row.values["gap"].high - row.values["gap"].low < 0.2, "only what may be unseen in 40 facts"


def test_results_of_task_version_2_are_read_and_never_stand_beside_those_of_3(tmp_path: Path) -> None:
    """Whatever else is alike: their items are made by another rule, and their answers read by another version."""
    for version in (2.2, 3.0):
        Run(good_until(30), arms=PAIRS, metadata={"version": version}).write(tmp_path / str(version))
    boards = boards_of(tmp_path)
    assert [(board.setting.task_version, len(board.rows)) for board in boards] == [("2.2", 1), ("3.0", 1)]


def test_intervals_for_new_types_are_wider_where_types_differ(tmp_path: Path) -> None:
    """One type's facts are all recognised, another's none: what other types would be like, two of them hardly say."""
    by_type: Behaviour = lambda fact, relation: (  # noqa: E731
        "correct" if relation != "conflict" else "conflict" if fact % 4 < 2 else "first"
    )
    run = Run(by_type, arms=PAIRS, groups=lambda fact: ("shopping", f"type{fact % 4}"))
    values = row_of(run.write(tmp_path)).values
    these, like_these = values["across_balanced"], values["across_balanced_for_new_types"]
    assert these.value == like_these.value
    assert like_these.high - like_these.low > 1.5 * (these.high - these.low)
    assert 0 <= like_these.low <= like_these.value <= like_these.high <= 1


def test_recognition_given_readable_leaves_out_what_cannot_be_read(tmp_path: Path) -> None:
    blind: Behaviour = lambda fact, relation: "correct" if fact >= 20 or relation == "single_b" else "unparsed"  # noqa: E731
    Run(good_until(30), arms=PAIRS).write(tmp_path / "pairs")
    Run(always(True), arms=("text",)).write(tmp_path / "text")
    Run(blind, arms=("image",)).write(tmp_path / "image")
    row = row_of(tmp_path)
    # image_text shows the image's side a, which is read from fact 20 on: 10 of those 20 are recognised. text_image shows side b.
    assert row.arms["image_text"]["recognition_given_readable"].value == pytest.approx(10 / 20)
    assert row.arms["text_image"]["recognition_given_readable"].value == pytest.approx(30 / 40)
    assert row.values["readable"].value == pytest.approx(0.75)
    without = row_of(tmp_path / "pairs")
    assert math.isnan(without.values["across_recognition_given_readable"].value)


def test_an_interval_of_what_can_be_read_knows_how_little_that_is(tmp_path: Path) -> None:
    Run(always(True), arms=PAIRS).write(tmp_path / "pairs")
    Run(lambda fact, _: "correct" if fact >= 20 else "unparsed", arms=("text", "image")).write(tmp_path / "singles")
    values = row_of(tmp_path).values
    for name, facts in (("across_recognition", 40), ("across_recognition_given_readable", 20)):
        assert (values[name].value, values[name].low) == (1.0, pytest.approx(0.025 ** (1 / facts)))


def test_mcnemar_s_test_is_of_facts_that_every_arm_has(tmp_path: Path) -> None:
    Run(always(True), arms=("text_text", "image_image")).write(tmp_path / "same")
    Run(good_until(4), arms=("image_text",), facts=10, original=40).write(tmp_path / "few")
    Run(good_until(20), arms=("text_image",)).write(tmp_path / "all")
    test = row_of(tmp_path).within
    assert test is not None
    assert (test.facts, test.same, test.across) == (10, 6, 0)


def test_missing_arms_and_limits_are_marked_and_not_ranked(tmp_path: Path) -> None:
    Run(always(True), model="org/whole").write(tmp_path / "whole")
    Run(always(True), model="org/limited", facts=10, original=40).write(tmp_path / "limited")
    Run(always(True), model="org/half", arms=("image_text",)).write(tmp_path / "half")
    Run(always(True), model="org/cross", arms=("image_text", "text_image")).write(tmp_path / "cross")
    (ranked,) = boards_of(tmp_path)
    rows = {row.name: row for row in ranked.rows}
    assert {name: row.rank for name, row in rows.items()} == {
        "org/whole": 1,
        "org/limited": None,
        "org/half": None,
        "org/cross": 1,
    }
    assert rows["org/limited"].marks == ("20 of 80 items (limit) in every arm",)
    assert rows["org/half"].marks == ("not evaluated: text_text, image_image, text_image",)
    assert math.isnan(rows["org/half"].values["across_balanced"].value), "the mean of one arm is not the mean of two"
    assert math.isnan(rows["org/cross"].values["gap"].value)
    assert rows["org/cross"].values["across_balanced"].value == 1.0


def test_arms_of_one_model_may_have_different_limits(tmp_path: Path) -> None:
    """Of most facts the arms across kinds know nothing: they are no pairs that could be read, and the row is not ranked."""
    Run(always(True), arms=("text_text", "image_image", "text", "image")).write(tmp_path / "runs" / "whole")
    Run(good_until(4), arms=("image_text", "text_image"), facts=10, original=40).write(tmp_path / "runs" / "limited")
    assert main(["leaderboard", str(tmp_path / "runs"), "--out", str(tmp_path / "out"), "--no-figures"]) == 0
    (board_,) = json.loads((tmp_path / "out" / "leaderboard.json").read_text(encoding="utf-8"))["boards"]
    (row,) = board_["rows"]
    assert (row["rank"], row["notes"]) == (None, ["20 of 80 items (limit) in image_text, text_image"])
    assert (row["across_recognition"], row["across_recognition_given_readable"], row["readable"]) == (0.4, 0.4, 1.0)
    assert (row["mcnemar_same"], row["mcnemar_across"]) == (6, 0), "of the ten facts that were asked everywhere"
    assert (row["across_false_alarm_high"], row["same_false_alarm_high"]) == (0.308497, 0.088097), "unseen in 10 and in 40 facts"
    assert row["gap_high"] - row["gap_low"] > 0.3


def test_models_that_cannot_be_told_apart_share_rank_and_letter(tmp_path: Path) -> None:
    for name, facts in (("best", 40), ("second", 39), ("third", 25), ("last", 2)):
        Run(good_until(facts), model=f"org/{name}").write(tmp_path / name)
    (ranked,) = boards_of(tmp_path)
    assert [(row.name, row.rank, row.ties) for row in ranked.rows] == [
        ("org/best", 1, "a"),
        ("org/second", 1, "a"),
        ("org/third", 3, "b"),
        ("org/last", 4, "c"),
    ]


def test_settings_stand_in_boards_of_their_own(tmp_path: Path) -> None:
    Run(always(True)).write(tmp_path / "a")
    Run(good_until(20), metadata={"protocol": "neutral"}, suffix="__neutral").write(tmp_path / "b")
    Run(always(True), metadata={"release_sha256": "b" * 64}).write(tmp_path / "c")
    boards = boards_of(tmp_path)
    assert [(ranked.setting.protocol, ranked.setting.release_sha256[0], len(ranked.rows)) for ranked in boards] == [
        ("aware", "a", 1),
        ("neutral", "a", 1),
        ("aware", "b", 1),
    ]
    spread = boards[0].rows[0].spread
    assert spread is not None
    assert (spread.protocols, spread.lowest, spread.lowest_protocol, spread.highest) == (2, 0.75, "neutral", 1.0)
    assert boards[2].rows[0].spread is None


def test_attention_weighs_both_orders_alike(tmp_path: Path) -> None:
    attention = {"image_text": -1.0, "text_image": -2.0, "text_text": 0.5}
    row = row_of(Run(always(True), attention=attention).write(tmp_path))
    assert row.values["across_log_density_ratio"].value == pytest.approx(-1.5)
    assert math.isnan(row.values["same_log_density_ratio"].value), "one of the two arms has none"


def test_nothing_to_rank(tmp_path: Path) -> None:
    Run(always(True), arms=("text_text", "text")).write(tmp_path)
    with pytest.raises(ResultsError, match=r"no run has an arm of different kinds \(arms evaluated: text, text_text\)"):
        boards_of(tmp_path)


def test_every_arm_of_a_contrast_knows_its_single_arms() -> None:
    singles = {contrast.name: contrast.singles for contrast in CONTRASTS}
    assert singles["cmqa"]["text_image"] == ("text", "image")
    assert singles["clqa"]["en_zh"] == ("en", "zh")
    assert singles["cmqa_bilingual"]["zhtext_image"] == ("zh", "image")


HOSTILE = "<script>alert(1)</script> | ![x](http://evil) \\cmd{%$#_&^~} \n \u202e 模型 \N{GRINNING FACE}" + "x" * 300


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("boards")
    Run(always(True), model=HOSTILE.replace(",", "").replace("=", "")).write(root / "runs" / "a")
    Run(good_until(20), model="org/other", attention=dict.fromkeys(ALL, 0.5)).write(root / "runs" / "b")
    for out in ("one", "two"):
        assert main(["leaderboard", str(root / "runs"), "--out", str(root / out)]) == 0
    return root


def test_the_same_runs_give_the_same_bytes(written: Path) -> None:
    names = [
        "ablation.csv",
        "ablation.md",
        "by_type.csv",
        "by_type.md",
        *(f"leaderboard.{ending}" for ending in ("csv", "json", "md", "tex")),
    ]
    names += ["recognition_made_en.png", "recognition_made_en.svg"]
    assert sorted(path.name for path in (written / "one").iterdir()) == names
    for name in names:
        assert (written / "one" / name).read_bytes() == (written / "two" / name).read_bytes()


def test_markdown_is_a_table_whatever_the_names(written: Path) -> None:
    text = (written / "one" / "leaderboard.md").read_text(encoding="utf-8")
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert "<script" not in re.sub("`[^`]*`", "", text), "outside of code spans"
    assert "![x]" not in text.replace("`![x](http://evil)`", "")
    head, other = table[0], next(line for line in table if "org/other" in line)
    assert head.count(" | ") == other.count(" | ")
    assert [cell.strip() for cell in head.strip("|").split("|")] == [
        "rank",
        "model",
        "balanced, unimodal",
        "balanced, cross-modal",
        "gap [95 %]",
        "recognition",
        "false alarms",
        "unparsed",
        "failed",
    ]
    assert "| 0.750 | 0.000 [" in " ".join(other.replace("|", " | ").split())
    assert "+0.500" in next(line for line in table[1:] if "org/other" in line and "+0.5" in line)
    assert text.index("org/other") < text.index("## Reported elsewhere") < text.index("arXiv 2510.02608")


def test_csv_and_json_hold_every_number_and_stamp(written: Path) -> None:
    rows = list(csv.DictReader(io.StringIO((written / "one" / "leaderboard.csv").read_text(encoding="utf-8"))))
    content = json.loads((written / "one" / "leaderboard.json").read_text(encoding="utf-8"))
    (ranked,) = content["boards"]
    assert [row["rank"] for row in rows] == ["1", "2"]
    assert rows[1]["across_balanced"] == "0.75"
    for name in (
        "release_sha256",
        "protocol",
        "task_version",
        "harness",
        "package",
        "dtype",
        "attn_implementation",
        "revision",
        "dates",
    ):
        assert rows[0][name], name
        assert ranked["rows"][0][name], name
    assert ranked["rows"][1]["arms"]["text_image"]["recognition"]["value"] == 0.5
    assert ranked["rows"][1]["across_log_density_ratio"] == 0.5
    assert [figure["value"] for figure in content["elsewhere"]] == ["90 %", "as low as 3 %"]


def test_latex_escapes_what_it_must(written: Path) -> None:
    text = (written / "one" / "leaderboard.tex").read_text(encoding="utf-8")
    assert text.count("\\begin{tabular}") == text.count("\\end{tabular}") == 5
    assert max(len(shape) for shape in re.findall(r"tabular}{([lr]+)}", text)) <= 9, "columns that a page holds"
    body = [line for line in text.splitlines() if line.endswith(r"\\") and "script" in line]
    assert len(body) == 4
    assert r"\textbackslash{}cmd\{\%\$\#\_\&\textasciicircum{}\textasciitilde{}\}" in body[0]
    assert all(line.startswith(("%", "\\")) or line.endswith(r"\\") or not line for line in text.splitlines())


def spoilt(outcome: str, share: float) -> Behaviour:
    """Right where it answers; so large a share of the facts has another outcome."""
    return lambda fact, relation: outcome if fact < 40 * share else always(True)(fact, relation)


@pytest.mark.parametrize("outcome", ["unparsed", "failed"])
def test_a_model_that_was_mostly_not_read_is_not_measured(tmp_path: Path, outcome: str) -> None:
    Run(always(True), model="org/good").write(tmp_path / "a")
    Run(spoilt(outcome, 0.75), model="org/lost").write(tmp_path / "b")
    (ranked,) = boards_of(tmp_path)
    lost = ranked.rows[1]
    assert (lost.name, lost.rank, lost.values[outcome].value) == ("org/lost", None, 0.75)
    assert math.isnan(lost.values["across_balanced"].value)
    assert lost.unmeasured == PAIRS
    line = next(line for line in files.to_markdown([ranked]).splitlines() if "org/lost" in line)
    assert line.count("not measured") == 2
    assert any("most answers unread or failed: text_text, image_image" in mark for mark in lost.marks)
    (read,) = json.loads(files.to_json([ranked]))["boards"]
    assert (read["rows"][1]["across_balanced"], read["rows"][1]["unmeasured"]) == (None, list(PAIRS))


def test_failed_requests_are_shown_and_never_ranked(tmp_path: Path) -> None:
    Run(always(True), model="org/good").write(tmp_path / "a")
    Run(spoilt("failed", 0.05), model="org/flaky").write(tmp_path / "b")
    (ranked,) = boards_of(tmp_path)
    flaky = ranked.rows[1]
    assert (flaky.name, flaky.rank, flaky.values["failed"].value) == ("org/flaky", None, 0.05)
    assert flaky.marks == ("16 requests failed",)
    assert flaky.values["across_balanced"].value > 0.9


def test_an_arm_that_was_not_read_leaves_the_other_side_alone(tmp_path: Path) -> None:
    row = row_of(evaluate(tmp_path, always(True), spoilt("unparsed", 0.75)))
    assert row.unmeasured == ("image_text", "text_image")
    assert row.values["same_balanced"].value == 1.0
    assert math.isnan(row.values["gap"].value)


def first_table(boards: list[Board]) -> dict[str, list[str]]:
    """The cells of the first table by model."""
    text = files.to_markdown(boards).partition("All other columns")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    return {cells[1]: cells for cells in rows}


def test_the_best_are_bold_and_ties_are_ties(tmp_path: Path) -> None:
    for name, facts in (("best", 40), ("second", 39), ("third", 25)):
        Run(good_until(facts), model=f"org/{name}").write(tmp_path / name)
    Run(always(True), model="org/limited", facts=10, original=40).write(tmp_path / "limited")
    cells = first_table(boards_of(tmp_path))
    columns = {title: index for index, title in enumerate(cells["model"])}
    shown = {
        title: [cells[f"org/{name}"][columns[title]] for name in ("best", "second", "third")]
        for title in ("balanced, cross-modal", "recognition", "false alarms")
    }
    assert shown == {
        "balanced, cross-modal": ["**1.000**", "**0.988**", "0.812"],
        "recognition": ["**1.000**", "0.975", "0.625"],
        "false alarms": ["**0.000**"] * 3,
    }
    assert not any("*" in cell for cell in cells["org/limited"]), "not ranked"


def test_names_say_once_what_they_have_in_common(tmp_path: Path) -> None:
    for name in ("rule", "random"):
        config = {"model": "cmqa_reference", "model_args": f"policy={name}"}
        Run(always(True), config=config).write(tmp_path / name)
    text = files.to_markdown(boards_of(tmp_path))
    assert "\nModels: `cmqa_reference(policy=…)`\n" in text
    assert "| 1 a  | random |" in text


@pytest.mark.parametrize(
    ("names", "pattern", "short"),
    [
        (("org/a", "org/b"), "", ("org/a", "org/b")),
        (("a-long-organisation/x", "a-long-organisation/y"), "a-long-organisation/…", ("x", "y")),
        (("m_of_ours(policy=a)", "m_of_ours(policy=ab)"), "m_of_ours(policy=…)", ("a", "ab")),
        (("m_of_ours(policy=a)", "m_of_ours(policy=a)"), "", ("m_of_ours(policy=a)", "m_of_ours(policy=a)")),
        (("a-long-organisation/", "a-long-organisation/y"), "", ("a-long-organisation/", "a-long-organisation/y")),
    ],
)
def test_shortened(names: tuple[str, str], pattern: str, short: tuple[str, str]) -> None:
    assert shortened(names) == (pattern, dict(zip(names, short, strict=True)))


def test_two_variants_of_a_model_stand_in_a_column_of_their_own(tmp_path: Path) -> None:
    for dtype in ("float16", "float32"):
        for protocol in ("aware", "neutral"):
            config = {"model_args": f"pretrained=org/model,dtype={dtype}"}
            run = Run(always(True), config=config, metadata={"protocol": protocol, "package": f"0.{len(protocol)}"})
            run.write(tmp_path / f"{dtype} {protocol}")
    boards = boards_of(tmp_path)
    variants = [[(row.name, row.variant) for row in ranked.rows] for ranked in boards]
    assert variants == [[("org/model", "dtype float16"), ("org/model", "dtype float32")]] * 2
    assert "| 1 a  | org/model | dtype float16 |" in files.to_markdown(boards)
    assert all(row.spread and row.spread.protocols == 2 for ranked in boards for row in ranked.rows)


def test_the_user_chooses_the_first_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Run(always(True)).write(tmp_path / "runs")
    command = ["leaderboard", str(tmp_path / "runs"), "--out", str(tmp_path / "out"), "--no-figures", "--columns"]
    assert main([*command, "items", "across_interval"]) == 0
    text = (tmp_path / "out" / "leaderboard.md").read_text(encoding="utf-8")
    heads = [re.sub(" +", " ", line) for line in text.splitlines() if line.startswith("| rank")]
    assert heads[0] == "| rank | model | items | balanced, cross-modal [95 %] |"
    assert "balanced, unimodal |" in heads[1]
    assert "| items |" not in heads[1]
    assert main([*command, "score"]) == 2
    assert "no column 'score'; the columns are " in capsys.readouterr().err


def test_scores_by_world_and_type_have_their_facts(tmp_path: Path) -> None:
    Run(good_until(10), groups=lambda fact: ("maps" if fact < 10 else "news", f"type {fact % 4}")).write(tmp_path)
    (ranked,) = boards_of(tmp_path)
    (row,) = ranked.rows
    worlds = {name: (score.facts, score.across.value, score.same.value) for name, score in row.groups["world"].items()}
    assert worlds == {"maps": (10, 1.0, 1.0), "news": (30, 0.5, 0.5)}
    assert {score.facts for score in row.groups["type"].values()} == {10}
    weights = [score.across.value * score.facts for score in row.groups["type"].values()]
    assert sum(weights) / 40 == pytest.approx(row.values["across_balanced"].value)
    first = row.groups["type"]["type 0"].across
    assert first.low < first.value < first.high
    assert first.value == pytest.approx(0.65)
    text = re.sub(" +", " ", files.to_markdown([ranked]))
    assert "| model | maps (10 facts) | news (30 facts) |" in text
    assert "| type 0 | 10 | 0.650 [" in re.sub(" +", " ", group_files.to_markdown([ranked]))
    lines = list(csv.DictReader(io.StringIO(group_files.to_csv([ranked]))))
    groups = [(line["grouping"], line["group"], line["facts"]) for line in lines]
    assert groups[:2] == [("world", "maps", "10"), ("world", "news", "30")]


def test_mistakes_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leaderboard", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")]) == 2
    assert "nowhere is no directory" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
