"""`card`: what a tuned model is, what it was made from and how, in Markdown."""

from __future__ import annotations

from sequence_tutor.exporting.card import card_of
from sequence_tutor.storage.files import PathLike, named_path, optional_path, write_text


def card(run: PathLike, out: PathLike | None = None) -> str:
    """The model card of a finished run: data, command, reward, aims with prices, KL, settings.

    Args:
        run: its folder.
        out: a file to write it to as well.

    Raises:
        UserError: there is no finished run.
    """
    text, path = card_of(named_path(run)), optional_path(out)
    if path is not None:
        write_text(path, text)
    return text
