"""Whether the name of a part means a melody or an accompaniment, in several languages.

Whole words are matched: "Synth Bass (single)" does not contain "sing". Names that sequencers take
from General MIDI do not mean a melody: "Voice Oohs" and "Synth Voice" are mostly chords.
"""

from __future__ import annotations

import re
import unicodedata

_BENEATH = (  # basses, accompaniments and countermelodies
    r"\w*bass(?!oo?n|et)\w* | basso | basse | bajo | baixo | perc\w* | schlagzeug | taiko | timpani"
    r" | pauken? | backing | background | bgv | accomp\w* | begleit\w* | gegenmelodie"
    r" | (?:mittel|unter|gegen|neben)stimmen? | counter[ ]?(?:melody|part|voice) | contracanto"
    r" | continuo | linke[ ]hand | left[ ]hand | lh | rhythm[ ]guitar"
    r" | (?:low|high|melodic)[ ]toms?"
    r" | аккомпан\w* | бас | хор"  # noqa: RUF001  # Cyrillic on purpose
    r" | 伴奏 | コーラス | ベース | コード | 和音 | 반주"
)
_BENEATH_ALONE = (  # words that titles, which are names of tracks too, may contain
    r"drums? | toms? | backup | harmon(?:y|ies|ie|ia) | chords? | akkorde? | accords? | acordes?"
    r" | rhythm | strum\w* | comp(?:ing)? | pads? | choir | chor | coro | choeurs? | chorus"
)
_CALLED_MELODY = r"melod(?!ic)\w* | мелоди\w* | 旋律 | 主旋律 | メロディー? | 멜로디"
_SOUND = r"oohs? | aahs? | synth(?:esi[sz]er)?[ ](?:voice|vox|vocals?) | パッド"
_MELODIC = (
    r"vocal\w* | vox | voice | voce | voz | voix | sing(?:er|ing)? | sang | gesang\w* | melodica"
    r" | (?:gesangs?|sing|ober|haupt|melodie)?stimme | canto | cantus | chant | chanter | lead"
    r" | soprano? | superius | [dt]is[ck]ant(?:us)? | descant | tune"
    r" | вокал\w* | голос | ボーカル | ヴォーカル | 主唱 | 人声 | 보컬"
)


def _plain(text: str) -> str:
    """Lower case without accents and digits; CamelCase and snake_case split into words."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[\W_\d]+", " ", text)
    return _without_accents(words.casefold())


def _words(pattern: str) -> re.Pattern[str]:
    """Matches whole words; in scripts without spaces it matches anywhere."""
    spaced: list[str] = []
    unspaced: list[str] = []
    for word in _without_accents(pattern).split(" | "):
        (spaced if word.isascii() or "\u0400" <= word[0] < "\u0530" else unspaced).append(word)
    whole = rf"\b(?:{'|'.join(spaced)})\b"
    return re.compile("|".join([whole, *unspaced]))


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


_LONGEST_NAME = 5  # words; more are a title
_RANKS = (  # pattern, most words of a name that it applies to, rank
    (_words(_BENEATH), 3, -1),
    (_words(_CALLED_MELODY), _LONGEST_NAME, 1),
    (_words(_SOUND), _LONGEST_NAME, -1),
    (_words(_BENEATH_ALONE), 2, -1),
    (_words(_MELODIC), _LONGEST_NAME, 1),
)


def rank(name: str) -> int:
    """1: named a melody; -1: named a bass or accompaniment; 0: neither."""
    plain = _plain(name)
    count = len(plain.split())
    found = (value for words, most, value in _RANKS if count <= most and words.search(plain))
    return next(found, 0)
