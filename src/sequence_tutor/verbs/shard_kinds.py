"""What a shard may be: sequences of a model, or scores of a part of a file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from sequence_tutor.config.presets import build
from sequence_tutor.config.settings import Settings
from sequence_tutor.domain import Domain, find_domain
from sequence_tutor.domain.fingerprints import sequence_hashes
from sequence_tutor.domain.step_scores import Scored
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import Model
from sequence_tutor.evaluation.yardstick import scored_here
from sequence_tutor.prior.finding import shipped_priors
from sequence_tutor.prior.store import ELSEWHERE_FILE, PRIOR_FILE, holds_prior
from sequence_tutor.randomness import named_generator
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.files import file_digest
from sequence_tutor.storage.row_files import Kind, write_rows
from sequence_tutor.storage.trust import Code, allow, programs_of, python_code
from sequence_tutor.tuner.run_record import RUN_FILE, is_run
from sequence_tutor.verbs.draws import draw_rows
from sequence_tutor.workbench.distinct_count import mixed_hashes
from sequence_tutor.workbench.tutored import rollout_source

SAMPLE, SCORE = "sample", "score"
HASH = "hash"
"""The column of 64-bit hashes by which different sequences are counted."""
TOTALS = {SAMPLE: "reward", SCORE: "total"}
"""By the kind of work the column with the weighted sum of the reward."""


@runtime_checkable
class ScoresParts(Protocol):
    """A domain that can score a part of its files."""

    def scores_of_part(
        self, paths: Sequence[Path], settings: Settings, rules: Path | None, part: int, parts: int
    ) -> Generator[tuple[int, Scored], None, None]:
        """Of each `parts` lines of a file one, with its place in that file from 0."""


Compute = Callable[[int, Path], None]
"""Writes the shard of a number to a path."""


def sample_work(
    model: Model, name: str, count: int, *, temperature: float, length: int, seed: int
) -> dict[str, Any]:
    """A description of sampling; JSON."""
    return {
        "kind": SAMPLE,
        "model": str(Path(name).absolute()) if _is_place(name) else name,
        "digest": _digest(_file_of(Path(name))),
        "domain": model.domain.name,
        "count": count,
        "temperature": temperature,
        "length": length,
        "seed": seed,
    }


def score_work(
    domain: str,
    files: Sequence[Path],
    reward: Mapping[str, Any],
    rules: Path | None,
    *,
    column: str | None,
    standardise: str | None,
) -> dict[str, Any]:
    """A description of scoring; JSON."""
    return {
        "kind": SCORE,
        "domain": domain,
        "files": [[str(path.absolute()), _digest(path)] for path in files],
        "reward": reward,
        "rules": None if rules is None else [str(rules.absolute()), _digest(rules)],
        "column": column,
        "standardise": standardise,
    }


def code_of(what: Mapping[str, Any]) -> list[Code]:
    """The code that a description names; a model's own code is looked at where it is loaded."""
    if what["kind"] != SCORE:
        return []
    rules = [Path(what["rules"][0])] if what["rules"] else []
    files = [python_code("rules", path, path.read_bytes()) for path in rules if path.is_file()]
    return files + programs_of(what["reward"])


def computing(what: Mapping[str, Any], source: Path, *, trust: bool) -> Compute:
    """The function that computes the shards of some work.

    Args:
        what: the description.
        source: the folder that holds it.
        trust: run the code that it names, see `storage.trust`.

    Raises:
        UserError: a model or a file has changed, or is not there.
    """
    allow(code_of(what), source, trust=trust)
    return _sampling(what, trust=trust) if what["kind"] == SAMPLE else _scoring(what)


