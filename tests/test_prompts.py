from __future__ import annotations

from pathlib import Path

import pytest

from cmqa_tasks import prompts, resources
from cmqa_tasks.prompts import PromptError, plain_text, render

SNAPSHOTS = Path(__file__).parent / "snapshots" / "prompts"
PIECES = {"text_text": ["PASSAGE ONE", "PASSAGE TWO"], "image_text": [None, "PASSAGE"], "text_image": ["PASSAGE", None]}
PIECES |= {"image_image": [None, None], "text": ["PASSAGE"], "image": [None]}


@pytest.mark.parametrize("arm", PIECES)
@pytest.mark.parametrize("protocol", prompts.protocols())
def test_exact_prompts(protocol: str, arm: str, request: pytest.FixtureRequest) -> None:
    """A prompt that changes moves numbers: change it on purpose (--update-snapshots), with a version and a CHANGELOG line."""
    rendered = "\n".join(
        f"[{'template' if part.evidence is None else f'evidence {part.evidence}'}] {part.text!r}"
        for part in render(protocol, "en", "What is the price?", PIECES[arm])
    )
    path = SNAPSHOTS / f"{protocol}.en.{arm}.txt"
    if request.config.getoption("--update-snapshots"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rendered + "\n", encoding="utf-8")
    assert path.read_text(encoding="utf-8") == rendered + "\n"


def test_evidence_is_never_read_as_a_template() -> None:
    hostile = "{{ question }} {% for x in y %} \\ue000"
    parts = render("aware", "en", "Q?", [hostile, None])
    assert parts[1].text == hostile
    assert [part.evidence for part in parts] == [None, 0, None, 1, None]


def test_plain_text_names_images_by_placeholders_in_order() -> None:
    text = plain_text(render("aware", "en", "Q?", ["PASSAGE", None]))
    assert text.index("PASSAGE") < text.index("<image>") < text.index("Q?")


def test_a_mark_in_the_question_is_refused() -> None:
    with pytest.raises(PromptError, match="private-use character"):
        render("aware", "en", "What \ue000?", ["x", "y"])


def test_unknown_protocol_lists_what_exists() -> None:
    with pytest.raises(PromptError, match=r"unknown protocol 'nope' in language 'en'; choose one of aware\.en"):
        render("nope", "en", "Q?", ["x"])


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A prompts directory of one's own with one template in it."""
    monkeypatch.setattr(resources, "prompts_dir", lambda: tmp_path)

    def write(source: str) -> None:
        (tmp_path / "mine.en.j2").write_text(source, encoding="utf-8")

    prompts._environment.cache_clear()
    prompts._template.cache_clear()
    yield write
    prompts._environment.cache_clear()
    prompts._template.cache_clear()


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("{{ pieces[0] }} {{ pieces[1] }} {{ qestion }}", "'qestion' is undefined"),
        ("{{ pieces[1] }} {{ pieces[0] }}", "each of 2 piece"),
        ("{{ pieces[0] }} {{ pieces[0] }}", "each of 2 piece"),
        ("{{ question.__class__.__mro__ }}", "SecurityError"),
        ("{% if %}", "TemplateSyntaxError"),
    ],
)
def test_a_bad_template_is_named(template, source: str, complaint: str) -> None:
    template(source)
    with pytest.raises(PromptError, match=rf"mine\.en\.j2.*{complaint}"):
        render("mine", "en", "Q?", ["x", "y"])
