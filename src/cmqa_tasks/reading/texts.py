"""A response's visible text as its language is read: one class per way of reading, with the same methods."""

from __future__ import annotations

import re

from cmqa_tasks.facts.records import Side
from cmqa_tasks.reading import verdict, verdict_zh
from cmqa_tasks.reading.clauses import Sentences, SentencesZh
from cmqa_tasks.reading.cues import holds
from cmqa_tasks.reading.cues_en import ENGLISH
from cmqa_tasks.reading.han import fold_han, latin
from cmqa_tasks.reading.normalise import MARKER, Parts, bare, plain
from cmqa_tasks.reading.plan import Found, Plan, find
from cmqa_tasks.reading.plan_zh import DRESSING, HanPlan, find_mixed
from cmqa_tasks.reading.stance import judged, stance
from cmqa_tasks.reading.stance_zh import judgements

_DRESSING = " \n\t.!\"'`*"


class EnglishText:
    """Text without Chinese characters, and what to look for in it (nothing, for its stance alone)."""

    __slots__ = ("cased", "low", "plan", "sentences")

    def __init__(self, cased: str, low: str, plan: Plan | None) -> None:
        self.cased, self.low, self.plan = cased, low, plan
        self.sentences = Sentences(cased, ENGLISH)

    @staticmethod
    def parts(response: str) -> Parts:
        """Visible text without markup, and where its marked answer begins."""
        return plain(response)

    def stance(self) -> int:
        """+1: it states a conflict; -1: it denies one; 0: neither."""
        return stance(self.low, self.sentences, ENGLISH.stance, self.plan)

    def states(self) -> set[int]:
        """What its plain cues say: +1, -1, both or nothing."""
        found = judged(self.low, self.sentences, ENGLISH.stance, self.plan, plain=True)
        return {says for _, _, says in found if says}

    def exact(self, part: str) -> Side | None:
        """The side whose value a part of the text is, as a whole."""
        return None if self.plan is None else self.plan.exact.get(part.strip(_DRESSING))

    def part(self, start: int, end: int) -> EnglishText:
        """A piece of the text, read by itself."""
        cased = self.cased[start:end].strip(_DRESSING)
        return EnglishText(cased, cased.lower(), self.plan)

    def find(self) -> list[Found]:
        """All mentions of the fact's kind with their sides, in order."""
        return [] if self.plan is None else find(self.cased, self.low, self.plan)

    def keep(self, found: list[Found]) -> list[Found]:
        """The mentions that are not rejected."""
        return verdict.drop_rejected(self.low, found, ENGLISH.answer)

    def undecided(self, found: list[Found]) -> tuple[bool, list[Found]]:
        """Whether the text gives up, and the values left when those that it is undecided about are dropped."""
        cues = ENGLISH.answer
        if not holds(self.low, cues.abstain_stems) or cues.abstain.search(self.low) is None:
            return False, found
        unsure = cues.undecided.search(self.low)
        if unsure is not None and found:
            _, end = self.sentences.around(unsure.start())
            found = [one for one in found if not unsure.end() <= one.start < end]
        return True, found

    def settle(self, found: list[Found]) -> list[str]:
        """The sides that it settles on, of several expected values that it mentions."""
        return verdict.settle(self.low, found, self.sentences, ENGLISH.answer)

    def bare_name(self) -> str | None:
        """The name that is all it says."""
        return verdict.bare_name(self.cased)


_MARKER_ZH = re.compile(
    r"(?:^|[\n\u3002.!?;>])[ \t]*(?:所以|因此|综上(?:所述)?|故|总之)?[，,]?[ \t]*(?:我的|最终的?|正确的?|标准|参考"
    r"|简短的?|直接|最后的?|问题的?)?"
    r"(?:答案?|回答|结论|结果|答复)(?:是|为)?[\"\]]?[ \t]*(?:[:=]|\n)\s*(?=[^\s])"
)


class MixedText:
    """Text with Chinese characters, in which Chinese and English count alike."""

    __slots__ = ("cased", "latin", "low", "plan", "sentences", "view")

    def __init__(self, cased: str, low: str, plan: HanPlan | None) -> None:
        self.cased, self.low, self.plan = cased, low, plan
        self.latin = latin(low)
        self.sentences = SentencesZh(cased, ENGLISH)
        self.view = verdict_zh.Mixed(low, self.latin, self.sentences, ENGLISH.answer)

    @staticmethod
    def parts(response: str) -> Parts:
        """Visible text without markup, and where its marked answer begins."""
        text = bare(fold_han(response))
        final = -1
        for marker in (_MARKER_ZH, MARKER):
            for match in marker.finditer(text):
                final = max(final, match.end())
        return Parts(text, text.lower(), final)

    def stance(self) -> int:
        """+1: it states a conflict; -1: it denies one; 0: neither. The last cue of either language counts."""
        said = self._said(plain=False)
        return said[-1] if said else 0

    def states(self) -> set[int]:
        """What its plain cues say: +1, -1, both or nothing."""
        return set(self._said(plain=True))

    def _said(self, plain: bool) -> list[int]:
        """What the cues of both languages say, in order."""
        chinese = judgements(self.low, self.sentences, plain)
        if not self.view.mixed:
            return [says for _, _, says in chinese if says]
        plan = None if self.plan is None else self.plan.plan
        english = [
            (at, end, says)
            for at, end, says in judged(self.latin, Sentences(self.latin, ENGLISH), ENGLISH.stance, plan, plain)
            if not any(start < end and at < stop for start, stop, _ in chinese)
        ]
        return [says for _, _, says in sorted([*chinese, *english]) if says]

    def exact(self, part: str) -> Side | None:
        """The side whose value a part of the text is, as a whole."""
        return None if self.plan is None else self.plan.exact.get(part.strip(DRESSING))

    def part(self, start: int, end: int) -> MixedText:
        """A piece of the text, read by itself."""
        cased = self.cased[start:end].strip(_DRESSING)
        return MixedText(cased, cased.lower(), self.plan)

    def find(self) -> list[Found]:
        """All mentions of the fact's kind with their sides, in order."""
        return [] if self.plan is None else find_mixed(self.cased, self.low, self.plan)

    def keep(self, found: list[Found]) -> list[Found]:
        """The mentions that are not rejected."""
        return verdict_zh.keep(self.view, found)

    def undecided(self, found: list[Found]) -> tuple[bool, list[Found]]:
        """Whether the text gives up, and the values left when those that it is undecided about are dropped."""
        return verdict_zh.undecided(self.view, found)

    def settle(self, found: list[Found]) -> list[str]:
        """The sides that it settles on, of several expected values that it mentions."""
        return verdict_zh.settle(self.view, found)

    def bare_name(self) -> str | None:
        """The name that is all it says."""
        return verdict.bare_name(self.cased)


Text = EnglishText | MixedText
