"""What a network sees of the past, against tables written by hand."""

import pytest
import torch
from pydantic import ValidationError

from sequence_tutor.models import ActionValueNetwork, RecurrentNetwork, RecurrentSettings
from sequence_tutor.models.lookback import Lookback, add_copies
from sequence_tutor.models.network import seeded_network
from sequence_tutor.prior.neural import NeuralPrior

V = 3
NOTHING = 17  # rows: 4 last tokens, 4 at the lag, 3 places, 6 lengths of a repetition


def copying(cell: str = "lstm", layers: int = 1) -> RecurrentNetwork:
    given = {"cell": cell, "layers": layers, "width": 12, "lags": (2, 3, 8), "periods": (4, 6)}
    made = RecurrentNetwork(RecurrentSettings.model_validate(given), 7, outputs=8)
    generator = torch.Generator().manual_seed(layers)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(generator=generator)
    return made


def test_rows_are_those_worked_out_by_hand() -> None:
    rows, at_lags = Lookback(V, (2,), (3,)).sequence(torch.tensor([[1, 0, 1, 2]]))
    assert rows[0].tolist() == [
        # the last token, the token two back, the place, how long a repetition has lasted
        [3, 4 + 3, 8 + 0, NOTHING],  # nothing written: all "before the first token"
        [1, 4 + 3, 8 + 1, NOTHING],
        [0, 4 + 1, 8 + 2, NOTHING],
        [1, 4 + 0, 8 + 0, 11],  # 1 0 1: one token that equals the one two steps before it
    ]
    assert at_lags[0].tolist() == [[3], [3], [1], [0]]


def test_it_sees_how_long_a_repetition_has_lasted() -> None:
    tokens = torch.tensor([[1, 0, 1, 0, 1, 0, 1, 2, 1]])
    rows, _ = Lookback(V, (2,)).sequence(tokens)
    # repeated tokens so far: 1, 2, 3, 4, 5, then 2 is new, and what equals the 1 before it is one
    assert rows[0, :, 2].tolist() == [14] * 3 + [8, 9, 9, 10, 10, 14]
    assert Lookback(V, (2,)).of_runs(rows, torch.float32)[0, 3:6, :3].tolist() == [
        [1, 0, 0],
        [0, 1, 0],
        [0, 1, 0],
    ]


def test_it_sees_its_place_in_each_period() -> None:
    rows, _ = Lookback(V, (), (2, 3)).sequence(torch.tensor([[1, 0, 1, 2]]))
    assert rows[0].tolist() == [[3, 4, 6], [1, 5, 7], [0, 4, 8], [1, 5, 6]]


def test_a_copy_gate_moves_the_token_at_its_lag_and_no_other_output() -> None:
    outputs = torch.zeros(2, V + 1)
    moved = add_copies(outputs, torch.tensor([[1.5], [2.0]]), torch.tensor([[2], [V]]), V)
    assert moved.tolist() == [[0, 0, 1.5, 0], [0, 0, 0, 0]]  # before the first token: nothing


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("layers", [1, 2])
def test_steps_agree_with_the_whole_sequence(cell: str, layers: int) -> None:
    made = copying(cell, layers)
    tokens = torch.randint(7, (9, 20), generator=torch.Generator().manual_seed(0))
    whole = made(tokens).detach()
    previous, state = torch.full((9,), made.start_token), made.initial_state(9)
    for t, column in enumerate(tokens.unbind(1)):
        given = [memory.clone() for memory in state]
        outputs, new_state = made.step(previous, state)
        assert all(map(torch.equal, state, given))  # the state given is not changed
        assert float((outputs - whole[:, t]).abs().max()) < 1e-5 * float(whole.abs().max())
        previous, state = column, new_state


def test_an_output_has_seen_the_tokens_before_it_and_no_others() -> None:
    made = copying()
    tokens = torch.randint(7, (1, 12), generator=torch.Generator().manual_seed(0))
    before = made(tokens)
    for t in range(12):
        changed = tokens.clone()
        changed[0, t] = (changed[0, t] + 1) % 7
        differs = (made(changed) != before).any(2)[0]
        assert not bool(differs[: t + 1].any())
        assert bool(differs[t + 1 :].all())


def test_values_begin_as_the_prior_or_as_zero() -> None:
    prior = NeuralPrior(
        RecurrentNetwork(RecurrentSettings(width=8, lags=(2, 4), periods=(4,)), 7, outputs=7)
    )
    tokens = torch.randint(7, (3, 9), generator=torch.Generator().manual_seed(0))
    log_prior = prior.sequence_log_probs(tokens)
    as_prior = ActionValueNetwork.from_prior(prior.network, "log_prior")(tokens)
    assert torch.allclose(as_prior, log_prior, atol=1e-6)
    assert not bool(ActionValueNetwork.from_prior(prior.network, "zero")(tokens).any())


def test_a_flatter_prior_divides_the_copy_gates_too() -> None:
    prior = NeuralPrior(copying())
    tokens = torch.randint(7, (3, 9), generator=torch.Generator().manual_seed(0))
    flat = prior.tempered(2.0).network(tokens)
    assert torch.allclose(flat, prior.network(tokens) / 2, atol=1e-5)


def test_only_noise_drops_anything_and_the_same_noise_the_same() -> None:
    settings = RecurrentSettings(width=8, lags=(2,), periods=(4,), dropout=0.5, input_dropout=0.3)
    made = seeded_network(settings, 7, 7, torch.Generator().manual_seed(0))
    tokens = torch.randint(7, (3, 9), generator=torch.Generator().manual_seed(0))
    assert torch.equal(made(tokens), made(tokens))
    one, again, other = (
        made(tokens, torch.Generator().manual_seed(seed)).detach() for seed in (1, 1, 2)
    )
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_lags_that_do_not_rise_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"lags is \[8, 4\], expected numbers that rise"):
        RecurrentSettings(lags=(8, 4))
