"""Attention on disk and what it comes to: rows, shards, merging, size, summaries by hand."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from attention_rows import ABOUT, NAMES, ordered, row

from cmqa_tasks.attention import store
from cmqa_tasks.attention.rows import KEY
from cmqa_tasks.attention.store import (
    MERGED,
    AttentionRow,
    MixedShardsError,
    ShardWriter,
    StoreError,
    locate,
    merge,
    read,
    read_metadata,
)
from cmqa_tasks.attention.summary import (
    EFFECTS,
    SUMMARIES,
    contrast,
    depth_profile,
    item_summary,
    pools,
)
from cmqa_tasks.scoring import metrics


def realistic(item: str, random: np.random.Generator, layers: int = 28, heads: int = 28) -> list[AttentionRow]:
    """An item's three rows, from normal logits of 300 image tokens, 80 text tokens and 120 others."""
    rows = []
    for aggregate in store.AGGREGATES:
        spread = random.gamma(3, 0.6, (layers, heads, 1))
        logits = spread * random.normal(size=(layers, heads, 500)) + random.normal(size=(layers, heads, 1))
        a, b, rest = logits[..., :300], logits[..., 300:380], logits[..., 380:]
        lse_a, lse_b, lse_rest = (np.log(np.exp(part).sum(-1)) for part in (a, b, rest))
        everything = np.logaddexp(np.logaddexp(lse_a, lse_b), lse_rest)
        rows.append(
            row(
                item,
                lse_a - np.log(300) - lse_b + np.log(80),
                layers,
                heads,
                aggregate=aggregate,
                matched_log_density_ratio=np.log(np.exp(a[..., :80]).sum(-1)) - lse_b,
                logit_gap=a.mean(-1) - b.mean(-1),
                log_norm_ratio=random.normal(size=(layers, heads)) + lse_a - lse_b,
                log_mass_a=lse_a - everything,
                log_mass_b=lse_b - everything,
                null_mean=random.normal(size=layers),
                null_sd=np.exp(random.normal(size=layers)),
                log_mass_by_segment=random.normal(size=(layers, len(NAMES))),
            )
        )
    return rows


def same(first: AttentionRow, second: AttentionRow) -> bool:
    return all(np.array_equal(getattr(first, f.name), getattr(second, f.name), equal_nan=False) for f in fields(AttentionRow))


# Rows and files


def test_a_row_comes_back_as_it_was_written(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rows = [*realistic("i1", random, 3, 4), row("中文", density=[[0.5], [-2.25]], doc_id=-1, relation="", first="")]
    path = ShardWriter(tmp_path, 0, ABOUT).write(rows)
    assert path is not None
    back = list(read(path))
    assert len(back) == 4
    for before, after in zip(rows, back, strict=True):
        assert same(before, after)
        assert type(after.names) is type(after.layers) is tuple
        assert after.log_density_ratio.dtype == np.float16
    assert back[3].log_density_ratio.tolist() == [0.5] * 3 + [-2.25] * 3
    assert read_metadata(path) == ABOUT


def test_tokens_come_back(tmp_path: Path) -> None:
    values = np.arange(5 * 2 * 3 * 6).reshape(5, 2, 3, 6) / 8
    path = ShardWriter(tmp_path, 0, ABOUT).write([row("with", tokens=5, token_log_mass=values), row("without")])
    assert path is not None
    with_, without = read(path)
    assert np.array_equal(with_.token_log_mass.reshape(5, 2, 3, 6), values)
    assert (without.tokens, without.token_log_mass.size) == (0, 0)


def test_what_is_nan_or_infinite_stays_so(tmp_path: Path) -> None:
    path = ShardWriter(tmp_path, 0, ABOUT).write([row(density=[[math.nan, math.inf, 1e9], [-math.inf, 0, -1e9]])])
    assert path is not None
    (back,) = read(path)
    expected = [math.nan, math.inf, math.inf, -math.inf, 0, -math.inf]
    assert np.array_equal(back.log_density_ratio, expected, equal_nan=True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"logit_gap": np.zeros(5)}, "logit_gap has 5 values instead of 6"),
        ({"null_sd": np.zeros(3)}, "null_sd has 3 values instead of 2"),
        ({"log_mass_by_segment": np.zeros(6)}, "log_mass_by_segment has 6 values instead of 12"),
        ({"tokens": 2}, "token_log_mass has 0 values instead of 72"),
        ({"counts": (1, 2)}, "2 counts for 6 segments"),
        ({"aggregate": "first"}, "aggregate='first'; choose one of last_prompt, generated, question"),
    ],
)
def test_rows_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(StoreError, match=message):
        row("the item", **changes)


