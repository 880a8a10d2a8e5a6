"""Progress on stderr for whatever takes more than two seconds; nothing where stderr is no terminal.

with steps("cmqa report", 3) as begin:
begin("reading results")
begin("ranking")
begin("writing the page")
"""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

DELAY, INTERVAL = 2.0, 0.5
"""Seconds before anything is shown, and between two refreshments."""
_FORMAT = "{desc} ({n_fmt} of {total_fmt}, {elapsed})"


@contextmanager
def steps(command: str, number: int) -> Iterator[Callable[[str], None]]:
    """Show which step a command is at, and for how long it has run. The line goes when the block ends.

    Args:
        command: its name, as it stands at the beginning of the line.
        number: how many steps there will be.

    Yields:
        A function that begins a step, given what is done in it.
    """
    ended = threading.Event()
    size = shutil.get_terminal_size()  # of a terminal that does not say its own, tqdm would show nothing
    shown = {"ncols": size.columns, "nrows": size.lines, "bar_format": _FORMAT, "leave": False}
    with tqdm(total=number, file=sys.stderr, disable=None, delay=DELAY, **shown) as bar:

        def begin(what: str) -> None:
            bar.n = min(bar.n + 1, number)
            bar.set_description_str(f"{command}: {what}", refresh=False)

        watch = threading.Thread(target=_refresh, args=(bar, ended), daemon=True)
        if not bar.disable:
            watch.start()
        try:
            yield begin
        finally:
            ended.set()
            if watch.is_alive():
                watch.join()


def _refresh(bar: tqdm[None], ended: threading.Event) -> None:
    """Show the line from time to time, and take it away at the end."""
    wait = DELAY
    while not ended.wait(wait):
        bar.refresh()
        wait = INTERVAL
    if wait == INTERVAL:
        bar.clear()
