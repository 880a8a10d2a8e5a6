"""``cmqa train``: supervised fine-tuning by TRL's SFTTrainer, with PEFT and accelerate, from one YAML file.

There is no training loop here. What is ours: the training set is opened as ``cmqa mix`` wrote it, the loss is that of all
assistant turns whatever the chat template, nothing is ever cut, and a whole model is left that evaluation loads. Several
processes and sharding are the launcher's: ``torchrun`` or ``accelerate launch``, with accelerate's own configuration.
"""

from __future__ import annotations

import difflib
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import fields
from fnmatch import fnmatch
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_type_hints

import trl
from accelerate import PartialState
from packaging.version import Version
from peft import LoraConfig, PeftModel
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText, AutoProcessor, ProcessorMixin
from transformers.trainer_utils import get_last_checkpoint, set_seed
from transformers.utils import SAFE_WEIGHTS_INDEX_NAME, SAFE_WEIGHTS_NAME
from trl import SFTConfig, SFTTrainer
from trl.chat_template_utils import get_training_chat_template, has_generation_markers, is_chat_template_stop_token_trained

from cmqa_tasks.attention.probe.token_origins import lacks_special_tokens
from cmqa_tasks.training.config import ConfigError, TrainConfig
from cmqa_tasks.training.training_set import training_set
from cmqa_tasks.training.turns import AssistantTurns
from cmqa_tasks.writing.problems import first_problem, one_line

MODEL, ADAPTER, CHECKPOINTS, STATE = "model", "adapter", "checkpoints", "trainer_state.json"
"""What ``output`` holds after a run."""
MARKS_VISION = Version("1.16")
"""The TRL that is known to learn assistant turns alone of data with images; 1.14, the last for Python 3.10, refuses to."""


def train(config: TrainConfig) -> Path:
    """Train as the configuration says.

    Returns:
        Directory of the trained model, complete with its processor; of the adapter where it is not merged.

    Raises:
        ConfigError: an argument of the trainer or of LoRA does not exist or does not fit, the data is not what ``cmqa mix``
            writes, the output is there already, or there is no checkpoint to go on from. No directory is left for it.
    """
    checkpoints = Path(config.output) / CHECKPOINTS
    missing = [directory for directory in (checkpoints, *checkpoints.parents) if not directory.exists()]
    try:
        return _train(config)
    except ValueError as error:  # of the libraries', too: few of them say which file it is about
        raise ConfigError(f"{config.place}{one_line(error)}") from error
    finally:
        for directory in missing:
            with suppress(OSError):  # it holds something, was not made, or another process was quicker
                directory.rmdir()


def _train(config: TrainConfig) -> Path:
    output = Path(config.output)
    result = output / (MODEL if config.lora is None or config.merge else ADAPTER)
    if result.exists():
        raise ConfigError(f"output: {result} exists; choose another directory or delete it")
    check_arguments(config)
    if config.lora is not None and (output / ADAPTER).exists():
        _merge_left(config, output)
        return result
    stopped = _last_checkpoint(output) if config.resume else None
    arguments = sft_arguments(config)
    processor = _processor(config)
    sees = isinstance(processor, ProcessorMixin)
    set_seed(arguments.seed)  # TRL 1.14 makes the adapter before it does that
    trainer = SFTTrainer(
        model=_weights(config, stopped),
        args=arguments,
        data_collator=collator(config, processor, arguments),
        train_dataset=training_set(config.data, images=sees),
        eval_dataset=None if config.eval_data is None else training_set(config.eval_data, images=sees, field="eval_data"),
        processing_class=processor,
        peft_config=lora_config(config),
    )
    _freeze(trainer.model, config.freeze)
    trainer.train(resume_from_checkpoint=stopped)
    _save(trainer, config, output)
    return result


def _last_checkpoint(output: Path) -> str:
    """Where a run that was stopped goes on.

    Raises:
        ConfigError: it left no checkpoint.
    """
    found: str | None = get_last_checkpoint(str(output / CHECKPOINTS)) if (output / CHECKPOINTS).is_dir() else None
    if found is None:
        raise ConfigError(f"resume: {output / CHECKPOINTS} has no checkpoint; set resume: false to begin anew")
    return found


