"""What ``--gen_kwargs`` makes of a task's generation settings: the same for both harnesses, and never without effect.

combined({"do_sample": False, "temperature": 0.0, "max_new_tokens": 256}, {"temperature": 0.7}, limit="max_new_tokens")
# {"do_sample": True, "temperature": 0.7, "max_new_tokens": 256}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LIMITS = ("max_new_tokens", "max_gen_toks", "max_tokens")
"""Names of one setting, in one harness or API or another."""
_SAMPLING = ("top_p", "top_k", "min_p")
"""Settings that do something only where tokens are sampled."""
_FREE_TEMPERATURE = 1.0
"""At which ``do_sample=True`` samples where no temperature is named."""


def combined(settings: Mapping[str, Any], gen_kwargs: Mapping[str, Any], limit: str) -> dict[str, Any]:
    """A task's settings with those of a command line over them: a temperature above 0 means sampling, one of 0 does not.

    Args:
        settings: of the task.
        gen_kwargs: of the command line.
        limit: the harness's name for the most tokens of an answer; other harnesses' names are taken for it.

    Raises:
        ValueError: settings that contradict each other or would do nothing; the message names them.
    """
    gen_kwargs = dict(gen_kwargs)
    for name in [name for name in _LIMITS if name in gen_kwargs and name != limit]:
        if limit in gen_kwargs:
            raise ValueError(
                f"--gen_kwargs {limit}={gen_kwargs[limit]!r} and {name}={gen_kwargs[name]!r} say the same thing: give one"
            )
        gen_kwargs[limit] = gen_kwargs.pop(name)
    return {**settings, **gen_kwargs, **_sampling(gen_kwargs)}


def _sampling(gen_kwargs: Mapping[str, Any]) -> dict[str, Any]:
    temperature, samples = gen_kwargs.get("temperature"), gen_kwargs.get("do_sample")
    if samples not in (None, True, False):
        raise ValueError(f"--gen_kwargs do_sample={samples!r}: True or False")
    if temperature is None:
        if samples:
            return {"temperature": _FREE_TEMPERATURE}
        if idle := [name for name in _SAMPLING if gen_kwargs.get(name) is not None]:
            raise ValueError(
                f"--gen_kwargs {idle[0]}={gen_kwargs[idle[0]]!r} does nothing without a temperature above 0: give one"
            )
        return {}
    if isinstance(temperature, bool) or not isinstance(temperature, (int, float)) or not temperature >= 0:
        raise ValueError(f"--gen_kwargs temperature={temperature!r}: must be a number of at least 0")
    if samples is not None and samples != (temperature > 0):
        raise ValueError(f"--gen_kwargs temperature={temperature},do_sample={samples} contradict each other: leave do_sample out")
    return {"do_sample": temperature > 0}


def check_fewshot(number: int) -> None:
    """Check ``--num_fewshot``.

    Raises:
        ValueError: examples are asked for; there are none that are in no item.
    """
    if number:
        raise ValueError(f"--num_fewshot {number}: tasks of cmqa-tasks show no examples; leave it out")
