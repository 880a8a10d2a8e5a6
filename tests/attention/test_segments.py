"""The partition of a prompt's tokens, held against random messages, many processors and chat templates."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest
import torch
import transformers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from tokenizers import Tokenizer, decoders, models, normalizers, trainers
from tokenizers.processors import ByteLevel, TemplateProcessing

from cmqa_tasks.attention.probe import token_origins as origins_module
from cmqa_tasks.attention.probe.segments import (
    NAMES,
    Origins,
    SegmentError,
    Segments,
    Span,
    generic_spans,
    process,
    segment_batch,
)
from cmqa_tasks.attention.probe.token_origins import folded
from cmqa_tasks.models import tiny

torch.set_num_threads(1)
SINK, OTHER = NAMES.index("sink"), NAMES.index("other")
Message = dict[str, Any]
IMAGES = [Image.new("RGB", size, colour) for size, colour in (((200, 100), "white"), ((90, 130), "red"), ((60, 60), "blue"))]

# --- processors -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Family:
    """A processor, and what a test must know of it."""

    processor: Any
    image_token_id: int | None
    placeholder: str = ""
    """What the chat template writes for an image."""

    @property
    def tokenizer(self) -> Any:
        return getattr(self.processor, "tokenizer", self.processor)


def named_tokenizer(*special: str, **named: str) -> Any:
    trained = tiny.trained_tokenizer([*special, *named.values()])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=trained.backend_tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        extra_special_tokens=named,
    )


def tiny_family(name: str) -> Callable[[], Family]:
    def make() -> Family:
        model, processor = tiny.BUILDERS[name]()
        placeholders = {"qwen2_5_vl": "<|vision_start|><|image_pad|><|vision_end|>", "qwen2": ""}
        return Family(processor, getattr(model.config, "image_token_id", None), placeholders.get(name, "<image>"))

    return make


def of(processor: Any, feature: str | None = None) -> Family:
    feature = feature or processor.image_token
    return Family(processor, processor.tokenizer.convert_tokens_to_ids(feature), processor.image_token)


def square(name: str, **settings: Any) -> Any:
    return getattr(transformers, name)(size={"height": 28, "width": 28}, **settings)


def gemma3() -> Family:
    tokenizer = named_tokenizer(boi_token="<boi>", eoi_token="<eoi>", image_token="<soft>")
    images = square("Gemma3ImageProcessor")
    return of(transformers.Gemma3Processor(image_processor=images, tokenizer=tokenizer, image_seq_length=4), "<soft>")


def internvl() -> Family:
    tokenizer = named_tokenizer(
        start_image_token="<img>", end_image_token="</img>", context_image_token="<ctx>", video_token="<video>"
    )
    images = square("GotOcr2ImageProcessor", crop_to_patches=True, min_patches=1, max_patches=4)
    videos = transformers.InternVLVideoProcessor()
    return of(transformers.InternVLProcessor(images, tokenizer, videos, image_seq_length=4))


def llava_onevision() -> Family:
    images = square("LlavaOnevisionImageProcessor", image_grid_pinpoints=[[28, 28], [28, 56], [56, 28]])
    arguments = {"num_image_tokens": 4, "vision_feature_select_strategy": "full"}
    tokenizer, videos = named_tokenizer("<image>", "<video>"), transformers.LlavaOnevisionVideoProcessor()
    return of(transformers.LlavaOnevisionProcessor(images, tokenizer, videos, **arguments))


def llava_next() -> Family:
    images = transformers.LlavaNextImageProcessor(
        size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}, image_grid_pinpoints=[[28, 56], [56, 28], [56, 56]]
    )
    arguments = {"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    return of(transformers.LlavaNextProcessor(images, named_tokenizer("<image>"), **arguments))


def pixtral() -> Family:
    images = transformers.PixtralImageProcessor(size={"longest_edge": 112}, patch_size=16)
    return of(transformers.PixtralProcessor(images, named_tokenizer("[IMG]", "[IMG_BREAK]", "[IMG_END]")))


def idefics2() -> Family:
    """A processor that does not tell its replacements."""
    images = transformers.Idefics2ImageProcessor(do_image_splitting=False, size={"longest_edge": 56, "shortest_edge": 28})
    return of(transformers.Idefics2Processor(images, named_tokenizer(), image_seq_len=4))


def llava_without_offsets() -> Family:
    """A tokenizer in pure Python, which does not tell its offsets, and gives every byte a token."""
    tokenizer = transformers.ByT5Tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": ["<image>", "<|im_start|>", "<|im_end|>"]})
    processor = tiny_family("llava")().processor
    processor.tokenizer = tokenizer
    processor.image_token_id = tokenizer.convert_tokens_to_ids("<image>")
    return of(processor)


def text_with_byte_fallback() -> Family:
    """Sentencepiece as in Llama 2: a space before the text, spaces as underlines, unknown characters as bytes."""
    byte_tokens = [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    strip = decoders.Strip(content=" ", left=1, right=0)
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), strip])
    special = ["<unk>", "<pad>", "<|im_start|>", "<|im_end|>", *byte_tokens]
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(["the receipt says that the total is 5.99 and not 7.49, a receipt"] * 4, trainer)
    return Family(transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>"), None)


def text_with_trimmed_offsets() -> Family:
    """Offsets that leave out whitespace, so that a token of whitespace stands for nothing."""
    tokenizer = named_tokenizer()
    tokenizer.backend_tokenizer.post_processor = ByteLevel(trim_offsets=True)
    return Family(tokenizer, None)


FAMILIES: dict[str, Callable[[], Family]] = {
    **{name: tiny_family(name) for name in tiny.FAMILIES},
    "gemma3": gemma3,
    "internvl": internvl,
    "llava_onevision": llava_onevision,
    "llava_next": llava_next,
    "pixtral": pixtral,
    "idefics2": idefics2,
    "llava_without_offsets": llava_without_offsets,
    "text_with_byte_fallback": text_with_byte_fallback,
    "text_with_trimmed_offsets": text_with_trimmed_offsets,
}


@cache
def family(name: str) -> Family:
    built = FAMILIES[name]()
    built.tokenizer.padding_side = "left"
    return built


# --- chat templates -------------------------------------------------------------------------------------------------------

_ANSWER = "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
_PARTS = (
    "{% if m['content'] is string %}{{ m['content'] FILTER }}{% else %}"
    "{% for c in m['content'] %}{% if c['type'] == 'image' %}IMAGE{% else %}{{ c['text'] FILTER }}{% endif %}{% endfor %}"
    "{% endif %}"
)
_TURN = "{% for m in messages %}<|im_start|>{{ m['role'] }}\n" + _PARTS + "<|im_end|>\n{% endfor %}" + _ANSWER
TEMPLATES = {
    "plain": _TURN.replace("FILTER", ""),
    "trimming, with a system prompt": "<|im_start|>system\nYou read receipts.<|im_end|>\n" + _TURN.replace("FILTER", "| trim"),
    "images first": (
        "{% for m in messages %}{{ m['role'] | upper }}: {% if m['content'] is string %}{{ m['content'] }}{% else %}"
        "{% for c in m['content'] %}{% if c['type'] == 'image' %}IMAGE{% endif %}{% endfor %}\n"
        "{% for c in m['content'] %}{% if c['type'] == 'text' %}{{ c['text'] }}\n{% endif %}{% endfor %}"
        "{% endif %} {% endfor %}ASSISTANT:"
    ),
    "bos by the template": "<|endoftext|>" + _TURN.replace("FILTER", "| trim"),
}


def renderer(tiny_model: Family, template: str) -> Callable[[Sequence[Message]], str]:
    """As ``cmqa_hf`` renders: for a model of text alone the parts are joined first."""
    source = TEMPLATES[template].replace("IMAGE", tiny_model.placeholder)

    def render(messages: Sequence[Message]) -> str:
        turns = (
            [message | {"content": joined(message)} for message in messages] if tiny_model.image_token_id is None else messages
        )
        text: str = tiny_model.processor.apply_chat_template(
            list(turns), chat_template=source, add_generation_prompt=True, tokenize=False
        )
        return text

    return render


def joined(message: Message) -> str:
    return message["content"] if isinstance(message["content"], str) else "".join(part["text"] for part in message["content"])


@dataclass(frozen=True)
class Outcome:
    """What came of a batch."""

    segments: Segments
    inputs: Any
    origins: Origins
    texts: list[str]


def segmented(
    tiny_model: Family,
    conversations: Sequence[Sequence[Message]],
    spans: Sequence[Sequence[Span]],
    render: Callable[[Sequence[Message]], str],
    alter: Callable[[Origins], Origins] = lambda origins: origins,
    **arguments: Any,
) -> Outcome:
    texts = [render(messages) for messages in conversations]
    images = [
        [part["image"] for message in messages for part in parts(message) if part["type"] == "image"]
        for messages in conversations
    ]
    pictures = {"images": images} if any(images) else {}
    inputs, origins = process(tiny_model.processor, text=list(texts), padding=True, return_tensors="pt", **pictures, **arguments)
    origins = alter(origins)
    segments = segment_batch(
        tiny_model.processor,
        inputs,
        origins,
        texts,
        conversations,
        spans,
        render=render,
        image_token_id=tiny_model.image_token_id,
    )
    return Outcome(segments, inputs, origins, texts)


def parts(message: Message) -> list[Message]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def text_part(text: str) -> Message:
    return {"type": "text", "text": text}


def image_part(number: int = 0) -> Message:
    return {"type": "image", "image": IMAGES[number]}


def user(*content: Message) -> list[Message]:
    return [{"role": "user", "content": list(content)}]


# --- what must hold -------------------------------------------------------------------------------------------------------


def check(
    tiny_model: Family, outcome: Outcome, conversations: Sequence[Sequence[Message]], spans: Sequence[Sequence[Span]]
) -> None:
    """The partition of every prompt is one, and each segment is what its span says. One span per name."""
    for row, (messages, wanted) in enumerate(zip(conversations, spans, strict=True)):
        kept = outcome.inputs["attention_mask"][row].bool()
        assert torch.equal(outcome.segments.buckets[row] >= 0, kept), "every token but padding has a bucket"
        ids, buckets = outcome.inputs["input_ids"][row][kept].tolist(), outcome.segments.buckets[row][kept].tolist()
        assert set(buckets) <= set(range(len(NAMES) - 1))
        assert [token for token, bucket in enumerate(buckets) if bucket == SINK] == [0]
        check_texts(tiny_model, ids, buckets, messages, wanted)
        check_images(tiny_model, ids, buckets, messages, wanted, outcome, row)
        unclaimed = {NAMES.index(name) for name in NAMES[:3]} - {NAMES.index(span.name) for span in wanted}
        assert not unclaimed & set(buckets)


def check_texts(
    tiny_model: Family, ids: list[int], buckets: list[int], messages: Sequence[Message], wanted: Sequence[Span]
) -> None:
    """Each text segment decodes to its span, neither end token can be spared, and segments follow in the order of the spans.

    The token before a segment may be shared with the text before it, and then counts as that one's.
    """
    before = 0
    for span in sorted(wanted, key=lambda span: (span.message, span.part, span.start or 0)):
        part = parts(messages[span.message])[span.part]
        if part["type"] == "image" or not folded(expected := part["text"][span.start : span.end].strip()):
            continue
        tokens = [token for token, bucket in enumerate(buckets) if bucket == NAMES.index(span.name)]
        # A segment of which nothing is left lies in the token of the one before.
        first, last = (tokens[0], tokens[-1] + 1) if tokens else (before + 1, before + 1)
        assert tokens == list(range(first, last)), "a stretch of text is a stretch of tokens"
        assert first > before, "spans keep their order"
        before = last - 1

        def reads(begin: int, end: int, expected: str = expected) -> bool:
            return folded(expected) in folded(tiny_model.tokenizer.decode(ids[begin:end], skip_special_tokens=False))

        alone = reads(first, last)
        assert alone or reads(first - 1, last), f"{expected!r} should be read from its tokens"
        if alone and last - first > 1:
            assert not reads(first + 1, last), "a token too many at the beginning"
            assert not reads(first, last - 1), "a token too many at the end"


def check_images(
    tiny_model: Family,
    ids: list[int],
    buckets: list[int],
    messages: Sequence[Message],
    wanted: Sequence[Span],
    outcome: Outcome,
    row: int,
) -> None:
    """The image tokens of the prompt, dealt out by the processor's counts in order, lie in the segments of their spans."""
    places = [
        (at, number)
        for at, message in enumerate(messages)
        for number, part in enumerate(parts(message))
        if part["type"] == "image"
    ]
    if not places:
        return
    features = [position for position, token in enumerate(ids) if token == tiny_model.image_token_id]
    if outcome.origins.replacements is None:
        counts = [tiny_model.processor.image_seq_len] * len(places)
    else:
        feature = tiny_model.tokenizer.convert_ids_to_tokens(tiny_model.image_token_id)
        counts = [replaced["replacement"].count(feature) for replaced in outcome.origins.replacements[row]]
    assert sum(counts) == len(features)
    names = {(span.message, span.part): NAMES.index(span.name) for span in wanted}
    dealt = iter(features)
    for position, count in zip(places, counts, strict=True):
        assert count > 0
        assert {buckets[next(dealt)] for _ in range(count)} == {names.get(position, OTHER)}


