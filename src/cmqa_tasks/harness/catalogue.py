"""Which tasks and groups exist in each harness, by one rule.

Every arm under every protocol, asked in every language that there are prompts for, is a task with a regular name::

    cmqa_image_text                  the default: aware, in English
    cmqa_image_text__neutral         another protocol
    clqa_en_zh__neutral_zh           … with the question in Chinese, as in prompts/neutral.zh.j2

and groups are named alike (``cmqa_crossmodal__neutral``). :mod:`cmqa_tasks.harness.task_files` writes their YAML files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cmqa_tasks.asking import prompts
from cmqa_tasks.asking.protocols import BARE, DEFAULT_PROTOCOL, PROTOCOLS
from cmqa_tasks.facts.records import ARMS, Arm, arm_named

Harness = Literal["lmms_eval", "lm_eval"]
HARNESSES: tuple[Harness, ...] = ("lmms_eval", "lm_eval")
DEFAULT_LANGUAGE = "en"
LOGLIKELIHOOD = "_loglikelihood"
"""Ends the name of a task that compares log-likelihoods of the options instead of generating."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "cmqa_unimodal": ("text_text", "image_image"),
    "cmqa_crossmodal": ("image_text", "text_image"),
    "cmqa_single": ("text", "image"),
    "cmqa_bilingual": ("zhimage_text", "text_zhimage", "image_zhtext", "zhtext_image"),
    "clqa_monolingual": ("en_en", "zh_zh"),
    "clqa_crosslingual": ("en_zh", "zh_en"),
    "clqa_single": ("en", "zh"),
}
"""Groups of arms that are averaged."""
COLLECTIONS: Mapping[str, tuple[str, ...]] = {
    "cmqa": ("cmqa_unimodal", "cmqa_crossmodal", "cmqa_single"),
    "clqa": ("clqa_monolingual", "clqa_crosslingual", "clqa_single"),
}
"""Groups of groups, without an average of their own."""
MINI = "mini"
"""The miniature's release, and the folder of its tasks."""
MINI_GROUPS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "cmqa_mini_unimodal": (("text_text", "en"), ("image_image", "en")),
    "cmqa_mini_crossmodal": (("image_text", "en"), ("text_image", "en")),
    "cmqa_mini_bilingual": (("image_zhtext", "zh"), ("zhtext_image", "zh")),
    "cmqa_mini_single": (("text", "en"), ("image", "en")),
    "clqa_mini_monolingual": (("en_en", "en"), ("zh_zh", "zh")),
    "clqa_mini_crosslingual": (("en_zh", "en"), ("zh_en", "en"), ("en_zh", "zh"), ("zh_en", "zh")),
    "clqa_mini_single": (("en", "en"), ("zh", "zh")),
}
"""The miniature's groups: arms, each with the language in which it is asked."""


@dataclass(frozen=True, slots=True)
class TaskFile:
    """One YAML file: a task or a group."""

    name: str
    folder: str
    """Folder below the harness's directory: the protocol (and language) as in ``prompts/``; empty for the default."""
    text: str

    @property
    def path(self) -> str:
        """Path below the harness's directory."""
        return f"{self.folder}/{self.name}.yaml".lstrip("/")


def suffix(protocol: str, language: str = DEFAULT_LANGUAGE) -> str:
    """What a name ends in under a protocol: nothing for the default, else ``__`` and the prompt file's name."""
    if (protocol, language) == (DEFAULT_PROTOCOL, DEFAULT_LANGUAGE):
        return ""
    return f"__{protocol}" + ("" if language == DEFAULT_LANGUAGE else f"_{language}")


def task_name(arm: Arm, protocol: str = DEFAULT_PROTOCOL, language: str = DEFAULT_LANGUAGE) -> str:
    """Name of the shipped task of an arm: ``clqa_en_zh__neutral``."""
    return f"{arm.family}_{arm.name}{suffix(protocol, language)}"


def arm_of(name: str) -> Arm:
    """A shipped arm by its name or by that of its default task: ``image_text``, ``cmqa_image_text``.

    Raises:
        ValueError: no such arm; the message lists those that exist.
    """
    return {task_name(arm): arm for arm in ARMS.values()}.get(name) or arm_named(name)


def files(harness: Harness) -> Iterator[TaskFile]:
    """Every YAML file of a harness."""
    for language in prompts.languages():
        for protocol in PROTOCOLS:
            ending = suffix(protocol, language)
            settings = {"protocol": protocol} if ending else {}
            settings |= {} if language == DEFAULT_LANGUAGE else {"language": language}
            yield from _protocol(ending, settings)
            if harness == "lm_eval" and protocol == "choice":
                yield from _loglikelihoods(ending, settings)
        for family in COLLECTIONS:
            yield _prompts_group(family, language)
    yield from _mini()


