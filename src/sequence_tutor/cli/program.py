"""All verbs, and how one is found, read and run."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Protocol

from sequence_tutor.cli import USAGE_ERROR
from sequence_tutor.cli.aims import AIMS
from sequence_tutor.cli.benchmark import Benchmark
from sequence_tutor.cli.card import Card
from sequence_tutor.cli.check import Check
from sequence_tutor.cli.checks import check_outputs, check_sizes
from sequence_tutor.cli.compare import Compare
from sequence_tutor.cli.evaluate import Evaluate
from sequence_tutor.cli.export import Export
from sequence_tutor.cli.frontier import FrontierVerb
from sequence_tutor.cli.help import completion, help_of
from sequence_tutor.cli.measure import Bench, Verify
from sequence_tutor.cli.parsing import read
from sequence_tutor.cli.pretrain import Pretrain
from sequence_tutor.cli.process import remarks, status_of, word_of
from sequence_tutor.cli.report import Report
from sequence_tutor.cli.results import Demo, Results
from sequence_tutor.cli.sample import Sample
from sequence_tutor.cli.score import ScoreVerb
from sequence_tutor.cli.studio import Studio
from sequence_tutor.cli.study import STUDY, StudyServe
from sequence_tutor.cli.terms import TERMS
from sequence_tutor.cli.tune import Tune
from sequence_tutor.cli.work import Work
from sequence_tutor.errors import UserError, printable, shown
from sequence_tutor.execution.memory import too_large


class Verb(Protocol):
    """The arguments of one verb; a dataclass whose docstring is its help."""

    def run(self) -> None:
        """Call the function of the same name and print the result."""


VERBS: dict[str, type[Verb]] = {
    "demo": Demo,
    "pretrain": Pretrain,
    "tune": Tune,
    "sample": Sample,
    "score": ScoreVerb,
    "evaluate": Evaluate,
    "compare": Compare,
    "frontier": FrontierVerb,
    "report": Report,
    "export": Export,
    "card": Card,
    "verify": Verify,
    "check": Check,
    "tables": Results,
    "benchmark": Benchmark,
    "bench": Bench,
    "work": Work,
    "studio": Studio,
}
GROUPS: dict[str, dict[str, type[Verb]]] = {
    "aims": dict(AIMS),
    "study": dict(STUDY),
    "terms": dict(TERMS),
}
"""Verbs of two words, such as `study make`."""
RESUMABLE = (
    Pretrain,
    Tune,
    Compare,
    FrontierVerb,
    Demo,
    Results,
    Benchmark,
    StudyServe,
    Studio,
    Work,
)

HELP = """\
usage: sequence-tutor VERB ...

Fine-tune a generator of sequences with rewards while it stays close to what it learned from data.

{verbs}

A first tour, with the shipped priors:
  sequence-tutor demo --out demo
  sequence-tutor tune melody --algorithm psi --out runs/psi
  sequence-tutor sample runs/psi -n 20 --key D --out melodies
  sequence-tutor evaluate tunes runs/psi

Each verb has its own help with an example, such as: sequence-tutor tune --help
Completion of verbs and options: eval "$(sequence-tutor --completion bash)", or zsh, or fish"""


def run(given: list[str]) -> int:
    """Run one verb; the exit status, see `cli.main`."""
    if given in ([], ["-h"], ["--help"]):
        print(help_text())
        return 0
    if given == ["--version"]:
        from importlib.metadata import version

        print(version("sequence-tutor"))
        return 0
    if given[:1] and given[0] in GROUPS and given[1:] in (["-h"], ["--help"]):
        print(_listed(given[0]))
        return 0
    try:
        if given[0] == "--completion":
            print(completion(" ".join(given[1:]), {**VERBS, **GROUPS}))
            return 0
        name, kind, arguments = find_verb(given)
    except UserError as error:
        return _complain(str(error))
    return _run(name, kind, arguments)


def find_verb(given: Sequence[str]) -> tuple[str, type[Verb], list[str]]:
    """The name of one or two words that arguments begin with, its verb, and the other arguments.

    Raises:
        UserError: there is no such verb.
    """
    from sequence_tutor.config.settings import nearest  # pydantic is slow, and help needs none

    known: Mapping[str, object] = {**VERBS, **GROUPS}
    if given[0] not in known:
        what = f"unknown verb {shown(given[0])}: {nearest(given[0], known)}"
        raise UserError(f"{what}; sequence-tutor --help lists them")
    first, *rest = given
    if first in VERBS:
        return first, VERBS[first], rest
    group = GROUPS[first]
    if not rest or rest[0] not in group:
        found = f"{shown(rest[0])}: {nearest(rest[0], group)}" if rest else "nothing else was given"
        raise UserError(f"after {first}, {found}; sequence-tutor {first} --help lists what may be")
    return f"{first} {rest[0]}", group[rest[0]], rest[1:]


def help_text() -> str:
    """What `sequence-tutor --help` prints."""
    return HELP.format(verbs="\n".join([_listed(), *map(_listed, GROUPS)]))


def _listed(group: str | None = None) -> str:
    """One line a verb: all of one word, or those of a group."""
    verbs = GROUPS[group] if group else VERBS
    names = [f"{group} {name}" if group else name for name in verbs]
    width = max(map(len, names))
    lines = ((kind.__doc__ or "").partition("\n")[0] for kind in verbs.values())
    return "\n".join(f"  {name:<{width}} {line}" for name, line in zip(names, lines, strict=True))


def _run(name: str, kind: type[Verb], arguments: list[str]) -> int:
    if {"-h", "--help"} & set(arguments):
        print(help_of(kind, name))
        return 0
    verb: Verb | None = None
    try:
        verb = read(kind, name, arguments)
        check_outputs(verb)
        check_sizes(verb)
        with remarks(quiet=getattr(getattr(verb, "shown", verb), "quiet", False)):
            verb.run()
    except UserError as error:
        return _complain(str(error))
    except BrokenPipeError:
        raise
    except OSError as error:
        path = error.filename2 or error.filename  # of a renaming, the new name
        return _complain(f"{path}: {error.strerror}" if path else str(error))
    except KeyboardInterrupt as interruption:
        hint = "; the same command continues" if isinstance(verb, RESUMABLE) else ""
        print(f"sequence-tutor: {word_of(interruption)}{hint}", file=sys.stderr)
        return status_of(interruption)
    except Exception as error:
        sentence = too_large(error)
        if sentence is None:
            raise
        return _complain(sentence)
    return 0


def _complain(sentence: str) -> int:
    print(f"sequence-tutor: {printable(sentence)}", file=sys.stderr)
    return USAGE_ERROR
