"""How one image is encoded: as it is, smaller, or as what differs from its sibling.

The two values of a fact are shown on pages that are alike but for the value, some 3 % of the area. Where both pages are in the
album, the second is kept as that rectangle, to be laid over the first: a twentieth of the size.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, ImageChops, UnidentifiedImageError

from cmqa_tasks.facts.records import Piece
from cmqa_tasks.facts.release import Release, ReleaseError
from cmqa_tasks.reports.page import pack

_FORMATS = {"WEBP": "image/webp", "PNG": "image/png", "JPEG": "image/jpeg"}
"""What browsers show, by Pillow's names; anything else is encoded anew."""
_METHOD = 4
_MARGIN = 2
"""Pixels around what differs."""
_LARGEST = 0.3
"""Share of an image that a patch may cover."""
_PATCH_QUALITY = 40


@dataclass(frozen=True, slots=True)
class Picture:
    """Where an image is, and the one of the album that it may be a patch on."""

    release: Release
    fact: str
    piece: Piece
    sibling: Picture | None = None
    sibling_place: int = -1


@dataclass(frozen=True, slots=True)
class Size:
    """One way to encode all images."""

    width: int | None
    """Pixels; None leaves an image as it is."""
    quality: int

    @property
    def words(self) -> str:
        """For people."""
        return "as in the release" if self.width is None else f"at most {self.width} pixels wide, WebP of quality {self.quality}"


def text(size: Size, picture: Picture) -> str:
    """An image for the page: the part of a ``data:`` address behind ``data:``. Of a patch, before it and a bar, the number of the
    image below it and, in percent of that, left, top, width and height.

    Raises:
        ReleaseError: the image cannot be decoded.
    """
    patch = None if picture.sibling is None else _patch(size, picture, picture.sibling)
    return patch or _whole(size, picture)


def _whole(size: Size, picture: Picture) -> str:
    data = picture.release.image(picture.fact, picture.piece)
    if size.width is None and (kind := _format(data, picture)) in _FORMATS:
        return pack.image(data, _FORMATS[kind])
    return pack.image(_webp(_pixels(size, picture), size.quality), _FORMATS["WEBP"])


def _patch(size: Size, picture: Picture, sibling: Picture) -> str | None:
    """What differs from the sibling; None where it is much, nothing, or the two are of different sizes."""
    below, image = _pixels(size, sibling), _pixels(size, picture)
    box = ImageChops.difference(below, image).getbbox() if below.size == image.size else None
    if box is None:
        return None
    width, height = image.size
    left, top = max(0, box[0] - _MARGIN), max(0, box[1] - _MARGIN)
    right, bottom = min(width, box[2] + _MARGIN), min(height, box[3] + _MARGIN)
    if (right - left) * (bottom - top) > _LARGEST * width * height:
        return None
    ends = (left / width, top / height, (right - left) / width, (bottom - top) / height)
    place = " ".join([str(picture.sibling_place), *(f"{100 * end:.4f}" for end in ends)])
    patch = _webp(image.crop((left, top, right, bottom)), None if size.width is None else _PATCH_QUALITY)
    return f"{place}|{pack.image(patch, _FORMATS['WEBP'])}"


def _format(data: bytes, picture: Picture) -> str:
    with _opened(data, picture) as image:
        return str(image.format)


def _pixels(size: Size, picture: Picture) -> Image.Image:
    with _opened(picture.release.image(picture.fact, picture.piece), picture) as opened:
        try:
            image = opened.convert("RGB")
        except OSError as error:
            raise _unreadable(picture, error) from error
    if size.width is None or image.width <= size.width:
        return image
    height = max(1, round(image.height * size.width / image.width))
    return image.resize((size.width, height), Image.Resampling.LANCZOS)


def _opened(data: bytes, picture: Picture) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data))
    except (UnidentifiedImageError, OSError) as error:
        raise _unreadable(picture, error) from error


def _unreadable(picture: Picture, error: OSError) -> ReleaseError:
    return ReleaseError(f"an image of fact {picture.fact} in release {picture.release.name!r} cannot be decoded: {error}")


def _webp(image: Image.Image, quality: int | None) -> bytes:
    """WebP; without loss where there is no quality."""
    buffer = io.BytesIO()
    settings = {"lossless": True} if quality is None else {"quality": quality}
    image.save(buffer, "WEBP", method=_METHOD, **settings)
    return buffer.getvalue()
