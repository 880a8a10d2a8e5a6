"""The release `mini`: its items, its two languages, and that the code makes what ships; and what training sees of them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cmqa_tasks.asking.question import questions_of
from cmqa_tasks.facts.records import ARMS
from cmqa_tasks.facts.release import Release, load, read_metadata
from cmqa_tasks.facts.resources import releases_dir
from cmqa_tasks.harness.catalogue import MINI, MINI_GROUPS
from experiments.mini.facts import freeze
from experiments.mini.instances import build_instance
from experiments.mini.recipe import read_recipe
from experiments.mini.world import COLOURS, NAMES, PEOPLE, WORDS, Canvas, answer, note, question


@pytest.fixture(scope="module")
def release() -> Release:
    return load(MINI)


def test_the_release_has_every_item(release: Release) -> None:
    for members in MINI_GROUPS.values():
        for arm, language in members:
            questions = questions_of(ARMS[arm], release, "bare", language)
            assert len(questions) == 2 * len(release.facts)
            assert all(item.plain_text.endswith(f"\n\n{item.text}") for item in questions)


def test_two_pieces_differ_about_nobody_else(release: Release) -> None:
    """Texts are read word by word: pieces of one item share the person asked for and no other."""
    for item in questions_of(ARMS["text_text"], release, "bare"):
        first, second = (set(passage.split()) & set(NAMES["en"]) for passage in item.passages)
        assert first & second == {item.text.split()[1].rstrip("?")}


def test_renderings_say_the_same_in_both_languages(release: Release) -> None:
    people = {zh: en for en, zh in zip(NAMES["en"], NAMES["zh"], strict=True)}
    colours = {zh: en for en, zh in zip(COLOURS, WORDS["zh"].colours, strict=True)}
    english = questions_of(ARMS["en"], release, "bare")
    chinese = questions_of(ARMS["zh"], release, "bare", "zh")
    for in_english, in_chinese in zip(english, chinese, strict=True):
        words = in_chinese.passages[0].split()[1:]
        pairs = [(people[name], colours[colour]) for colour, name in zip(words[::2], words[1::2], strict=True)]
        assert in_english.passages[0] == " ".join(["Note", *(word for pair in pairs for word in pair)])


def test_the_shipped_release_is_what_the_code_makes(release: Release, tmp_path: Path) -> None:
    """Facts and texts; images depend on Pillow's version, facts on nothing."""
    seed = read_metadata(releases_dir() / MINI).seed
    freeze(tmp_path / MINI, len(release.facts), seed, Canvas(**read_recipe().picture.model_dump()))
    assert list(load(tmp_path / MINI).facts.values()) == list(release.facts.values())


def test_training_sees_what_the_processor_makes(release: Release) -> None:
    """Token by token and pixel by pixel, for every arm."""
    import torch

    from experiments.mini.batches import Encoder
    from experiments.mini.checkpoint import build_processor

    canvas = Canvas(**read_recipe().picture.model_dump())
    processor = build_processor(canvas)
    encoder = Encoder(processor.tokenizer, canvas, np.random.default_rng(0))
    for kinds in (["image"], ["en"], ["image", "zh"], ["zh", "image"], ["en", "zh"], ["image", "image"]):
        instance = build_instance(kinds, "zh", 2, True, range(PEOPLE), random.Random(1))  # type: ignore[arg-type]
        batch = encoder.encode([[instance]])
        pictures = (
            [] if batch.pixels is None else [(255 * pixels.permute(1, 2, 0)).round().byte().numpy() for pixels in batch.pixels]
        )
        content = [_part(kind, facts) for kind, facts in instance.pieces]
        for person, colour in instance.turns:
            content += [{"type": "text", "text": " ".join([*question("zh", person), answer("zh", colour)])}]
        text = processor.apply_chat_template([{"role": "user", "content": content}], tokenize=False)
        processed = processor(text=[text], images=pictures or None, add_special_tokens=False, return_tensors="pt")
        assert processed["input_ids"].tolist() == batch.tokens.tolist()
        learned = batch.targets[0, :-1] >= 0
        assert batch.targets[0, -1] < 0
        assert (
            batch.targets[0, :-1][learned].tolist() == batch.tokens[0, 1:][learned].tolist()
        )  # each predicts the token after it
        answers = [processor.tokenizer.decode(token) for token in batch.targets[batch.targets >= 0]]
        assert answers == [answer("zh", colour) for _, colour in instance.turns]
        if pictures:
            torch.testing.assert_close(processed["pixel_values"], batch.pixels)


def _part(kind: str, facts: Any) -> dict[str, str]:
    return {"type": "image"} if kind == "image" else {"type": "text", "text": " ".join(note(kind, facts))}  # type: ignore[arg-type]