# --- random messages ------------------------------------------------------------------------------------------------------

_WORDS = ("receipt", " the", "总额是", "不", "5.99", "🧾", "👩‍👩‍👧", "é", "नमस्ते", "\n", "  ", "…", "Ａ", "a", "\u3000", "ﬁ")
_ANY = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="<>[]|"), max_size=6)
TEXTS = st.lists(st.sampled_from(_WORDS) | _ANY, max_size=6).map("".join)


@st.composite
def conversations(draw: st.DrawFn, images: bool) -> tuple[list[Message], list[Span]]:
    """Messages, with or without images, and at most one span per name. Passages recur, whole and as pieces of longer ones."""
    pool = draw(st.lists(TEXTS, min_size=1, max_size=2))
    passages = st.sampled_from([*pool, pool[0] + " " + pool[-1], pool[-1] + pool[0]])
    texts = passages.map(text_part)
    part = st.integers(0, len(IMAGES) - 1).map(image_part) | texts if images else texts
    system = [{"role": "system", "content": draw(passages)}] if draw(st.booleans()) else []
    content = draw(st.lists(part, min_size=1, max_size=5))
    if images and all(each["type"] == "text" for each in content):
        content.insert(draw(st.integers(0, len(content))), image_part())
    messages = system + user(*content)
    places = [(at, number) for at, message in enumerate(messages) for number in range(len(parts(message)))]
    chosen = draw(st.permutations(places))
    names = draw(st.permutations(NAMES[:3]))
    spans = [Span(*start, name) for start, name in zip(chosen, names, strict=False)]
    if len(spans) < len(names) and draw(st.booleans()):  # a name is left: split a text part in two
        spans = split(draw, messages, spans, names[len(spans)])
    return messages, spans


