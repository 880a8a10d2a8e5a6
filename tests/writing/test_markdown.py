"""Names of strangers in Markdown are letters and nothing else."""

from __future__ import annotations

import pytest

from cmqa_tasks.writing.markdown import code, picture, plain, table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("org/model_1 is=good (1)", "org/model_1 is=good (1)"),
        ("<script>&x", "&lt;script>&amp;x"),
        ("by [click](https://e.org) now", "by `[click](https://e.org)` now"),
        ("@octocat #1 https://e.org www.e.org a@b", "`@octocat` `#1` `https://e.org` `www.e.org` `a@b`"),
        ("−0.1 [−0.2, +0.3]", "−0.1 [−0.2, +0.3]"),
        ("[a b](http:x) [c][d]", "[a `b](http:x)` `[c][d]`"),
        ("*a b* _c_ ~~d~~ $x$", "`*a` `b*` `_c_` `~~d~~` `$x$`"),
        ("![x](y)", "`![x](y)`"),
        ("a`b", "`a'b`"),
        ("a\u202eb\x00\n c", "a⟨U+202E⟩b␀ c"),
    ],
)
def test_words_that_would_act_are_code(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_code_spans_and_pictures_stay_whole() -> None:
    assert code("a `b`\nc") == "`a 'b' c`"
    assert code("") == "` `"
    assert picture("a.png", "x]<b>") == "![x)&lt;b>](a.png)"


def test_a_bar_never_ends_a_cell() -> None:
    (_, _, row) = table(["a"], [["x|y\\|z"]]).splitlines()
    assert row == "| x\\|y\\\u200b\\|z |"
