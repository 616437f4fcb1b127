"""The waveform is checked as a listener would: length, loudness, pitch, clicks, silence."""

import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sequence_tutor.errors import UserError
from sequence_tutor.melody.writing.audio import PEAK, RELEASE, synthesise, write_wav

RATE = 44100
STEP = RATE // 8  # samples in a sixteenth at 120 quarters a minute, less a half
HELD = [14] + [1] * 7  # middle C for half a bar


def loudest_frequency(sound: NDArray[np.float32], rate: int = RATE) -> float:
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), n=1 << 18))
    return float(spectrum.argmax() * rate / (1 << 18))


def test_it_lasts_as_long_as_its_tokens_and_one_release() -> None:
    assert len(synthesise([14, 1] * 16)) == 32 * 60 / 120 / 4 * RATE + round(RELEASE * RATE)
    assert len(synthesise([14, 1] * 16, tempo=60)) == 32 * 60 / 60 / 4 * RATE + round(
        RELEASE * RATE
    )


def test_its_peak_is_fixed_whatever_is_played() -> None:
    for melody in (HELD, [2, 37] * 8, [37]):
        sound = synthesise(melody)
        assert sound.dtype == np.float32
        assert np.abs(sound).max() == pytest.approx(PEAK, abs=1e-6)


@pytest.mark.parametrize(
    ("token", "transpose", "hertz"),
    [(14, 0, 261.63), (23, 0, 440.0), (2, 0, 130.81), (37, 0, 987.77), (14, 9, 440.0)],
)
def test_the_loudest_frequency_is_the_concert_pitch(
    token: int, transpose: int, hertz: float
) -> None:
    sound = synthesise([token] + [1] * 7, transpose=transpose)
    assert loudest_frequency(sound) == pytest.approx(hertz, rel=1e-3)


def test_partials_above_nyquist_are_left_out_and_not_folded_back() -> None:
    rate = 8000  # B5 at 987.77 Hz has four partials below 4000 Hz; the fifth would fold to 3061 Hz
    sound = synthesise([37] + [1] * 15, sample_rate=rate)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    frequencies = np.fft.rfftfreq(len(sound), 1 / rate)

    def level(hertz: float) -> float:
        return float(spectrum[np.abs(frequencies - hertz) < 20].max() / spectrum.max())

    assert level(2 * 987.77) > 0.05
    assert level(8000 - 5 * 987.77) < 1e-3


def test_no_note_above_nyquist_sounds_at_all() -> None:
    assert not synthesise([37], transpose=60, sample_rate=8000).any()


@pytest.mark.parametrize(
    "melody", [[14] * 16, [14, 0] * 8, [14, 9, 18, 21] * 4, [14] + [1] * 15, [16, 1, 1, 0, 4] * 3]
)
def test_no_join_clicks(melody: list[int]) -> None:
    """Below 600 Hz the partials themselves move by up to 0.13 of full scale a sample.

    A click is a jump to or from a peak, near PEAK = 0.8.
    """
    sound = synthesise(melody)
    assert sound[0] == 0
    assert abs(sound[-1]) < 1e-4
    assert np.abs(np.diff(sound)).max() < 0.15


def test_a_join_jumps_no_further_than_the_notes_beside_it_do() -> None:
    repeated = synthesise([14, 1, 1, 1] * 4)
    jumps = np.abs(np.diff(repeated))
    joins = [round(4 * k * RATE / 8) for k in range(1, 4)]
    near = max(jumps[join - 500 : join + 300].max() for join in joins)
    assert near <= jumps[: joins[0] - 500].max()


def test_rests_are_silent_once_the_release_is_over() -> None:
    sound = synthesise([14, 0, 1, 1, 16, 1, 0, 1])
    tail = round(RELEASE * RATE)
    assert not sound[STEP + tail + 1 : 4 * STEP].any()
    assert not sound[6 * STEP + tail + 4 : 8 * STEP].any()
    assert sound[4 * STEP + 300 : 6 * STEP].any()


def test_at_a_fast_tempo_half_of_the_shortest_rest_is_silent() -> None:
    sound = synthesise([14, 0, 14, 0], tempo=600)
    step = RATE / 40
    assert not sound[round(1.5 * step) + 1 : round(2 * step)].any()


def test_a_melody_without_a_note_is_silence() -> None:
    assert not synthesise([0, 1, 1, 0]).any()
    assert synthesise([]).shape == (round(RELEASE * RATE),)


def test_high_partials_die_sooner() -> None:
    sound = synthesise([14] + [1] * 15)

    def share_of_partial_6(seconds: float) -> float:
        piece = sound[round(seconds * RATE) :][:8192] * np.hanning(8192)
        spectrum = np.abs(np.fft.rfft(piece))
        bins = [round(k * 261.63 * 8192 / RATE) for k in (1, 6)]
        low, high = (spectrum[place - 2 : place + 3].max() for place in bins)
        return float(high / low)

    assert share_of_partial_6(1.5) < 0.2 * share_of_partial_6(0.05)


@given(
    st.lists(st.integers(0, 37), max_size=24), st.floats(40, 1000), st.sampled_from([8000, RATE])
)
@settings(max_examples=40, deadline=None)
def test_any_melody_at_any_tempo_is_finite_and_within_the_peak(
    melody: list[int], tempo: float, rate: int
) -> None:
    sound = synthesise(melody, tempo=tempo, sample_rate=rate)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max(initial=0) <= PEAK + 1e-6


@pytest.mark.parametrize("tempo", [0.0, -1.0, float("nan")])
def test_a_tempo_that_is_not_positive_is_refused(tempo: float) -> None:
    with pytest.raises(UserError, match=r"tempo .* must be positive"):
        synthesise(HELD, tempo=tempo)


def test_a_wav_file_reads_back_to_within_its_sixteen_bits(tmp_path: Path) -> None:
    sound = synthesise(HELD, sample_rate=22050)
    write_wav(tmp_path / "new" / "c.wav", sound, 22050)
    with wave.open(str(tmp_path / "new" / "c.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 22050)
        read = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32767
    assert np.abs(read - sound).max() <= 0.5 / 32767 + 1e-6
    assert [entry.name for entry in (tmp_path / "new").iterdir()] == ["c.wav"]


def test_a_wav_file_clips_what_is_beyond_full_scale(tmp_path: Path) -> None:
    write_wav(tmp_path / "loud.wav", np.array([-2, 2], np.float32))
    with wave.open(str(tmp_path / "loud.wav")) as file:
        assert np.frombuffer(file.readframes(2), "<i2").tolist() == [-32767, 32767]
