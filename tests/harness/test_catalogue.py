"""The tasks that exist: by one rule, in files that follow it, loadable by name in both harnesses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cmqa_tasks.asking import prompts
from cmqa_tasks.asking.items import items_of
from cmqa_tasks.asking.protocols import PROTOCOLS
from cmqa_tasks.facts.records import ARMS
from cmqa_tasks.harness import catalogue
from cmqa_tasks.harness.catalogue import COLLECTIONS, GROUPS, HARNESSES, Harness, suffix, task_name
from cmqa_tasks.harness.task_files import tasks_dir
from cmqa_tasks.scoring import metrics

CHECKOUT = Path(__file__).parents[2]


def test_names() -> None:
    assert task_name(ARMS["image_text"]) == "cmqa_image_text"
    assert task_name(ARMS["en_zh"], "neutral") == "clqa_en_zh__neutral"
    assert task_name(ARMS["en_zh"], "aware", "zh") == "clqa_en_zh__aware_zh"
    assert suffix("aware") == ""


@pytest.mark.parametrize("harness", HARNESSES)
def test_every_arm_exists_under_every_protocol_in_every_language(harness: Harness) -> None:
    names = catalogue.names(harness)
    for arm in ARMS.values():
        for protocol in PROTOCOLS:
            for language in ("en", "zh"):
                assert task_name(arm, protocol, language) in names


@pytest.mark.parametrize("harness", HARNESSES)
def test_names_are_unique_and_members_exist(harness: Harness) -> None:
    entries = list(catalogue.files(harness))
    names = [entry.name for entry in entries]
    assert len(set(names)) == len(names)
    for entry in entries:
        settings = yaml.load(entry.text, Loader=yaml.BaseLoader)
        members = settings["task"] if "group" in settings else []
        assert set(members) <= set(names), entry.name
        assert len(set(members)) == len(members), entry.name


@pytest.mark.parametrize("family", ["cmqa", "clqa"])
@pytest.mark.parametrize("ending", ["", "_zh"])
def test_the_prompts_group_reaches_every_arm_under_every_protocol(family: str, ending: str) -> None:
    members = {entry.name: yaml.load(entry.text, Loader=yaml.BaseLoader)["task"] for entry in catalogue.files("lmms_eval")}

    def leaves(name: str) -> list[str]:
        inner = members[name]
        return [leaf for member in inner for leaf in leaves(member)] if isinstance(inner, list) else [name]

    language = "zh" if ending else "en"
    arms = [arm for arm in ARMS.values() if arm.family == family]
    wanted = [task_name(arm, protocol, language) for arm in arms for protocol in PROTOCOLS]
    assert sorted(leaves(f"{family}_prompts{ending}")) == sorted(wanted)


def test_groups_hold_arms_of_one_kind() -> None:
    for group, members in GROUPS.items():
        arms = [ARMS[member] for member in members]
        assert len({metrics.metrics_of(arm) for arm in arms}) == 1, group
        assert all(group.startswith(arm.family) for arm in arms), group
    assert {group for members in COLLECTIONS.values() for group in members} <= set(GROUPS)


def _expected(name: str) -> tuple[str, str]:
    """Protocol and language of a task, by its name and, for the miniature, by its group's table."""
    mini = {
        catalogue.mini_task_name(ARMS[arm], language): ("bare", language)
        for members in catalogue.MINI_GROUPS.values()
        for arm, language in members
    }
    if name in mini:
        return mini[name]
    ending = name.removesuffix(catalogue.LOGLIKELIHOOD).partition("__")[2]
    language = next((language for language in prompts.languages() if ending.endswith(f"_{language}")), "en")
    return ending.removesuffix(f"_{language}") or "aware", language


SAMPLE = pytest.mark.parametrize("step", [29, pytest.param(5, marks=pytest.mark.slow)], ids=["some", "more"])


@pytest.mark.harness
@SAMPLE
def test_tasks_load_by_name_in_lmms_eval(step: int) -> None:
    """Both harnesses drop a broken YAML with a debug line only."""
    from lmms_eval.tasks import TaskManager

    manager = TaskManager(include_path=str(tasks_dir("lmms_eval")), include_defaults=False)
    assert set(manager.all_tasks) == catalogue.names("lmms_eval")
    for name in [entry.name for entry in catalogue.files("lmms_eval") if "group:" not in entry.text][::step]:
        (task,) = manager.load_task_or_group(name).values()
        assert task.config.task == name
        assert (task.settings.protocol.name, task.settings.language) == _expected(name)
        assert len(task.eval_docs) == len(list(items_of(task.settings.arm, task.settings.release)))
    for group, arms in GROUPS.items():
        (members,) = manager.load_task_or_group(group).values()
        assert list(members) == [task_name(ARMS[arm]) for arm in arms]


@pytest.mark.harness
@SAMPLE
def test_tasks_load_by_name_in_lm_eval(step: int) -> None:
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=str(tasks_dir("lm_eval")), include_defaults=False)
    assert set(manager.all_tasks) == catalogue.names("lm_eval")
    for name in sorted(manager.all_subtasks)[::step]:
        task = manager.load(name)["tasks"][name]
        assert (task.settings.protocol.name, task.settings.language) == _expected(name)
        assert (task.OUTPUT_TYPE == "multiple_choice") == name.endswith(catalogue.LOGLIKELIHOOD)
        assert task.config.metadata["version"] == task.VERSION
        assert len(task.eval_docs) == len(list(items_of(task.settings.arm, task.settings.release)))


@pytest.mark.harness
@pytest.mark.parametrize("harness", HARNESSES)
def test_our_names_collide_with_no_built_in(harness: Harness) -> None:
    """lmms-eval would take the built-in one without a word, lm-eval ours."""
    if harness == "lmms_eval":
        from lmms_eval.tasks import TaskManager as Manager
    else:
        from lm_eval.tasks import TaskManager as Manager
    theirs = Manager(include_path=None)
    ours = catalogue.names(harness)
    places = {name: str(_place(theirs.task_index[name])) for name in theirs.all_tasks if name in ours}
    here = str(tasks_dir(harness))
    assert not {name for name, path in places.items() if not path.startswith(here)}


def _place(entry: Any) -> Any:
    return entry["yaml_path"] if isinstance(entry, dict) else entry.yaml_path
