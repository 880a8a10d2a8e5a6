"""What tables say: numbers for people and for machines, and names of strangers, which are letters and nothing else."""

from __future__ import annotations

import csv
import io
import math

import pytest

from cmqa_tasks.writing.markdown import code, picture, plain, table
from cmqa_tasks.writing.numbers import number, p_value, points, rounded, signed, significant
from cmqa_tasks.writing.spreadsheet import to_csv


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


@pytest.mark.parametrize(
    ("value", "written"), [(None, ""), (math.nan, "–"), (0.25, "0.250"), (-0.5, "−0.500"), (-0.0001, "0.000")]
)
def test_number(value: float | None, written: str) -> None:
    assert number(value) == written


@pytest.mark.parametrize(("value", "written"), [(math.nan, "–"), (0.25, "+0.250"), (-0.5, "−0.500"), (0.0001, "0.000")])
def test_signed(value: float, written: str) -> None:
    assert signed(value) == written


@pytest.mark.parametrize(("value", "written"), [(0.123, "+12.3"), (-0.123, "−12.3"), (0.0, "0.0"), (-0.0001, "0.0")])
def test_points(value: float, written: str) -> None:
    assert points(value) == written


@pytest.mark.parametrize(("value", "written"), [(math.nan, "–"), (0.04567, "0.0457"), (1e-9, "< 0.0001"), (1.0, "1.0000")])
def test_p_value(value: float, written: str) -> None:
    assert p_value(value) == written


def test_numbers_for_machines() -> None:
    assert rounded(1 / 3) == 0.333333
    assert str(rounded(-1e-9)) == "0.0"
    assert significant(1.23456789e-12) == 1.23457e-12
    assert rounded(math.nan) is significant(math.nan) is None


def test_csv() -> None:
    assert to_csv([{"a": 1, "b": "x,y"}, {"a": None, "b": ""}]) == 'a,b\n1,"x,y"\n,\n'
    with pytest.raises(ValueError, match="at least one row"):
        to_csv([])


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", " =1", "\n=1"])
def test_a_spreadsheet_computes_nothing(text: str) -> None:
    assert list(csv.reader(io.StringIO(to_csv([{"a": text, "b": -1}]), newline="")))[1] == [f"'{text}", "-1"]
