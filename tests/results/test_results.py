"""The reader: what the harnesses write becomes typed tables, and what is wrong with it is said by name."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from made_runs import ALL, Run, always

from cmqa_tasks import results
from cmqa_tasks.attention.rows import LAYER_HEAD, AttentionRow, LogMetadata
from cmqa_tasks.attention.store import ShardWriter, merge
from cmqa_tasks.results import UNKNOWN, ResultsError, RunDirectory, items, latest_results, read_runs
from cmqa_tasks.results.tally import count
from cmqa_tasks.results.texts import exchanges

RIGHT = Run(always(True))


def entry_of(*directories: Path | str) -> results.Run:
    (entry,) = read_runs([str(directory) for directory in directories])
    return entry


def test_a_run_becomes_typed_tables(tmp_path: Path) -> None:
    entry = entry_of(RIGHT.write(tmp_path))
    assert set(entry.parts) == set(ALL)
    table = entry.parts["image_text"].items
    assert table.schema.equals(items.ITEMS)
    first = table.to_pylist()[0]
    assert (first["relation"], first["outcome"], first["first_side"], first["log_density_ratio"]) == (
        "conflict",
        "conflict",
        "a",
        None,
    )
    assert entry.marks(ALL) == ()
    assert (entry.name, entry.setting.protocol, entry.dates) == ("org/model", "aware", ("2026-11-01",))


def test_the_stamp_says_what_the_files_say_and_nothing_else(tmp_path: Path) -> None:
    about = {"name": "org/model", "revision": "abc", "dtype": "bfloat16", "attention": "sdpa"}
    full = entry_of(replace(RIGHT, metadata={"model": about}).write(tmp_path / "full")).subject
    assert (full.revision, full.dtype, full.attn_implementation, full.harness, full.package) == (
        "abc",
        "bfloat16",
        "sdpa",
        "lmms-eval 0.7.3",
        "0.3.0",
    )
    other = entry_of(replace(RIGHT, metadata={"model": about | {"name": "org/another"}}).write(tmp_path / "other")).subject
    assert (other.revision, other.dtype, other.attn_implementation) == (UNKNOWN, UNKNOWN, UNKNOWN), (
        "another model of the same process"
    )
    old = {"package": None, "harness": None}
    config = {"model_args": "pretrained=org/model,dtype=float16,revision=r1,attn_implementation=eager,batch_size=4"}
    bare = entry_of(replace(RIGHT, metadata=old, config=config).write(tmp_path / "bare")).subject
    assert (bare.revision, bare.dtype, bare.attn_implementation) == ("r1", "float16", "eager")
    assert (bare.harness, bare.package) == ("lmms-eval unknown", UNKNOWN)
    assert "batch_size" not in bare.arguments


def test_lmms_eval_0_6_writes_responses_in_lists(tmp_path: Path) -> None:
    new = entry_of(RIGHT.write(tmp_path / "new"))
    old_run = replace(RIGHT)
    directory = old_run.write(tmp_path / "old")
    for arm in ALL:
        path = old_run.samples(directory, arm)
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        rows = [row | {"filtered_resps": [row["filtered_resps"]], "resps": [[row["filtered_resps"]]]} for row in rows]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    old = entry_of(directory)
    for arm in ALL:
        assert old.parts[arm].items.equals(new.parts[arm].items)
        assert exchanges(old.parts[arm]) == exchanges(new.parts[arm])


def lm_eval(run: Run, directory: Path, arm: str, **config: Any) -> Path:
    """A run in the form of lm-eval: other names, a dictionary of arguments, the document in every row."""
    directory.mkdir(parents=True)
    moment = "2026-11-01T23-30-00.123456"
    rows = [
        {**row, "doc": {"item_id": "x"}, "filtered_resps": [row["filtered_resps"]], "filter": "none"} for row in run.rows(arm)
    ]
    for row in rows:
        row["arguments"] = {"gen_args_0": {"arg_0": row.pop("input"), "arg_1": {"until": []}}}
    content = run.results() | {"date": 1793575800.0, "lm_eval_version": "0.4.13"}
    content["config"] |= {
        "model_args": {"pretrained": run.model},
        "model_dtype": "torch.bfloat16",
        "model_sha": "c0ffee",
    } | config
    (directory / f"samples_{run.task(arm)}_{moment}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (directory / f"results_{moment}.json").write_text(json.dumps(content))
    return directory


def test_lm_eval_is_read_alike(tmp_path: Path) -> None:
    run = replace(RIGHT, arms=("en_zh",))
    entry = entry_of(lm_eval(run, tmp_path / "lm", "en_zh"))
    theirs, ours = entry.parts["en_zh"], entry_of(run.write(tmp_path / "lmms")).parts["en_zh"]
    assert theirs.items.equals(ours.items)
    assert exchanges(theirs) == exchanges(ours)
    assert (entry.subject.revision, entry.subject.dtype, entry.subject.harness) == ("c0ffee", "bfloat16", "lm-eval 0.7.3")
    assert entry.dates == ("2026-11-01",)


def test_parts_of_several_runs_and_directories_come_together(tmp_path: Path) -> None:
    first = replace(RIGHT, arms=("text_text", "image_image")).write(tmp_path / "one")
    second = replace(RIGHT, arms=("image_text", "text_image"), moment="20261102_120000").write(tmp_path / "two")
    entry = entry_of(first, second)
    assert set(entry.parts) == {"text_text", "image_image", "image_text", "text_image"}
    assert entry.dates == ("2026-11-01", "2026-11-02")


def test_of_two_evaluations_of_an_arm_the_later_counts_and_says_so(tmp_path: Path) -> None:
    RIGHT.write(tmp_path)
    replace(RIGHT, behaviour=always(False), arms=("text",), moment="20261102_120000").write(tmp_path)
    entry = entry_of(tmp_path)
    assert set(entry.parts["text"].items.column("outcome").to_pylist()) == {"conflict"}
    assert entry.marks(ALL) == ("1 other evaluations of the same arms left out",)
    limited = replace(RIGHT, arms=("text",), facts=10, original=40, moment="20261103_120000")
    limited.write(tmp_path)
    assert entry_of(tmp_path).parts["text"].items.num_rows == 80, "a later run with a limit does not replace a whole one"


def test_dates_are_days_in_utc_and_lmms_eval_s_own_clock_is_singapore_s(tmp_path: Path) -> None:
    for moment, day in (("20261102_075959", "2026-11-01"), ("20261102_080000", "2026-11-02")):
        directory = replace(RIGHT, arms=("text",), moment=moment).write(tmp_path / moment)
        assert entry_of(directory).dates == (day,)


def test_the_same_arm_in_two_directories_needs_names(tmp_path: Path) -> None:
    first, second = RIGHT.write(tmp_path / "one"), replace(RIGHT, moment="20261102_120000").write(tmp_path / "two")
    with pytest.raises(
        ResultsError, match=r"org/model, arm text_text, was evaluated in .*one and in .*two: give one of them, or name them"
    ):
        read_runs([first, second])
    assert [entry.name for entry in read_runs([f"old={first}", f"new={second}"])] == [
        "new",
        "old",
    ]
    replace(RIGHT, model="org/other").write(tmp_path / "two" / "other")
    with pytest.raises(ResultsError, match=r"'mine' names 2 different models: .*arguments cmqa_hf,pretrained=org/model"):
        read_runs([f"mine={second}"])


def test_models_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for dtype in ("float16", "float32"):
        config = {"model_args": f"pretrained=org/model,dtype={dtype}"}
        replace(RIGHT, arms=("text",), config=config).write(tmp_path / dtype)
    runs = read_runs([tmp_path])
    assert [(run.name, run.variant) for run in runs] == [("org/model", "dtype float16"), ("org/model", "dtype float32")]
    assert runs[0].title == "org/model [dtype float16]"


def test_a_model_that_was_run_differently_under_another_protocol_is_one_model(tmp_path: Path) -> None:
    run = replace(RIGHT, arms=("text",))
    run.write(tmp_path / "aware")
    replace(run, metadata={"protocol": "neutral", "package": "0.5.0"}).write(tmp_path / "neutral")
    assert [run.title for run in read_runs([tmp_path])] == ["org/model"] * 2
    assert [run.title for run in read_runs([f"mine={tmp_path}"])] == ["mine"] * 2
    config = {"model_args": "pretrained=org/model,dtype=float16"}
    replace(run, config=config).write(tmp_path / "half")
    assert {run.title for run in read_runs([tmp_path])} == {"org/model [dtype float16]", "org/model [dtype unknown]"}


def test_limits_changes_and_missing_arms_are_marked(tmp_path: Path) -> None:
    run = replace(RIGHT, facts=10, original=40, config={"gen_kwargs": {"max_new_tokens": 4}}, arms=("text_text", "text"))
    marks = entry_of(run.write(tmp_path)).marks(("text_text", "image_text"))
    assert marks == ("20 of 80 items (limit) in every arm", "not evaluated: image_text", "gen_kwargs max_new_tokens=4")


def test_settings_are_never_mixed(tmp_path: Path) -> None:
    RIGHT.write(tmp_path / "a")
    replace(RIGHT, metadata={"release_sha256": "b" * 64}).write(tmp_path / "b")
    replace(RIGHT, metadata={"protocol": "neutral"}, suffix="__neutral").write(tmp_path / "c")
    replace(RIGHT, metadata={"version": 3.0}).write(tmp_path / "d")
    entries = read_runs([tmp_path])
    assert len({entry.setting for entry in entries}) == len(entries) == 4


def test_options_by_log_likelihood_are_another_setting(tmp_path: Path) -> None:
    run = replace(RIGHT, arms=("en_zh",), metadata={"protocol": "choice"}, suffix="__choice_loglikelihood")
    directory = run.write(tmp_path)
    path = directory / f"{run.moment}_results.json"
    path.write_text(path.read_text().replace("generate_until", "multiple_choice"))
    assert entry_of(directory).setting.by == "loglikelihood"


def test_attention_comes_from_samples_or_from_parquet(tmp_path: Path) -> None:
    logged = entry_of(replace(RIGHT, attention={"image_text": 0.25}).write(tmp_path / "samples"))
    assert set(logged.parts["image_text"].items.column("log_density_ratio").to_pylist()) == {0.25}
    run = replace(RIGHT, arms=("image_text",))
    directory = run.write(tmp_path / "parquet")
    for rank in (0, 1):
        log(directory / "attention", run, (0.75,) * 3, places=range(rank, 3, 2), rank=rank)
    for step in (None, merge):  # shards of two ranks, then merged
        if step:
            step(directory / "attention")
        assert attention(entry_of(directory)) == [0.75, 0.75, 0.75, None]


def log(directory: Path, run: Run, values: Sequence[float], *, places: Iterable[int] = (0,), rank: int = 0, **about: str) -> None:
    """A shard with the mean D of some items of ``image_text``, by a run's model unless told otherwise."""
    item_ids = [row["cmqa_item"]["item_id"] for row in run.rows("image_text")]
    columns = {"doc_id": 0, "aggregate": "last_prompt", "names": ("a", "b"), "counts": (1, 1), "layers": (0,), "heads": 2}
    columns |= {"null_mean": [0.0], "null_sd": [0.0], "log_mass_by_segment": [0.0, 0.0]}
    rows = [
        AttentionRow(
            task="cmqa_image_text",
            item_id=item_ids[index],
            **columns,
            **{name: [values[index] - 0.25, values[index] + 0.25] for name in LAYER_HEAD},
        )
        for index in places
    ]
    ShardWriter(directory, rank, LogMetadata(**{"model": run.model} | about)).write(rows)


