"""The record of a run: run.json, its settings and what they apply to.

Once training is over it holds the checksums of the policy, the prior and the log too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from pydantic import Field, TypeAdapter, ValidationError

from sequence_tutor.config.settings import Settings
from sequence_tutor.errors import UserError
from sequence_tutor.storage.trust import Code, programs_of, python_code
from sequence_tutor.tuner.idle_settings import ASKED
from sequence_tutor.tuner.settings import TuneSettings

RUN_FILE = "run.json"
FORMAT = 1

BEFORE: dict[str, dict[str, Any]] = {"limits": {"radicals": True}}
"""Tables of a reward, and what held in them before settings could say so: in the runs whose tables
lack these names."""


@dataclass(frozen=True)
class RunSpec:
    """What a run was asked to do.

    Attributes:
        domain: name of the domain.
        prior: name or folder it was given as.
        length: T.
        tune: settings of tuning.
        reward: settings of the reward, as plain JSON.
        rules: file with the user's own rules, or None.
        rules_digest: SHA-256 of that file.
        versions: of this package and what it stands on.
        threads: threads that torch computes with; part of what makes a resume exact.
        prefix: tokens that every sequence begins with.
        seeds: file whose sequences replay began with, or None.
        seeds_digest: SHA-256 of that file.
        output: settings of the domain's files, as plain JSON.
        folder: where the command was given, in which its programs are started; None: of a version
            that did not note it.
        checksums: of the files of a finished run: `policy`, `prior` and `log`.
        own_reward: of a reward that was an object in memory: its `kind`, its `terms` with their
            weights, and what it `paid` two sequences of the prior.
        only: the tokens that the policy may choose; empty: all.
    """

    domain: str
    prior: str
    length: Annotated[int, Field(ge=1)]
    tune: TuneSettings
    reward: dict[str, Any]
    rules: str | None
    rules_digest: str | None
    versions: dict[str, str]
    threads: Annotated[int, Field(ge=1)]
    prefix: list[Annotated[int, Field(ge=0)]] = field(default_factory=list)
    seeds: str | None = None
    seeds_digest: str | None = None
    output: dict[str, Any] = field(default_factory=dict)
    folder: str | None = None
    checksums: dict[str, str] = field(default_factory=dict)
    own_reward: dict[str, Any] | None = None
    only: list[Annotated[int, Field(ge=0)]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON, without what is not there and earlier versions do not know."""
        newer = ("own_reward", "only")
        own = {name: value for name, value in vars(self).items() if name not in newer or value}
        return {"format": FORMAT, **own, "tune": self.tune.model_dump(mode="json")}


def load_spec(folder: Path) -> RunSpec:
    """Read what a run was asked to do.

    Raises:
        UserError: missing, damaged, or of another version.
    """
    path = folder / RUN_FILE
    if not path.is_file():
        raise UserError(f"{folder}: no run of this program there, expected a file {RUN_FILE}")
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        if fields.pop("format") != FORMAT:
            raise ValueError(f"another format than {FORMAT}")
        for name, value in fields.items():
            _check_field(name, value)
        given = fields["reward"]
        before = {
            table: {**names, **given[table]} for table, names in BEFORE.items() if table in given
        }
        tune = TuneSettings.model_validate(fields["tune"], context={ASKED: ()})
        return RunSpec(**{**fields, "tune": tune, "reward": {**given, **before}})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise UserError(f"{path}: not a run of this version ({said})") from error


class OwnReward(Settings):
    """What a record says of a reward in memory."""

    kind: str
    terms: dict[str, float]
    paid: list[float]


@cache
def _kinds() -> dict[str, TypeAdapter[Any]]:
    """Field of run.json -> what checks its type."""
    hints = get_type_hints(RunSpec, include_extras=True)
    kinds = {**hints, "tune": dict[str, Any], "own_reward": OwnReward | None}
    return {name: TypeAdapter(kind) for name, kind in kinds.items()}


def _check_field(name: str, value: Any) -> None:
    """Refuse an unknown field, or a value of another type, with a ValueError."""
    kinds = _kinds()
    if name not in kinds:
        raise ValueError(f"unknown field {name!r}")
    try:
        kinds[name].validate_python(value, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, (name, *first["loc"])))
        raise ValueError(f"{place}: {first['msg']}") from error


def with_unsaid(begun: RunSpec, folder: Path, reward: dict[str, Any]) -> dict[str, Any]:
    """The settings of a reward, as they were in a run that goes on and could not say all of them.

    Args:
        begun: `load_spec` of the run.
        folder: of the run.
        reward: settings of now.
    """
    said = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))["reward"]
    unsaid = {
        table: {name: begun.reward[table][name] for name in names if name not in said[table]}
        for table, names in BEFORE.items()
        if table in said and table in reward
    }
    return {**reward, **{table: {**reward[table], **own} for table, own in unsaid.items()}}


def asked_of(name: str, spec: RunSpec) -> Any:
    """A field of a record without what changes no number, so that a run may go on with another."""
    value = getattr(spec, name)
    return _without_computing(value) if name == "reward" else value


def _without_computing(reward: dict[str, Any]) -> dict[str, Any]:
    left = {name: value for name, value in reward.items() if name != "store"}
    terms = left.get("terms")
    if isinstance(terms, dict):
        left["terms"] = {name: _without_processes(term) for name, term in terms.items()}
    return left


def _without_processes(term: Any) -> Any:  # JSON
    if not isinstance(term, dict) or term.get("kind") != "program":
        return term
    return {name: value for name, value in term.items() if name not in ("processes", "failures")}


def scores_folder(run: Path) -> Path:
    """Where a run keeps scores that cost much."""
    return run / "scores"


def is_run(folder: Path) -> bool:
    """Whether a folder holds a run."""
    return (folder / RUN_FILE).is_file()


def code_of(spec: RunSpec) -> list[Code]:
    """What a run's record names and its reward would run."""
    rules = [] if spec.rules is None else [Path(spec.rules)]
    files = [python_code("rules", path, path.read_bytes()) for path in rules if path.is_file()]
    return files + programs_of(placed_programs(spec))


def placed_programs(spec: RunSpec) -> dict[str, Any]:
    """The reward's tables, with its programs in the folder that they were first started in.

    Where that folder is missing, they are started in the current one, as another program.
    """
    folder = spec.folder
    return dict(_placed(spec.reward, folder)) if folder and Path(folder).is_dir() else spec.reward


def _placed(value: Any, folder: str) -> Any:  # JSON
    if isinstance(value, dict):
        inner = {name: _placed(one, folder) for name, one in value.items()}
        own = value.get("folder")
        if value.get("kind") == "program" and (own is None or isinstance(own, str)):
            inner["folder"] = str(Path(folder) / own) if own is not None else folder
        return inner
    return [_placed(one, folder) for one in value] if isinstance(value, list) else value
