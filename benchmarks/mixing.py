"""Instances per second of ``cmqa mix`` and its memory, beside the number of instances. Images are references.

    PYTHONPATH=src python benchmarks/mixing.py [--texts 1000000] [--images 1000000] [--num-proc 2] [--model DIRECTORY]

Half of the instances are texts in JSON lines, half are LLaVA's conversation JSON with one of a few images. The peak is of the
proportional set size of all processes together, sampled while it runs: pages that they share count once.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_WORDS = "the a tram stops where old river meets every second street and nobody waits for long".split()


def write(directory: Path, texts: int, images: int) -> None:
    """Write the two sources."""
    from PIL import Image

    for number in range(16):
        Image.new("RGB", (320 + 40 * number, 480)).save(directory / f"{number}.png")
    with (directory / "texts.jsonl").open("w", encoding="utf-8") as file:
        for number in range(texts):
            turns = [{"role": role, "content": _text(number + shift, 30)} for shift, role in enumerate(("user", "assistant"))]
            file.write(json.dumps({"id": f"t{number}", "messages": turns}) + "\n")
    with (directory / "images.json").open("w", encoding="utf-8") as file:
        for number in range(images):
            turns = [
                {"from": "human", "value": f"<image>\n{_text(number, 12)}?"},
                {"from": "gpt", "value": _text(number + 3, 40)},
            ]
            row = {"id": f"i{number}", "image": f"{number % 16}.png", "conversations": turns}
            file.write(("[" if number == 0 else ",\n") + json.dumps(row))
        file.write("]")


def _text(number: int, words: int) -> str:
    return " ".join(_WORDS[(number * step) % len(_WORDS)] for step in range(1, words)) + f" {number}"


def _family(pid: int) -> list[int]:
    """A process and all below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    below = children.read_text().split() if children.exists() else []
    return [pid, *(one for child in below for one in _family(int(child)))]


def _memory(pid: int) -> float:
    """Proportional set size of a process and all below it, in MB."""
    total = 0
    for one in _family(pid):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:  # it has just ended
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def main() -> None:
    """Write the sources, mix them and print what it took."""
    parser = argparse.ArgumentParser()
    for name in ("texts", "images"):
        parser.add_argument(f"--{name}", type=int, default=100_000)
    parser.add_argument("--num-proc", type=int, default=2)
    parser.add_argument("--model", default=None)
    parser.add_argument("--format", default="parquet")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        write(directory, options.texts, options.images)
        command = [sys.executable, "-m", "cmqa_tasks.cli", "mix", "--strategy", "instance", "--out", str(directory / "out")]
        command += ["--data", f"{directory}/texts.jsonl", "--data", f"{directory}/images.json"]
        command += ["--num-proc", str(options.num_proc), "--format", options.format]
        command += ["--model", options.model, "--max-tokens", "4096"] if options.model else []
        begin, cpu, peak = time.perf_counter(), os.times(), 0.0
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            while process.poll() is None:
                peak = max(peak, _memory(process.pid))
                time.sleep(0.5)
            said = process.stdout.read() if process.stdout else ""
        elapsed, used = time.perf_counter() - begin, os.times()
        print(said.strip())
        count = options.texts + options.images
        busy = used.children_user + used.children_system - cpu.children_user - cpu.children_system
        size = sum(path.stat().st_size for path in (directory / "out").iterdir()) / 1e6
        print(f"{count} instances: {elapsed:.1f} s, {count / elapsed:.0f} instances/s; {busy:.1f} s of CPU time,")
        print(f"{2 * count / busy:.0f} instances/s on two cores of their own; peak {peak:.0f} MB; {size:.0f} MB written")


if __name__ == "__main__":
    main()
