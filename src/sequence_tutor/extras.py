"""What is installed only where it is asked for, as `pip install 'sequence-tutor[NAME]'`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from sequence_tutor.errors import UserError


@contextmanager
def extra(name: str, need: str) -> Iterator[None]:
    """Whatever is imported inside belongs to an extra.

    Args:
        name: of the extra.
        need: who needs what, such as "Parquet needs pyarrow".

    Raises:
        UserError: it cannot be imported; says how to install it.
    """
    try:
        yield
    except ImportError as error:
        raise UserError(
            f"{need}, which cannot be imported ({error}): pip install 'sequence-tutor[{name}]'"
        ) from error


def require(name: str, need: str, *modules: str) -> None:
    """Check that an extra is there, before anything is begun that needs it.

    Args:
        name: of the extra.
        need: as for `extra`.
        modules: that it brings.

    Raises:
        UserError: one of them cannot be imported.
    """
    with extra(name, need):
        for module in modules:
            import_module(module)
