"""What ``cmqa train`` is told: a YAML file, checked before anything heavy is loaded.

model: Qwen/Qwen2.5-VL-3B-Instruct
data: mixed/
output: runs/mixed
lora: {r: 16, lora_alpha: 32, target_modules: all-linear}
trainer: {learning_rate: 1e-4, per_device_train_batch_size: 2, num_train_epochs: 1}
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator

from cmqa_tasks.facts.records import FrozenRecord
from cmqa_tasks.writing.problems import first_problem, no_utf_8, one_line

OURS = {
    "output_dir": "output",
    "assistant_only_loss": "loss",
    "completion_only_loss": "loss",
    "resume_from_checkpoint": "resume",
    "chat_template_path": "chat_template",
}
"""Settings of the trainer that follow from one of ours."""
FIXED = {
    "max_length": "examples are never cut, for that would cut images; cmqa mix --max-tokens keeps them short",
    "packing": "cmqa mix joins instances; packing would join them blindly, and TRL does not pack images",
    "padding_free": "TRL pads vision data",
    "remove_unused_columns": "the collator reads messages and images",
    "dataset_kwargs": "examples are prepared batch by batch",
    "dataset_text_field": "data is conversational",
    "load_best_model_at_end": "transformers would silently keep the last weights of families that are saved under other names"
    " than they have in memory, LLaVA's among them; evaluate the checkpoints and take the best",
}
"""Settings of the trainer that cannot be chosen, and why."""


class ConfigError(ValueError):
    """A training configuration cannot be used; the message names the file, the field, its value and what is allowed."""


class TrainConfig(FrozenRecord):
    """A training run."""

    model: str = Field(min_length=1)
    """Hub id or directory of the checkpoint to start from."""
    revision: str | None = None
    """Of a hub checkpoint."""
    data: str = Field(min_length=1)
    """What ``cmqa mix`` wrote, or one file of it."""
    eval_data: str | None = None
    """The same, for evaluation."""
    output: str = Field(min_length=1)
    """Directory for the model, its checkpoints and its log."""
    loss: Literal["assistant", "all"] = "assistant"
    """Which tokens are learned: those of all assistant turns, or all."""
    chat_template: str | None = None
    """File of a jinja chat template to use, and to save, in place of the checkpoint's own."""
    freeze: tuple[str, ...] = ()
    """Parameters that are not trained: patterns of their names, such as ``*vision*``."""
    lora: dict[str, Any] | None = None
    """Arguments of PEFT's ``LoraConfig``; without it, the model itself is trained."""
    merge: bool = True
    """Whether the adapter is also merged into a whole model, as evaluation loads it."""
    resume: bool = False
    """Whether to go on from the last checkpoint in ``output``."""
    trainer: dict[str, Any] = Field(default_factory=dict)
    """Arguments of TRL's ``SFTConfig``, which include all ``TrainingArguments`` of transformers."""

    _file: Path | None = None

    @property
    def place(self) -> str:
        """What errors begin with: the file, if it was read from one."""
        return "" if self._file is None else f"{self._file}: "

    @field_validator("trainer")
    @classmethod
    def _are_the_trainers(cls, given: dict[str, Any]) -> dict[str, Any]:
        for name in given:
            if name in OURS:
                raise ValueError(f"{name} follows from {OURS[name]}; set that")
            if name in FIXED:
                raise ValueError(f"{name} cannot be set: {FIXED[name]}")
        return given


class _Loader(yaml.SafeLoader):
    """YAML 1.2's numbers: to YAML 1.1, and so to PyYAML, ``1e-4`` is a string."""


_FLOAT = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+")
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789"))


def load(path: Path) -> TrainConfig:
    """Read a configuration.

    Raises:
        ConfigError: no such file, no UTF-8, no YAML, or a field is missing, unknown or wrong.
    """
    try:
        given = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except FileNotFoundError:
        raise ConfigError(f"there is no {path}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}, {no_utf_8(error)}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: no YAML: {one_line(error)}") from error
    if not isinstance(given, dict):
        raise ConfigError(f"{path}: must be fields and values, not {given!r}")
    try:
        config = TrainConfig(**given)
    except ValidationError as error:
        raise ConfigError(f"{path}: {first_problem(error)}; fields are {', '.join(TrainConfig.model_fields)}") from error
    except TypeError as error:  # a key that is no string
        raise ConfigError(f"{path}: {error}") from error
    config._file = path
    return config
