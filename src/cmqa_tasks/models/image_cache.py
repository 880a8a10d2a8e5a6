"""An image that several items show goes through the vision tower once.

For example::

    images = ImageCache(model, megabytes=256)
    with images.attached():
        model.generate(**inputs)  # as often as there are batches

While it is attached, the cache stands in for the model's ``get_image_features`` and keeps what that returns for each image, by a
digest of the image's pixels and of everything else the call was given. What it answers has the bits that the model would have
computed: a call with one image is the model's own call, and one with several images is taken apart only where images of these
sizes were seen to have the same bits alone and together.
"""

from __future__ import annotations

import hashlib
import inspect
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, wraps
from typing import Any

import torch

_LOGGER = logging.getLogger(__name__)
DEFAULT = 2000
"""Megabytes of features: some 700 pages of 640 × 480 for a model of 7 billion parameters; ``cmqa_crossmodal`` shows 640."""
MOST_COMPARED = 8
"""Combinations of image sizes that are computed both ways, to see whether a batch's images can be taken apart."""

Arguments = dict[str, Any]
Features = tuple[torch.Tensor, ...]
"""Of one image: its tokens, then, where the family has them, those of each deeper level of the tower."""


def _by_grid(call: Arguments) -> list[Arguments] | None:
    """The Qwen-VL families: all images' patches one after the other, and a grid that says whose they are."""
    grids = call.get("image_grid_thw")
    if not torch.is_tensor(grids):
        return None
    patches = call["pixel_values"].split(grids.prod(-1).tolist())
    return [call | {"pixel_values": own, "image_grid_thw": grid[None]} for own, grid in zip(patches, grids, strict=True)]


def _by_row(call: Arguments) -> list[Arguments] | None:
    """LLaVA: one row an image. Towers for images of many sizes get those sizes as well, and are left alone."""
    if call.get("image_sizes") is not None:
        return None
    return [call | {"pixel_values": own} for own in call["pixel_values"].split(1)]


_FAMILIES: Mapping[str, Callable[[Arguments], list[Arguments] | None]] = {
    "Qwen2VLModel": _by_grid,
    "Qwen2_5_VLModel": _by_grid,
    "Qwen3VLModel": _by_grid,
    "LlavaModel": _by_row,
}
_KNOWN = {
    "pixel_values",
    "image_grid_thw",
    "image_sizes",
    "vision_feature_layer",
    "vision_feature_select_strategy",
    "return_dict",
}


def megabytes_of(given: int | float | str) -> float:
    """What ``image_cache=…`` asks for.

    Raises:
        ValueError: it is neither ``off`` nor a number of at least 0.
    """
    try:
        megabytes = 0.0 if given == "off" else float(given)
    except ValueError:
        megabytes = -1.0
    if not 0 <= megabytes < float("inf"):
        raise ValueError(f"image_cache={given!r}: must be megabytes, or 0 or off for none")
    return megabytes


