"""A release: facts and their evidence, on disk as Parquet with checksums, or in memory from a user's own records.

On disk a release is a directory of ``facts.parquet``, ``texts.parquet``, ``images.parquet``, ``release.json`` (its metadata, with
the SHA-256 of each file) and ``README.md`` (the dataset card, rendered from the metadata).

    >>> release = load("v2")
    >>> release.name, len(release.facts) >= 320
    ('v2', True)
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Protocol, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field, ValidationError

from cmqa_tasks.facts import resources
from cmqa_tasks.facts.records import Fact, FrozenRecord, ImageEvidence, Piece, TextEvidence, evidence_id, fact_of_row
from cmqa_tasks.writing.problems import first_problem

DEFAULT = "v2"
"""The release that tasks use unless told otherwise."""
CROSSED_FORMAT = 2
"""From this ``format`` on, items of a release are crossed."""
METADATA = "release.json"
CARD = "README.md"
FACTS, TEXTS, IMAGES = "facts.parquet", "texts.parquet", "images.parquet"
_CACHED_ROW_GROUPS = 8
_Content = TypeVar("_Content")


class ReleaseError(ValueError):
    """A release is missing, incomplete or altered; the message says which file and what is wrong."""


class FileInfo(FrozenRecord):
    """One file of a release."""

    sha256: str
    bytes: int = Field(ge=0)
    rows: int = Field(ge=0)


class ReleaseMetadata(FrozenRecord):
    """What ``release.json`` says."""

    format: int = 1
    name: str
    seed: int
    facts: int = Field(gt=0)
    fewshot: int = Field(default=0, ge=0)
    """So many further facts, the last ones in the file, are in no item: few-shot examples are made of them."""
    held_out: bool = False
    """Whether its facts are told in held-out phrasings."""
    languages: tuple[str, ...]
    page_size: tuple[int, int]
    """Width and height of the page images in pixels."""
    versions: dict[str, str]
    """Of what made it: this package, the browser, Pillow, …"""
    files: dict[str, FileInfo]


class _Contents(Protocol):
    """Where texts and images come from."""

    def text(self, evidence: str) -> str: ...

    def image(self, evidence: str) -> bytes: ...

    def has_image(self, evidence: str) -> bool: ...


class Release:
    """Facts by id, in order, and the content of their evidence. Cheap to open: images are read when asked for."""

    def __init__(
        self,
        name: str,
        facts: Iterable[Fact],
        contents: _Contents,
        fingerprint: str,
        *,
        crossed: bool = False,
        fewshot: Iterable[Fact] = (),
    ) -> None:
        self.name = name
        self.facts: Mapping[str, Fact] = {fact.id: fact for fact in facts}
        """The facts that models are asked about."""
        self.fewshot_facts: Mapping[str, Fact] = {fact.id: fact for fact in fewshot}
        """Further facts, for few-shot examples: their evidence is here, but no item is about them. Older sets have none."""
        self.fingerprint = fingerprint
        """Hash of everything in it, for results files."""
        self.crossed = crossed
        """Whether its items cross the values of both pieces, and need not all evidence; else they are twins.
        See :mod:`cmqa_tasks.asking.items`."""
        self._contents = contents

    @classmethod
    def from_records(
        cls,
        name: str,
        facts: Sequence[Fact],
        texts: Iterable[TextEvidence] = (),
        images: Iterable[ImageEvidence] = (),
        *,
        crossed: bool = False,
    ) -> Release:
        """A release in memory, from a user's own records."""
        contents = _Memory({text.id: text.text for text in texts}, {image.id: image.image for image in images})
        return cls(name, facts, contents, contents.fingerprint([fact.id for fact in facts]), crossed=crossed)

    def fact(self, fact_id: str) -> Fact:
        """A fact by id, one for few-shot examples as well.

        Raises:
            KeyError: there is none.
        """
        return self.facts[fact_id] if fact_id in self.facts else self.fewshot_facts[fact_id]

    def text(self, fact_id: str, piece: Piece) -> str:
        """The passage of a piece.

        Raises:
            ReleaseError: this release has no such passage.
        """
        return self._find(self._contents.text, fact_id, piece)

    def image(self, fact_id: str, piece: Piece) -> bytes:
        """The encoded image of a piece.

        Raises:
            ReleaseError: this release has no such image.
        """
        return self._find(self._contents.image, fact_id, piece)

    def require(self, fact_id: str, piece: Piece) -> None:
        """Make sure that a piece's evidence exists, without reading images.

        Raises:
            ReleaseError: it does not.
        """
        if piece.modality == "text":
            self.text(fact_id, piece)
        elif not self._contents.has_image(_id_of(fact_id, piece)):
            raise self._missing(fact_id, piece)

    def has(self, fact_id: str, piece: Piece) -> bool:
        """Whether a piece's evidence exists."""
        try:
            self.require(fact_id, piece)
        except ReleaseError:
            return False
        return True

    def _find(self, lookup: Callable[[str], _Content], fact_id: str, piece: Piece) -> _Content:
        try:
            return lookup(_id_of(fact_id, piece))
        except KeyError:
            raise self._missing(fact_id, piece) from None

    def _missing(self, fact_id: str, piece: Piece) -> ReleaseError:
        return ReleaseError(
            f"release {self.name!r} has no {piece.modality} of fact {fact_id!r} in language {piece.language!r} for "
            f"value {piece.side!r}, variant {piece.variant}"
        )


def _id_of(fact_id: str, piece: Piece) -> str:
    return evidence_id(fact_id, piece.side, piece.modality, piece.language, piece.variant)


