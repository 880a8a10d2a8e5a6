"""What the page of ``cmqa report`` holds, without a browser: which items, their images, texts and sentences."""

from __future__ import annotations

import base64
import gzip
import io
from pathlib import Path

import pytest
from made_runs import Run, always
from PIL import Image

from cmqa_tasks.facts.records import Piece
from cmqa_tasks.facts.release import load
from cmqa_tasks.reports.page import pack, reasons
from cmqa_tasks.reports.page.choice import choose
from cmqa_tasks.results import read_runs
from cmqa_tasks.writing.text import visible


def test_whole_facts_are_chosen_alike_for_any_models(tmp_path: Path) -> None:
    Run(always(True), model="org/a", facts=30).write(tmp_path / "a")
    Run(always(False), model="org/b", facts=30).write(tmp_path / "b")
    alone, both = (read_runs([tmp_path / name for name in names]) for names in (("a",), ("a", "b")))
    first, second = choose(alone, 100), choose(both, 100)
    ids = [[item.id for group in choice.groups for item in group] for choice in (first, second)]
    assert ids[0] == ids[1]
    assert (sum(map(len, first.groups)), first.items) == (96, 360), "eight facts of twelve items"
    assert sum(map(len, choose(alone, 10_000).groups)) == 360
    assert choose(alone, 0).groups == ()
    assert len(second.groups[0][0].answers) == 2


def _decoded(address: str) -> Image.Image:
    kind, _, data = address.partition(";base64,")
    assert kind.startswith("data:image/")
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_images_of_a_release_are_shown_as_they_are() -> None:
    release = load()
    data = release.image(next(iter(release.facts)), Piece(modality="image", language="en", side="a", variant=0))
    assert pack.address(data) == f"data:image/webp;base64,{base64.b64encode(data).decode()}"


@pytest.mark.parametrize(("form", "size"), [("TIFF", (300, 200)), ("PNG", (1920, 400))])
def test_large_and_foreign_images_are_encoded_anew(form: str, size: tuple[int, int]) -> None:
    buffer = io.BytesIO()
    Image.effect_noise(size, 90).save(buffer, form)
    shown = _decoded(pack.address(buffer.getvalue()))
    assert (shown.format, shown.size) == ("WEBP", (min(size[0], 960), 200))


def test_a_damaged_image_is_an_error() -> None:
    with pytest.raises(OSError, match="cannot identify image"):
        pack.address(b"no image")


def test_texts_are_made_visible() -> None:
    assert visible("a\x00b\u202ec\nd\te\x7f\ud800") == "a␀b⟨U+202E⟩c\nd\te⟨U+007F⟩⟨U+D800⟩"
    assert pack.name("a\n b" + "c" * 200) == f"a b{'c' * 157}… (203 characters)"
    assert pack.packed("x") == pack.packed("x")
    assert gzip.decompress(base64.b64decode(pack.packed("模型"))).decode() == "模型"
    with pytest.raises(ValueError, match="not JSON compliant"):
        pack.dumps({"value": float("nan")})


def test_every_outcome_has_its_sentence() -> None:
    sentences = reasons.table()
    for form in ("words", "yes_no"):
        assert set(sentences[form]["conflict"]) == {
            "conflict",
            "first",
            "second",
            "both",
            "abstain",
            "other",
            "unparsed",
            "failed",
        }
        assert (
            set(sentences[form]["agree"])
            == set(sentences[form]["single"])
            == {"conflict", "correct", "both", "abstain", "other", "unparsed", "failed"}
        )
