"""Pictures of a run of the miniature. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cmqa_tasks.writing.pictures import BLACK, BLUE, GREEN, PURPLE, SKY, VERMILION, drawing, save
from experiments.mini import pieces
from experiments.mini.attended import CONTEXTS, mass_ratios, masses_by_layer
from experiments.mini.grow import BASE
from experiments.mini.report import Row, first_converged, share_of
from experiments.mini.table import CROSSMODAL, shown

_COLOURS = (BLACK, BLUE, GREEN, VERMILION, PURPLE, SKY)
_IN_LAYERS = ("two pictures", "two English notes", "picture and English")
_PIECES = ("picture, or first", "note, or second")
_FLIERS = {"markersize": 2, "markeredgecolor": "#777777"}


def draw(rows: Sequence[Row], out: Path) -> list[Path]:
    """All pictures of a run; more data than the recipe's is drawn in the curve of scaling alone.

    Args:
        rows: evaluated checkpoints.
        out: an existing directory for the files.

    Returns:
        The files.

    Raises:
        ImportError: matplotlib is not installed.
    """
    plain = [row for row in rows if row.training.times == 1]
    recognised = {figure.name: [share_of(row, figure) for row in plain] for figure in shown()}
    ratios = np.array([mass_ratios(row.directory) for row in plain])
    attention = dict(zip(CONTEXTS, ratios.T.tolist(), strict=True))
    branches = [row.training.branch for row in plain]
    with drawing():
        files = [
            *_points(recognised, branches, "recognition", out / "recognition"),
            *_points(attention, branches, "ln(mass on one / on the other piece), nats", out / "attention"),
            *_layers(plain, out / "layers"),
            *_pieces(plain, out / "pieces"),
        ]
        return files if len(plain) == len(rows) else [*files, *_scaling(rows, out / "scaling")]


def _points(values: dict[str, list[float]], branches: Sequence[str], label: str, path: Path) -> list[Path]:
    """Groups of points on the x axis by the keys of ``values``, colours by branch."""
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(branches))
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.subplots()
    for index, name in enumerate(names):
        at = np.arange(len(values)) + (index - (len(names) - 1) / 2) * 0.8 / len(names)
        chosen = np.array(
            [[value for value, branch in zip(row, branches, strict=True) if branch == name] for row in values.values()]
        )
        colour = _COLOURS[index % len(_COLOURS)]
        axes.plot(np.repeat(at, chosen.shape[1]), chosen.ravel(), "o", color=colour, markersize=4, alpha=0.6, label=name)
        axes.hlines(chosen.mean(1), at - 0.08, at + 0.08, color=colour, linewidth=2)
    axes.set_xticks(range(len(values)), [name.replace(" and ", "\nand ") for name in values])
    axes.set_ylabel(label)
    axes.axhline(0, color="#999999", linewidth=0.8)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), title="trained")
    return save(figure, path)


def _layers(rows: Sequence[Row], path: Path) -> list[Path]:
    """Softmax mass on both pieces by layer: a panel per context and branch, a point per seed, a bar for their mean."""
    from matplotlib.figure import Figure

    branches = list(dict.fromkeys(row.training.branch for row in rows))
    masses_of = {
        branch: np.stack([masses_by_layer(r.directory) for r in rows if r.training.branch == branch]) for branch in branches
    }
    size = (1.2 + 1.9 * len(branches), 1.5 + 1.7 * len(_IN_LAYERS))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(_IN_LAYERS), len(branches), sharey=True, sharex=True, squeeze=False)
    for line, context in enumerate(_IN_LAYERS):
        for axes, branch in zip(panels[line], branches, strict=True):
            masses = masses_of[branch][:, list(CONTEXTS).index(context)]  # [seeds × layers × pieces]
            layers = np.arange(1, masses.shape[1] + 1)
            for piece, name in enumerate(_PIECES):
                at, colour = layers + 0.4 * (piece - 0.5), _COLOURS[1 + 2 * piece]
                axes.bar(at, masses[..., piece].mean(0), 0.36, color=colour, alpha=0.4, label=name)
                axes.plot(np.tile(at, len(masses)), masses[..., piece].ravel(), ".", color=colour, markersize=4)
            axes.set(xticks=layers)
        panels[line, 0].set_ylabel(f"{context}\nsoftmax mass")
    for column, branch in enumerate(branches):
        panels[0, column].set_title(branch)
        panels[-1, column].set_xlabel("layer")
    panels[0, -1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return save(figure, path)


def _pieces(rows: Sequence[Row], path: Path) -> list[Path]:
    """Logits and attention of both pieces in one head of one seed: two unimodal contexts, and a cross-modal one twice.

    The seed is the first whose base converged (else the first), the head the one that reads most in the unimodal contexts
    before mixing; neither is chosen by what is shown.
    """
    from matplotlib.figure import Figure

    by_branch = {row.training.branch: row for row in rows if row.training.seed == _first_seed(rows)}
    if not {"dataset", "instance"} <= by_branch.keys():
        return []
    layer, head = pieces.reading_head(by_branch["dataset"].directory)
    columns = [("dataset", context) for context in pieces.CONTEXTS] + [("instance", "picture, note")]
    figure = Figure(figsize=(9, 6.4), layout="constrained")
    panels = figure.subplots(3, len(columns), sharey="row")
    for column, (branch, context) in enumerate(columns):
        figures = pieces.read(by_branch[branch].directory)[context][:, :, layer, head]
        names = context.split(", ") if ", " in context else ["first", "second"]
        for row, values in enumerate((figures[0], figures[1], np.exp(figures[2]))):
            parts = panels[row, column].boxplot(values, widths=0.55, tick_labels=names, patch_artist=True, flierprops=_FLIERS)
            for box, middle, colour in zip(parts["boxes"], parts["medians"], _COLOURS[1::2], strict=False):
                box.set(facecolor=colour, alpha=0.35)
                middle.set(color="black")
        panels[0, column].set_title(f"{context}\ntrained: {branch}")
    for row, label in enumerate(("highest logit\nof a token, nats", "log-sum-exp of the\npiece's logits, nats", "softmax mass")):
        panels[row, 0].set_ylabel(label)
    figure.suptitle(f"Seed {_first_seed(rows)}, layer {layer + 1}, head {head + 1}, {pieces.ITEMS} contradictions each", size=9)
    return save(figure, path)


def _first_seed(rows: Sequence[Row]) -> int:
    converged = first_converged(rows)
    return rows[0].training.seed if converged is None else converged


def _scaling(rows: Sequence[Row], path: Path) -> list[Path]:
    """Recognition of a picture against a note, by tokens since the base: a thin line per seed, a thick one for their mean."""
    from matplotlib.figure import Figure

    strategies = list(dict.fromkeys(row.training.strategy for row in rows if row.training.branch != BASE))
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axes = figure.subplots()
    for index, strategy in enumerate(strategies, 1):
        curves = {seed: _curve(rows, seed, strategy) for seed in dict.fromkeys(row.training.seed for row in rows)}
        longest = max(map(len, curves.values()))
        for curve in curves.values():
            axes.plot(*zip(*curve, strict=True), "-", color=_COLOURS[index], linewidth=0.8, alpha=0.5)
        whole = np.array([curve for curve in curves.values() if len(curve) == longest]).mean(0)
        axes.plot(*whole.T, "o-", color=_COLOURS[index], linewidth=2.2, label=f"{strategy}, mean")
    axes.set(
        xlabel="million tokens of further training (0: the base)", ylabel="recognition, picture and note", ylim=(-0.03, 1.03)
    )
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), title="trained")
    return save(figure, path)


def _curve(rows: Sequence[Row], seed: int, strategy: str) -> list[tuple[float, float]]:
    """(million tokens, recognition) of a seed's base and of a strategy's branches."""
    chosen = [row for row in rows if row.training.seed == seed and row.training.strategy in (BASE, strategy)]
    tokens = [0.0 if row.training.branch == BASE else sum(stage.tokens for stage in row.training.stages) / 1e6 for row in chosen]
    return sorted(zip(tokens, (share_of(row, CROSSMODAL) for row in chosen), strict=True))