def names(harness: Harness) -> set[str]:
    """The names of all tasks and groups of a harness."""
    return {file.name for file in files(harness)}


def is_read(file: TaskFile) -> bool:
    """Whether a file is kept in the repository, for people to read: the default protocol's, and one for each other protocol."""
    shown = [task_name(ARMS["image_text"], protocol) for protocol in PROTOCOLS]
    return not file.folder or file.name in (*shown, f"clqa_en_zh__choice{LOGLIKELIHOOD}")


def mini_task_name(arm: Arm, language: str) -> str:
    """Name of an arm's task on the miniature's facts: ``cmqa_mini_image_text``, ``clqa_mini_en_zh_asked_zh``.

    The language is named where the same arm exists in both.
    """
    languages = {code for members in MINI_GROUPS.values() for name, code in members if name == arm.name}
    return f"{arm.family}_mini_{arm.name}" + (f"_asked_{language}" if len(languages) > 1 else "")


def _mini() -> Iterator[TaskFile]:
    """The miniature's tasks and groups: one word is the answer."""
    for group, members in MINI_GROUPS.items():
        tasks = []
        for name, language in members:
            arm = ARMS[name]
            tasks.append(mini_task_name(arm, language))
            settings = {"include": "../_template", "arm": name, "data": MINI, "protocol": BARE.name, "language": language}
            yield _task(tasks[-1], MINI, settings | {"generation_kwargs": "{max_new_tokens: 1}"})
        kind = "single" if ARMS[members[0][0]].single else "pair"
        yield _group(group, MINI, tasks, include=f"../_{kind}_group")
    for family in COLLECTIONS:
        yield _group(f"{family}_mini", MINI, [name for name in MINI_GROUPS if name.startswith(family)], include="../_collection")


def _protocol(ending: str, settings: Mapping[str, str]) -> Iterator[TaskFile]:
    """All tasks and groups under one protocol."""
    folder = ending.removeprefix("__")
    up = "../" if folder else ""
    for arm in ARMS.values():
        yield _task(f"{arm.family}_{arm.name}{ending}", folder, {"include": f"{up}_template", "arm": arm.name, **settings})
    for group, members in GROUPS.items():
        names = [f"{ARMS[member].family}_{member}{ending}" for member in members]
        single = ARMS[members[0]].single
        yield _group(f"{group}{ending}", folder, names, include=f"{up}_{'single' if single else 'pair'}_group")
    for group, members in COLLECTIONS.items():
        yield _group(f"{group}{ending}", folder, [f"{member}{ending}" for member in members], include=f"{up}_collection")


def _loglikelihoods(ending: str, settings: Mapping[str, str]) -> Iterator[TaskFile]:
    """The arms without images by log-likelihood."""
    folder, last = ending.removeprefix("__"), f"{ending}{LOGLIKELIHOOD}"
    settings = {"include": "../_template", **settings, "by": "loglikelihood"}
    for arm in ARMS.values():
        if arm.family == "clqa":
            yield _task(f"clqa_{arm.name}{last}", folder, {**settings, "arm": arm.name})
    for group, members in GROUPS.items():
        if group.startswith("clqa"):
            names = [f"clqa_{member}{last}" for member in members]
            kind = "single" if ARMS[members[0]].single else "pair"
            yield _group(f"{group}{last}", folder, names, include=f"../_{kind}_group")
    yield _group(f"clqa{last}", folder, [f"{member}{last}" for member in COLLECTIONS["clqa"]], include="../_collection")


def _prompts_group(family: str, language: str) -> TaskFile:
    """Every arm of a family under every protocol."""
    grouped = {arm for members in COLLECTIONS[family] for arm in GROUPS[members]}
    others = [name for name, members in GROUPS.items() if name.startswith(family) and not grouped & set(members)]
    grouped |= {arm for group in others for arm in GROUPS[group]}
    alone = [f"{family}_{arm.name}" for arm in ARMS.values() if arm.family == family and arm.name not in grouped]
    names = [f"{name}{suffix(protocol, language)}" for protocol in PROTOCOLS for name in (family, *others, *alone)]
    ending = "" if language == DEFAULT_LANGUAGE else f"_{language}"
    return _group(f"{family}_prompts{ending}", "", names, include="_collection")


def _task(name: str, folder: str, settings: Mapping[str, str]) -> TaskFile:
    lines = [f"{key}: {value}" for key, value in {**settings, "task": name}.items()]
    return TaskFile(name, folder, "\n".join(lines) + "\n")


def _group(name: str, folder: str, members: Sequence[str], include: str) -> TaskFile:
    return TaskFile(name, folder, f"include: {include}\ngroup: {name}\ntask: [{', '.join(members)}]\n")
