"""The real lmms-eval command line, from another directory, offline. It exits with 0 whatever happens: results files count."""

from __future__ import annotations

import json
import math
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml
from commands import run_command

from cmqa_tasks.asking.items import items_of
from cmqa_tasks.asking.question import questions_of
from cmqa_tasks.facts.records import ARMS, ITEM_KEY, Arm
from cmqa_tasks.facts.release import load
from cmqa_tasks.harness.catalogue import task_name
from cmqa_tasks.reports.demo import policies as demo
from cmqa_tasks.results import ResultsError, latest_results, latest_samples
from cmqa_tasks.results.results_file import ResultsFile
from cmqa_tasks.scoring.metrics import metrics_of
from cmqa_tasks.scoring.outcomes import score_response
from cmqa_tasks.scoring.policies import decision_of, random_choice
from cmqa_tasks.scoring.policy_rates import policy_rates

pytestmark = pytest.mark.harness
NAN = math.nan
PAIRS = [arm for arm in ARMS.values() if not arm.single]
GROUPS = ("cmqa_unimodal", "cmqa_crossmodal", "cmqa_bilingual", "clqa_monolingual", "clqa_crosslingual")
HARNESS = ("-m", "lmms_eval")
LIMIT = 64
"""Items of each arm. The slow tests evaluate all of them."""


def evaluate_policies(names: Iterable[str], root: Path, **options: int) -> Path:
    """Evaluate policies on every arm by one command line, each into its directory, one as a simple model."""
    common = {"model": "cmqa_reference", "tasks": "cmqa,cmqa_bilingual,cmqa_zhimage,clqa", "log_samples": True, **options}
    configs = [
        common | {"model_args": f"policy={name}", "output_path": str(root / name), "force_simple": name == "follow_text"}
        for name in names
    ]
    (root / "runs.yaml").write_text(yaml.safe_dump(configs))
    done = run_command(*HARNESS, "--config", root / "runs.yaml", cwd=root)
    (root / "log.txt").write_text(done.stdout + done.stderr)
    assert "Traceback" not in done.stderr + done.stdout, (done.stdout + done.stderr)[-3000:]
    return root


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Policies that reach every outcome between them, chat and simple."""
    return evaluate_policies(("follow_text", "random"), tmp_path_factory.mktemp("policies"), limit=LIMIT)


@pytest.fixture(scope="module")
def whole_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Policies that call contradictions by chance and never, on every item. The others are scored offline, in tests/scoring."""
    return evaluate_policies(("random", "follow_second"), tmp_path_factory.mktemp("whole"))


def check_metrics(results: ResultsFile, name: str, items: int | None = None) -> None:
    """Check a policy's numbers on every arm, of so many items or of all, against those by hand."""
    for arm in ARMS.values():
        assert results.n_samples[task_name(arm)]["effective"] == (items or len(list(items_of(arm, load()))))
        values = {key: results.metric(task_name(arm), key) for key in expected(name, arm)}
        assert values == pytest.approx(expected(name, arm), abs=1e-12, nan_ok=True), arm.name


def expected(name: str, arm: Arm) -> dict[str, float]:
    """What a policy must get on an arm, by hand."""
    first = {"follow_first": True, "follow_second": False, "never_conflict": True}.get(name)
    wanted = {"follow_image": "image", "follow_text": "text"}.get(name)
    kinds = [modality for modality, _ in arm.pieces]
    if wanted:
        first = kinds.index(wanted) == 0 if wanted in kinds else True
    if arm.single:
        cries = name == "always_conflict"
        return {
            "read_correct": float(not cries),
            "cried_conflict": float(cries),
            "unparsed": 0.0,
            "abstained": 0.0,
            "failed": 0.0,
        }
    values = {"named_both": 0.0, "unparsed": 0.0, "abstained": 0.0, "failed": 0.0}
    values |= dict.fromkeys(("prefers_first", "prefers_image", "prefers_english"), NAN)
    if name == "oracle":
        values |= {"balanced": 1.0, "recognition": 1.0, "false_alarm": 0.0, "agree_correct": 1.0}
    elif name == "always_conflict":
        values |= {"balanced": 0.5, "recognition": 1.0, "false_alarm": 1.0, "agree_correct": 0.0}
    else:
        values |= {"balanced": 0.5, "recognition": 0.0, "false_alarm": 0.0, "agree_correct": 1.0}
        modality, language = arm.pieces[0 if first else 1]
        values |= {"prefers_first": float(bool(first))}
        values |= {"prefers_image": float(modality == "image"), "prefers_english": float(language == "en")}
    return {metric.name: values[metric.name] for metric in metrics_of(arm)}


def test_exact_metrics_of_a_policy(runs: Path) -> None:
    check_metrics(latest_results(runs / "follow_text"), "follow_text", LIMIT)


@pytest.mark.slow
def test_exact_metrics_of_a_whole_run(whole_runs: Path) -> None:
    check_metrics(latest_results(whole_runs / "follow_second"), "follow_second")


