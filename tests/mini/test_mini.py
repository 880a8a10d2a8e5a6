"""The miniature: its world, its strategies, and a training and evaluation of a few steps through the real command line."""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cmqa_tasks.asking.question import questions_of
from cmqa_tasks.cli.main import main
from cmqa_tasks.facts.records import ARMS
from cmqa_tasks.facts.release import Release, load
from cmqa_tasks.harness.catalogue import MINI, MINI_GROUPS
from cmqa_tasks.mini import reading
from cmqa_tasks.mini.instances import PER_EXAMPLE, STRATEGIES, Diet, Instance, Strategy, build_instance, draw_example
from cmqa_tasks.mini.recipe import RecipeError, read_recipe
from cmqa_tasks.mini.table import FIGURES, over_seeds, per_fact
from cmqa_tasks.mini.world import COLOURS, KINDS, NAMES, PEOPLE, WORDS, Canvas, Kind, answer, glyphs, note, question, vocabulary
from conftest import run_command

DIET = Diet(kinds=(1, 1, 1), facts=(1, 2, 3), bands=2, pairs=0.6)


@pytest.fixture(scope="module")
def release() -> Release:
    return load(MINI)


def test_every_word_is_one_of_its_own() -> None:
    words = vocabulary()
    assert len(words) == len(set(words))
    assert not any(" " in word for word in words)
    said = {*note("en", [(0, 1)]), *question("en", 0), answer("en", 1), answer("en", None)}
    assert not said & {*note("zh", [(0, 1)]), *question("zh", 0), answer("zh", 1), answer("zh", None)}
    assert said <= set(words)


def test_glyphs_differ() -> None:
    shapes = glyphs()
    assert len({shape.tobytes() for shape in shapes}) == PEOPLE == len(NAMES["zh"])
    assert (shapes == shapes[..., ::-1]).all()


@given(seed=st.integers(0, 10_000), facts=st.integers(0, 2))
def test_a_picture_shows_its_facts_and_no_other(seed: int, facts: int) -> None:
    """Every cell is read by looking for the people's glyphs at every shift."""
    canvas = Canvas(noise=0.05)
    rng = random.Random(seed)
    shown = [(person, rng.randrange(len(COLOURS))) for person in rng.sample(range(PEOPLE), facts)]
    picture = canvas.draw([shown], np.random.default_rng(seed))[0]
    assert picture.shape == (canvas.side, canvas.side, 3)
    found = [_read(cell) for cell in _cells(canvas, picture)]
    width = canvas.cells // canvas.bands
    bands = [found[start : start + width] for start in range(0, canvas.cells, width)]
    assert all(len(set(band)) == 1 for band in bands)
    assert sorted(band[0] for band in bands if band[0] is not None) == sorted(shown)


def _cells(canvas: Canvas, picture: Any) -> list[Any]:
    size = canvas.cell
    return [
        picture[row * size : (row + 1) * size, column * size : (column + 1) * size]
        for row in range(canvas.grid)
        for column in range(canvas.grid)
    ]


def _read(cell: Any) -> tuple[int, int] | None:
    ink = cell.max(-1) > 127
    for person, glyph in enumerate(glyphs()):
        for row in range(3):
            for column in range(3):
                whole = np.zeros_like(ink)
                whole[row : row + 6, column : column + 6] = glyph
                if (whole == ink).all():
                    rgb = tuple(cell[ink].mean(0) > 127)
                    names = {(1, 0, 0): 0, (0, 1, 0): 1, (0, 0, 1): 2, (1, 1, 0): 3, (1, 0, 1): 4, (1, 1, 1): 5}
                    return person, names[rgb]
    return None


def test_more_facts_than_bands_are_refused() -> None:
    with pytest.raises(ValueError, match="3 facts in a picture of 2 bands"):
        Canvas().draw([[(0, 0), (1, 1), (2, 2)]], np.random.default_rng(0))


