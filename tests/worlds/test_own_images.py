"""Images of a user's own: what they show is what models get, and what cannot be shown is refused before a model is loaded."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from cmqa_tasks.worlds import own_images
from cmqa_tasks.worlds.own_images import OwnImageError, read_image


def shown(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


@pytest.mark.parametrize("form", ["png", "jpg", "webp", "bmp", "gif", "tif", "ppm"])
def test_a_plain_picture_is_kept_byte_for_byte(tmp_path: Path, form: str) -> None:
    file = tmp_path / f"x.{form}"
    Image.new("RGB", (40, 30), "navy").save(file)
    image = read_image(tmp_path, file.name)
    assert image.data == file.read_bytes()
    assert (image.width, image.height) == (40, 30)


def test_a_photograph_is_turned_as_its_exif_says(tmp_path: Path) -> None:
    picture = Image.new("RGB", (40, 20), "white")
    picture.paste("black", (0, 0, 8, 20))  # the left edge, which is the top when it is turned by a quarter to the right
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(tmp_path / "x.jpg", exif=exif, quality=95)
    image = read_image(tmp_path, "x.jpg")
    assert (image.width, image.height) == (20, 40)
    pixels = np.asarray(shown(image.data))
    assert pixels[:6].mean() < 20
    assert pixels[12:].mean() > 235


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(tmp_path: Path, mode: str) -> None:
    """Not the colour that an editor left behind under it."""
    hidden = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    if mode == "P":
        picture = Image.new("P", (10, 10), 0)
        picture.putpalette([255, 0, 0, 0, 0, 255])
        picture.save(tmp_path / "x.png", transparency=0)
    else:
        hidden.convert(mode).save(tmp_path / "x.png")
    assert np.asarray(shown(read_image(tmp_path, "x.png").data)).min() == 255


def test_sixteen_bits_are_scaled(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65_535, 256).astype(np.uint16).reshape(16, 16)
    Image.fromarray(ramp).save(tmp_path / "x.png")
    values = np.asarray(shown(read_image(tmp_path, "x.png").data))[..., 0].ravel()
    assert np.abs(values.astype(int) - np.arange(256)).max() <= 1


def moving(path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(path, save_all=True, append_images=frames[1:])


def floating(path: Path) -> None:
    Image.fromarray(np.ones((4, 4), np.float32)).save(path)


def broken(path: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:900])


def postscript(path: Path) -> None:
    Image.new("RGB", (8, 8)).save(path, format="EPS")


@pytest.mark.parametrize(
    ("name", "make", "complaint"),
    [
        ("x.gif", moving, "holds 2 pictures"),
        ("x.webp", moving, "holds 2 pictures"),
        ("x.png", moving, "holds 2 pictures"),
        ("x.tif", moving, "holds 2 pictures"),
        ("y.tif", floating, "floating-point numbers"),
        ("x.jpg", broken, "truncated"),
        ("y.png", broken, "truncated|broken"),
        ("x.eps", postscript, "no image of PNG, JPEG"),
        ("y.jpg", postscript, "no image of PNG, JPEG"),
        ("x.svg", lambda path: path.write_text("<svg/>"), "no image of PNG, JPEG"),
        ("z.png", lambda path: path.write_bytes(b""), "no image of PNG, JPEG"),
        ("none.png", lambda path: None, "No such file"),
        ("d.png", lambda path: path.mkdir(), "is no regular file"),
        ("f.png", lambda path: os.mkfifo(path), "is no regular file"),
        ("n\0.png", lambda path: None, "null"),
    ],
)
def test_what_is_not_one_whole_picture_is_refused(tmp_path: Path, name: str, make, complaint: str) -> None:  # type: ignore[no-untyped-def]
    make(tmp_path / name)
    with pytest.raises(OwnImageError, match=rf"(?s){complaint}"):
        read_image(tmp_path, name)


def test_a_cut_image_is_refused_where_a_harness_lets_pillow_fill_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As importing lmms-eval does, for the whole process; it must find the setting as it left it."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    broken(tmp_path / "cut.jpg")
    with pytest.raises(OwnImageError, match="truncated"):
        read_image(tmp_path, "cut.jpg")
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True


def test_only_files_below_the_directory_are_read_unless_allowed(tmp_path: Path) -> None:
    inside = tmp_path / "facts"
    inside.mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "secret.png")
    (inside / "link.png").symlink_to(tmp_path / "secret.png")
    for name in ("../secret.png", "link.png", str(tmp_path / "secret.png")):
        with pytest.raises(OwnImageError, match="stands outside"):
            read_image(inside, name)
        assert read_image(inside, name, outside=True).width == 8


def test_too_many_pixels_are_refused_before_they_are_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("1", (8_000, 8_000)).save(tmp_path / "x.png")
    with pytest.raises(OwnImageError, match=r"is 8000×8000; at most 50,000,000 pixels are read"):
        read_image(tmp_path, "x.png")
    Image.new("1", (30_000, 30_000)).save(tmp_path / "y.png")
    with pytest.raises(OwnImageError, match="decompression bomb"):
        read_image(tmp_path, "y.png")
    monkeypatch.setattr(own_images, "MAX_BYTES", 10)
    with pytest.raises(OwnImageError, match="bytes; at most 10 are read"):
        read_image(tmp_path, "x.png")
