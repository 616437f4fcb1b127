"""ABC tune books in, single melodies out: text to lines, lines to measures, measures to notes.

Source: the ABC standard 2.1, https://abcnotation.com/wiki/abc:standard:v2.1; the numbers of
sections in this folder are its own. `tune_book` divides a file into tunes and their lines (2, 3),
`fields` reads the values of fields (3, 4.6), `symbols` names what stands in a line of music (4),
`measures` makes measures of one voice's symbols, `tune` hands each voice its lines (7), and
`playing` plays out parts and repeats and joins ties (3.1.9, 4.8 to 4.11).
"""

from sequence_tutor.melody.reading.abc.tune import read_abc

__all__ = ["read_abc"]
