"""Importing this lets PyYAML parse with libyaml: the same documents, several times as fast.

Every start of a harness parses the 4,300 files of all its tasks, which takes longer than most of what tests ask of it.
"""

from __future__ import annotations

from typing import Any

import yaml


class FastFullLoader(yaml.CFullLoader):
    """``yaml.FullLoader``, which lmms-eval asks for the name of its file."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self.name = getattr(stream, "name", "<unicode string>")


yaml.FullLoader = yaml.loader.FullLoader = FastFullLoader  # type: ignore[attr-defined]  # where full_load and add_constructor look
