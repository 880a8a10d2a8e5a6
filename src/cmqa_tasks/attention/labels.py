"""What a pool of items is called wherever it is shown: in figures and on the page.

The name of a pool of ours is its two kinds, A first, and perhaps a protocol: ``image_text``, ``en_zh__neutral``. Any other task
is a pool under its own name, whatever words that is made of; its A are images.
"""

from __future__ import annotations

from cmqa_tasks.attention.pools import Pool
from cmqa_tasks.worlds.languages import LANGUAGES

_KINDS = {
    "text": "English text",
    "image": "English image",
    "zhtext": "Chinese text",
    "zhimage": "Chinese image",
    "en": "English",
    "zh": "Chinese",
}
FAMILIES = ("Modalities", "Languages", "Other tasks")
"""What the kinds of a pool differ in, in the order in which they are shown."""


def kinds(name: str) -> tuple[str, ...]:
    """The kinds of a pool's two pieces, A first; nothing for tasks that are not ours."""
    named = tuple(name.partition("__")[0].split("_"))
    return named if len(named) == 2 and set(named) <= _KINDS.keys() else ()


def alike(name: str) -> bool:
    """Whether both pieces are of one kind."""
    return len(kinds(name)) == 2 and len(set(kinds(name))) == 1


def family(name: str) -> str:
    """One of :data:`FAMILIES`."""
    named = set(kinds(name))
    return "Other tasks" if not named else "Languages" if named <= {"en", "zh"} else "Modalities"


def order(name: str) -> tuple[int, bool, str]:
    """Sorts pools: by family, and pieces of one kind before those of two."""
    return FAMILIES.index(family(name)), not alike(name), name


def label(name: str, *, brief: bool = False) -> str:
    """The kinds of both pieces, ``English image / Chinese text``; another task's own name.

    Args:
        name: of the pool.
        brief: for figures with little room: an image or text that is not said to be Chinese is English.
    """
    return " / ".join(kind(each, brief=brief) for each in kinds(name)) or name


def kind(name: str, *, brief: bool = False) -> str:
    """A kind of piece in words: ``English image``; ``image`` where there is little room."""
    return _KINDS[name].removeprefix("English ") if brief else _KINDS[name]


def asked_in(ending: str) -> str:
    """The language that a question was put in, from what its task's name ends in: ``English``, of ``choice_zh`` ``Chinese``.

    It moves numbers between English and Chinese as much as the evidence's language does, so it is said beside each of them.
    """
    code = ending.rpartition("_")[2]
    return LANGUAGES[code if code in LANGUAGES else "en"].name


def who(pool: Pool, *, brief: bool = False) -> str:
    """How many items, in which orders, and what a positive value means.

    Args:
        pool: the items.
        brief: for figures with little room.
    """
    count, orders = f"n = {pool.items:,}", {("a", "b"): "both orders", ("a",): "first", ("b",): "second"}.get(pool.orders, "")
    if not kinds(pool.name):
        return f"{count}, > 0: images"
    if alike(pool.name):
        return f"{count}, > 0: first piece"
    standing = [f"it stands {orders}"] if len(pool.orders) == 1 and orders else [orders] if orders else []
    return ", ".join([count, f"> 0: {kind(kinds(pool.name)[0], brief=brief)}", *standing])
