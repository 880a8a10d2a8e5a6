"""Shared fixtures: small data of every kind, tiny checkpoints, a browser, and the harness's real command line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import hypothesis
import libyaml  # noqa: F401 (harnesses parse thousands of files)
import pytest
from PIL import Image, ImageDraw

from cmqa_tasks.facts.release import Release
from cmqa_tasks.worlds.build.render import find_browser
from cmqa_tasks.worlds.own import read_jsonl

# A busy machine is no failure; and a failure is the same one for everybody.
hypothesis.settings.register_profile("any_machine", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("any_machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", action="store_true", help="rewrite the committed snapshots on purpose")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that run a harness come first: they take longest, and the last of them would keep one process busy alone."""
    items.sort(key=lambda item: item.get_closest_marker("harness") is None)


@pytest.fixture(scope="session")
def browser() -> str:
    """A browser for tests that draw pages. Where CI demands one, its absence is a failure and no skip."""
    path = find_browser()
    if path is None:
        if os.environ.get("CMQA_REQUIRE_BROWSER"):
            pytest.fail("CMQA_REQUIRE_BROWSER is set and there is no Chromium")
        pytest.skip("no Chromium on this machine: the frozen release is tested, drawing a new one is not")
    return path


@pytest.fixture(scope="session")
def own_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four facts of a user's own, with texts and images, as JSON lines."""
    directory = tmp_path_factory.mktemp("own")
    rows = []
    for number in range(4):
        values = {"a": f"{20 + number}.99 USD", "b": f"{40 + number}.49 USD"}
        rows.append(
            {
                "question": f"What is the total of receipt {number}?",
                "kind": "money",
                **values,
                "texts": {side: [f"I paid {value} for it.", f"It came to {value}."] for side, value in values.items()},
                "images": {
                    side: [_receipt(directory / f"{number}{side}{variant}.png", value, variant) for variant in (0, 1)]
                    for side, value in values.items()
                },
            }
        )
    path = directory / "receipts.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
    return path


def _receipt(path: Path, value: str, variant: int) -> str:
    image = Image.new("RGB", (200 + 40 * variant, 100), "white")
    ImageDraw.Draw(image).text((10, 10 + 30 * variant), f"Total {value}", fill="black")
    image.save(path)
    return path.name


@pytest.fixture(scope="session")
def own_release(own_file: Path) -> Release:
    return read_jsonl(own_file)


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Tiny random checkpoints by family, each made once."""
    from cmqa_tasks.models.tiny import build

    root, built = tmp_path_factory.mktemp("checkpoints"), {}

    def checkpoint(family: str) -> Path:
        if family not in built:
            built[family] = build(family, root / family)
        return built[family]

    return checkpoint
