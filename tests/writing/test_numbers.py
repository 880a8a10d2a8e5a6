"""How numbers are written for people and for machines."""

from __future__ import annotations

import csv
import io
import math

import pytest

from cmqa_tasks.writing.numbers import number, p_value, points, rounded, signed, significant
from cmqa_tasks.writing.spreadsheet import to_csv


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