def _weights(config: TrainConfig, stopped: str | None) -> str:
    """What the trainer loads: the checkpoint itself where it holds a whole model.

    The trainer would read its file key by key. Families whose parameters are saved under other names than they have in memory,
    LLaVA's among them, would then go on from the untrained weights, with a warning and nothing else. Adapters and shards of FSDP
    are left to the trainer; their names are those in memory.
    """
    whole = stopped is not None and any((Path(stopped) / name).is_file() for name in (SAFE_WEIGHTS_NAME, SAFE_WEIGHTS_INDEX_NAME))
    return stopped if stopped is not None and whole else config.model


def check_arguments(config: TrainConfig) -> None:
    """Check that TRL and PEFT know the arguments that they are given, and that numbers are numbers, before anything is loaded.

    Raises:
        ConfigError: they do not; the message says what is spelled like it, or what is allowed.
    """
    for section, given, known in (("trainer", config.trainer, SFTConfig), ("lora", config.lora or {}, LoraConfig)):
        names, kinds = {one.name for one in fields(known) if one.init}, get_type_hints(known)
        for name, value in given.items():
            if name not in names:
                near = difflib.get_close_matches(name, names)
                hint = f"; did you mean {' or '.join(near)}?" if near else ""
                raise ConfigError(f"{section}.{name}: {known.__name__} has no such argument{hint}")
            if set(get_args(kinds[name]) or [kinds[name]]) <= _PLAIN:
                _check_number(f"{section}.{name}", value, kinds[name], least=1 if name in _AT_LEAST_ONE else None)


_PLAIN = {int, float, bool, NoneType}
"""Types that say all that is allowed. Those of texts, lists and mappings do not; what they may hold is left to the libraries."""
_AT_LEAST_ONE = {"per_device_train_batch_size", "per_device_eval_batch_size", "gradient_accumulation_steps", "r"}
"""Arguments whose other values are found out only once the model is loaded."""


def _check_number(field: str, value: Any, kind: Any, least: int | None) -> None:
    try:
        TypeAdapter(Annotated[kind, Field(ge=least)], config=ConfigDict(strict=True)).validate_python(value)
    except ValidationError as error:
        raise ConfigError(f"{field}: {first_problem(error)}, not {value!r}") from error


def sft_arguments(config: TrainConfig) -> SFTConfig:
    """The arguments of TRL's trainer.

    Raises:
        ConfigError: TRL does not take one of the values.
    """
    given = dict(config.trainer)
    if config.revision is not None:
        given["model_init_kwargs"] = {"revision": config.revision, **(given.get("model_init_kwargs") or {})}
    try:
        return SFTConfig(
            output_dir=str(Path(config.output) / CHECKPOINTS),
            max_length=None,
            remove_unused_columns=False,
            dataset_kwargs={"skip_prepare_dataset": True},
            **given,
        )
    except (ValueError, TypeError) as error:
        raise ConfigError(f"trainer: {error}") from error


def lora_config(config: TrainConfig) -> LoraConfig | None:
    """The arguments of PEFT, if an adapter is to be trained.

    Raises:
        ConfigError: PEFT does not take one of the values.
    """
    if config.lora is None:
        return None
    try:
        return LoraConfig(**config.lora)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"lora: {error}") from error


def _processor(config: TrainConfig) -> Any:
    """The checkpoint's processor, or tokenizer, as training needs it."""
    trust = bool(config.trainer.get("trust_remote_code", False))
    try:
        processor = AutoProcessor.from_pretrained(config.model, revision=config.revision or "main", trust_remote_code=trust)
    except (OSError, ValueError) as error:
        told = f"model: {config.model!r} is no directory with a checkpoint, and none that the hub gives"
        raise ConfigError(f"{told}: {error}") from error
    tokenizer = getattr(processor, "tokenizer", processor)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if config.chat_template is not None:
        processor.chat_template = _template(config.chat_template)
    if not processor.chat_template:
        raise ConfigError(f"model: {config.model} has no chat template; name a file of one: chat_template")
    return processor


def _template(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"chat_template: {path}: {error.strerror}") from error