def test_each_batch_is_a_file_and_none_is_overwritten(tmp_path: Path) -> None:
    writer = ShardWriter(tmp_path / "new", 3, ABOUT)
    assert writer.write([]) is None
    first, second = writer.write([row("1")]), writer.write([row("2")])
    again = ShardWriter(tmp_path / "new", 3, ABOUT).write([row("3")])  # the run goes on after a kill
    assert [path and path.name for path in (first, second, again)] == ["3-0.parquet", "3-1.parquet", "3-2.parquet"]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["3-0.parquet", "3-1.parquet", "3-2.parquet"]


# Kills


def test_a_half_written_shard_is_ignored_and_later_removed(tmp_path: Path) -> None:
    writer = ShardWriter(tmp_path, 0, ABOUT)
    whole = writer.write([row("1")])
    assert whole is not None
    partial = tmp_path / "0-1.parquet.part"
    partial.write_bytes(whole.read_bytes()[:-100])
    assert [each.item_id for each in read(merge(tmp_path))] == ["1"]
    ShardWriter(tmp_path, 0, ABOUT)
    assert partial.exists(), "another run may be writing it"
    os.utime(partial, (0, 0))
    ShardWriter(tmp_path, 0, ABOUT)
    assert not partial.exists()


def test_two_runs_of_one_model_keep_all_rows(tmp_path: Path) -> None:
    """Two terminals, one directory: both are rank 0."""
    program = """
import sys
sys.path[:0] = {path!r}
from pathlib import Path
from attention_rows import ABOUT, row
from cmqa_tasks.attention.store import ShardWriter
writer = ShardWriter(Path(sys.argv[1]), 0, ABOUT)
for number in range(60):
    writer.write([row(sys.argv[2] + str(number))])
"""
    code = program.format(path=[str(Path(__file__).parent), *sys.path])
    running = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name]) for name in "ab"]
    assert [process.wait() for process in running] == [0, 0]
    assert len(list(read(merge(tmp_path)))) == 120


def test_a_kill_while_writing_leaves_the_batches_before_it(tmp_path: Path) -> None:
    program = """
import os, sys
sys.path[:0] = {path!r}
from pathlib import Path
from attention_rows import ABOUT, row
from cmqa_tasks.attention.store import ShardWriter
from cmqa_tasks.attention import store
writer = ShardWriter(Path(sys.argv[1]), 0, ABOUT)
writer.write([row("1"), row("2")])
store.os.replace = lambda *_: os.kill(os.getpid(), 9)
writer.write([row("3")])
"""
    killed = subprocess.run([sys.executable, "-c", program.format(path=[str(Path(__file__).parent), *sys.path]), str(tmp_path)])
    assert killed.returncode == -9
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0-0.parquet", "0-1.parquet.part"]
    assert ShardWriter(tmp_path, 0, ABOUT).write([row("3", density=1.0)]) == tmp_path / "0-2.parquet"
    assert {each.item_id: float(each.log_density_ratio[0]) for each in read(merge(tmp_path))} == {"1": 0.0, "2": 0.0, "3": 1.0}


