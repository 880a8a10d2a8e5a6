"""What solvers without understanding get on a release, by arm and by type of fact.

    PYTHONPATH=src python benchmarks/validity.py                          # the default release, all but pixels
    PYTHONPATH=src python benchmarks/validity.py v2 --pixels --by-type --types each_lacks counts_boosted slot
    PYTHONPATH=src python benchmarks/validity.py runs/mine --arms text_text en_zh --read pages.jsonl
    PYTHONPATH=src python benchmarks/validity.py --drawn 7 --facts 320    # what `cmqa build --seed 7` would draw

Needs scikit-learn (``pip install 'cmqa-tasks[benchmarks]'``). Three groups of rows:

* untrained: :data:`cmqa_tasks.scoring.shortcuts.UNTRAINED`, and ``seen_alone``: an item whose pieces all stand in single arms is
  a conflict;
* trained, in ten folds, no fact in two of them: ``counts`` and ``counts_boosted`` (how many values of the asked kind the pieces
  have and share, and the type of the fact; logistic regression and boosted trees), ``slot`` (the value that most often is the
  asked one at this place of this phrasing), ``pixels`` (the value of the nearest page among those of other facts, on the pixels
  that ever change; pages that show values by graphics alone);
* of the first kind, which compare nothing and should stand at one half: ``one_piece`` and ``two_pieces`` (letters of the
  passages), ``sizes`` (lengths, digits, bytes of the images), ``records`` (rank of the fact, variants of the pieces)
  and ``order`` (whether an item's number is even).

Each cell is ``balanced`` (recognition + 1 − false alarms) / 2: one half without any insight. What a reader of letters found on
the pages is taken from the file beside the release (``benchmarks/letters.py``), or from ``--read``: JSON lines of ``{"id":
evidence id, "lines": [[text, height in pixels], …]}``. With ``--drawn`` the words of a page are those of its markup, all of one
height: what a perfect reader of letters finds on a page that has decoys as large as answers. Pixels and sizes of pages need a
set that was built.
"""

from __future__ import annotations

import argparse
import html
import io
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
from PIL import Image
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cmqa_tasks.asking.items import items_of
from cmqa_tasks.facts import resources
from cmqa_tasks.facts.records import ARMS, SIDES, Arm, Fact, ImageEvidence, Piece, Side, evidence_id
from cmqa_tasks.facts.release import DEFAULT, IMAGES, TEXTS, Release, load, shipped
from cmqa_tasks.scoring.metrics import mean
from cmqa_tasks.scoring.shortcuts import UNTRAINED, Judged, Lines, Reader, alike, balanced_of, kept_letters
from cmqa_tasks.worlds.build.draw import Drawn, draw, layout, page, pages, texts
from cmqa_tasks.worlds.build.render import PAGE_SIZE
from cmqa_tasks.writing import markdown, numbers

FOLDS = 10
Calls = list[bool]
Solver = Callable[[Arm, list[Judged]], Calls]


@dataclass(frozen=True)
class _Gallery:
    labels: list[tuple[str, str, str]]
    """(fact, side, value) of each page."""
    pixels: npt.NDArray[np.float32]
    """Page × those of its pixels that change from page to page."""


