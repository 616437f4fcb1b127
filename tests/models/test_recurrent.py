"""A step at a time and a whole sequence at once are one network."""

import copy
from collections.abc import Callable

import pytest
import torch
from pydantic import ValidationError
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from sequence_tutor.models import RecurrentNetwork, RecurrentSettings
from sequence_tutor.models.adam import Adam

V = 7
CELLS = ("lstm", "gru")


def network(cell: str = "lstm", layers: int = 1, width: int = 12) -> RecurrentNetwork:
    settings = RecurrentSettings.model_validate({"cell": cell, "layers": layers, "width": width})
    made = RecurrentNetwork(settings, V, outputs=5)
    generator = torch.Generator().manual_seed(layers)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(generator=generator)  # far from the usual small weights
    return made


def by_steps(made: RecurrentNetwork, tokens: torch.Tensor) -> torch.Tensor:
    """(B, T, outputs), one step after the other."""
    previous, state = torch.full((len(tokens),), made.start_token), made.initial_state(len(tokens))
    outputs = []
    for column in tokens.unbind(1):
        output, state = made.step(previous, state)
        outputs.append(output)
        previous = column
    return torch.stack(outputs, dim=1)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_steps_agree_with_the_whole_sequence(cell: str, layers: int) -> None:
    made = network(cell, layers)
    tokens = torch.randint(V, (9, 20), generator=torch.Generator().manual_seed(0))
    whole = made(tokens).detach()
    assert whole.shape == (9, 20, 5)
    assert float((by_steps(made, tokens) - whole).abs().max()) < 1e-5 * float(whole.abs().max())


@pytest.mark.parametrize("cell", CELLS)
def test_an_output_has_seen_the_tokens_before_it_and_no_others(cell: str) -> None:
    made = network(cell)
    tokens = torch.randint(V, (1, 8), generator=torch.Generator().manual_seed(0))
    before = made(tokens)
    for t in range(8):
        changed = tokens.clone()
        changed[0, t] = (changed[0, t] + 1) % V
        differs = (made(changed) != before).any(2)[0]
        assert not bool(differs[: t + 1].any())
        assert bool(differs[t + 1 :].all())


@pytest.mark.parametrize("cell", CELLS)
def test_a_step_leaves_the_state_it_was_given_as_it_was(cell: str) -> None:
    made = network(cell, layers=2)
    _, state = made.step(torch.tensor([V, V]), made.initial_state(2))
    copies = [memory.clone() for memory in state]
    first, _ = made.step(torch.tensor([0, 1]), state)
    again, _ = made.step(torch.tensor([0, 1]), state)
    assert torch.equal(first, again)
    for memory, copied in zip(state, copies, strict=True):
        assert torch.equal(memory, copied)


@pytest.mark.parametrize("cell", CELLS)
def test_rows_of_a_state_can_be_selected(cell: str) -> None:
    made = network(cell, layers=2)
    _, state = made.step(torch.tensor([V, V, V]), made.initial_state(3))
    rows, previous = torch.tensor([2, 0]), torch.tensor([4, 5, 6])
    whole, _ = made.step(previous, state)
    some, _ = made.step(previous[rows], tuple(memory[rows] for memory in state))
    torch.testing.assert_close(some, whole[rows])


def learns(made: RecurrentNetwork, tokens: torch.Tensor) -> None:
    optimiser = Adam(made.parameters(), 0.1, fused=True)
    made(tokens).square().mean().backward()
    optimiser.step()


def is_given(made: RecurrentNetwork, _tokens: torch.Tensor) -> None:
    made.load_state_dict(network(layers=2).state_dict() | {"head.bias": made.head.bias + 1})


def is_copied_first(made: RecurrentNetwork, tokens: torch.Tensor) -> None:
    """The copy changes as often as the original did."""
    copied = copy.deepcopy(made)
    by_steps(copied, tokens)
    learns(made, tokens)
    learns(copied, tokens.flip(0))
    torch.testing.assert_close(by_steps(copied, tokens), copied(tokens), rtol=1e-4, atol=1e-4)


def is_given_by_a_vector(made: RecurrentNetwork, _tokens: torch.Tensor) -> None:
    numbers = parameters_to_vector(made.parameters()) + 0.1
    vector_to_parameters(numbers, made.parameters())


@pytest.mark.parametrize("change", [learns, is_given, is_copied_first, is_given_by_a_vector])
def test_steps_follow_weights_that_change(
    change: Callable[[RecurrentNetwork, torch.Tensor], None],
) -> None:
    made = network(layers=2)
    tokens = torch.randint(V, (4, 6), generator=torch.Generator().manual_seed(0))
    before = by_steps(made, tokens)  # makes whatever a step keeps of the weights
    change(made, tokens)
    after = by_steps(made, tokens)
    torch.testing.assert_close(after, made(tokens).detach(), rtol=1e-4, atol=1e-4)
    assert float((after - before).abs().max()) > 0.01


def test_steps_keep_no_gradient_and_whole_sequences_do() -> None:
    made = network()
    tokens = torch.zeros(2, 3, dtype=torch.int64)
    assert not by_steps(made, tokens).requires_grad
    assert made(tokens).requires_grad


def test_steps_work_in_double_precision_to_its_own_accuracy() -> None:
    made = network(layers=2).double()
    tokens = torch.randint(V, (4, 10), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(by_steps(made, tokens), made(tokens), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "wrong", [{"width": 0}, {"layers": 9}, {"cell": "rnn"}, {"depth": 1}], ids=str
)
def test_impossible_shapes_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        RecurrentSettings.model_validate(wrong)