def attention(entry: results.Run, items: int = 4) -> list[float | None]:
    values: list[float | None] = entry.parts["image_text"].items.column("log_density_ratio").to_pylist()
    return values[:items]


def test_attention_of_another_model_is_none_of_ones_own(tmp_path: Path) -> None:
    """All below one directory, in which every model was asked the same items under the same task."""
    run = replace(RIGHT, arms=("image_text",))
    logged = replace(run, model="org/logged")
    logged.write(tmp_path / "logged")
    log(tmp_path / "logged" / "attention", logged, (1.5,))
    replace(run, model="org/not-logged").write(tmp_path / "plain")
    for number, argument in enumerate(("attention_bias=image:+2.0", "revision=other", "dtype=float16")):
        config = {"model_args": f"pretrained=org/logged,{argument}"}
        replace(logged, config=config).write(tmp_path / str(number))
    log(tmp_path / "0" / "attention", logged, (3.5,), bias="evidence_a:+2")
    log(tmp_path / "1" / "attention", logged, (5.5,), bias="evidence_a:+1")
    log(tmp_path / "2" / "attention", logged, (7.5,), dtype="bfloat16", revision="other")
    by_arguments = {entry.subject.arguments.partition(",")[2]: attention(entry)[0] for entry in read_runs([tmp_path])}
    assert by_arguments == {
        "pretrained=org/logged": 1.5,
        "pretrained=org/not-logged": None,
        "attention_bias=image:+2.0,pretrained=org/logged": 3.5,
        "pretrained=org/logged,revision=other": 7.5,
        "dtype=float16,pretrained=org/logged": 1.5,
    }