class ImageCache:
    """Features of the images seen last, up to a size.

    Args:
        model: of transformers. Families whose images cannot be told apart here are left as they are.
        megabytes: how much is kept, in the host's memory; 0 for no cache.
    """

    def __init__(self, model: Any, megabytes: float = DEFAULT) -> None:
        self._base = getattr(model, "base_model", None)
        name = type(self._base).__name__
        ours = type(self._base).__module__.startswith("transformers.models.")
        self._apart = _FAMILIES.get(name) if ours else None
        if megabytes and self._apart is None and hasattr(self._base, "get_image_features"):
            _say_once(f"image_cache: there is none for {name}; images that repeat are encoded each time")
        self._most = int(megabytes * 1e6)
        self._kept: OrderedDict[bytes, tuple[Features, torch.device]] = OrderedDict()
        self._alike: dict[Any, bool] = {}
        self._form: Any = None
        self.held_bytes = 0
        """Size of what is kept now."""
        self.hits = 0
        """Images whose features were known."""
        self.encoded = 0
        """Images that went through the tower alone."""

    @property
    def batches_come_apart(self) -> bool:
        """Whether each batch that was compared so far gave its images the bits that they have alone."""
        return all(self._alike.values())

    @contextmanager
    def attached(self) -> Iterator[ImageCache]:
        """Stand in for the model's ``get_image_features`` inside the block; afterwards nothing is kept.

        So weights may change between blocks, and memory is held no longer than it is of use.
        """
        if self._base is None or self._apart is None or not self._most:
            yield self
            return
        encode = self._base.get_image_features
        signature = inspect.signature(encode)

        @wraps(encode)  # generate looks at the signature
        def remembering(*args: Any, **kwargs: Any) -> Any:
            given = dict(signature.bind(*args, **kwargs).arguments)
            return self._features(encode, given | given.pop("kwargs", {}))

        self._base.__dict__["get_image_features"] = remembering
        try:
            yield self
        finally:
            del self._base.__dict__["get_image_features"]
            self._kept.clear()
            self.held_bytes = 0

    def _features(self, encode: Callable[..., Any], call: Arguments) -> Any:
        """What ``get_image_features`` returns for these arguments."""
        images, encoded = self._images(call), self.encoded
        if images is None or (len(images) > 1 and not self._come_apart(encode, call, images)):
            return encode(**call)
        features = [self._one(encode, image) for image in images]
        self.hits += len(images) - (self.encoded - encoded)
        known = [each for each in features if each is not None]
        return self._together(known) if len(known) == len(images) else encode(**call)

    def _images(self, call: Arguments) -> list[Arguments] | None:
        """The calls for each image alone; None where this call is not to be touched."""
        asked = {name for name, value in call.items() if value is not None}
        if self._apart is None or torch.is_grad_enabled() or self._base.training:  # type: ignore[union-attr]
            return None
        if not asked <= _KNOWN or not call.get("return_dict") or not torch.is_tensor(call.get("pixel_values")):
            return None
        return self._apart(call)

    def _come_apart(self, encode: Callable[..., Any], call: Arguments, images: list[Arguments]) -> bool:
        """Whether each of these images alone has the bits that it has among the others.

        Matrix products of other sizes may be summed in another order. Which order depends on sizes and machine, not on values, so
        each combination of sizes is computed both ways once. Beyond :data:`MOST_COMPARED` combinations the answer is no.
        """
        sizes = tuple(sorted(map(_sizes, images)))
        if sizes not in self._alike:
            if len(self._alike) >= MOST_COMPARED:
                return False
            together = _per_image(encode(**call), len(images))
            alone = [self._one(encode, image) for image in images]
            self._alike[sizes] = together is not None and all(map(_same_bits, alone, together))
            if not self._alike[sizes]:
                _say_once("image_cache: images round otherwise alone than in a batch here; only calls with one image are cached")
        return self._alike[sizes]

    def _one(self, encode: Callable[..., Any], image: Arguments) -> Features | None:
        """Features of one image, from the cache or from the tower. None where the model returns them in an unknown form."""
        key = _digest(image)
        if (known := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
            features, device = known
            return tuple(level.to(device) for level in features)
        output = encode(**_as_its_own(image))
        self.encoded += 1
        levels = _per_image(output, 1)
        if levels is None:
            self._apart = None
            _say_once(f"image_cache: {type(self._base).__name__} returns its features in an unknown form; images are not cached")
            return None
        self._form = type(output)
        self._keep(key, levels[0])
        return levels[0]

    def _keep(self, key: bytes, features: Features) -> None:
        if _size(features) > self._most:
            return
        self._kept[key] = tuple(level.cpu() for level in features), features[0].device
        self.held_bytes += _size(features)
        while self.held_bytes > self._most:
            _, (dropped, _) = self._kept.popitem(last=False)
            self.held_bytes -= _size(dropped)

    def _together(self, images: list[Features]) -> Any:
        """Features of several images in the form in which the model returns them."""
        tokens, *levels = (list(level) for level in zip(*images, strict=True))
        deeper = {"deepstack_features": levels} if levels else {}
        return self._form(pooler_output=tokens, **deeper)


def _as_its_own(image: Arguments) -> Arguments:
    """The call with pixels that do not lie inside a batch's: some libraries round by where in memory numbers begin."""
    pixels = image["pixel_values"]
    return image if pixels.storage_offset() == 0 else image | {"pixel_values": pixels.clone()}


def _per_image(output: Any, number: int) -> list[Features] | None:
    """The features of each image in what the model returned; None where it is not laid out as expected."""
    levels = [getattr(output, "pooler_output", None), *(getattr(output, "deepstack_features", None) or [])]
    if any(not isinstance(level, list | tuple) or len(level) != number for level in levels):
        return None
    return list(zip(*levels, strict=True))


def _sizes(image: Arguments) -> tuple[int, ...]:
    grid = image.get("image_grid_thw")
    return *image["pixel_values"].shape, *([] if grid is None else grid.flatten().tolist())


def _same_bits(one: Features | None, other: Features) -> bool:
    return one is not None and all(map(torch.equal, one, other))


def _size(features: Features) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in features)


def _digest(image: Arguments) -> bytes:
    """What tells an image, as the tower gets it, from every other: pixels, type, shape, grid and settings."""
    pixels: torch.Tensor = image["pixel_values"].detach().contiguous()
    rest = {name: value.tolist() if torch.is_tensor(value) else value for name, value in image.items() if name != "pixel_values"}
    about = repr((pixels.dtype, tuple(pixels.shape), sorted(rest.items())))
    digest = hashlib.sha256(pixels.cpu().view(torch.uint8).numpy().data)
    digest.update(about.encode())
    return digest.digest()


@cache
def _say_once(what: str) -> None:
    _LOGGER.info(what)
