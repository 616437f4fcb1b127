"""Remarks of the library, printed as the command line prints everything else."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sequence_tutor.errors import Remark, printable


@contextmanager
def remarks(*, quiet: bool) -> Iterator[None]:
    """Print each remark once, without the place in the program that it comes from.

    Args:
        quiet: print none.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if quiet else "default", Remark)
        usual = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
            if issubclass(category, Remark):
                print(f"sequence-tutor: {printable(str(message))}", file=sys.stderr)
            else:
                usual(message, category, *rest, **more)

        warnings.showwarning = show
        yield