def test_of_a_models_logs_the_nearest_counts(tmp_path: Path) -> None:
    run = replace(RIGHT, arms=("image_text",))
    for version, value in (("0.4.0", 1.5), ("0.5.0", 2.5)):
        directory = replace(run, metadata={"package": version}).write(tmp_path / version)
        log(directory / "attention", run, (value,))
    assert {entry.subject.package: attention(entry)[0] for entry in read_runs([tmp_path])} == {
        "0.4.0": 1.5,
        "0.5.0": 2.5,
    }


def test_of_an_items_rows_the_one_written_last_counts_merged_or_not(tmp_path: Path) -> None:
    run = replace(RIGHT, arms=("image_text",))
    directory = run.write(tmp_path)
    log(directory / "attention", run, (1.0,))
    merge(directory / "attention")
    log(directory / "attention", run, (2.0,))
    for number in range(1, 12):  # the eleventh stands before the second in the order of names
        log(directory / "attention", run, (0.0, 2.0 + number), places=[1], rank=0)
    before = attention(entry_of(directory))
    merge(directory / "attention")
    assert before == attention(entry_of(directory)) == [2.0, 13.0, None, None]


def test_arrow_and_json_read_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = replace(
        RIGHT, responses=lambda outcome: f"说“{outcome}” \N{GRINNING FACE} \u202e " + "long " * 2000, attention={"text": 1.5}
    )
    directory = run.write(tmp_path)
    fast = entry_of(directory)
    monkeypatch.setattr(items, "_BLOCK", 64)  # every line is longer than a block
    slow = entry_of(directory)
    for arm in ALL:
        assert slow.parts[arm].items.equals(fast.parts[arm].items)


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    plain, marked = entry_of(RIGHT.write(tmp_path / "plain")), RIGHT.write(tmp_path / "marked")
    for path in marked.iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert entry_of(marked).parts["text"].items.equals(plain.parts["text"].items)


