"""``cmqa demo``: the checkpoints that ship, their cards and committed references, the table through the real lmms-eval."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from commands import run_command

from cmqa_tasks.cli.main import main
from cmqa_tasks.facts.resources import checkpoint_dir, located
from cmqa_tasks.harness.catalogue import MINI_GROUPS
from cmqa_tasks.reports.demo.miniature import PAIR, by_arm, mass_ratio, share
from cmqa_tasks.reports.gate.reference import load as load_reference

REFERENCES = Path(__file__).parents[2] / "leaderboards" / "references"
PICTURE_AND_NOTE = ("image_text", "text_image")


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


def test_a_directory_that_the_harness_would_misread_is_refused_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "lr=1e-4,r16"
    assert main(["demo", "--out", str(out), "--limit", "1"]) == 2
    assert f"--out {out}: lmms-eval misreads , in a path" in capsys.readouterr().err
    assert not out.exists()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """``cmqa demo`` on a few items, and what it printed."""
    out = tmp_path_factory.mktemp("demo") / "out"
    done = run_command("-m", "cmqa_tasks.cli", "demo", "--out", out, "--limit", "12", cwd=out.parent)
    assert done.returncode == 0, done.stderr
    return out, done.stdout


@pytest.mark.slow
@pytest.mark.harness
def test_the_demonstration_shows_before_and_after(demo: tuple[Path, str]) -> None:
    """On six facts what mixing changes is there already: the picture is followed no more. Both models read everything."""
    _, table = demo
    rows = {(cells[0], cells[1]): cells[2:] for cells in map(_cells, table.splitlines()[2:]) if len(cells) > 2}
    for name in PAIR:
        assert rows["one picture, or one note", name][0] == "1.000"
        assert rows["two pictures, or two notes", name][1].startswith("1.000 ")
    before, after = (rows["picture and note", name] for name in PAIR)
    recognised, followed = ([float(cells[column].split()[0]) for cells in (before, after)] for column in (1, 3))
    assert recognised[0] + followed[0] == pytest.approx(1)  # whatever is missed, the picture was followed
    assert followed[0] > 0.5
    assert followed[1] == 0 < recognised[1] < 1
    assert float(before[4]) > 0.6 > float(after[4])  # attention on the picture
    assert rows["picture and note", "oracle"][1].startswith("1.000 ")
    assert rows["picture and note", "follow_image"][3] == "1.000"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.slow
@pytest.mark.harness
def test_the_share_of_attention_is_that_of_the_masses(demo: tuple[Path, str]) -> None:
    """Their ratio says the same: on the picture before mixing, on both alike after it."""
    before, after = (demo[0] / name for name in PAIR)
    ratios = [np.mean([by_arm(out, mass_ratio)[arm] for arm in PICTURE_AND_NOTE]) for out in (before, after)]
    assert ratios[0] > 0.3 > 0.2 > abs(ratios[1])
    odds = np.exp(ratios[0])
    assert share(before, PICTURE_AND_NOTE) == pytest.approx(odds / (1 + odds), abs=0.02)


@pytest.mark.harness
def test_a_demonstration_replaces_only_a_demonstration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    assert main(["demo", "--out", str(tmp_path)]) == 2
    assert "was not made by cmqa demo" in capsys.readouterr().err
