"""The key that a ``K:`` field names, as a signature and a mode.

Source: the ABC standard 2.1, https://abcnotation.com/wiki/abc:standard:v2.1, section 3.1.14.
"""

from __future__ import annotations

import re

from sequence_tutor.melody.score import WrittenKey
from sequence_tutor.melody.signature import MODES, MOST_FIFTHS, fifths_of

_SIGNS = str.maketrans("♯♭", "#b")
_KEY = re.compile(r"\s*([A-G][#b]?)\s*((?:[A-Za-z]+(?![A-Za-z=]))?)(.*)")
_ALTERED = re.compile(r"(?:^|\s)(?:\^|_|=)")
_SHORT = {"": "ionian", "maj": "ionian", "m": "aeolian", "min": "aeolian"} | {
    mode[:3]: mode for mode in MODES
}


def written_key(text: str, semitones: int = 0) -> WrittenKey | None:
    """The key of a field at concert pitch; None where it names none, or one with own accidentals.

    Args:
        text: of the field.
        semitones: by which notes sound from where they are written.
    """
    match = _KEY.match(text.translate(_SIGNS))
    if match is None or _ALTERED.search(match[3]) or text.lower().startswith(("hp", "none")):
        return None
    word = match[2] if match[2] == "m" else match[2].lower()[:3]
    mode = _SHORT.get(word, "ionian")  # other words, such as those of clefs, say nothing of it
    if word == "exp" or abs(fifths_of(match[1], mode)) > MOST_FIFTHS:
        return None
    return WrittenKey(fifths_of(match[1], mode), mode).moved(semitones)
