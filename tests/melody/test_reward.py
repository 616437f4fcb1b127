from __future__ import annotations

from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from sequence_tutor.errors import UserError
from sequence_tutor.melody.encoding import VOCAB_SIZE
from sequence_tutor.melody.reward import NINE_RULES, MelodyReward, MelodyRewardSettings
from sequence_tutor.melody.rules import Motif
from sequence_tutor.melody.scales import Key
from sequence_tutor.melody.view import Melodies
from sequence_tutor.reward import UserTerm, check_reward, weighted_total
from sequence_tutor.sequences import SequenceBatch

NAMES = (
    *("key", "tonic", "repetition", "autocorrelation", "motif", "repeated_motif"),
    *("interval", "leap", "unique_extrema"),
)


def random_lists(lengths: list[int]) -> list[list[int]]:
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randint(0, VOCAB_SIZE, (length,), generator=generator)
        .masked_fill(torch.rand(length, generator=generator) < 0.5, 1)
        .tolist()
        for length in lengths
    ]


def test_keeps_the_protocol() -> None:
    check_reward(MelodyReward(), VOCAB_SIZE)
    assert MelodyReward().names == NAMES
    assert MelodyReward().weights.tolist() == [1] * 9


def test_mixed_lengths_equal_one_by_one() -> None:
    melodies = random_lists([1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 200, 512])
    together = MelodyReward()(SequenceBatch.from_lists(melodies))
    for row, melody in enumerate(melodies):
        alone = MelodyReward()(SequenceBatch.from_lists([melody]))
        assert torch.equal(together[row, : len(melody)], alone[0])
        assert not together[row, len(melody) :].any()


@pytest.mark.parametrize("steps", [*range(1, 18), 31, 32, 33, 512])
def test_any_length(steps: int) -> None:
    terms = MelodyReward()(SequenceBatch.from_lists(random_lists([steps, steps])))
    assert terms.shape == (2, steps, 9)
    assert terms.dtype == torch.float64
    assert terms.isfinite().all()


def test_padding_is_not_read() -> None:
    tokens = torch.tensor(random_lists([32, 32]))
    lengths = torch.tensor([20, 32])
    padded = tokens.clone()
    padded[0, 20:] = 0
    assert torch.equal(
        MelodyReward()(SequenceBatch(tokens, lengths)),
        MelodyReward()(SequenceBatch(padded, lengths)),
    )


def test_the_past_is_paid_without_knowing_the_future() -> None:
    # All but the rules that look at the melody's end: a step's pay is fixed once it is played.
    causal = [rule for rule in NINE_RULES if rule.name not in ("tonic", "unique_extrema")]
    long = SequenceBatch.full(torch.tensor(random_lists([40, 40])))
    short = SequenceBatch.full(long.tokens[:, :25].contiguous())
    reward = MelodyReward(causal)
    assert torch.equal(reward(long)[:, :25], reward(short))


def test_a_weight_scales_and_zero_turns_off() -> None:
    batch = SequenceBatch.from_lists([[15, 14]])
    reward = MelodyReward(weights=dict.fromkeys(NAMES, 0.0) | {"key": 4.0})
    assert reward.names == ("key",)
    assert reward(batch).tolist() == [[[-1], [0]]]
    assert weighted_total(reward(batch), reward.weights).tolist() == [[-4, 0]]
    everything = MelodyReward(weights={"key": 4.0, "leap": 0.0}, score_all=True)
    assert everything.names == NAMES
    assert everything.weights.tolist() == [4, 1, 1, 1, 1, 1, 1, 0, 1]


def test_a_users_rule_has_its_own_weight() -> None:
    def long_notes(melodies: Melodies) -> torch.Tensor:
        return (melodies.tokens == 1).double()

    rule = UserTerm("long_notes", long_notes, 0.5, Path("mine.py"))
    batch = SequenceBatch.from_lists([[14, 1], [1]])
    reward = MelodyReward(user_rules=[rule])
    assert reward.names == (*NAMES, "long_notes")
    assert reward.weights[-1] == 0.5
    assert reward(batch)[:, :, -1].tolist() == [[0, 1], [1, 0]]
    assert MelodyReward(weights={"long_notes": 2.0}, user_rules=[rule]).weights[-1] == 2
    check_reward(reward, VOCAB_SIZE)


def test_mistakes_are_named() -> None:
    with pytest.raises(UserError, match="unknown rule 'tonik': did you mean 'tonic'"):
        MelodyReward(weights={"tonik": 1.0})
    with pytest.raises(UserError, match="every rule has weight 0"):
        MelodyReward(weights=dict.fromkeys(NAMES, 0.0))
    with pytest.raises(UserError, match=r"'key' of mine\.py has the name of a rule"):
        MelodyReward(user_rules=[UserTerm("key", lambda given: given, 1.0, Path("mine.py"))])
    with pytest.raises(UserError, match=r"melody 2 has token 38 at step 1, expected 0\.\.37"):
        MelodyReward()(SequenceBatch.from_lists([[1, 2], [38]]))


def test_settings_build_what_they_say() -> None:
    settings = MelodyRewardSettings.model_validate(
        {
            "key": {"tonic": "A", "scale": [9, 0, 4]},
            "weights": {"tonic": 3, "leap": 0},
            "rules": {"motif": {"window": 4, "amount": 1.0}},
        }
    )
    assert settings.key == Key(tonic="A", scale=(9, 0, 4))
    assert settings.rules.motif == Motif(window=4, amount=1.0)
    assert MelodyRewardSettings.model_validate(settings.model_dump()) == settings
    reward = settings.build()
    assert reward.names == tuple(name for name in NAMES if name != "leap")
    terms = reward(SequenceBatch.from_lists([[23, 16, 14, 18]]))
    # A4 is the tonic, D is off key, and the last four steps hold four notes: 1 + .3.
    assert terms[0, :, reward.names.index("tonic")].tolist() == [3, 0, 0, 0]
    assert terms[0, :, reward.names.index("key")].tolist() == [0, -1, 0, 0]
    assert terms[0, :, reward.names.index("motif")].tolist() == [0, 0, 0, 1.3]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"weight": {}}, "unknown name 'weight': did you mean 'weights'"),
        ({"rules": {"motiv": {}}}, "unknown name 'motiv': did you mean 'motif'"),
        ({"rules": {"motif": {"windw": 4}}}, "unknown name 'windw': did you mean 'window'"),
        ({"rules": {"repeated_motif": {"window": 65}}}, "less than or equal to 64"),
        ({"weights": {"key": float("nan")}}, "finite"),
    ],
)
def test_wrong_settings_are_refused_at_once(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        MelodyRewardSettings.model_validate(given)
