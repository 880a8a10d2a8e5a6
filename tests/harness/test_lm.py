"""lm-evaluation-harness's real command line: the same names, items, prompts and outcomes as in lmms-eval."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import run_command

from cmqa_tasks.facts.records import ARMS, ITEM_KEY
from cmqa_tasks.facts.release import load
from cmqa_tasks.harness.catalogue import GROUPS, LOGLIKELIHOOD, task_name
from cmqa_tasks.harness.rows import from_row
from cmqa_tasks.harness.task_files import tasks_dir
from cmqa_tasks.results import latest_samples
from cmqa_tasks.scoring.outcomes import score_response
from cmqa_tasks.scoring.policies import decision_of
from cmqa_tasks.scoring.policy_rates import policy_rates

pytestmark = pytest.mark.harness
OURS = ("-m", "cmqa_tasks.cli", "lm-eval", "run")
THEIRS = ("-m", "lm_eval", "run", "--include_path")
LMMS = ("-m", "lmms_eval")
TEXT_ARMS = [arm for arm in ARMS.values() if arm.family == "clqa"]
CHOICE = f"__choice{LOGLIKELIHOOD}"
LIMIT = 64


def results_of(directory: Path) -> dict[str, Any]:
    (path,) = directory.rglob("results_*.json")
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def samples_of(directory: Path, task: str) -> dict[str, dict[str, Any]]:
    """The samples of a task by item id."""
    (path,) = directory.rglob(f"samples_{task}_2*.jsonl")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {row["doc"]["item_id"]: row for row in rows}


@pytest.fixture(scope="module", params=["random"])
def policy_run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A policy on CLQA, generated and by log-likelihood, and on two arms with images: lm-eval holds all of a run's in memory."""
    out = tmp_path_factory.mktemp(request.param)
    names = ",".join(["clqa", f"clqa{CHOICE}", "cmqa_image_text", "cmqa_zhimage_text__detect_zh"])
    arguments = ("--model", "cmqa_reference", "--model_args", f"policy={request.param}", "--tasks", names, "--limit", str(LIMIT))
    done = run_command(*OURS, *arguments, "--output_path", out, "--log_samples", cwd=out)
    assert done.returncode == 0, done.stderr[-3000:]
    return request.param, out


@pytest.mark.parametrize("arm", ARMS.values(), ids=lambda arm: arm.name)
def test_policies_get_what_they_get_everywhere(policy_run: tuple[str, Path], arm: Any) -> None:
    name, out = policy_run
    numbers = results_of(out)["results"]
    for protocol, task in (("aware", task_name(arm)), ("choice", f"{task_name(arm)}{CHOICE}")):
        if task not in numbers:
            assert arm not in TEXT_ARMS
            continue
        assert numbers[task]["cmqa_item,none"] == LIMIT
        for metric, value in policy_rates(decision_of(name), arm, protocol, "en", load(), LIMIT).items():
            assert numbers[task][f"{metric},none"] == pytest.approx(value, nan_ok=True), (task, metric)


def test_a_question_in_chinese(policy_run: tuple[str, Path]) -> None:
    name, out = policy_run
    numbers = results_of(out)["results"]["cmqa_zhimage_text__detect_zh"]
    for metric, value in policy_rates(decision_of(name), ARMS["zhimage_text"], "detect", "zh", load(), LIMIT).items():
        assert numbers[f"{metric},none"] == pytest.approx(value, nan_ok=True), metric


def test_accuracy_by_log_likelihood(policy_run: tuple[str, Path]) -> None:
    _, out = policy_run
    for arm in TEXT_ARMS:
        rows = samples_of(out, f"{task_name(arm)}{CHOICE}").values()
        right = [
            row["cmqa_item"]["outcome"] == ("conflict" if row["doc"]["relation"] == "conflict" else "correct") for row in rows
        ]
        accuracy = results_of(out)["results"][f"{task_name(arm)}{CHOICE}"]["acc,none"]
        assert accuracy == pytest.approx(sum(right) / len(right))


@pytest.mark.parametrize("group", ["clqa_crosslingual", "clqa_single", f"clqa_monolingual{CHOICE}"])
def test_groups_are_the_means_of_their_arms(policy_run: tuple[str, Path], group: str) -> None:
    content = results_of(policy_run[1])
    members = content["group_subtasks"][group]
    assert len(members) == len(GROUPS[group.removesuffix(CHOICE)])
    for metric in ("unparsed", "read_correct" if "single" in group else "balanced"):
        values = [content["results"][member][f"{metric},none"] for member in members]
        assert content["results"][group][f"{metric},none"] == pytest.approx(math.fsum(values) / len(values))


def test_results_say_what_was_evaluated(policy_run: tuple[str, Path]) -> None:
    config = results_of(policy_run[1])["configs"][f"clqa_en_zh{CHOICE}"]["metadata"]
    assert (config["release"], config["release_sha256"]) == (load().name, load().fingerprint)
    assert (config["protocol"], config["question_language"]) == ("choice", "en")


FAMILIES = [("qwen2", "hf", ("en_zh", "zh")), ("qwen2_5_vl", "hf-multimodal", ("image_text", "zhimage_text"))]


