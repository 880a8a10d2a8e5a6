"""Sixteen facts of one type, told apart by their rank alone: enough for every bit that balances items."""

from __future__ import annotations

from cmqa_tasks.facts.records import Fact, Value


def plain_fact(index: int) -> Fact:
    return Fact(
        id=f"fact{index}",
        index=index,
        world="w",
        type="t",
        kind="name",
        entity={"en": "e"},
        question={"en": "q"},
        a=Value(canonical="x", surface={"en": ("x",)}),
        b=Value(canonical="y", surface={"en": ("y",)}),
        graphical=False,
    )


FACTS = [plain_fact(index) for index in range(16)]
