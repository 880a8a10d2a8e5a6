"""Pictures of logged attention: they are drawn, say what they show, and show it right."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from attention_rows import ABOUT, ordered, row
from PIL import Image
from svg_words import words

from cmqa_tasks.attention import labels, plots
from cmqa_tasks.attention.pools import pools
from cmqa_tasks.attention.store import MERGED, AttentionRow, ShardWriter, StoreError

LAYERS, HEADS = 4, 3


def cmqa(facts: int = 3) -> list[AttentionRow]:
    """The four arms of CMQA: the image gets 1 nat more, and the first piece half a nat."""
    rows = []
    for fact in range(facts):
        for arm, first, density in (
            ("image_text", "a", 1.5),
            ("text_image", "b", 0.5),
            ("text_text", "a", 0.5),
            ("image_image", "a", 0.5),
        ):
            values = np.full((LAYERS, HEADS), density + fact / 8)
            rows.append(ordered(f"{arm}{fact}", arm, first, values, f"f{fact}", layers=LAYERS, heads=HEADS))
    return rows


def log(directory: Path, rows: list[AttentionRow]) -> Path:
    ShardWriter(directory, 0, replace(ABOUT, model="maker/model-3b", revision="abc")).write(rows)
    return directory


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("run")
    log(run / "attention", [*cmqa(), row("m", -1.0, LAYERS, HEADS, task="mmmu_val", arm="", first="", fact_id="")])
    paths = plots.draw(run, run / "pictures")
    assert (run / "attention" / MERGED).exists()
    assert {path.name for path in (run / "pictures").iterdir()} == {path.name for path in paths}
    return run / "pictures"


def test_every_view_is_drawn_in_both_formats(drawn: Path) -> None:
    quantities = ("log_density_ratio", "matched_log_density_ratio", "logit_gap", "log_norm_ratio")
    names = [f"{quantity}_{view}" for quantity in quantities for view in ("map", "depth")]
    names += [f"{quantity}_contrasts" for quantity in quantities[:2]]
    assert {path.name for path in drawn.iterdir()} == {f"{name}.{form}" for name in names for form in ("png", "svg")} | {
        "contrasts.md"
    }
    for path in drawn.glob("*.png"):
        with Image.open(path) as image:
            assert min(image.size) > 400
            assert len(image.convert("RGB").getcolors(1 << 24) or ()) > 20


def test_the_map_says_what_it_shows(drawn: Path) -> None:
    labels_drawn = words(drawn / "log_density_ratio_map.svg")
    for label in (
        "log density ratio D (nats), for what a panel names, if > 0",
        "maker/model-3b, abc, float32; query: last prompt token; asked in English",
        "image / text",
        "n = 6, > 0: image, both orders",
        "text / text",
        "n = 3, > 0: first piece",
        "mmmu_val",
        "n = 1, > 0: images",
        "layer",
        "head",
    ):
        assert label in labels_drawn


def test_the_profile_says_what_it_shows(drawn: Path) -> None:
    labels_drawn = words(drawn / "log_density_ratio_depth.svg")
    for label in (
        "log density ratio D (nats), for what a panel names, if > 0",
        "image / text (n = 6, > 0: image, both orders)",
        "image / image (n = 3, > 0: first piece)",
        "shuffled labels",
        "95 % interval over facts",
        "Modalities",
        "Other tasks",
        "layer",
    ):
        assert label in labels_drawn
    assert "shuffled labels" not in words(drawn / "logit_gap_depth.svg")
    assert "logit gap M (nats)" in words(drawn / "logit_gap_depth.svg")
    assert "log norm ratio (nats)" in words(drawn / "log_norm_ratio_map.svg")
    labels_drawn = words(drawn / "log_density_ratio_contrasts.svg")
    for label in ("image / text (3 facts)", "m: image over text, both orders", "p: first over second piece, two of one kind"):
        assert label in labels_drawn


def test_contrasts_are_numbers_too(tmp_path: Path) -> None:
    """m, p and |D| over all layers, with the language that was asked in; one without the other order has no m."""
    rows = [*cmqa()]
    for fact in range(2):
        for arm, first, density in (("en_zh", "a", 0.25), ("en_en", "a", 0.5)):
            values = np.full((LAYERS, HEADS), density)
            task = f"clqa_{arm}__aware_zh"
            rows.append(row(f"{arm}{fact}", values, LAYERS, HEADS, task=task, arm=arm, first=first, fact_id=f"f{fact}"))
    log(tmp_path / "log", rows)
    plots.draw(tmp_path / "log", tmp_path / "out", formats=("svg",))
    lines = (tmp_path / "out" / "contrasts.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    english = [line for line in cells if line[:3] == ["English / Chinese", "aware_zh", "Chinese"]]
    assert [line[3] for line in english[:2]] == [
        "p: first over second piece, two of one kind",
        "size of an item's D: two kinds − one kind",
    ]
    first = [line for line in cells if line[0] == "image / text"]
    assert first[0][:6] == ["image / text", "default", "English", "m: image over text, both orders", "3", "+1.125"]
    assert first[1][4:6] == ["3", "+0.500"]
    assert "asked in Chinese" in words(tmp_path / "out" / "log_density_ratio_map__aware_zh.svg")


def figures(directory: Path, rows: list[AttentionRow]) -> tuple[object, object]:
    log(directory, rows)
    named = pools(next(directory.glob("*.parquet")))
    quantity = plots.QUANTITIES[0]
    return plots.map_figure(quantity, named, ""), plots.depth_figure(quantity, named, "")


def test_pools_are_called_alike_in_figures_and_on_the_page(tmp_path: Path) -> None:
    """A task that is not ours has no kinds, whether its name is one word or two."""
    tasks = ("cmqa_image_text", "clqa_en_en__neutral", "scienceqa", "mmmu_val")
    log(
        tmp_path,
        [
            row(task, 1.0, LAYERS, HEADS, task=task, arm=task.partition("_")[2].partition("__")[0] if "qa_" in task else "")
            for task in tasks
        ],
    )
    by_name = pools(next(tmp_path.glob("*.parquet")))
    called = {
        name: (labels.label(name), labels.label(name, brief=True), labels.who(pool), labels.who(pool, brief=True))
        for name, pool in by_name.items()
    }
    assert sorted(called, key=labels.order) == ["image_text", "en_en__neutral", "mmmu_val", "scienceqa"]
    first = "n = 1, > 0: first piece"
    assert called == {
        "image_text": (
            "English image / English text",
            "image / text",
            "n = 1, > 0: English image, it stands first",
            "n = 1, > 0: image, it stands first",
        ),
        "en_en__neutral": ("English / English", "English / English", first, first),
        **{name: (name, name, "n = 1, > 0: images", "n = 1, > 0: images") for name in ("mmmu_val", "scienceqa")},
    }


def test_maps_share_one_scale_around_zero(tmp_path: Path) -> None:
    figure, _ = figures(tmp_path, cmqa())
    images = {ax.get_title().split("\n")[0]: ax.images[0] for ax in figure.axes if ax.images}
    assert list(images) == ["image / image", "text / text", "image / text"]
    limits = {image.get_clim() for image in images.values()}
    ((low, high),) = limits
    assert low == -high
    assert np.allclose(images["image / text"].get_array(), 1.125)
    assert np.allclose(images["text / text"].get_array(), 0.625)
    assert images["image / text"].origin == "lower"


def test_profiles_are_those_of_the_pools(tmp_path: Path) -> None:
    _, figure = figures(tmp_path, cmqa())
    (ax,) = figure.axes
    lines = {line.get_label().split(" (")[0]: line for line in ax.lines}
    assert np.allclose(lines["image / text"].get_ydata(), 1.125)
    assert np.allclose(lines["text / text"].get_ydata(), 0.625)
    assert (lines["image / text"].get_linestyle(), lines["text / text"].get_linestyle()) == ("-", "--")


def test_layers_keep_their_own_numbers(tmp_path: Path) -> None:
    """A hybrid model records every fourth layer only."""
    rows = [ordered("1", "image_text", "a", 1.0, layers=LAYERS, heads=HEADS)]
    rows = [replace(each, layers=(3, 7, 11, 15)) for each in rows]
    maps, depth = figures(tmp_path, rows)
    assert [label.get_text() for label in maps.axes[0].get_yticklabels()] == ["3", "7", "11", "15"]
    assert [label.get_text() for label in depth.axes[0].get_xticklabels()] == ["3", "7", "11", "15"]


def test_protocols_have_pictures_of_their_own(tmp_path: Path) -> None:
    rows = [row(task, 1.0, LAYERS, HEADS, task=task) for task in ("cmqa_image_text", "cmqa_image_text__neutral")]
    run = log(tmp_path / "run", rows)
    paths = plots.draw(run, tmp_path / "out", formats=("svg",))
    names = {path.name for path in paths}
    assert {"log_density_ratio_map.svg", "log_density_ratio_map__neutral.svg"} <= names
    assert not any("contrasts" in name for name in names)  # nothing to compare with
    assert "protocol neutral" in words(tmp_path / "out" / "log_density_ratio_map__neutral.svg")
    assert "n = 1, > 0: image, it stands first" in words(tmp_path / "out" / "log_density_ratio_map.svg")


def test_several_models_of_a_run_are_kept_apart(tmp_path: Path) -> None:
    for name in ("one", "two"):
        log(tmp_path / "run" / name, cmqa(1))
    paths = plots.draw(tmp_path / "run", tmp_path / "out", formats=("svg",))
    assert {path.parent.name for path in paths} == {"one", "two"}


def test_the_same_numbers_give_the_same_file(tmp_path: Path, drawn: Path) -> None:
    again = plots.draw(drawn.parent, tmp_path, formats=("svg",))
    for path in again:
        assert path.read_bytes() == (drawn / path.name).read_bytes()


def test_other_rows_and_relations_can_be_drawn(tmp_path: Path) -> None:
    run = log(tmp_path / "run", [row("1", 1.0, LAYERS, HEADS, aggregate="question", relation="agree")])
    paths = plots.draw(run, tmp_path / "out", formats=("svg",), aggregate="question", relation="agree")
    assert "query: question tokens; agree items" in words(paths[0])
    with pytest.raises(StoreError, match="no item with two segments among those of query: last prompt token"):
        plots.draw(run, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_quantity_without_a_value_is_drawn_as_such_or_left_out(tmp_path: Path) -> None:
    nothing = np.full((LAYERS, HEADS), math.nan)
    some = np.where(np.arange(LAYERS)[:, None] > 0, np.ones((LAYERS, HEADS)), math.nan)
    run = log(tmp_path / "run", [row("1", some, LAYERS, HEADS, log_norm_ratio=nothing)])
    names = {path.name for path in plots.draw(run, tmp_path / "out", formats=("png",))}
    assert "log_density_ratio_map.png" in names
    assert not any("norm" in name for name in names)


def test_a_run_without_statistics_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="was the run made with attention=on"):
        plots.draw(tmp_path, tmp_path)