@pytest.mark.parametrize("arm", PAIRS, ids=lambda arm: arm.name)
def test_random_gets_what_its_choices_say(runs: Path, arm: Arm) -> None:
    questions = questions_of(arm, load(), "aware")[:LIMIT]
    choices = Counter((question.item.relation, random_choice(question.item.id, 0, 2)) for question in questions)
    asked = Counter(question.item.relation for question in questions)
    results = latest_results(runs / "random")
    recognition, false_alarm = choices["conflict", 2] / asked["conflict"], choices["agree", 2] / asked["agree"]
    assert results.metric(task_name(arm), "recognition") == pytest.approx(recognition)
    assert results.metric(task_name(arm), "balanced") == pytest.approx((recognition + 1 - false_alarm) / 2)
    followed = choices["conflict", 0] + choices["conflict", 1]
    assert results.metric(task_name(arm), "prefers_first") == pytest.approx(choices["conflict", 0] / followed)


def test_other_protocols_through_the_command_line(tmp_path: Path) -> None:
    """The forms of answers that differ most, and a question in Chinese, against the offline calibration."""
    protocols = (("detect", "en"), ("choice", "zh"), ("reason", "en"), ("quote", "zh"))
    names = ",".join(task_name(ARMS["zhimage_text"], *asked_under) for asked_under in protocols)
    arguments = ("--model", "cmqa_reference", "--model_args", "policy=random", "--tasks", names)
    run_command(*HARNESS, *arguments, "--limit", str(LIMIT), "--output_path", tmp_path / "out", "--log_samples", cwd=tmp_path)
    results = latest_results(tmp_path / "out")
    for protocol, language in protocols:
        offline = policy_rates(decision_of("random"), ARMS["zhimage_text"], protocol, language, load(), LIMIT)
        task = task_name(ARMS["zhimage_text"], protocol, language)
        for name, value in offline.items():
            assert results.metric(task, name) == pytest.approx(value, nan_ok=True), (task, name)


@pytest.mark.slow
def test_the_published_table_is_what_the_policies_get(whole_runs: Path) -> None:
    """To the last printed digit."""
    published = (Path(__file__).parents[2] / "leaderboards" / "reference.md").read_text(encoding="utf-8")
    names = [path.name for path in whole_runs.iterdir() if path.is_dir()]
    rows = {tuple(line.replace(" ", "").split("|")) for line in published.splitlines() if line.startswith("|")}
    ours = [tuple(line.replace(" ", "").split("|")) for line in demo.table(names, whole_runs).splitlines()[2:]]
    assert len(names) == 2
    assert len(ours) == 2 * len(demo.ROWS)
    assert set(ours) <= rows


@pytest.mark.parametrize("group", GROUPS)
def test_groups_are_the_means_of_their_arms(runs: Path, group: str) -> None:
    results = latest_results(runs / "random")
    members = results.group_subtasks[group]
    for name in ("balanced", "recognition", "false_alarm", "agree_correct", "unparsed"):
        values = [results.metric(member, name) for member in members]
        assert results.metric(group, name) == pytest.approx(sum(values) / len(members)), name  # type: ignore[arg-type]


def test_the_table_has_clustered_standard_errors(runs: Path) -> None:
    log = (runs / "log.txt").read_text()
    assert "Stderr_Clustered" in log
    assert "cmqa_crossmodal" in log
    values = latest_results(runs / "random").results["cmqa_image_text"]
    assert 0 < values["recognition_stderr_clustered,none"] < 0.2


def test_samples_carry_the_item(runs: Path) -> None:
    rows = latest_samples(runs / "follow_text", "cmqa_image_text")
    questions = {question.item.id: question for question in questions_of(ARMS["image_text"], load(), "aware")[:LIMIT]}
    assert {row[ITEM_KEY]["item_id"] for row in rows} == set(questions)
    for row in rows[:40]:
        record = row[ITEM_KEY]
        question = questions[record["item_id"]]
        assert (record["fact_id"], record["arm"], record["relation"]) == (question.fact.id, "image_text", question.item.relation)
        assert record["outcome"] == ("second" if question.item.relation == "conflict" else "correct")
        assert record["parsed"]


def test_scoring_offline_gives_the_harness_outcomes(runs: Path) -> None:
    questions = {question.item.id: question for question in questions_of(ARMS["text_text"], load(), "aware")}
    for row in latest_samples(runs / "random", "cmqa_text_text"):
        record = row[ITEM_KEY]
        assert score_response(row["filtered_resps"], questions[record["item_id"]])[0] == record["outcome"]


def test_results_say_what_was_evaluated(runs: Path) -> None:
    results = latest_results(runs / "random")
    metadata = results.configs["cmqa_text_text"]["metadata"]
    assert metadata["release"] == load().name
    assert metadata["release_sha256"] == load().fingerprint
    assert metadata["protocol"] == "aware"
    (file,) = (runs / "random").rglob("*_results.json")
    assert json.loads(file.read_text(encoding="utf-8"))["versions"]["cmqa_text_text"] == metadata["version"]


