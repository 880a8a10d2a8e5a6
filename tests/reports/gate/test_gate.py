"""The gate: unchanged, changed, improved, regressed, or cannot tell, and why."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import pytest
from made_runs import Behaviour, Run, always

from cmqa_tasks.cli.main import main
from cmqa_tasks.facts.release import DEFAULT
from cmqa_tasks.reports.gate import outputs, reference, settings, snapshot
from cmqa_tasks.reports.gate import verdict as gate
from cmqa_tasks.reports.gate.modes import MODES
from cmqa_tasks.reports.gate.settings import GateSettings
from cmqa_tasks.reports.gate.verdict import Verdict
from cmqa_tasks.results import ResultsError, Setting

PAIRS = ("text_text", "image_image", "image_text", "text_image")
QUICK = GateSettings(resamples=1_000)


def noisy(seed: int, wrong: float, wobbly: float = 0.0) -> Behaviour:
    """Wrong on the same items as its like of any seed, but for some that it answers by chance."""

    def behave(fact: int, relation: str) -> str:
        number = 2 * fact + (relation == "agree")
        error, chance = np.random.default_rng(number).random(2)
        good = error >= wrong if chance >= wobbly else np.random.default_rng((seed, number)).random() < 0.5
        rest = {"conflict": "first", "agree": "conflict"}.get(relation, "other")
        return ("conflict" if relation == "conflict" else "correct") if good else rest

    return behave


def run(path: Path, behaviour: Behaviour, **changes: object) -> Path:
    return replace(Run(behaviour, arms=PAIRS, facts=100), **changes).write(path)  # type: ignore[arg-type]


def paired(first: Path, second: Path, chosen: GateSettings = QUICK) -> Verdict:
    return gate.compare(snapshot.of_run(first), snapshot.of_run(second), "paired", chosen)


def test_a_reference_file_holds_what_the_run_did(tmp_path: Path) -> None:
    directory = run(tmp_path / "run", always(True))
    written, changed = reference.update(directory, tmp_path / "ref.jsonl", "first  one", "exact")
    read = reference.load(tmp_path / "ref.jsonl")
    assert read == written
    assert read.snapshot == snapshot.of_run(directory)
    assert (changed, read.mode, read.reason, read.history) == (0, "exact", "first one", ())
    assert read.environment["cmqa-tasks"]
    lines = (tmp_path / "ref.jsonl").read_text().splitlines()
    assert len(lines) == 1 + len(PAIRS) * (1 + 200)
    assert max(map(len, lines[2:202])) < 100


def test_an_update_keeps_the_history(tmp_path: Path) -> None:
    path = tmp_path / "ref.jsonl"
    reference.update(run(tmp_path / "one", noisy(1, 0.0)), path, "first", "exact")
    _, changed = reference.update(run(tmp_path / "two", noisy(1, 0.5)), path, "the tokenizer was mended", "exact")
    assert changed > 100
    assert reference.load(path).history == ({"date": "2026-11-01", "reason": "first", "changed_by_next": changed},)
    with pytest.raises(ResultsError, match="--reason is empty"):
        reference.update(tmp_path / "two", path, " ", "exact")
    newer = run(tmp_path / "three", noisy(1, 0.5), metadata={"version": 2.1})
    assert reference.update(newer, path, "version 2.1", "exact")[1] == 0, "the same outcomes to the same items"


def but_for(behaviour: Behaviour, other: Mapping[tuple[int, str], str]) -> Behaviour:
    """The same with other outcomes on some items."""
    return lambda fact, relation: other.get((fact, relation)) or behaviour(fact, relation)


def exact(tmp_path: Path, before: Behaviour, after: Behaviour, settings: GateSettings = QUICK) -> Verdict:
    first, second = (
        snapshot.of_run(run(tmp_path / name, behave, arms=PAIRS[:2])) for name, behave in (("a", before), ("b", after))
    )
    return gate.compare(first, second, "exact", settings)


def test_exact_wants_every_item_as_it_was(tmp_path: Path) -> None:
    verdict = exact(tmp_path, noisy(1, 0.2), noisy(1, 0.2))
    assert (verdict.status, verdict.exit_code) == ("unchanged", 0)


def test_exact_says_in_which_direction_items_changed(tmp_path: Path) -> None:
    """Fact 7 is answered rightly, fact 5 wrongly."""
    wrong = but_for(always(True), {(5, "conflict"): "first"})
    for number, (other, status, exit_code, better, worse) in enumerate(
        (
            ({(5, "conflict"): "conflict"}, "improved", 0, 1, 0),
            ({(7, "agree"): "conflict"}, "regressed", 1, 0, 1),
            ({(5, "conflict"): "second"}, "changed", 1, 0, 0),
            ({(5, "conflict"): "conflict", (7, "agree"): "conflict"}, "changed", 1, 1, 1),
        )
    ):
        verdict = exact(tmp_path / str(number), wrong, but_for(wrong, other))
        assert (verdict.status, verdict.exit_code) == (status, exit_code)
        for check in verdict.checks:
            assert (check.status, check.better, check.worse, check.changed) == (status, better, worse, len(other))
            assert check.before == 0.995
            assert check.after == pytest.approx(0.995 + 0.005 * (better - worse))
        assert [change.gain for change in verdict.changes[: len(other)]] == [1.0] * better + [-1.0] * worse or not better + worse


def test_exact_gains_of_one_task_beside_losses_of_another_are_a_change(tmp_path: Path) -> None:
    before = run(tmp_path / "a", noisy(1, 0.2), arms=PAIRS[:1])
    run(before, always(True), arms=PAIRS[1:2], moment="20261102_120000")
    after = run(tmp_path / "b", always(True), arms=PAIRS[:1])
    run(after, noisy(1, 0.2), arms=PAIRS[1:2], moment="20261102_120000")
    verdict = gate.compare(snapshot.of_run(before), snapshot.of_run(after), "exact", QUICK)
    assert {check.name: check.status for check in verdict.checks} == {PAIRS[1]: "regressed", PAIRS[0]: "improved"}
    assert verdict.status == "changed"


def test_the_user_says_what_fails(tmp_path: Path) -> None:
    better = exact(tmp_path, noisy(1, 0.2), always(True))
    assert (better.status, better.exit_code) == ("improved", 0)
    assert replace(better, fail_on=("improved",)).exit_code == 1
    absent = gate.unreadable("exact", "a", "b", "no results")
    assert absent.exit_code == 2
    assert replace(absent, fail_on=("regressed",)).exit_code == 0


def test_failed_requests_cannot_be_told_and_are_never_recorded(tmp_path: Path) -> None:
    good = run(tmp_path / "a", always(True))
    broken = run(tmp_path / "b", but_for(always(True), {(7, "agree"): "failed"}))
    for mode in MODES:
        verdict = gate.compare(snapshot.of_run(good), snapshot.of_run(broken), mode, QUICK)
        assert (verdict.status, verdict.exit_code) == ("cannot tell", 2)
        assert verdict.checks[0].why == "1 of 200 requests of the candidate failed: evaluate it again"
    with pytest.raises(ResultsError, match="4 requests failed; evaluate it again before it becomes the reference"):
        reference.update(broken, tmp_path / "ref.jsonl", "first", "exact")
    assert not (tmp_path / "ref.jsonl").exists()


def test_wording_counts_only_where_asked(tmp_path: Path) -> None:
    before = snapshot.of_run(run(tmp_path / "a", always(True)))
    after = snapshot.of_run(run(tmp_path / "b", always(True), responses=lambda outcome: f"Well: {outcome}"))
    loose = gate.compare(before, after, "exact", QUICK)
    assert (loose.exit_code, loose.reworded) == (0, 800)
    strict = gate.compare(before, after, "exact", GateSettings(responses=True))
    assert strict.exit_code == 1
    assert strict.changes[0].before.startswith("response ")


def test_paired_lets_noise_pass_and_finds_losses(tmp_path: Path) -> None:
    first, second = run(tmp_path / "a", noisy(1, 0.2, 0.02)), run(tmp_path / "b", noisy(2, 0.2, 0.02))
    chosen = GateSettings(resamples=1_000, mean_margin=0.03)
    verdict = paired(first, second, chosen)
    assert verdict.changes
    assert verdict.status == "unchanged", verdict.checks
    worse = paired(first, run(tmp_path / "c", noisy(2, 0.3, 0.02)))
    assert worse.exit_code == 1
    mean = worse.checks[0]
    assert mean.name == "mean over tasks"
    assert mean.delta is not None
    assert mean.delta.high < 0
    assert mean.delta.p_loss < 0.001


def test_paired_finds_a_single_broken_task_within_a_fine_mean(tmp_path: Path) -> None:
    good = run(tmp_path / "a", always(True))
    broken = run(tmp_path / "b", always(True), arms=PAIRS[:3])
    run(broken, noisy(1, 0.2), arms=PAIRS[3:], moment="20261102_120000")
    loose = GateSettings(resamples=1_000, mean_margin=0.2)
    verdict = paired(good, broken, loose)
    statuses = {check.name: check.status for check in verdict.checks}
    assert statuses == dict.fromkeys(("mean over tasks", *PAIRS[:3]), "unchanged") | {"text_image": "regressed"}


def test_too_few_items_cannot_tell(tmp_path: Path) -> None:
    first = run(tmp_path / "a", noisy(1, 0.2, 0.5), facts=12)
    verdict = paired(first, run(tmp_path / "b", noisy(2, 0.2, 0.5), facts=12))
    assert verdict.exit_code == 2
    assert any("too few items to exclude a loss beyond the margin of 2 points" in check.why for check in verdict.checks)


def test_a_model_that_gets_better_has_improved(tmp_path: Path) -> None:
    verdict = paired(run(tmp_path / "a", noisy(1, 0.4)), run(tmp_path / "b", noisy(1, 0.05)))
    assert {check.status for check in verdict.checks} == {"improved"}
    assert verdict.exit_code == 0
    assert "record a new one with `cmqa reference update`" in outputs.to_markdown(verdict)
    assert replace(verdict, fail_on=("improved",)).exit_code == 1


def test_the_same_outcomes_are_unchanged_however_few(tmp_path: Path) -> None:
    directory = run(tmp_path / "a", noisy(1, 0.3), facts=5)
    assert paired(directory, directory).exit_code == 0


def test_alike_models_are_called_regressed_no_more_often_than_the_level_says() -> None:
    """Two noisy runs of one model, 200 times; a small version of benchmarks/intervals.py, without files.

    Half of the level is the mean's, a quarter the tasks' losses (the last quarter their gains, which are no alarm). The level is
    high, so that alarms come in dozens: 27 here, and 45 if the gate forgot to halve it.
    """
    random, level = np.random.default_rng(3), 0.2
    chosen = GateSettings(resamples=1_000, level=level, mean_margin=0.0, task_margin=0.0)
    alarms = 0
    for _ in range(200):
        first, second = (wavering(random.random((40, 4))) for _ in range(2))
        alarms += gate.compare(first, second, "paired", chosen).status == "regressed"
    assert 0.5 * level <= alarms / 200 <= 0.75 * level + 0.02


def wavering(chances: npt.NDArray[np.float64]) -> snapshot.Snapshot:
    """A model that recognises every second contradiction by chance; [facts × tasks]."""
    setting = Setting("made", "a" * 64, "2.0", "aware", "en", "generation")
    return snapshot.Snapshot(
        "org/model",
        {},
        "2026-11-01",
        {
            snapshot.Key(arm, setting): {
                f"{arm} {fact}": snapshot.RecordedItem(str(fact), "conflict", "conflict" if chance < 0.5 else "first", None, "")
                for fact, chance in enumerate(column)
            }
            for arm, column in zip(PAIRS, chances.T, strict=True)
        },
    )


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"arms": PAIRS[1:]}, "the candidate was not evaluated on text_text"),
        ({"metadata": {"protocol": "neutral"}}, "it has protocol neutral in en"),
        ({"metadata": {"release_sha256": "c" * 64}}, r"release made \(cccccccc\)"),
        ({"facts": 10, "original": 100}, "other items: 180 of 200 are missing, 0 are new"),
    ],
)
def test_what_cannot_be_compared_cannot_be_told(tmp_path: Path, changes: dict[str, object], complaint: str) -> None:
    first, second = run(tmp_path / "a", always(True)), run(tmp_path / "b", always(True), **changes)
    for mode in ("exact", "paired"):
        verdict = gate.compare(snapshot.of_run(first), snapshot.of_run(second), mode, QUICK)  # type: ignore[arg-type]
        assert verdict.exit_code == 2
        assert any(re.search(complaint, check.why) for check in verdict.checks)


def test_the_commands_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = run(tmp_path / "good", always(True))
    bad = run(tmp_path / "bad", noisy(1, 0.2), metadata={"package": "0.4.0"})
    path, junit, summary = tmp_path / "ref.jsonl", tmp_path / "out" / "junit.xml", tmp_path / "out" / "summary.md"
    assert main(["reference", "update", str(good), "--out", str(path), "--reason", "first"]) == 0
    assert "4 tasks, 800 items, 0 outcomes changed" in capsys.readouterr().out
    arguments = ["regress", "--reference", str(path), "--junit", str(junit), "--summary", str(summary), "--candidate"]
    assert main([*arguments, str(good)]) == 0
    suite = ElementTree.parse(junit).getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "0", "0")
    assert main([*arguments, str(bad)]) == 1
    assert capsys.readouterr().out.endswith(summary.read_text(encoding="utf-8"))
    suite = ElementTree.parse(junit).getroot()
    assert (suite.get("failures"), len(suite.findall(".//failure"))) == ("4", 4)
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("## ❌ cmqa regress: regressed")
    assert "| score before | after | better | worse |" in " ".join(text.split())
    assert "The two runs differ in package 0.3.0 → 0.4.0." in text
    assert "of 200 items are not what they were" in text
    assert main([*arguments, str(tmp_path / "nowhere")]) == 2
    assert "nowhere is no directory" in summary.read_text(encoding="utf-8")
    assert ElementTree.parse(junit).getroot().find(".//error") is not None
    assert main([*arguments, str(bad), "--mode", "paired"]) == 1


@pytest.mark.parametrize("option", ["--junit", "--summary"])
def test_a_directory_where_a_file_should_go(tmp_path: Path, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    directory, other = tmp_path / "out", tmp_path / "other"
    directory.mkdir()
    command = ["regress", "--reference", str(directory), "--candidate", str(directory)]
    rest = {"--junit": "--summary", "--summary": "--junit"}[option]
    assert main([*command, option, str(directory), rest, str(other)]) == 2
    assert capsys.readouterr().err == f"cmqa regress: {option} {directory}: a directory; name a file\n"
    assert not other.exists()


def test_hostile_names_are_inert(tmp_path: Path) -> None:
    name = '<script>x</script> `a` \x00\x1b[31m ]]> & "q" \''
    good = snapshot.of_run(run(tmp_path / "good", always(True)))
    named = replace(snapshot.of_run(run(tmp_path / "bad", noisy(1, 0.2))), model=name)
    verdict = gate.compare(good, named, "exact", QUICK)
    ElementTree.fromstring(outputs.to_junit(verdict))
    assert "<script" not in re.sub("`[^`]*`", "", outputs.to_markdown(verdict)), "outside of code spans"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("level: 0.7", r"level=0.7: Input should be less than 0.5; the fields are mode, level"),
        ("margin: 0.1", r"margin=0.1: Extra inputs are not permitted"),
        ("mode: quick", r"mode='quick': Input should be 'exact' or 'paired'"),
        ("a: [", r"gate.yaml: "),
        ("fail_on: [fine]", r"fail_on.0='fine': Input should be 'regressed', 'cannot-tell', 'changed' or 'improved'"),
        ("['a']", r"gate.yaml: must be fields and values, not \['a'\]; the fields are mode, level"),
        ("level: 0.1\nmode: \udcfc", r"gate.yaml, line 2: no UTF-8: byte 0xfc"),
    ],
)
def test_settings_are_checked(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "gate.yaml"
    path.write_text(text, errors="surrogateescape")
    with pytest.raises(ResultsError, match=complaint):
        settings.read(path)
    path.write_text("task_margin: 0.1\nmode: paired\n")
    assert settings.read(path) == GateSettings(task_margin=0.1, mode="paired")


def test_damaged_references(tmp_path: Path) -> None:
    path = tmp_path / "ref.jsonl"
    reference.update(run(tmp_path / "run", always(True)), path, "first", "paired")
    whole = path.read_text().splitlines(keepends=True)
    for text, complaint in (
        ("".join(whole[:-3]), "task text_text should have 200 items|task text_image should have 200 items|should have 200 items"),
        ("".join(whole)[:-20], "is no reference file, or cut off"),
        (json.dumps({"format": 9}) + "\n", "is no reference file of format 1"),
        (whole[0], "no task: the file is cut off"),
        ("", "is no reference file, or cut off"),
    ):
        path.write_text(text)
        with pytest.raises(ResultsError, match=complaint):
            reference.load(path)


def test_what_is_wrong_with_a_reference_cannot_be_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1 says that the model regressed: a damaged or newer file must not look like it."""
    directory = run(tmp_path / "run", always(True), facts=2)
    path, junit, summary = (tmp_path / name for name in ("ref.jsonl", "junit.xml", "summary.md"))
    reference.update(directory, path, "first", "exact")
    head, task, row, *rest = path.read_text(encoding="utf-8").splitlines()
    about, task_line, item = json.loads(head), json.loads(task), json.loads(row)
    for lines, complaint in (
        ([{name: value for name, value in about.items() if name != "stamp"}, task_line, item], "line 1: stamp: Field required"),
        ([about | {"history": 7}, task_line, item], "line 1: history: Input should be a list, not 7"),
        ([[about], task_line, item], "is no reference file of format 1"),
        (
            [about, task_line | {"new_field": "x"}, item],
            "line 2: new_field: Extra inputs are not permitted, not 'x'; its fields are arm, rel",
        ),
        ([about, task_line | {"by": "guess"}, item], "line 2: by: Input should be 'generation' or 'loglikelihood', not 'guess'"),
        ([about, task_line | {"items": -1}, item], "line 2: items: Input should be greater than or equal to 0, not -1"),
        ([about, item, task_line], "line 2: a list instead of an object about a task: more items than its line says"),
        ([about, task_line, item[:-1]], "line 3: 5 fields instead of item, fact, relation, outcome, parsed, digest"),
        ([about, task_line, [*item[:3], "sulked", *item[4:]]], "line 3: outcome: Input should be 'conflict', 'first', 'second',"),
        ([about, task_line, [7, *item[1:]]], "line 3: item: Input should be a valid string, not 7"),
        ([about, task_line, task_line], "line 3: an object instead of a list: task image_image should have 4 items"),
    ):
        text = [json.dumps(line) for line in lines]
        path.write_text("\n".join([*text, *rest]) + "\n", encoding="utf-8")
        tell(path, directory, junit, summary, complaint)
    for text, complaint in (
        ([head, task, row, *rest, row], f"line {len(rest) + 4}: a list instead of an object about a task"),
        ([head, task, row, row, *rest[1:]], f"line 4: item {item[0]} stands in task image_image twice"),
        ([head, task, row, *rest, task, row, *rest], f"line {len(rest) + 4}: task image_image stands in it twice"),
    ):
        path.write_text("\n".join(text) + "\n", encoding="utf-8")
        tell(path, directory, junit, summary, complaint)
    capsys.readouterr()