def _sampling(what: Mapping[str, Any], *, trust: bool) -> Compute:
    _check(_file_of(Path(what["model"])), what["digest"])
    model = load_model(what["model"], trust=trust)
    prefix, length = model.prefix, int(what["length"])
    source = rollout_source(model, model.policy, length, prefix, float(what["temperature"]))
    reward = scored_here(model).reward
    count, shards = int(what["count"]), int(what["shards"])
    columns: dict[str, Kind] = {"tokens": "tokens", "text": "text", HASH: "integer"}
    columns |= {"log_prior": "number", "log_policy": "number", "reward": "number"}
    columns["terms"] = reward.names

    def compute(number: int, path: Path) -> None:
        begin, end = count * number // shards, count * (number + 1) // shards
        generator = named_generator(int(what["seed"]), f"shard {number}", model.device)
        rows: list[dict[str, Any]] = []
        while len(rows) < end - begin:
            drawn = source(generator)
            batch = drawn[slice(0, end - begin - len(rows))]
            rows += [
                {**row, "text": text, HASH: hashed}
                for row, text, hashed in zip(
                    draw_rows(model, batch, len(prefix), reward),
                    _texts(model.framed_domain, batch),
                    _signed(sequence_hashes(batch).cpu().numpy()),
                    strict=True,
                )
            ]
        write_rows(path, columns, rows)

    return compute


def _scoring(what: Mapping[str, Any]) -> Compute:
    files = [Path(name) for name, _ in what["files"]]
    for path, digest in what["files"]:
        _check(Path(path), digest)
    rules = None
    if what["rules"]:
        rules = Path(what["rules"][0])
        _check(rules, what["rules"][1])
    domain = find_domain(what["domain"])
    domain = domain.reading(what["column"], what["standardise"], lambda _: None)
    if not isinstance(domain, ScoresParts):
        raise UserError(f"{domain.name}: not scored in shards, expected molecule")
    given = build(domain.reward_settings, what["reward"], "reward")
    settings, shards = domain.computed_here(given), int(what["shards"])

    def compute(number: int, path: Path) -> None:
        rows = [
            {
                "place": place,
                **{name: scored.get(name) for name in ("smiles", "canonical", "name")},
                **{name: scored[name] for name in ("valid", "total", "terms", "scores")},
                HASH: _hash_of(scored["canonical"]),
            }
            for place, scored in domain.scores_of_part(files, settings, rules, number, shards)
        ]
        first = rows[0] if rows else {"terms": {}, "scores": {}}
        columns: dict[str, Kind] = {"place": "integer", "smiles": "text", "canonical": "text"}
        columns |= {"name": "text", "valid": "flag", "total": "number"}
        columns |= {"terms": tuple(first["terms"]), "scores": tuple(first["scores"])}
        write_rows(path, {**columns, HASH: "integer"}, rows)

    return compute


def _is_place(name: str) -> bool:
    """Whether a model is named by its folder or file, which a process elsewhere must find too."""
    place = Path(name)
    return is_run(place) or holds_prior(place) or (place.exists() and name not in shipped_priors())


def _file_of(model: Path) -> Path:
    """The file that changes with a model: the record of a run has the checksums of its weights."""
    names = RUN_FILE, PRIOR_FILE, ELSEWHERE_FILE
    there = [model / name for name in names if (model / name).is_file()]
    return there[0] if there else model / RUN_FILE


def _texts(domain: Domain, batch: SequenceBatch) -> Sequence[str | None]:
    """The sequences as text, where the domain's functions get them so."""
    shown = domain.shown_to_functions(batch)
    if isinstance(shown, list) and all(isinstance(one, str) for one in shown):
        return shown
    return [None] * len(batch)


def _signed(hashes: np.ndarray[Any, np.dtype[np.int64]]) -> list[int]:
    return [int(one) for one in mixed_hashes(hashes).astype(np.int64)]


def _hash_of(text: str | None) -> int | None:
    if text is None:
        return None
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def _digest(path: Path) -> str | None:
    return file_digest(path) if path.is_file() else None


def _check(path: Path, digest: str | None) -> None:
    if digest is not None and _digest(path) != digest:
        raise UserError(f"{path}: not there, or changed since the work was begun")
