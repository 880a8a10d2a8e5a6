"""``cmqa mix`` from files to files: alignment, provenance, determinism, resuming, errors."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import os
import shutil
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import datasets
import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import webdataset
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from cmqa_tasks.cli.main import main
from cmqa_tasks.training import chunks, sources
from cmqa_tasks.training import mix as mixing
from cmqa_tasks.training.chunks import SourceError
from cmqa_tasks.training.config import ConfigError
from cmqa_tasks.training.examples import Example, Origin, joined
from cmqa_tasks.training.formats import instance_of
from cmqa_tasks.training.mix import mix
from cmqa_tasks.training.options import MixError, options_of
from cmqa_tasks.training.plan import PlanError
from cmqa_tasks.training.read import RowError
from cmqa_tasks.training.rows import Instance, Picture
from cmqa_tasks.training.shards import features
from cmqa_tasks.training.sources import source_of
from cmqa_tasks.training.training_set import training_set

Row = dict[str, Any]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine texts (one with a system message), seven image rows (one with two images) and three Chinese texts."""
    directory = tmp_path_factory.mktemp("data")
    for number in range(8):
        Image.new("RGB", (30 + 10 * number, 40), (number, 0, 0)).save(directory / f"{number}.png")
    texts = [chat(f"Question {number}?", f"Answer {number}.") | {"id": f"t{number}"} for number in range(9)]
    texts[4]["messages"].insert(0, {"role": "system", "content": "Be brief."})
    write_lines(directory / "texts.jsonl", texts)
    images = [llava(f"i{number}", f"{number}.png") for number in range(6)]
    images.append(llava("i6", ["6.png", "7.png"], "<image>\nor\n<image>"))
    (directory / "llava.json").write_text(json.dumps(images, indent=1), encoding="utf-8")
    write_lines(directory / "zh.jsonl", [chat(f"问题{number}？", f"答案{number}。") for number in range(3)])
    return directory


def chat(question: str, answer: str) -> Row:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def llava(name: str, image: str | list[str], question: str = "<image>\nWhat?") -> Row:
    turns = [{"from": "human", "value": f"{question} {name}"}, {"from": "gpt", "value": f"Seen {name}."}]
    return {"id": name, "image": image, "conversations": turns}


