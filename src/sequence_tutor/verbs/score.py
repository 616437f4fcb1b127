"""`score`: what the reward's terms say of given sequences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sequence_tutor.config.presets import build
from sequence_tutor.domain import Domain, find_domain
from sequence_tutor.errors import settings_of
from sequence_tutor.files import PathLike, listed_paths, optional_path
from sequence_tutor.progress import progress
from sequence_tutor.step_scores import Scored
from sequence_tutor.token_lines import write_json_lines
from sequence_tutor.verbs.settings_tables import read_tables


@dataclass(frozen=True)
class Scores:
    """The scores of files.

    Attributes:
        domain: what the sequences are.
        first: of the first sequences, as many as were to be kept.
        count: sequences in all.
        valid: of these, those that are valid; None where the domain does not say it of each.
    """

    domain: Domain
    first: Sequence[Scored]
    count: int
    valid: int | None


def score(
    domain: str,
    files: PathLike | Sequence[PathLike],
    out: PathLike | None = None,
    *,
    rules: PathLike | None = None,
    config: PathLike | None = None,
    quiet: bool = False,
) -> list[Scored]:
    """Score the sequences of files: all rules with weight 1 unless a configuration says otherwise.

    Args:
        domain: such as "melody".
        files: one or several: token lists (JSONL) or files of the domain, such as MIDI or SMILES.
        out: JSONL file to write, one line a sequence in the order read; None: write nothing. It
            appears once everything is scored.
        rules: Python file with rules of the user's own, scored beside the others.
        config: TOML file; its table `reward` gives weights and constants.
        quiet: show no progress.

    Returns:
        For each sequence of a melody its tokens, every rule's unscaled reward and the weighted
        total; for each molecule its SMILES, the raw value of every term, the score of those with
        a transform, and the weighted total.

    Raises:
        UserError: with the file, and the line or field, that cannot be used.
    """
    found = score_files(
        domain,
        listed_paths(files),
        optional_path(out),
        rules=optional_path(rules),
        config=optional_path(config),
        quiet=quiet,
    )
    return list(found.first)


def score_files(
    domain: str,
    files: Sequence[Path],
    out: Path | None = None,
    *,
    rules: Path | None = None,
    config: Path | None = None,
    quiet: bool = False,
    most_kept: int | None = None,
) -> Scores:
    """The same in the memory of the first `most_kept`, however many there are; None keeps all."""
    room = find_domain(domain)
    source = f"{config}: reward"
    settings = build(room.reward_settings, read_tables(config).reward, source)
    first: list[Scored] = []
    count = valid = 0
    says_validity = False

    def watched() -> Iterator[Scored]:
        nonlocal count, valid, says_validity
        for scored in room.scores(files, settings, rules):
            if most_kept is None or count < most_kept:
                first.append(scored)
            count += 1
            says_validity = "valid" in scored
            valid += bool(scored.get("valid"))
            advance(1)
            yield scored

    with settings_of(source), progress("scoring", None, quiet=quiet) as advance:
        if out is not None:
            write_json_lines(out, watched())
        else:
            for _ in watched():
                pass
    return Scores(room, first, count, valid if says_validity else None)