class _Memory:
    def __init__(self, texts: Mapping[str, str], images: Mapping[str, bytes]) -> None:
        self._texts, self._images = texts, images

    def text(self, evidence: str) -> str:
        return self._texts[evidence]

    def image(self, evidence: str) -> bytes:
        return self._images[evidence]

    def has_image(self, evidence: str) -> bool:
        return evidence in self._images

    def fingerprint(self, facts: Iterable[str]) -> str:
        digest = hashlib.sha256("".join(facts).encode())
        for identity, text in sorted(self._texts.items()):
            digest.update(f"{identity}{text}".encode())
        for identity, image in sorted(self._images.items()):
            digest.update(identity.encode() + image)
        return digest.hexdigest()


class _Parquet:
    """Texts at once (they are small), images by row group with a few of them kept: memory stays flat in their number.

    A lock guards the reader, which threads of API models share; it is left behind when the object is pickled.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._row_group = lru_cache(maxsize=_CACHED_ROW_GROUPS)(self._read_row_group)

    def __reduce__(self) -> tuple[type[_Parquet], tuple[Path]]:
        return _Parquet, (self._directory,)

    @cached_property
    def _texts(self) -> dict[str, str]:
        table = pq.read_table(self._directory / TEXTS, columns=["id", "text"])
        return dict(zip(table["id"].to_pylist(), table["text"].to_pylist(), strict=True))

    @cached_property
    def _images(self) -> pq.ParquetFile:
        return pq.ParquetFile(self._directory / IMAGES)

    @cached_property
    def _rows(self) -> dict[str, tuple[int, int]]:
        """Row group of each image, and its row there."""
        groups = range(self._images.num_row_groups)
        ids = (self._images.read_row_group(group, columns=["id"])["id"].to_pylist() for group in groups)
        return {identity: (group, row) for group, members in enumerate(ids) for row, identity in enumerate(members)}

    def _read_row_group(self, group: int) -> list[bytes]:
        column = self._images.read_row_group(group, columns=["image"])["image"]
        return [image["bytes"] for image in column.to_pylist()]

    def text(self, evidence: str) -> str:
        return self._texts[evidence]

    def has_image(self, evidence: str) -> bool:
        with self._lock:
            return evidence in self._rows

    def image(self, evidence: str) -> bytes:
        with self._lock:
            group, row = self._rows[evidence]
            return self._row_group(group)[row]


@lru_cache(maxsize=4)
def load(source: str | Path = DEFAULT) -> Release:
    """Open a release by name (one that ships with the package) or by directory, after checking every file's SHA-256.

    Raises:
        ReleaseError: no such release, or a file of it is missing, truncated or altered.
    """
    directory = _directory_of(source)
    metadata = read_metadata(directory)
    for name, info in metadata.files.items():
        _check_file(directory / name, info)
    try:
        facts = [fact_of_row(row) for row in pq.read_table(directory / FACTS).to_pylist()]
    except pa.ArrowException as error:
        raise ReleaseError(f"{directory / FACTS}: {error}") from error
    except ValidationError as error:
        raise ReleaseError(f"{directory / FACTS}: {first_problem(error)}") from error
    fingerprint = hashlib.sha256("".join(info.sha256 for _, info in sorted(metadata.files.items())).encode()).hexdigest()
    if len(facts) != metadata.facts + metadata.fewshot:
        said = f"{metadata.facts} facts and {metadata.fewshot} for few-shot examples"
        raise ReleaseError(f"{directory / FACTS} has {len(facts)} facts, its release says {said}")
    return Release(
        metadata.name,
        facts[: metadata.facts],
        _Parquet(directory),
        fingerprint,
        crossed=metadata.format >= CROSSED_FORMAT,
        fewshot=facts[metadata.facts :],
    )


def read_metadata(directory: Path) -> ReleaseMetadata:
    """Read and check ``release.json``.

    Raises:
        ReleaseError: it is missing, not valid, or lacks a file.
    """
    path = directory / METADATA
    try:
        metadata = ReleaseMetadata.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise ReleaseError(f"{directory} is no release: it has no {METADATA}") from None
    except ValidationError as error:
        raise ReleaseError(f"{path}: {first_problem(error)}") from error
    if missing := {FACTS, TEXTS, IMAGES} - metadata.files.keys():
        raise ReleaseError(f"{path}: no entry for {', '.join(sorted(missing))}")
    return metadata


def shipped() -> tuple[str, ...]:
    """Names of the releases that ship with the package."""
    return tuple(sorted(path.parent.name for path in resources.releases_dir().glob(f"*/{METADATA}")))


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hex, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _directory_of(source: str | Path) -> Path:
    if isinstance(source, str) and source in shipped():
        return resources.releases_dir() / source
    directory = Path(source)
    if not directory.is_dir():
        raise ReleaseError(
            f"no release {str(source)!r}: neither a directory nor one of {', '.join(shipped()) or '(none)'}; "
            "a file of your own facts ends in .jsonl"
        )
    return directory


def _check_file(path: Path, info: FileInfo) -> None:
    if not path.is_file():
        raise ReleaseError(f"{path} is missing")
    if path.stat().st_size != info.bytes:
        raise ReleaseError(f"{path} has {path.stat().st_size} bytes, its release says {info.bytes}: truncated or altered")
    if (actual := sha256_of(path)) != info.sha256:
        raise ReleaseError(f"{path} has SHA-256 {actual}, its release says {info.sha256}: it was altered")
