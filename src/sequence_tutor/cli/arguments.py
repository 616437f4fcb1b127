"""Arguments that several verbs share, and what is printed the same way by all."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from sequence_tutor.cli.parsing import option as option  # what every verb describes itself with
from sequence_tutor.errors import Remark, UserError, printable
from sequence_tutor.execution.memory import require_memory

MOST_THREADS = 1024

if TYPE_CHECKING:
    from sequence_tutor.drawing.table import Table


DomainName = Annotated[
    str, option("kind of sequence: melody, molecule, text, or toy (with exact truth)", "DOMAIN")
]
Preset = Annotated[
    str, option("shipped settings: default or, for the published ones, paper", "NAME")
]
Config = Annotated[
    Path | None, option("settings file: its values replace those of the preset", "FILE.toml")
]
Rules = Annotated[
    Path | None,
    option(
        "rules or terms of your own: functions of a batch of sequences", "FILE.py", short="--terms"
    ),
]
PriorName = Annotated[
    str | None,
    option(
        "prior to start from, or a program of your own; else the shipped one", "NAME|DIR|FILE.py"
    ),
]
Trust = Annotated[bool, option("run the code that a folder from elsewhere names; read it first")]
Moved = Annotated[
    Path | None,
    option("where a run's prior of Python or Hugging Face has moved", "PLACE", name="prior"),
]
Algorithm = Annotated[
    str | None,
    option("psi, g, q, rl-only; reinforce, reinforce-kl, actor-critic, ppo or dap", "NAME"),
]
Seed = Annotated[int, option("seed of every random choice", "N")]
Device = Annotated[
    Literal["auto", "cpu", "cuda"], option("where to compute; auto: on a GPU if there is one")
]
Threads = Annotated[
    Literal["auto"] | int, option("number of threads; auto: the fastest, measured", "auto|N")
]
Tensorboard = Annotated[bool, option("write the log for TensorBoard too")]
Column = Annotated[str | None, option("of tables of molecules: the column with the SMILES", "NAME")]
Standardised = Annotated[
    Literal["none", "fragment", "parent"] | None,
    option("of molecules: fragment, without counter-ions; parent, without charges too"),
]
Json = Annotated[Path | None, option("write the numbers to this file too", "FILE", name="json")]
Quiet = Annotated[bool, option("print no progress and no remarks")]


@Parameter(name="*", group="prior and reward")
@dataclass(frozen=True, kw_only=True)
class Tuning:
    """What a tuning begins with and is rewarded by."""

    prior: PriorName = None
    config: Config = None
    rules: Rules = None
    trust: Trust = False

    def remark_replaced(self, verb: str, *names: str) -> None:
        """Say what a user's file sets in vain, because the verb sets it in each of its runs.

        Args:
            verb: its name.
            names: of settings in the table tune.
        """
        from sequence_tutor.config.toml_files import read_toml

        table = read_toml(self.config).get("tune") if self.config else None
        given = [f"tune.{name}" for name in names if isinstance(table, dict) and name in table]
        if given:
            warnings.warn(
                f"{self.config}: {verb} itself sets {' and '.join(given)}; what the file says is "
                "not used",
                Remark,
                stacklevel=2,
            )


@Parameter(name="*", group="stored models")
@dataclass(frozen=True, kw_only=True)
class Stored:
    """What reading a run may need."""

    prior: Moved = None
    trust: Trust = False


@Parameter(name="*", group="computation")
@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where to compute."""

    device: Device = "auto"
    threads: Threads = "auto"

    def set_threads(self) -> str:
        """Compute with so many threads from now on; the device."""
        from sequence_tutor.threads import set_threads

        set_threads(thread_count(self.threads))
        return device_named(self.device)


@Parameter(name="*", group="output")
@dataclass(frozen=True, kw_only=True)
class Shown:
    """What is written and said beside the result itself."""

    json: Json = None
    quiet: Quiet = False

    def write(self, numbers: object) -> None:
        """Write what a verb found as JSON, if it was asked to."""
        write_numbers(self.json, numbers)

    def remark(self, text: str) -> None:
        """Say what a script does not want to read."""
        if not self.quiet:
            show(text)