@given(seed=st.integers(0, 10_000), strategy=st.sampled_from(STRATEGIES))
def test_strategies(seed: int, strategy: Strategy) -> None:
    example = draw_example(strategy, DIET, random.Random(seed))
    kinds = [{kind for kind, _ in instance.pieces} for instance in example]
    assert all(len(kind) == 1 for kind in kinds)  # no instance mixes
    assert len(example) == (1 if strategy == "dataset" else PER_EXAMPLE)
    together = {kind for one in kinds for kind in one}
    assert len(together) == (PER_EXAMPLE if strategy == "instance" else 1)
    people = [{person for _, facts in instance.pieces for person, _ in facts} for instance in example]
    assert sum(map(len, people)) == len(set.union(*people))  # nobody stands in two instances
    for instance in example:
        _is_sound(instance)


def _is_sound(instance: Instance) -> None:
    """Every person is asked about once, and the answer is what the pieces say; two values are a contradiction."""
    said: dict[int, set[int]] = {}
    for kind, facts in instance.pieces:
        assert kind != "image" or len(facts) <= DIET.bands
        for person, colour in facts:
            said.setdefault(person, set()).add(colour)
    assert sorted(person for person, _ in instance.turns) == sorted(said)
    for person, colour in instance.turns:
        assert said[person] == {colour} if colour is not None else len(said[person]) == 2
    if len(instance.pieces) == 2 and instance.pieces[0][0] != "image":
        assert instance.language == instance.pieces[0][0]


def test_instances_need_people() -> None:
    with pytest.raises(ValueError, match="2 pieces of 3 facts need 5 people, not 4"):
        build_instance(("en", "en"), "en", 3, False, range(4), random.Random(0))


def test_the_release_has_every_item(release: Release) -> None:
    for members in MINI_GROUPS.values():
        for arm, language in members:
            documents = questions_of(ARMS[arm], release, "bare", language)
            assert len(documents) == 2 * len(release.facts)
            assert all(asked.plain_text.endswith(f"\n\n{asked.text}") for asked in documents)


def test_two_pieces_differ_about_nobody_else(release: Release) -> None:
    """Texts are read word by word: pieces of one item share the person asked for and no other."""
    for asked in questions_of(ARMS["text_text"], release, "bare"):
        first, second = (set(passage.split()) & set(NAMES["en"]) for passage in asked.passages)
        assert first & second == {asked.text.split()[1].rstrip("?")}


def test_renderings_say_the_same_in_both_languages(release: Release) -> None:
    people = {zh: en for en, zh in zip(NAMES["en"], NAMES["zh"], strict=True)}
    colours = {zh: en for en, zh in zip(COLOURS, WORDS["zh"].colours, strict=True)}
    english = questions_of(ARMS["en"], release, "bare")
    chinese = questions_of(ARMS["zh"], release, "bare", "zh")
    for one, other in zip(english, chinese, strict=True):
        words = other.passages[0].split()[1:]
        pairs = [(people[name], colours[colour]) for colour, name in zip(words[::2], words[1::2], strict=True)]
        assert one.passages[0] == " ".join(["Note", *(word for pair in pairs for word in pair)])


def test_the_shipped_release_is_what_the_code_makes(release: Release, tmp_path: Path) -> None:
    """Facts and texts; images depend on Pillow's version, facts on nothing."""
    from cmqa_tasks.facts.release import read_metadata
    from cmqa_tasks.facts.resources import releases_dir
    from cmqa_tasks.mini.facts import freeze

    seed = read_metadata(releases_dir() / MINI).seed
    freeze(tmp_path / MINI, len(release.facts), seed, Canvas(**read_recipe().picture.model_dump()))
    assert list(load(tmp_path / MINI).facts.values()) == list(release.facts.values())


