"""What is asked of a Hugging Face model, and which model a name means.

A name is resolved once, here: a folder becomes an absolute path, relative to the settings file
where one names it; any other name is one of the hub, and never that of a folder that happens to
lie in the current directory.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from sequence_tutor.config.presets import build
from sequence_tutor.config.settings import Settings
from sequence_tutor.config.toml_files import read_toml
from sequence_tutor.errors import UserError

MARK = "hf:"
"""Before the name of a model on the hub."""


class HuggingFaceSettings(Settings):
    """A language model and what it is asked to go on from."""

    model: str = Field(description="folder, relative to the settings file, or name on the hub")
    prompt: str = Field("", description="left context of every sequence")
    longest: int = Field(40, ge=1, description="most tokens of a sequence, the end token aside")
    lora_rank: int = Field(
        0, ge=0, description="rank of LoRA in the tuned model; 0: all of its weights are tuned"
    )


def settings_of(name: str) -> HuggingFaceSettings | None:
    """What the name of a prior asks for; None: it means no Hugging Face model.

    Raises:
        UserError: a settings file that cannot be used, or a name that means two things.
    """
    if name.startswith(MARK):
        asked = HuggingFaceSettings(model=name.removeprefix(MARK))
        return asked.model_copy(update={"model": _of_hub(asked.model, name)})
    if name.endswith(".toml"):
        path = Path(name)
        asked = build(HuggingFaceSettings, read_toml(path), name)
        return asked.model_copy(update={"model": _beside(asked.model, path)})
    if (Path(name) / "config.json").is_file():
        return HuggingFaceSettings(model=str(Path(name).absolute()))
    return None


def hub_name(model: str) -> str | None:
    """The name that a resolved model has on the hub; None: it is a folder."""
    return None if Path(model).is_absolute() else model


def _beside(model: str, path: Path) -> str:
    """A model as a settings file names it."""
    if model.startswith(MARK):
        return _of_hub(model.removeprefix(MARK), f"{path}: model")
    folder = path.parent.absolute() / Path(model).expanduser()
    if folder.is_dir():
        return str(folder)
    if Path(model).is_absolute() or model.startswith((".", "~")) or model.count("/") > 1:
        raise UserError(f"{path}: model is {model!r}, but there is no folder {folder}")
    return _of_hub(model, f"{path}: model")


def _of_hub(model: str, source: str) -> str:
    """A name on the hub that is not that of a folder here, which would be read in its place."""
    if Path(model).is_absolute():
        return model
    if Path(model).exists():
        raise UserError(
            f"{source}: {model!r} is a name on the hub, but the current directory has a folder of "
            "that name, which would be read in its place; name the folder by its path, relative to "
            "the settings file, or go to another directory"
        )
    return model