@pytest.mark.parametrize(("family", "model", "arms"), FAMILIES, ids=[family for family, _, _ in FAMILIES])
def test_the_same_model_says_the_same_in_both_harnesses(
    family: str, model: str, arms: tuple[str, ...], tiny_checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    """Prompt text, response and outcome, item by item, of a text model and of one with images."""
    weights, names = tiny_checkpoint(family), [task_name(ARMS[arm]) for arm in arms]
    options = ("--tasks", ",".join(names), "--limit", "4", "--log_samples")
    loaded = f"pretrained={weights},dtype=float32" + (",max_images=2" if model == "hf-multimodal" else "")
    theirs = (*THEIRS, tasks_dir("lm_eval"), "--model", model, "--model_args", loaded, "--device", "cpu")
    short = ("--apply_chat_template", "--gen_kwargs", "max_gen_toks=8")
    done = run_command(*theirs, *short, *options, "--output_path", tmp_path / "lm", cwd=tmp_path)
    ours = (*LMMS, "--model", "cmqa_hf", "--model_args", f"pretrained={weights}", "--gen_kwargs", "max_new_tokens=8")
    two = run_command(*ours, *options, "--output_path", tmp_path / "lmms", cwd=tmp_path)
    for name in names:
        lm = samples_of(tmp_path / "lm", name)
        lmms = {row[ITEM_KEY]["item_id"]: row for row in latest_samples(tmp_path / "lmms", name)}
        assert len(lm) == 4, done.stderr[-2000:]
        assert set(lm) == set(lmms), two.stderr[-2000:]
        for identity, row in lm.items():
            lmms_record = {
                key: value for key, value in lmms[identity][ITEM_KEY].items() if key not in ("cut", "reasoning_opened")
            }  # which cmqa_hf alone can say
            assert row[ITEM_KEY] == lmms_record
            assert row["filtered_resps"][0].strip() == lmms[identity]["filtered_resps"].strip()
            words = [part.text for part in from_row(row["doc"]).prompt if part.text is not None]
            prompt, shown = row["arguments"]["gen_args_0"]["arg_0"], lmms[identity]["input"]
            assert all(text in prompt and text in shown for text in words)
            assert prompt.index(words[0]) < prompt.index(words[-1])


def test_a_real_model_by_log_likelihood(tiny_checkpoint: Callable[[str], Path], tmp_path: Path) -> None:
    """Four requests an item, and the likeliest letter is the outcome."""
    task = f"clqa_en_zh{CHOICE}"
    model = ("--model", "hf", "--model_args", f"pretrained={tiny_checkpoint('qwen2')},dtype=float32", "--device", "cpu")
    options = ("--tasks", task, "--limit", "6", "--output_path", tmp_path / "out", "--log_samples")
    run_command(*THEIRS, tasks_dir("lm_eval"), *model, *options, cwd=tmp_path)
    for row in samples_of(tmp_path / "out", task).values():
        likelihoods = [float(answer[0]) for answer in row["filtered_resps"]]
        assert len(likelihoods) == 4
        assert len(set(likelihoods)) > 1
        chosen = "ABCD"[likelihoods.index(max(likelihoods))]
        assert score_response(chosen, from_row(row["doc"]))[0] == row[ITEM_KEY]["outcome"]
        assert row["acc"] == float(chosen == from_row(row["doc"]).target)


def test_tasks_made_in_python_and_in_yaml_are_the_same() -> None:
    from lm_eval.tasks import TaskManager

    from cmqa_tasks.harness.lm import LMConflictTask

    manager = TaskManager(include_path=str(tasks_dir("lm_eval")), include_defaults=False)
    for name, built in (
        ("clqa_en_zh", LMConflictTask(arm="en_zh")),
        ("cmqa_image_text__reason_zh", LMConflictTask(arm="image_text", protocol="reason", language="zh")),
        (f"clqa_zh_zh{CHOICE}", LMConflictTask(arm="zh_zh", protocol="choice", by="loglikelihood")),
    ):
        loaded = manager.load(name)["tasks"][name]
        from_yaml, from_python = loaded.dump_config(), built.dump_config()
        assert from_yaml["metadata"].pop("config_source").endswith(f"{name}.yaml")
        assert from_yaml == from_python
        assert loaded.eval_docs.to_list() == built.eval_docs.to_list()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"arm": "en_zh", "by": "guessing"}, "by='guessing': choose generation or loglikelihood"),
        ({"arm": "en_zh", "by": "loglikelihood"}, "log-likelihoods need options: protocol 'choice', not 'aware'"),
        ({"arm": "image_text", "protocol": "choice", "by": "loglikelihood"}, "arm 'image_text' needs"),
        ({"arm": "en_zh", "protocol": "nope"}, "unknown protocol 'nope'; choose one of aware"),
        ({"arm": "en_zh", "language": "fr"}, "no prompts in language 'fr'; choose one of en, zh"),
        ({"arm": "fr_en"}, "unknown arm 'fr_en'; choose one of text_text"),
        ({}, "needs an arm"),
    ],
)
def test_mistakes_are_named(arguments: dict[str, str], complaint: str) -> None:
    from cmqa_tasks.harness.lm import LMConflictTask

    with pytest.raises(ValueError, match=complaint):
        LMConflictTask(**arguments)  # type: ignore[arg-type]
