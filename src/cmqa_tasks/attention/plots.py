"""Pictures of logged attention: maps by layer and head, profiles by depth, cross-modal against unimodal. Needs matplotlib.

    for path in draw(Path("runs/a"), Path("pictures")): print(path)

For each protocol and language of the question: ``<quantity>_map`` and ``<quantity>_depth`` for D, D on matched lengths, the logit
gap and the norm ratio; and ``<quantity>_contrasts`` for both kinds of D: what the kind of a piece does to it, and what its place.
``contrasts.md`` has the same over all layers, as numbers.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from cmqa_tasks.attention import labels
from cmqa_tasks.attention.names import Aggregate, Compared
from cmqa_tasks.attention.pools import Array, Pool, pools
from cmqa_tasks.attention.store import LogMetadata, StoreError, locate, merge, read_metadata
from cmqa_tasks.attention.summary import EFFECTS, Profile, contrast, depth_profile
from cmqa_tasks.writing.files import write_text
from cmqa_tasks.writing.markdown import plain, table
from cmqa_tasks.writing.pictures import COLOURS, FORMATS, drawing, save

_DIRECTION = "for what a panel names, if > 0"
_ROWS = {"last_prompt": "last prompt token", "generated": "generated tokens", "question": "question tokens"}
_POINTS: dict[str, Any] = {"marker": "o", "markersize": 2.5}
"""Layers are points: one between layers without a value still shows."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """What is drawn."""

    column: str
    label: str
    """With its unit."""
    title: str
    has_null: bool = False
    """Whether the null of shuffled labels is this quantity's."""
    has_contrasts: bool = False
    """Whether cross-modal and unimodal arms are compared."""


QUANTITIES = (
    Quantity("log_density_ratio", "log density ratio D (nats)", "Attention per token, A against B", True, True),
    Quantity(
        "matched_log_density_ratio",
        "log density ratio D, matched lengths (nats)",
        "Attention per token on equally many tokens, A against B",
        has_contrasts=True,
    ),
    Quantity("logit_gap", "logit gap M (nats)", "Mean pre-softmax logit, A minus B"),
    Quantity("log_norm_ratio", "log norm ratio (nats)", "Norm of what is read after the output projection, A against B"),
)


def draw(
    run_dir: Path,
    out_dir: Path,
    formats: Sequence[str] = FORMATS,
    *,
    aggregate: Aggregate = "last_prompt",
    relation: Compared | None = None,
) -> list[Path]:
    """Draw everything that was logged at or below a directory. Shards that were not merged yet are merged first.

    Args:
        run_dir: the run's output directory.
        out_dir: where the pictures go; made if it does not exist. Where the run holds several directories of statistics, each
            gets one below it, under the same name as in the run.
        formats: of matplotlib: ``png``, ``svg``, ``pdf``.
        aggregate: which query rows.
        relation: ``conflict`` or ``agree`` to draw such items only.

    Returns:
        The files written.

    Raises:
        StoreError: nothing was logged there, or no item has two segments.
        ImportError: matplotlib is not installed; the message says how to install it.
    """
    places = locate(run_dir)
    if not places:
        raise StoreError(f"no attention statistics at or below {run_dir}: was the run made with attention=on?")
    written: list[Path] = []
    for log in places:
        below = out_dir / log.relative_to(run_dir) if len(places) > 1 else out_dir
        written += draw_file(merge(log), below, formats, aggregate=aggregate, relation=relation)
    return written