def test_training_sees_what_the_processor_makes(release: Release) -> None:
    """Token by token and pixel by pixel, for every arm."""
    import torch

    from cmqa_tasks.mini.batches import Encoder
    from cmqa_tasks.mini.checkpoint import build_processor

    canvas = Canvas(**read_recipe().picture.model_dump())
    processor = build_processor(canvas)
    encoder = Encoder(processor.tokenizer, canvas, np.random.default_rng(0))
    for kinds in (["image"], ["en"], ["image", "zh"], ["zh", "image"], ["en", "zh"], ["image", "image"]):
        instance = build_instance(kinds, "zh", 2, True, range(PEOPLE), random.Random(1))  # type: ignore[arg-type]
        batch = encoder.encode([[instance]])
        pictures = [] if batch.pixels is None else [(255 * one.permute(1, 2, 0)).round().byte().numpy() for one in batch.pixels]
        content = [_part(kind, facts) for kind, facts in instance.pieces]
        for person, colour in instance.turns:
            content += [{"type": "text", "text": " ".join([*question("zh", person), answer("zh", colour)])}]
        text = processor.apply_chat_template([{"role": "user", "content": content}], tokenize=False)
        made = processor(text=[text], images=pictures or None, add_special_tokens=False, return_tensors="pt")
        assert made["input_ids"].tolist() == batch.tokens.tolist()
        learned = batch.targets[0, :-1] >= 0
        assert batch.targets[0, -1] < 0
        assert (
            batch.targets[0, :-1][learned].tolist() == batch.tokens[0, 1:][learned].tolist()
        )  # each predicts the token after it
        answers = [processor.tokenizer.decode(token) for token in batch.targets[batch.targets >= 0]]
        assert answers == [answer("zh", colour) for _, colour in instance.turns]
        if pictures:
            torch.testing.assert_close(made["pixel_values"], batch.pixels)


def _part(kind: str, facts: Any) -> dict[str, str]:
    return {"type": "image"} if kind == "image" else {"type": "text", "text": " ".join(note(kind, facts))}  # type: ignore[arg-type]


def test_recipes_are_checked(tmp_path: Path) -> None:
    recipe = yaml.safe_load(read_recipe().model_dump_json())
    recipe["base"][0]["rate"] = -1
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    with pytest.raises(RecipeError, match=r"recipe.yaml: .*\nbase.0.rate"):
        read_recipe(path)


def test_intervals_over_seeds_and_facts() -> None:
    """Against the same bootstrap written as loops."""
    rng = np.random.default_rng(3)
    values = rng.random((4, 30))
    rows = [{str(fact): float(value) for fact, value in enumerate(seed)} for seed in values]
    found = over_seeds(rows, resamples=4000)
    means = [values[rng.integers(4, size=4)][:, rng.integers(30, size=30)].mean() for _ in range(4000)]
    assert found.mean == pytest.approx(values.mean())
    assert [found.low, found.high] == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=0.01)
    with pytest.raises(ValueError, match="same facts"):
        over_seeds([{"a": 1.0}, {"b": 1.0}])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a few steps and items through ``cmqa mini``."""
    out = tmp_path_factory.mktemp("mini")
    recipe = yaml.safe_load(read_recipe().model_dump_json())
    for stage in [*recipe["base"], recipe["branch"]]:
        stage["steps"] = 2
    (out / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    _mini(out, ["1"])
    return out


def _mini(out: Path, seeds: Sequence[str]) -> str:
    command = ["-m", "cmqa_tasks.cli", "mini", "--out", out, "--seeds", *seeds, "--recipe", out / "recipe.yaml", "--limit", "4"]
    done = run_command(*command, cwd=out)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.harness
def test_a_run_ends_in_a_page(finished: Path) -> None:
    page = (finished / "mini.md").read_text(encoding="utf-8")
    assert "0 of 1 bases converged" in page
    for branch in ("base", *STRATEGIES):
        assert len(re.findall(rf"^\| 1 +\| {branch} ", page, re.MULTILINE)) == 3  # figures, masses, |D|
    assert "nan" not in page
    assert {path.stem for path in finished.glob("*.png")} == {"recognition", "attention", "layers", "pieces"}


def test_without_matplotlib_nothing_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The pictures come last, half an hour later. (Were it not so, the recipe that is not there would be complained of.)"""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    command = ["mini", "--out", str(tmp_path / "out"), "--seeds", "1", "--recipe", str(tmp_path / "none.yaml")]
    assert main(command) == 2
    assert "drawing needs matplotlib: pip install 'cmqa-tasks[report]'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["demo", "mini"])
