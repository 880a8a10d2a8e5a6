"""The checkpoints that ship: their files and cards, the committed references, the demonstration through the real lmms-eval."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from cmqa_tasks.facts.resources import checkpoint_dir, located
from cmqa_tasks.harness.catalogue import MINI_GROUPS
from cmqa_tasks.mini import pieces
from cmqa_tasks.mini.attended import CONTEXTS, imbalances, mass_ratios, masses_by_layer, share
from cmqa_tasks.mini.evaluate import answered
from cmqa_tasks.mini.grow import Training, read_training
from cmqa_tasks.mini.recipe import read_recipe
from cmqa_tasks.mini.ship import LARGEST, PAIR, ShipError, ship
from cmqa_tasks.mini.world import Canvas
from cmqa_tasks.reports.gate.reference import load as load_reference
from conftest import run_command

REFERENCES = Path(__file__).parents[2] / "leaderboards" / "references"
CANVAS = Canvas(**read_recipe().picture.model_dump())


@pytest.mark.parametrize("name", PAIR)
def test_what_ships(name: str) -> None:
    directory = checkpoint_dir(name)
    assert located(f"cmqa:{name}") == str(directory)
    assert (directory / "model.safetensors").stat().st_size <= LARGEST
    training = read_training(directory)
    assert training.branch == PAIR[name]
    assert training.unimodal.converged


def test_both_go_on_from_one_seed_with_as_many_steps() -> None:
    before, after = (read_training(checkpoint_dir(name)) for name in PAIR)
    assert before.seed == after.seed
    assert [stage.steps for stage in before.stages] == [stage.steps for stage in after.stages]


def test_unknown_checkpoints_are_named() -> None:
    with pytest.raises(ValueError, match="no checkpoint 'mini' ships with the package; there are: mini_dataset, mini_instance"):
        located("cmqa:mini")
    assert located("Qwen/Qwen2.5-VL-3B-Instruct") == "Qwen/Qwen2.5-VL-3B-Instruct"


@pytest.mark.parametrize("name", PAIR)
def test_the_card_says_what_the_reference_recorded(name: str) -> None:
    """The recognition in the card's table, from the committed outcomes, item by item."""
    card = (checkpoint_dir(name) / "README.md").read_text(encoding="utf-8")
    header = re.search(r"^\| +(\| .* \|)$", card, re.MULTILINE)
    assert header is not None
    column = [cell.strip() for cell in header[1].strip("|").split("|")].index(PAIR[name])
    recorded = load_reference(REFERENCES / f"{name}.jsonl").snapshot.tasks
    shown = {"unimodal": "cmqa_mini_unimodal", "image and English": "cmqa_mini_crossmodal"}
    shown |= {"image and Chinese": "cmqa_mini_bilingual", "English and Chinese": "clqa_mini_crosslingual"}
    for figure, group in shown.items():
        members = set(MINI_GROUPS[group])
        rows = [row for key, rows in recorded.items() if (key.arm, key.setting.language) in members for row in rows.values()]
        outcomes = [row.outcome == "conflict" for row in rows if row.relation == "conflict"]
        cells = re.search(rf"^\| {figure} +\|(.*)\|$", card, re.MULTILINE)
        assert cells is not None
        assert cells[1].split("|")[column].strip() == f"{np.mean(outcomes):.3f}"


def test_nothing_ships_from_a_run_that_did_not_converge(tmp_path: Path) -> None:
    with pytest.raises(ShipError, match="no base converged"):
        ship(tmp_path, [], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_branches_know_their_multiple() -> None:
    training = read_training(checkpoint_dir("mini_dataset"))
    assert (training.strategy, training.times) == ("dataset", 1)
    more = Training(**training.model_dump() | {"branch": "same_x4"})
    assert (more.strategy, more.times) == ("same", 4)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """``cmqa demo`` on a few items, and what it printed."""
    out = tmp_path_factory.mktemp("demo") / "out"
    done = run_command("-m", "cmqa_tasks.cli", "demo", "--out", out, "--limit", "12", cwd=out.parent)
    assert done.returncode == 0, done.stderr
    return out, done.stdout


@pytest.mark.harness
def test_the_demonstration_shows_before_and_after(demo: tuple[Path, str]) -> None:
    """On six facts the gap and its repair are there already; both models read everything."""
    _, table = demo
    rows = {(cells[0], cells[1]): cells[2:] for cells in map(_cells, table.splitlines()[2:]) if len(cells) > 2}
    for name in PAIR:
        assert rows["one picture, or one note", name][0] == "1.000"
        assert rows["two pictures, or two notes", name][1].startswith("1.000 ")
    before, after = (rows["picture and note", name] for name in PAIR)
    assert before[3] == "1.000"  # follows the picture
    assert after[3] == "0.000"
    assert float(before[1].split()[0]) + 0.2 < float(after[1].split()[0])
    assert float(before[4]) > 0.6 > float(after[4])  # attention on the picture
    assert rows["picture and note", "oracle"][1].startswith("1.000 ")
    assert rows["picture and note", "follow_image"][3] == "1.000"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.harness
def test_attention_is_read_as_it_was_logged(demo: tuple[Path, str]) -> None:
    """The ratio and the share say the same; masses by layer add up to at most 1."""
    out, _ = demo
    before, after = (out / name for name in PAIR)
    place = list(CONTEXTS).index("picture and English")
    assert mass_ratios(before)[place] > 0.3 > 0 > mass_ratios(after)[place]
    odds = np.exp(mass_ratios(before)[place])
    assert share(before, CONTEXTS["picture and English"]) == pytest.approx(odds / (1 + odds), abs=0.02)
    masses = masses_by_layer(before)
    assert masses.shape == (len(CONTEXTS), 3, 2)
    assert (masses >= 0).all()
    assert (masses.sum(-1) <= 1.001).all()
    assert (np.array(imbalances(before)) > 0).all()


@pytest.mark.harness
def test_a_demonstration_replaces_only_a_demonstration(demo: tuple[Path, str], tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    done = run_command("-m", "cmqa_tasks.cli", "demo", "--out", tmp_path, cwd=tmp_path)
    assert done.returncode == 2
    assert "was not made by cmqa demo" in done.stderr
    assert {row.task for row in answered(demo[0] / "mini_dataset")} >= {"cmqa_mini_image_text"}


def test_logits_of_both_pieces(tmp_path: Path) -> None:
    """Masses are those of a softmax; before mixing the reading head reads the picture, after it the note."""
    for name in PAIR:
        (tmp_path / name).mkdir()
        pieces.measure(checkpoint_dir(name), CANVAS, tmp_path / name)
    before, after = (pieces.read(tmp_path / name) for name in PAIR)
    layer, head = pieces.reading_head(tmp_path / next(iter(PAIR)))
    for found in (before, after):
        for values in found.values():
            largest, together, log_mass = values
            assert (largest <= together + 1e-4).all()
            assert (np.exp(log_mass).sum(-1) <= 1 + 1e-4).all()
            np.testing.assert_allclose(np.diff(together), np.diff(log_mass), atol=1e-3)  # one denominator for both pieces
    picture, note = (np.exp(before["picture, note"][2][:, layer, head]).mean(0)).tolist()
    assert picture > note + 0.2
    picture, note = (np.exp(after["picture, note"][2][:, layer, head]).mean(0)).tolist()
    assert note > picture + 0.2