def draw_file(
    path: Path,
    out_dir: Path,
    formats: Sequence[str] = FORMATS,
    *,
    aggregate: Aggregate = "last_prompt",
    relation: Compared | None = None,
) -> list[Path]:
    """Draw one merged file; see :func:`draw`."""
    about, written = read_metadata(path), list[Path]()
    gathered = [pools(path, quantity.column, aggregate=aggregate, relation=relation) for quantity in QUANTITIES]
    if not gathered[0]:
        raise StoreError(f"{path}: no item with two segments among those of {_selection(aggregate, relation)}")
    with drawing():
        out_dir.mkdir(parents=True, exist_ok=True)
        written += _write_contrasts(out_dir / "contrasts.md", about, gathered, _selection(aggregate, relation))
        for quantity, named_pools in zip(QUANTITIES, gathered, strict=True):
            for ending, some in _by_protocol(named_pools).items():
                protocol = f"; protocol {ending}" if ending else ""
                language = f"; asked in {labels.asked_in(ending)}" if any(map(labels.kinds, some)) else ""
                subtitle = f"{_model(about)}; {_selection(aggregate, relation)}{protocol}{language}"
                for name, figure in _figures(quantity, some, subtitle):
                    written += save(figure, out_dir / (f"{name}__{ending}" if ending else name), formats)
    return written


def _write_contrasts(path: Path, about: LogMetadata, gathered: Sequence[Mapping[str, Pool]], selection: str) -> list[Path]:
    """The table of contrasts of each quantity that has any; nothing where nothing can be compared."""
    parts = [f"# What moves attention: {plain(_model(about))}", f"{selection}; nats, over all layers and heads."]
    header = ["pieces", "protocol", "asked in", "> 0: more for", "facts", "mean", "95 % interval"]
    for quantity, named_pools in zip(QUANTITIES, gathered, strict=True):
        rows = [row for ending, some in _by_protocol(named_pools).items() for row in contrast_rows(some, ending)]
        if quantity.has_contrasts and rows:
            parts += [f"## {quantity.title}", table(header, rows, words=4)]
    return [write_text(path, "\n\n".join(parts) + "\n")] if len(parts) > 2 else []


def _figures(quantity: Quantity, named_pools: Mapping[str, Pool], subtitle: str) -> Iterator[tuple[str, Any]]:
    yield f"{quantity.column}_map", map_figure(quantity, named_pools, subtitle)
    yield f"{quantity.column}_depth", depth_figure(quantity, named_pools, subtitle)
    if quantity.has_contrasts and (figure := contrast_figure(quantity, named_pools, subtitle)) is not None:
        yield f"{quantity.column}_contrasts", figure


# Words


def _model(about: LogMetadata) -> str:
    settings = [
        about.revision if about.revision not in ("", "main") else "",
        about.dtype,
        f"bias {about.bias}" if about.bias else "",
    ]
    return ", ".join([about.model, *(setting for setting in settings if setting)])


def _selection(aggregate: str, relation: Compared | None) -> str:
    return f"query: {_ROWS[aggregate]}" + (f"; {relation} items" if relation else "")


def _by_protocol(named_pools: Mapping[str, Pool]) -> dict[str, dict[str, Pool]]:
    by_protocol: dict[str, dict[str, Pool]] = {}
    for name, pool in named_pools.items():
        by_protocol.setdefault(name.partition("__")[2], {})[name.partition("__")[0]] = pool
    return by_protocol


_label, _who = partial(labels.label, brief=True), partial(labels.who, brief=True)


def _panels(named_pools: Mapping[str, Pool]) -> dict[str, list[str]]:
    """Pools by what they vary, unimodal ones first."""
    panels: dict[str, list[str]] = {}
    for name in sorted(named_pools, key=labels.order):
        panels.setdefault(labels.family(name), []).append(name)
    return panels


# Figures


def _figure(width: float, height: float, title: str, subtitle: str) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(f"{title}\n{subtitle}", fontsize=10)
    return figure


