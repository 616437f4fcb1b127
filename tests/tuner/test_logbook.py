from __future__ import annotations

import torch

from sequence_tutor.domain.fingerprints import distinct_share, sequence_hashes
from sequence_tutor.sequences import SequenceBatch


def test_parts_of_different_widths_are_compared_whole() -> None:
    parts = ([[3, 1, 4], [3, 1]], [[3, 1], [3, 1, 0, 0]])
    hashes = [sequence_hashes(SequenceBatch.from_lists(rows)) for rows in parts]
    assert distinct_share(torch.cat(hashes)) == 3 / 4  # 3 1 twice; what fills a row is no token
