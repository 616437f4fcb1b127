"""`sequence-tutor tune`."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Annotated, Any

from sequence_tutor.cli.arguments import (
    Aims,
    Algorithm,
    Column,
    DomainName,
    LogTo,
    Machine,
    Preset,
    Shown,
    Standardised,
    Tensorboard,
    Tuning,
)
from sequence_tutor.cli.designing import WINDOW, read_window
from sequence_tutor.cli.given import aims_table, arguments_of, length_given, settings_given
from sequence_tutor.cli.parsing import option
from sequence_tutor.cli.printing import show

SHOWN = ("reward_per_sequence", "log_prior_per_token", "kl_to_prior_per_token")


@dataclass(frozen=True)
class Tune:
    """Tune a prior toward a reward while it stays close to what it learned.

    Melodies get thirteen aims unless you ask otherwise: values that rows of the table should have.
    The reward of molecules favours valid, drug-like ones that are easy to make, moderately
    lipophilic and free of large rings; lines of text have ready-made terms (tables
    reward.terms.NAME). After an interruption, even a kill, the same command continues and gives the
    same numbers. A prior in Python is tuned by g alone.

    State aims of your own with --aim, repeatable, with the rows that aims list names, or with
    --aims-from and tunes, molecules or lines of your own.

    Or weigh: a settings file gives constants and weights (table reward.weights), which replace the
    default weights unless the table reward has extends = "default"; --rules adds rules of your own.
    Whoever does so for melodies, or gives --c or --target-kl, and states no aim, gets the nine
    rules of music theory at the weights of the preset `weights`.

    With --scaffold every molecule begins with a part of yours; --near aims at molecules that
    resemble one of yours.

    Example: sequence-tutor tune melody --algorithm psi --c 4 --out runs/psi
             sequence-tutor tune melody --aim "last_note_is_tonic >= 90 %" --out runs/tonic
             sequence-tutor tune molecule --out runs/molecules
    """

    domain: DomainName
    _: KW_ONLY
    out: Annotated[Path, option("folder of the run", "RUN")]
    algorithm: Algorithm = None
    c: Annotated[
        float | None,
        option(
            "temperature, divides the reward: a small c favours the reward, a large one the prior"
        ),
    ] = None
    discount: Annotated[float | None, option("factor of later rewards (gamma), from 0 to 1")] = None
    aim: Aims = ()
    aims_from: Annotated[
        tuple[Path, ...],
        option(
            "make aims from these files, see aims from; --aim replaces the aim of its row",
            "PATH...",
        ),
    ] = ()
    rows: Annotated[tuple[str, ...], option("of --aims-from, only these rows", "ROW...")] = ()
    target_kl: Annotated[
        float | None, option("choose c so that the policy ends X nats a token from the prior", "X")
    ] = None
    budget: Annotated[
        int | None, option("number of sequences that may be scored to learn from", "N")
    ] = None
    steps: Annotated[int | None, option("updates of the network", "N")] = None
    length: Annotated[int | None, option("tokens in a sequence", "T")] = None
    range: Annotated[
        str | None, option("of melodies: lowest and highest pitch, or an instrument", "RANGE")
    ] = None
    scale: Annotated[
        str | None, option('of melodies: scale of all notes, such as "D dorian"', "SCALE")
    ] = None
    preset: Preset = "default"
    tuning: Tuning = Tuning()
    seeds: Annotated[Path | None, option("sequences that replay begins with", "FILE")] = None
    prime: Annotated[
        Path | None, option("every sequence begins with the first one of this file", "FILE")
    ] = None
    scaffold: Annotated[
        str | None,
        option('part that every molecule begins with: "[*]c1ccncc1"', "SMILES", group="molecules"),
    ] = None
    near: Annotated[
        str | None,
        option(
            "molecule that they are to resemble: the mean similarity gets an aim",
            "SMILES",
            group="molecules",
        ),
    ] = None
    similarity: Annotated[
        str | None,
        option(f"that aim; default {WINDOW}", "LOW..HIGH", group="molecules"),
    ] = None
    column: Column = None
    standardise: Standardised = None
    seed: Annotated[int | None, option("seed of every random choice", "N")] = None
    machine: Machine = Machine()
    tensorboard: Tensorboard = False
    log_to: LogTo = ()
    shown: Shown = Shown()

    def run(self) -> None:
        """Tune, then show the last evaluation."""
        from sequence_tutor.evaluation.prices import price_list
        from sequence_tutor.storage.run_log import read_log
        from sequence_tutor.tuner.logbook import LOG_FILE
        from sequence_tutor.tuner.settings import TuneSettings
        from sequence_tutor.verbs.tune import tune

        names = ("algorithm", "c", "discount", "target_kl", "budget", "steps", "seed")
        given = settings_given(self, TuneSettings, *names)
        own = ("aim", "aims_from", "rows", "near", "similarity")
        tune(
            overrides={"tune": given, **self._tables()},
            tell=self.shown.remark,
            aims=self._aims(),
            **arguments_of(self, *names, *own, "length", "range", "scale"),
        )
        last = read_log(self.out / LOG_FILE)[-1]
        self.shown.write(last)
        if self.target_kl is not None:
            show(f"c found: {last['c']:.4g}")
        for name in SHOWN:
            show(f"{name.replace('_', ' ')}: {last[name]:.4g}")
        show(f"distinct: {100 * last['distinct']:.4g} %")
        if "aims" in last:
            show(price_list(last["aims"], last["kl_to_prior_per_token"]).table())
        for name, value in last.get("reported", {}).items():
            show(f"{name.replace('_', ' ')}: {value:g}")
        self.shown.remark(f"The tuned model is in {self.out}.")

    def _tables(self) -> dict[str, Any]:
        """What --length, --range and --scale say, as tables of a settings file.

        Raises:
            UserError: one of them cannot be used; it names the option.
        """
        from sequence_tutor.errors import UserError

        given = length_given(self.length)
        music = {"range": self.range, "scale": self.scale}
        music = {name: text for name, text in music.items() if text is not None}
        if not music:
            return given
        if self.domain != "melody":
            raise UserError(f"--{next(iter(music))} is of melodies, not of {self.domain}")
        from sequence_tutor.melody.filling.moving import asked_scale
        from sequence_tutor.melody.filling.pitch_range import parse_range

        if self.range is not None:
            parse_range(self.range)
        if self.scale is not None:
            asked_scale(self.scale)
        return {**given, "music": music}

    def _own_aims(self) -> dict[str, Any] | None:
        """Those of --aim and --near.

        A similarity alone is cheapest to reach by writing fewer valid molecules, so that --near
        comes with an aim at the valid ones, unless there is another.
        """
        from sequence_tutor.errors import UserError

        own = aims_table(self.aim)
        if self.near is None:
            if self.similarity is not None:
                raise UserError("--similarity is to a molecule, expected --near SMILES beside it")
            return own
        if self.domain != "molecule":
            raise UserError(f"--near is of molecules, not of {self.domain}")
        low, high = read_window(self.similarity or WINDOW)
        near = {"valid": ">= 95 %", f"mean similarity to {self.near}": f"{low:g} .. {high:g}"}
        return {**near, **(own or {})}

    def _aims(self) -> dict[str, Any] | None:
        """The aims of the command line, those read off files shown with how far the prior is.

        Raises:
            UserError: files or rows that cannot be used.
        """
        from sequence_tutor.errors import UserError
        from sequence_tutor.evaluation.aimed import aims_table as distances
        from sequence_tutor.verbs.aims import aims_from

        own = self._own_aims()
        if not self.aims_from:
            if self.rows:
                raise UserError("--rows is of --aims-from, which is not given")
            return own
        read = aims_from(
            self.domain,
            self.aims_from,
            names=self.rows or None,
            preset=self.preset,
            length=self.length,
            quiet=self.shown.quiet,
            **arguments_of(self.tuning),
        )
        if not self.shown.quiet:
            show(distances(read.rows, f"{read.count:,} {read.what}"))
        return {**read.aims, **(own or {})}
