"""Rows of every form become the same instances, and whatever is wrong with one is named by field."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cmqa_tasks.training.formats import instance_of
from cmqa_tasks.training.formats.fields import FieldError

USER = {"role": "user", "content": "What is it?"}
ANSWER = {"role": "assistant", "content": "A tram."}
TEXT = {"messages": [USER, ANSWER]}
LLAVA = {
    "id": 7,
    "image": "tram.png",
    "conversations": [{"from": "human", "value": "<image>\nWhat is it?"}, {"from": "gpt", "value": "A tram."}],
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp("images")
    Image.new("RGB", (8, 8)).save(directory / "tram.png")
    (directory / "folder.png").mkdir()
    return str(directory)


def parts(*texts: str | None) -> list[dict[str, str]]:
    """Content parts: a text, or None for an image."""
    return [{"type": "image"} if text is None else {"type": "text", "text": text} for text in texts]


SHOWN = parts(None, "What is it?")


@pytest.mark.parametrize(
    "row",
    [
        LLAVA,
        {"messages": [{"role": "user", "content": SHOWN}, ANSWER], "images": ["tram.png"]},
        {"messages": [{"role": "user", "content": "<image> What is it?"}, ANSWER], "images": ["tram.png"], "id": None},
        {"messages": [USER, ANSWER], "images": ["tram.png"]},  # TRL's rule: images before the first user text
        {
            "messages": [{"role": "user", "content": parts("<image>\nWhat is it?")}, ANSWER],
            "image": {"bytes": None, "path": "tram.png"},
        },
        {  # as a columnar format has it: a null for every field that some other row has
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "image", "text": None, "index": 0}, {"type": "text", "text": "What is it?"}],
                },
                ANSWER,
            ],
            "images": [{"bytes": None, "path": "tram.png"}],
            "conversations": None,
        },
    ],
)
def test_all_forms_become_one(row: dict[str, Any], root: str) -> None:
    instance = instance_of(row, root)
    assert instance.messages == [{"role": "user", "content": SHOWN}, {"role": "assistant", "content": parts("A tram.")}]
    assert [picture.path for picture in instance.pictures] == [str(Path(root) / "tram.png")]


def test_placeholders_stay_where_they_were(root: str) -> None:
    turns = [{"from": "system", "value": "Be brief."}, {"from": "human", "value": "Left <image> or right\n<image>?"}]
    turns += [{"from": "gpt", "value": "Left."}, {"from": "human", "value": "<image>"}, {"from": "gpt", "value": "Right."}]
    instance = instance_of({"conversations": turns, "image": ["tram.png"] * 3}, root)
    assert instance.system == "Be brief."
    contents = [message["content"] for message in instance.messages]
    assert contents == [parts("Left", None, "or right", None, "?"), parts("Left."), parts(None), parts("Right.")]


def indexed(*places: object) -> list[dict[str, Any]]:
    """Content of images so numbered, and a text."""
    return [{"type": "image", "index": place, "text": None} for place in places] + parts("Which?")


def test_images_that_are_numbered_come_in_the_order_of_their_numbers(root: str) -> None:
    given = [{"bytes": name.encode()} for name in "abc"]
    content = [indexed(2, 0), "First.", indexed(1), "Last."]
    instance = instance_of(chat(*content, images=given), root)
    assert [picture.data for picture in instance.pictures] == [b"c", b"a", b"b"]
    assert instance.messages[0]["content"] == parts(None, None, "Which?")


def test_bytes_come_along(root: str) -> None:
    data = (Path(root) / "tram.png").read_bytes()
    (picture,) = instance_of(TEXT | {"images": [{"bytes": data, "path": "elsewhere.png"}]}, root).pictures
    assert (picture.data, picture.size, picture.path) == (data, len(data), "elsewhere.png")


def chat(*contents: Any, **more: Any) -> dict[str, Any]:
    roles = ("user", "assistant") * len(contents)
    return {"messages": [{"role": role, "content": content} for role, content in zip(roles, contents, strict=False)]} | more


@pytest.mark.parametrize(
    ("row", "field", "problem"),
    [
        ([1], "(row)", "must be an object"),
        (TEXT | {"source": "web", "score": 3}, "score", r"unknown field; allowed: .* \(ignore=score\+source passes over"),
        (TEXT | {"tools": "[{}]", "score": 3}, "tools", "the conversation is incomplete without"),
        (LLAVA | {"videos": ["a.mp4"]}, "videos", "the conversation is incomplete without"),
        (TEXT | {"system": 3}, "system", "must be a string, not 3"),
        ({"id": "x"}, "(row)", "one of conversations, messages, prompt, texts, and this one has none, but id"),
        (TEXT | LLAVA, "conversations", "this one has conversations and messages"),
        ({"messages": []}, "messages", "a list with something in it"),
        ({"messages": ["hello"]}, "messages.0", "must be an object, not 'hello'"),
        ({"messages": [{"role": "user"}]}, "messages.0.content", "missing"),
        ({"messages": [USER | {"name": "Ann"}, ANSWER]}, "messages.0.name", "unknown field; allowed: role, content"),
        ({"messages": [USER | {"role": "tool"}, ANSWER]}, "messages.0.role", "one of user, assistant, system, not 'tool'"),
        ({"messages": [ANSWER, USER]}, "messages.0", "wrong order of roles: assistant where user was due"),
        ({"messages": [USER, ANSWER, ANSWER]}, "messages.2", "assistant where user was due"),
        ({"messages": [USER, {"role": "system", "content": "Hm."}]}, "messages.1", "system where assistant was due"),
        ({"messages": [USER, ANSWER, USER]}, "messages.2", "the last turn must be the assistant's, not the user's"),
        ({"messages": [{"role": "system", "content": "Hm."}]}, "messages.0", "the last turn must be the assistant's"),
        (chat("What?", "  \n"), "messages.1", "empty turn"),
        (chat([{"type": "text", "text": " "}], "Yes."), "messages.0", "empty turn"),
        (
            chat([{"type": "video"}], "Yes."),
            "messages.0.content.0.type",
            "must be 'text', or 'image' or 'image_url' without a text",
        ),
        (chat([{"type": "text"}], "Yes."), "messages.0.content.0.text", "must be a string, not None"),
        (chat([{"type": "image", "file": "x"}], "Yes."), "messages.0.content.0.file", "unknown field"),
        (
            chat([{"type": "text", "text": "a", "image": "x"}], "Yes."),
            "messages.0.content.0.image",
            "a part of text has no image",
        ),
        (chat([{"type": "image", "image": "tram.png", "url": "x"}], "Yes."), "messages.0.content.0.url", "a part has one image"),
        (chat([{"type": "image", "image": "tram.png"}], "Yes.", images=["tram.png"]), "messages", "a row has either"),
        (chat([{"type": "image", "image": "tram.png"}, {"type": "image"}], "Yes."), "messages", "a row has either"),
        (chat([{"type": "image", "image": "gone.png"}], "Yes."), "messages", "there is no image .*gone.png"),
        (chat("<img>gone.png</img>What?", "Yes."), "messages", "there is no image .*gone.png"),
        (chat("What?", "This.", images=["data:image/png;base64,@@"]), "images.0", "is a data URI without readable data"),
        ({"prompt": "What?"}, "completion", "missing"),
        ({"texts": [{"user": "What?"}]}, "texts.0.assistant", "missing"),
        (chat("half \ud83d a pair", "Yes."), "messages.0", "surrogate"),
        (chat("Look: <image>", "Yes."), "messages", "1 image placeholders and 0 images"),
        (chat(SHOWN, "Yes.", images=["tram.png"] * 2), "messages", "1 image placeholders and 2 images"),
        (chat(indexed(0, 0), "Yes.", images=["tram.png"] * 2), "messages", r"numbered 0, 0; must be 0 to 1, each once"),
        (chat(indexed(1, 2), "Yes.", images=["tram.png"] * 2), "messages", r"numbered 1, 2; must be 0 to 1, each once"),
        (chat(indexed(0, None), "Yes.", images=["tram.png"] * 2), "messages", r"numbered 0, none; must be 0 to 1, each once"),
        (chat(indexed("0"), "Yes.", images=["tram.png"]), "messages.0.content.0.index", "must be a whole number, not '0'"),
        (chat("What?", "<image>", images=["tram.png"]), "messages.1", "an image in a turn of the assistant"),
        (chat("What?", "This.", images=["gone.png"]), "images.0", "there is no image .*gone.png"),
        (chat("What?", "This.", images=["half \ud83d.png"]), "images.0", r"'half \\ud83d.png' holds half a surrogate pair"),
        (chat("What?", "This.", images=["null\0.png"]), "images.0", r"'null\\x00.png' holds .*null byte"),
        (chat("What?", "This.", images=[{"bytes": b"x", "path": "\ud83d"}]), "images.0", "holds half a surrogate pair"),
        (chat("What?", "This.", images=[{"bytes": "x"}]), "images.0", "must be a path, a data URI, base64, or an object"),
        (chat("What?", "This.", id="\ud83d"), "id", "holds half a surrogate pair"),
        (chat("What?", "This.", **{"\ud83d": 1}), r"\ud83d", "unknown field"),
        (chat("What?", "This.", images=["folder.png"]), "images.0", "folder.png is no file"),
        (chat("What?", "This.", images=["https://a.b/c.png"]), "images.0", "is an address"),
        (chat("What?", "This.", images=[{"bytes": None, "path": None}]), "images.0", "must be a path, a data"),
        (chat("What?", "This.", image="tram.png", images=["tram.png"]), "image", "has both"),
        (LLAVA | {"image": "gone.png"}, "image", "there is no image"),
        (LLAVA | {"conversations": [{"from": "human", "value": 3}]}, "conversations.0.value", "must be a string, not 3"),
        (LLAVA | {"conversations": [{"from": "bot", "value": "Hi"}]}, "conversations.0.from", "must be one of human, user, gpt"),
    ],
)
def test_what_is_wrong_is_named(row: object, field: str, problem: str, root: str) -> None:
    with pytest.raises(FieldError, match=problem) as raised:
        instance_of(row, root)
    assert raised.value.field == field


def test_fields_can_be_ignored(root: str) -> None:
    assert instance_of(TEXT | {"source": "web"}, root, frozenset({"source"})) == instance_of(TEXT, root)


def _png() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (40, 32), "red").save(written, "PNG")
    return written.getvalue()


PNG = _png()
ENCODED = base64.b64encode(PNG).decode()
SAME = {
    "Qwen parts": chat([{"type": "image", "image": "tram.png"}, {"type": "text", "text": "What is it?"}], "A tram."),
    "parts without types": chat([{"image": "file://ROOT/tram.png"}, {"text": "What is it?"}], "A tram."),
    "OpenAI": chat([{"type": "image_url", "image_url": {"url": "tram.png", "detail": "low"}}, SHOWN[1]], "A tram."),
    "OpenAI responses": chat(
        [{"type": "input_image", "image_url": "tram.png"}, {"type": "input_text", "text": "What is it?"}], "A tram."
    ),
    "Parquet nulls": chat([{"type": "image", "image": "tram.png", "text": None}, SHOWN[1] | {"image": None}], "A tram."),
    "Qwen-VL": {"conversations": [{"from": "user", "value": "<img>tram.png</img>\nWhat is it?"}, LLAVA["conversations"][1]]},
    "roles under conversations": {"conversations": [USER | {"content": "<image>What is it?"}, ANSWER], "image": "tram.png"},
    "FineVision": {
        "images": ["tram.png"],
        "texts": [{"user": "What is it?", "assistant": "A tram."}],
        "relevance_min": 3,
        "source": "x",
    },
    "prompt and completion": {"images": ["tram.png"], "prompt": [USER], "completion": [ANSWER]},
    "prompt and completion as texts": {"images": ["tram.png"], "prompt": "What is it?", "completion": "A tram."},
    "empty columns": TEXT | {"images": ["tram.png"], "conversations": [], "system": "", "tools": "", "videos": [], "audio": None},
}


def test_every_form_gives_the_same_instance(root: str) -> None:
    expected = instance_of(LLAVA | {"id": ""}, root)
    failed = [name for name, row in SAME.items() if instance_of(with_root(row, root), root) != expected]
    assert not failed


def with_root(row: Any, root: str) -> Any:
    return json.loads(json.dumps(row).replace("ROOT", root))


def test_images_that_are_texts_are_decoded(root: str) -> None:
    for image in (f"data:image/png;base64,{ENCODED}", ENCODED, f"data:image/svg+xml,{'%20' * 9}"):
        for row in (LLAVA | {"image": image}, chat([{"type": "image_url", "image_url": {"url": image}}], "Yes.")):
            (picture,) = instance_of(row, root).pictures
            assert picture.data == (b" " * 9 if "svg" in image else PNG)


def test_the_system_column_leads(root: str) -> None:
    assert instance_of(LLAVA | {"system": "Be brief."}, root).system == "Be brief."
    turns = [{"from": "system", "value": "Be kind."}, *LLAVA["conversations"]]
    with pytest.raises(FieldError, match="system: a row has one system message"):
        instance_of(LLAVA | {"conversations": turns, "system": "Be brief."}, root)


def test_empty_fields_of_images_are_no_images(root: str) -> None:
    for image in ("", [], None, [""], {"bytes": None, "path": None}):
        for name in ("image", "images"):
            assert instance_of(TEXT | {name: image}, root) == instance_of(TEXT, root)


MARKERS = """<img> </img> <video> <audio> <|image_pad|> <image1> <image_1> <image-1> <image 1> <|image_1|> <|image|> <|video_pad|>
<|AUDIO|> <|vision_start|> <|vision_end|> <IMAGE> <ImageHere> <IMG_CONTEXT> <image_soft_token> <start_of_image> <|endofimage|>
<image_placeholder> <im_patch> <__media__> <fake_token_around_image> <|audio_bos|> <vid> <image_token> <image/> [IMG] [IMG_BREAK]
[BEGIN_AUDIO] <videos> <speech> <end_of_image> <images> <Img> <|image_start|> <image_newline> <image>"""
NO_MARKERS = """<img src="a.png"> <image_description> <supervision> <im> image <i> <|im_start|> [image](a.png) a<b video>c [1]
<imagine> <p> <television> <audio controls> <pad> <start> <imaging>"""


def test_a_marker_of_media_that_nobody_gave_is_a_bad_row(root: str) -> None:
    for row in (TEXT, chat("What?", "This.", images=["tram.png"])):
        for text in re.findall(r"<[^>]*>|\[[A-Z_]*\]", MARKERS):
            turns = [row["messages"][0], {"role": "assistant", "content": f"It is {text} here."}]
            with pytest.raises(FieldError, match=re.escape("image in a turn" if text == "<image>" else text)):
                instance_of(row | {"messages": turns}, root)
    assert instance_of(chat(NO_MARKERS, NO_MARKERS), root).messages[0]["content"] == parts(NO_MARKERS)


def test_long_values_are_shortened(root: str) -> None:
    for row in (
        LLAVA | {"image": "x" * 300_000},
        LLAVA | {"image": "https://a.b/" + "x" * 300_000},
        LLAVA | {"image": "data:image/png;base64," + "@" * 300_000},
        LLAVA | {"image": {"bytes": "x" * 300_000}},
        LLAVA | {"conversations": "x" * 300_000},
    ):
        with pytest.raises(FieldError) as raised:
            instance_of(row, root)
        assert len(str(raised.value)) < 500
