"""Families of transformers, tiny and random: their answers are those of their own ``generate``, their attention is eager's.

All of them: ``python benchmarks/families.py``.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from family_check import check, receipts
from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

from cmqa_tasks.facts.release import Release

RIGHT = (
    "aya_vision deepseek_vl gemma3 glm4v idefics2 internvl lfm2_vl llava_next mistral3 ovis2 paligemma perception_lm qwen2_vl "
    "qwen3_vl qwen3_5 vipllava deepseek_v2 gemma2 glm_moe_dsa phi3 step3p7"
).split()
REFUSED = {
    "blip-2": "puts images in front of all text",
    "pix2struct": "makes no tokens of the prompt",
}
UNREAD = {
    "kosmos-2": "",
    "mllama": "cross-attention layers",
    "falcon": "no attention layer of FalconForCausalLM",
    "t5gemma2": "encoder-decoder",
}
"""Families that answer, and whose attention is refused before anything is evaluated."""


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return receipts(tmp_path_factory.mktemp("receipts"))


def skip_unless_there(family: str) -> None:
    if family not in CONFIG_MAPPING_NAMES:
        pytest.skip("not in this version of transformers")


@pytest.mark.parametrize("family", RIGHT)
def test_answers_and_attention_are_right(family: str, release: Release, tmp_path: Path) -> None:
    skip_unless_there(family)
    report = check(family, tmp_path / family, release)
    assert (report.answers, report.attention) == ("right", "right"), report


@pytest.mark.parametrize("family", REFUSED)
def test_what_cannot_be_answered_is_refused(family: str, release: Release, tmp_path: Path) -> None:
    skip_unless_there(family)
    report = check(family, tmp_path / family, release)
    assert report.answers == "refused"
    assert REFUSED[family] in report.why_answers


@pytest.mark.parametrize("family", UNREAD)
def test_attention_that_cannot_be_read_is_refused_and_answers_are_right(family: str, release: Release, tmp_path: Path) -> None:
    skip_unless_there(family)
    report = check(family, tmp_path / family, release)
    assert (report.answers, report.attention) == ("right", "refused"), report
    assert UNREAD[family] in report.why_attention
