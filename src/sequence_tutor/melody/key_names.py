"""Keys as people type them: D, Bb, Em, D dorian, F# harmonic minor, Ador."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sequence_tutor.config.settings import nearest
from sequence_tutor.melody.scales import SCALES, TONICS, Key, nearest_tonic
from sequence_tutor.melody.signature import MODES, mode_of

_TEXT = re.compile(r"\s*([A-G](?:#|b)?)\s*([A-Za-z _-]*?)\s*")
_SHORT = {"m": "minor", "min": "minor", "maj": "major"} | {mode[:3]: mode for mode in MODES}
_SCALES_OF = {"major": "major", "minor": "natural_minor"}
"""Scale that a name of two families stands for where nothing else is known."""


@dataclass(frozen=True)
class KeyName:
    """A tonic, and a scale where one was named.

    Attributes:
        tonic: one of `TONICS`.
        scale: a name of `SCALES`, or "minor" for any of the minor ones; None: none was named.
    """

    tonic: str
    scale: str | None = None

    def __str__(self) -> str:
        return self.tonic if self.scale is None else f"{self.tonic} {self.scale.replace('_', ' ')}"

    @property
    def key(self) -> Key:
        """The key, major where no scale was named."""
        scale = self.scale or "major"
        return Key(tonic=self.tonic, scale=_SCALES_OF.get(scale, scale))

    @property
    def is_minor(self) -> bool:
        """Whether it is written as a minor key."""
        return self.scale is not None and mode_of(self.key) == "aeolian"

    def agrees_with(self, key: Key) -> bool:
        """Whether a key may go by this name, whatever its tonic."""
        if self.scale is None or self.scale == key.scale:
            return True
        if self.scale in ("major", "minor"):
            return mode_of(key) == mode_of(self.key)
        return SCALES[self.scale] == key.degrees


def parse_key(text: str) -> KeyName:
    """The key of a text.

    Raises:
        ValueError: it names none; the nearest tonic or scale is said.
    """
    match = _TEXT.fullmatch(text)
    if match is None or match[1] not in TONICS:
        raise ValueError(f"unknown key {text!r}: {nearest_tonic(text)}; a minor one is such as Em")
    tonic, rest = match[1], re.sub(r"[\s-]+", "_", match[2])
    scale = _SHORT.get(rest if rest == "m" else rest.lower(), rest.lower())
    if not scale:
        return KeyName(tonic)
    if scale not in SCALES and scale != "minor":
        known = nearest(scale, [*SCALES, "minor", "m"])
        raise ValueError(f"unknown key {text!r}: {known}; a minor one is such as Em")
    return KeyName(tonic, scale)
