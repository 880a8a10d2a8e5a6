"""Draws docs/rooms.svg from the layers that import-linter checks: ``python docs/rooms.py``."""

from __future__ import annotations

import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
WIDTH, HEIGHT, GAP, INK, PAPER, TORCH, PLAIN = 760, 40, 8, "#1f2933", "#ffffff", "#c0392b", "#52708f"
PURPOSE = {
    "cli": "one file a command",
    "reports": "board, compare, gate, before/after, page",
    "training": "mix, train",
    "results": "what the harnesses wrote → typed runs → tallies",
    "models": "cmqa_hf: any model of transformers; tiny checkpoints",
    "harness": "tasks in lmms-eval and lm-eval",
    "attention": "probe, log, summaries, drawings",
    "scoring": "response → outcome → rate; policies; statistics",
    "reading": "what a response says; languages are data",
    "asking": "items, protocols, options, prompts",
    "worlds": "how facts are made and drawn; your own facts",
    "facts": "records, ids, canonical forms, arms, releases",
    "writing": "atomic files, tables, one-line errors",
}
"""What each room is for."""
KNOW_TORCH = {"harness", "models", "training", "attention"}


def layers() -> list[list[str]]:
    """The rooms by layer, highest first, as pyproject.toml has them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    return [layer.split(" | ") for contract in contracts if contract["type"] == "layers" for layer in contract["layers"]]


def drawing() -> str:
    """The picture as SVG."""
    shapes, y = [], GAP
    for layer in layers():
        width = (WIDTH - GAP) / len(layer) - GAP
        for column, room in enumerate(layer):
            x = GAP + column * (width + GAP)
            edge = TORCH if room in KNOW_TORCH else PLAIN
            box = f'x="{x:.0f}" y="{y}" width="{width:.0f}" height="{HEIGHT}" rx="5" fill="{PAPER}"'
            words = f'<tspan font-weight="bold">{room}</tspan><tspan dx="10">{PURPOSE[room]}</tspan>'
            shapes.append(f'<rect {box} stroke="{edge}" stroke-width="2"/><text x="{x + 12:.0f}" y="{y + 25}">{words}</text>')
        y += HEIGHT + GAP
    style = f'font-family="DejaVu Sans, Helvetica, sans-serif" font-size="13" fill="{INK}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" {style}>\n' + "\n".join(shapes) + "\n</svg>\n"


if __name__ == "__main__":
    (ROOT / "docs" / "rooms.svg").write_text(drawing(), encoding="utf-8")
