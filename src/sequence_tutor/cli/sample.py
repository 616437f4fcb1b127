"""`sequence-tutor sample`."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from sequence_tutor.cli.arguments import (
    Column,
    ExecutorName,
    Machine,
    Seed,
    Shards,
    Shown,
    StoredModels,
)
from sequence_tutor.cli.designing import Designing, design_samples
from sequence_tutor.cli.filling import Filling, fill_samples
from sequence_tutor.cli.given import arguments_of
from sequence_tutor.cli.parsing import option
from sequence_tutor.errors import UserError

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class Sample:
    """Write sequences of a tuned model or a prior as files to hear, read and see.

    Melodies are written as MIDI, WAV, ABC and MusicXML, as scores with the extra `score`, as a
    picture of the first 24, and as a list of tokens; molecules as a list and a table of SMILES,
    structures (SDF) and pictures; text as a file of lines. All sequences are distinct unless
    --repeats is given. With --prime they continue the first sequence of a file: a melody at the
    pitch of that file, a molecule from its last atom. A tuned run is not sampled beyond its own
    length.

    With --tutor a tuned run advises its own prior, or the prior that is named first, without any
    training: --strength 0 is the prior, 1 the tuned model, up to 2 goes further; --best-of keeps
    one of N by learned value; --smc resamples while it writes, toward the optimum at --c.

    With --from and --keep bars of your own tune stay, and the others are written anew; with
    --vary it is varied. --range and --scale hold for new notes, and --weights or --config say
    what else is wanted, without any training. The candidates are ranked by reward.

    With --scaffold molecules contain a part of yours, with new groups at each [*]; with --ends two
    parts are linked; with --near they resemble a molecule of yours. They are ranked by the reward
    of a run or of --weights or --config, or else by the likelihood that the prior gives them.

    Example: sequence-tutor sample runs/psi -n 20 --key D --tempo 100 --out melodies
             sequence-tutor sample tunes --from mine.mid --keep "1-2, 7-8" --best 8 --out filled
             sequence-tutor sample --tutor runs/psi --strength 1.5 --out melodies
             sequence-tutor sample molecule -n 1000 --out molecules
             sequence-tutor sample molecule --scaffold "[*]c1ccncc1" --best 20 -n 100 --out groups
             sequence-tutor sample runs/psi -n 10000000 --shards 1000 --out library
    """

    model: Annotated[
        str | None,
        option("folder of a run or a prior, or the name of a shipped prior", "RUN|PRIOR"),
    ] = None
    _: KW_ONLY
    out: Annotated[Path, option("folder to write to", "DIR")]
    count: Annotated[int, option("number of sequences", "N", short="-n")] = 20
    temperature: Annotated[
        float, option("below 1: likelier sequences; above 1: more varied ones")
    ] = 1.0
    prime: Annotated[Path | None, option("file whose first sequence is continued", "FILE")] = None
    column: Column = None
    length: Annotated[
        int | None, option("tokens in a sequence, those of the prime included", "T")
    ] = None
    key: Annotated[
        str | None,
        option(
            "key to sound in; a tonic alone, such as D, keeps the run's scale", group="melodies"
        ),
    ] = None
    transpose: Annotated[int | None, option("semitones to move by", "N", group="melodies")] = None
    tempo: Annotated[float | None, option("quarter notes a minute", group="melodies")] = None
    accompaniment: Annotated[
        bool, option("chords sound quietly in MIDI and WAV too", group="melodies")
    ] = False
    no_wav: Annotated[bool, option("write no sound", group="melodies")] = False
    tutor: Annotated[str | None, option("tuned run that advises a prior", "RUN", group="tutor")] = (
        None
    )
    strength: Annotated[float, option("weight of the advice, 0 to 2", group="tutor")] = 1.0
    best_of: Annotated[
        int, option("of every N sequences keep the one of largest value", "N", group="tutor")
    ] = 1
    smc: Annotated[bool, option("resample while writing, by reward and value", group="tutor")] = (
        False
    )
    c: Annotated[
        float | None,
        option(
            "temperature of --smc, and of what is kept and written; default: the run's, or 1",
            group="tutor",
        ),
    ] = None
    filling: Filling = Filling()
    designing: Designing = Designing()
    config: Annotated[Path | None, option("settings of files, table [output]", "FILE.toml")] = None
    stored: StoredModels = StoredModels()
    repeats: Annotated[
        bool, option("keep repeated sequences; log p, log pi and reward go into draws.jsonl")
    ] = False
    shards: Shards = None
    seed: Seed = 0
    executor: ExecutorName = None
    machine: Machine = Machine()
    shown: Shown = Shown()

    def run(self) -> None:
        """Sample and write."""
        if self.shards is not None:
            self._begin_shards(self.shards)
            return
        from sequence_tutor.config.presets import build
        from sequence_tutor.evaluation.loading import load_model
        from sequence_tutor.tuner.settings_tables import read_tables
        from sequence_tutor.verbs.sample import sample
        from sequence_tutor.workbench.tutored import Tutoring, with_prior

        designing = self.designing.is_asked
        filling = self.filling.is_asked and not designing
        tutoring = Tutoring(self.strength, self.best_of, self.smc, None if filling else self.c)
        if designing and (self.tutor is not None or tutoring != Tutoring()):
            raise UserError(
                "--tutor, --strength, --best-of, --smc and --c do not go with --scaffold, --ends "
                "and --near; name the run itself, whose policy then writes"
            )
        if filling and (self.tutor is not None or tutoring != Tutoring()):
            raise UserError(
                "--tutor, --strength, --best-of and --smc do not go with --keep and the other "
                "options of what is kept and written; name the run itself, whose values guide"
            )
        if self.tutor is None and tutoring != Tutoring():
            raise UserError(
                "--strength, --best-of, --smc and --c need a run that advises: say which with "
                "--tutor RUN"
            )
        named = self.tutor or self.model
        if named is None:
            raise UserError("RUN|PRIOR or --tutor RUN must be given")
        device = self.machine.set_threads()
        model = load_model(named, device, self.filling.rules, **arguments_of(self.stored))
        if self.tutor is not None and self.model is not None:
            model = with_prior(model, load_model(self.model, device, trust=self.stored.trust))
        read = read_tables(self.config)
        tables = read.output
        asked = {name: getattr(self, name) for name in ("key", "transpose", "tempo")}
        asked["wav"] = False if self.no_wav else None
        asked["accompaniment"] = self.accompaniment or None
        given = {name: value for name, value in asked.items() if value is not None}
        for name in given:
            if name not in model.domain.output_settings.model_fields:
                option_name = "--no-wav" if name == "wav" else f"--{name}"
                raise UserError(f"{option_name} is of melodies, not of {model.domain.name}")
            build(model.domain.output_settings, {name: given[name]}, f"--{name}")
        source = "sample" if self.config is None else f"{self.config}: output"
        primed = self.prime is not None or self.filling.source is not None
        settings = model.files({**tables, **given}, source, primed=primed)
        if designing:
            design_samples(self, model, settings)
            return
        if filling:
            fill_samples(self, model, settings)
            return
        samples = sample(
            model,
            self.count,
            self.out,
            temperature=self.temperature,
            prime=self.prime,
            column=self.column,
            length=self.length,
            seed=self.seed,
            settings=settings,
            tutoring=tutoring if self.tutor else None,
            repeats=self.repeats,
            executor=self.executor or read.execution.executor,
            quiet=self.shown.quiet,
        )
        draws = {} if samples.draws is None else {"draws": list(samples.draws)}
        self.shown.write({"model": model.name, "sequences": samples.to_lists(), **draws})
        kind = "sequences" if self.repeats else "distinct sequences"
        several = "sequence is" if len(samples) == 1 else f"{kind} are"
        self.shown.remark(f"{len(samples)} {several} in {self.out}.")

    def _begin_shards(self, shards: int) -> None:
        """Sample in shards, beside whoever else does, and show the sums."""
        from sequence_tutor.cli.work import show_summary
        from sequence_tutor.threads import set_threads
        from sequence_tutor.verbs.work import sample_shards

        if self.model is None:
            raise UserError("RUN|PRIOR must be given with --shards")
        usual = {field.name: field.default for field in fields(self)}
        kept = (
            "model",
            "out",
            "count",
            "temperature",
            "length",
            "seed",
            "shards",
            "executor",
            "shown",
            "machine",
        )
        given = {name: getattr(self, name) for name in usual.keys() - {*kept, "stored", "_"}}
        for group in (self.filling, self.designing):  # each of several options
            usual |= {field.name: field.default for field in fields(group)}
            given |= {field.name: getattr(group, field.name) for field in fields(group)}
        del given["filling"], given["designing"]
        for name in given:
            if given[name] != usual[name]:
                option_name = "from" if name == "source" else name.replace("_", "-")
                raise UserError(
                    f"--{option_name} does not go with --shards: a shard holds tokens, "
                    "likelihoods and rewards of plain samples"
                )
        set_threads(1)
        found = sample_shards(
            self.model,
            self.count,
            shards,
            self.out,
            temperature=self.temperature,
            length=self.length,
            seed=self.seed,
            trust=self.stored.trust,
            executor=self.executor,
            quiet=self.shown.quiet,
        )
        show_summary(found, self.out, quiet=self.shown.quiet)