class Probes:
    """All solvers over one release."""

    def __init__(self, release: Release, templates: Mapping[str, str], read_images: Mapping[str, Lines], pixels: bool) -> None:
        self.release = release
        self._templates = templates
        self._reader = Reader(self.release, read_images)
        self._alone = {
            (item.fact_id, piece)
            for arm in ARMS.values()
            if arm.single and self._has(arm)
            for item in items_of(arm, self.release)
            for piece in item.pieces
        }
        self.solvers: dict[str, Solver] = {
            name: (lambda arm, judged, calls=calls: [calls(entry.seen) for entry in judged]) for name, calls in UNTRAINED.items()
        }
        self.solvers |= {
            "seen_alone": self._seen_alone,
            "counts": lambda arm, judged: self._counts(judged, boosted=False),
            "counts_boosted": lambda arm, judged: self._counts(judged, boosted=True),
            "slot": self._slot,
            **({"pixels": self._pixels} if pixels else {}),
            "one_piece": lambda arm, judged: self._words(judged, joined=False),
            "two_pieces": lambda arm, judged: self._words(judged, joined=True),
            "sizes": lambda arm, judged: _crossed(np.array([self._sizes(entry) for entry in judged]), judged, boosted=True),
            "records": lambda arm, judged: _crossed(np.array([_record(entry) for entry in judged]), judged, boosted=True),
            "order": lambda arm, judged: [number % 2 == 0 for number in range(len(judged))],
        }

    def _has(self, arm: Arm) -> bool:
        drawn = items_of(arm, self.release)
        return all(self.release.has(item.fact_id, piece) for item in drawn for piece in item.pieces)

    def arms(self, names: Sequence[str]) -> list[Arm]:
        """The arms with two pieces that the release has evidence for."""
        return [arm for arm in ARMS.values() if not arm.single and (not names or arm.name in names) and self._has(arm)]

    def judged(self, arm: Arm) -> list[Judged]:
        """The items of an arm, in its order."""
        return list(self._reader.judged(arm))

    def _template(self, entry: Judged, piece: Piece) -> str:
        name = self._templates[_evidence(entry.fact, piece)]
        return f"{name}/{entry.fact.type}/{piece.language}"

    def _seen_alone(self, arm: Arm, judged: list[Judged]) -> Calls:
        return [all((entry.fact.id, piece) in self._alone for piece in entry.item.pieces) for entry in judged]

    def _counts(self, judged: list[Judged], *, boosted: bool) -> Calls:
        types = sorted({_type(entry.fact) for entry in judged})
        table = [[*_overlap(entry), *(float(_type(entry.fact) == name) for name in types)] for entry in judged]
        return _crossed(np.array(table), judged, boosted=boosted)

    def _slot(self, arm: Arm, judged: list[Judged]) -> Calls:
        """Where the asked value stands in a phrasing is learned on other facts; then the values in these places are compared."""
        calls: Calls = [False] * len(judged)
        for train, test in _folds(judged):
            votes: dict[str, Counter[int]] = defaultdict(Counter)
            for number in train:
                entry = judged[number]
                for piece, values in zip(entry.item.pieces, entry.seen.values, strict=True):
                    right = entry.fact.value(piece.side).canonical
                    places = {k for k, value in enumerate(values) if alike(value, right)}
                    places |= {k - len(values) for k in places}  # counted from the end as well
                    votes[self._template(entry, piece)].update(places)
            slots = {template: counter.most_common(1)[0][0] for template, counter in votes.items() if counter}
            for number in test:
                entry = judged[number]
                found = [
                    _at(values, slots.get(self._template(entry, piece)))
                    for piece, values in zip(entry.item.pieces, entry.seen.values, strict=True)
                ]
                calls[number] = found[0] is not None and found[1] is not None and not alike(found[0], found[1])
        return calls

    def _pixels(self, arm: Arm, judged: list[Judged]) -> Calls:
        """The value of a page is that of the nearest page of other facts; it is looked for in the other piece."""
        calls: Calls = [False] * len(judged)
        for number, entry in enumerate(judged):
            if not entry.fact.graphical:
                continue
            values = [
                [self._nearest_page(entry.fact.id, piece)] if piece.modality == "image" else list(seen)
                for piece, seen in zip(entry.item.pieces, entry.seen.values, strict=True)
            ]
            calls[number] = all(values) and not any(alike(one, other) for one in values[0] for other in values[1])
        return calls

    def _nearest_page(self, fact_id: str, piece: Piece) -> str:
        gallery = self._gallery(_type(self.release.facts[fact_id]), piece.language, piece.variant)
        row = next(n for n, (fact, side, _) in enumerate(gallery.labels) if (fact, side) == (fact_id, piece.side))
        own = np.array([fact == fact_id for fact, _, _ in gallery.labels])
        distances = np.abs(gallery.pixels - gallery.pixels[row]).mean(axis=1)
        return gallery.labels[int(np.where(own, np.inf, distances).argmin())][2]

    @cache  # noqa: B019 - lives as long as the program
    def _gallery(self, kind: str, language: str, variant: int) -> _Gallery:
        """The pages of a type of fact in one language and layout."""
        labels: list[tuple[str, str, str]] = []
        pages: list[npt.NDArray[np.uint8]] = []
        for fact in self.release.facts.values():
            for side in SIDES if _type(fact) == kind else ():
                piece = Piece(modality="image", language=language, side=side, variant=variant)
                if self.release.has(fact.id, piece):
                    with Image.open(io.BytesIO(self.release.image(fact.id, piece))) as image:
                        pages.append(np.asarray(image.convert("L").reduce(2)).ravel())
                    labels.append((fact.id, side, fact.value(side).canonical))
        stack = np.stack(pages)
        return _Gallery(labels, stack[:, _changing(labels, stack)].astype(np.float32))

    def _words(self, judged: list[Judged], *, joined: bool) -> Calls:
        passages = [
            [self.release.text(entry.fact.id, piece) for piece in entry.item.pieces if piece.modality == "text"]
            for entry in judged
        ]
        if not all(passages):
            return [False] * len(judged)
        right = np.array([entry.item.relation == "conflict" for entry in judged])
        rows = [" ¦ ".join(pair) if joined else pair[0] for pair in passages]
        calls: Calls = [False] * len(judged)
        for train, test in _folds(judged):
            model = make_pipeline(
                TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), min_df=3, sublinear_tf=True, max_features=60_000),
                LogisticRegression(C=4.0, max_iter=2_000),
            )
            model.fit([rows[number] for number in train], right[train])
            for number, call in zip(test, model.predict([rows[number] for number in test]), strict=True):
                calls[number] = bool(call)
        return calls

    def _sizes(self, entry: Judged) -> list[float]:
        sizes: list[float] = []
        for piece in entry.item.pieces:
            if piece.modality == "image":
                sizes += [float(len(self.release.image(entry.fact.id, piece))), 0.0]
            else:
                text = self.release.text(entry.fact.id, piece)
                sizes += [float(len(text)), float(sum(letter.isdigit() for letter in text))]
        return [*sizes, sizes[0] - sizes[2], sizes[1] - sizes[3]]


