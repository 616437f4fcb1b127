"""A melody as sound: a small additive synthesiser and a WAV writer.

Each note is a sum of sine partials that start at phase 0 and decay, the higher ones faster, as on
a plucked or struck string. A raised-cosine attack and release avoid clicks; the release overlaps
the next note.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sequence_tutor.errors import UserError
from sequence_tutor.melody.encoding import STEPS_PER_QUARTER, Note, decode
from sequence_tutor.storage.files import replacing

PEAK = 0.8  # of full scale: about -2 dB, so that a player's resampling does not clip
PARTIALS = 10
BRIGHTNESS = 1.6  # partial k starts at amplitude k ** -BRIGHTNESS
DECAY = 1.1  # a second, the fundamental of middle C; partial k decays (1 + k) / 2 times as fast
ATTACK = 0.012  # seconds
BACKING = 0.15  # amplitude of a note of the accompaniment beside one of the melody
RELEASE = 0.060  # seconds after a note's end


def synthesise(
    tokens: Sequence[int],
    tempo: float = 120,
    transpose: int = 0,
    sample_rate: int = 44100,
    *,
    backing: Sequence[Note] = (),
) -> NDArray[np.float32]:
    """The sound of one melody.

    Args:
        tokens: the melody, one token a sixteenth.
        tempo: quarter notes a minute.
        transpose: semitones added to every pitch.
        sample_rate: samples a second.
        backing: notes at their own pitch that sound quietly under the melody.

    Returns:
        (samples,) float32 from -PEAK to PEAK, PEAK reached unless no note sounds: `len(tokens)`
        sixteenths and one release.

    Raises:
        UserError: if the tempo or the sample rate is not positive.
    """
    if not tempo > 0 or not sample_rate > 0:
        raise UserError(
            f"tempo {tempo} and sample rate {sample_rate} were given, both must be positive"
        )
    step = 60 / tempo / STEPS_PER_QUARTER  # seconds
    release = min(RELEASE, step / 2)  # at any tempo, half of the shortest rest is silent
    tail = round(release * sample_rate)
    sound = np.zeros(round(len(tokens) * step * sample_rate) + tail)  # (samples,)
    melody = [note._replace(pitch=note.pitch + transpose) for note in decode(tokens)]
    for notes, level in ((melody, 1.0), (backing, BACKING)):
        for note in notes:
            start, end = (round(edge * step * sample_rate) for edge in (note.start, note.end))
            frequency = 440 * 2 ** ((note.pitch - 69) / 12)  # Hz
            tone = _note(frequency, end - start, tail, sample_rate)
            sound[start : end + tail] += tone if level == 1 else level * tone
    loudest = np.abs(sound).max(initial=0)
    if loudest > 0:
        sound *= PEAK / loudest
    return sound.astype(np.float32)


def _note(frequency: float, held: int, tail: int, sample_rate: int) -> NDArray[np.float64]:
    """One note of `held` samples and its release: (held + tail,) float64."""
    seconds = np.arange(held + tail) / sample_rate
    decay = DECAY * np.sqrt(frequency / 262)  # shorter strings decay faster
    # partial k is the k-th power of the first, but for what all of them have in common
    first = np.exp((-decay / 2 + 2j * np.pi * frequency) * seconds)
    partial = np.exp(-decay / 2 * seconds).astype(np.complex128)
    sound = np.zeros(held + tail)
    for k in range(1, PARTIALS + 1):
        if k * frequency >= sample_rate / 2:
            break  # above the Nyquist frequency
        partial *= first
        sound += k**-BRIGHTNESS * partial.imag
    attack = min(round(ATTACK * sample_rate), held // 2)
    sound[:attack] *= _rise(attack)
    sound[held:] *= _rise(tail)[::-1]
    return sound


def _rise(samples: int) -> NDArray[np.float64]:
    """A raised cosine from 0 towards 1: (samples,), flat at both ends."""
    return 0.5 - 0.5 * np.cos(np.pi * np.arange(samples) / max(samples, 1))


def write_wav(path: Path, samples: NDArray[np.float32], sample_rate: int = 44100) -> None:
    """Write a mono 16-bit WAV file atomically; see `wav_bytes`."""
    with replacing(path) as beside:
        beside.write_bytes(wav_bytes(samples, sample_rate))


def wav_bytes(samples: NDArray[np.float32], sample_rate: int = 44100) -> bytes:
    """A mono 16-bit WAV file.

    Args:
        samples: (samples,) from -1 to 1; values outside are clipped.
        sample_rate: samples a second.
    """
    integers = np.round(np.clip(samples, -1, 1) * 32767).astype("<i2")
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)  # bytes
        file.setframerate(sample_rate)
        file.writeframes(integers.tobytes())
    return content.getvalue()
