"""Attention of answers that were made elsewhere: prompt and answer go through the model once.

A model that is given an answer reads each of its tokens as it would have read them had it written them, so that one pass has
every row that logging while it generates would have had::

    with AnswerProbe(model, segments) as probe:             # answer tokens are the segment "generated", at the end of each row
        model.generate(**inputs, max_new_tokens=1)          # inputs hold prompt and answer
    probe.readings().aggregates["generated"]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from cmqa_tasks.attention.probe.attention_probe import AttentionProbe, ProbeError
from cmqa_tasks.attention.probe.segments import Segments
from cmqa_tasks.attention.probe.shared_prompt import stands_for


class AnswerProbe(AttentionProbe):
    """Reads one pass over prompts with their answers.

    Args:
        model: as for :class:`~cmqa_tasks.attention.probe.attention_probe.AttentionProbe`.
        segments: of prompts and answers. The answer's tokens are the last of each row and the segment ``generated``: those that
            the model would have gone on to read, so without the one that ended the answer.
        per_token: whether to keep the statistics of every answer token's row as well.
        bias: nats to add to the logits of a segment's keys.
        matched_seed: of the subsamples and shuffles.

    Raises:
        ValueError: the segments or the bias make no sense.
        ProbeError: the model cannot be read; or it was run for more than one pass, or without the prompt's rows.
    """

    def __init__(
        self,
        model: Any,
        segments: Segments,
        per_token: bool = False,
        bias: Mapping[str, float] | None = None,
        matched_seed: int = 0,
    ) -> None:
        super().__init__(model, segments, per_token, bias, matched_seed)
        tokens = range(1, int(self._answered.max()) + 1)
        kept = torch.tensor([token for token in tokens if per_token or stands_for(token)], dtype=torch.int64)
        last = self._rows[:, -1:]
        self._rows = torch.cat([self._rows, last + kept.where(kept <= self._answered[:, None], 0)], 1)

    def _answer_lengths(self) -> torch.Tensor:
        answer = len(self._names) - 1
        lengths = (self._buckets == answer).sum(1)
        ends = torch.arange(self._buckets.shape[1]) >= self._buckets.shape[1] - lengths[:, None]
        if not torch.equal(self._buckets == answer, ends):
            raise ValueError("an answer's tokens must be the last of its row")
        return lengths

    def _tokens_read(self, steps: int) -> tuple[int, torch.Tensor]:
        if steps != 1:
            raise ProbeError(f"{steps} passes over prompts that have their answers; call generate with max_new_tokens=1")
        partial = [index for index, track in self._tracks.items() if track.last_only]
        if partial:
            raise ProbeError(f"layers {partial} read the last token alone: log this family's attention while it answers")
        return int(self._answered.max()) + 1, self._answered
