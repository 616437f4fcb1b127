"""`sequence-tutor sample`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional

from sequence_tutor.cli.arguments import (
    Device,
    Json,
    Quiet,
    Seed,
    Threads,
    device_named,
    option,
    show,
    thread_count,
    write_numbers,
)


@dataclass(frozen=True)
class Sample:
    """Write sequences of a tuned model or a prior as files to hear, read and see.

    Melodies become MIDI, WAV and ABC, a picture of the first 24, and a list of their tokens.
    Molecules become a list and a table of SMILES, structures (SDF), pictures of the best and of
    some. All of them are distinct. With --prime they go on from the first one of a file: a melody
    is heard as it stands there if --key names its key, a molecule grows from its last atom.

    Example: sequence-tutor sample runs/psi -n 20 --key D --tempo 100 --out melodies
    Example: sequence-tutor sample molecule -n 1000 --out molecules
    """

    model: Annotated[Positional[str], option("folder, or shipped prior", "RUN|PRIOR")]
    out: Annotated[Path, option("folder to write to", "DIR")]
    count: Annotated[int, option("how many", "N", short="-n")] = 20
    temperature: Annotated[float, option("below 1: the likely; above 1: the daring")] = 1.0
    prime: Annotated[Path | None, option("sequence to go on from", "FILE")] = None
    length: Annotated[int | None, option("tokens, the prime included", "T")] = None
    key: Annotated[str | None, option("of melodies: D, Bb, F#m; C (or Am) by default")] = None
    tempo: Annotated[float | None, option("of melodies: quarter notes a minute")] = None
    no_wav: Annotated[bool, option("of melodies: write no sound")] = False
    seed: Seed = 0
    device: Device = "auto"
    threads: Threads = "auto"
    json: Json = None
    quiet: Quiet = False

    def run(self) -> None:
        """Sample and write."""
        from sequence_tutor.config.presets import build
        from sequence_tutor.evaluation.model import load_model
        from sequence_tutor.threads import set_threads
        from sequence_tutor.verbs.sample import sample

        set_threads(thread_count(self.threads))
        model = load_model(self.model, device_named(self.device))
        asked = {"key": self.key, "tempo": self.tempo, "wav": False if self.no_wav else None}
        given = {name: value for name, value in asked.items() if value is not None}
        batch = sample(
            model,
            self.count,
            self.out,
            temperature=self.temperature,
            prime=self.prime,
            length=self.length,
            seed=self.seed,
            settings=build(model.domain.output_settings, given, "sample"),
            quiet=self.quiet,
        )
        write_numbers(self.json, {"model": model.name, "sequences": batch.to_lists()})
        if not self.quiet:
            show(f"{len(batch)} distinct sequences are in {self.out}.")