def _directory(source: str) -> Path:
    return resources.releases_dir() / source if source in shipped() else Path(source)


def opened(source: str) -> tuple[Release, dict[str, str]]:
    """A release by name or directory, and the template of each of its pieces of evidence."""
    directory = _directory(source)
    rows = [row for name in (TEXTS, IMAGES) for row in pq.read_table(directory / name, columns=["id", "template"]).to_pylist()]
    return load(source), {row["id"]: row["template"] for row in rows}


def drawn(seed: int, facts: int, held_out: bool) -> tuple[Release, dict[str, str], dict[str, Lines]]:
    """As :func:`opened`, of a new set whose pages stay HTML; and their words, as a perfect reader of letters would find them."""
    numbers = [draw(seed, number, held_out=held_out) for number in range(facts)]
    written = [text for fact in numbers for text in texts(fact)]
    images = [_markup(fact, *place) for fact in numbers for place in pages(fact.fact)]
    release = Release.from_records("drawn", [fact.fact for fact in numbers], written, images, crossed=True)
    words = {image.id: [(line, 1.0) for line in _words_of(image.image.decode())] for image in images}
    return release, {evidence.id: evidence.template for evidence in (*written, *images)}, words


def _markup(fact: Drawn, language: str, side: Side, variant: int) -> ImageEvidence:
    width, height = PAGE_SIZE
    return ImageEvidence(
        id=evidence_id(fact.fact.id, side, "image", language, variant),
        fact_id=fact.fact.id,
        side=side,
        language=language,
        variant=variant,
        template=layout(fact.fact.world, variant),
        image=page(fact, side, language, variant).encode(),
        width=width,
        height=height,
    )


def _words_of(markup: str) -> list[str]:
    """The lines of a page, without what its head holds."""
    body = html.unescape(re.sub(r"<[^>]+>", "\n", markup.partition("</head>")[2]))
    return [line for line in map(str.strip, body.splitlines()) if line]


def _changing(labels: list[tuple[str, str, str]], stack: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """The pixels that tell a fact's two values apart, of some fact; where no fact has both pages, those that ever change."""
    rows = {(fact, side): row for row, (fact, side, _) in enumerate(labels)}
    pairs = [(rows[fact, "a"], rows[fact, "b"]) for fact, side in rows if side == "a" and (fact, "b") in rows]
    if not pairs:
        return np.asarray(stack.std(axis=0) > 4)
    return np.any([np.abs(stack[a].astype(np.int16) - stack[b]) > 16 for a, b in pairs], axis=0)


def _evidence(fact: Fact, piece: Piece) -> str:
    return evidence_id(fact.id, piece.side, piece.modality, piece.language, piece.variant)


def _type(fact: Fact) -> str:
    return f"{fact.world}/{fact.type}"


def _at(values: Sequence[str], place: int | None) -> str | None:
    return values[place] if place is not None and -len(values) <= place < len(values) else None


def _overlap(entry: Judged) -> list[float]:
    """How many values the pieces have, share and do not share, and how often they repeat them."""
    first, second = (list(dict.fromkeys(values)) for values in entry.seen.values)
    shared = sum(any(alike(one, other) for other in second) for one in first)
    counts = [len(first), len(second), shared, len(first) - shared, len(second) - shared, len(first) + len(second) - shared]
    return [float(count) for count in (*counts, *map(len, entry.seen.values))]


def _record(entry: Judged) -> list[float]:
    bits = [float(entry.fact.index >> place & 1) for place in range(5)]
    return [*bits, float(entry.fact.index), *(float(piece.variant) for piece in entry.item.pieces)]


def _folds(judged: list[Judged]) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    groups = [entry.fact.id for entry in judged]
    return list(GroupKFold(min(FOLDS, len(set(groups)))).split(groups, groups=groups))


def _crossed(table: npt.NDArray[np.float64], judged: list[Judged], *, boosted: bool) -> Calls:
    """What a classifier of the rows calls, each item by a model that has not seen its fact."""
    right = np.array([entry.item.relation == "conflict" for entry in judged])
    calls: Calls = [False] * len(judged)
    for train, test in _folds(judged):
        model = (
            HistGradientBoostingClassifier(max_iter=150, learning_rate=0.1, max_leaf_nodes=15, min_samples_leaf=5, random_state=0)
            if boosted
            else make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=2_000))
        )
        for number, call in zip(test, model.fit(table[train], right[train]).predict(table[test]), strict=True):
            calls[number] = bool(call)
    return calls