def test_names_that_results_had_before_0_6_are_read(tmp_path: Path) -> None:
    run = replace(RIGHT, attention={"text_text": -0.5}, metadata={"model": {"name": "org/model", "attention": "sdpa"}})
    new = run.write(tmp_path / "new")
    old = run.write(tmp_path / "old")
    for path in old.iterdir():
        path.write_text(path.read_text().replace('"log_density_ratio"', '"attention_log_density_ratio"'))
    for path in new.iterdir():
        path.write_text(path.read_text().replace('"attention": "sdpa"', '"attn_implementation": "sdpa"'))
    for directory in (old, new):
        entry = entry_of(directory)
        assert attention(entry, 1) == [None]
        assert set(entry.parts["text_text"].items.column("log_density_ratio").to_pylist()) == {-0.5}
        assert entry.subject.attn_implementation == "sdpa"


def spoil(directory: Path, what: str) -> None:
    """Damage a run in one way."""
    samples, results = RIGHT.samples(directory, "text_text"), directory / f"{RIGHT.moment}_results.json"
    lines = samples.read_text().splitlines(keepends=True)
    record = json.loads(lines[3])
    ways: dict[str, Any] = {
        "cut results": lambda: results.write_text(results.read_text()[:300]),
        "foreign results": lambda: results.write_text('{"accuracy": 1}'),
        "no task of ours": lambda: results.write_text(results.read_text().replace("release_sha256", "sha")),
        "no results": results.unlink,
        "no samples": samples.unlink,
        "cut line": lambda: samples.write_text("".join(lines)[:-40]),
        "cut between lines": lambda: samples.write_text("".join(lines[:-5])),
        "an item twice": lambda: samples.write_text("".join([*lines[:-1], lines[0]])),
        "no record": lambda: samples.write_text("".join([*lines[:3], json.dumps({"doc_id": 3}) + "\n", *lines[4:]])),
        "no object": lambda: samples.write_text("".join([*lines[:3], "[1]\n", *lines[4:]])),
        "another release": lambda: samples.write_text("".join(lines).replace('"release": "made"', '"release": "v9"')),
        "another protocol": lambda: samples.write_text("".join([*lines[:-1], lines[-1].replace('"aware"', '"neutral"')])),
        "results nested deeply": lambda: results.write_text('{"results":' + "[" * 200_000 + "]" * 200_000 + "}"),
        "a number of 5,000 digits": lambda: results.write_text(results.read_text().replace("80", "8" * 5_000)),
        "a line nested deeply": lambda: samples.write_text("".join([*lines[:3], "[" * 200_000 + "]" * 200_000 + "\n"])),
        "no sides": lambda: samples.write_text("".join([*lines[:3], lines[3].replace('["a", "a"]', "[]"), *lines[4:]])),
        "half a pair": lambda: samples.write_text("".join([*lines[:3], lines[3].replace('"item_id": "', '"item_id": "\\ud800')])),
        "impossible attention": lambda: samples.write_text(
            "".join([*lines[:3], json.dumps(record | {"log_density_ratio": {"score": 1e308}}) + "\n", *lines[4:]])
        ),
        "bytes that are no text": lambda: samples.write_bytes(samples.read_bytes().replace(b'"correct"', b'"corr\xff\xfect"', 1)),
        "null": lambda: samples.write_text("".join([*lines[:3], "null\n", *lines[4:]])),
        "a pipe": lambda: os.mkfifo(directory / "20261102_120000_results.json"),
        "unknown outcome": lambda: samples.write_text("".join([*lines[:3], lines[3].replace('"correct"', '"<b>"'), *lines[4:]])),
        "record of another form": lambda: samples.write_text(
            "".join([*lines[:3], json.dumps(record | {"cmqa_item": {"item_id": 7}}) + "\n", *lines[4:]])
        ),
    }
    ways[what]()