def tell(path: Path, directory: Path, junit: Path, summary: Path, complaint: str) -> None:
    """The gate cannot tell, and says this in both of its files."""
    for file in (junit, summary):
        file.unlink(missing_ok=True)
    arguments = ["regress", "--reference", path, "--candidate", directory, "--junit", junit, "--summary", summary]
    assert main(list(map(str, arguments))) == 2, complaint
    error = ElementTree.parse(junit).getroot().find(".//error")
    assert error is not None
    assert complaint in str(error.get("message"))
    assert "cmqa regress: cannot tell" in summary.read_text(encoding="utf-8")


def test_a_damaged_log_of_attention_cannot_be_told(tmp_path: Path) -> None:
    directory, path = run(tmp_path / "run", always(True), facts=2), tmp_path / "ref.jsonl"
    reference.update(directory, path, "first", "exact")
    (directory / "attention").mkdir()
    (directory / "attention" / "0-0.parquet").write_bytes(b"PAR1 and then nothing")
    tell(path, directory, tmp_path / "junit.xml", tmp_path / "summary.md", "0-0.parquet is damaged or no Parquet file")


def test_a_reference_is_read_line_by_line_whatever_was_answered(tmp_path: Path) -> None:
    """Python knows more ends of lines than JSON lines do."""
    written, _ = reference.update(
        run(tmp_path / "run", always(True), model="org/\u2028a\x85b"), tmp_path / "ref.jsonl", "first", "exact"
    )
    assert reference.load(tmp_path / "ref.jsonl") == written


@pytest.mark.parametrize(
    ("metadata", "options"),
    [
        ({"release": DEFAULT}, ""),
        ({"release": "mini"}, " --data mini"),
        ({"release": "receipts"}, " --data DATA"),
        ({"release": DEFAULT, "protocol": "neutral", "question_language": "zh"}, " --protocols neutral --language zh"),
    ],
)
def test_the_summary_shows_how_to_look_at_an_item_of_any_release(
    tmp_path: Path, metadata: Mapping[str, str], options: str
) -> None:
    first, second = (
        run(tmp_path / name, right, metadata=metadata) for name, right in (("a", always(True)), ("b", always(False)))
    )
    verdict = gate.compare(snapshot.of_run(first), snapshot.of_run(second), "exact", QUICK)
    text = outputs.to_markdown(verdict)
    assert f"\n    cmqa show {verdict.changes[0].item}{options}\n" in text
    assert ("file or directory of `receipts`" in text) == ("DATA" in options)
