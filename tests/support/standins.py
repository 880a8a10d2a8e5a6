"""Stand-ins for benchmarks of the hub, in their own columns, where Hugging Face datasets looks for what was downloaded before.

Every row is made here: pictures of noise and questions without sense. The columns are those that lmms-eval 0.7.3's tasks read,
with the others that the data sets have as far as is known. The task files run unchanged on them, offline, by their own names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from datasets import DatasetInfo, Features, Image, List, Value
from datasets.arrow_writer import ArrowWriter
from datasets.naming import camelcase_to_snakecase
from PIL import Image as Pictures

TEXT = Value("string")
LETTERS = "AB"
BLINK = (
    "Art_Style Counting Forensic_Detection Functional_Correspondence IQ_Test Jigsaw Multi-view_Reasoning Object_Localization "
    "Relative_Depth Relative_Reflectance Semantic_Correspondence Spatial_Relation Visual_Correspondence Visual_Similarity"
).split()
"""Its subsets."""


def write(home: Path) -> None:
    """Write all of them into the cache of a ``HF_HOME``."""
    root = home / "datasets"
    for number, subset in enumerate(BLINK):
        rows = [_blink(subset, 3 * number + row) for row in range(3)]
        _cache(root, "BLINK-Benchmark/BLINK", subset, "val", _BLINK, rows)
    _cache(root, "lmms-lab-encoder/MMMU", "default", "validation", _MMMU, [_mmmu(row) for row in range(12)])
    _cache(root, "AI4Math/MathVista", "default", "testmini", _MATHVISTA, [_mathvista(row) for row in range(6)])
    _cache(root, "lmms-lab-encoder/ScienceQA", "ScienceQA-IMG", "test", _SCIENCEQA, [_scienceqa(row) for row in range(12)])


def _cache(root: Path, repository: str, config: str, split: str, columns: Mapping[str, Any], rows: Sequence[Any]) -> None:
    owner, name = repository.split("/")
    name = camelcase_to_snakecase(name)
    directory = root / f"{owner}___{name}" / config / "0.0.0" / ("0" * 40)
    directory.mkdir(parents=True)
    features = Features(dict(columns))
    writer = ArrowWriter(features=features, path=str(directory / f"{name}-{split}.arrow"))
    for row in rows:
        writer.write(features.encode_example(row))
    examples, size = writer.finalize()
    about = {"name": split, "num_bytes": size, "num_examples": examples, "dataset_name": name}
    info = {"builder_name": "parquet", "dataset_name": name, "config_name": config, "version": "0.0.0"}
    DatasetInfo(features=features, splits={split: about}, **info).write_to_directory(str(directory))


def _picture(seed: int) -> Pictures.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    return Pictures.fromarray(noise)


_BLINK = (
    {"idx": TEXT, "question": TEXT, "sub_task": TEXT}
    | {f"image_{number}": Image() for number in range(1, 5)}
    | {"choices": List(TEXT), "answer": TEXT, "prompt": TEXT}
)


def _blink(subset: str, row: int) -> dict[str, Any]:
    question = f"Is the answer to question {row} yes?"
    second = {"image_2": _picture(row + 1) if row % 2 else None, "image_3": None, "image_4": None}
    return second | {
        "idx": f"val_{subset}_{row}",
        "question": question,
        "sub_task": subset,
        "image_1": _picture(row),
        "choices": ["yes", "no"],
        "answer": f"({LETTERS[row % 2]})",
        "prompt": f"{question}\n(A) yes\n(B) no",
    }


_MMMU = (
    {"id": TEXT, "question": TEXT, "options": TEXT, "explanation": TEXT}
    | {f"image_{number}": Image() for number in range(1, 8)}
    | dict.fromkeys(("img_type", "answer", "topic_difficulty", "question_type", "subfield"), TEXT)
)


def _mmmu(row: int) -> dict[str, Any]:
    """Every fourth question is open."""
    choice = row % 4 != 3
    return {f"image_{number}": _picture(row) if number == 1 else None for number in range(1, 8)} | {
        "id": f"validation_{('Accounting', 'Art')[row % 2]}_{row}",
        "question": f"What does <image 1> show, if not {row}?",
        "options": "['a tin', 'a pot']" if choice else "[]",
        "explanation": "",
        "img_type": "['Photographs']",
        "answer": LETTERS[row // 2 % 2] if choice else "4.0",
        "topic_difficulty": "Easy",
        "question_type": "multiple-choice" if choice else "open",
        "subfield": "",
    }


_ABOUT = dict.fromkeys(("category", "context", "grade", "language", "source", "split", "task"), TEXT)
_MATHVISTA = (
    dict.fromkeys(("pid", "question", "image", "unit", "answer", "question_type", "answer_type", "query"), TEXT)
    | {"decoded_image": Image(), "choices": List(TEXT), "precision": Value("float64")}
    | {"metadata": _ABOUT | {"img_height": Value("int64"), "img_width": Value("int64"), "skills": List(TEXT)}}
)


def _mathvista(row: int) -> dict[str, Any]:
    """In turn a choice between numbers, a whole number, and a decimal one."""
    kind = ("text", "integer", "float")[row % 3]
    about = dict.fromkeys(_ABOUT, "x") | {"split": "testmini", "img_height": 60, "img_width": 80, "skills": ["numbers"]}
    return {
        "pid": str(row + 1),
        "question": f"How many are there, if not {row}?",
        "image": f"images/{row}.jpg",
        "decoded_image": _picture(row),
        "unit": None,
        "answer": {"text": "4", "integer": "4", "float": "4.0"}[kind],
        "choices": ["4", "7"] if kind == "text" else None,
        "question_type": "multi_choice" if kind == "text" else "free_form",
        "answer_type": kind,
        "precision": 1.0 if kind == "float" else None,
        "query": "",
        "metadata": about,
    }


_WORDS = ("hint", "task", "grade", "subject", "topic", "category", "skill", "lecture", "solution")
_SCIENCEQA = {"image": Image(), "question": TEXT, "choices": List(TEXT), "answer": Value("int8")} | dict.fromkeys(_WORDS, TEXT)


def _scienceqa(row: int) -> dict[str, Any]:
    question = {"question": f"Which is number {row}?", "choices": ["a tin", "a pot"], "answer": row % 2}
    return dict.fromkeys(_WORDS, "") | question | {"image": _picture(row)}