def map_figure(quantity: Quantity, named_pools: Mapping[str, Pool], subtitle: str) -> Any:
    """Layer × head maps side by side on one scale, white at 0."""
    names = [name for panel in _panels(named_pools).values() for name in panel]
    columns = min(len(names), 4 if len(names) != 5 else 3)
    rows = math.ceil(len(names) / columns)
    figure = _figure(max(2.6 * columns + 1.4, 5.6), 2.9 * rows + 0.9, quantity.title, subtitle)
    axes = figure.subplots(rows, columns, squeeze=False)
    maps = {name: named_pools[name].map() for name in names}
    limit, clipped = _limit(maps.values())
    for index, ax in enumerate(axes.flat):
        if index >= len(names):
            ax.set_axis_off()
            continue
        name = names[index]
        image = ax.imshow(
            maps[name], cmap="RdBu_r", vmin=-limit, vmax=limit, origin="lower", aspect="auto", interpolation="nearest"
        )
        ax.set_facecolor("#bbbbbb")  # what was not measured
        ax.set_title(f"{_label(name)}\n{_who(named_pools[name])}")
        _layer_ticks(ax.yaxis, named_pools[name].layers)
        ax.spines[["top", "right"]].set_visible(True)
        ax.set_ylabel("layer" if index % columns == 0 else "")
        ax.set_xlabel("head" if index + columns >= len(names) else "")
        ax.xaxis.get_major_locator().set_params(integer=True)
    bar = {"extend": "both" if clipped else "neither", "extendfrac": 0.03, "aspect": 15 + 10 * rows}
    figure.colorbar(image, ax=axes, label=f"{quantity.label}, {_DIRECTION}", **bar)
    return figure


def _limit(maps: Collection[Array]) -> tuple[float, bool]:
    """The end of a scale that leaves out the outermost hundredth, and whether it leaves out anything."""
    values = np.abs(np.concatenate([values.ravel() for values in maps]))
    values = values[np.isfinite(values)]
    limit = float(np.quantile(values, 0.99)) if values.size else 0.0
    return (limit or 1.0), bool(values.size and limit and values.max() > limit)


def _layer_ticks(axis: Any, layers: Sequence[int]) -> None:
    """At most ten ticks, named by the layers' own indices: those recorded of a hybrid have gaps."""
    step = math.ceil(len(layers) / 10)
    axis.set_ticks(list(range(len(layers)))[::step], [str(layer) for layer in layers[::step]])


def depth_figure(quantity: Quantity, named_pools: Mapping[str, Pool], subtitle: str) -> Any:
    """Means over heads by depth with 95 % intervals over facts; unimodal arms dashed; the null where it is this quantity's."""
    panels = _panels(named_pools)
    figure = _figure(max(4.6 * len(panels) + 0.4, 6.4), 4.6, f"{quantity.title}, by depth", subtitle)
    axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for ax, (title, names) in zip(axes, panels.items(), strict=True):
        for colour, name in zip(_cycle(), sorted(names, key=labels.alike), strict=False):
            profile = depth_profile(named_pools[name])
            _line(
                ax,
                profile,
                f"{_label(name)} ({_who(named_pools[name])})",
                colour,
                dashed=labels.alike(name),
            )
            if quantity.has_null and not labels.alike(name):
                _null(ax, profile, colour)
        if quantity.has_null:
            ax.plot([], [], ":", color="#555555", label="shuffled labels: the null of the line of this colour")
        _finish(ax, title, named_pools[names[0]].layers)
    axes[0].set_ylabel(f"{quantity.label}, {_DIRECTION}")
    return figure


def contrast_figure(quantity: Quantity, named_pools: Mapping[str, Pool], subtitle: str) -> Any | None:
    """What kind and place of a piece do, by depth, a panel per cross-modal pool; None where nothing can be compared."""
    pairs = _compared(named_pools)
    if not pairs:
        return None
    words = "What the kind of a piece does to attention, and what its place", f"{subtitle}; {quantity.label}"
    figure = _figure(max(4.6 * len(pairs) + 0.4, 6.4), 5.2, *words)
    axes = figure.subplots(1, len(pairs), squeeze=False, sharey=True)[0]
    for ax, (name, alike) in zip(axes, pairs.items(), strict=True):
        seen = contrast(named_pools[name], [named_pools[other] for other in alike])
        for colour, effect in zip(_cycle(), EFFECTS, strict=False):
            values = seen.effect(effect)
            if not np.isfinite(values.mean).any():
                continue  # one order only
            ax.plot(range(len(seen.layers)), values.mean, color=colour, label=_effect_label(effect, name), **_POINTS)
            ax.fill_between(range(len(seen.layers)), values.low, values.high, color=colour, alpha=0.2, linewidth=0)
        _finish(ax, f"{_label(name)} ({len(seen.facts):,} facts)", named_pools[name].layers)
    axes[0].set_ylabel("nats")
    return figure


