"""Reading files from other people; every reader of them uses this package.

`door` turns any exception of a reader into one sentence about the file; `unpacked` opens a file,
compressed or not, with a limit on its size; `lines` and `text_of` read text; `members` reads
archives.
"""

from sequence_tutor.foreign.archives import ARCHIVE_SUFFIXES, Member, members, read_capped
from sequence_tutor.foreign.door import door, one_line, reason_of, said
from sequence_tutor.foreign.lines import Line, encoding_of, lines, text_of
from sequence_tutor.foreign.packing import PACKED_SUFFIXES, Unpacked, unpacked

__all__ = [
    "ARCHIVE_SUFFIXES",
    "PACKED_SUFFIXES",
    "Line",
    "Member",
    "Unpacked",
    "door",
    "encoding_of",
    "lines",
    "members",
    "one_line",
    "read_capped",
    "reason_of",
    "said",
    "text_of",
    "unpacked",
]