def split(draw: st.DrawFn, messages: list[Message], spans: list[Span], name: str) -> list[Span]:
    for index, span in enumerate(spans):
        part = parts(messages[span.message])[span.part]
        if part["type"] == "text":
            cut = draw(st.integers(0, len(part["text"])))
            return [*spans[:index], replace(span, end=cut), replace(span, name=name, start=cut), *spans[index + 1 :]]
    return spans


CASES = [pytest.param(name, template, id=f"{name}, {template}") for name in FAMILIES for template in TEMPLATES]


@pytest.mark.parametrize(("name", "template"), CASES)
def test_any_message_through_any_processor(name: str, template: str) -> None:
    tiny_model = family(name)
    render = renderer(tiny_model, template)
    kinds = [False] if tiny_model.image_token_id is None else [False, True]

    @settings(max_examples=12 * len(kinds), suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(kinds).flatmap(lambda images: st.lists(conversations(images), min_size=1, max_size=3)))
    def holds(batch: list[tuple[list[Message], list[Span]]]) -> None:
        messages, spans = [messages for messages, _ in batch], [spans for _, spans in batch]
        if name == "idefics2" and any(map(several_images, messages)):
            return  # refused: test_without_replacements_images_may_not_be_told_apart
        together = segmented(tiny_model, messages, spans, render)
        check(tiny_model, together, messages, spans)
        for row, (conversation, wanted) in enumerate(batch):
            alone = segmented(tiny_model, [conversation], [wanted], render).segments.buckets[0]
            assert torch.equal(together.segments.buckets[row][-len(alone) :], alone), "a batch is as one at a time"
            assert (together.segments.buckets[row][: -len(alone)] == -1).all()

    holds()


