"""Images that repeat go through the vision tower once, and nothing that a model says or logs depends on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attention_families
import numpy as np
import pytest
import torch
from tiny_runs import model, requests

from cmqa_tasks.attention.store import AttentionRow, merge, read
from cmqa_tasks.facts.release import Release
from cmqa_tasks.harness.session import SESSION
from cmqa_tasks.models.image_cache import MOST_COMPARED, ImageCache, megabytes_of

Checkpoints = Callable[[str], Path]
ARMS = ("image_text", "image_image")
CACHED = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "llava")


def tower_calls(network: Any) -> list[list[bytes]]:
    """A list that grows by one entry per call of the vision tower: the pixels of its images."""
    calls: list[list[bytes]] = []
    base = network.base_model

    def see(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        grids = kwargs.get("grid_thw")
        images = args[0].split(1 if grids is None else grids.prod(-1).tolist())
        calls.append([image.numpy().tobytes() for image in images])

    tower = base.visual if hasattr(base, "visual") else base.vision_tower
    tower.register_forward_pre_hook(see, with_kwargs=True)
    return calls


def skip_unless_apart(cache: ImageCache) -> None:
    """Whether images round alike alone and together is the machine's business; the cache then holds its hands still."""
    if not cache.batches_come_apart:
        pytest.skip("images round otherwise alone than together on this machine")


def run(
    checkpoint: Path, release: Release, log: Path, batch: int, cache: float
) -> tuple[list[str], dict[Any, AttentionRow], Any, Any]:
    """Answers, logged rows, the wrapper's cache and the calls of the tower."""
    lm = model(checkpoint, attention="on", attention_path=str(log), image_cache=cache, batch_size=batch)
    calls = tower_calls(lm.model)
    said = [result.text for result in lm.generate_until(requests(lm, release, *ARMS))]
    SESSION.forget()
    (folder,) = log.iterdir()
    return said, {(row.item_id, row.aggregate): row for row in read(merge(folder))}, lm.images, calls


@pytest.mark.parametrize(("family", "batch"), [("llava", 1), ("qwen2_5_vl", 3)])
def test_answers_and_logged_attention_are_the_same_bits(
    tiny_checkpoint: Checkpoints, own_release: Release, tmp_path: Path, family: str, batch: int
) -> None:
    checkpoint = tiny_checkpoint(family)
    said, rows, off, calls = run(checkpoint, own_release, tmp_path / "without", batch, 0)
    shown = [image for call in calls for image in call]
    assert (off.hits, off.encoded) == (0, 0)
    assert len(set(said)) > len(said) // 4, "the answers hardly differ, so this test could not fail"
    again, others, cache, calls = run(checkpoint, own_release, tmp_path / "with", batch, 64)
    assert again == said
    assert others.keys() == rows.keys()
    for key, row in rows.items():
        for name in ("log_density_ratio", "log_mass_a", "log_mass_b", "log_norm_ratio", "log_mass_by_segment"):
            np.testing.assert_array_equal(getattr(row, name), getattr(others[key], name), err_msg=f"{key} {name}")
    skip_unless_apart(cache)
    assert (cache.encoded, cache.hits) == (len(set(shown)), len(shown) - len(set(shown)))
    alone = [call[0] for call in calls if len(call) == 1]
    assert sorted(alone) == sorted(set(shown)), "each image goes through the tower once"
    assert len(calls) - len(alone) < MOST_COMPARED, "and a few batches once more, to see whether they come apart"


@pytest.mark.parametrize("family", CACHED)
def test_a_family_gets_its_own_features_back(family: str) -> None:
    """Batches with images that repeat and that do not, in the model's own order, deeper levels included."""
    built = attention_families.build(family)
    plain = built.model.generate(**built.inputs, max_new_tokens=4, output_logits=True, return_dict_in_generate=True)
    cache, calls = ImageCache(built.model), tower_calls(built.model)
    with cache.attached():
        turned = {name: value.clone() for name, value in built.inputs.items()}
        turned["pixel_values"] = turned["pixel_values"].view(2, -1).flip(0).view_as(turned["pixel_values"])
        for inputs, hits in ((built.inputs, 0), (built.inputs, 2), (turned, 4), (built.inputs, 6)):
            kept = built.model.generate(**inputs, max_new_tokens=4, output_logits=True, return_dict_in_generate=True)
            same = [torch.equal(one, other) for one, other in zip(kept.logits, plain.logits, strict=True)]
            assert all(same) == (inputs is built.inputs)
            skip_unless_apart(cache)
            assert cache.hits == hits
    assert [len(call) for call in calls] == [2, 1, 1], "together, then each alone to compare, then never again"


def calls_of(family: str) -> tuple[Any, Any]:
    """A model's own ``get_image_features`` for pages of 4 × 4 patches of one value each."""
    base = attention_families.build(family).model.base_model
    return (
        base,
        lambda *values, grid=(1, 4, 4): (
            base.get_image_features(
                torch.cat([torch.full((16, 3 * 2 * 14 * 14), float(value)) for value in values]),
                torch.tensor([grid] * len(values)),
                return_dict=True,
            ).pooler_output
        ),
    )


