"""Tokenizers of Hugging Face models: loaded from files alone, and kept with a run.

No code of a model's own is run, and nobody is asked whether it should be.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sequence_tutor.errors import UserError, extra

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TOKENIZER_FOLDER = "tokenizer"
"""Folder of a run with its tokenizer."""


def load_tokenizer(name: str) -> PreTrainedTokenizerBase:
    """The tokenizer of a model.

    Args:
        name: absolute path of its folder, or its name on the hub.

    Raises:
        UserError: the extra is not installed, or there is none.
    """
    with extra("hf", f"{name}: a Hugging Face model needs transformers"):
        from transformers import AutoTokenizer
    try:
        return AutoTokenizer.from_pretrained(name, trust_remote_code=False)
    except Exception as error:  # each kind of tokenizer complains of its files in its own way
        raise UserError(f"{name}: no tokenizer could be loaded ({first_line(error)})") from error


def save_tokenizer(folder: Path, tokenizer: PreTrainedTokenizerBase) -> dict[str, str]:
    """Write a tokenizer's files; their names and what SHA-256 each has."""
    if folder.is_dir():
        shutil.rmtree(folder)  # of a run that was killed as it began
    tokenizer.save_pretrained(folder)
    return _digests(folder)


def check_tokenizer(folder: Path, digests: object, record: Path) -> Path | None:
    """A run's own tokenizer, which must be as it was written.

    Args:
        folder: where it is.
        digests: what `save_tokenizer` said; None: of a version that kept no tokenizer.
        record: the file that has them.

    Returns:
        The folder; None: the run keeps none.

    Raises:
        UserError: a file is missing, or another than it was.
    """
    if digests is None:
        return None
    if not isinstance(digests, Mapping):
        raise UserError(f"{record}: tokenizer is {digests!r}, expected a table of files")
    found = _digests(folder) if folder.is_dir() else {}
    for name in sorted({**digests, **found}):
        if found.get(name) != digests.get(name):
            raise UserError(
                f"{folder / name}: not the tokenizer's file that {record} was written with; "
                "restore it from a copy"
            )
    return folder.absolute()


def prompt_tokens(tokenizer: PreTrainedTokenizerBase, prompt: str, end: int) -> list[int]:
    """The tokens of a left context, to be gone on from.

    Some tokenizers put an end of text behind whatever they read (`add_eos_token`). What a
    tokenizer puts before a text stays, what it puts behind it does not.

    Args:
        tokenizer: of the model.
        prompt: the left context; empty: none.
        end: the tokenizer's end of text, with which a text begins where it has no beginning.
    """
    begin = tokenizer.bos_token_id
    beginning = [end if begin is None else int(begin)]
    if not prompt:
        return beginning
    whole: list[int] = list(tokenizer(prompt)["input_ids"])
    bare: list[int] = list(tokenizer(prompt, add_special_tokens=False)["input_ids"])
    for start in range(len(whole) - len(bare) + 1):
        if whole[start : start + len(bare)] == bare:
            return whole[: start + len(bare)] or beginning
    return bare or beginning


def first_line(error: Exception) -> str:
    """Of what a library says of a file."""
    return str(error).strip().partition("\n")[0]


def _digests(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.iterdir()) if path.is_file())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
