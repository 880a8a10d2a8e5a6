"""Images per second of ``cmqa build`` and its memory at two sizes. Run it alone on a quiet machine.

python benchmarks/build.py
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def measured(facts: int) -> tuple[float, float]:
    """(images per second, peak MB of the largest process below) of a build, start of the browsers included."""
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory) / "built"
        begin = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "cmqa_tasks.cli", "build", "--seed", "1", "--facts", str(facts), "--out", str(out)],
            check=True,
            capture_output=True,
        )
        elapsed = time.perf_counter() - begin
    return 4 * facts / elapsed, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


if __name__ == "__main__":
    for facts in (80, 320, 1280):
        rate, peak = measured(facts)
        print(f"{facts} facts: {rate:.1f} images/s, largest process {peak:.0f} MB")
