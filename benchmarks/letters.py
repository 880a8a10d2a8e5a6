"""What a reader of letters finds on a release's pages (RapidOCR: PP-OCRv4, English and Chinese), kept beside the release.

    PYTHONPATH=src python benchmarks/letters.py v2 --out src/cmqa_tasks/data/v2/letters.jsonl.gz    # 20 minutes of a core
    PYTHONPATH=src python benchmarks/letters.py v2 --scale 0.667 --facts 80    # pages at two thirds of their size

Needs the extra ``ocr`` (Apache-2.0, on Python up to 3.12; its models come inside the package, nothing is fetched). Prints the
share of pages, by type of fact and language, on which the asked value is read where it is written; types that are shown by
graphics alone have nothing to read. The file has one JSON line a page, ``{"id": evidence id, "lines": [[text, height], …]}``,
behind a first line that says of which release and by which reader. ``benchmarks/validity.py`` takes it from there.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import importlib.metadata
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
from PIL import Image

from cmqa_tasks.facts import resources
from cmqa_tasks.facts.records import Fact
from cmqa_tasks.facts.release import IMAGES, Release, load, shipped
from cmqa_tasks.scoring.metrics import mean
from cmqa_tasks.scoring.shortcuts import Lines
from cmqa_tasks.writing import markdown, numbers
from cmqa_tasks.writing.files import atomic

READER = "rapidocr-onnxruntime"
PLACES = ("id", "fact_id", "side", "language", "variant")
_LEAST_SURE = 0.5
_CURRENCY = re.compile(r"[$£€¥]|[a-z]{3}$|us\b")
_reader: LetterReader | None = None


class LetterReader:
    """Finds lines of text on a picture. Every line is recognised by itself, and once: pages have most of theirs in common."""

    def __init__(self) -> None:
        from rapidocr_onnxruntime import RapidOCR

        self._engine = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)
        self._known: dict[bytes, tuple[str, float]] = {}

    def lines(self, picture: npt.NDArray[np.uint8]) -> list[tuple[str, int]]:
        """Text and height in pixels of each line, from top to bottom; ``picture`` is [height × width × BGR]."""
        boxes, _ = self._engine.auto_text_det(picture)
        if boxes is None:
            return []
        crops = self._engine.get_crop_img_list(picture, boxes)
        read = [(*self._recognised(crop), round(float(np.ptp(box[:, 1])))) for box, crop in zip(boxes, crops, strict=True)]
        return [(text, height) for text, sure, height in read if sure >= _LEAST_SURE]

    def _recognised(self, crop: npt.NDArray[np.uint8]) -> tuple[str, float]:
        key = hashlib.sha256(str(crop.shape).encode() + crop.tobytes()).digest()
        if key not in self._known:
            ((text, sure, *_),), _ = self._engine.text_rec([crop])
            self._known[key] = text, float(sure)
        return self._known[key]


def _start() -> None:
    global _reader
    _reader = LetterReader()


def _read_rows(file: str, group: int, facts: frozenset[str], scale: float) -> list[tuple[dict[str, object], Lines]]:
    """The pages of one row group that are of these facts."""
    assert _reader is not None, "_start was not called in this process"
    pages = []
    for row in pq.ParquetFile(file).read_row_group(group, columns=[*PLACES, "image"]).to_pylist():
        if row["fact_id"] not in facts:
            continue
        with Image.open(io.BytesIO(row["image"]["bytes"])) as image:
            page = image.convert("RGB")
        if scale != 1.0:
            page = page.resize((round(page.width * scale), round(page.height * scale)), Image.Resampling.LANCZOS)
        pages.append(({key: row[key] for key in PLACES}, _reader.lines(np.asarray(page)[:, :, ::-1])))
    return pages


def read_pages(directory: Path, facts: frozenset[str], scale: float, workers: int) -> Iterator[tuple[dict[str, object], Lines]]:
    """Every page of these facts: where it stands (:data:`PLACES`), and what it says."""
    groups = range(pq.ParquetFile(directory / IMAGES).num_row_groups)
    with ProcessPoolExecutor(workers, initializer=_start) as pool:
        jobs = [pool.submit(_read_rows, str(directory / IMAGES), group, facts, scale) for group in groups]
        for job in jobs:
            yield from job.result()


def is_read(fact: Fact, side: str, language: str, lines: Lines) -> bool:
    """Whether a line has a value's letters in any of its forms, as no part of a longer number or word.

    White space does not count (the reader drops it), nor does the sign of a currency, which it does not know.
    """
    value = fact.a if side == "a" else fact.b
    forms = {_CURRENCY.sub("", "".join(form.split()).lower()) for form in value.surface[language]}
    wanted = "|".join(re.escape(form) for form in forms if form)
    return any(re.search(rf"(?<![\d.,])(?:{wanted})(?![\d]|[.,]\d)", "".join(line.split()).lower()) for line, _ in lines)


def shares_read(release: Release, pages: list[tuple[dict[str, object], Lines]]) -> str:
    """A table of the share of pages whose asked value is read, by type and language, types with graphics alone left out."""
    read: Mapping[tuple[str, str], list[bool]] = defaultdict(list)
    for place, lines in pages:
        fact = release.fact(str(place["fact_id"]))
        if not fact.graphical:
            hit = is_read(fact, str(place["side"]), str(place["language"]), lines)
            read[f"{fact.world}/{fact.type}", str(place["language"])].append(hit)
    languages = sorted({language for _, language in read})
    rows = []
    for kind in sorted({kind for kind, _ in read}):
        rows.append([kind, *(_cell(read[kind, language]) for language in languages)])
    rows.append(
        ["all", *(_cell([hit for (_, of), hits in read.items() if of == language for hit in hits]) for language in languages)]
    )
    return markdown.table(["written values read", *languages], rows, 1)


def _cell(hits: list[bool]) -> str:
    return f"{numbers.number(mean([float(hit) for hit in hits]))} ({len(hits)})"


def directory_of(source: str) -> Path:
    """Where a release's files lie, by its name or directory."""
    return resources.releases_dir() / source if source in shipped() else Path(source)


def write(out: Path, release: Release, pages: list[tuple[dict[str, object], Lines]]) -> None:
    """Write what was read, the same bytes for the same pages."""
    head = {"release": release.name, "release_sha256": release.fingerprint}
    head["reader"] = f"{READER} {importlib.metadata.version(READER)}"
    rows = [head, *({"id": place["id"], "lines": lines} for place, lines in pages)]
    blob = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    with atomic(out) as partial:
        partial.write_bytes(gzip.compress(blob.encode(), mtime=0))


def main() -> None:
    """Read, print what share was read, and keep it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("release", help="a release by name or directory")
    parser.add_argument("--out", type=Path, help="where to keep what is read")
    parser.add_argument("--scale", type=float, default=1.0, help="the pages' size when they are read (default: %(default)s)")
    parser.add_argument("--facts", type=int, help="how many facts, the first ones (default: all)")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    release = load(given.release)
    facts = frozenset(list(release.facts)[: given.facts])
    pages = list(read_pages(directory_of(given.release), facts, given.scale, given.workers))
    print(shares_read(release, pages))
    if given.out:
        write(given.out, release, pages)


if __name__ == "__main__":
    main()
