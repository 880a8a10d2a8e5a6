from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from cmqa_tasks.asking.items import items_of
from cmqa_tasks.asking.question import ask, questions_of
from cmqa_tasks.facts.records import ARMS, SIDES, Piece
from cmqa_tasks.facts.release import CARD, FACTS, IMAGES, TEXTS, load
from cmqa_tasks.worlds import WORLDS
from cmqa_tasks.worlds.build.draw import draw, texts
from cmqa_tasks.worlds.build.freeze import BuildError, build
from cmqa_tasks.worlds.build.render import PAGE_SIZE, Renderer, RenderError

FACTS_BUILT, FEWSHOT = 20, 5


@pytest.fixture(scope="module")
def built(browser: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("build") / "fresh"
    build(3, FACTS_BUILT, out, fewshot=FEWSHOT, workers=2, browser=browser)
    return out


def test_drawing_depends_on_seed_and_number_alone() -> None:
    assert draw(5, 17).fact == draw(5, 17).fact
    assert texts(draw(5, 17)) == texts(draw(5, 17))
    assert draw(5, 17).fact != draw(6, 17).fact


def test_facts_are_dealt_evenly_and_differ() -> None:
    facts = [draw(1, number).fact for number in range(160)]
    assert Counter(fact.world for fact in facts) == dict.fromkeys(WORLDS, 40)
    assert set(Counter((fact.world, fact.type) for fact in facts).values()) == {8}
    assert len({fact.id for fact in facts}) == 160
    assert len({(fact.question["en"]) for fact in facts}) == 160


def test_the_two_passages_of_a_value_never_share_a_phrasing() -> None:
    for number in range(80):
        made = texts(draw(2, number))
        for side in SIDES:
            assert len({text.template for text in made if text.side == side}) == 2


@pytest.mark.browser
def test_a_fresh_release_is_complete_and_can_be_evaluated(built: Path) -> None:
    release = load(built)
    assert release.name == "fresh"
    assert len(release.facts) == FACTS_BUILT
    for arm in ARMS.values():
        question = questions_of(arm, release, "aware")[-1]
        assert all(image.size == PAGE_SIZE for image in question.images(release))
    assert "fresh" in (built / CARD).read_text(encoding="utf-8")
    assert not built.with_name("fresh.partial").exists()


@pytest.mark.browser
def test_facts_for_few_shot_examples_are_whole_and_in_no_item(built: Path) -> None:
    release = load(built)
    assert list(release.fewshot_facts.values()) == [draw(3, FACTS_BUILT + number).fact for number in range(FEWSHOT)]
    for arm in ARMS.values():
        assert not {item.fact_id for item in items_of(arm, release)} & release.fewshot_facts.keys()
        for item in items_of(arm, release, release.fewshot_facts.values()):
            question = ask(item, release, "aware", "en")
            assert question.fact.id in release.fewshot_facts
            assert len(question.images(release)) == sum(piece.modality == "image" for piece in item.pieces)


@pytest.mark.browser
def test_items_of_a_fresh_release_are_crossed(built: Path) -> None:
    """Every rendering stands in conflict and in agreement equally often, and is asked about alone."""
    release = load(built)
    alone = {
        (item.fact_id, piece)
        for arm in ARMS.values()
        if arm.single
        for item in items_of(arm, release)
        for piece in item.pieces
        if release.has(item.fact_id, piece)
    }
    for arm in ARMS.values():
        if arm.single:
            continue
        shown: dict[str, Counter[tuple[str, int, Piece]]] = {"conflict": Counter(), "agree": Counter()}
        for item in items_of(arm, release):
            shown[item.relation].update((item.fact_id, place, piece) for place, piece in enumerate(item.pieces))
        assert shown["conflict"] == shown["agree"], arm.name
        assert shown["agree"].total() == 4 * FACTS_BUILT
        assert {(fact, piece) for fact, _, piece in shown["agree"]} <= alone


@pytest.mark.browser
def test_the_same_seed_gives_the_same_bytes_whatever_the_workers(built: Path, browser: str, tmp_path: Path) -> None:
    again = tmp_path / "fresh"
    build(3, FACTS_BUILT, again, fewshot=FEWSHOT, workers=1, browser=browser)
    for name in (FACTS, TEXTS):
        assert (again / name).read_bytes() == (built / name).read_bytes()
    one, other = load(again), load(built)
    for question in questions_of(ARMS["image_image"], one, "aware"):
        for left, right in zip(question.images(one), question.images(other), strict=True):
            assert np.array_equal(np.asarray(left), np.asarray(right))


@pytest.mark.browser
def test_the_two_values_look_different_and_only_where_they_should(built: Path) -> None:
    """Pages of one fact and layout differ somewhere, and on a small part of the page (a whole other page would be a leak)."""
    release = load(built)
    for fact in release.facts.values():
        for variant in (0, 1):
            left, right = (np.asarray(_image(release, fact.id, side, variant), dtype=np.int16) for side in SIDES)
            changed = (np.abs(left - right).max(axis=2) > 32).mean()
            assert 0 < changed < 0.25, (fact.world, fact.type, variant, changed)


def _image(release, fact_id: str, side: str, variant: int):  # type: ignore[no-untyped-def]
    import io

    from PIL import Image

    piece = Piece(modality="image", language="en", side=side, variant=variant)  # type: ignore[arg-type]
    return Image.open(io.BytesIO(release.image(fact_id, piece))).convert("RGB")


@pytest.mark.slow
@pytest.mark.browser
def test_a_killed_build_goes_on_where_it_was(browser: str, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    command = [sys.executable, "-m", "cmqa_tasks.cli", "build", "--seed", "4", "--facts", "40", "--out", str(out)]
    process = subprocess.Popen(
        [*command, "--workers", "1", "--browser", browser], stderr=subprocess.DEVNULL, start_new_session=True
    )
    shards = out.with_name("killed.partial") / "shards"
    deadline = time.monotonic() + 120
    while not list(shards.glob(f"*.{IMAGES}")):
        assert process.poll() is None, "the build ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not out.exists()
    kept = {path.name: path.stat().st_mtime_ns for path in shards.glob(f"*.{IMAGES}")}
    subprocess.run([*command, "--browser", browser], check=True, stderr=subprocess.DEVNULL)
    assert len(load(out).facts) == 40
    whole = tmp_path / "whole" / "killed"
    whole.parent.mkdir()
    build(4, 40, whole, browser=browser)
    assert kept
    assert (whole / TEXTS).read_bytes() == (out / TEXTS).read_bytes()
    assert pq.read_table(whole / IMAGES)["id"] == pq.read_table(out / IMAGES)["id"]


@pytest.mark.browser
def test_another_plan_does_not_continue_a_partial_build(browser: str, tmp_path: Path) -> None:
    partial = tmp_path / "x.partial"
    (partial / "shards").mkdir(parents=True)
    (partial / "plan.json").write_text(json.dumps({"name": "x", "seed": 1, "facts": 8, "versions": {}}))
    with pytest.raises(BuildError, match=r"x\.partial is of another build \(seed, versions, format, held_out, fewshot differ\)"):
        build(2, 8, tmp_path / "x", browser=browser)


def test_an_existing_directory_is_never_overwritten(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="exists; choose another directory"):
        build(1, 8, tmp_path)


def test_no_facts_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="--facts must be at least 1, not 0"):
        build(1, 0, tmp_path / "x")


@pytest.mark.browser
def test_a_page_that_does_not_fit_is_refused(browser: str) -> None:
    with Renderer(browser) as renderer, pytest.raises(RenderError, match="page tall is 640×600, larger than 640×480"):
        renderer.render("<body style='margin:0'><div style='height:600px'></div></body>", "tall")


def test_a_browser_that_does_not_exist_is_named() -> None:
    with pytest.raises(RenderError, match="could not start the browser /no/such/browser"):
        Renderer("/no/such/browser")