def several_images(messages: Sequence[Message]) -> bool:
    return sum(part["type"] == "image" for message in messages for part in parts(message)) > 1


# --- single cases ---------------------------------------------------------------------------------------------------------

RECEIPT, QUESTION = "The receipt says 5.99.", "What does it say? The receipt says 5.99. Or not?"


@pytest.mark.parametrize("name", FAMILIES)
def test_the_check_notices_two_swapped_spans(name: str) -> None:
    tiny_model = family(name)
    messages = user(text_part("总额是七块。"), text_part(RECEIPT), text_part(QUESTION))
    spans = [Span(0, 0, "evidence_a"), Span(0, 1, "evidence_b"), Span(0, 2, "question")]
    swapped = [replace(spans[0], name="evidence_b"), replace(spans[1], name="evidence_a"), spans[2]]
    render = renderer(tiny_model, "plain")
    check(tiny_model, segmented(tiny_model, [messages], [spans], render), [messages], [spans])
    with pytest.raises(AssertionError, match=r"order|should be read"):
        check(tiny_model, segmented(tiny_model, [messages], [swapped], render), [messages], [spans])


@pytest.mark.parametrize("name", ["qwen2_5_vl", "llava", "idefics3", "internvl", "gemma3", "pixtral", "llava_without_offsets"])
def test_touching_images_are_told_apart(name: str) -> None:
    tiny_model = family(name)
    messages = user(image_part(0), image_part(1), text_part("?"))
    spans = [Span(0, 0, "evidence_a"), Span(0, 1, "evidence_b")]
    outcome = segmented(tiny_model, [messages], [spans], renderer(tiny_model, "images first"))
    check(tiny_model, outcome, [messages], [spans])
    a, b = ((outcome.segments.buckets == bucket).nonzero()[:, 1] for bucket in (0, 1))
    assert a.max() < b.min()
    alone = [
        segmented(tiny_model, [user(image_part(number))], [[Span(0, 0, "evidence_a")]], renderer(tiny_model, "plain"))
        for number in (0, 1)
    ]
    assert [len(a), len(b)] == [int((outcome.segments.buckets == 0).sum()) for outcome in alone]


