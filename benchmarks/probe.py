"""What logging attention costs: plain sdpa, sdpa with the probe, and eager attention with ``output_attentions``.

Prints a table per prompt length; run it alone on a quiet machine.

    PYTHONPATH=src python benchmarks/probe.py [--prompts 512 2048 8192] [--rounds 7] [--device cuda --dtype bfloat16] [--raw FILE]

A random Llama-like model generates 32 tokens after each prompt, in one process, the three ways in turn and in changing order;
figures are medians, ratios are medians of the rounds' own ratios to plain sdpa. The probe logs everything it can: segments of all
rows, norms, matched subsamples, shuffles. Peaks are of the process's resident memory (on a CPU) or of what is allocated on the
device, the model's weights included; extra is what a generation adds. Memory is measured in rounds of its own, after those that
are timed; on a CPU with blocks of a megabyte and more returned when freed, because what glibc keeps of them by default differs
from run to run by more than anything measured here. Eager attention needs memory in the square of the prompt; it is left out
where there is not enough.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import platform
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import LlamaConfig, LlamaForCausalLM

from cmqa_tasks.models.probe import AttentionProbe
from cmqa_tasks.models.segments import NAMES, Segments

NEW, QUESTION, TEMPLATE = 32, 24, 16
_MMAP_THRESHOLD = -3  # of glibc's mallopt
WAYS = ("plain", "probe", "eager")


def model(arguments: argparse.Namespace) -> LlamaForCausalLM:
    """A random model without an end of sequence."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=8192,
        hidden_size=arguments.hidden,
        intermediate_size=int(2.75 * arguments.hidden),
        num_hidden_layers=arguments.layers,
        num_attention_heads=arguments.hidden // arguments.head,
        num_key_value_heads=max(1, arguments.hidden // arguments.head // 2),
        head_dim=arguments.head,
        max_position_embeddings=16384,
        eos_token_id=None,
        bos_token_id=None,
    )
    kind = getattr(torch, arguments.dtype)
    return LlamaForCausalLM(config).eval().to(arguments.device, kind)


def prompt(length: int, batch: int) -> tuple[torch.Tensor, Segments]:
    """Token ids and segments: half of the evidence A, half B, then a question and the end of a template."""
    a, b, question, sink, other = (NAMES.index(name) for name in NAMES[:-1])
    evidence = length - 1 - QUESTION - 2 * TEMPLATE
    lengths = ((sink, 1), (other, TEMPLATE), (a, evidence // 2), (b, evidence - evidence // 2), (question, QUESTION))
    buckets = torch.tensor([place for place, number in (*lengths, (other, TEMPLATE)) for _ in range(number)])
    ids = torch.randint(0, 8192, (batch, length), generator=torch.Generator().manual_seed(1))
    return ids, Segments(buckets.repeat(batch, 1))


def ways(network: LlamaForCausalLM, length: int, batch: int) -> dict[str, Callable[[], Any]]:
    """The three ways to generate after one prompt."""
    ids, segments = prompt(length, batch)
    inputs = {"input_ids": ids.to(network.device), "attention_mask": torch.ones_like(ids).to(network.device)}
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
    """Peak megabytes during one generation, and how much of that it added."""
    gc.collect()
    if device.type == "cpu":
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, 1 << 20)
        ctypes.CDLL(None).malloc_trim(0)
    before = _reset_peak(device)
    run()
    peak = _peak(device)
    return {"peak": peak, "extra": peak - before}


def _reset_peak(device: torch.device) -> float:
    """Megabytes in use now, from where the peak counts."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        return torch.cuda.memory_allocated(device) / 2**20
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _peak(device: torch.device) -> float:
    return torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else _status("VmHWM")


def _status(field: str) -> float:
    found = re.search(rf"{field}:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) / 1024


def fits(network: LlamaForCausalLM, length: int, batch: int) -> bool:
    """Whether eager attention's weights, all layers' and some more, fit into what is free."""
    config, size = network.config, torch.finfo(network.dtype).bits / 8
    needed = batch * config.num_attention_heads * length**2 * (config.num_hidden_layers * size + 4 * 4)
    if network.device.type == "cuda":
        return needed < torch.cuda.mem_get_info(network.device)[0]
    free = re.search(r"MemAvailable:\s+(\d+)", Path("/proc/meminfo").read_text())
    return bool(free) and needed < int(free[1]) * 1024


def main(arguments: argparse.Namespace) -> None:
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    network = model(arguments)
    device = network.device
    parameters = sum(each.numel() for each in network.parameters()) / 1e6
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{platform.processor() or platform.machine()}"
    print(
        f"{arguments.layers} layers, hidden {arguments.hidden}, {network.config.num_attention_heads} heads of {arguments.head}, "
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
    for length, runs in lengths.items():
        raw["megabytes"][length] = {way: [weighed(run, device) for _ in range(2)] for way, run in runs.items()}
        show(length, raw["megabytes"][length], {"peak": "peak MB", "extra": "extra MB"}, 0)
    if arguments.raw:
        Path(arguments.raw).write_text(json.dumps({"arguments": vars(arguments)} | raw, indent=1))


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
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--hidden", type=int, default=1024)
    parser.add_argument("--head", type=int, default=128, help="width of a head")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--threads", type=int, default=0, help="0: torch's own choice")
    parser.add_argument("--raw", help="where to keep the figures of every round, as JSON")
    main(parser.parse_args())
