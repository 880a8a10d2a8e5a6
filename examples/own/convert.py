"""Facts of your own from four published schemas, ten lines each: CORD v2, XQuAD (and MLQA), GQA, ChartQA.

    python convert.py            # cord.jsonl, xquad.*.json, gqa.json, chartqa.json → receipts.jsonl, …
    cmqa validate receipts.jsonl

The files beside this one are ours, in the schemas of those data sets; put the real ones in their place. Each fact needs a second,
plausible value that the source does not have: here the total of another receipt, the answer to another question, another colour,
another bar.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Line = dict[str, Any]


def read(name: str) -> Any:
    """A JSON file beside this one."""
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def receipts() -> Iterator[Line]:
    """CORD v2: a photograph of a receipt, its total in rupiah, and two notes about it."""
    rows = [json.loads(line) for line in (HERE / "cord.jsonl").read_text(encoding="utf-8").splitlines()]
    totals = [json.loads(row["ground_truth"])["gt_parse"]["total"]["total_price"] for row in rows]
    for number, row in enumerate(rows):
        shown = {"a": totals[number], "b": totals[(number + 1) % len(totals)]}
        amounts = {side: f"{total.replace('.', '')}.00 IDR" for side, total in shown.items()}
        texts = {side: f"Lunch on day {number + 1}: the bill came to Rp {total}, all told." for side, total in shown.items()}
        question = f"What is the total of the receipt of day {number + 1}?"
        yield {"question": question, "kind": "money", **amounts, "images": {"a": row["image"]}, "texts": texts}


def paragraphs() -> Iterator[Line]:
    """XQuAD and MLQA: one paragraph in two languages; in the counterfactual one, another answer stands in place of the answer."""
    entries: dict[str, dict[str, tuple[str, str, str]]] = {}
    for language in ("en", "zh"):
        for paragraph in (paragraph for article in read(f"xquad.{language}.json")["data"] for paragraph in article["paragraphs"]):
            for qa in paragraph["qas"]:
                entries.setdefault(qa["id"], {})[language] = qa["question"], qa["answers"][0]["text"], paragraph["context"]
    for identity, entry in entries.items():
        other = next(entries[key] for key in entries if key != identity)
        names = {side: {language: [said[language][1]] for language in said} for side, said in (("a", entry), ("b", other))}
        texts = {k: {"a": text, "b": text.replace(answer, other[k][1])} for k, (_, answer, text) in entry.items()}
        values = {side: {"canonical": names[side]["en"][0], "surface": names[side]} for side in names}
        yield {"question": {language: said[0] for language, said in entry.items()}, "kind": "name", **values, "texts": texts}


def attributes() -> Iterator[Line]:
    """GQA: a photograph, a question about a colour, and sentences that agree and disagree."""
    for entry in read("gqa.json").values():
        colours = {"a": entry["answer"], "b": "blue" if entry["answer"] != "blue" else "green"}
        texts = {side: entry["fullAnswer"].replace(entry["answer"], colour) for side, colour in colours.items()}
        images = {"a": f"images/{entry['imageId']}.png"}
        yield {"question": entry["question"], "kind": "colour", **colours, "images": images, "texts": texts}


def charts() -> Iterator[Line]:
    """ChartQA: a chart, a question about one of its values, and sentences that agree and disagree."""
    for entry in read("chartqa.json"):
        shares = {"a": entry["label"], "b": f"{float(entry['label']) + 11:g}"}
        texts = {side: f"Asked “{entry['query']}”, the office replied: {share} per cent." for side, share in shares.items()}
        images = {"a": f"images/{entry['imgname']}"}
        yield {"question": entry["query"], "kind": "percent", **shares, "images": images, "texts": texts}


def main() -> None:
    """Write a file of facts for each source."""
    for source in (receipts, paragraphs, attributes, charts):
        lines = [json.dumps(line, ensure_ascii=False) for line in source()]
        (HERE / f"{source.__name__}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
