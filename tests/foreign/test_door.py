from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.foreign import door, one_line


def nested(depth: int) -> int:
    return nested(depth + 1)


def out_of_memory() -> None:
    raise MemoryError


def unusual() -> None:
    class UnheardOfError(Exception):
        pass

    raise UnheardOfError


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (lambda: int("x"), "cannot be read (invalid literal for int() with base 10: 'x')"),
        (lambda: int(float("inf")), "cannot be read (cannot convert float infinity to integer)"),
        (lambda: nested(0), "cannot be read (it is nested too deeply)"),
        (out_of_memory, "cannot be read (it needs more memory than there is)"),
        (unusual, "cannot be read (UnheardOfError)"),
        (Path("/nowhere/at/all").read_bytes, "cannot be read (No such file or directory)"),
    ],
)
def test_whatever_is_raised_is_one_sentence(act: Callable[[], object], reason: str) -> None:
    with pytest.raises(UserError) as caught, door("tune.abc"):
        act()
    assert str(caught.value) == f"tune.abc: {reason}"


def test_a_sentence_that_names_the_file_stays() -> None:
    with pytest.raises(UserError, match=r"^a\.smi line 3: no$"), door("a.smi"):
        raise UserError("a.smi line 3: no")
    with pytest.raises(UserError, match=r"^a\.smi: no note in it$"), door("a.smi"):
        raise UserError("no note in it")


def test_interruptions_and_the_ends_of_generators_pass() -> None:
    with pytest.raises(KeyboardInterrupt), door("a"):
        raise KeyboardInterrupt

    def numbers() -> Generator[int]:
        with door("a"):
            yield 1
            yield 2

    generator = numbers()
    assert next(generator) == 1
    generator.close()


def test_what_files_say_moves_no_cursor_and_fills_no_page() -> None:
    assert one_line("a\x1b[2Jb\n\tc") == "a\\x1b[2Jb c"
    assert len(one_line("9" * 10_000)) == 200
