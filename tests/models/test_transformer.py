"""A step at a time with a cache and a whole sequence at once are one network."""

import pytest
import torch
from pydantic import ValidationError

from kit import generator
from sequence_tutor.models.transformer import TransformerNetwork, TransformerSettings

V = 7


def network(layers: int = 2, width: int = 16, heads: int = 4) -> TransformerNetwork:
    torch.manual_seed(layers)
    made = TransformerNetwork(TransformerSettings(layers=layers, width=width, heads=heads), V, 5)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))  # far from the usual small weights
    return made


def by_steps(made: TransformerNetwork, tokens: torch.Tensor) -> torch.Tensor:
    """(B, T, outputs), one step after the other."""
    previous, state = torch.full((len(tokens),), made.start_token), made.initial_state(len(tokens))
    outputs = []
    for column in tokens.unbind(1):
        output, state = made.step(previous, state)
        outputs.append(output)
        previous = column
    return torch.stack(outputs, dim=1)


@pytest.mark.parametrize(("layers", "heads"), [(1, 1), (2, 4), (3, 2)])
def test_steps_agree_with_the_whole_sequence(layers: int, heads: int) -> None:
    made = network(layers, heads=heads)
    tokens = torch.randint(V, (9, 20), generator=generator())
    whole = made(tokens).detach()
    assert whole.shape == (9, 20, 5)
    assert float((by_steps(made, tokens) - whole).abs().max()) < 1e-5 * float(whole.abs().max())


def test_an_output_has_seen_the_tokens_before_it_and_no_others() -> None:
    made = network()
    tokens = torch.randint(V, (1, 8), generator=generator())
    before = made(tokens)
    for t in range(8):
        changed = tokens.clone()
        changed[0, t] = (changed[0, t] + 1) % V
        moved = (made(changed) - before).detach().abs().amax(2)[0]
        assert float(moved[: t + 1].max()) < 1e-5
        assert bool((moved[t + 1 :] > 1e-4).all())


def test_places_matter() -> None:
    made = network()
    tokens = torch.tensor([[1, 2, 3], [2, 1, 3]])
    outputs = made(tokens)
    assert not torch.allclose(outputs[0, 2], outputs[1, 2])


def test_a_step_leaves_the_state_it_was_given_and_rows_can_leave() -> None:
    made = network()
    tokens = torch.randint(V, (4, 6), generator=generator(1))
    _, state = made.step(torch.full((4,), V), made.initial_state(4))
    copies = tuple(memory.clone() for memory in state)
    both, _ = made.step(tokens[:, 0], state)
    assert all(torch.equal(memory, copy) for memory, copy in zip(state, copies, strict=True))
    rows = torch.tensor([2, 0])
    some, _ = made.step(tokens[rows, 0], tuple(memory[rows] for memory in state))
    torch.testing.assert_close(some, both[rows])


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValidationError, match="heads is 3, expected a divisor of width 16"):
        TransformerSettings(width=16, heads=3)
