from __future__ import annotations

from pathlib import Path

import pytest

from cmqa_tasks.harness.evaluations import CONFIGS, begin


@pytest.mark.parametrize("there", [(CONFIGS, "before/mmmu_val/samples.jsonl"), ("mine.txt",), (".made_by",)])
def test_what_another_command_made_is_left_alone(tmp_path: Path, there: tuple[str, ...]) -> None:
    """Every command that evaluates leaves a file of configurations: that alone says nothing of whose evaluations they are."""
    for name in there:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("hours of work", encoding="utf-8")
    with pytest.raises(FileExistsError, match="was not made by cmqa demo"):
        begin(tmp_path, "cmqa demo")
    assert all((tmp_path / name).read_text(encoding="utf-8") == "hours of work" for name in there)


def test_what_the_same_command_made_goes(tmp_path: Path) -> None:
    out = tmp_path / "new" / "demo"
    for _ in range(2):
        begin(out, "cmqa demo")
        assert [path.name for path in out.iterdir()] == [".made_by"], "something is left of the earlier one"
        (out / "oracle").mkdir()
        (out / "oracle" / "results.json").write_text("{}", encoding="utf-8")
        (out / CONFIGS).write_text("[]", encoding="utf-8")


def test_an_empty_directory_is_begun_in(tmp_path: Path) -> None:
    begin(tmp_path, "cmqa demo")
    assert (tmp_path / ".made_by").is_file()
