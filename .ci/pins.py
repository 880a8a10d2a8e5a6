"""Does every Python that the project promises find its packages, all of them pinned?

A run of CI sees one Python. A version in ``constraints.txt`` that needs a newer one breaks ``make install`` on the others, and a
package without a line there changes by itself; this resolves them all, without installing anything (uv reads metadata only).
"""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]


def promised() -> list[str]:
    """The Pythons of ``requires-python``."""
    allowed = SpecifierSet(metadata.metadata("cmqa-tasks")["Requires-Python"])
    return [f"3.{minor}" for minor in range(30) if f"3.{minor}" in allowed]


def pinned(python: str) -> set[str]:
    """The packages that ``constraints.txt`` has one version of on a Python."""
    lines = (line.split("#")[0].strip() for line in (ROOT / "constraints.txt").read_text().splitlines())
    pins = [Requirement(line) for line in lines if line]
    return {canonicalize_name(pin.name) for pin in pins if not pin.marker or pin.marker.evaluate({"python_version": python})}


def resolved(python: str) -> list[str]:
    """What a fresh ``make install`` would bring: ``name==version`` each."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "--all-extras", "--constraint", "constraints.txt"]
    options = ["--python-version", python, "--no-annotate", "--no-header", "--quiet"]
    found = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=False)
    if found.returncode:
        raise SystemExit(f"Python {python}: constraints.txt cannot be met\n{found.stderr}")
    return found.stdout.split()


def main() -> None:
    """Name the first Python that cannot be served, or every package that no line pins."""
    for python in promised():
        packages = resolved(python)
        loose = [package for package in packages if canonicalize_name(package.split("==")[0]) not in pinned(python)]
        if loose:
            raise SystemExit(f"Python {python}: not pinned in constraints.txt: {', '.join(loose)}")
        print(f"Python {python}: {len(packages)} packages, all pinned")


if __name__ == "__main__":
    main()