@pytest.mark.parametrize(
    ("what", "complaint"),
    [
        ("cut results", r"results.json is no whole JSON file .*: half-written or damaged"),
        ("foreign results", r"results.json has no results, configs, config, n-samples: no results file of lmms-eval"),
        ("no task of ours", r"no run below .* has a task of cmqa-tasks"),
        ("no results", r"samples_cmqa_.*.jsonl has no results file beside it"),
        ("no samples", r"no samples of task cmqa_text_text beside it; evaluate with --log_samples"),
        ("cut line", r"samples_cmqa_text_text.jsonl, line 80: no whole JSON object"),
        ("cut between lines", r"75 items, but the results file says 80: half-written"),
        ("an item twice", r"1 items stand in it more than once, such as"),
        ("no record", r"line 4: no item_id in 'cmqa_item'"),
        ("no object", r"line 4: list instead of a JSON object"),
        ("another release", r"items of release v9, but the results file says made"),
        ("another protocol", r"items of protocol neutral, but the results file says aware"),
        ("results nested deeply", r"results.json is no whole JSON file .*(recursion|Stack overflow)"),
        ("a number of 5,000 digits", r"results.json is no whole JSON file .*4300 digits"),
        ("a line nested deeply", r"line 4: no whole JSON object .*(recursion|Stack overflow)"),
        ("no sides", r"samples_cmqa_text_text.jsonl, line 4: sides in 'cmqa_item' is empty"),
        ("half a pair", r"text_text.jsonl, line 4: half a surrogate pair in 'cmqa_item'"),
        ("impossible attention", r"text_text.jsonl, line 4: a log_density_ratio of 1e\+308 nats"),
        ("bytes that are no text", r"line \d+: no whole JSON object \('utf-8' codec"),
        ("null", r"line 4: NoneType instead of a JSON object"),
        ("a pipe", r"20261102_120000_results.json is no regular file"),
        ("unknown outcome", r"text_text.jsonl, line 4: unknown outcome '<b>'; it is one of conflict, first, second"),
        ("record of another form", r"the records of its items are not of the form"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_by_name(tmp_path: Path, what: str, complaint: str) -> None:
    RIGHT.write(tmp_path)
    spoil(tmp_path, what)
    with pytest.raises(ResultsError, match=complaint):
        read_runs([tmp_path])


TASK = "cmqa_image_text"


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("config",), None, "config: None instead of an object"),
        (("configs",), [], r"configs: Input should be a valid dictionary, not \[\]"),
        (("configs", TASK), 3, f"configs.{TASK}: Input should be a valid dictionary, not 3"),
        (
            ("configs", TASK, "metadata", "release_sha256"),
            3,
            f"task {TASK}: release_sha256: Input should be a valid string, not 3",
        ),
        (("configs", TASK, "metadata", "protocol"), None, f"task {TASK}: protocol: Input should be a valid string, not None"),
        (("configs", TASK, "metadata", "pieces"), "foo", f"task {TASK}: pieces: Input should be a list, not 'foo'"),
        (("configs", TASK, "metadata", "pieces"), [["image"]], f"task {TASK}: pieces.0.1: Field required"),
        (("configs", TASK, "metadata", "package"), [], rf"task {TASK}: package: Input should be a valid string, not \[\]"),
        (
            ("configs", TASK, "metadata", "model"),
            {"name": "org/model", "dtype": 3},
            f"task {TASK}: model.dtype: Input should be a",
        ),
        (("n-samples",), [], r"n-samples: Input should be a valid dictionary, not \[\]"),
        (("n-samples", TASK), 3, f"task {TASK}: n-samples: 3 instead of an object"),
        (("n-samples", TASK, "effective"), "x", f"task {TASK}: n-samples: effective: Input should be a valid number.*, not 'x'"),
        (("n-samples", TASK, "original"), -5, f"task {TASK}: n-samples: original: Input should be greater.* not -5"),
        (("n-samples", TASK, "original"), 0, f"task {TASK}: n-samples: original: Input should be greater.* not 0"),
        (("n-samples", TASK, "effective"), float("nan"), f"task {TASK}: n-samples: effective: Input should be .*, not nan"),
        (("n-samples", TASK, "effective"), -1, f"task {TASK}: n-samples: effective: Input should be .*, not -1"),
        (("n-samples", TASK, "original"), "x", f"task {TASK}: n-samples: original: Input should be a valid integer.*, not 'x'"),
        (("config", "resolved_cli_args"), [1], "config.resolved_cli_args: Input should be a valid dictionary"),
        (("date",), 1e30, r"its date 1e\+30 is not of the form"),
        (("config", "offset"), "x", "config.offset: Input should be a valid number.*, not 'x'"),
        (("config", "model_sha"), 3, "config.model_sha: Input should be a valid string, not 3"),
        (
            ("config", "resolved_cli_args"),
            {"timezone": "Nowhere/Land"},
            "config: resolved_cli_args: timezone: this machine knows no 'Nowhere/Land'",
        ),
    ],
)
def test_fields_of_a_wrong_type_are_named(tmp_path: Path, path: tuple[str, ...], value: object, complaint: str) -> None:
    RIGHT.write(tmp_path)
    (file,) = tmp_path.glob("*_results.json")
    content = json.loads(file.read_text())
    part = content
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    file.write_text(json.dumps(content))
    with pytest.raises(ResultsError, match=rf"_results\.json: {complaint}"):
        read_runs([tmp_path])


