"""Command lines, run as a user would run them.

Importing what a harness needs takes ten seconds, and tests start one dozens of times. So a module's command line runs in a fork
of a process that has imported the packages below. Nothing of a harness or of ours is among them.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

_PRELOADED = ["libyaml", "torch", "torchvision", "transformers.pipelines", "datasets", "evaluate", "accelerate"]
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
_SECONDS = 900


def run_command(*arguments: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a Python module's command line (``-m …``) or script as a user would, offline.

    Launchers and other import paths get a fresh process.
    """
    words, variables = [str(argument) for argument in arguments], os.environ | _OFFLINE | environment
    if words[0] == "-m" and not words[1].startswith("torch.") and "PYTHONPATH" not in environment:
        return _run_forked(words[1], words[2:], cwd, variables)
    if words[0].endswith(".py"):
        return _run_forked(words[0], words[1:], cwd, variables)
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, timeout=_SECONDS, check=False)


def _run_forked(module: str, words: list[str], cwd: Path, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    with tempfile.TemporaryDirectory() as directory:
        outputs = [Path(directory) / name for name in ("stdout", "stderr")]
        process = context.Process(target=_run_module, args=(module, words, cwd, dict(variables), outputs))
        process.start()
        process.join(_SECONDS)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired([module, *words], _SECONDS)
        out, err = (path.read_text(encoding="utf-8") if path.exists() else "" for path in outputs)
    return subprocess.CompletedProcess([module, *words], process.exitcode, out, err)


def _run_module(module: str, words: list[str], cwd: Path, variables: dict[str, str], outputs: list[Path]) -> None:
    for descriptor, path in enumerate(outputs, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(variables)
    sys.argv = [module, *words]
    sys.path.insert(0, str(cwd))
    try:
        if module.endswith(".py"):
            runpy.run_path(module, run_name="__main__")
        else:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()  # a forked process runs none of its own
