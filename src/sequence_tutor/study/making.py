"""Making a study from melodies of several models: pairs, sides, checks, sounds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from sequence_tutor.config.settings import Settings
from sequence_tutor.errors import UserError
from sequence_tutor.melody.writing.audio import synthesise, write_wav
from sequence_tutor.randomness import named_generator
from sequence_tutor.storage.files import is_empty
from sequence_tutor.storage.folder_lock import writing_in
from sequence_tutor.study.design import Pair, SoundClip, Study, Texts
from sequence_tutor.study.folder import PRIVATE_FOLDER, clip_path, save_study
from sequence_tutor.study.loudness import at_target

SAMPLE_RATE = 22050  # a second; half of a CD's, so that the page of `study export` stays small
NOISE = 0.25  # of full scale: broken beyond doubt, and kind to the ears
SLICE = 0.125  # seconds of a slice of the distorted clip

Tokens = Sequence[int]


class Design(Settings):
    """Size and sound of a study."""

    pairs: int = Field(8, ge=1, description="clip pairs of each two models")
    rounds: int = Field(2, ge=1, description="how many of them one listener hears")
    tempo: float = Field(120.0, ge=10, le=600, description="quarter notes a minute")
    seed: int = Field(0, ge=0, description="seed of order, sides and checks")
    texts: Texts = Texts()


def melodies_needed(models: int, pairs: int) -> int:
    """Melodies of each model: one for each pair it is in, and two for the checks."""
    return pairs * (models - 1) + 2


def make_folder(
    folder: Path,
    melodies: Mapping[str, Sequence[Tokens]],
    design: Design,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    transpose: Mapping[str, int] | None = None,
) -> Study:
    """Write a study into an empty folder, from `melodies_needed` melodies of each model.

    Each clip is in one pair only, so that an unusual melody affects one comparison. Sides are
    balanced: in half of the pairs of each two models either model is left. `progress` is called
    with the clips written and the total; `transpose` has the semitones by which to transpose the
    clips of a model.

    Raises:
        UserError: the folder is not empty, there are fewer than two models, or rounds exceed pairs.
    """
    if len(melodies) < 2:
        raise UserError(f"models are {list(melodies)}, expected at least two to compare")
    if design.rounds > design.pairs:
        raise UserError(f"rounds is {design.rounds}, expected at most {design.pairs}, the pairs")
    with writing_in(folder):
        if not is_empty(folder):
            raise UserError(f"{folder}: something is there already, expected an empty folder")
        folder.chmod(PRIVATE_FOLDER)
        study = _fill(folder, melodies, design, progress, transpose or {})
        save_study(folder, study)
    return study


def _fill(
    folder: Path,
    melodies: Mapping[str, Sequence[Tokens]],
    design: Design,
    progress: Callable[[int, int], None],
    transpose: Mapping[str, int],
) -> Study:
    generator = named_generator(design.seed, "study")
    clips = len(melodies) * (len(melodies) - 1) * design.pairs + 4
    writer = _ClipWriter(folder, design, generator, progress, clips, transpose)
    remaining = {model: iter(own) for model, own in melodies.items()}
    pairs = []
    for (first, a), (second, b) in combinations(enumerate(melodies), 2):
        # of an odd number, the last one goes left and right in turn
        flips = [place % 2 for place in range(design.pairs - 1)] + [(second - first) % 2]
        if design.pairs % 2 == 0:
            flips[-1] = 1
        for place in torch.randperm(design.pairs, generator=generator).tolist():
            left, right = (a, b) if flips[place] else (b, a)
            pairs.append(
                Pair(
                    left=writer.clip(left, next(remaining[left])),
                    right=writer.clip(right, next(remaining[right])),
                )
            )
    same, whole = (
        list(melodies)[int(torch.randint(len(melodies), (), generator=generator))] for _ in range(2)
    )
    twice, beside = next(remaining[same]), next(remaining[whole])
    identical = Pair(left=writer.clip(same, twice), right=writer.clip(same, twice))
    broken = Pair(left=writer.clip(whole, beside), right=writer.clip(None, beside, whole))
    return Study(
        models=tuple(melodies),
        clips=dict(sorted(writer.clips.items())),
        pairs=tuple(pairs),
        identical=identical,
        broken=broken,
        rounds=design.rounds,
        seed=design.seed,
        tempo=design.tempo,
        texts=design.texts,
    )


class _ClipWriter:
    """Writes melodies as sound files with random names and lists them."""

    def __init__(
        self,
        folder: Path,
        design: Design,
        generator: torch.Generator,
        progress: Callable[[int, int], None],
        total: int,
        transpose: Mapping[str, int],
    ) -> None:
        self.clips: dict[str, SoundClip] = {}
        self._folder, self._tempo, self._generator = folder, design.tempo, generator
        self._progress, self._total, self._transpose = progress, total, transpose

    def clip(self, model: str | None, tokens: Tokens, of: str | None = None) -> str:
        """Write one clip and return its name; without a model, a distorted melody `of` one."""
        up = self._transpose.get(model or of or "", 0)
        sound = synthesise(tokens, self._tempo, up, SAMPLE_RATE)
        if model is None:
            sound = broken(sound, self._generator)
        name = f"{int(torch.randint(2**40, (), generator=self._generator)):010x}"
        path = clip_path(self._folder, name)
        write_wav(path, at_target(sound, SAMPLE_RATE), SAMPLE_RATE)
        self.clips[name] = SoundClip(
            model=model,
            tokens=tuple(tokens),
            seconds=len(sound) / SAMPLE_RATE,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        self._progress(len(self.clips), self._total)
        return name


def broken(sound: NDArray[np.float32], generator: torch.Generator) -> NDArray[np.float32]:
    """A sound (samples,) whose slices are alternately noise and reversed."""
    noise = (2 * torch.rand(len(sound), generator=generator) - 1).numpy() * NOISE
    spoilt = sound.copy()
    size = round(SLICE * SAMPLE_RATE)
    for number, start in enumerate(range(0, len(sound), size)):
        part = slice(start, start + size)
        spoilt[part] = noise[part] if number % 2 == 0 else sound[part][::-1]
    return spoilt
