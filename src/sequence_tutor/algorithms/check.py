"""Does an algorithm keep its promises?"""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.algorithms.algorithm import Algorithm, Experience, Graded, Predicted
from sequence_tutor.algorithms.loss_settings import LossSettings
from sequence_tutor.errors import UserError, printable, shown, trying

ROWS, STEPS, SIZE = 6, 4, 5
"""B, T and V of the batch that an algorithm is tried on; its first sequence has two tokens."""
TOLERANCE = 1e-5


def check_algorithm(algorithm: Algorithm) -> None:
    """Grade a small batch twice, with other values where none count, and stop at the first fault.

    Whether it comes to its fixed point is measured by `verify --algorithms NAME`.

    Args:
        algorithm: an object of the class.

    Raises:
        UserError: one sentence that says what was found and what was expected.
    """
    name = f"algorithm {getattr(algorithm, 'name', type(algorithm).__name__)}"
    if not isinstance(algorithm, Algorithm) or not isinstance(getattr(algorithm, "name", 0), str):
        raise UserError(
            f"{name}: is {shown(algorithm)}, expected an object of a class that derives from "
            "sequence_tutor.algorithms.Algorithm and has a name"
        )
    with trying(name, algorithm):
        _check(name, algorithm)


def _check(name: str, algorithm: Algorithm) -> None:
    settings, seen = LossSettings(), _batch()
    values = _numbers(0, ROWS, STEPS, SIZE)
    said = _said(algorithm, values)
    copies = [(one, one.clone()) for one in vars(seen).values() if isinstance(one, Tensor)]
    graded = _graded(name, algorithm, settings, said, seen)
    if any(not torch.equal(one, copy) for one, copy in copies):
        raise UserError(f"{name}: grade wrote into the batch, expected it to be left as it is")
    _check_graded(name, graded, said.values)
    again = _graded(name, algorithm, settings, _said(algorithm, values), seen)
    if not torch.equal(graded.loss.detach(), again.loss.detach()):
        raise UserError(
            f"{name}: grade gave {graded.loss.item():g} and then {again.loss.item():g} for one "
            "batch, expected the same number"
        )
    changed = values.masked_fill(~seen.mask[..., None], 3.0)
    other = _graded(name, algorithm, settings, _said(algorithm, changed), seen)
    if abs(float(graded.loss.detach() - other.loss.detach())) > TOLERANCE:
        raise UserError(
            f"{name}: the loss depends on values beyond the end of a sequence, expected errors "
            "of the steps in learned alone"
        )
    _check_policy(name, algorithm, values)


def _batch() -> Experience:
    tokens = torch.randint(SIZE, (ROWS, STEPS), generator=torch.Generator().manual_seed(1))
    lengths = torch.tensor([2] + [STEPS] * (ROWS - 1))
    mask = torch.arange(STEPS) < lengths[:, None]
    log_prior = _numbers(2, ROWS, STEPS, SIZE).log_softmax(-1)
    taken = log_prior.gather(2, tokens[..., None])[..., 0].where(mask, 0.0)
    reward = _numbers(3, ROWS, STEPS).where(mask, 0.0)
    tokens = tokens.where(mask, 0)
    return Experience(tokens, mask, reward, taken, log_prior, mask, torch.ones(ROWS))


def _said(algorithm: Algorithm, values: Tensor) -> Predicted:
    """What the networks say: `values`, with gradient, and others where it has more networks."""
    learned = values.clone().requires_grad_()
    target = None if algorithm.target == "none" else _numbers(4, ROWS, STEPS, SIZE)
    critic = critic_target = None
    if algorithm.two_networks:
        critic = _numbers(5, ROWS, STEPS, SIZE).requires_grad_()
        critic_target = _numbers(6, ROWS, STEPS, SIZE)
    return Predicted(learned, learned.mean(-1), target, critic, critic_target)


def _graded(
    name: str, algorithm: Algorithm, settings: LossSettings, said: Predicted, seen: Experience
) -> Graded:
    try:
        graded = algorithm.grade(settings, said, seen)
    except Exception as error:
        raise UserError(
            f"{name}: grade failed ({type(error).__name__}: {printable(str(error))}), expected a "
            f"Graded of B = {ROWS} sequences of T = {STEPS} tokens out of V = {SIZE}"
        ) from error
    if not isinstance(graded, Graded):
        raise UserError(f"{name}: grade gave a {type(graded).__name__}, expected a Graded")
    return graded


def _check_graded(name: str, graded: Graded, values: Tensor) -> None:
    loss = graded.loss
    if not isinstance(loss, Tensor):
        raise UserError(f"{name}: the loss is a {type(loss).__name__}, expected a tensor")
    if loss.dim() or not bool(loss.detach().isfinite()):
        raise UserError(f"{name}: the loss is {shown(loss.tolist())}, expected one finite number")
    if not loss.requires_grad:
        raise UserError(f"{name}: the loss has no gradient, expected one through values")
    (gradient,) = torch.autograd.grad(loss, values, allow_unused=True)
    if gradient is None or not bool(gradient.isfinite().all()) or not bool(gradient.any()):
        raise UserError(f"{name}: the gradient of the loss is none, zero or not finite in values")
    for what, errors, shape in (
        ("by_sequence", graded.by_sequence, (ROWS,)),
        ("by_step", graded.by_step, (ROWS, STEPS)),
    ):
        if errors is None and what == "by_step":
            continue
        if errors is None or tuple(errors.shape) != shape or errors.requires_grad:
            found = None if errors is None else tuple(errors.shape)
            raise UserError(f"{name}: {what} has shape {found}, expected {shape}, without gradient")


def _check_policy(name: str, algorithm: Algorithm, values: Tensor) -> None:
    log_prior = _numbers(2, ROWS, STEPS, SIZE).log_softmax(-1)
    log_policy = algorithm.policy(values, log_prior if algorithm.mixes_prior else None)
    if log_policy.shape != values.shape:
        raise UserError(
            f"{name}: policy gave shape {tuple(log_policy.shape)}, expected {tuple(values.shape)}"
        )
    off = float(log_policy.logsumexp(-1).abs().max())
    if not off < TOLERANCE:
        raise UserError(
            f"{name}: the probabilities of policy sum to exp({off:g}), expected to 1: it gives "
            "log pi, normalised"
        )


def _numbers(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