def test_a_kill_between_merging_and_removing_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = ShardWriter(tmp_path, 0, ABOUT)
    writer.write([row("1", density=1.0)])
    writer.write([row("1", density=2.0)])
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            merge(tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    (only,) = read(merge(tmp_path))
    assert only.log_density_ratio[0] == 2.0
    assert [path.name for path in tmp_path.iterdir()] == [MERGED]


def test_a_damaged_shard_is_named(tmp_path: Path) -> None:
    ShardWriter(tmp_path, 0, ABOUT).write([row("1")])
    (tmp_path / "1-0.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(StoreError, match=r"1-0\.parquet is damaged"):
        merge(tmp_path)
    assert (tmp_path / "0-0.parquet").exists()


def test_damage_anywhere_in_a_merged_file_is_named(tmp_path: Path) -> None:
    """Arrow finds it in the footer, in a page's header or while it decompresses. Some of it touches no value."""
    ShardWriter(tmp_path, 0, ABOUT).write([row(str(number)) for number in range(4)])
    path = merge(tmp_path)
    whole, complaints = path.read_bytes(), []
    for start in range(4, len(whole) - 8, 23):
        path.write_bytes(whole[:start] + bytes(byte ^ 0x55 for byte in whole[start : start + 4]) + whole[start + 4 :])
        try:
            list(read(path))
        except StoreError as error:
            complaints.append(str(error))
    assert len(complaints) > 100
    assert all(str(path) in complaint for complaint in complaints)


# Merging


def test_two_ranks_make_one_sorted_file(tmp_path: Path) -> None:
    writers = [ShardWriter(tmp_path, rank, ABOUT) for rank in (0, 1)]
    for number in (9, 2, 5, 0, 10, 1):
        rows = [row(f"i{number}", doc_id=number, aggregate=aggregate) for aggregate in ("question", "last_prompt", "generated")]
        writers[number % 2].write(rows)
    writers[0].write([row("z", doc_id=0, task="a_task"), row("y", doc_id=11, task="a_task")])
    path = merge(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [MERGED]
    read_back = [(each.task, each.doc_id, each.item_id, each.aggregate) for each in read(path)]
    assert read_back == sorted(read_back)
    assert len(read_back) == 20
    assert [doc for _, doc, _, aggregate in read_back if aggregate == "question"] == [0, 1, 2, 5, 9, 10]
    assert read_metadata(path) == ABOUT


def test_the_row_written_last_stays(tmp_path: Path) -> None:
    first, second = ShardWriter(tmp_path, 1, ABOUT), ShardWriter(tmp_path, 0, ABOUT)
    first.write([row("i", density=1.0), row("other", density=5.0)])
    second.write([row("i", density=2.0)])  # a lower rank, but later
    second.write([row("i", density=3.0), row("i", density=4.0, aggregate="question"), row("i", density=6.0, task="another")])
    read_back = {(each.task, each.item_id, each.aggregate): float(each.log_density_ratio[0]) for each in read(merge(tmp_path))}
    task = "cmqa_image_text"
    assert read_back == {
        ("another", "i", "last_prompt"): 6.0,
        (task, "i", "last_prompt"): 3.0,
        (task, "i", "question"): 4.0,
        (task, "other", "last_prompt"): 5.0,
    }


def test_merging_again_changes_nothing_and_adds_what_is_new(tmp_path: Path) -> None:
    ShardWriter(tmp_path, 0, ABOUT).write([row("1", density=1.0), row("2", density=1.0)])
    before = merge(tmp_path).read_bytes()
    assert merge(tmp_path).read_bytes() == before
    ShardWriter(tmp_path, 0, ABOUT).write([row("2", density=2.0), row("3", density=2.0)])
    assert [float(each.log_density_ratio[0]) for each in read(merge(tmp_path))] == [1.0, 2.0, 2.0]


def test_rows_are_right_however_little_is_held_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    order = random.permutation(60)
    writers = [ShardWriter(tmp_path, rank, ABOUT) for rank in (0, 1)]
    for begin in range(0, 60, 4):
        numbers = order[begin : begin + 4]
        writers[begin // 4 % 2].write([row(f"i{number}", doc_id=int(number), density=float(number)) for number in numbers])
    monkeypatch.setattr(store, "_GROUP_BYTES", 4000)
    monkeypatch.setattr(store, "_CACHE_BYTES", 1)
    path = merge(tmp_path)
    assert pq.ParquetFile(path).num_row_groups > 3
    assert [float(each.log_density_ratio[0]) for each in read(path)] == list(range(60))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"model": "other"}, "model 'tiny' and 'other'"),
        ({"revision": "v2"}, "revision 'main' and 'v2'"),
        ({"dtype": "bfloat16"}, "dtype"),
        ({"attention": "eager_probe"}, "attention"),
        ({"bias": "evidence_a:+1.0"}, r"bias '' and 'evidence_a:\+1.0'"),
    ],
)
def test_shards_of_different_runs_are_refused(tmp_path: Path, other: dict[str, str], message: str) -> None:
    ShardWriter(tmp_path, 0, ABOUT).write([row("1")])
    ShardWriter(tmp_path, 1, replace(ABOUT, **other)).write([row("2")])
    with pytest.raises(MixedShardsError, match=message):
        merge(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0-0.parquet", "1-0.parquet"]


def test_another_model_is_refused_beside_a_merged_file(tmp_path: Path) -> None:
    ShardWriter(tmp_path, 0, ABOUT).write([row("1")])
    merge(tmp_path)
    ShardWriter(tmp_path, 0, replace(ABOUT, model="other")).write([row("2")])
    with pytest.raises(MixedShardsError):
        merge(tmp_path)


def test_another_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(store, "FORMAT", store.FORMAT + 1)
        path = ShardWriter(tmp_path, 0, ABOUT).write([row("1")])
    assert path is not None
    with pytest.raises(StoreError, match="has format 2"):
        merge(tmp_path)
    with pytest.raises(StoreError, match="has format 2"):
        list(read(path))
    ShardWriter(tmp_path, 1, ABOUT).write([row("1")])
    with pytest.raises(StoreError, match="format"):
        merge(tmp_path)


def changed(path: Path, about: str | None, columns: dict[str, Any]) -> None:
    """Give the file other metadata, and columns other values; None for no such column."""
    log = pq.read_table(path)
    for name, values in columns.items():
        log = log.drop_columns([name]) if values is None else log.set_column(log.column_names.index(name), name, [values])
    pq.write_table(log.replace_schema_metadata({KEY: about} if about else log.schema.metadata), path)


@pytest.mark.parametrize(
    ("about", "columns", "complaint"),
    [
        ("{", {}, r": its schema says no JSON of what it holds: Expecting property name"),
        ("[1]", {}, r": its schema says \[1\] of what it holds, without format"),
        ('{"format": 1}', {}, r": its schema says \{'format': 1\} of what it holds, without model, revision, "),
        (None, {"layers": None}, r": column layers is missing, and must be list<item: int32>"),
        (None, {"null_sd": ["high"]}, r": column null_sd is string, and must be list<item: halffloat>"),
    ],
)
def test_a_file_of_another_shape_is_named(tmp_path: Path, about: str | None, columns: dict[str, Any], complaint: str) -> None:
    path = ShardWriter(tmp_path, 0, ABOUT).write([row("1")])
    assert path is not None
    changed(path, about, columns)
    for use in (merge, lambda directory: pools(directory / path.name)):
        with pytest.raises(StoreError, match=rf"0-0\.parquet{complaint}"):
            use(tmp_path)


def test_versions_may_differ_and_are_all_kept(tmp_path: Path) -> None:
    for rank, version in enumerate(("2.9", "2.10", "2.9")):
        ShardWriter(tmp_path, rank, replace(ABOUT, versions={"torch": version})).write([row(str(rank))])
        path = merge(tmp_path)
    assert read_metadata(path).versions == {"torch": "2.10, 2.9"}


def test_what_is_not_there_or_not_ours_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no attention shards in"):
        merge(tmp_path)
    with pytest.raises(StoreError, match="there is no"):
        list(read(tmp_path / "none.parquet"))
    strange = tmp_path / "0-0.parquet"
    pq.write_table(pa.table({"x": [1]}), strange)
    with pytest.raises(StoreError, match="holds no attention statistics"):
        merge(tmp_path)


def test_directories_of_a_run_are_found(tmp_path: Path) -> None:
    for name in ("b/attention", "a"):
        ShardWriter(tmp_path / name, 0, ABOUT).write([row("1")])
    merge(tmp_path / "a")
    pq.write_table(pa.table({"x": [1]}), tmp_path / "other.parquet")
    assert locate(tmp_path) == [tmp_path / "a", tmp_path / "b/attention"]


# Size


def test_an_item_of_a_28_by_28_model_takes_at_most_30_kilobytes(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    writer = ShardWriter(tmp_path, 0, ABOUT)
    items = 12
    for begin in range(0, items, 4):
        writer.write(
            [each for number in range(begin, begin + 4) for each in realistic(f"{random.bytes(8).hex()}{number}", random)]
        )
    shards = sum(path.stat().st_size for path in tmp_path.iterdir())
    merged = merge(tmp_path).stat().st_size
    assert merged / items < 27_000
    assert shards / items < 29_000


# Summaries


def test_summaries_by_hand() -> None:
    density = [[1.0, -3.0, 5.0], [-2.0, 0.5, 0.0], [math.nan] * 3, [1.0, -1.0, math.nan]]
    # Means by layer: 1, -0.5, none, 0.
    summary = item_summary(
        row(density=density, layers=4, logit_gap=np.arange(12.0), log_norm_ratio=[[1.0, -math.inf, 3.0]] + [[math.nan] * 3] * 3)
    )
    assert tuple(summary) == tuple(SUMMARIES)
    assert summary["log_density_ratio"] == pytest.approx(1.5 / 8)
    assert summary["absolute_log_density"] == pytest.approx(13.5 / 8)
    assert summary["logit_gap"] == 5.5
    assert summary["log_norm_ratio"] == 2.0
    assert summary["layers_favouring_a"] == pytest.approx(1 / 3)
    assert summary["layers_favouring_b"] == pytest.approx(1 / 3)


def test_an_item_without_two_segments_has_no_summary() -> None:
    nothing = np.full((2, 3), math.nan)
    for summary in (item_summary(row(density=nothing, logit_gap=nothing, log_norm_ratio=nothing)), item_summary(None)):
        assert tuple(summary) == tuple(SUMMARIES)
        assert all(math.isnan(value) for value in summary.values())


def test_no_name_of_a_summary_contains_another_or_a_metric() -> None:
    ours = list(SUMMARIES)
    theirs = [value.name for value in vars(metrics).values() if isinstance(value, metrics.Metric)]
    assert len(theirs) > 10
    names = ours + theirs
    assert [(our, name) for our in ours for name in names if our != name and (our in name or name in our)] == []


# Maps, profiles, contrasts


def file_of(directory: Path, *rows: AttentionRow) -> Path:
    ShardWriter(directory, 0, ABOUT).write(rows)
    return merge(directory)


def test_signs_are_averaged_over_orders_before_anything_absolute(tmp_path: Path) -> None:
    """A model that looks at the first piece, whatever it is: no imbalance of modalities."""
    path = file_of(
        tmp_path,
        ordered("1", "image_text", "a", 2.0, "f1"),
        ordered("2", "text_image", "b", -2.0, "f1"),
        ordered("3", "text_text", "a", 2.0, "f1"),
    )
    maps = {name: pool.map() for name, pool in pools(path).items()}
    assert list(maps) == ["image_text", "text_text"]
    assert maps["image_text"].tolist() == np.zeros((2, 3)).tolist()
    assert maps["text_text"].tolist() == np.full((2, 3), 2.0).tolist()
    by_arm = pools(path)
    seen = contrast(by_arm["image_text"], [by_arm["text_text"]])
    means = {name: seen.effect(name).mean.tolist() for name in EFFECTS}
    same = [2.0, 2.0]
    assert means == {"modality": [0.0, 0.0], "position_across": same, "position_within": same, "imbalance": [0.0, 0.0]}


def test_heads_are_averaged_with_their_signs(tmp_path: Path) -> None:
    path = file_of(
        tmp_path,
        ordered("1", "image_text", "a", [3.0, -3.0, 0.0], "f1"),
        ordered("2", "text_image", "b", [3.0, -3.0, 0.0], "f1"),
        ordered("3", "text_text", "a", [[1.0], [-1.0]], "f1"),
    )
    by_arm = pools(path)
    assert depth_profile(by_arm["image_text"]).mean.tolist() == [0.0, 0.0]
    assert contrast(by_arm["image_text"], [by_arm["text_text"]]).imbalance.tolist() == [[-1.0, -1.0]]


def test_both_orders_weigh_the_same_however_many_items_they_have(tmp_path: Path) -> None:
    rows = [ordered(f"a{number}", "image_text", "a", 1.0) for number in range(9)]
    path = file_of(tmp_path, *rows, ordered("b", "text_image", "b", [[3.0], [5.0]]))
    (pool,) = pools(path).values()
    assert pool.map().tolist() == [[2.0] * 3, [3.0] * 3]
    assert depth_profile(pool).mean.tolist() == [2.0, 3.0]
    assert (pool.items, len(pool.facts), pool.orders) == (10, 10, ("a", "b"))


def test_pools_by_arm_order_protocol_and_task(tmp_path: Path) -> None:
    def task(name: str, arm: str, first: str) -> AttentionRow:
        return row(name, 1.0, task=name, arm=arm, first=first)

    path = file_of(
        tmp_path,
        task("cmqa_image_text", "image_text", "a"),
        task("cmqa_text_image", "text_image", "b"),
        task("cmqa_text_image__neutral", "text_image", "b"),
        task("clqa_zh_en__quote_zh", "zh_en", "b"),
        task("mmmu_val", "", ""),
        row("single", math.nan, task="cmqa_text", arm="text", first=""),
        row("question", 1.0, task="cmqa_text_text", arm="text_text", aggregate="question"),
    )
    assert list(pools(path)) == ["en_zh__quote_zh", "image_text", "image_text__neutral", "mmmu_val"]
    assert list(pools(path, aggregate="question")) == ["text_text"]
    assert list(pools(path, relation="agree")) == []
    assert list(pools(path, arms=["image_text"])) == ["image_text", "image_text__neutral"]
    assert pools(path, arms=["text_image"])["image_text"].orders == ("b",)
    assert list(pools(path, arms=["mmmu_val"])) == ["mmmu_val"]
    with pytest.raises(ValueError, match="quantity='null_mean': choose one of log_density_ratio"):
        pools(path, "null_mean")


def test_layers_without_a_value_are_nan_and_spoil_nothing(tmp_path: Path) -> None:
    rows = [
        ordered("1", "image_text", "a", [[math.nan] * 3, [1.0, math.nan, 5.0]]),
        ordered("2", "image_text", "a", [[math.nan] * 3, [3.0, math.nan, math.nan]]),
    ]
    (pool,) = pools(file_of(tmp_path, *rows)).values()
    expected = [[math.nan] * 3, [2.0, math.nan, 5.0]]
    assert np.array_equal(pool.map(), expected, equal_nan=True)
    profile = depth_profile(pool)
    assert np.array_equal(profile.mean, [math.nan, 3.0], equal_nan=True)
    assert math.isnan(profile.low[0])
    assert profile.low[1] == profile.high[1] == 3.0


def test_intervals_are_over_facts_not_items(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    values = random.normal(size=100)
    rows = [ordered(f"{fact}/{copy}", "image_text", "a", values[fact], f"f{fact}") for fact in range(100) for copy in range(4)]
    (pool,) = pools(file_of(tmp_path, *rows)).values()
    profile = depth_profile(pool)
    assert profile.mean[0] == pytest.approx(values.mean(), abs=1e-3)
    width = 2 * 1.96 * values.std() / 10
    assert profile.high[0] - profile.low[0] == pytest.approx(width, rel=0.15)
    assert profile.low[0] < profile.mean[0] < profile.high[0]
    assert (profile.items, profile.facts) == (400, 100)
    again = depth_profile(pool)
    assert (again.low.tolist(), again.high.tolist()) == (profile.low.tolist(), profile.high.tolist())


def test_intervals_cover_what_they_say_for_five_facts(tmp_path: Path) -> None:
    """Plain percentiles of resamples cover the mean of five normal facts in 83 of 100 cases. Each layer is a case."""
    random = np.random.default_rng(5)
    rows = [ordered(f"{fact}", "image_text", "a", random.normal(size=(400, 1)), layers=400, heads=1) for fact in range(5)]
    (pool,) = pools(file_of(tmp_path, *rows)).values()
    profile = depth_profile(pool)
    covered = ((profile.low <= 0) & (profile.high >= 0)).mean()
    assert 0.87 < covered < 0.97


def test_one_fact_has_no_interval(tmp_path: Path) -> None:
    (pool,) = pools(file_of(tmp_path, ordered("1", "image_text", "a", 1.0))).values()
    profile = depth_profile(pool)
    assert np.isnan([profile.low, profile.high]).all()
    assert profile.mean.tolist() == [1.0, 1.0]


def test_the_null_of_a_mean(tmp_path: Path) -> None:
    def null_row(item: str, arm: str, first: str, mean: float, sd: float) -> AttentionRow:
        return ordered(item, arm, first, 1.0, null_mean=np.full(2, mean), null_sd=np.full(2, sd))

    rows = [null_row(f"{number}", "image_text", "a", 1.0, 2.0) for number in range(4)]
    (pool,) = pools(file_of(tmp_path, *rows, null_row("z", "text_image", "b", 0.0, 3.0))).values()
    profile = depth_profile(pool)
    assert profile.null_mean.tolist() == [0.5, 0.5]
    assert profile.null_sd.tolist() == pytest.approx([math.sqrt((4 / 4 + 9) / 4)] * 2)  # of (mean of 4 + mean of 1) / 2


def test_contrast_by_hand(tmp_path: Path) -> None:
    """Fact f has both orders, g one: what kind and place do to g cannot be told apart, and its |D| counts all the same."""
    path = file_of(
        tmp_path,
        ordered("1", "image_text", "a", [[5.0], [1.0]], "f"),
        ordered("2", "text_image", "b", [[1.0], [-1.0]], "f"),
        ordered("3", "text_image", "b", -3.0, "g"),
        ordered("4", "text_text", "a", 1.5, "f"),
        ordered("5", "image_image", "a", -2.5, "f"),
        ordered("6", "text_text", "a", 2.0, "g"),
        ordered("7", "image_image", "a", 2.0, "g"),
        ordered("8", "text_text", "a", 9.0, "no cross-modal item"),
    )
    by_arm = pools(path)
    unimodal = [by_arm["text_text"], by_arm["image_image"]]
    seen = contrast(by_arm["image_text"], unimodal)
    assert seen.facts == ("f", "g")
    assert np.array_equal(seen.modality, [[3.0, 0.0], [math.nan] * 2], equal_nan=True)
    assert np.array_equal(seen.position_across, [[2.0, 1.0], [math.nan] * 2], equal_nan=True)
    assert seen.position_within.tolist() == [[-0.5, -0.5], [2.0, 2.0]]
    assert seen.imbalance.tolist() == [[3.0 - 2.0, 1.0 - 2.0], [3.0 - 2.0] * 2]
    effect = seen.effect("imbalance")
    assert (effect.mean.tolist(), effect.facts.tolist()) == ([1.0, 0.0], [2.0, 2.0])
    assert (effect.low.tolist(), effect.high.tolist()) == ([1.0, -1.0], [1.0, 1.0])  # f twice, g twice
    assert seen.effect("modality").facts.tolist() == [1.0, 1.0]
    whole = contrast(by_arm["image_text"], unimodal, over_layers=True)
    assert (whole.layers, whole.imbalance.tolist()) == ((), [[(3.0 + 0.0) / 2 - 2.0], [3.0 - 2.0]])
    with pytest.raises(ValueError, match="cannot compare image_text with nothing"):
        contrast(by_arm["image_text"], [])
    with pytest.raises(ValueError, match="effect 'excess': choose one of modality, position_across"):
        seen.effect("excess")


def test_effects_of_known_size_come_out_as_they_are(tmp_path: Path) -> None:
    """Recency of 0.7 nats, a preference of 0.15 for English, noise of items and layers: each effect is found, and no other sign.

    On such attention an imbalance that has position taken out of one side only is below 0, though English is preferred.
    """
    random, language, recency = np.random.default_rng(1), 0.15, -0.7
    strength = np.array([0.5, 1.0, 1.5])[:, None]
    kinds = {"en_zh": ("a", 1, 1), "zh_en": ("b", 1, -1), "en_en": ("a", 0, 1), "zh_zh": ("a", 0, 1)}
    rows = [
        ordered(
            f"{arm}{fact}",
            arm,
            first,
            strength * (across * language + sign * recency + random.normal(0, 0.1)) + random.normal(0, 0.05, (3, 4)),
            f"f{fact}",
            layers=3,
            heads=4,
        )
        for fact in range(60)
        for arm, (first, across, sign) in kinds.items()
    ]
    by_arm = pools(file_of(tmp_path, *rows))
    wanted = {"modality": language, "position_across": recency, "position_within": recency, "imbalance": 0.0}
    for over_layers in (False, True):
        seen = contrast(by_arm["en_zh"], [by_arm["en_en"], by_arm["zh_zh"]], over_layers=over_layers)
        factor = np.ones(1) if over_layers else strength[:, 0]
        for name, size in wanted.items():
            effect = seen.effect(name)
            assert effect.mean == pytest.approx(size * factor, abs=0.05), name
            assert (effect.low < effect.mean).all(), name
            assert (effect.mean < effect.high).all(), name
            if size:
                assert (np.sign(effect.low) == np.sign(size)).all(), name
                assert (np.sign(effect.high) == np.sign(size)).all(), name


def test_an_imbalance_of_items_is_one_where_a_preference_exceeds_position(tmp_path: Path) -> None:
    """|D| is |m ± p| across and |p| within: their difference is that of the larger of both."""
    rows = [
        item
        for fact in range(3)
        for item in (
            ordered(f"1{fact}", "image_text", "a", 1.0 + 0.5, f"f{fact}"),
            ordered(f"2{fact}", "text_image", "b", 1.0 - 0.5, f"f{fact}"),
            ordered(f"3{fact}", "text_text", "a", 0.5, f"f{fact}"),
        )
    ]
    by_arm = pools(file_of(tmp_path, *rows))
    assert contrast(by_arm["image_text"], [by_arm["text_text"]]).effect("imbalance").mean.tolist() == [0.5, 0.5]


def test_models_of_different_depth_are_refused(tmp_path: Path) -> None:
    path = file_of(tmp_path, ordered("1", "image_text", "a", 1.0), ordered("2", "image_text", "a", 1.0, layers=3))
    with pytest.raises(StoreError, match="differ in layers or heads"):
        pools(path)


def test_no_torch_and_no_harness() -> None:
    program = (
        "import sys; import cmqa_tasks.attention.summary, cmqa_tasks.attention.plots;"
        "print([name for name in ('torch', 'transformers', 'lmms_eval', 'lm_eval', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
