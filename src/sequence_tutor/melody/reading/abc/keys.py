"""The key of a ``K:`` field: what it does to the seven letters.

Source: the ABC standard 2.1, section 3.1.14. More is read than it has: a tonic in lower case if it
is a word of its own (``am``), the sharp and flat signs of Unicode, a key after its clef, and
accidentals without a tonic, which are all of the signature.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sequence_tutor.melody.reading.score import WrittenKey
from sequence_tutor.melody.signature import MOST_FIFTHS, fifths_of

ALTERATIONS = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}
_FIFTHS, _LETTERS = "FCGDAEB", "CDEFGAB"
_MODES = {
    "": "ionian",
    "maj": "ionian",
    "ion": "ionian",
    "mix": "mixolydian",
    "dor": "dorian",
    "m": "aeolian",
    "min": "aeolian",
    "aeo": "aeolian",
    "phr": "phrygian",
    "loc": "locrian",
    "lyd": "lydian",
}
_HIGHLAND_PIPES = {"F": 1, "C": 1}
_SIGNS = str.maketrans("♯♭", "#b")

_KEY = re.compile(
    r"""
    \s* (?P<tonic>[A-Ga-g]) (?P<sign>[#b]?)
    (?i: \s{0,9}
      (?P<mode> exp | m(?=[^a-z]|$) | (?:maj|ion|mix|dor|min|aeo|phr|loc|lyd)[a-z]{0,9} ) )?
    """,
    re.VERBOSE,
)
_NO_KEY = re.compile(r"\s*(?:(?P<pipes>HP)|none)(?![A-Za-z])", re.IGNORECASE)
_ALTERED = re.compile(r"(\^{1,2}\d{0,2}/{0,2}\d{0,2}|_{1,2}\d{0,2}/{0,2}\d{0,2}|=)([A-Ga-g])")
_ALTERED_WORD = re.compile(rf"(?:{_ALTERED.pattern})+")
_NO_TONIC = re.compile(r"\s*(?:exp(?![a-z])|(?=[\^_=]))", re.IGNORECASE)
_BEFORE = re.compile(  # the clef and such, which the standard has after the key
    r"""(?:\s*(?: (?!key=)[a-z]+=(?:"[^"]{0,99}"|\S{1,99})
             | (?:treble|alto|tenor|bass|perc)\d?(?:[+-]\d\d?)? ) (?=\s) ){1,9}""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True)
class AbcKey:
    """A key as written.

    Attributes:
        alterations: letter -> semitones, e.g. ``{"F": 1}`` for G.
        written: the signature and mode; None if it is not a usual key. Accidentals beside the
            signature of a minor key may be those of its harmonic or melodic form.
    """

    alterations: dict[str, int] = field(default_factory=dict)
    written: WrittenKey | None = None


def read_key(text: str) -> AbcKey | None:
    """The key of a field, or None if it names none; an empty field is a key without a signature.

    Args:
        text: a tonic and a mode, ``none`` or ``HP``, and then any number of accidentals, which
            change the signature of the mode, or after ``exp`` or without a tonic are all of it:
            ``D Phr ^f``, ``D exp _b _e ^f``. Anything else, such as a clef, is skipped.
    """
    text = text.translate(_SIGNS)
    if not text.strip():
        return AbcKey()
    before = _BEFORE.match(text)
    text = text[before.end() if before else 0 :].lstrip().removeprefix("key=")
    tonic = ""
    none, match = _NO_KEY.match(text), _KEY.match(text)
    if none is not None:
        key = AbcKey(_HIGHLAND_PIPES if none["pipes"] else {})
        rest = text[none.end() :]
    elif (bare := _NO_TONIC.match(text)) is not None:
        key, rest = AbcKey(), text[bare.end() :]
    elif match is not None and (
        (match["tonic"].isupper() and before is None)
        or not text[match.end() : match.end() + 1].isalpha()
    ):
        tonic = match["tonic"].upper() + match["sign"]
        key = _of_mode(tonic, (match["mode"] or "").lower())
        rest = text[match.end() :]
        if "exp" in rest.lower().split():
            key = AbcKey()
    else:
        return None
    altered = {
        letter.upper(): alteration_of(mark)
        for word in rest.replace(",", " ").split()
        if _ALTERED_WORD.fullmatch(word)
        for mark, letter in _ALTERED.findall(word)
    }
    if not altered:
        return key
    alterations = key.alterations | altered
    return AbcKey(alterations, _written(tonic, alterations) if tonic else None)


def alteration_of(mark: str) -> int:
    """Semitones of an accidental; quarter tones are rounded towards the natural."""
    signs = mark.rstrip("0123456789/")
    alteration = ALTERATIONS[signs]
    fraction = mark[len(signs) :]
    if not fraction:
        return alteration
    times, slash, over = fraction.partition("/")
    divisor = int(over.lstrip("/") or 2) if slash else 1
    size = abs(alteration) * int(times or 1) // max(1, divisor)
    return size if alteration > 0 else -size


def _written(tonic: str, alterations: Mapping[str, int]) -> WrittenKey | None:
    """The key of a tonic that accidentals spell out, as ``D =c`` does D mixolydian.

    A minor key may have its seventh raised, or its sixth and seventh. Others are no usual keys.
    """
    sounding = {letter: by for letter, by in alterations.items() if by}
    for mode in dict.fromkeys(_MODES.values()):
        key = _of_mode(tonic, mode)
        usual = [key.alterations]
        if mode == "aeolian":
            sixth, seventh = (_LETTERS[(_LETTERS.index(tonic[0]) + up) % 7] for up in (5, 6))
            raised = {seventh: key.alterations.get(seventh, 0) + 1}
            usual += [key.alterations | raised]
            raised[sixth] = key.alterations.get(sixth, 0) + 1
            usual += [key.alterations | raised]
        if sounding in [{letter: by for letter, by in one.items() if by} for one in usual]:
            return key.written
    return None


def _of_mode(tonic: str, mode: str) -> AbcKey:
    if mode == "exp":
        return AbcKey()
    name = _MODES[mode[:3]]
    fifths = fifths_of(tonic, name)
    order = _FIFTHS if fifths > 0 else _FIFTHS[::-1]
    alterations = {
        order[place % 7]: (place // 7 + 1) * (1 if fifths > 0 else -1)
        for place in range(abs(fifths))
    }
    return AbcKey(alterations, WrittenKey(fifths, name) if abs(fifths) <= MOST_FIFTHS else None)