def test_no_directory_and_no_name(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="is no directory"):
        read_runs([tmp_path / "nowhere"])
    with pytest.raises(ResultsError, match="no results of lmms-eval or lm-eval below"):
        read_runs([tmp_path])
    with pytest.raises(ResultsError, match="write NAME=DIRECTORY"):
        RunDirectory.parse("=x")


def test_a_wrong_directory_is_told_from_an_evaluation_that_failed(tmp_path: Path) -> None:
    """The harnesses leave nothing where they fail; what we start keeps a log, and the attention may have been logged."""

    def complaint() -> str:
        with pytest.raises(ResultsError, match=f"no results of lmms-eval or lm-eval below {tmp_path}/out") as caught:
            read_runs([tmp_path / "out"])
        return str(caught.value)

    (tmp_path / "out").mkdir()
    (tmp_path / "log.txt").touch()  # anyone's
    assert complaint().endswith("nor anything else of an evaluation: give the --output_path of one, made with --log_samples")
    (tmp_path / "out" / "layers.parquet").touch()
    assert "only " in complaint()
    assert "out/layers.parquet: the evaluation failed, goes on, or had another --output_path" in complaint()
    (tmp_path / "runs.yaml").touch()
    assert complaint().endswith(f"the evaluation failed or goes on; see {tmp_path}/log.txt")
    with pytest.raises(ResultsError, match=f"the evaluation failed or goes on; see {tmp_path}/log.txt"):
        latest_results(tmp_path / "out")


