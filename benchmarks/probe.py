"""What logging attention costs: plain sdpa, sdpa with the probe, and eager attention with ``output_attentions``.

Prints a table per prompt length; run it alone on a quiet machine.

    PYTHONPATH=src python benchmarks/probe.py [--shape llama] [--layers 8 --hidden 1024] [--prompts 512 2048 8192] [--raw FILE]
    PYTHONPATH=src python benchmarks/probe.py --device cuda --dtype bfloat16 --shape qwen2.5-vl-3b

A random model generates 32 tokens after each prompt, in one process, the three ways in turn and in changing order; figures are
medians, ratios are medians of the rounds' own ratios to plain sdpa. ``--shape`` is ``llama`` (text alone, sized by ``--hidden``
and ``--head``) or a Qwen2.5-VL, of which ``qwen2.5-vl-3b`` has the sizes of the checkpoint of that name; there, evidence A is
an image. The probe logs everything it can: segments of all rows, norms, matched subsamples, shuffles.

Memory: on a device, the peak of what is allocated, the model's weights included. On a CPU each way runs in a process of its
own, and what counts is that process's highest resident memory (``VmHWM``; ``ru_maxrss`` would begin with that of whoever
started it) and what the generation added to it. Blocks of a megabyte and more are returned when freed, because what glibc keeps
of them by default differs from run to run by more than anything measured here. Eager attention needs memory in the square of
the prompt; it is left out where there is not enough.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from cmqa_tasks.attention.probe.attention_probe import AttentionProbe
from cmqa_tasks.attention.probe.segments import NAMES, Segments

NEW, QUESTION, TEMPLATE = 32, 24, 16
WAYS = ("plain", "probe", "eager")
SHAPES: dict[str, dict[str, Any]] = {
    "qwen2.5-vl-3b": {
        "text": {
            "vocab_size": 151936,
            "hidden_size": 2048,
            "intermediate_size": 11008,
            "num_hidden_layers": 36,
            "num_attention_heads": 16,
            "num_key_value_heads": 2,
        },
        "sections": [16, 24, 24],
        "vision": {
            "depth": 32,
            "hidden_size": 1280,
            "intermediate_size": 3420,
            "num_heads": 16,
            "out_hidden_size": 2048,
            "fullatt_block_indexes": [7, 15, 23, 31],
        },
    },
    "qwen2.5-vl-narrow": {
        "text": {
            "vocab_size": 8192,
            "hidden_size": 512,
            "intermediate_size": 1408,
            "num_hidden_layers": 28,
            "num_attention_heads": 8,
            "num_key_value_heads": 2,
        },
        "sections": [8, 12, 12],
        "vision": {
            "depth": 2,
            "hidden_size": 160,
            "intermediate_size": 432,
            "num_heads": 2,
            "out_hidden_size": 512,
            "fullatt_block_indexes": [1],
        },
    },
}
"""Sizes by name; ``qwen2.5-vl-narrow`` has as many layers as the checkpoint of 7 B."""
_IMAGE_TOKEN, _IMAGE_WIDTH = 8, 16  # a token id; tokens of an image in a row


def model(arguments: argparse.Namespace) -> Any:
    """A random model without an end of sequence."""
    torch.manual_seed(0)
    kind = getattr(torch, arguments.dtype)
    before = torch.get_default_dtype()
    torch.set_default_dtype(kind)  # weights are drawn where and as they are wanted: those of a large model fit only once
    try:
        with torch.device(arguments.device):
            network = _llama(arguments) if arguments.shape == "llama" else _qwen(SHAPES[arguments.shape], arguments.layers)
    finally:
        torch.set_default_dtype(before)
    network.generation_config.eos_token_id = None
    return network.eval()


def _llama(arguments: argparse.Namespace) -> Any:
    config = LlamaConfig(
        vocab_size=8192,
        hidden_size=arguments.hidden,
        intermediate_size=int(2.75 * arguments.hidden),
        num_hidden_layers=arguments.layers or 8,
        num_attention_heads=arguments.hidden // arguments.head,
        num_key_value_heads=max(1, arguments.hidden // arguments.head // 2),
        head_dim=arguments.head,
        max_position_embeddings=16384,
        eos_token_id=None,
        bos_token_id=None,
    )
    return LlamaForCausalLM(config)


def _qwen(shape: dict[str, Any], layers: int) -> Any:
    rope = {"rope_type": "default", "mrope_section": shape["sections"], "rope_theta": 1000000.0}
    ids = {"eos_token_id": None, "bos_token_id": None, "pad_token_id": 0}
    text = shape["text"] | ids | {"rope_parameters": rope, "max_position_embeddings": 16384}
    config = Qwen2_5_VLConfig(
        text_config=text | ({"num_hidden_layers": layers} if layers else {}),
        vision_config=shape["vision"] | {"patch_size": 14},
        image_token_id=_IMAGE_TOKEN,
        video_token_id=_IMAGE_TOKEN + 1,
        vision_start_token_id=_IMAGE_TOKEN + 2,
        vision_end_token_id=_IMAGE_TOKEN + 3,
        tie_word_embeddings=True,
    )
    return Qwen2_5_VLForConditionalGeneration(config)


def prompt(length: int, batch: int) -> tuple[torch.Tensor, Segments]:
    """Token ids and segments: half of the evidence A, half B, then a question and the end of a template."""
    a, b, question, sink, other = (NAMES.index(name) for name in NAMES[:-1])
    evidence = length - 1 - QUESTION - 2 * TEMPLATE
    of_a = evidence // 2 // _IMAGE_WIDTH * _IMAGE_WIDTH
    lengths = ((sink, 1), (other, TEMPLATE), (a, of_a), (b, evidence - of_a), (question, QUESTION))
    buckets = torch.tensor([place for place, number in (*lengths, (other, TEMPLATE)) for _ in range(number)])
    ids = torch.randint(64, 8192, (batch, length), generator=torch.Generator().manual_seed(1))
    return ids, Segments(buckets.repeat(batch, 1))


def inputs_of(network: Any, ids: torch.Tensor, segments: Segments) -> dict[str, torch.Tensor]:
    """What ``generate`` gets. To a model that sees, evidence A is an image of random patches."""
    found = {"attention_mask": torch.ones_like(ids)}
    if hasattr(network.config, "vision_config"):
        shown = segments.buckets == NAMES.index("evidence_a")
        ids = ids.masked_fill(shown, _IMAGE_TOKEN)
        patches = torch.tensor([1, 2 * int(shown[0].sum()) // _IMAGE_WIDTH, 2 * _IMAGE_WIDTH])  # 2 × 2 patches make a token
        values = torch.randn(len(ids) * int(patches.prod()), 3 * 2 * 14 * 14, generator=torch.Generator().manual_seed(2))
        found |= {"pixel_values": values.to(network.dtype), "image_grid_thw": patches.repeat(len(ids), 1)}
        found["mm_token_type_ids"] = shown.long()
    return {name: value.to(network.device) for name, value in ({"input_ids": ids} | found).items()}


def ways(network: Any, length: int, batch: int) -> dict[str, Callable[[], Any]]:
    """The three ways to generate after one prompt."""
    ids, segments = prompt(length, batch)
    inputs = inputs_of(network, ids, segments)
    settings: dict[str, Any] = {"max_new_tokens": NEW, "do_sample": False, "pad_token_id": 0}

    @torch.inference_mode()
    def plain() -> Any:
        return network.generate(**inputs, **settings)

    @torch.inference_mode()
    def probe() -> Any:
        with AttentionProbe(network, segments) as reading:
            output = network.generate(**inputs, **settings)
        reading.readings()
        return output

    @torch.inference_mode()
    def eager() -> Any:
        network.set_attn_implementation("eager")
        try:
            output = network.generate(**inputs, **settings, output_attentions=True, return_dict_in_generate=True)
        finally:
            network.set_attn_implementation("sdpa")
        return output.sequences

    return {"plain": plain, "probe": probe, "eager": eager}


def timed(run: Callable[[], Any], device: torch.device) -> tuple[dict[str, float], torch.Tensor]:
    """Process CPU seconds and wall seconds of one generation; and its tokens."""
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    output = run()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}, output


def weighed(run: Callable[[], Any], device: torch.device) -> dict[str, float]:
    """Peak megabytes during one generation, and how much of that it added. On a CPU only the first one of a process is right."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device) / 2**20
        run()
        peak = torch.cuda.max_memory_allocated(device) / 2**20
        return {"peak": peak, "extra": peak - before}
    before = _resident("VmRSS")
    run()
    peak = _resident("VmHWM")
    return {"peak": peak, "extra": peak - before}


