"""Languages are data: the files are checked when they are loaded, and a third language is a file."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from reading_cases import LAMP

from cmqa_tasks.reading.forms import read
from cmqa_tasks.reading.lexicon import FOLDER, LANGUAGES, Languages, Lexicon, LexiconError, lexicon, shipped
from cmqa_tasks.reading.lexicon import read as read_lexicon

GERMAN = Path(__file__).parents[1] / "support" / "german" / "lexicon.yaml"


def test_the_shipped_languages_load() -> None:
    assert [lexicon(language).language for language in LANGUAGES] == list(LANGUAGES)
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(LANGUAGES)


def test_an_unknown_language_is_named_with_those_that_exist() -> None:
    with pytest.raises(LexiconError, match=r"no lexicon for language 'xx'; there are en, zh"):
        lexicon("xx")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stance": {"clash": "a(b", "accord": "b", "negation": "c", "pieces": "d"}}, r"not a regular expression.*'a\(b'"),
        ({"stance": {"clash": "a", "accord": "b", "negation": "c"}}, r"stance\.pieces\s+Field required"),
        (
            {"stance": {"clash": "a", "accord": "b", "negation": "c", "pieces": "d", "clashes": "e"}},
            r"stance\.clashes\s+Extra inputs",
        ),
        (
            {"stance": {"clash": 7, "accord": "b", "negation": "c", "pieces": "d"}},
            r"a pattern is a text or a list of texts, not 7",
        ),
        ({"marks": {"answer": "antwort:"}}, r"answer: the pattern lacks a group named final"),
        ({"script": "runes"}, r"script\s+Input should be 'words' or 'characters'"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_why(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "xx.yaml"
    good = {"language": "xx", "script": "words", "stance": {"clash": "a", "accord": "b", "negation": "c", "pieces": "d"}}
    path.write_text(yaml.safe_dump(good), encoding="utf-8")
    assert isinstance(read_lexicon(path), Lexicon)
    path.write_text(yaml.safe_dump(good | change), encoding="utf-8")
    with pytest.raises(LexiconError, match=message) as error:
        read_lexicon(path)
    assert str(path) in str(error.value)


# --- a third language ------------------------------------------------------------------------------------------------

WITH_GERMAN = Languages((*shipped(), read_lexicon(GERMAN)))
FACT = LAMP.model_copy(
    update={
        "a": LAMP.a.model_copy(update={"surface": {"de": ("24,99 $", "24,99 Dollar")}}),
        "b": LAMP.b.model_copy(update={"surface": {"de": ("29,99 $", "29,99 Dollar")}}),
    }
)


GERMAN_ANSWERS = [
    ("Die beiden Belege widersprechen sich.", True, ()),
    ("Es gibt einen Widerspruch zwischen Bild und Text: 24,99 $ und 29,99 $.", True, ("a", "b")),
    ("Die Preise stimmen nicht überein.", True, ()),
    ("Die Belege widersprechen sich nicht, die Lampe kostet 24,99 $.", False, ("a",)),
    ("Es gibt keinen Widerspruch: 24,99 $.", False, ("a",)),
    ("Beide Belege stimmen überein, sie kostet 29,99 $.", False, ("b",)),
    ("Wenn sich die Belege widersprächen, würde ich es sagen. 24,99 $", False, ("a",)),
    ("Das Bild sagt 24,99 $, der Text 29,99 $. Die richtige Antwort ist 29,99 $.", False, ("b",)),
    ("Das Bild sagt 24,99 $, nicht 29,99 $.", False, ("a",)),
    ("Bild: 24,99 $, Text: 29,99 $.\nAntwort: 24,99 $", False, ("a",)),
]


def test_german_answers_are_read_by_a_german_file() -> None:
    for response, conflict, sides in GERMAN_ANSWERS:
        found = read(response, FACT, languages=WITH_GERMAN)
        assert (found.conflict, found.sides) == (conflict, sides), response


def test_german_forms_are_read_by_a_german_file() -> None:
    assert read("Das lässt sich nicht sagen.", FACT, languages=WITH_GERMAN).abstained
    assert read("Ja, sie widersprechen sich.", FACT, "yes_no", languages=WITH_GERMAN).statement == "contradict"
    assert read("Nein.", FACT, "yes_no", languages=WITH_GERMAN).statement == "agree"
    letters = {"A": "a", "B": "b", "C": "conflict", "D": "abstain"}
    assert read("Die richtige Antwort ist C.", FACT, "letter", letters, languages=WITH_GERMAN).conflict  # type: ignore[arg-type]


def test_a_third_language_changes_nothing_in_the_others() -> None:
    for response in ("They contradict each other.", "No contradiction: $24.99.", "两份证据互相矛盾。", "$29.99"):
        assert read(response, LAMP, languages=WITH_GERMAN) == read(response, LAMP)


def test_a_cue_is_added_by_a_line_of_its_language(tmp_path: Path) -> None:
    response = "The two sources tell two tales: $24.99 and $29.99."
    path = tmp_path / "en.yaml"
    shipped_text = (FOLDER / "en.yaml").read_text(encoding="utf-8")
    path.write_text(shipped_text.replace("\n  clash:\n", "\n  clash:\n    - 'tells? two tales'\n"), encoding="utf-8")
    assert not read(response, LAMP).conflict
    assert read(response, LAMP, languages=Languages([read_lexicon(path), lexicon("zh")])).conflict
    assert not read("They do not tell two tales.", LAMP, languages=Languages([read_lexicon(path)])).conflict