def arguments_of(verb: Any, *without: str) -> dict[str, Any]:
    """The fields of a verb, those of its groups too, as its function takes them by name.

    Args:
        verb: a dataclass of arguments, or a group of them.
        without: names of fields that the function does not take as they are.
    """
    made = {"device": device_named, "threads": thread_count}
    given: dict[str, Any] = {}
    for name in (field.name for field in fields(verb)):
        value = getattr(verb, name)
        if is_dataclass(value):
            given |= arguments_of(value, *without)
        elif name not in (*without, "json"):
            given[name] = made[name](value) if name in made else value
    return given


def device_named(name: str) -> str:
    """The device to compute on.

    Raises:
        UserError: a GPU was asked for and there is none.
    """
    import torch

    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return "cpu"
    if not torch.cuda.is_available():
        raise UserError("--device cuda: no CUDA device was found, expected one; try --device cpu")
    return "cuda"


def thread_count(threads: str | int) -> int | None:
    """The number of threads, None for a measured one.

    Raises:
        UserError: fewer than one, or more than any machine has.
    """
    if isinstance(threads, str):
        return None
    if not 1 <= threads <= MOST_THREADS:
        raise UserError(
            f"--threads {threads}: expected auto or a number from 1 to {MOST_THREADS:,}"
        )
    return threads


def check_places(verb: object) -> None:
    """Find out, before hours of work, whether what a verb is to write can be written.

    Args:
        verb: its arguments; `json`, `markdown` and `html` are files, `out` is a folder unless the
            verb has `OUT_IS_FILE`.

    Raises:
        UserError: a place is taken, or not open to this user.
    """
    from sequence_tutor.storage.named_files import is_special

    printed = getattr(verb, "shown", None)
    for name in ("out", "json", "markdown", "html"):
        place: Path | None = getattr(verb, name, None) or getattr(printed, name, None)
        if place is None:
            continue
        is_file = name != "out" or getattr(verb, "OUT_IS_FILE", False)
        if is_file and is_special(place):
            if place.exists() and not os.access(place, os.W_OK):
                raise UserError(f"--{name} {place}: this user may not write there")
            continue
        if is_file and place.is_dir():
            raise UserError(f"--{name} {place}: a folder is there, expected a file")
        folder = Path(os.path.realpath(place)).parent if is_file else place
        nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        if not nearest.is_dir():
            raise UserError(f"--{name} {place}: {nearest} is a file, expected a folder")
        if not os.access(nearest, os.W_OK):
            raise UserError(f"--{name} {place}: nothing may be written in {nearest}")


def check_sizes(verb: object) -> None:
    """Refuse numbers of sequences or studies that cannot fit into memory, before any work.

    Args:
        verb: its arguments; each of those sequences takes at least a number of eight bytes.

    Raises:
        UserError: it names the option and what would fit.
    """
    for name in ("samples", "pool", "pairs", "studies", "seeds"):
        number = getattr(verb, name, None)
        if isinstance(number, int):
            require_memory(f"--{name}", number, 8)


def show(what: str | Table) -> None:
    """Print to standard output; a table keeps all of its columns, however narrow the terminal."""
    from rich.console import Console
    from rich.measure import Measurement

    console = Console(highlight=False, soft_wrap=False)
    if isinstance(what, str):
        lines = what.split("\n")
        console.print("\n".join(map(printable, lines)), soft_wrap=True, markup=False, emoji=False)
        return
    table = what.rich()
    needed = Measurement.get(console, console.options.update(max_width=10_000), table).maximum
    console.width = max(console.width, needed)
    console.print(table, soft_wrap=False)


def write_numbers(path: Path | None, numbers: object) -> None:
    """Write what a verb found as JSON, if it was asked to."""
    from sequence_tutor.storage.named_files import write_named_json

    if path is not None:
        write_named_json(path, numbers)
