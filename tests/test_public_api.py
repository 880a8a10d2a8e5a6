"""The public API: every name is there, importing it is light, and what users are shown uses nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import cmqa_tasks

ROOT = Path(__file__).parents[1]
SHOWN = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "docs" / "tutorial.ipynb",
    *sorted(p for p in (ROOT / "examples").rglob("*") if p.suffix in {".py", ".md", ".yaml", ".txt"}),
]
HEAVY = ("torch", "transformers", "datasets", "lmms_eval", "lm_eval", "numpy", "pyarrow", "pydantic")


@pytest.mark.parametrize("name", cmqa_tasks.__all__)
def test_every_name_is_there_and_says_what_it_is(name: str) -> None:
    value = getattr(cmqa_tasks, name)
    assert name in dir(cmqa_tasks)
    assert name == "ARMS" or value.__doc__


def test_the_reference_has_every_name() -> None:
    headings = re.findall(r"^### `(\w+)`$", (ROOT / "docs" / "reference.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(headings) == sorted(cmqa_tasks.__all__)


def test_another_name_is_not() -> None:
    with pytest.raises(AttributeError, match="module 'cmqa_tasks' has no attribute 'nope'"):
        cmqa_tasks.nope  # noqa: B018


def test_importing_the_package_imports_nothing_heavy() -> None:
    program = f"import sys, cmqa_tasks; print([name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_scoring_needs_no_harness() -> None:
    program = (
        "import sys\n"
        "from cmqa_tasks import ARMS, load_release, policy, questions_of, read_jsonl, read_response, score_response\n"
        "questions = questions_of(ARMS['image_text'], load_release(), 'aware')\n"
        "question = next(question for question in questions if question.item.relation == 'conflict')\n"
        "print(score_response(policy('oracle')(question), question)[0])\n"
        f"print([name for name in {HEAVY[:5]} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["conflict", "[]"]


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_users_are_shown_imports_from_the_package_only(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.findall(r"(?:from|import) cmqa_tasks\.\S+", text)
    imported = [name for names in re.findall(r"from cmqa_tasks import ([\w, ]+)", text) for name in names.split(", ")]
    used = re.findall(r"(?:!function |`|\()cmqa_tasks\.(\w+)(?=\(|`|\n)", text)
    assert {*imported, *used} <= {*cmqa_tasks.__all__, "mini"}


@pytest.mark.slow
@pytest.mark.harness
def test_the_tutorial_gives_what_it_shows(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Executed as written, in an empty directory. Numbers may differ in their last digits, as processors do."""
    path = ROOT / "docs" / "tutorial.ipynb"
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    shown = _outputs(notebook)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, resources=resources, coalesce_streams=True, record_timing=False).execute()
    if request.config.getoption("--update-snapshots"):
        nbformat.write(notebook, path)  # type: ignore[no-untyped-call]
    else:
        printed = _outputs(notebook)
        assert [text for text, _ in printed] == [text for text, _ in shown]
        for (_, numbers), (_, expected) in zip(printed, shown, strict=True):
            assert numbers == pytest.approx(expected, abs=0.02)


def _outputs(notebook: nbformat.NotebookNode) -> list[tuple[str, list[float]]]:
    """What each cell printed or showed: the text without its decimals, and these."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    texts = [output.get("text") or output.data["text/plain"] for output in outputs]
    decimals = r"[+−-]?\d+\.\d\d+"
    return [
        (re.sub(decimals, "#", text), [float(number.replace("−", "-")) for number in re.findall(decimals, text)])
        for text in texts
    ]
