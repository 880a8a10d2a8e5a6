"""The wheel: alone in an empty environment for the pure part, and beside the harness from another directory."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
from commands import run_command

from cmqa_tasks.harness import catalogue
from cmqa_tasks.harness.catalogue import HARNESSES
from cmqa_tasks.results import latest_results

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, and the wheel that is built from it alone."""
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--outdir", str(out), str(ROOT)], check=True, capture_output=True)
    return out


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (built,) = dist.glob("*.whl")
    return built


def test_the_source_distribution_holds_what_its_tests_read(dist: Path) -> None:
    (built,) = dist.glob("*.tar.gz")
    with tarfile.open(built) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {str(path.relative_to(ROOT)) for path in Path(__file__).parent.glob("*.py")} <= names
    for directory in ("docs", "leaderboards", "examples", "benchmarks"):
        ours = {str(path.relative_to(ROOT)) for path in (ROOT / directory).rglob("*.*") if "__pycache__" not in path.parts}
        assert ours <= names, directory


@pytest.mark.slow
def test_the_same_source_gives_the_same_files(dist: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "build", "--outdir", str(tmp_path), str(ROOT)], check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        path.name: path.read_bytes() for path in dist.iterdir()
    }


def test_both_licences_come_with_the_wheel(wheel: Path) -> None:
    """The code's and that of the data, which is another."""
    archive = zipfile.ZipFile(wheel)
    (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    assert "License-Expression: Apache-2.0 AND CC-BY-4.0\n" in archive.read(metadata).decode()
    licences = metadata.replace("METADATA", "licenses/")
    assert b"Apache License" in archive.read(f"{licences}LICENSE")
    assert archive.read(f"{licences}LICENSE-DATA").startswith(b"Attribution 4.0 International")


def test_the_wheel_holds_tasks_prompts_and_data_and_is_small(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "cmqa_tasks/_shipped/tasks/lmms_eval/cmqa_crossmodal.yaml",
        "cmqa_tasks/_shipped/tasks/lmms_eval/_template",
        "cmqa_tasks/_shipped/prompts/aware.en.j2",
        "cmqa_tasks/_shipped/tasks/lm_eval/neutral_zh/clqa_en_zh__neutral_zh.yaml",
        "cmqa_tasks/_shipped/tasks/lm_eval/_settings",
        "cmqa_tasks/_shipped/prompts/choice.zh.j2",
        "cmqa_tasks/data/v2/images.parquet",
        "cmqa_tasks/worlds/pages/maps_0.html.j2",
        "cmqa_tasks/worlds/phrases/en/maps.yaml",
        "cmqa_tasks/worlds/phrases/zh/maps.yaml",
        "cmqa_tasks/worlds/build/card.md.j2",
        "cmqa_tasks/checkpoints/mini_instance/model.safetensors",
        "cmqa_tasks/checkpoints/mini_dataset/README.md",
        "cmqa_tasks/reports/page/page.html.j2",
        "cmqa_tasks/reports/page/page.css",
        "cmqa_tasks/reports/page/main.js",
        "cmqa_tasks/py.typed",
    ):
        assert needed in names
    for harness in HARNESSES:
        shipped = {f"cmqa_tasks/_shipped/tasks/{harness}/{file.path}" for file in catalogue.files(harness)}
        assert shipped <= set(names)
    assert wheel.stat().st_size <= 30e6


@pytest.mark.slow
def test_an_editable_installation_writes_the_tasks_into_its_checkout(dist: Path, tmp_path: Path) -> None:
    """A checkout as the source distribution holds it."""
    (built,) = dist.glob("*.tar.gz")
    with tarfile.open(built) as archive:
        archive.extractall(tmp_path, filter="data")
    (checkout,) = tmp_path.iterdir()
    python = tmp_path / "env" / "bin" / "python"
    venv.create(tmp_path / "env", with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", "--editable", checkout], check=True)
    for harness in HARNESSES:
        (directory,) = checkout.glob(f"build/tasks/*/{harness}")
        assert {path.stem for path in directory.rglob("*.yaml")} == catalogue.names(harness)


@pytest.mark.slow
def test_the_pure_part_works_alone(wheel: Path, tmp_path: Path) -> None:
    """In an environment with nothing but the wheel and what it requires: no torch, no harness."""
    environment = tmp_path / "env"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    constraints = ROOT / "constraints.txt"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--constraint", constraints, wheel], check=True)
    program = (
        "import sys\n"
        "from cmqa_tasks.facts.records import ARMS\n"
        "from cmqa_tasks.facts.release import load\n"
        "from cmqa_tasks.scoring.policies import decision_of\n"
        "from cmqa_tasks.scoring.policy_rates import policy_rates\n"
        "rates = policy_rates(decision_of('oracle'), ARMS['image_text'], 'aware', 'en', load())\n"
        "print(rates['balanced'], 'torch' in sys.modules, 'lmms_eval' in sys.modules)\n"
    )
    done = subprocess.run([python, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1.0", "False", "False"]
    shown = subprocess.run(
        [environment / "bin" / "cmqa", "items", "text"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert len(shown.stdout.splitlines()) >= 640


@pytest.mark.slow
@pytest.mark.harness
def test_the_wheel_beside_the_harness(wheel: Path, tmp_path: Path) -> None:
    """The plain command, with the wheel's copy of the package in front of the checkout's, from another directory."""
    site = tmp_path / "site"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", site, wheel], check=True)
    arguments = ("--model", "cmqa_reference", "--model_args", "policy=oracle", "--tasks", "cmqa_crossmodal", "--limit", "4")
    done = run_command("-m", "lmms_eval", *arguments, "--output_path", tmp_path / "out", cwd=tmp_path, PYTHONPATH=str(site))
    results = latest_results(tmp_path / "out")
    assert results.metric("cmqa_crossmodal", "balanced") == 1.0, done.stderr[-2000:]
    where = run_command("-c", "import cmqa_tasks; print(cmqa_tasks.__file__)", cwd=tmp_path, PYTHONPATH=str(site))
    assert Path(where.stdout.strip()).is_relative_to(site)
