"""Figures of a leaderboard: what is drawn where, what is written on them, and that they are drawn where they can be."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made_runs import ACROSS, SAME, Run, between, evaluate
from PIL import Image
from svg_words import words

from cmqa_tasks.cli.main import main
from cmqa_tasks.reports.board import ablation, board, figures
from cmqa_tasks.reports.board.ablation import View
from cmqa_tasks.reports.board.ablation_figure import ablation_figure, styles
from cmqa_tasks.reports.board.contrasts import CONTRASTS
from cmqa_tasks.reports.board.recognition_figure import label, recognition_figure
from cmqa_tasks.results import Setting, read_runs
from cmqa_tasks.writing import pictures

LONG = "some-organisation/A-Vision-Language-Model-With-A-Long-Name-72B-Instruct-v2.5-preview"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models under two protocols; a third under one, and of another contrast only."""
    root = tmp_path_factory.mktemp("runs")
    for protocol, last in (("aware", 10), ("neutral", 30)):
        evaluate(root / "a", between(0, 40), between(0, last), protocol, model=LONG)
        evaluate(root / "b", between(0, 20), between(0, last // 2), protocol, model="org/$b_{2}$ 模型")
    Run(between(0, 36), model="org/languages", arms=("en_zh", "zh_en")).write(root / "c")
    return root


@pytest.fixture(scope="module")
def drawn(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    assert main(["leaderboard", str(runs), "--out", str(out), "--figures"]) == 0
    return out


@pytest.fixture(scope="module")
def views(runs: Path) -> list[View]:
    return ablation.views(board.make(read_runs([runs]), 500))


def test_the_files_are_named_by_what_was_asked_and_shown_in_the_tables(drawn: Path) -> None:
    stems = ("recognition_made_en", "ablation_made_en_cmqa")
    names = {path.name for path in drawn.iterdir() if path.suffix in (".png", ".svg")}
    assert names == {f"{stem}.{form}" for stem in stems for form in pictures.FORMATS}, "no ablation of a single protocol"
    assert "](recognition_made_en.png)" in (drawn / "leaderboard.md").read_text(encoding="utf-8")
    assert (drawn / "ablation.md").read_text(encoding="utf-8").count("](ablation_made_en_cmqa.png)") == 1
    for path in drawn.glob("*.png"):
        with Image.open(path) as image:
            assert 500 < image.width < 2500


def test_they_say_what_they_show(drawn: Path) -> None:
    labels = words(drawn / "recognition_made_en.svg")
    for text in (
        "Contradictions recognised, with 95 % intervals over facts",
        "asked in en, release made (aaaaaaaa), task version 2.0",
        "protocol aware, with the spread over all protocols",
        "Across modalities",
        "(monolingual: not all arms evaluated)",
        "unimodal",
        "cross-modal, cross-lingual",
        "share of pairs called contradictory",
        "org/$b_{2}$ 模型",
        "lowest to highest over protocols, a tick each",
    ):
        assert text in labels, text
    labels = words(drawn / "ablation_made_en_cmqa.svg")
    for text in ("neutral", "text_image", "filled: recognition", "hollow: false alarms", "org/$b_{2}$ 模型"):
        assert text in labels, text


def lines(ax: Any, colour: str, marker: str) -> dict[float, tuple[float, ...]]:
    """Points of one colour and marker: height → where along the axis."""
    drawn = [line for line in ax.lines if line.get_color() == colour and line.get_marker() == marker]
    return {round(float(line.get_ydata()[0]), 2): tuple(map(float, line.get_xdata())) for line in drawn}


def test_points_intervals_and_spread_stand_where_the_numbers_are(views: list[View]) -> None:
    modalities, languages = views
    with pictures.drawing():
        figure = recognition_figure(views)
    left, right = figure.axes
    row = modalities.models[LONG]["aware"]
    estimate = row.values["across_recognition"]
    at = list(modalities.models).index(LONG)
    assert lines(left, pictures.VERMILION, "s")[round(at + 0.19, 2)] == (estimate.value,) == (0.25,)
    bars = [tuple(line.get_xdata()) for line in left.lines if line.get_color() == pictures.VERMILION and line.get_linewidth() < 2]
    assert (estimate.low, estimate.high) in bars
    thick = [
        tuple(line.get_xdata()) for line in left.lines if line.get_linewidth() == 7 and line.get_color() == pictures.VERMILION
    ]
    assert (0.25, 0.75) in thick, "from aware to neutral"
    assert lines(left, pictures.BLUE, "o")[round(at - 0.19, 2)] == (1.0,)
    last = list(languages.models).index("org/languages") + 2
    assert lines(right, pictures.VERMILION, "s") == {last + 0.19: (0.9,)}
    remarks = [text.get_text() for text in left.texts]
    assert remarks == ["not evaluated"] * 2


def test_a_model_without_the_leading_protocol_is_not_left_out(views: list[View]) -> None:
    modalities = views[0]
    left_out = {LONG: "aware"}
    models = {
        name: {protocol: row for protocol, row in rows.items() if protocol != left_out.get(name, "neutral")}
        for name, rows in modalities.models.items()
    }
    with pictures.drawing():
        (ax,) = recognition_figure([replace(modalities, models=models)]).axes
    line = list(models).index(LONG)
    assert lines(ax, pictures.VERMILION, "s").keys() == {round(1 - line + 0.19, 2)}
    ticks = [path.vertices[:, 0].tolist() for protocol in ax.collections for path in protocol.get_paths()]
    assert [0.75, 0.75] in ticks, "its value under the other protocol"


def test_the_ablation_has_a_point_for_every_arm_and_protocol(views: list[View]) -> None:
    with pictures.drawing():
        axes = ablation_figure(views[0], list(views[0].models), "1 of 1").axes
    shown = [label(name) for name in views[0].models]
    assert [ax.get_title() for ax in axes] == shown
    ax = axes[list(views[0].models).index(LONG)]
    for arm, (colour, marker) in styles(CONTRASTS[0]).items():
        rates = [views[0].models[LONG][protocol].arms[arm] for protocol in ("aware", "neutral")]
        filled, hollow = (
            [
                line.get_xdata()[0]
                for line in ax.lines
                if line.get_marker() == marker and line.get_color() == colour and (line.get_markerfacecolor() == "white") is empty
            ]
            for empty in (False, True)
        )
        assert filled == [rate["recognition"].value for rate in rates]
        assert hollow == [rate["false_alarm"].value for rate in rates]


def test_colours_and_markers_tell_arms_apart() -> None:
    for contrast in CONTRASTS:
        by_arm = styles(contrast)
        assert list(by_arm) == list(contrast.arms)
        assert len(set(by_arm.values())) == len(contrast.arms)


def test_no_marker_lies_on_another(views: list[View]) -> None:
    with pictures.drawing():
        drawn = [*recognition_figure(views).axes, *ablation_figure(views[0], list(views[0].models), "1 of 1").axes]
    for ax in drawn:
        points = [(line.get_xdata()[0], line.get_ydata()[0]) for line in ax.lines if line.get_marker() not in ("None", "")]
        assert len(points) == len({(round(float(x), 3), round(float(y), 3)) for x, y in points}) > 0


def test_models_that_no_protocol_moves_get_no_panel(tmp_path: Path) -> None:
    for protocol in ("aware", "neutral"):
        evaluate(tmp_path / "runs" / "still", between(0, 20), between(0, 20), protocol, model="org/still")
    (view,) = ablation.views(board.make(read_runs([tmp_path / "runs"]), 200))
    assert figures.draw([view], tmp_path / "a").ablation == {(view.question, "cmqa"): ()}
    for protocol, last in (("aware", 20), ("neutral", 21)):
        evaluate(tmp_path / "runs" / "moved", between(0, 20), between(0, last), protocol, model="org/moved")
    (view,) = ablation.views(board.make(read_runs([tmp_path / "runs"]), 200))
    figures.draw([view], tmp_path / "b")
    labels = words(tmp_path / "b" / "ablation_made_en_cmqa.svg")
    assert "org/moved" in labels
    assert "not drawn, nothing moves with the protocol: org/still" in labels


def test_the_title_of_the_ablation_fits_however_many_models_are_not_drawn(views: list[View]) -> None:
    for number in (1, 3, 60):
        still = [f"{LONG}-{index}" for index in range(number)]
        view = replace(views[0], models=views[0].models | dict.fromkeys(still, next(iter(views[0].models.values()))))
        for drawn in (list(views[0].models)[:1], list(views[0].models)):
            with pictures.drawing():
                figure = ablation_figure(view, drawn, "1 of 1", still)
                figure.draw_without_rendering()
                title = figure.get_suptitle()
                box = next(text for text in figure.texts if text.get_text() == title).get_window_extent()
            assert 0 <= box.x0 < box.x1 <= figure.bbox.width, title
            panel = figure.axes[0].get_window_extent()
            assert 50 < panel.height < panel.y1 < box.y0 < box.y1 <= figure.bbox.height, "on the page and on no panel"
            assert number == 3 or title.endswith("… (60 models)") == (number == 60)


def test_many_models_go_on_several_pages(views: list[View], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "PANELS", 1)
    files = figures.draw(views[:1], tmp_path / "new")
    assert files.ablation == {(views[0].question, "cmqa"): ("ablation_made_en_cmqa.png", "ablation_made_en_cmqa_2.png")}
    assert all(path.is_file() for path in files.paths)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("org/model", "org/model"),
        ("org/a-model-whose-name-is-longer/than-a-line-can-hold", "org/a-model-whose-name-is-\nlonger/than-a-line-can-hold"),
        ("x" * 200, "x" * 39 + "…\n" + "x" * 40),
        ("a\n\u202eb\ud800  c", "a b c"),
        ("\x00", "?"),
    ],
)
def test_names_of_any_length_and_letters_have_at_most_two_lines(name: str, shown: str) -> None:
    assert label(name).count("\n") <= 1
    assert label(name) == shown
    assert max(map(len, label(name).split("\n"))) <= 41


def test_names_of_files_tell_questions_apart() -> None:
    question = Setting("v1", "a" * 64, "2.0", "", "en", "generation")
    others = [
        replace(question, language="zh"),
        replace(question, by="loglikelihood"),
        replace(question, release="../../etc/mine"),
        replace(question, release_sha256="b" * 64),
        replace(question, task_version="3.0"),
    ]
    slugs = figures.slugs([question, *others])
    assert [slugs[other] for other in others[:3]] == ["v1_zh", "v1_en_loglikelihood", "etc-mine_en"]
    assert slugs[question] == "v1_en_2.0_aaaaaaaa"
    assert len(set(slugs.values())) == 6


def test_without_matplotlib_there_are_tables_and_a_word_about_it(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["leaderboard", str(runs), "--out", str(tmp_path / "auto")]) == 0
    assert "no figures: drawing needs matplotlib: pip install 'cmqa-tasks[report]'" in capsys.readouterr().err
    assert {path.suffix for path in (tmp_path / "auto").iterdir()} == {".md", ".csv", ".json", ".tex"}
    assert "![" not in (tmp_path / "auto" / "leaderboard.md").read_text(encoding="utf-8")
    assert main(["leaderboard", str(runs), "--out", str(tmp_path / "wanted"), "--figures"]) == 2
    assert "cmqa-tasks[report]" in capsys.readouterr().err
    assert not (tmp_path / "wanted").exists(), "nothing half-written"
    assert main(["leaderboard", str(runs), "--out", str(tmp_path / "none"), "--no-figures"]) == 0
    assert not capsys.readouterr().err


def test_an_incomplete_row_is_drawn_too(tmp_path: Path) -> None:
    Run(between(0, 5), arms=(*SAME, *ACROSS), facts=10, original=40).write(tmp_path / "runs")
    views = ablation.views(board.make(read_runs([tmp_path / "runs"]), 200))
    with pictures.drawing():
        (ax,) = recognition_figure(views).axes
    assert lines(ax, pictures.VERMILION, "s") == {0.19: (0.5,)}