@torch.inference_mode()
def test_the_grid_belongs_to_the_image() -> None:
    """A blank page's patches are the same bytes in landscape and in portrait, its features are not."""
    base, features = calls_of("qwen2_5_vl")
    wide, tall = features(1, grid=(1, 2, 8))[0], features(1, grid=(1, 8, 2))[0]
    varied = torch.randn(16, 3 * 2 * 14 * 14, generator=torch.Generator().manual_seed(0))

    def both() -> list[torch.Tensor]:
        grids = torch.tensor([[1, 2, 8]]), torch.tensor([[1, 8, 2]])
        return [base.get_image_features(varied, grid, return_dict=True).pooler_output[0] for grid in grids]

    apart = both()
    assert not torch.equal(*apart), "the grid makes no difference, so this test could not fail"
    with ImageCache(base).attached() as cache:
        assert all(map(torch.equal, both(), apart))
        assert torch.equal(features(1, grid=(1, 2, 8))[0], wide)
        assert torch.equal(features(1, grid=(1, 8, 2))[0], tall)
        assert (cache.hits, cache.encoded) == (0, 4)


@torch.inference_mode()
def test_the_images_seen_last_are_kept_up_to_so_many_bytes() -> None:
    base, features = calls_of("qwen2_5_vl")
    size = features(0)[0].numel() * 4
    with ImageCache(base, 2.5 * size / 1e6).attached() as cache:
        for value, hits in ((1, 0), (2, 0), (1, 1), (3, 1), (2, 1), (3, 2), (1, 2)):  # 3 drops 2, then 2 drops 1
            features(value)
            assert cache.hits == hits
        assert cache.held_bytes == 2 * size
    with ImageCache(base, 0.5 * size / 1e6).attached() as cache:
        features(1)
        features(1)
        assert (cache.hits, cache.held_bytes) == (0, 0), "an image larger than the cache is not kept"


@torch.inference_mode()
def test_a_batch_that_rounds_otherwise_alone_is_left_together(monkeypatch: pytest.MonkeyPatch) -> None:
    base, features = calls_of("qwen2_5_vl")
    own = type(base).get_image_features

    def rounding(self: Any, pixel_values: Any, image_grid_thw: Any = None, **kwargs: Any) -> Any:
        output = own(self, pixel_values, image_grid_thw, **kwargs)
        output.pooler_output = tuple(part + 1e-6 * len(image_grid_thw) for part in output.pooler_output)
        return output

    monkeypatch.setattr(type(base), "get_image_features", rounding)
    together, alone = features(1, 2), features(1)
    with ImageCache(base).attached() as cache:
        for _ in range(2):
            assert all(map(torch.equal, features(1, 2), together))
        assert torch.equal(features(1)[0], alone[0])
        assert torch.equal(features(1)[0], alone[0])
        assert cache.hits, "one at a time is cached all the same"


@torch.inference_mode()
def test_few_combinations_of_sizes_are_compared() -> None:
    base, features = calls_of("qwen2_5_vl")
    with ImageCache(base).attached() as cache:
        for number in range(2, MOST_COMPARED + 4):
            features(*range(number))
        assert cache.encoded == MOST_COMPARED + 1


def test_it_leaves_the_model_as_it_was_and_keeps_nothing() -> None:
    base, features = calls_of("qwen2_5_vl")
    cache = ImageCache(base)

    @torch.inference_mode()
    def stopped() -> None:
        with cache.attached():
            features(1)
            assert cache.held_bytes
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        stopped()
    assert "get_image_features" not in vars(base)
    assert cache.held_bytes == 0
    with cache.attached():
        assert features(1)[0].requires_grad, "with gradients, features are computed anew"
        base.train()
        with torch.no_grad():
            features(1)
        assert cache.held_bytes == 0


def test_other_families_and_no_cache_are_left_alone(tiny_checkpoint: Checkpoints, own_release: Release, tmp_path: Path) -> None:
    lm = model(tiny_checkpoint("idefics3"), batch_size=2)
    with lm.images.attached():
        assert "get_image_features" not in vars(lm.model.base_model)
    assert lm.generate_until(requests(lm, own_release, "image_text")[:2])[0].text
    lm = model(tiny_checkpoint("llava"), image_cache="off")
    with lm.images.attached():
        assert "get_image_features" not in vars(lm.model.base_model)


def test_sizes_are_megabytes() -> None:
    assert [megabytes_of(given) for given in ("off", 0, "0", 64, "1.5")] == [0, 0, 0, 64, 1.5]
    for wrong in ("lots", -1, "nan", "inf"):
        with pytest.raises(ValueError, match=f"image_cache='?{wrong}'?: must be megabytes, or 0 or off for none"):
            megabytes_of(wrong)