def test_the_same_passage_twice_and_in_the_question() -> None:
    tiny_model = family("qwen2")
    messages = user(text_part(RECEIPT), text_part(RECEIPT), text_part(QUESTION))
    inner = QUESTION.index(RECEIPT)
    spans = [Span(0, 1, "evidence_a"), Span(0, 2, "evidence_b", inner, inner + len(RECEIPT)), Span(0, 2, "question", 0, inner)]
    outcome = segmented(tiny_model, [messages], [spans], renderer(tiny_model, "plain"))
    check(tiny_model, outcome, [messages], [spans])
    ids, buckets = outcome.inputs["input_ids"][0], outcome.segments.buckets[0]
    before = tiny_model.tokenizer.decode(ids[: int((buckets == 0).nonzero()[0])])
    assert before.count(RECEIPT) == 1, "the second of the two passages was asked for"


@pytest.mark.parametrize("by_template", [True, False])
def test_whoever_writes_the_bos_it_is_the_sink(by_template: bool) -> None:
    tiny_model = tiny_family("llava")()
    bos = tiny_model.tokenizer.convert_tokens_to_ids("<|endoftext|>")
    added = TemplateProcessing(single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", bos)])
    tiny_model.tokenizer.backend_tokenizer.post_processor = added
    messages = user(text_part(RECEIPT), image_part())
    spans = [Span(0, 0, "evidence_a"), Span(0, 1, "evidence_b")]
    render = renderer(tiny_model, "bos by the template" if by_template else "plain")
    outcome = segmented(tiny_model, [messages], [spans], render, add_special_tokens=not by_template)
    check(tiny_model, outcome, [messages], [spans])
    assert outcome.inputs["input_ids"][0, :2].tolist() == [bos, tiny_model.tokenizer.convert_tokens_to_ids("<|im_start|>")]


def test_the_sink_is_the_sink_even_in_a_span() -> None:
    tiny_model = family("qwen2")
    outcome = segmented(
        tiny_model, [user(text_part(RECEIPT))], [[Span(0, 0, "evidence_a")]], lambda messages: joined(messages[0])
    )
    assert outcome.segments.buckets[0].tolist() == [SINK, *[0] * (outcome.inputs["input_ids"].shape[1] - 1)]


def test_several_spans_share_a_name() -> None:
    tiny_model = family("llava")
    messages = user(image_part(), text_part(RECEIPT), image_part())
    outcome = segmented(tiny_model, [messages], [generic_spans(messages)], renderer(tiny_model, "plain"))
    features = outcome.inputs["input_ids"] == tiny_model.image_token_id
    assert torch.equal(outcome.segments.buckets == 0, features)
    assert (outcome.segments.buckets == 1).any()


def test_a_template_may_put_the_parts_in_another_order() -> None:
    tiny_model = family("qwen2")
    messages = [{"role": "user", "content": RECEIPT}, {"role": "user", "content": "总额是七块。"}]
    spans = [Span(0, 0, "evidence_a"), Span(1, 0, "evidence_b")]
    outcome = segmented(tiny_model, [messages], [spans], lambda turns: f"> {turns[1]['content']} {turns[0]['content']}")
    a, b = ((outcome.segments.buckets[0] == bucket).nonzero().flatten() for bucket in (0, 1))
    assert b.max() < a.min()
    assert RECEIPT in tiny_model.tokenizer.decode(outcome.inputs["input_ids"][0, a])


def test_padding_on_the_right() -> None:
    tiny_model = tiny_family("qwen2")()
    tiny_model.tokenizer.padding_side = "right"
    batch = [user(text_part(RECEIPT)), user(text_part(QUESTION))]
    spans = [[Span(0, 0, "evidence_a")]] * 2
    outcome = segmented(tiny_model, batch, spans, renderer(tiny_model, "plain"))
    check(tiny_model, outcome, batch, spans)
    assert outcome.segments.buckets[0, -1] == -1


@pytest.mark.parametrize("name", FAMILIES)
def test_process_changes_nothing(name: str) -> None:
    tiny_model = family(name)
    content = [text_part(RECEIPT)] + ([image_part()] if tiny_model.image_token_id is not None else [])
    arguments: dict[str, Any] = {"text": [renderer(tiny_model, "plain")(user(*content))], "padding": True, "return_tensors": "pt"}
    if len(content) > 1:
        arguments["images"] = [[IMAGES[0]]]
    plain, (processed, _) = tiny_model.processor(**arguments), process(tiny_model.processor, **arguments)
    assert plain.keys() == processed.keys()
    assert all(torch.equal(torch.as_tensor(plain[key]), torch.as_tensor(processed[key])) for key in plain)


@pytest.mark.parametrize("name", ["qwen2_5_vl", "llava", "qwen2", "idefics3", "text_with_byte_fallback"])
def test_without_offsets_the_segments_are_the_same(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Decoding finds what offsets say. It is logged, once."""
    tiny_model = family(name)
    pictures = [image_part(0), image_part(1)] if tiny_model.image_token_id is not None else []
    messages = user(*pictures, text_part(f" {RECEIPT}\n"), text_part("总额🧾是七块。"), text_part(QUESTION))
    count = len(pictures)
    cut = RECEIPT.index("ceipt")  # within a token, which stands for characters of both spans
    spans = [Span(0, count, "evidence_a", 0, cut), Span(0, count, "evidence_b", cut), Span(0, count + 1, "question")]
    render = renderer(tiny_model, "trimming, with a system prompt")
    by_offsets = segmented(tiny_model, [messages], [spans], render).segments.buckets
    origins_module._log_once.cache_clear()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            by_decoding = segmented(tiny_model, [messages], [spans], render, alter=lambda origins: replace(origins, offsets=None))
            check(tiny_model, by_decoding, [messages], [spans])
            assert torch.equal(by_decoding.segments.buckets, by_offsets)
    assert [record.getMessage().split()[1:4] for record in caplog.records] == [["does", "not", "say"]]


@pytest.mark.parametrize("name", ["qwen2_5_vl", "llava", "idefics2", "internvl"])
@pytest.mark.parametrize("between", [RECEIPT, ","])
def test_without_replacements_separate_images_are_told_apart(name: str, between: str) -> None:
    tiny_model = family(name)
    messages = user(image_part(0), text_part(between), image_part(2), text_part(RECEIPT))
    spans = [Span(0, 0, "evidence_b"), Span(0, 2, "evidence_a"), Span(0, 3, "question")]
    render = renderer(tiny_model, "plain")
    by_replacements = segmented(tiny_model, [messages], [spans], render)
    by_decoding = segmented(tiny_model, [messages], [spans], render, alter=lambda origins: replace(origins, replacements=None))
    check(tiny_model, by_replacements, [messages], [spans])
    assert torch.equal(by_decoding.segments.buckets, by_replacements.segments.buckets)


# --- errors ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spans", "complaint"),
    [
        ([Span(0, 7, "question")], r"^conversation 1, message 0, part 7 \(question\): there is no such part"),
        ([Span(-1, 0, "question")], r"message -1, part 0 \(question\): there is no such part"),
        ([Span(0, 1, "evidence")], r"part 1 \(evidence\): a span is named one of evidence_a, evidence_b, question"),
        ([Span(0, 1, "question", 3, 999)], r"characters 3 to 999 of a text of 22"),
        ([Span(0, 0, "question", 0, 1)], r"part 0 \(question\): only texts and whole images have tokens.* type 'image'"),
        ([Span(0, 1, "evidence_a", 0, 9), Span(0, 1, "evidence_b", 8)], r"part 1 \(evidence_b\): it overlaps another span"),
        ([Span(0, 0, "evidence_a"), Span(0, 0, "evidence_b")], r"part 0 \(evidence_b\): it overlaps another span"),
    ],
)
def test_spans_that_are_not_in_the_messages(spans: list[Span], complaint: str) -> None:
    tiny_model = family("llava")
    messages = user(image_part(), text_part(RECEIPT))
    with pytest.raises(SegmentError, match=complaint):
        segmented(tiny_model, [messages, messages], [[], spans], renderer(tiny_model, "plain"))


@pytest.mark.parametrize(
    ("render", "complaint"),
    [
        (lambda turns: "Nothing of it.", r"conversation 0, message 0, part 0 \(evidence_a\): the chat template shows it 0 times"),
        (lambda turns: joined(turns[0]) * 2, r"part 0 \(evidence_a\): the chat template shows it 2 times"),
        (
            lambda turns: f"{len(joined(turns[0]))} {joined(turns[0])}",
            r"conversation 0, the whole prompt: the chat template renders it",
        ),
    ],
)
def test_templates_that_hide_a_span(render: Callable[[Sequence[Message]], str], complaint: str) -> None:
    with pytest.raises(SegmentError, match=complaint):
        segmented(family("qwen2"), [user(text_part(RECEIPT))], [[Span(0, 0, "evidence_a")]], render)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        (
            "idefics2",
            ["", "IMAGE", "IMAGE"],
            r"part 1: Idefics2Processor does not say whose the 8 image tokens are, and the 2 images",
        ),
        ("idefics3", ["?", "IMAGE", "and", "IMAGE"], r"part 1: Idefics3Processor does not say whose the \d+ image tokens are"),
        (
            "idefics2",
            ["?", "IMAGE", "e", "IMAGE"],
            r"the whole prompt: without offsets from the tokenizer, 'e' is more than once what",
        ),
    ],
    ids=["they touch", "they are cut in tiles", "the text between them could lie in two ways"],
)
def test_without_replacements_images_may_not_be_told_apart(name: str, content: list[str], complaint: str) -> None:
    tiny_model = family(name)
    messages = user(*(image_part() if text == "IMAGE" else text_part(text) for text in content))
    with pytest.raises(SegmentError, match=f"conversation 0, (message 0, )?{complaint}"):
        segmented(
            tiny_model, [messages], [[]], renderer(tiny_model, "plain"), alter=lambda origins: replace(origins, replacements=None)
        )


def test_a_prompt_that_leaves_out_an_image() -> None:
    tiny_model = family("llava")
    pictures = user(image_part(), image_part())
    inputs, origins = process(tiny_model.processor, text=["<image>"], images=[[IMAGES[0]]], return_tensors="pt")
    with pytest.raises(SegmentError, match=r"message 0, part 0: the prompt shows 1 images, the messages 2"):
        segment_batch(
            tiny_model.processor,
            inputs,
            origins,
            ["<image>"],
            [pictures],
            [[]],
            render=lambda _: "<image>",
            image_token_id=tiny_model.image_token_id,
        )


@pytest.mark.parametrize(
    ("feature", "complaint"),
    [(None, "which token stands for images was not said"), (5, "no token of the prompt stands for this image")],
)
def test_the_token_of_images_must_be_right(feature: int | None, complaint: str) -> None:
    tiny_model = family("llava")
    messages = user(text_part("?"), image_part())
    text = renderer(tiny_model, "plain")(messages)
    inputs, origins = process(tiny_model.processor, text=[text], images=[[IMAGES[0]]], return_tensors="pt")
    with pytest.raises(SegmentError, match=f"conversation 0, message 0, part 1: {complaint}"):
        segment_batch(
            tiny_model.processor, inputs, origins, [text], [messages], [[]], render=lambda _: text, image_token_id=feature
        )


def test_offsets_that_do_not_fit_are_noticed() -> None:
    """A processor that changes the prompt before it is tokenized gives offsets into another text."""
    tiny_model = family("llava")
    complaint = r"message 0, part 0 \(evidence_a\): its tokens should read 'The receipt says 5.99.' and read "
    with pytest.raises(SegmentError, match=complaint):
        segmented(
            tiny_model,
            [user(text_part(RECEIPT))],
            [[Span(0, 0, "evidence_a")]],
            renderer(tiny_model, "plain"),
            alter=lambda origins: replace(origins, offsets=origins.offsets + 3),
        )


def test_beside_images_offsets_that_do_not_fit_give_way_to_what_tokens_decode_to() -> None:
    tiny_model = family("llava")
    messages, spans = user(image_part(), text_part(RECEIPT)), [Span(0, 0, "evidence_a"), Span(0, 1, "evidence_b")]

    def misplaced(origins: Origins) -> Origins:
        return replace(origins, offsets=origins.offsets + 3)

    def moved(origins: Origins) -> Origins:
        return replace(
            origins, replacements=[[replacement | {"span": (0, 7)} for replacement in row] for row in origins.replacements or []]
        )

    plain = segmented(tiny_model, [messages], [spans], renderer(tiny_model, "plain"))
    for alter in (misplaced, moved):
        altered = segmented(tiny_model, [messages], [spans], renderer(tiny_model, "plain"), alter=alter)
        assert torch.equal(altered.segments.buckets, plain.segments.buckets), alter.__name__


def test_a_prompt_that_its_tokens_do_not_decode_to() -> None:
    tiny_model = family("text_with_byte_fallback")
    messages, spans = user(text_part(RECEIPT)), [Span(0, 0, "evidence_a")]
    render = renderer(tiny_model, "plain")
    other = render(user(text_part("The receipt says 7.49.")))
    inputs, _ = process(tiny_model.processor, text=[other], return_tensors="pt")
    with pytest.raises(
        SegmentError, match=r"conversation 0, the whole prompt: without offsets from the tokenizer, .* is not what"
    ):
        segment_batch(
            tiny_model.processor,
            inputs,
            Origins(None, None),
            [render(messages)],
            [messages],
            [spans],
            render=render,
            image_token_id=None,
        )


# --- spans of any task ----------------------------------------------------------------------------------------------------


def test_spans_of_a_task_that_marks_none() -> None:
    image = image_part()
    assert generic_spans(user(image, text_part("Q?"))) == [Span(0, 0, "evidence_a"), Span(0, 1, "evidence_b")]
    both = user(text_part("Context."), image, text_part(" \n"), image, text_part("Q?"), text_part(""))
    assert generic_spans(both) == [
        Span(0, 1, "evidence_a"),
        Span(0, 3, "evidence_a"),
        Span(0, 0, "evidence_b"),
        Span(0, 4, "question"),
    ]
    shots = [{"role": "system", "content": "Be brief."}, *user(image, text_part("Q?")), {"role": "assistant", "content": "A."}]
    last = user(text_part("Context."), image, text_part("Q?"))
    assert generic_spans(shots + last) == [
        Span(1, 0, "evidence_a"),
        Span(3, 1, "evidence_a"),
        Span(3, 0, "evidence_b"),
        Span(3, 2, "question"),
    ]
    assert generic_spans([{"role": "user", "content": "Q?"}]) == [Span(0, 0, "evidence_b")]
    assert generic_spans([{"role": "system", "content": "Be brief."}]) == []