def test_of_crossed_items_a_fact_is_readable_where_every_piece_was_read() -> None:
    """Four items a fact: either side stands first in one of its conflicts, and single arms show each side twice."""
    facts, singles = ["f", "g"], [("a", "correct"), ("a", "correct"), ("b", "correct"), ("b", "correct")]
    missed = [("a", "correct"), ("a", "other"), ("b", "correct"), ("b", "correct")]
    asked = {"text": [*(("f", *one) for one in singles), *(("g", *one) for one in singles)]}
    asked["image"] = [*(("f", *one) for one in singles), *(("g", *one) for one in missed)]
    tables = {arm: [("single", *row) for row in rows] for arm, rows in asked.items()}
    tables["image_text"] = [("conflict", fact, side, "conflict") for fact in facts for side in ("a", "b")]
    names = ("relation", "fact_id", "first_side", "outcome")
    parts = {
        arm: SimpleNamespace(
            kinds=(),
            items=pa.table([*map(list, zip(*rows, strict=True)), [math.nan] * len(rows)], names=[*names, "log_density_ratio"]),
        )
        for arm, rows in tables.items()
    }
    tally = count(SimpleNamespace(parts=parts), facts)  # type: ignore[arg-type]
    assert tally.readable("image_text", "image", "text").tolist() == [True, False]
