"""A user's Python file, run so that what goes wrong in it is told in one sentence."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType

from sequence_tutor.errors import UserError


def run_user_file(path: Path, what: str, source: bytes | None = None) -> ModuleType:
    """Run a user's Python file.

    Args:
        path: the file.
        what: is expected in it, for the errors' sentences.
        source: its content, where it was read before; None: it is read here.

    Raises:
        UserError: it is missing, is no Python file, or fails.
    """
    if not path.is_file():
        raise UserError(f"{path} is not there, expected a Python file of {what}")
    name = f"_user_file_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path.absolute())
    if path.suffix != ".py" or spec is None or spec.loader is None:
        raise UserError(f"{path} is no Python file, expected a name that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickling in the user's file look it up
    source = path.read_bytes() if source is None else source
    try:
        # the text itself: a .pyc beside it may hold something else than what was looked at
        exec(compile(source, path.absolute(), "exec", dont_inherit=True), vars(module))
    except (Exception, SystemExit) as error:
        raise UserError(f"{path} cannot be run{what_happened(error, path)}") from error
    return module


def what_happened(error: BaseException, path: Path) -> str:
    """The end of a sentence: what was raised, and the line of the user's file it came through."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename) == path.absolute()
    ]
    where = f" at line {lines[-1]}" if lines else ""
    return f"{where}: {type(error).__name__}: {error}"