def _compared(named_pools: Mapping[str, Pool]) -> dict[str, list[str]]:
    """Cross-modal pools with their unimodal counterparts, where there are any."""
    names = [name for panel in _panels(named_pools).values() for name in panel if not labels.alike(name)]
    return {name: alike for name in names if (alike := _counterparts(name, named_pools))}


def _effect_label(effect: str, name: str) -> str:
    first, second = (labels.kind(kind, brief=True) for kind in labels.kinds(name))
    return {
        "modality": f"m: {first} over {second}, both orders",
        "position_across": f"p: first over second piece, {first} and {second}",
        "position_within": "p: first over second piece, two of one kind",
        "imbalance": "size of an item's D: two kinds − one kind",
    }[effect]


def contrast_rows(named_pools: Mapping[str, Pool], ending: str) -> list[list[str]]:
    """The effects over all layers as cells: pair, protocol, language of the question, effect, facts, mean and interval.

    Args:
        named_pools: of one protocol.
        ending: its name with the question's language, as tasks end in it; empty for the default.
    """
    rows = []
    for name, alike in _compared(named_pools).items():
        seen = contrast(named_pools[name], [named_pools[other] for other in alike], over_layers=True)
        for effect in EFFECTS:
            values = seen.effect(effect)
            if facts := int(values.facts[0]):
                interval = f"[{values.low[0]:+.3f}, {values.high[0]:+.3f}]" if facts > 1 else "–"
                cells = [_label(name), ending or "default", labels.asked_in(ending), _effect_label(effect, name)]
                rows.append([*cells, f"{facts:,}", f"{values.mean[0]:+.3f}", interval])
    return rows


def _counterparts(name: str, named_pools: Mapping[str, Pool]) -> list[str]:
    """The unimodal pools of a pool's two kinds, as far as they are there; a Chinese passage is compared with Chinese passages."""
    wanted = [f"{kind}_{kind}" for kind in labels.kinds(name)]
    return [pool for pool in wanted if pool in named_pools]


def _cycle() -> Iterator[str]:
    while True:
        yield from COLOURS


def _line(ax: Any, profile: Profile, label: str, colour: str, *, dashed: bool) -> None:
    places = range(len(profile.layers))
    ax.plot(places, profile.mean, "--" if dashed else "-", color=colour, label=label, linewidth=1.2 if dashed else 1.8, **_POINTS)
    ax.fill_between(places, profile.low, profile.high, color=colour, alpha=0.2, linewidth=0)


def _null(ax: Any, profile: Profile, colour: str) -> None:
    """The null's mean over these items, and where it lies 95 % of the time."""
    places, reach = range(len(profile.layers)), 1.96 * profile.null_sd
    ax.plot(places, profile.null_mean, ":", color=colour, linewidth=1.2)
    ax.fill_between(places, profile.null_mean - reach, profile.null_mean + reach, color=colour, alpha=0.1, linewidth=0)


def _finish(ax: Any, title: str, layers: Sequence[int]) -> None:
    over = "items" if title == "Other tasks" else "facts"
    ax.axhline(0, color="#888888", linewidth=0.8, zorder=0)
    ax.fill_between([], [], color="#555555", alpha=0.2, linewidth=0, label=f"95 % interval over {over}")
    _layer_ticks(ax.xaxis, layers)
    ax.set_xlabel("layer")
    ax.set_title(title)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=1)
