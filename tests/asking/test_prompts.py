from __future__ import annotations

from pathlib import Path

import pytest

from cmqa_tasks.asking import prompts
from cmqa_tasks.asking.prompts import PromptError, plain_text, render
from cmqa_tasks.asking.protocols import BARE, PROTOCOLS, Option
from cmqa_tasks.facts import resources
from cmqa_tasks.facts.records import ARMS, Arm, Modality

SNAPSHOTS = Path(__file__).parent / "snapshots"
OPTIONS = [Option("A", "b", "$2.50"), Option("B", "conflict", None), Option("C", "abstain", None), Option("D", "a", "$2.00")]
TWO: list[tuple[Modality, str, str | None]] = [("text", "en", "x"), ("text", "en", "y")]
EVERY = [(protocol, language) for protocol in (*PROTOCOLS, BARE.name) for language in ("en", "zh")]


def shown(arm: Arm) -> list[tuple[Modality, str, str | None]]:
    """Pieces of an arm with passages that nobody can mistake."""
    words = ("PASSAGE ONE", "PASSAGE TWO")
    return [
        (modality, language, words[index] if modality == "text" else None)
        for index, (modality, language) in enumerate(arm.pieces)
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_exact_prompts(language: str, request: pytest.FixtureRequest) -> None:
    """A prompt that changes moves numbers: change it on purpose (--update-snapshots), with a version and a CHANGELOG line."""
    lines = []
    for protocol in (*PROTOCOLS, BARE.name):
        lines.append(f"==== {protocol}")
        for arm in ARMS.values():
            lines.append(f"== {arm.name}")
            parts = render(protocol, language, "What is the price?", shown(arm), OPTIONS)
            lines += [f"[{'template' if part.evidence is None else f'evidence {part.evidence}'}] {part.text!r}" for part in parts]
    path = SNAPSHOTS / f"prompts.{language}.txt"
    if request.config.getoption("--update-snapshots"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert path.read_text(encoding="utf-8").splitlines() == lines


def test_every_protocol_has_a_file_in_every_language_and_no_file_is_left_over() -> None:
    files = {path.name for path in resources.prompts_dir().iterdir()}
    assert files == {f"{protocol}.{language}.j2" for protocol, language in EVERY}


@pytest.mark.parametrize(("protocol", "language"), EVERY)
def test_every_file_says_what_it_varies_and_why(protocol: str, language: str) -> None:
    header = prompts.about(protocol, language)
    assert len(header.varies) > 10
    assert len(header.why) > 10
    assert "Varies" not in plain_text(render(protocol, language, "Q?", shown(ARMS["text_text"]), OPTIONS))


def test_neutral_does_not_mention_conflict() -> None:
    for language, words in (("en", ("contradict", "conflict", "disagree")), ("zh", ("矛盾", "冲突", "不一致"))):
        text = plain_text(render("neutral", language, "Q?", shown(ARMS["text_text"])))
        assert not any(word in text for word in words)
        assert words[0] in plain_text(render("aware", language, "Q?", shown(ARMS["text_text"])))


def test_labels_name_the_kind_and_the_language_of_a_piece() -> None:
    text = plain_text(render("labelled", "en", "Q?", shown(ARMS["zhimage_text"])))
    assert "Evidence 1, an image of a page in Chinese:\n<image>" in text
    assert "Evidence 2, a passage of text in English:\nPASSAGE TWO" in text
    assert "in de." in plain_text(render("labelled", "en", "Q?", [("text", "de", "PASSAGE")]))


def test_the_question_stands_first_where_it_should() -> None:
    text = plain_text(render("question_first", "en", "Q?", shown(ARMS["text_text"])))
    assert text.startswith("Question: Q?")


def test_evidence_is_never_read_as_a_template() -> None:
    hostile = "{{ question }} {% for x in y %} \\ue000"
    parts = render("aware", "en", "Q?", [("text", "en", hostile), ("image", "en", None)])
    assert parts[1].text == hostile
    assert [part.evidence for part in parts] == [None, 0, None, 1, None]


def test_plain_text_names_images_by_placeholders_in_order() -> None:
    text = plain_text(render("aware", "en", "Q?", [("text", "en", "PASSAGE"), ("image", "en", None)]))
    assert text.index("PASSAGE") < text.index("<image>") < text.index("Q?")


def test_a_mark_in_the_question_is_refused() -> None:
    with pytest.raises(PromptError, match="private-use character"):
        render("aware", "en", "What \ue000?", TWO)


def test_unknown_protocol_lists_what_exists() -> None:
    with pytest.raises(
        PromptError, match=r"unknown protocol 'nope' in language 'en'; protocols: aware, bare, choice, .*; languages: en, zh"
    ):
        render("nope", "en", "Q?", TWO)


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
        render("mine", "en", "Q?", TWO)