def _resident(name: str) -> float:
    """Megabytes of this process, as the kernel calls them."""
    found = re.search(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) / 1024


def weighed_apart(arguments: argparse.Namespace, way: str, length: int) -> dict[str, float]:
    """The same in a process of its own."""
    command = [sys.executable, __file__, "--weigh", way, "--prompts", str(length), "--threads", str(torch.get_num_threads())]
    for name in ("shape", "layers", "hidden", "head", "batch", "device", "dtype"):
        command += [f"--{name}", str(getattr(arguments, name))]
    settings = os.environ | {"MALLOC_MMAP_THRESHOLD_": str(1 << 20)}
    done = subprocess.run(command, capture_output=True, text=True, env=settings, check=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def fits(network: Any, length: int, batch: int) -> bool:
    """Whether eager attention's weights, all layers' and some more, fit into what is free."""
    config, size = network.config.get_text_config(), torch.finfo(network.dtype).bits / 8
    needed = batch * config.num_attention_heads * length**2 * (config.num_hidden_layers * size + 4 * 4)
    if network.device.type == "cuda":
        return needed < torch.cuda.mem_get_info(network.device)[0]
    free = re.search(r"MemAvailable:\s+(\d+)", Path("/proc/meminfo").read_text())
    return bool(free) and needed < int(free[1]) * 1024


def main(arguments: argparse.Namespace) -> None:
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    network = model(arguments)
    device, config = network.device, network.config.get_text_config()
    if arguments.weigh:
        print(json.dumps(weighed(ways(network, arguments.prompts[0], arguments.batch)[arguments.weigh], device)))
        return
    parameters = sum(each.numel() for each in network.parameters()) / 1e6
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{platform.processor() or platform.machine()}"
    print(
        f"{arguments.shape}: {config.num_hidden_layers} layers, hidden {config.hidden_size}, {config.num_attention_heads} heads, "
        f"{parameters:.0f} M parameters, {arguments.dtype}, batch {arguments.batch}, {NEW} new tokens, {QUESTION} question rows; "
        f"{where}, {torch.get_num_threads()} thread(s), torch {torch.__version__}, transformers {transformers.__version__}"
    )
    raw: dict[str, dict[int, dict[str, list[dict[str, float]]]]] = {"seconds": {}, "megabytes": {}}
    lengths = {}
    for length in arguments.prompts:
        lengths[length] = ways(network, length, arguments.batch)
        if not fits(network, length, arguments.batch):
            print(f"{length} tokens: too little memory free for eager attention")
            del lengths[length]["eager"]
        raw["seconds"][length] = rounds(lengths[length], device, arguments.rounds)
        show(length, raw["seconds"][length], {"cpu": "CPU s", "wall": "wall s"}, 3)
        speeds = [f"{way} {_speed(found, arguments.batch):.1f}" for way, found in raw["seconds"][length].items()]
        print(f"new tokens/s of wall time, the prompt included: {', '.join(speeds)}")
        keep(arguments, raw)
    for length, runs in lengths.items() if arguments.weighings else ():
        weigh = (lambda way, at=length: weighed(lengths[at][way], device)) if device.type == "cuda" else None
        weigh = weigh or (lambda way, at=length: weighed_apart(arguments, way, at))
        raw["megabytes"][length] = {way: [weigh(way) for _ in range(arguments.weighings)] for way in runs}
        show(length, raw["megabytes"][length], {"peak": "peak MB", "extra": "extra MB"}, 0)
        keep(arguments, raw)


def keep(arguments: argparse.Namespace, raw: dict[str, Any]) -> None:
    """Write what there is so far: a run may be stopped for taking too long."""
    if arguments.raw:
        Path(arguments.raw).write_text(json.dumps({"arguments": vars(arguments) | {"raw": None}} | raw, indent=1))


def _speed(found: list[dict[str, float]], batch: int) -> float:
    return NEW * batch / statistics.median(one["wall"] for one in found)


def rounds(runs: dict[str, Callable[[], Any]], device: torch.device, number: int) -> dict[str, list[dict[str, float]]]:
    """Seconds by way and round, after one round to warm up."""
    figures: dict[str, list[dict[str, float]]] = {way: [] for way in runs}
    for turn in range(number + 1):
        order = [way for way in WAYS if way in runs]
        order = order[turn % len(order) :] + order[: turn % len(order)]
        tokens = {}
        for way in order:
            found, tokens[way] = timed(runs[way], device)
            if turn:
                figures[way].append(found)
        assert torch.equal(tokens["plain"], tokens["probe"]), "the probe changed what was generated"
    return figures


def show(length: int, figures: dict[str, list[dict[str, float]]], titles: dict[str, str], digits: int) -> None:
    """A table of medians, with ratios to plain sdpa of the same round: their median and range."""
    print(f"\n{length} prompt tokens, medians of {len(figures['plain'])} rounds")
    print(f"{'':8}" + "".join(f"{title:>10}{'ratio':>8}{'(range)':>16}" for title in titles.values()))
    for way, found in figures.items():
        cells = f"{way:8}"
        for name in titles:
            ratios = [one[name] / plain[name] for one, plain in zip(found, figures["plain"], strict=True)]
            cells += f"{statistics.median(one[name] for one in found):>10.{digits}f}{statistics.median(ratios):>8.3f}"
            cells += f"{f'({min(ratios):.3f}–{max(ratios):.3f})':>16}"
        print(cells, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, nargs="+", default=[512, 2048, 8192])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--weighings", type=int, default=2, help="measurements of memory")
    parser.add_argument("--shape", choices=["llama", *SHAPES], default="llama")
    parser.add_argument("--layers", type=int, default=0, help="0: 8, or as many as the shape has")
    parser.add_argument("--hidden", type=int, default=1024, help="of the shape llama")
    parser.add_argument("--head", type=int, default=128, help="width of a head of the shape llama")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--threads", type=int, default=0, help="0: torch's own choice")
    parser.add_argument("--raw", help="where to keep the figures of every round, as JSON")
    parser.add_argument("--weigh", choices=WAYS, help=argparse.SUPPRESS)  # one generation, for its memory
    main(parser.parse_args())
