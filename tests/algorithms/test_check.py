"""Every algorithm keeps its promises, and the first broken one is named."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

import sequence_tutor as st
from sequence_tutor.algorithms import ActionValueMethod, find_algorithm
from sequence_tutor.algorithms.action_values import PsiLearning
from sequence_tutor.algorithms.algorithm import Graded
from sequence_tutor.algorithms.registry import SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_ours_keep_them(name: str) -> None:
    st.check_algorithm(find_algorithm(name))


class Unmasked(PsiLearning):
    def grade(self, settings: Any, said: Any, seen: Any) -> Graded:
        graded = super().grade(settings, said, seen)
        return replace(graded, loss=graded.loss + said.values.square().mean())


class Chance(PsiLearning):
    def grade(self, settings: Any, said: Any, seen: Any) -> Graded:
        graded = super().grade(settings, said, seen)
        return replace(graded, loss=graded.loss * torch.rand(()))


class Writes(PsiLearning):
    def grade(self, settings: Any, said: Any, seen: Any) -> Graded:
        seen.reward.zero_()
        return super().grade(settings, said, seen)


class Detached(PsiLearning):
    def grade(self, settings: Any, said: Any, seen: Any) -> Graded:
        graded = super().grade(settings, said, seen)
        return replace(graded, loss=graded.loss.detach())


class ByToken(PsiLearning):
    def grade(self, settings: Any, said: Any, seen: Any) -> Graded:
        graded = super().grade(settings, said, seen)
        return replace(graded, by_sequence=said.values.detach().mean(2))


class Fails(PsiLearning):
    def grade(self, settings: Any, said: Any, seen: Any) -> Graded:
        raise IndexError("no such token")


class Unnormalised(PsiLearning):
    def policy(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        return values


class HasNoPolicy(PsiLearning):
    def policy(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        raise KeyError("no policy")


class Float(PsiLearning):
    def grade(self, settings: Any, said: Any, seen: Any) -> Graded:
        graded = super().grade(settings, said, seen)
        return replace(graded, loss=float(graded.loss.detach()))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (Unmasked, "the loss depends on values beyond the end of a sequence"),
        (Chance, "and then .* for one batch, expected the same number"),
        (Writes, "grade wrote into the batch"),
        (Detached, "the loss has no gradient"),
        (ByToken, r"by_sequence has shape \(6, 4\), expected \(6,\)"),
        (Fails, r"grade failed \(IndexError: no such token\)"),
        (Unnormalised, "the probabilities of policy sum to"),
        (HasNoPolicy, r" failed at line \d+ of .*test_check.py: KeyError: 'no policy'"),
        (Float, "the loss is a float, expected a tensor"),
    ],
)
def test_a_broken_promise_is_named(broken: Any, sentence: str) -> None:
    with pytest.raises(st.UserError, match=f"algorithm psi.*{sentence}"):
        st.check_algorithm(broken())


def test_what_is_none_is_refused() -> None:
    with pytest.raises(st.UserError, match="expected an object of a class that derives from"):
        st.check_algorithm(ActionValueMethod)  # type: ignore[arg-type]
