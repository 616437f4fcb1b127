"""`score`: the reward's terms on given sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from sequence_tutor.config.presets import DEFAULT, build
from sequence_tutor.config.settings import Settings
from sequence_tutor.domain import Domain, find_domain
from sequence_tutor.domain.executed_terms import check_executor
from sequence_tutor.domain.step_scores import Scored
from sequence_tutor.errors import UserError, settings_of
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.progress import heading, progress
from sequence_tutor.reward.user_terms import rules_file
from sequence_tutor.reward.weighted import effective_weights
from sequence_tutor.storage.files import PathLike, listed_paths, optional_path
from sequence_tutor.storage.token_lines import json_lines_writer
from sequence_tutor.tuner.settings_tables import read_reward, read_tables

_JSON_SUFFIXES = (".jsonl", ".json")


class Scores(list[Scored]):
    """The scores of the first sequences of some files.

    Attributes:
        in_all: number of sequences, of those that are not kept too.
        valid: number of valid ones; None where the domain has no such notion.
        weights: the effective weights of the reward, in one line.
        damaged: a sentence for each file that could be read only in part.
        unread: number of lines or records that cannot be read, in files that can.
        remarks: sentences about the reading.
    """

    def __init__(self, domain: Domain, remarks: Sequence[str]) -> None:
        super().__init__()
        self.domain, self.remarks = domain, remarks
        self.in_all, self.weights = 0, ""
        self.valid: int | None = None
        self.damaged: list[str] = []
        self.unread, self._first_unread = 0, ""

    def take(self, scored: Scored) -> None:
        """Count one, kept or not."""
        self.in_all += 1
        if "valid" in scored:
            self.valid = (self.valid or 0) + bool(scored["valid"])
        if "damaged" in scored:
            self.damaged.append(f"{scored['damaged']}: {scored['problem']}")
        elif "problem" in scored:
            self._first_unread = self._first_unread or f"{scored['where']}: {scored['problem']}"
            self.unread += 1

    def check_read(self, files: Sequence[Path]) -> str:
        """A sentence on what cannot be read; "" if there is nothing such.

        Raises:
            UserError: nothing can be read.
        """
        if not self.in_all:
            raise nothing_in(files, self.domain)
        if self.in_all == self.unread + len(self.damaged):
            (first, *_) = [*self.damaged, self._first_unread]
            raise UserError(f"{first}; there is nothing else in {', '.join(map(str, files))}")
        if self.unread < 2:
            return self._first_unread
        return f"{self.unread:,} of {self.in_all:,} cannot be read, first {self._first_unread}"


def score(
    domain: str,
    files: PathLike | Sequence[PathLike],
    out: PathLike | None = None,
    *,
    rules: PathLike | None = None,
    config: PathLike | None = None,
    preset: str | None = None,
    run: PathLike | None = None,
    prior: PathLike | None = None,
    trust: bool = False,
    table: PathLike | None = None,
    column: str | None = None,
    standardise: str | None = None,
    executor: str | None = None,
    most_kept: int | None = None,
    quiet: bool = False,
) -> Scores:
    """Score the sequences of files by a run's reward, or by the one that `tune` would use.

    With neither file, preset nor run every rule of a melody has weight 1.

    Args:
        files: one or several: token lists (JSONL) or files of the domain, such as MIDI or SMILES.
        out: JSONL file, one line a sequence in the order read, written once all are scored.
        rules: Python file with rules of the user's own, scored beside the others.
        config: TOML file, whose table `reward` is used as `tune` uses it, and whose table `output`
            says how `table` is written.
        preset: of tuning, over which the file wins; None: the default one if there is a file.
        run: folder of a run, whose reward is used.
        prior: new location of the run's prior, if it has moved.
        trust: run the code that the run's records name, see `trust`.
        table: of molecules, a second file, by its name .csv, .sdf, .smi or .jsonl, with the names
            and columns of the files read.
        column: of tables of molecules, the one with the SMILES; None: the one whose name says so.
        standardise: how molecules are reduced: "fragment" removes counter-ions, "parent" charges
            too; None: not at all.
        executor: which scores, see `tune`; None: that of the settings file.
        most_kept: number of scores returned, the first ones; None: all.

    Returns:
        For each melody its tokens, the payment of every rule at each step, multiplied by its
        weight, and the total; for each molecule its SMILES, the raw value of every term, the score
        of those with a transform, and the weighted total.

    Raises:
        UserError: with the file, and the line or field, that cannot be used, or that nothing is in
            any file; no output is written then.
    """
    asked, settings, own, source = _judge(
        domain,
        rules_file(rules),
        optional_path(config),
        preset,
        optional_path(run),
        prior=optional_path(prior),
        trust=trust,
    )
    remarks: list[str] = []
    asked = asked.reading(column, standardise, remarks.append)
    tables = read_tables(optional_path(config))
    files_settings = build(asked.output_settings, tables.output, f"{config}: output")
    executor = executor or tables.execution.executor
    check_executor(asked, executor, own)
    executing = asked.executed_by(executor)
    found = Scores(asked, remarks)
    with settings_of(source), progress("sequences scored", None, quiet=quiet) as advance:
        found.weights = effective_weights(asked.reward(asked.computed_here(settings), own))
        with ExitStack() as stack:  # the files appear once all is there
            writers = [
                stack.enter_context(writer)
                for writer in _writers(
                    asked, files_settings, optional_path(out), optional_path(table)
                )
            ]
            for scored in executing.scores(listed_paths(files), settings, own):
                if most_kept is None or found.in_all < most_kept:
                    found.append(scored)
                if "read" in scored:
                    heading(scored["read"], quiet=quiet)
                found.take(scored)
                advance(1)
                for write in writers:
                    write(scored)
            if unread := found.check_read(listed_paths(files)):
                remarks.append(unread)
    return found


def nothing_in(files: Sequence[Path], domain: Domain) -> UserError:
    """What is said of files without a sequence: what was to write them has failed before."""
    listed = ", ".join(map(str, files))
    return UserError(f"{listed}: no {domain.sequences} to score, expected at least one")


def reward_asked(domain: str, preset: str | None, config: Path | None) -> tuple[Domain, Settings]:
    """A domain, and the settings of the reward that a preset and a file describe.

    Raises:
        UserError: they cannot be used.
    """
    found = find_domain(domain)
    if config is None and preset is None:
        return found, found.reward_settings()
    return found, read_reward(found, preset or DEFAULT, config)


def _writers(
    domain: Domain, settings: Settings, out: Path | None, table: Path | None
) -> Iterator[AbstractContextManager[Callable[[Scored], None]]]:
    """Writers of the output files: JSON lines, and the kind that the table's name says."""
    if out is not None:
        yield json_lines_writer(out)
    if table is not None:
        is_json = table.suffix.lower() in _JSON_SUFFIXES
        yield json_lines_writer(table) if is_json else domain.score_writer(table, settings)


def _judge(
    domain: str,
    rules: Path | None,
    config: Path | None,
    preset: str | None,
    run: Path | None,
    *,
    prior: Path | None,
    trust: bool,
) -> tuple[Domain, Settings, Path | None, str]:
    """The domain, the settings and rules of its reward, and their source."""
    if run is None:
        found, settings = reward_asked(domain, preset, config)
        is_asked = config is not None or preset is not None
        return (
            found,
            settings,
            rules,
            f"{config or f'preset {preset}'}: reward" if is_asked else "reward",
        )
    if config is not None or preset is not None:
        raise UserError(f"{run}: a run has a reward of its own; leave out --config and --preset")
    model = load_model(run, rules=rules, trust=trust, prior=prior)
    if model.tune is None or model.domain.name != domain:
        kind = "prior" if model.tune is None else "run"
        raise UserError(f"{run}: a {kind} of {model.domain.name!r}, expected a run of {domain!r}")
    return model.domain, model.reward_settings, model.allowed_rules(), f"{run}: reward"
