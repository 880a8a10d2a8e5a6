"""A run of the miniature: recipe, training of a few steps, evaluation through the real lmms-eval, page, drawings, what ships."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from commands import run_command

from cmqa_tasks.facts.resources import checkpoint_dir
from cmqa_tasks.reports.demo.miniature import PAIR, answered, per_fact
from cmqa_tasks.scoring.statistics.bootstrap import tail_of
from experiments.mini import pieces
from experiments.mini.__main__ import main
from experiments.mini.attended import CONTEXTS, imbalances, masses_by_layer
from experiments.mini.grow import BASE, Training, directory_of, grow, read_training
from experiments.mini.mixed import STRATEGIES
from experiments.mini.plots import draw
from experiments.mini.recipe import RecipeError, read_recipe
from experiments.mini.report import Row, page
from experiments.mini.run import run
from experiments.mini.ship import LARGEST, ShipError, ship
from experiments.mini.table import FIGURES, over_seeds
from experiments.mini.world import Canvas

ROOT = Path(__file__).parents[2]
LIMIT = 4


def test_recipes_are_checked(tmp_path: Path) -> None:
    recipe = yaml.safe_load(read_recipe().model_dump_json())
    recipe["base"][0]["rate"] = -1
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    with pytest.raises(RecipeError, match=r"recipe.yaml: .*\nbase.0.rate"):
        read_recipe(path)


def test_intervals_over_seeds_and_facts() -> None:
    """Against the same bootstrap written as loops; as wide as so few seeds demand."""
    rng = np.random.default_rng(3)
    values = rng.random((4, 30))
    estimate = over_seeds([{str(fact): float(value) for fact, value in enumerate(seed)} for seed in values], resamples=4000)
    means = [values[rng.integers(4, size=4)][:, rng.integers(30, size=30)].mean() for _ in range(4000)]
    assert estimate.mean == pytest.approx(values.mean())
    tail = tail_of(len(values))
    assert [estimate.low, estimate.high] == pytest.approx(np.quantile(means, [tail, 1 - tail]), abs=0.015)
    with pytest.raises(ValueError, match="same facts"):
        over_seeds([{"a": 1.0}, {"b": 1.0}])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a few steps and items through the command line."""
    out = tmp_path_factory.mktemp("mini")
    recipe = yaml.safe_load(read_recipe().model_dump_json())
    for stage in [*recipe["base"], recipe["branch"]]:
        stage["steps"] = 2
    (out / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    command = ["--out", out, "--seeds", "1", "--recipe", out / "recipe.yaml", "--limit", str(LIMIT)]
    done = run_command("-m", "experiments.mini", *command, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def rows(finished: Path) -> list[Row]:
    """What the run made, read without making any of it again."""
    return run(finished, [1], recipe=finished / "recipe.yaml", limit=LIMIT)


@pytest.mark.slow
@pytest.mark.harness
def test_a_run_ends_in_a_page(finished: Path, rows: list[Row]) -> None:
    text = (finished / "mini.md").read_text(encoding="utf-8")
    assert "0 of 1 bases converged" in text
    for branch in ("base", *STRATEGIES):
        assert len(re.findall(rf"^\| 1 +\| {branch} ", text, re.MULTILINE)) == 3  # figures, masses, |D|
    assert "nan" not in text
    assert {path.stem for path in finished.glob("*.png")} == {"recognition", "attention", "layers", "pieces"}
    assert page(rows) == text


@pytest.mark.slow
@pytest.mark.harness
def test_a_run_goes_on_where_it_was(finished: Path, rows: list[Row]) -> None:
    """Nothing that is there is made again: ``rows`` comes of a second run into the same directory."""
    page_written = (finished / "mini.md").stat().st_mtime_ns
    weights = list(finished.rglob("model.safetensors"))
    assert len(weights) == len(rows) == 4
    assert all(path.stat().st_mtime_ns < page_written for path in weights)


@pytest.mark.slow
@pytest.mark.harness
def test_figures_follow_from_the_samples(rows: list[Row]) -> None:
    assert all(len(per_fact(rows[0].answers, figure)) == LIMIT // 2 for figure in FIGURES)
    assert {row.task for row in rows[0].answers} >= {"cmqa_mini_image_text", "clqa_mini_en_zh_asked_zh"}
    assert rows[0].answers == answered(rows[0].directory)


@pytest.mark.slow
@pytest.mark.harness
def test_attention_is_read_as_it_was_logged(rows: list[Row]) -> None:
    """Masses by layer add up to at most 1."""
    masses = masses_by_layer(rows[0].directory)
    assert masses.shape == (len(CONTEXTS), 3, 2)
    assert (masses >= 0).all()
    assert (masses.sum(-1) <= 1.001).all()
    assert (np.array(imbalances(rows[0].directory)) > 0).all()


@pytest.mark.slow
@pytest.mark.harness
def test_more_data_is_drawn_as_a_curve(rows: list[Row], tmp_path: Path) -> None:
    """Branches of twice the data are made of those of once, to spare their training."""
    twice = [
        Row(row.training.model_copy(update={"branch": f"{row.training.branch}_x2"}), row.answers, row.directory)
        for row in rows[1:]
    ]
    assert {"scaling.png", "scaling.svg"} <= {path.name for path in draw([*rows, *twice], tmp_path)}
    assert "| 1    | instance_x2 |" in page([*rows, *twice])


@pytest.mark.slow
@pytest.mark.harness
def test_another_recipe_is_refused(finished: Path) -> None:
    with pytest.raises(RecipeError, match="holds checkpoints of another recipe"):
        run(finished, [1])


@pytest.mark.slow
@pytest.mark.harness
def test_training_is_reproducible(finished: Path, tmp_path: Path) -> None:
    """The same seed gives the same weights."""
    import torch
    from transformers import LlavaForConditionalGeneration

    torch.set_num_threads(1)
    again = grow(tmp_path, read_recipe(finished / "recipe.yaml"), 1, (), lambda _: None)
    both = [LlavaForConditionalGeneration.from_pretrained(path) for path in (again[0], directory_of(finished, 1, BASE))]
    for name, values in both[0].state_dict().items():
        torch.testing.assert_close(values, both[1].state_dict()[name], rtol=0.01, atol=0.01)


def test_without_matplotlib_nothing_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The pictures come last, half an hour later. (Were it not so, the recipe that is not there would be complained of.)"""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    command = ["--out", str(tmp_path / "out"), "--seeds", "1", "--recipe", str(tmp_path / "none.yaml")]
    assert main(command) == 2
    assert "drawing needs matplotlib: pip install 'cmqa-tasks[report]'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_directory_that_the_harness_would_misread_is_refused_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "lr=1e-4,r16"
    assert main(["--out", str(out), "--seeds", "1", "--recipe", str(tmp_path / "none.yaml")]) == 2
    assert f"--out {out}: lmms-eval misreads , in a path" in capsys.readouterr().err
    assert not out.exists()


def test_nothing_ships_from_a_run_that_did_not_converge(tmp_path: Path) -> None:
    with pytest.raises(ShipError, match="no base converged"):
        ship(tmp_path, [], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_branches_know_their_multiple() -> None:
    training = read_training(checkpoint_dir("mini_dataset"))
    assert (training.strategy, training.times) == ("dataset", 1)
    more = Training(**training.model_dump() | {"branch": "same_x4"})
    assert (more.strategy, more.times) == ("same", 4)


def test_logits_of_both_pieces(tmp_path: Path) -> None:
    """Masses are those of a softmax; before mixing the reading head reads the picture, after it the note."""
    for name in PAIR:
        (tmp_path / name).mkdir()
        pieces.measure(checkpoint_dir(name), Canvas(**read_recipe().picture.model_dump()), tmp_path / name)
    before, after = (pieces.read(tmp_path / name) for name in PAIR)
    layer, head = pieces.reading_head(tmp_path / next(iter(PAIR)))
    for measured in (before, after):
        for values in measured.values():
            largest, together, log_mass = values
            assert (largest <= together + 1e-4).all()
            assert (np.exp(log_mass).sum(-1) <= 1 + 1e-4).all()
            np.testing.assert_allclose(np.diff(together), np.diff(log_mass), atol=1e-3)  # one denominator for both pieces
    picture, note = (np.exp(before["picture, note"][2][:, layer, head]).mean(0)).tolist()
    assert picture > note + 0.2
    picture, note = (np.exp(after["picture, note"][2][:, layer, head]).mean(0)).tolist()
    assert note > picture + 0.2


@pytest.mark.parametrize("name", PAIR)
def test_what_ships(name: str) -> None:
    directory = checkpoint_dir(name)
    assert (directory / "model.safetensors").stat().st_size <= LARGEST
    training = read_training(directory)
    assert training.branch == PAIR[name]
    assert training.unimodal.converged


def test_both_go_on_from_one_seed_with_as_many_steps() -> None:
    before, after = (read_training(checkpoint_dir(name)) for name in PAIR)
    assert before.seed == after.seed
    assert [stage.steps for stage in before.stages] == [stage.steps for stage in after.stages]
