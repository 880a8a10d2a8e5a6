"""The page ``docs/tasks.md``: every arm, group, protocol, metric and language, as the code has them.

page = tasks_page()
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cmqa_tasks.asking import prompts
from cmqa_tasks.asking.protocols import FORMS, PROTOCOLS
from cmqa_tasks.facts.records import ARMS, Arm
from cmqa_tasks.harness import catalogue
from cmqa_tasks.scoring import metrics
from cmqa_tasks.worlds.languages import LANGUAGES
from cmqa_tasks.writing import markdown

READING = """\
Markup, LaTeX and reasoning in tags are taken off first; what stands in `\\boxed{…}` or in JSON's answer field counts as marked.

* **In words** (`aware` and its like): a stated contradiction counts whatever values are named, and the last statement or
  denial of one wins. Agreement takes a statement back, and a difference makes one, only where it is that of the pieces on what
  was asked: *both are about the same kettle*, *they agree that shipping is extra*, *Sunday hours differ* and *the prices should
  match* say nothing. Without a contradiction, it is the value that the answer settles on.
* **A final line** (`reason`, `quote`): what follows the last “Final answer:”, “Answer:” or their Chinese forms. “The final
  answer is …” without a colon marks one only where no colon does.
* **Yes or no** (`detect`): a marked answer, then a yes or no that leads the response, then one that is its last line; then a
  statement in words; then a yes or no among the last 400 characters. Where the yes or no and plain words in its own sentence
  say opposite things (*Yes, they are consistent*), the words win.
* **A letter** (`choice`): a marked answer, then a letter that leads the response or its last line; then the last words that
  settle on one (*so the correct answer is C*) among the last 400 characters; then the only letter named among the first 400. A
  copied list of the options is passed over.

Where a model answers and then goes on with a next question of its own, that is not read. An answer that is cut off is read
as far as it goes."""


def tasks_page() -> str:
    """The contents of ``docs/tasks.md``."""
    return (
        "\n\n".join(
            [
                "# Tasks, protocols and metrics",
                "Written by `python -m cmqa_tasks.harness.task_files`; a test checks it. The README explains the words.",
                "## Arms",
                "An arm is the ordered kinds of evidence that an item shows. These are their tasks under the default protocol.",
                _table(("task", "the model sees", "kind", "groups"), (_arm_row(arm) for arm in ARMS.values())),
                "## Names",
                *_names(),
                "## Groups",
                _table(("group", "members"), _group_rows()),
                "## Protocols",
                "A protocol says how the question is put and how an answer is read. About one piece, `detect` asks plainly.",
                _table(("protocol", "varies", "why", "what is read", "longest answer (tokens)"), _protocol_rows()),
                "### How answers are read",
                READING,
                "## Metrics",
                "Every arm prints all of its metrics whatever the answers are; one that no item counts for is NaN.",
                _table(("metric", "better", "what it is", "arms"), _metric_rows()),
                "## Languages",
                _table(("tag", "language", "pages in"), _language_rows()),
            ]
        )
        + "\n"
    )


def _names() -> tuple[str, ...]:
    count = {harness: len(catalogue.names(harness)) for harness in catalogue.HARNESSES}
    last = catalogue.LOGLIKELIHOOD
    return (
        "`<task>__<protocol>` asks under another protocol, and `<task>__<protocol>_zh` asks it in Chinese, as in "
        "`prompts/<protocol>.zh.j2`: `cmqa_image_text__neutral`, `clqa_en_zh__choice_zh`. Groups "
        "are named alike: `cmqa_crossmodal__neutral`. Every arm under every protocol: `cmqa_prompts`, `clqa_prompts`, "
        "`cmqa_prompts_zh`, `clqa_prompts_zh`.",
        "In lm-eval, the arms of CLQA exist once more under `choice`, by log-likelihood of the four letters, with `acc` beside "
        f"the other metrics: `clqa_en_zh__choice{last}`, and groups such as `clqa_crosslingual__choice{last}`.",
        "The miniature's tasks, under the protocol `bare` and on facts of their own, are "
        + ", ".join(f"`{name}`" for name in catalogue.MINI_GROUPS)
        + " and their members; see [mini.md](mini.md).",
        f"All in all there are {count['lmms_eval']} tasks and groups for lmms-eval and {count['lm_eval']} for lm-eval.",
    )


def _arm_row(arm: Arm) -> tuple[str, ...]:
    task = catalogue.task_name(arm)
    groups = [group for group, members in catalogue.GROUPS.items() if arm.name in members and group.startswith(arm.family)]
    seen = ", then ".join(f"{LANGUAGES[language].name} {modality}" for modality, language in arm.pieces)
    return f"`{task}`", seen, _kind(arm), ", ".join(f"`{group}`" for group in groups)


def _kind(arm: Arm) -> str:
    if arm.single:
        return "single"
    names = [name for name, holds in (("cross-modal", arm.cross_modal), ("cross-lingual", arm.cross_lingual)) if holds]
    return " and ".join(names) or ("unimodal" if arm.family == "cmqa" else "monolingual")


def _group_rows() -> Iterable[tuple[str, ...]]:
    for group, members in catalogue.GROUPS.items():
        yield f"`{group}`", ", ".join(f"`{catalogue.task_name(ARMS[member])}`" for member in members)
    for group, members in catalogue.COLLECTIONS.items():
        yield f"`{group}`", ", ".join(f"`{member}`" for member in members)


def _protocol_rows() -> Iterable[tuple[str, ...]]:
    for protocol in PROTOCOLS.values():
        about = prompts.about(protocol.name, catalogue.DEFAULT_LANGUAGE)
        yield f"`{protocol.name}`", about.varies, about.why, FORMS[protocol.form], str(protocol.max_new_tokens)


def _metric_rows() -> Iterable[tuple[str, ...]]:
    shown: dict[str, metrics.Metric] = {}
    for arm in ARMS.values():
        shown |= {metric.name: metric for metric in metrics.metrics_of(arm)}
    for name, metric in shown.items():
        better = {True: "higher", False: "lower", None: ""}[metric.higher_is_better]
        yield f"`{name}`", better, metric.description, _where(name)


def _where(metric: str) -> str:
    """In words, which arms have a metric."""
    having = {arm.name for arm in ARMS.values() if metric in [rate.name for rate in metrics.metrics_of(arm)]}
    sets = {
        "all": set(ARMS),
        "two pieces": {arm.name for arm in ARMS.values() if not arm.single},
        "single": {arm.name for arm in ARMS.values() if arm.single},
        "cross-modal": {arm.name for arm in ARMS.values() if arm.cross_modal},
    }
    return next((words for words, names in sets.items() if names == having), ", ".join(f"`{name}`" for name in sorted(having)))


def _language_rows() -> Iterable[tuple[str, ...]]:
    for code, language in LANGUAGES.items():
        yield code, language.name, "both layouts" if language.both_layouts else "the layout that stands beside passages"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return markdown.table(header, list(rows), words=len(header))
