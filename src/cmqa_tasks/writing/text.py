r"""Texts of strangers, made visible.

visible("a\x00b\u202ec")          # 'a␀b⟨U+202E⟩c'
"""

from __future__ import annotations

import re
import unicodedata

_KEPT = "\n\t"
_CONTROL_PICTURES = 0x2400
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """A text without invisible tricks: control characters as their pictures, marks that turn the direction as their codes."""
    shown = _DIRECTIONS.sub(lambda mark: f"⟨U+{ord(mark[0]):04X}⟩", text)
    return "".join(each if each in _KEPT or unicodedata.category(each) not in ("Cc", "Cs") else _picture(each) for each in shown)


def _picture(character: str) -> str:
    code = ord(character)
    return chr(_CONTROL_PICTURES + code) if code < 0x20 else f"⟨U+{code:04X}⟩"
