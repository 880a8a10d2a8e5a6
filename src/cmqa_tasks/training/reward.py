"""The scorer as a verifiable reward, for TRL's ``GRPOTrainer``: 1 for the right call, 0 for any other answer.

release = load_release()
questions = questions_of(ARMS["text_text"], release, "aware")
trainer = GRPOTrainer(model, RightCall(questions), train_dataset=datasets.Dataset.from_list(rows_of(questions, release)), …)

Of two pieces, the right call is whether they contradict each other, as :func:`cmqa_tasks.scoring.outcomes.is_right` has it.
Conflicts and their agreeing twins are as many, so always calling a contradiction earns half. Train on facts of your own
(``cmqa build``): a model that was rewarded on the shipped ones has seen what it is evaluated on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cmqa_tasks.asking.question import Question
from cmqa_tasks.facts.release import Release
from cmqa_tasks.scoring.outcomes import is_right, score_response

Completion = str | Sequence[Mapping[str, Any]]


class RightCall:
    """A reward function of TRL's: called with the completions of a batch and the columns of its rows.

    Args:
        questions: what may be asked; rows name them in their column ``item``.

    Raises:
        ValueError: two questions are of one item; make a reward for each protocol.
    """

    __name__ = "right_call"
    """What TRL's logs call it."""

    def __init__(self, questions: Iterable[Question]) -> None:
        self._questions: dict[str, Question] = {}
        for question in questions:
            if question.item.id in self._questions:
                raise ValueError(f"item {question.item.id} is asked twice; make a reward for each protocol and language")
            self._questions[question.item.id] = question

    def __call__(self, completions: Sequence[Completion], item: Sequence[str], **columns: Any) -> list[float]:
        """The reward of each completion.

        Args:
            completions: texts, or messages of which the last is the model's.
            item: the id of the item that each answers.
            columns: what else TRL passes; not used.

        Raises:
            ValueError: an item is none of the questions'.
        """
        return [self._reward(_text(completion), name) for completion, name in zip(completions, item, strict=True)]

    def _reward(self, response: str, name: str) -> float:
        if name not in self._questions:
            raise ValueError(f"item {name!r} is none of the {len(self._questions)} questions that this reward was made for")
        question = self._questions[name]
        outcome, _ = score_response(response, question)
        return float(is_right(question.item.relation, outcome))


def _text(completion: Completion) -> str:
    if isinstance(completion, str):
        return completion
    content = completion[-1]["content"]
    return content if isinstance(content, str) else "".join(part.get("text") or "" for part in content)


def rows_of(questions: Iterable[Question], release: Release) -> list[dict[str, Any]]:
    """Questions as rows of TRL's: ``prompt`` (messages), ``item`` and, where there are any, ``images`` in their order."""
    return [_row(question, release) for question in questions]


def _row(question: Question, release: Release) -> dict[str, Any]:
    images = question.images(release)
    if not images:
        return {"prompt": [{"role": "user", "content": question.plain_text}], "item": question.item.id}
    parts = [{"type": "image"} if part.text is None else {"type": "text", "text": part.text} for part in question.prompt]
    return {"prompt": [{"role": "user", "content": parts}], "item": question.item.id, "images": images}
