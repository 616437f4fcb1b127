"""The command line: one file a verb, which parses, calls and prints."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stderr
from importlib.metadata import version
from io import StringIO
from typing import Protocol

import tyro

from sequence_tutor.cli.arguments import check_places
from sequence_tutor.cli.bench import Bench
from sequence_tutor.cli.demo import Demo
from sequence_tutor.cli.evaluate import Evaluate
from sequence_tutor.cli.mistakes import first_mistake
from sequence_tutor.cli.pretrain import Pretrain
from sequence_tutor.cli.sample import Sample
from sequence_tutor.cli.score import Score
from sequence_tutor.cli.tables import Tables
from sequence_tutor.cli.tune import Tune
from sequence_tutor.cli.verify import Verify
from sequence_tutor.config.settings import nearest
from sequence_tutor.errors import UserError


class Verb(Protocol):
    """The arguments of one verb; a dataclass whose docstring is its help."""

    def run(self) -> None:
        """Call the function of the same name and print what it found."""


VERBS: dict[str, type[Verb]] = {
    "demo": Demo,
    "pretrain": Pretrain,
    "tune": Tune,
    "sample": Sample,
    "score": Score,
    "evaluate": Evaluate,
    "verify": Verify,
    "tables": Tables,
    "bench": Bench,
}
RESUMABLE = (Pretrain, Tune, Demo, Tables)

HELP = """\
usage: sequence-tutor VERB ...

Fine-tune a generator of sequences with rewards while it stays close to what it learned from data.

{verbs}

A first tour, with the prior that comes along:
  sequence-tutor demo --out demo
  sequence-tutor tune melody --algorithm psi --out runs/psi
  sequence-tutor sample runs/psi -n 20 --key D --out melodies
  sequence-tutor evaluate melody runs/psi

Each verb has help of its own, with an example: sequence-tutor tune --help"""

USAGE_ERROR = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    Args:
        arguments: as after the program's name; None: the process's own.

    Returns:
        The exit status: 0; 2 after one sentence about what the user gave; 130 if interrupted.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given in (["-h"], ["--help"]):
        print(help_text())
        return 0
    if given == ["--version"]:
        print(version("sequence-tutor"))
        return 0
    if not given or given[0] not in VERBS:
        what = f"unknown verb {given[0]!r}: {nearest(given[0], VERBS)}" if given else "no verb"
        return _complain(f"{what}; sequence-tutor --help lists them")
    return _run(given[0], given[1:])


def help_text() -> str:
    """What `sequence-tutor --help` prints."""
    lines = ((name, (kind.__doc__ or "").partition("\n")[0]) for name, kind in VERBS.items())
    return HELP.format(verbs="\n".join(f"  {name:<9} {line}" for name, line in lines))


def _run(name: str, arguments: list[str]) -> int:
    try:
        with redirect_stderr(StringIO()):  # tyro's boxes
            verb = tyro.cli(
                VERBS[name],
                prog=f"sequence-tutor {name}",
                args=arguments,
                config=(tyro.conf.FlagCreatePairsOff, tyro.conf.DisallowNone),
            )
    except SystemExit as stop:
        if not stop.code:  # help was asked for
            return 0
        mistake = first_mistake(VERBS[name], arguments)
        return _complain(f"{mistake}; sequence-tutor {name} --help says more")
    try:
        check_places(verb)
        verb.run()
    except UserError as error:
        return _complain(str(error))
    except OSError as error:
        place = error.filename2 or error.filename  # of a renaming, the name it was to have
        return _complain(f"{place}: {error.strerror}" if place else str(error))
    except KeyboardInterrupt:
        hint = "; the same command continues" if isinstance(verb, RESUMABLE) else ""
        print(f"sequence-tutor: interrupted{hint}", file=sys.stderr)
        return INTERRUPTED
    return 0


def _complain(sentence: str) -> int:
    print(f"sequence-tutor: {sentence}", file=sys.stderr)
    return USAGE_ERROR