def test_a_directory_that_the_harness_would_misread_is_refused_first(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "lr=1e-4,r16"
    seeds = ["--seeds", "1", "--recipe", str(tmp_path / "none.yaml")] if command == "mini" else ["--limit", "1"]
    assert main([command, "--out", str(out), *seeds]) == 2
    assert f"--out {out}: lmms-eval misreads , in a path" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.harness
def test_more_data_is_drawn_as_a_curve(finished: Path, tmp_path: Path) -> None:
    """Branches of twice the data are made of those of once, to spare their training."""
    from cmqa_tasks.mini.evaluate import answered
    from cmqa_tasks.mini.grow import directory_of, read_training
    from cmqa_tasks.mini.plots import draw
    from cmqa_tasks.mini.report import Row, page

    rows = []
    for branch in ("base", *STRATEGIES):
        evaluated = finished / "evaluations_limit_4" / "seed_1" / branch
        training = read_training(directory_of(finished, 1, branch))
        rows.append(Row(training, answered(evaluated), evaluated))
    twice = [Row(row.training.model_copy(update={"branch": f"{row.training.branch}_x2"}), *_rest(row)) for row in rows[1:]]
    drawn = {path.name for path in draw([*rows, *twice], tmp_path)}
    assert {"scaling.png", "scaling.svg"} <= drawn
    assert "| 1    | instance_x2 |" in page([*rows, *twice])


def _rest(row: Any) -> tuple[Any, Path]:
    return row.answers, row.directory


@pytest.mark.harness
def test_a_run_goes_on_where_it_was(finished: Path) -> None:
    weights = {path: path.stat().st_mtime_ns for path in finished.rglob("model.safetensors")}
    assert len(weights) == 4
    assert _mini(finished, ["1"]).strip() == (finished / "mini.md").read_text(encoding="utf-8").strip()
    assert weights == {path: path.stat().st_mtime_ns for path in finished.rglob("model.safetensors")}


@pytest.mark.harness
def test_another_recipe_is_refused(finished: Path) -> None:
    from cmqa_tasks.mini.run import run

    with pytest.raises(RecipeError, match="holds checkpoints of another recipe"):
        run(finished, [1])


@pytest.mark.harness
def test_training_and_figures_are_reproducible(finished: Path, tmp_path: Path) -> None:
    """The same seed gives the same weights; the figures follow from the samples files."""
    import torch
    from transformers import LlavaForConditionalGeneration

    from cmqa_tasks.mini.evaluate import answered
    from cmqa_tasks.mini.grow import BASE, directory_of, grow

    torch.set_num_threads(1)
    again = grow(tmp_path, read_recipe(finished / "recipe.yaml"), 1, (), lambda _: None)
    both = [LlavaForConditionalGeneration.from_pretrained(path) for path in (again[0], directory_of(finished, 1, BASE))]
    for name, values in both[0].state_dict().items():
        torch.testing.assert_close(values, both[1].state_dict()[name], rtol=0.01, atol=0.01)
    rows = answered(finished / "evaluations_limit_4" / "seed_1" / BASE)
    assert {len(per_fact(rows, figure)) for figure in FIGURES} == {2}
    assert {row.task for row in rows} >= {"cmqa_mini_image_text", "clqa_mini_en_zh_asked_zh"}


@given(seed=st.integers(0, 10_000), size=st.sampled_from(reading.SIZES), asked=st.sampled_from(KINDS))
def test_reading_in_mixed_company(seed: int, size: int, asked: Kind) -> None:
    """Everybody stands in one piece; half of the pieces are pictures; the answer stands in a piece of the kind asked for."""
    instance = reading.draw(size, asked, random.Random(seed))
    kinds = [kind for kind, _ in instance.pieces]
    people = [person for _, facts in instance.pieces for person, _ in facts]
    assert len(people) == len(set(people)) == 2 * size
    assert kinds.count("image") == size // 2
    assert [kind for kind, facts in instance.pieces if instance.turns[0] in facts] == [asked]


def test_kinds_are_named_alike() -> None:
    assert set(KINDS) == {"image", *WORDS}