def write_lines(path: Path, rows: list[Row]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def run(out: Path, *where: str, num_proc: int = 1, **told: Any) -> list[Row]:
    """Mix and read back with the library that TRL reads with, images as they are stored."""
    defaults = {"strategy": "instance", "per_example": 2}
    options = options_of(sources=tuple(map(source_of, where)), **(defaults | told))
    mix(options, out, num_proc=num_proc)
    return read(out)


def read(out: Path) -> list[Row]:
    files = sorted(map(str, out.glob("train-*")))
    if files[0].endswith(".jsonl"):
        return [json.loads(line) for file in files for line in Path(file).read_text(encoding="utf-8").splitlines()]
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def ids(rows: list[Row]) -> list[list[str]]:
    return [[one["id"] for one in row["provenance"]] for row in rows]


def test_every_row_is_used_once_and_its_images_stay_with_it(data: Path, tmp_path: Path) -> None:
    rows = run(tmp_path / "out", f"{data}/texts.jsonl", f"{data}/llava.json")
    assert Counter(name for row in rows for name in row_ids(row)) == Counter(
        [f"t{n}" for n in range(9)] + [f"i{n}" for n in range(7)]
    )
    originals = {
        row["id"]: instance_of(row, str(data)) for row in map(json.loads, (data / "texts.jsonl").read_text().splitlines())
    }
    originals |= {row["id"]: instance_of(row, str(data)) for row in json.loads((data / "llava.json").read_text())}
    for row in rows:
        leads = row["messages"][0]["role"] == "system"
        messages, images = iter(row["messages"][leads:]), iter(row["images"])
        for origin in row["provenance"]:
            original = originals[origin["id"]]
            own = [plain(next(messages)) for _ in range(origin["messages"])]
            if original.system is not None and not leads:
                assert own[0]["content"].pop(0) == {"type": "text", "text": "Be brief.\n\n"}
            assert own == original.messages
            assert [next(images)["path"] for _ in range(origin["images"])] == [one.path for one in original.pictures]
            assert origin["group"] == ("image" if original.pictures else "text")
            assert Path(origin["file"]).is_file()
        assert next(messages, None) is next(images, None) is None
    mixed = [row for row in rows if {one["group"] for one in row["provenance"]} == {"image", "text"}]
    assert (len(rows), len(mixed)) == (8, 7)


def row_ids(row: Row) -> list[str]:
    return [one["id"] for one in row["provenance"]]


def plain(message: Row) -> Row:
    """Without the nulls of a columnar format."""
    parts = [{key: value for key, value in part.items() if value is not None} for part in message["content"]]
    return {"role": message["role"], "content": parts}


pictures = st.builds(Picture, st.uuids().map(str), st.none(), st.just(1))


@st.composite
def conversations(draw: st.DrawFn) -> Instance:
    shown = draw(st.lists(pictures, max_size=3))
    question = [{"type": "image"} for _ in shown] + [{"type": "text", "text": draw(st.text(min_size=1))}]
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": [{"type": "text", "text": "Yes."}]}]
    more = draw(st.integers(0, 2)) * [
        {"role": role, "content": [{"type": "text", "text": role}]} for role in ("user", "assistant")
    ]
    return Instance(draw(st.sampled_from([None, "Be brief.", "Be kind."])), messages + more, shown, "")


@settings(max_examples=80)
@given(st.lists(conversations(), min_size=1, max_size=5))
def test_joining_loses_nothing_and_keeps_the_order(given_instances: list[Instance]) -> None:
    origins = [Origin("f", 1, "", "g", len(one.messages), len(one.pictures), None) for one in given_instances]
    example: Example = joined(given_instances, origins)
    roles = [message["role"] for message in example.messages]
    leads = roles[0] == "system"
    assert leads == (len({one.system for one in given_instances}) == 1 and given_instances[0].system is not None)
    assert roles[leads:] == ["user", "assistant"] * ((len(roles) - leads) // 2)
    placeholders = sum(part["type"] == "image" for message in example.messages for part in message["content"])
    assert placeholders == len(example.pictures)
    assert example.pictures == [picture for one in given_instances for picture in one.pictures]
    place = int(leads)
    for one in given_instances:
        own = example.messages[place : place + len(one.messages)]
        place += len(own)
        extra = [] if leads or one.system is None else [{"type": "text", "text": f"{one.system}\n\n"}]
        assert own == [one.messages[0] | {"content": extra + one.messages[0]["content"]}, *one.messages[1:]]
    assert place == len(example.messages)


def shards(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.glob("train-*")}


def test_nothing_but_seed_and_sources_decides(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_into(monkeypatch, 200)
    monkeypatch.setattr(mixing, "SHARD_EXAMPLES", 3)
    where = (f"{data}/texts.jsonl", f"{data}/llava.json")
    for name, told in (("one", {}), ("two", {"num_proc": 2}), ("other", {"seed": 1})):
        run(tmp_path / name, *where, **told)
    assert len(shards(tmp_path / "one")) == 3
    assert shards(tmp_path / "one") == shards(tmp_path / "two")
    assert shards(tmp_path / "one") != shards(tmp_path / "other")


def test_shares_that_were_read_apart_make_what_one_run_makes(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In any order, one of them twice, and one that fails without taking the others along."""
    cut_into(monkeypatch, 200, 2)
    where = (f"{data}/texts.jsonl", f"{data}/llava.json")
    run(tmp_path / "whole", *where)
    command = ["mix", "--strategy", "instance", "--out", str(tmp_path / "out"), *(f"--data={place}" for place in where)]
    calls: list[str] = []
    read_chunk = mixing.read_chunk
    monkeypatch.setattr(mixing, "read_chunk", lambda task: calls.append(task.stem.name) or read_chunk(task))
    for shard in ("3/4", "1/4", "1/4", "4/4"):
        assert main([*command, "--shard", shard]) == 0
        assert not (tmp_path / "out").exists()
    assert len(calls) == len(set(calls)) > 3
    with monkeypatch.context() as patch:
        patch.setattr(mixing, "read_chunk", dying(mixing.read_chunk, after=0))
        with pytest.raises(StopError):
            main([*command, "--shard", "2/4"])
    assert main(command) == 0
    assert len(calls) == len(set(calls)), "no chunk was read twice"
    assert shards(tmp_path / "out") == shards(tmp_path / "whole")
    manifests = [json.loads((tmp_path / name / "mix.json").read_text()) for name in ("out", "whole")]
    assert manifests[0] == manifests[1]
    capsys.readouterr()
    for shard, complaint in {
        "0/4": "must be one of 1/4 to 4/4",
        "5/4": "must be one of",
        "2": "must be I/N",
        "a/b": "I/N",
    }.items():
        assert main([*command[:3], "--out", str(tmp_path / "other"), *command[5:], "--shard", shard]) == 2
        assert complaint in capsys.readouterr().err
    assert not list(tmp_path.glob("other*"))


class StopError(Exception):
    """Stands for a kill."""


def test_a_run_that_was_killed_goes_on(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_into(monkeypatch, 200)
    monkeypatch.setattr(mixing, "SHARD_EXAMPLES", 2)
    where = (f"{data}/texts.jsonl", f"{data}/llava.json")
    whole = run(tmp_path / "whole", *where)
    for function in ("read_chunk", "write_shard"):
        with monkeypatch.context() as patch:
            patch.setattr(mixing, function, dying(getattr(mixing, function), after=2))
            with pytest.raises(StopError):
                run(tmp_path / "out", *where)
        assert not (tmp_path / "out").exists()
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "out.partial").rglob("*.*") if path.suffix != ".json"}
    assert sum(path.suffix == ".parquet" for path in done) == 2
    kept: list[Path] = []
    with monkeypatch.context() as patch:
        patch.setattr(mixing.shutil, "rmtree", lambda path: kept.append(path))
        assert run(tmp_path / "out", *where) == whole
    for path, written in done.items():
        moved = tmp_path / "out" / path.name if path.suffix == ".parquet" else path
        assert moved.stat().st_mtime_ns == written, f"{path.name} was written again"


def test_a_run_that_was_killed_while_it_tidied_up_goes_on(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each removal, the run with the same strategy and that with another one are tried, and have what a clean run has."""
    where, out = (f"{data}/texts.jsonl", f"{data}/llava.json"), tmp_path / "out"
    clean = {name: run(tmp_path / name, *where, strategy=name) for name in ("instance", "same")}
    for first, again in itertools.product(clean, repeat=2):
        for left in itertools.count():
            with monkeypatch.context() as patch:
                patch.setattr(mixing, "write_shard", dying(mixing.write_shard, after=0))
                with pytest.raises(StopError):
                    run(out, *where, strategy="same")
            with monkeypatch.context() as patch:
                removals = killed_after(left, patch)
                with suppress(StopError):
                    run(out, *where, strategy=first)
            shutil.rmtree(out, ignore_errors=True)
            assert run(out, *where, strategy=again) == clean[again]
            assert not (tmp_path / "out.partial").exists()
            shutil.rmtree(out)
            if removals() <= left:
                break


def killed_after(count: int, patch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Let the process stop at the removal of a file or directory after so many; the result says how many there were."""
    done: list[object] = []
    for name in ("unlink", "rmdir"):
        patch.setattr(os, name, stopping(getattr(os, name), done, count))
    return lambda: len(done)


def stopping(remove: Callable[..., None], done: list[object], count: int) -> Callable[..., None]:
    def call(path: Any, **given: Any) -> None:
        done.append(path)
        if len(done) > count:
            raise StopError
        remove(path, **given)

    return call


def cut_into(monkeypatch: pytest.MonkeyPatch, size: int, rows: int = chunks.CHUNK_ROWS) -> None:
    """Make chunks so small, in bytes and rows."""
    for module in (chunks, sources):
        monkeypatch.setattr(module, "CHUNK_BYTES", size)
    monkeypatch.setattr(chunks, "CHUNK_ROWS", rows)


def dying(function: Callable[[Any], int], after: int) -> Callable[[Any], int]:
    calls: Iterator[int] = iter(range(after))

    def call(task: Any) -> int:
        if next(calls, None) is None:
            raise StopError
        return function(task)

    return call


def test_what_was_read_serves_another_strategy_but_no_other_data(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = tmp_path / "texts.jsonl"
    texts.write_bytes((data / "texts.jsonl").read_bytes())
    where, out = (str(texts), f"{data}/llava.json"), tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(mixing, "write_shard", dying(mixing.write_shard, after=0))
        with pytest.raises(StopError):
            run(out, *where)
    with pytest.raises(MixError, match=r"is of another run \(reading differ\)"):
        run(out, *where, format="jsonl")
    written = texts.stat().st_mtime_ns
    os.utime(texts, ns=(written, written + 1))  # as many bytes, written later
    with pytest.raises(MixError, match=r"is of another run \(sources differ\)"):
        run(out, *where)
    os.utime(texts, ns=(written, written))
    with monkeypatch.context() as patch:
        patch.setattr(mixing, "read_chunk", dying(mixing.read_chunk, after=0))
        assert len(run(out, *where, strategy="dataset", per_example=1)) == 16
    with pytest.raises(MixError, match="exists; choose another directory"):
        run(out, *where)


def test_a_directory_that_is_no_unfinished_run_is_left_alone(data: Path, tmp_path: Path) -> None:
    (tmp_path / "out.partial").mkdir()
    (tmp_path / "out.partial" / "mine.txt").write_text("")
    with pytest.raises(MixError, match="is no unfinished run"):
        run(tmp_path / "out", f"{data}/texts.jsonl")


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "saved", "directory"])
def test_all_kinds_of_files_give_the_same(data: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_into(monkeypatch, 300, 4)
    rows = json.loads((data / "llava.json").read_text())
    rows = [row | {"image": [row["image"]] if isinstance(row["image"], str) else row["image"]} for row in rows]
    source = tmp_path / f"source.{kind}"
    if kind == "jsonl":
        write_lines(source, rows)
    elif kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), source, row_group_size=2)
    elif kind == "saved":
        datasets.DatasetDict(train=datasets.Dataset.from_list(rows)).save_to_disk(source)
    else:
        source.mkdir()
        write_lines(source / "a.jsonl", rows[:3])
        pq.write_table(pa.Table.from_pylist(rows[3:]), source / "b.parquet")
    split = ",split=train" if kind == "saved" else ""
    made = run(tmp_path / "out", f"{source},root={data}{split}", f"{data}/texts.jsonl")
    expected = run(tmp_path / "expected", f"{data}/llava.json", f"{data}/texts.jsonl")
    assert ids(made) == ids(expected)
    assert [row["messages"] for row in made] == [row["messages"] for row in expected]
    assert [one["row"] for row in made for one in row["provenance"] if one["id"] == "i2"] == [3]


def test_a_hub_data_set_is_streamed_with_its_images_encoded(data: Path, tmp_path: Path) -> None:
    """A local directory in the hub's layout goes through the same ``load_dataset(streaming=True)``."""
    from cmqa_tasks.training.hub import hub_chunks

    features = datasets.Features(
        {"messages": datasets.List({"role": datasets.Value("string"), "content": datasets.Value("string")})}
    )
    features["images"] = datasets.List(datasets.Image())
    encoded = [(data / f"{number}.png").read_bytes() for number in range(3)]
    rows = [chat("What?", "This.") | {"images": [{"bytes": one, "path": None}]} for one in encoded]
    (tmp_path / "set").mkdir()
    datasets.Dataset.from_list(rows, features=features).to_parquet(tmp_path / "set" / "train.parquet")
    (chunk,) = hub_chunks(source_of(f"{tmp_path}/set,split=train"))
    found = [instance_of(row, chunk.root) for _, row in chunk.rows()]
    assert [one.pictures[0].data for one in found] == encoded
    with pytest.raises(SourceError, match="name a split"):
        list(hub_chunks(source_of(f"{tmp_path}/set")))


def test_every_container_gives_the_same(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compressed lines and lists, each in several pieces, at addresses, and behind a mark of byte order."""
    cut_into(monkeypatch, 300, 3)
    rows = json.loads((data / "llava.json").read_text())
    lines = "\ufeff" + "\n\n".join(map(json.dumps, rows)) + "\n"
    listed = "\ufeff" + json.dumps(rows)
    memory = fsspec.filesystem("memory")
    stored = {}
    for name, text in (("a.jsonl", lines), ("b.json", listed)):
        half = len(text) // 2
        pieces = [text[:half].encode(), text[half:].encode()]
        stored[name] = b"".join(pieces)
        stored[f"{name}.gz"] = b"".join(map(gzip.compress, pieces))
        stored[f"{name}.zst"] = b"".join(map(zstandard.compress, pieces))
    pq.write_table(pa.Table.from_pylist([row for row in rows if isinstance(row["image"], str)]), tmp_path / "c.parquet")
    expected = run(tmp_path / "expected", f"{data}/llava.json", strategy="none", per_example=1)
    for name, content in stored.items():
        (tmp_path / name).write_bytes(content)
        memory.pipe_file(f"/rows/{name}", content)
        for where in (tmp_path / name, f"memory://rows/{name}"):
            made = run(tmp_path / "out", f"{where},root={data}", strategy="none", per_example=1)
            shutil.rmtree(tmp_path / "out")
            assert [row["messages"] for row in made] == [row["messages"] for row in expected], where
            assert [row["images"] for row in made] == [row["images"] for row in expected], where
            numbers = [row["provenance"][0]["row"] for row in made]
            assert numbers == list(range(1, 14, 2) if "jsonl" in name else range(1, 8)), where
    memory.pipe_file("/tables/c.parquet", (tmp_path / "c.parquet").read_bytes())
    made = run(tmp_path / "out", f"memory://tables,root={data}", strategy="none", per_example=1)
    assert [row["images"] for row in made] == [row["images"] for row in expected[:-1]]


def test_damage_and_missing_addresses_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(json.dumps(chat("a", "b")).encode() * 500)[:-20])
    (tmp_path / "b.jsonl.zst").write_bytes(zstandard.compress(json.dumps(chat("a", "b")).encode())[:20] + b"x" * 40)
    (tmp_path / "c.jsonl.gz").write_bytes(b"no gzip at all")
    (tmp_path / "d.tar").write_bytes(b"no tar file at all" * 100)
    packed = gzip.compress(b"".join(json.dumps(chat(str(number), "b")).encode() for number in range(500)))
    (tmp_path / "e.jsonl.gz").write_bytes(packed[:500] + b"\xff" * 50 + packed[550:])
    places = {f"{tmp_path}/{name}": "damaged" for name in ("a.jsonl.gz", "b.jsonl.zst", "c.jsonl.gz", "d.tar", "e.jsonl.gz")}
    places |= {"memory://none.jsonl": "there is no such file", "nowhere://x.jsonl": "Protocol not known"}
    for where, complaint in places.items():
        with pytest.raises(SourceError, match=complaint) as raised:
            run(tmp_path / "out", where, strategy="none", per_example=1)
        assert where in str(raised.value)


def write_tar(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as archive:
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))


def test_shards_of_webdataset_are_read_and_their_images_stay_where_they_are(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_into(monkeypatch, 300, 2)
    encoded = [(data / f"{number}.png").read_bytes() for number in range(5)]
    turns = llava("x", "x")["conversations"]
    part = [{"type": "image", "image": "png"}, {"type": "text", "text": "What?"}]
    rows: dict[str, Row] = {
        "a/0": {"conversations": turns},
        "a/1": chat("Which?", "This.") | {"images": ["1.right.png", "1.left.jpg"]},
        "a/2": {"messages": [{"role": "user", "content": part}, {"role": "assistant", "content": "A png."}], "id": "mine"},
        "a/3": chat("Say.", "Said."),
    }
    members = {"a/0.png": encoded[0], "a/1.left.jpg": encoded[1], "a/1.right.png": encoded[2], "a/2.png": encoded[3]}
    members |= {f"{key}.json": json.dumps(row).encode() for key, row in rows.items()}
    write_tar(tmp_path / "a.tar", dict(sorted(members.items())))
    made = run(tmp_path / "out", f"{tmp_path}/a.tar", strategy="none", per_example=1)
    assert [row["provenance"][0]["id"] for row in made] == ["a/0", "a/1", "mine", "a/3"]
    addresses = [[image["path"] for image in row["images"]] for row in made]
    names = [["a/0.png"], ["a/1.right.png", "a/1.left.jpg"], ["a/2.png"], []]
    assert addresses == [[f"tar://{name}::{tmp_path}/a.tar" for name in some] for some in names]
    assert all(image["bytes"] is None for row in made for image in row["images"])
    opened = training_set(str(tmp_path / "out"), images=True)
    assert [[image.size[0] for image in row["images"]] for row in opened] == [[30], [50, 40], [60], []]
    copied = run(tmp_path / "copied", f"{tmp_path}/a.tar", strategy="none", per_example=1, images="embed")
    assert [[image["bytes"] for image in row["images"]] for row in copied] == [[members[name] for name in some] for some in names]
    bad = {"a.mp4": (b"x", "must have one member .json and images"), "0.gif": (b"x", "names other images, and not its members")}
    for name, (content, complaint) in bad.items():
        write_tar(tmp_path / "bad.tar", {"1.json": json.dumps(llava("x", f"{data}/1.png")).encode(), f"1.{name}": content})
        with pytest.raises(RowError, match=f"bad.tar:1: .*{complaint}"):
            run(tmp_path / "bad", f"{tmp_path}/bad.tar", strategy="none", per_example=1)


@pytest.mark.parametrize("images", ["reference", "embed"])
def test_parquet_opens_as_pictures(data: Path, tmp_path: Path, images: str) -> None:
    rows = run(tmp_path / "out", f"{data}/llava.json", strategy="dataset", per_example=1, images=images)
    assert all((one["bytes"] is None) == (images == "reference") for row in rows for one in row["images"])
    loaded = datasets.load_dataset("parquet", data_files=f"{tmp_path}/out/*.parquet", cache_dir=str(tmp_path), split="train")
    for row in loaded:
        numbers = [int(Path(one["path"]).stem) for one in rows[ids(rows).index(row_ids(row))]["images"]]
        assert [one.size[0] for one in row["images"]] == [30 + 10 * number for number in numbers]


def test_lines_hold_paths(data: Path, tmp_path: Path) -> None:
    parquet = run(tmp_path / "parquet", f"{data}/llava.json", f"{data}/texts.jsonl")
    lines = run(tmp_path / "lines", f"{data}/llava.json", f"{data}/texts.jsonl", format="jsonl")
    assert ids(lines) == ids(parquet)
    assert [row["images"] for row in lines] == [[one["path"] for one in row["images"]] for row in parquet]


def test_lines_whose_first_shards_hold_no_image_can_be_opened(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From nothing but empty lists the library infers a type that no path is of."""
    monkeypatch.setattr(mixing, "SHARD_EXAMPLES", 3)
    where = (f"{data}/texts.jsonl", f"{data}/llava.json")
    expected = [row["images"] for row in run(tmp_path / "out", *where, strategy="none", per_example=1, format="jsonl")]
    plain = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "plain"), split="train")
    assert plain.features == datasets.Features.from_dict(features()), "the card says what Parquet says"
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "trained"))
    opened = training_set(str(tmp_path / "out"), images=True)
    assert [[image.size for image in row["images"]] for row in opened] == [[i.size for i in row["images"]] for row in plain]
    for undecoded in (plain, opened.with_format(None)):
        stored = undecoded.cast_column("images", datasets.List(datasets.Image(decode=False)))
        assert [[one["path"] for one in row["images"]] for row in stored] == expected
    write_lines(tmp_path / "other.jsonl", [{"messages": plain[0]["messages"]}])
    with pytest.raises(ConfigError, match="must have columns messages and images"):
        training_set(str(tmp_path / "other.jsonl"), images=True)


def write_sources(directory: Path, data: Path) -> list[str]:
    """Images as files, as bytes and in a tar file, and texts."""
    encoded = (data / "3.png").read_bytes()
    member = {"7.json": json.dumps(llava("tar", "png")).encode(), "7.png": (data / "5.png").read_bytes()}
    write_tar(directory / "a.tar", member)
    pq.write_table(pa.Table.from_pylist([llava("bytes", "x") | {"image": {"bytes": encoded}}]), directory / "a.parquet")
    return [f"{directory}/a.tar", f"{directory}/a.parquet", f"{data}/llava.json", f"{data}/texts.jsonl"]


@pytest.mark.parametrize("form", ["swift", "llamafactory", "qwen-vl", "webdataset"])
def test_other_trainers_forms_hold_the_same_examples(
    data: Path, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opened by datasets or webdataset, and read again as sources, they are TRL's examples."""
    monkeypatch.setattr(mixing, "SHARD_EXAMPLES", 5)
    where = write_sources(tmp_path, data)
    expected = run(tmp_path / "trl", *where)
    out = tmp_path / "out"
    mix(options_of(sources=tuple(map(source_of, where)), strategy="instance", per_example=2, format=form), out)
    files = sorted(map(str, out.rglob("train-*-of-*")))
    again = run(
        tmp_path / "again", *(f"{file},ignore=provenance" for file in files), strategy="none", per_example=1, images="embed"
    )
    embedded = run(tmp_path / "embedded", *where, images="embed")
    assert [[one["bytes"] for one in row["images"]] for row in again] == [
        [one["bytes"] for one in row["images"]] for row in embedded
    ]
    flat = [[(message["role"], text_of(message)) for message in row["messages"]] for row in expected]
    if form == "qwen-vl":
        flat = [[("user", f"{row[0][1]}\n\n{row[1][1]}"), *row[2:]] if row[0][0] == "system" else row for row in flat]
    assert [[(message["role"], text_of(message)) for message in row["messages"]] for row in again] == flat
    if form == "webdataset":
        rows = list(webdataset.WebDataset(files, shardshuffle=False).decode("pil"))
        assert [row["json"]["provenance"] for row in rows] == [row["provenance"] for row in expected]
        assert [sum(key.endswith("png") for key in row) for row in rows] == [len(row["images"]) for row in expected]
        return
    column = "image" if form == "qwen-vl" else "images"
    rows = [json.loads(line) for file in files for line in Path(file).read_text(encoding="utf-8").splitlines()]
    for row, original in zip(rows, expected, strict=True):
        for path, image in zip(row.get(column, []), original["images"], strict=True):
            held = image["bytes"] is not None or "://" in image["path"]
            assert Path(path).is_file()
            assert path == image["path"] if not held else Path(path).parent == out / "images"
    if form == "llamafactory":
        (about,) = json.loads((out / "dataset_info.json").read_text()).values()
        files = sorted(map(str, (out / about["file_name"]).iterdir()))
        assert set(about["columns"].values()) < set(rows[0])
    loaded = datasets.load_dataset("json", data_files=files, split="train", cache_dir=str(tmp_path / "cache"))
    assert len(loaded) == len(expected)


def text_of(message: Row) -> str:
    return "".join(part["text"] if part["type"] == "text" else "<image>" for part in message["content"])


def test_groups_may_be_languages(data: Path, tmp_path: Path) -> None:
    rows = run(tmp_path / "out", f"{data}/texts.jsonl,group=en", f"{data}/zh.jsonl,group=zh,repeat=3")
    assert Counter(tuple(sorted(one["group"] for one in row["provenance"])) for row in rows) == {("en", "zh"): 9}
    uses = Counter(one["row"] for row in rows for one in row["provenance"] if one["group"] == "zh")
    assert uses == {1: 3, 2: 3, 3: 3}


def test_the_ratio_is_counted_and_checked(data: Path, tmp_path: Path) -> None:
    where = (f"{data}/texts.jsonl", f"{data}/llava.json")
    run(tmp_path / "out", *where, ratio={"text": 1.0, "image": 1.0})
    manifest = json.loads((tmp_path / "out" / "mix.json").read_text())
    assert manifest["uses"] == {"image": 7, "text": 7}
    assert manifest["left_out"] == {"image": 0, "text": 2}
    assert manifest["examples_of_several_groups"] == manifest["examples"] == 7
    with pytest.raises(PlanError, match=r"--ratio names text; the groups are image, text \(what was read stays in"):
        run(tmp_path / "other", *where, ratio={"text": 1.0})
    read_once = sorted((tmp_path / "other.partial" / "spool").iterdir())
    assert len(read_once) == 4
    assert len(run(tmp_path / "other", *where, ratio={"text": 1.0, "image": 1.0})) == 7


@pytest.mark.parametrize("num_proc", [1, 2])
def test_every_image_can_be_decoded_before_training(tmp_path: Path, num_proc: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where lmms-eval has told Pillow, for the whole process, to fill what a cut image lacks."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    Image.effect_noise((200, 200), 50).save(tmp_path / "whole.jpg")
    encoded = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(encoded[: len(encoded) // 2])
    write_lines(tmp_path / "a.jsonl", [llava("0", "whole.jpg"), llava("1", ["whole.jpg", "cut.jpg"], "<image><image>")])
    told: dict[str, Any] = {"strategy": "none", "per_example": 1, "num_proc": num_proc}
    assert len(run(tmp_path / "unchecked", f"{tmp_path}/a.jsonl", **told)) == 2
    with pytest.raises(RowError, match=r"a.jsonl:2: images.1: image .*cut.jpg cannot be decoded: image file is truncated"):
        run(tmp_path / "checked", f"{tmp_path}/a.jsonl", check_images=True, **told)
    if num_proc == 1:
        assert len(run(tmp_path / "skipped", f"{tmp_path}/a.jsonl", check_images=True, on_error="skip", **told)) == 1
        opened = training_set(str(tmp_path / "unchecked"), images=True)
        assert [image.size for image in opened[0]["images"]] == [(200, 200)]
        with pytest.raises(
            ConfigError, match=r"image .*cut.jpg, of .*a.jsonl:2 \(id 1\), cannot be decoded: image file is trunc"
        ):
            opened[1]


BAD = [
    ("{oops", "(row)", "no JSON"),
    (json.dumps(chat("", "x")), "messages.0", "empty turn"),
    (json.dumps(chat("a", "b") | {"images": ["gone.png"]}), "images.0", "there is no image"),
    (json.dumps(chat("a", "b") | {"\ud83d": 1}), "\\ud83d", "unknown field"),
    ("[" * 100_000, "(row)", "no JSON"),
]


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    lines = [json.dumps(chat("a", "b")), "", *(line for line, *_ in BAD), json.dumps(chat("c", "d"))]
    path = tmp_path / "bad.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_bad_row_is_an_error_with_file_line_and_field(bad: Path, tmp_path: Path) -> None:
    with pytest.raises(RowError, match=r"bad\.jsonl:3: \(row\): no JSON"):
        run(tmp_path / "out", str(bad), strategy="none", per_example=1)
    assert [path.name for path in tmp_path.iterdir()] == ["bad.jsonl"], "nothing is left behind"


def test_bad_rows_can_be_skipped_and_are_listed(bad: Path, tmp_path: Path) -> None:
    rows = run(tmp_path / "out", str(bad), strategy="none", per_example=1, on_error="skip")
    assert [row["provenance"][0]["row"] for row in rows] == [1, 8]
    listed = (tmp_path / "out" / "skipped.txt").read_text().splitlines()
    for line, number, (_, field, problem) in zip(listed, range(3, 8), BAD, strict=True):
        assert line.startswith(f"{bad}:{number}: {field}: {problem}")
    manifest = json.loads((tmp_path / "out" / "mix.json").read_text())
    assert manifest["skipped_by_problem"] == {"(row)": 2, "messages.*": 1, "images.*": 1, "\\ud83d": 1}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("--data no.jsonl --strategy none", "no.jsonl: no such file or directory, and no id of a hub data set"),
        ("--data cfg.yaml --strategy none", "cfg.yaml: unknown kind of file; choose one of .jsonl, .json, .parquet, .jsonl.gz"),
        (
            "--data empty --strategy none",
            "empty: no files of .jsonl, .json, .parquet, .jsonl.gz, .jsonl.zst, .json.gz, .json.zst, .tar in this",
        ),
        ("--data empty.jsonl --strategy none", "no instances: the sources are empty"),
        ("--data a.jsonl,size=3 --strategy none", "size: Extra inputs are not permitted"),
        ("--data a.jsonl,repeat=0 --strategy none", "repeat: Input should be greater than or equal to 1"),
        ("--data a.jsonl,group --strategy none", "'group' is no key=value"),
        ("--data a.jsonl --strategy instance", "strategy instance joins instances of different groups"),
        ("--data a.jsonl --strategy same --per-example 1", "strategy same takes per_example 2 or more, not 1"),
        ("--data a.jsonl --strategy none --per-example 2", "strategy none takes per_example 1, not 2"),
        ("--data a.jsonl --strategy none --max-tokens 9", "max_tokens needs a model"),
        ("--data a.jsonl --strategy none --format jsonl --images embed", "JSON lines hold paths"),
        ("--data a.jsonl --strategy none --ratio text", "'text' is no GROUP=SHARE"),
        ("--data a.jsonl --strategy none --ratio text=nan,image=1", "--ratio.text: Input should be a finite number, not nan"),
        ("--data a.jsonl --strategy none --ratio text=inf,image=1", "--ratio.text: Input should be a finite number, not inf"),
        ("--data a.jsonl --strategy none --ratio text=0,image=1", "--ratio.text: Input should be greater than 0, not 0.0"),
        ("--data a.jsonl --strategy none --ratio text=1,text=2", "--ratio text=1,text=2: 'text' is named twice"),
        ("--data a.jsonl --strategy none --ratio text=1,image=1", "--ratio names text, image; the groups are text"),
        ("--data a.jsonl,group=en --strategy none --ratio text=1", "--ratio names text; the groups can only be en"),
        ("--data a.jsonl,group=en --strategy instance", "and all sources are of group en"),
        ("--data a.jsonl --strategy same --per-example 0", "--per-example: Input should be greater than or equal to 1, not 0"),
        ("--data a.jsonl --strategy none --revision x", "--revision x is of a model; name it: --model"),
        ("--data a.jsonl --strategy none --model none", "--model none: no processor or tokenizer"),
        (
            "--data a.jsonl,split=train --strategy none",
            "a.jsonl: split=train: a file has none, only a saved data set or a data set of the hub",
        ),
        ("--data some,config=en --strategy none", "some: config=en: a directory of files has none, only a data set of the hub"),
        ("--data owner/name,split=train --strategy none", "owner/name: cannot be reached: "),
        ("--data latin.json --strategy none", "latin.json: no UTF-8: "),
        ("--data cut.parquet --strategy none", "cut.parquet: damaged or no Parquet file"),
        ("--data a.jsonl --strategy none --num-proc 0", "--num-proc must be at least 1"),
        ("--data cut.json --strategy none", "cut.json: after 1 rows: no JSON"),
        (
            "--data two.json --strategy none",
            "two.json: after 2 rows: the list ends, and '[{\"a\": 3}]' follows; must be one list and nothing else",
        ),
        ("--data deep.json --strategy none", "deep.json: after 1 rows: no JSON: "),
        ("--data lines.json --strategy none", "lines.json: must be one list of objects"),
        ("--data bad.parquet --strategy none", "bad.parquet: damaged or no Parquet file"),
    ],
)
def test_mistakes_are_one_line(
    arguments: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "a.jsonl", [chat("a", "b"), chat("c", "d")])
    files = {"cfg.yaml": "", "empty.jsonl": "", "cut.json": '[{"a": 1}, {"b"', "lines.json": '{"a": 1}\n', "bad.parquet": "PAR"}
    one = json.dumps(chat("a", "b"))
    files["deep.json"] = f"[{one}, {'[' * 100_000}"
    files["two.json"] = f'[{one}, {one}]\n{" " * 70_000}[{{"a": 3}}]\n'
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "latin.json").write_bytes(b'["\xe9"]')
    (tmp_path / "empty").mkdir()
    write_lines(make_directory(tmp_path / "some") / "a.jsonl", [chat("a", "b")])
    pq.write_table(pa.Table.from_pylist([chat(f"{number}?", "b") for number in range(1000)]), tmp_path / "cut.parquet")
    whole = (tmp_path / "cut.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[:50] + b"\xff" * 500 + whole[550:])
    there = sorted(tmp_path.iterdir())
    assert main(["mix", "--out", "out", *arguments.split()]) == 2
    arrangement = "strategy instance" in arguments or "--ratio text=1,image=1" in arguments
    kept = [tmp_path / "out.partial"] if arrangement and "group=" not in arguments else []
    assert sorted(tmp_path.iterdir()) == sorted([*there, *kept]), "nothing is left behind but what was read"
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("cmqa mix: ")
    assert complaint in error


def make_directory(path: Path) -> Path:
    path.mkdir()
    return path


def test_what_was_read_outlives_a_hub_that_cannot_be_reached(data: Path, tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ConnectionError, match="owner/name: cannot be reached"):
            run(tmp_path / "out", f"{data}/texts.jsonl", "owner/name,split=train")
        assert sorted(path.name for path in (tmp_path / "out.partial" / "spool").glob("*.npz")) == ["000-000000.npz"]


def test_the_command_says_what_it_made(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["mix", "--data", f"{data}/texts.jsonl", "--data", f"{data}/llava.json", "--strategy", "instance"]
    assert main([*command, "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "16 instances in 8 examples" in said
    assert "7 join several of the groups" in said
