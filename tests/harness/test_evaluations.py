from __future__ import annotations

from pathlib import Path

import pytest

from cmqa_tasks.harness.evaluations import CONFIGS, LOG, begin, evaluate
from cmqa_tasks.results import latest_results


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


@pytest.mark.harness
def test_what_a_child_process_raises_comes_back(tmp_path: Path) -> None:
    """The first of the exceptions that followed from each other; the others go on, and results lie where they should."""
    config = {"model": "cmqa_reference", "tasks": "cmqa_text", "limit": 2, "log_samples": True}
    policies = ("oracle", "orcale", "random")
    configs = [config | {"model_args": f"policy={name}", "output_path": str(tmp_path / name)} for name in policies]
    failures = evaluate([*configs, config | {"task": "cmqa_text"}], tmp_path)
    assert [None if failure is None else str(failure).partition(";")[0] for failure in failures] == [
        None,
        "ValueError: unknown policy 'orcale'",
        None,
        "ValueError: lmms-eval has no argument task",
    ]
    assert "Traceback" in (tmp_path / LOG).read_text(encoding="utf-8")
    for name in ("oracle", "random"):
        assert latest_results(tmp_path / name).metric("cmqa_text", "read_correct") is not None


def test_a_child_process_that_is_killed_fails_what_it_had_not_finished(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    failures = evaluate([{"tasks": "cmqa_text"}, {"tasks": "cmqa_image"}], tmp_path, {"PYTHONPATH": str(tmp_path)})
    assert [str(failure) for failure in failures] == [f"the process was ended by SIGKILL; see {tmp_path / LOG}"] * 2