def collator(config: TrainConfig, processor: Any, arguments: SFTConfig) -> AssistantTurns | None:
    """What makes batches: None for TRL's own collator, which is told here to learn assistant turns alone where it can."""
    sees = isinstance(processor, ProcessorMixin)
    if sees and _writes_beginning(processor):
        if config.loss == "all":
            return None
        if _trl_marks_turns(processor):
            arguments.assistant_only_loss = True
            return None
    about = AutoConfig.from_pretrained(
        config.model, revision=config.revision or "main", trust_remote_code=arguments.trust_remote_code
    )
    image = getattr(about, "image_token_id", None) or getattr(about, "image_token_index", None)
    return AssistantTurns(processor, image if sees else None, everything=config.loss == "all")


def _trl_marks_turns(processor: Any) -> bool:
    """Whether TRL can tell assistant turns, and the token that ends them, in this chat template."""
    if Version(trl.__version__) < MARKS_VISION:
        return False
    template = None
    if not has_generation_markers(processor.chat_template):
        try:
            template = get_training_chat_template(processor)
        except ValueError:
            return False
    return bool(is_chat_template_stop_token_trained(processor, chat_template=template))


def _writes_beginning(processor: Any) -> bool:
    """Whether the chat template writes what a tokenizer would put in front: TRL's collator adds nothing, evaluation does."""
    empty = processor.tokenizer("").input_ids
    text = processor.apply_chat_template([{"role": "user", "content": [{"type": "text", "text": "?"}]}], tokenize=False)
    return not (empty and lacks_special_tokens(processor, text))


def _freeze(model: Any, patterns: Iterable[str]) -> None:
    """Take the parameters that match out of training.

    Raises:
        ConfigError: a pattern matches none.
    """
    for pattern in patterns:
        found = [parameter for name, parameter in model.named_parameters() if fnmatch(name, pattern)]
        if not found:
            raise ConfigError(f"freeze: {pattern!r} matches no parameter; they are called {next(model.named_parameters())[0]} …")
        for parameter in found:
            parameter.requires_grad_(False)


def _save(trainer: SFTTrainer, config: TrainConfig, output: Path) -> None:
    """Save the model, and the adapter where there is one, each whole or not at all."""
    first = MODEL if config.lora is None else ADAPTER
    partial = output / f"{first}.partial"
    if trainer.is_world_process_zero():
        shutil.rmtree(partial, ignore_errors=True)  # of a run that was killed while it saved
    trainer.accelerator.wait_for_everyone()
    trainer.save_model(str(partial))  # by all processes: a sharded model is gathered
    trainer.accelerator.wait_for_everyone()
    if trainer.is_world_process_zero():
        trainer.state.save_to_json(str(output / STATE))
        os.replace(partial, output / first)
        if config.lora is not None and config.merge:
            merge(config, output / ADAPTER, output / MODEL)
    trainer.accelerator.wait_for_everyone()


def _merge_left(config: TrainConfig, output: Path) -> None:
    """Merge an adapter that an earlier run trained and did not come to merge.

    Raises:
        ConfigError: that is not asked for.
    """
    if not config.resume:
        raise ConfigError(
            f"output: {output / ADAPTER} exists, not yet merged; set resume to merge it, or choose another directory"
        )
    state = PartialState()
    if state.is_main_process:
        merge(config, output / ADAPTER, output / MODEL)
    state.wait_for_everyone()


def merge(config: TrainConfig, adapter: Path, target: Path) -> None:
    """Add an adapter to the checkpoint that it was trained on and save the whole model, on the CPU, in the checkpoint's dtype."""
    processor = AutoProcessor.from_pretrained(adapter)
    loader = AutoModelForImageTextToText if isinstance(processor, ProcessorMixin) else AutoModelForCausalLM
    trust = bool(config.trainer.get("trust_remote_code", False))
    base = loader.from_pretrained(config.model, revision=config.revision or "main", dtype="auto", trust_remote_code=trust)
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    PeftModel.from_pretrained(base, adapter).merge_and_unload().save_pretrained(partial)
    processor.save_pretrained(partial)
    os.replace(partial, target)