def test_plain_command_limit_and_batch_size_from_any_directory(tmp_path: Path) -> None:
    arguments = ("--model", "cmqa_reference", "--model_args", "policy=follow_text", "--tasks", "cmqa_crossmodal")
    options = ("--limit", "6", "--batch_size", "4", "--output_path", tmp_path / "out", "--log_samples")
    run_command(*HARNESS, *arguments, *options, cwd=tmp_path)
    results = latest_results(tmp_path / "out")
    assert results.n_samples["cmqa_image_text"]["effective"] == 6
    assert results.metric("cmqa_image_text", "prefers_image") == 0.0
    assert results.metric("cmqa_crossmodal", "balanced") == 0.5


@pytest.mark.slow
def test_two_processes_give_what_one_gives(runs: Path, tmp_path: Path) -> None:
    launcher = ("-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", "29611")
    arguments = ("--model", "cmqa_reference", "--model_args", "policy=random", "--tasks", "cmqa_image_text")
    options = ("--limit", str(LIMIT), "--output_path", tmp_path / "out", "--log_samples")
    run_command(*launcher, *HARNESS, *arguments, *options, cwd=tmp_path, ACCELERATE_USE_CPU="true")
    single, double = latest_results(runs / "random"), latest_results(tmp_path / "out")
    for name in [by_one.name for by_one in metrics_of(ARMS["image_text"])]:
        by_one, by_two = (results.metric("cmqa_image_text", name) for results in (single, double))
        assert by_one == pytest.approx(by_two), name
    ids = [row[ITEM_KEY]["item_id"] for row in latest_samples(tmp_path / "out", "cmqa_image_text")]
    assert len(ids) == len(set(ids)) == LIMIT


@pytest.mark.parametrize(
    ("model_args", "tasks_argument", "complaint"),
    [
        ("policy=orcale", "cmqa_text", "unknown policy 'orcale'; choose one of oracle"),
        ("policy=oracle", "cmqa_video", "cmqa_video"),
    ],
)
def test_mistakes_are_said_and_leave_no_results(tmp_path: Path, model_args: str, tasks_argument: str, complaint: str) -> None:
    arguments = ("--model", "cmqa_reference", "--model_args", model_args, "--tasks", tasks_argument)
    done = run_command(*HARNESS, *arguments, "--output_path", tmp_path / "out", cwd=tmp_path)
    assert complaint in done.stdout + done.stderr
    with pytest.raises(ResultsError, match="is no directory; give the --output_path"):
        latest_results(tmp_path / "out")


def test_data_of_ones_own_through_simple_evaluate(own_file: Path, tmp_path: Path) -> None:
    """The five lines of the README, in a process of their own: task objects for chat and simple models alike, and the worked
    examples, which are files in published schemas.
    """
    shutil.copytree(Path(__file__).parents[2] / "examples" / "own", tmp_path / "own", ignore=shutil.ignore_patterns("*s.jsonl"))
    script = tmp_path / "own.py"
    script.write_text(
        "import json, runpy, sys\n"
        "from lmms_eval.evaluator import simple_evaluate\n"
        "from cmqa_tasks.worlds.own import read_jsonl\n"
        "from cmqa_tasks import ConflictTask\n"
        "runpy.run_path('own/convert.py', run_name='__main__')\n"
        "worked = {'receipts': 'image_text', 'paragraphs': 'en_zh', 'attributes': 'text_image', 'charts': 'image_text'}\n"
        "further = [ConflictTask(arm=worked[name], data=read_jsonl(f'own/{name}.jsonl', f'{name}_example')) for name in worked]\n"
        "tasks = [ConflictTask(arm='image_text', data=read_jsonl(sys.argv[1])), *further]\n"
        "for simple in (False, True):\n"
        "    results = simple_evaluate(model='cmqa_reference', model_args='policy=oracle', tasks=tasks, force_simple=simple)\n"
        "    print('RESULT', json.dumps({name: row['balanced,none'] for name, row in results['results'].items()}))\n"
    )
    done = run_command(script, own_file, cwd=tmp_path)
    metrics = [json.loads(line.removeprefix("RESULT ")) for line in done.stdout.splitlines() if line.startswith("RESULT")]
    names = ["receipts_image_text", "receipts_example_image_text", "paragraphs_example_en_zh"]
    names += ["attributes_example_text_image", "charts_example_image_text"]
    assert metrics == [dict.fromkeys(names, 1.0)] * 2, done.stderr[-2000:]


def test_tasks_made_in_python_and_in_yaml_are_the_same(tmp_path: Path) -> None:
    from lmms_eval.tasks import TaskManager

    from cmqa_tasks import ConflictTask
    from cmqa_tasks.harness.plugin import include_tasks

    include_tasks()
    manager = TaskManager()
    for arm in ARMS:
        for protocol, language in (("aware", "en"), ("quote", "zh")):
            (from_yaml,) = manager.load_task_or_group(task_name(ARMS[arm], protocol, language)).values()
            from_python = ConflictTask(arm=arm, protocol=protocol, language=language)
            assert from_yaml.dump_config() == from_python.dump_config()
            assert from_yaml.eval_docs.to_list() == from_python.eval_docs.to_list()