def by_type(arm: Arm, judged: list[Judged], calls: Calls) -> dict[str, float]:
    """``balanced`` of each type of fact."""
    groups: dict[str, list[tuple[Judged, bool]]] = defaultdict(list)
    for entry, call in zip(judged, calls, strict=True):
        groups[_type(entry.fact)].append((entry, call))
    return {name: balanced_of(arm, group) for name, group in sorted(groups.items())}


def _read(path: str | None) -> dict[str, Lines]:
    if path is None:
        return {}
    rows = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return {row["id"]: [(text, float(height)) for text, height in row["lines"]] for row in rows}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("release", nargs="?", default=DEFAULT, help="a release by name or directory (default: %(default)s)")
    parser.add_argument("--arms", nargs="+", default=[], help="arms with two pieces (default: all that the release has)")
    parser.add_argument("--solvers", nargs="+", default=[], help="rows of the table (default: all)")
    parser.add_argument("--by-type", action="store_true", help="all solvers by type, the mean over the arms")
    parser.add_argument("--types", nargs="+", default=[], help="solvers to print by type as well")
    parser.add_argument(
        "--drawn",
        type=int,
        metavar="SEED",
        help="draw a new set instead of opening a release, its pages as markup",
    )
    parser.add_argument("--facts", type=int, default=320, help="how many facts to draw (default: %(default)s)")
    parser.add_argument("--held-out", action="store_true", help="draw them in held-out phrasings")
    parser.add_argument("--pixels", action="store_true", help="the nearest page too (minutes)")
    parser.add_argument("--read", help="JSON lines of what a reader of letters found on the pages")
    given = parser.parse_args()
    words = _read(given.read)
    if given.drawn is None:
        release, templates = opened(given.release)
        words = words or kept_letters(_directory(given.release), release)
    else:
        release, templates, words = drawn(given.drawn, given.facts, given.held_out)
    probes = Probes(release, templates, words, given.pixels)
    arms = probes.arms(given.arms)
    solvers = given.solvers or list(probes.solvers)
    table: dict[str, dict[str, float]] = {name: {} for name in solvers}
    types: dict[str, dict[str, dict[str, float]]] = {name: {} for name in (solvers if given.by_type else given.types)}
    for arm in arms:
        judged = probes.judged(arm)
        for name in dict.fromkeys([*solvers, *given.types]):
            calls = probes.solvers[name](arm, judged)
            table.setdefault(name, {})[arm.name] = balanced_of(arm, zip(judged, calls, strict=True))
            if name in types:
                types[name][arm.name] = by_type(arm, judged, calls)
    header = [arm.name for arm in arms]
    cells = [[name, *(numbers.number(row[arm]) for arm in header)] for name, row in table.items()]
    print(markdown.table(["solver", *header], cells, 1))
    if given.by_type:
        kinds = sorted({kind for by_arm in types.values() for cells in by_arm.values() for kind in cells})
        means = {
            name: [mean(cells[kind] for cells in by_arm.values() if kind in cells) for kind in kinds]
            for name, by_arm in types.items()
        }
        cells = [[kind, *(numbers.number(means[name][row]) for name in solvers)] for row, kind in enumerate(kinds)]
        print(f"\n{markdown.table(['type', *solvers], cells, 1)}")
    for name, by_arm in ((name, types[name]) for name in given.types):
        rows = sorted({kind for cells in by_arm.values() for kind in cells})
        cells = [[kind, *(numbers.number(by_arm[arm].get(kind)) for arm in header)] for kind in rows]
        cells.append(["mean of types", *(numbers.number(mean(by_arm[arm].values())) for arm in header)])
        print(f"\n{name}\n\n{markdown.table(['type', *header], cells, 1)}")


if __name__ == "__main__":
    main()
