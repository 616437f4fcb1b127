"""Options that several verbs share."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from sequence_tutor.cli.parsing import option
from sequence_tutor.cli.printing import show
from sequence_tutor.errors import Remark, UserError

MOST_THREADS = 1024

DomainName = Annotated[
    str, option("kind of sequence: melody, molecule, text, or toy (with exact truth)", "DOMAIN")
]
Preset = Annotated[
    str, option("shipped settings: default, paper (the published ones) or others", "NAME")
]
Config = Annotated[
    Path | None, option("settings file: its values replace those of the preset", "FILE.toml")
]
Rules = Annotated[
    Path | None,
    option(
        "rules or terms of your own: a file of functions, or the name of installed ones",
        "FILE.py|NAME",
        short="--terms",
    ),
]
PriorName = Annotated[
    str | None,
    option(
        "prior to start from: a name, a folder or Python code; default: that of the preset, else "
        "the one named like the domain",
        "NAME|DIR|FILE.py",
    ),
]
Trust = Annotated[
    bool, option("allow the code that a run or prior names to be executed; read it first")
]
Moved = Annotated[
    Path | None,
    option("where a run's prior of Python or Hugging Face has moved", "PLACE", name="prior"),
]
Algorithm = Annotated[
    str | None,
    option("psi, g, q, rl-only, or another of docs/algorithms.md, such as ppo or raml", "NAME"),
]
Aims = Annotated[
    tuple[str, ...],
    option(
        'value that a row of the table should have: "starts_with_tonic >= 90 %"; repeatable; '
        '"default" adds them to the preset\'s aims, in whose place they are otherwise',
        "AIM...",
    ),
]
Seed = Annotated[int, option("seed of every random choice", "N")]
Device = Annotated[
    Literal["auto", "cpu", "cuda"], option("where to compute; auto: on a GPU if there is one")
]
Threads = Annotated[
    Literal["auto"] | int, option("number of threads; auto: the fastest, measured", "auto|N")
]
ExecutorName = Annotated[
    str | None,
    option(
        "where molecules, or the rules of a file, are scored: serial (in this process), local (in "
        "processes of this machine), ray or ray://HOST:PORT (on a Ray cluster), or the name of an "
        "installed package",
        "NAME",
    ),
]
Shards = Annotated[
    int | None,
    option("divide the work into so many files in the folder --out; `work` joins in", "K"),
]
LogTo = Annotated[
    tuple[str, ...],
    option(
        "copy the log to these: tensorboard, trackio, wandb, mlflow or installed ones", "NAME..."
    ),
]
Tensorboard = Annotated[bool, option("write the log for TensorBoard too")]
Column = Annotated[
    str | None, option("of tables: the column with the SMILES", "NAME", group="molecules")
]
Standardised = Annotated[
    Literal["none", "fragment", "parent"] | None,
    option("fragment: without counter-ions; parent: without charges too", group="molecules"),
]
Json = Annotated[Path | None, option("write the numbers to this file too", "FILE", name="json")]
Host = Annotated[str, option("address to listen at; 0.0.0.0: all of this machine's")]
Port = Annotated[int, option("port; 0: any free one", "N")]
HostNames = Annotated[
    tuple[str, ...], option("host names of the page behind another web server", "NAME...")
]
Quiet = Annotated[bool, option("print no progress and no remarks")]


@Parameter(name="*", group="prior and reward")
@dataclass(frozen=True, kw_only=True)
class Tuning:
    """The prior and the reward of a tuning."""

    prior: PriorName = None
    config: Config = None
    rules: Rules = None
    executor: ExecutorName = None
    trust: Trust = False

    def remark_replaced(self, verb: str, *names: str) -> None:
        """Warn of settings of the table `tune` that the file gives and the verb replaces."""
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
class StoredModels:
    """What opening a stored run may need."""

    prior: Moved = None
    trust: Trust = False


@Parameter(name="*", group="computation")
@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where to compute."""

    device: Device = "auto"
    threads: Threads = "auto"

    def set_threads(self) -> str:
        """Set the number of threads of torch; the device to compute on."""
        from sequence_tutor.threads import set_threads

        set_threads(thread_count(self.threads))
        return device_named(self.device)


@Parameter(name="*", group="output")
@dataclass(frozen=True, kw_only=True)
class Shown:
    """What is printed and written beside the result."""

    json: Json = None
    quiet: Quiet = False

    def write(self, numbers: object) -> None:
        """Write the numbers of a result as JSON, if `--json` was given."""
        from sequence_tutor.storage.named_files import write_named_json

        if self.json is not None:
            write_named_json(self.json, numbers)

    def remark(self, text: str) -> None:
        """Print a line unless `--quiet` was given."""
        if not self.quiet:
            show(text)


def device_named(name: str) -> str:
    """The device to compute on.

    Raises:
        UserError: there is no GPU, and one was asked for.
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
