import torch

from sequence_tutor.measure import Measured
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.evaluation import distinct_share


def measured(*rows: list[int]) -> Measured:
    batch = SequenceBatch.from_lists(list(rows))
    zeros = torch.zeros(batch.tokens.shape)
    return Measured(batch, zeros[:, :, None], *(zeros,) * 5, chosen=batch.lengths)


def test_parts_of_different_widths_are_compared_whole() -> None:
    parts = [measured([3, 1, 4], [3, 1]), measured([3, 1], [3, 1, 0, 0])]
    assert distinct_share(parts) == 3 / 4  # 3 1 twice; what fills a row is no token
