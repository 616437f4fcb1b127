"""The reader of ABC tune books: text to lines, lines to measures, measures to notes.

Source: the ABC standard 2.1, https://abcnotation.com/wiki/abc:standard:v2.1, whose sections are
cited in this folder. `tune_book` divides a file into tunes and their lines (2, 3), `fields` reads
the values of fields (3, 4.6), `symbols` the symbols of a line of music (4), `measures` makes
measures of one voice's symbols, `tune` assigns lines to voices (7), and `playing` plays out repeats
and joins ties (3.1.9, 4.8 to 4.11).
"""

from sequence_tutor.melody.reading.abc.tune import read_abc

__all__ = ["read_abc"]
