import math

import pytest
import torch

from sequence_tutor.tuner.collecting_settings import ExplorationSettings
from sequence_tutor.tuner.exploration import Exploration

LOG_POLICY = torch.tensor([[0.1, 0.6, 0.3]]).log()
GENERATOR = torch.Generator()


def explored(kind: str, strength: float) -> list[float]:
    settings = ExplorationSettings.model_validate({"kind": kind, "begin": strength})
    log_probs = Exploration(settings)(LOG_POLICY, GENERATOR)
    probabilities: list[float] = log_probs.softmax(-1)[0].tolist()
    return probabilities


@pytest.mark.parametrize(
    ("kind", "strength", "expected"),
    [
        ("policy", 0.5, [0.1, 0.6, 0.3]),
        ("epsilon-greedy", 0.3, [0.1, 0.8, 0.1]),
        ("epsilon-greedy", 0.0, [0.0, 1.0, 0.0]),
        ("epsilon-greedy", 1.0, [1 / 3, 1 / 3, 1 / 3]),
        ("epsilon-policy", 0.3, [0.17, 0.52, 0.31]),
        ("boltzmann", 0.5, [0.01 / 0.46, 0.36 / 0.46, 0.09 / 0.46]),
    ],
)
def test_kinds_by_hand(kind: str, strength: float, expected: list[float]) -> None:
    assert explored(kind, strength) == pytest.approx(expected, abs=1e-6)


def test_every_token_can_be_explored() -> None:
    log_probs = torch.full((1, 38), -math.inf)
    log_probs[0, 3] = 0.0
    settings = ExplorationSettings(kind="epsilon-greedy", begin=0.38)
    probabilities = Exploration(settings)(log_probs, GENERATOR).exp()[0]
    assert probabilities.min() == pytest.approx(0.01)


def test_annealing_is_linear_and_then_level() -> None:
    exploration = Exploration(ExplorationSettings(begin=1.0, end=0.2, anneal=0.5))
    strengths = []
    for share in (0.0, 0.25, 0.5, 1.0):
        exploration.anneal(share)
        strengths.append(exploration.strength)
    assert strengths == pytest.approx([1.0, 0.6, 0.2, 0.2])
