"""Sampling with a tutor: both ends exact, values at work, refusals."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sequence_tutor.cli import main
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import Model, prior_of
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.randomness import named_generator
from sequence_tutor.sampling.measure import score
from sequence_tutor.sampling.smc import ValuedPolicy, sequential_monte_carlo
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.verbs.sample import sample
from sequence_tutor.verbs.tune import tune
from sequence_tutor.workbench.tutored import (
    BATCH,
    Tutoring,
    best_by_value,
    tutored_source,
    with_prior,
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "psi"
    small = {"steps": 150, "batch": 64, "collect": 64, "evaluate_samples": 64, "c": 2.0}
    tune("toy", folder, overrides={"tune": small}, threads=1, quiet=True)
    return folder


@pytest.fixture(scope="module")
def model(run: Path) -> Model:
    return load_model(run)


def same(one: SequenceBatch, other: SequenceBatch) -> bool:
    return torch.equal(one.tokens, other.tokens) and torch.equal(one.lengths, other.lengths)


def mean_reward(model: Model, tutoring: Tutoring) -> float:
    draw = tutored_source(model, tutoring, 6, (), 1.0)
    generator = named_generator(0, "test")
    batch = SequenceBatch.full(torch.cat([draw(generator).tokens for _ in range(4)]))
    return float(score(model.reward, batch).sum((1, 2)).mean())


def test_strength_0_is_the_prior_and_1_the_tuned_model(model: Model) -> None:
    none = sample(model, 50, seed=3, tutoring=Tutoring(strength=0.0), quiet=True).batch
    assert same(none, sample(prior_of(model), 50, seed=3, quiet=True).batch)
    full = sample(model, 50, seed=3, tutoring=Tutoring(), quiet=True).batch
    assert same(full, sample(model, 50, seed=3, quiet=True).batch)
    assert not same(none, full)


def test_more_advice_more_reward(model: Model) -> None:
    rewards = [mean_reward(model, Tutoring(strength=x)) for x in (0.0, 0.5, 1.0, 2.0)]
    assert rewards == sorted(rewards)
    plain = rewards[0]
    # of four sequences of the prior the one that the values like best: nothing is scored for it
    assert mean_reward(model, Tutoring(strength=0.0, best_of=4)) > plain + 0.5


def test_particles_reach_the_optimum_where_the_policy_does_not(model: Model) -> None:
    from sequence_tutor.evaluation.exact_optimum import exact_optimum, exact_rewards
    from sequence_tutor.exact import SequenceSpace

    log_optimum, _ = exact_optimum(model.task, SequenceSpace(4, 6), 0.7)
    best = float((log_optimum.exp() * exact_rewards(model.task, SequenceSpace(4, 6))).sum())
    reached = mean_reward(model, Tutoring(smc=True, c=0.7))
    assert mean_reward(model, Tutoring()) < best - 1
    assert reached == pytest.approx(best, abs=0.6)


def test_values_that_were_learned_at_the_first_state_alone_are_no_twists(model: Model) -> None:
    assert model.tune is not None
    balance = replace(model, tune=model.tune.model_copy(update={"paths": "first"}))

    def drawn(tutor: Model) -> SequenceBatch:
        draw = tutored_source(tutor, Tutoring(smc=True, c=0.7), 6, (), 1.0)
        return draw(named_generator(0, "test"))

    assert isinstance(model.policy, ValuedPolicy)
    generator = named_generator(0, "test")
    particles = sequential_monte_carlo(
        model.policy, model.task, 0.7, BATCH, generator, twisted=False
    )
    weights = particles.log_weights.softmax(0)
    rows = weights.multinomial(BATCH, replacement=True, generator=generator)
    assert same(drawn(balance), particles.batch[rows])
    assert not same(drawn(model), drawn(balance))


def test_the_best_of_each_group_by_advantage(model: Model) -> None:
    batch = sample(model, 12, quiet=True).batch
    chosen = best_by_value(model, batch, 0, 4)
    assert len(chosen) == 3
    log_ratio = model.policy.sequence_log_probs(
        batch.tokens
    ) - model.stored.prior.sequence_log_probs(batch.tokens)
    total = log_ratio.gather(2, batch.tokens[:, :, None]).sum((1, 2))
    for group in range(3):
        row = 4 * group + int(total[4 * group : 4 * group + 4].argmax())
        assert torch.equal(chosen.tokens[group], batch.tokens[row])


@pytest.mark.parametrize(
    ("tutoring", "complaint"),
    [
        (Tutoring(strength=2.5), "strength is 2.5, expected 0 to 2"),
        (Tutoring(best_of=0), "best-of is 0, expected 1 to 1024"),
        (Tutoring(smc=True, strength=0.5), "expected strength 1 and no best-of"),
        (Tutoring(c=2.0), "only smc has one"),
        (Tutoring(smc=True, c=-1.0), "c is -1.0, expected a number greater than 0"),
    ],
)
def test_refusals(model: Model, tutoring: Tutoring, complaint: str) -> None:
    with pytest.raises(UserError) as error:
        sample(model, 5, tutoring=tutoring, quiet=True)
    assert complaint in str(error.value)


def test_who_cannot_tutor(model: Model) -> None:
    with pytest.raises(UserError, match="a prior, expected a tuned run"):
        sample(prior_of(model), 5, tutoring=Tutoring(), quiet=True)
    assert model.tune is not None
    hard = replace(model, tune=model.tune.model_copy(update={"algorithm": "q"}))
    for tutoring in (Tutoring(smc=True), Tutoring(best_of=2)):
        with pytest.raises(UserError, match="q learns the value of the single best sequence"):
            sample(hard, 5, tutoring=tutoring, quiet=True)
    with pytest.raises(UserError, match="expected 1 with smc"):
        sample(model, 5, temperature=2.0, tutoring=Tutoring(smc=True), quiet=True)


def test_another_prior_is_advised_and_not_replaced(model: Model) -> None:
    assert with_prior(model, prior_of(model)) is model
    prior = copy.deepcopy(model.stored.prior)
    assert isinstance(prior, NeuralPrior)
    with torch.no_grad():
        prior.network.head.bias[1] += 3  # it likes token 1 twenty times as much
    other = replace(prior_of(model), name="other", stored=replace(model.stored, prior=prior))
    draw = tutored_source(with_prior(model, other), Tutoring(), 6, (), 1.0)
    generator = named_generator(0, "test")
    first = torch.cat([draw(generator).tokens[:, 0] for _ in range(4)])
    advised = model.policy.sequence_log_probs(torch.zeros(1, 1, dtype=torch.int64))[0, 0]
    advised[1] += 3
    shares = first.bincount(minlength=4) / len(first)
    torch.testing.assert_close(shares, advised.softmax(-1), atol=0.03, rtol=0)


def test_another_prior_must_have_the_same_tokens(molecule_prior: Path) -> None:
    model = load_model(molecule_prior)
    assert with_prior(model, load_model(molecule_prior)).policy is model.policy
    facts = {**model.stored.card["molecule"], "tokens": ["C", "O", "N"]}  # as many, otherwise put
    other = replace(model, name="other", stored=replace(model.stored, card={"molecule": facts}))
    with pytest.raises(UserError, match="other: its tokens are others"):
        with_prior(model, other)


def test_on_the_command_line(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def drawn(*arguments: str) -> str:
        out = tmp_path / "-".join(arguments).replace("/", "_")
        given = ["sample", *arguments, "--out", str(out), "-n", "9", "--threads", "1", "--quiet"]
        assert main(given) == 0
        return (out / "sequences.jsonl").read_text()

    assert drawn("--tutor", str(run)) == drawn(str(run))
    assert drawn("--tutor", str(run), "--strength", "0") != drawn(str(run))
    assert len(drawn("--tutor", str(run), "--smc", "--c", "1").splitlines()) == 9
    assert len(drawn("--tutor", str(run), "--best-of", "3").splitlines()) == 9
    for given, complaint in (
        ([], "RUN|PRIOR or --tutor RUN must be given"),
        ([str(run), "--strength", "2"], "need a run that advises: say which with --tutor RUN"),
        ([str(run), "--tutor", str(run)], "a tuned run, expected the prior"),
    ):
        assert main(["sample", *given, "--out", str(tmp_path / "x")]) == 2
        assert complaint in capsys.readouterr().err
