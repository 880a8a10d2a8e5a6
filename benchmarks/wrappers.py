"""Items per second of ``cmqa_hf`` that logs attention, and of the harnesses' own Hugging Face wrappers that log nothing.

    PYTHONPATH=src python benchmarks/wrappers.py [--families qwen2_5_vl llava qwen2] [--batches 1 8] [--rounds 5] [--raw FILE] …

A random model with a vision tower and a decoder that are small but not tiny, and real items: every wrapper is given the
harness's own requests for the same items, the same number of new tokens and the same batch size. The items are conflicts and
their twins, of facts from all over the release, in both arms of ``cmqa_crossmodal`` (``--arms image_text`` for one of them;
``text_text`` for a model without images). How often their images repeat is printed: ``cmqa_hf`` encodes an image once, other
wrappers do each time, and so does ``cmqa_hf`` with ``image_cache=0``.

What is timed is the wrapper's ``generate_until``: rendering, processor, generation, decoding, and for ``cmqa_hf`` the segments,
the probe and the file as well; it keeps no image from one round to the next. All in one process, in turn and in changing order;
medians, and medians of the rounds' own ratios: of CPU time on one thread, of wall time on several. ``--new`` is how many tokens
every item gets; the tasks themselves allow 256, and more where a model is to reason first.

A wrapper that does not run is listed with its exact error. lmms-eval's ``qwen2_5_vl`` and ``llava_hf`` import ``decord`` even for
images; have it (``pip install decord``) or see them fail. Those that allow no other type than bfloat16 are compared with
``cmqa_hf`` in bfloat16.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import logging
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from loguru import logger
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText, AutoProcessor

from cmqa_tasks.models import tiny

LAYERS, HEAD = 8, 64
VISION = {
    "qwen2_5_vl": {"depth": 4, "hidden_size": 320, "intermediate_size": 864, "num_heads": 5},
    "llava": {"hidden_size": 320, "intermediate_size": 864, "num_hidden_layers": 4, "num_attention_heads": 5, "image_size": 224},
}
IMAGES: dict[str, dict[str, Any]] = {
    "qwen2_5_vl": {"size": {"shortest_edge": 56 * 56, "longest_edge": 640 * 480}},
    "llava": {"size": {"shortest_edge": 224}, "crop_size": {"height": 224, "width": 224}},
}


@dataclass(frozen=True)
class Asked:
    """The items of a benchmark: as many of each arm, in pairs of a conflict and its twin, from facts evenly spaced."""

    arms: tuple[str, ...]
    items: int
    new: int

    def __post_init__(self) -> None:
        if self.items < 1 or self.items % (2 * len(self.arms)):
            raise SystemExit(f"--items {self.items}: must be a multiple of {2 * len(self.arms)}: pairs in each arm")

    def of(self, task: Any) -> list[Any]:
        """Their requests among all requests of an arm's task."""
        pairs = self.items // len(self.arms) // 2
        every = len(task.instances) // 2
        firsts = [2 * (place * every // pairs) for place in range(pairs)]
        wanted = {first + twin for first in firsts for twin in (0, 1)}
        return [request for request in task.instances if request.doc_id in wanted]

    def images(self) -> list[str]:
        """What tells the images that they show from each other, in order."""
        from cmqa_tasks import ConflictTask

        shown = []
        for arm in self.arms:
            task = ConflictTask(arm=arm)
            task.build_all_requests()
            docs = [task.dataset[request.args[5]][request.doc_id] for request in self.of(task)]
            pieces = [(doc["fact_id"], piece) for doc in docs for piece in doc["pieces"]]
            shown += [f"{fact} {sorted(piece.items())}" for fact, piece in pieces if piece["modality"] == "image"]
        return shown


Made = tuple[Any, list[Any]]


@dataclass(frozen=True)
class Way:
    """A wrapper with its settings. ``make`` returns the wrapper and its requests for a batch size."""

    name: str
    kind: str
    make: Callable[[Path, int, Asked, Path], Made]


def checkpoint(family: str, directory: Path, width: int = 512) -> Path:
    """A wider and deeper sibling of the tests' random checkpoint, with pages at their own size where the family allows it."""
    tiny.build(family, directory)
    config = AutoConfig.from_pretrained(directory)
    text = config.get_text_config()
    text.hidden_size, text.intermediate_size, text.num_hidden_layers = width, width * 11 // 4, LAYERS
    text.num_attention_heads, text.num_key_value_heads, text.head_dim = width // HEAD, 2, HEAD
    text.layer_types = ["full_attention"] * LAYERS
    text.initializer_range = 0.02
    if family == "qwen2_5_vl":
        text.rope_parameters = {**text.rope_parameters, "mrope_section": [8, 12, 12]}
    for name, value in VISION.get(family, {}).items():
        setattr(config.vision_config, name, value)
    if family == "qwen2_5_vl":
        config.vision_config.out_hidden_size = width
    torch.manual_seed(0)
    network = (AutoModelForImageTextToText if family in VISION else AutoModelForCausalLM).from_config(config)
    network.generation_config.eos_token_id = None  # every item gets all new tokens
    network.save_pretrained(directory)
    if family in IMAGES:
        processor = AutoProcessor.from_pretrained(directory)
        for name, value in IMAGES[family].items():
            setattr(processor.image_processor, name, value)
        processor.save_pretrained(directory)
    print(f"{family}: {sum(each.numel() for each in network.parameters()) / 1e6:.0f} M parameters", flush=True)
    return directory


def _lmms(asked: Asked, wrapper: Any) -> Made:
    """A wrapper of lmms-eval and its requests."""
    from cmqa_tasks import ConflictTask

    requests = []
    for arm in asked.arms:
        task = ConflictTask(arm=arm)
        task.config.generation_kwargs |= {"max_new_tokens": asked.new}
        wrapper.task_dict[task.config.task] = task.dataset
        task.build_all_requests()
        requests += asked.of(task)
    return wrapper, requests


def cmqa_hf(dtype: str, attention: str, **settings: Any) -> Callable[[Path, int, Asked, Path], Made]:
    def make(path: Path, batch: int, asked: Asked, log: Path) -> Made:
        from cmqa_tasks.models.hf import CmqaHF

        given = {"attention": attention, "attention_path": str(log)} | settings
        return _lmms(asked, CmqaHF(str(path), device="cpu", dtype=dtype, batch_size=batch, **given))

    return make


def lmms_huggingface(path: Path, batch: int, asked: Asked, log: Path) -> Made:
    from lmms_eval.models.chat.huggingface import Huggingface

    return _lmms(asked, Huggingface(str(path), device="cpu", device_map="cpu", batch_size=batch))


def lmms_qwen2_5_vl(path: Path, batch: int, asked: Asked, log: Path) -> Made:
    from lmms_eval.models.chat.qwen2_5_vl import Qwen2_5_VL

    sizes = IMAGES["qwen2_5_vl"]["size"]
    pixels = {"min_pixels": sizes["shortest_edge"], "max_pixels": sizes["longest_edge"]}
    return _lmms(asked, Qwen2_5_VL(str(path), device="cpu", device_map="cpu", batch_size=batch, **pixels))


def lmms_llava_hf(path: Path, batch: int, asked: Asked, log: Path) -> Made:
    from lmms_eval.models.chat.llava_hf import LlavaHf

    return _lmms(asked, LlavaHf(str(path), device="cpu", device_map="cpu", dtype="float32", batch_size=batch))


def lm_eval_hf(path: Path, batch: int, asked: Asked, log: Path) -> Made:
    from lm_eval.models.hf_vlms import HFMultimodalLM
    from lm_eval.models.huggingface import HFLM

    from cmqa_tasks import LMConflictTask

    shared = {"pretrained": str(path), "device": "cpu", "dtype": "float32", "batch_size": batch}
    wrapper = HFLM(**shared) if path.name == "qwen2" else HFMultimodalLM(max_images=2, **shared)
    requests = []
    for arm in asked.arms:
        task = LMConflictTask(arm=arm)
        task.config.generation_kwargs |= {"max_gen_toks": asked.new}
        task.build_all_requests(apply_chat_template=True, chat_template=wrapper.apply_chat_template, tokenizer_name="t")
        requests += asked.of(task)
    return wrapper, requests


def _ours(dtype: str) -> tuple[Way, ...]:
    return (
        Way("cmqa_hf, logging", dtype, cmqa_hf(dtype, "on")),
        Way("cmqa_hf, logging, image_cache=0", dtype, cmqa_hf(dtype, "on", image_cache=0)),
        Way("cmqa_hf, off", dtype, cmqa_hf(dtype, "off")),
        Way("cmqa_hf, off, image_cache=0", dtype, cmqa_hf(dtype, "off", image_cache=0)),
    )


OURS = _ours("float32")
OURS_16 = _ours("bfloat16")[:2]
OURS_OF_TEXT = OURS[::2]
HUGGINGFACE = Way("lmms-eval huggingface", "bfloat16", lmms_huggingface)
WAYS: dict[str, tuple[Way, ...]] = {
    "qwen2_5_vl": (
        *OURS,
        Way("lm-eval hf-multimodal", "float32", lm_eval_hf),
        *OURS_16,
        Way("lmms-eval qwen2_5_vl", "bfloat16", lmms_qwen2_5_vl),
        HUGGINGFACE,
    ),
    "llava": (
        *OURS,
        Way("lm-eval hf-multimodal", "float32", lm_eval_hf),
        Way("lmms-eval llava_hf", "float32", lmms_llava_hf),
        HUGGINGFACE,
    ),
    "qwen2": (*OURS_OF_TEXT, Way("lm-eval hf", "float32", lm_eval_hf), HUGGINGFACE),
}


@contextlib.contextmanager
def quiet() -> Any:
    """Wrappers print bars and tables of their own."""
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        yield


def started(way: Way, path: Path, batch: int, asked: Asked, log: Path) -> Made | str:
    """The wrapper after a first, untimed run, with its requests; or why it does not run: whatever it raises."""
    try:
        with quiet():
            wrapper, requests = way.make(path, batch, asked, log)
            answers = wrapper.generate_until(requests)
        if not any(_text(answer) for answer in answers):
            return "ran, but every answer is empty (it logs its errors and goes on)"
    except Exception as error:
        return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"
    return wrapper, requests


def _text(answer: Any) -> str:
    return str(getattr(answer, "text", answer))


def seconds(wrapper: Any, requests: Sequence[Any]) -> dict[str, float]:
    """CPU and wall seconds of one run over all items."""
    with quiet():
        cpu, wall = time.process_time(), time.perf_counter()
        wrapper.generate_until(list(requests))
        return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}


def chosen(family: str, names: Sequence[str]) -> list[Way]:
    """The wrappers of a family whose names end in one of these; all of them if none is named."""
    return [way for way in WAYS[family] if not names or way.name.endswith(tuple(names))]


def compare(family: str, arguments: argparse.Namespace, work: Path) -> dict[str, Any]:
    """All wrappers of a family at all batch sizes, in turn."""
    path = checkpoint(family, work / family, arguments.width)
    asked = Asked(tuple(arguments.arms) if family in VISION else ("text_text",), arguments.items, arguments.new)
    images = asked.images()
    print(f"  {asked.items} items of {' and '.join(asked.arms)} show {len(images)} images, {len(set(images))} different ones")
    running: dict[str, tuple[Any, list[Any]]] = {}
    failed: dict[str, str] = {}
    for batch in arguments.batches:
        for way in chosen(family, arguments.ways):
            key = f"{way.name} | {way.kind} | {batch}"
            log = work / "attention" / family / way.kind / str(batch) / re.sub(r"\W+", "_", way.name)
            found = started(way, path, batch, asked, log)
            if isinstance(found, str):
                failed[key] = found
                print(f"  {key}: does not run: {found}", flush=True)
            else:
                running[key] = found
    times: dict[str, list[dict[str, float]]] = {key: [] for key in running}
    for turn in range(arguments.rounds):
        order = list(running)
        order = order[turn % len(order) :] + order[: turn % len(order)]
        for key in order:
            times[key].append(seconds(*running[key]))
            print(f"  {turn} | {key} | {times[key][-1]}", flush=True)
    show(times, arguments.items, "cpu" if arguments.threads == 1 else "wall")
    return {"seconds": times, "failed": failed, "images": len(images), "distinct": len(set(images))}


def show(times: dict[str, list[dict[str, float]]], items: int, clock: str) -> None:
    """A table of medians: how many times the items of each wrapper ``cmqa_hf`` does while it logs, at the same batch and at 1."""
    print(f"  {'':46}{'items/s CPU':>12}{'items/s wall':>14}{'logging is … times as fast':>28}{'as it at batch 1':>18}")
    for key, rounds in times.items():
        name, kind, batch = key.split(" | ")
        cells = [f"{statistics.median(items / one[each] for one in rounds):.2f}" for each in ("cpu", "wall")]
        ours = times.get(f"cmqa_hf, logging | {kind} | {batch}")
        first = times.get(f"{name} | {kind} | 1")
        best = times.get(f"cmqa_hf, logging | {kind} | {max(int(one.split(' | ')[2]) for one in times)}")
        ratio = f"{_ratio(rounds, ours, clock):.2f}" if ours and ours is not rounds else ""
        gain = f"{_ratio(first, best, clock):.2f}" if first and best and batch == "1" else ""
        print(f"  {key:46}{cells[0]:>12}{cells[1]:>14}{ratio:>28}{gain:>18}", flush=True)


def _ratio(slower: Sequence[dict[str, float]], faster: Sequence[dict[str, float]], clock: str) -> float:
    return statistics.median(one[clock] / other[clock] for one, other in zip(slower, faster, strict=True))


def main(arguments: argparse.Namespace) -> None:
    """Run everything, print tables, keep what was asked for."""
    torch.set_num_threads(arguments.threads)
    logger.remove()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as work:
        found = {family: compare(family, arguments, Path(work)) for family in arguments.families}
    if arguments.raw:
        Path(arguments.raw).write_text(json.dumps({"arguments": vars(arguments) | {"raw": None}} | found, indent=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--arms", nargs="+", default=["image_text", "text_image"], help="of models that see images")
    parser.add_argument("--items", type=int, default=24, help="in all arms together; pairs, so a multiple of twice the arms")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--width", type=int, default=512, help="of the decoder, a multiple of 128")
    parser.add_argument("--new", type=int, default=32, help="new tokens of every item")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--ways", nargs="+", default=[], help="only wrappers whose names end so")
    parser.add_argument("--raw", help="where to keep the figures of every round, as JSON")
    main(parser.parse_args())
