"""Training a small prior: it learns, stops, and resumes as if never interrupted."""

import copy
from math import log
from pathlib import Path
from typing import Any

import pytest
import torch

from kit import silent
from sequence_tutor.domain.token_sequences import TokenSequences
from sequence_tutor.errors import Remark, UserError
from sequence_tutor.models import Network, RecurrentNetwork, RecurrentSettings
from sequence_tutor.pretraining.loss import mean_nll, token_nll
from sequence_tutor.pretraining.settings import PretrainSettings
from sequence_tutor.pretraining.trainer import LOG_FILE, PriorTrainer
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.progress import Advance
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.run_log import read_log

V = 4
SETTINGS = PretrainSettings(
    network=RecurrentSettings(width=8), steps=30, batch=8, window=16, crop_grid=4, evaluate_every=10
)

EPOCHS = SETTINGS.model_copy(update={"order": "bucketed", "crop": 0.0, "precision": "bfloat16"})


def data(seed: int, count: int = 40) -> TokenSequences:
    """Rising sequences, a token now and then held: p(held) = 1/4."""
    generator = torch.Generator().manual_seed(seed)
    steps = torch.rand(count, 12, generator=generator) > 0.25
    return TokenSequences((steps.long().cumsum(1) % V).tolist())


def trainer(folder: Path, settings: PretrainSettings = SETTINGS, seed: int = 0) -> PriorTrainer:
    return PriorTrainer(data(seed), data(seed + 1), V, settings, folder)


def interrupting_after(steps: int) -> Advance:
    """Progress that is interrupted in the update after `steps` of them."""
    counted = 0

    def advance(n: int = 1, /, **_live_values: float | str) -> None:
        nonlocal counted
        counted += n
        if counted > steps:
            raise KeyboardInterrupt

    return advance


def assert_equal_weights(one: torch.nn.Module, other: torch.nn.Module) -> None:
    for first, second in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(first, second)


@pytest.mark.parametrize(
    "updates", [*(pytest.param(at, marks=pytest.mark.long) for at in (3, 10)), 17]
)
@pytest.mark.parametrize("settings", [SETTINGS, EPOCHS], ids=["drawn", "epochs"])
def test_an_interrupted_training_ends_bit_for_bit_as_one_that_was_not(
    tmp_path: Path, updates: int, settings: PretrainSettings
) -> None:
    whole = trainer(tmp_path / "whole", settings)
    whole.run(silent)
    cut = trainer(tmp_path / "cut", settings)
    with pytest.raises(KeyboardInterrupt):
        cut.run(interrupting_after(updates))
    torch.manual_seed(99)  # no global state takes part
    resumed = trainer(tmp_path / "cut", settings)
    assert resumed.progress.step == updates // 10 * 10  # the last look at validation
    resumed.run(silent)
    assert_equal_weights(resumed.network, whole.network)
    assert_equal_weights(resumed.best, whole.best)
    for record, expected in zip(
        read_log(tmp_path / "cut" / LOG_FILE), read_log(tmp_path / "whole" / LOG_FILE), strict=True
    ):
        assert {**record, "seconds": 0} == {**expected, "seconds": 0}


def test_a_finished_training_has_nothing_left_to_do(tmp_path: Path) -> None:
    first = trainer(tmp_path)
    first.run(silent)
    again = trainer(tmp_path)
    assert again.finished
    assert_equal_weights(again.run(silent).network, first.best)


def test_a_folder_of_another_training_is_refused(tmp_path: Path) -> None:
    trainer(tmp_path).run(silent)
    other = SETTINGS.model_copy(update={"learning_rate": 0.5})
    with pytest.raises(UserError, match="other settings, data or first weights"):
        trainer(tmp_path, other)


def test_going_on_from_a_network_begins_with_its_weights_and_leaves_it_alone(
    tmp_path: Path,
) -> None:
    given = trainer(tmp_path / "first").run(silent).network
    before = copy.deepcopy(given)

    def further(network: Network, steps: int = 30) -> PriorTrainer:
        settings = SETTINGS.model_copy(update={"steps": steps})
        return PriorTrainer(
            data(0), data(1), V, settings, tmp_path / f"further_{steps}", begin_with=network
        )

    begun = further(given)
    assert_equal_weights(begun.network, given)
    begun.run(silent)
    assert_equal_weights(given, before)
    assert not torch.equal(begun.network.head.weight, given.head.weight)
    assert begun.progress.best_nll < mean_nll(given, data(1))
    assert_equal_weights(further(given).best, begun.best)  # finished, and read again
    with pytest.raises(UserError, match="other settings, data or first weights"):
        further(begun.best)


def test_it_learns_a_pattern_close_to_its_entropy(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(
        update={"steps": 200, "evaluate_every": 50, "learning_rate": 0.02}
    )
    trained = trainer(tmp_path, settings)
    before = mean_nll(trained.network, trained.validation)
    prior = trained.run(silent)
    # entropy of 1/4 against 3/4 is .562 nats a token; the first token is no different
    assert before > 1.2
    assert trained.progress.best_nll < 0.65
    log_probs = prior.sequence_log_probs(torch.tensor([[1, 2, 3, 0]]))
    assert log_probs.argmax(-1).tolist()[0][1:] == [2, 3, 0]


def test_in_bfloat16_it_learns_nearly_the_same_and_weights_stay_float32(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"steps": 200, "learning_rate": 0.02})
    best, precisions = [], []
    for precision in ("float32", "bfloat16"):
        chosen = settings.model_copy(update={"precision": precision})
        trained = trainer(tmp_path / precision, chosen)
        trained.run(silent)
        best.append(trained.progress.best_nll)
        assert {parameter.dtype for parameter in trained.network.parameters()} == {torch.float32}
        precisions.append(trained.precision)
    assert (best[0] != best[1]) == (precisions == ["float32", "bfloat16"])
    assert best[0] == pytest.approx(best[1], abs=0.02)


def test_where_there_are_no_such_products_float32_is_used_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a processor without AVX-512, for whose LSTM oneDNN has none."""
    products = torch.lstm

    def without_bfloat16(*given: Any) -> Any:
        if torch.is_autocast_enabled("cpu"):
            raise RuntimeError("could not create a primitive descriptor")
        return products(*given)

    monkeypatch.setattr("torch.nn.modules.rnn._VF.lstm", without_bfloat16)
    plain = trainer(tmp_path / "plain")
    with pytest.warns(Remark, match="bfloat16 products are not possible on this machine"):
        rounded = trainer(tmp_path / "other", SETTINGS.model_copy(update={"precision": "bfloat16"}))
    for one in (plain, rounded):
        one.run(silent)
    assert rounded.progress.best_nll == plain.progress.best_nll


@pytest.mark.long
def test_epochs_of_like_lengths_do_not_prefer_short_sequences(tmp_path: Path) -> None:
    short, long = [0, 2], [1] * 19 + [2]
    both = TokenSequences([short, long] * 40)
    settings = EPOCHS.model_copy(
        update={"steps": 800, "learning_rate": 0.02, "window": 32, "evaluate_every": 100}
    )
    prior = PriorTrainer(both, both, V, settings, tmp_path).run(silent)
    first = prior.sequence_log_probs(torch.tensor([short]))[0, 0].exp()
    # as many begin with 0 as with 1; each batch alike would give the short ones 10/11
    assert first[:2].tolist() == pytest.approx([0.5, 0.5], abs=0.1)


def test_a_probe_is_asked_at_every_look_and_changes_nothing(tmp_path: Path) -> None:
    def probe(prior: NeuralPrior) -> dict[str, float]:
        torch.rand(3)  # the global generator takes no part
        assert not any(parameter.requires_grad for parameter in prior.network.parameters())
        return {"bias": float(prior.network.head.bias.sum())}

    plain = trainer(tmp_path / "plain")
    plain.run(silent)
    probed = PriorTrainer(data(0), data(1), V, SETTINGS, tmp_path / "probed", probe=probe)
    probed.run(silent)
    assert_equal_weights(probed.network, plain.network)
    records = read_log(tmp_path / "probed" / LOG_FILE)
    assert len(records) == 3
    assert records[-1]["samples"]["bias"] == float(probed.network.head.bias.detach().sum())


def test_a_forget_bias_is_added_to_the_forget_gates_of_an_lstm_alone(tmp_path: Path) -> None:
    plain = trainer(tmp_path / "plain").network
    settings = SETTINGS.model_copy(update={"forget_bias": 1.0})
    biased = trainer(tmp_path / "biased", settings).network
    assert isinstance(plain, RecurrentNetwork)
    assert isinstance(biased, RecurrentNetwork)
    (_, recurrent, bias, recurrent_bias), (_, theirs, own, recurrent_own) = (
        network.recurrence.all_weights[0] for network in (plain, biased)
    )
    assert torch.allclose(own - bias, torch.tensor([0.0] * 8 + [1.0] * 8 + [0.0] * 16))
    assert torch.equal(recurrent, theirs)
    assert torch.equal(recurrent_bias, recurrent_own)


def test_it_stops_when_validation_no_longer_improves_and_keeps_the_best(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(
        update={"steps": 4000, "evaluate_every": 5, "patience": 3, "learning_rate": 0.3}
    )
    trained = trainer(tmp_path, settings.model_copy(update={"schedule": "constant"}))
    prior = trained.run(silent)
    assert trained.progress.step == trained.progress.best_step + 15
    assert trained.progress.step < 4000
    assert mean_nll(prior.network, trained.validation) == pytest.approx(
        trained.progress.best_nll, rel=1e-6
    )
    nlls = [record["validation_nll"] for record in trained.log.records]
    assert min(nlls) == trained.progress.best_nll


def test_a_diverging_training_says_so(tmp_path: Path) -> None:
    broken = trainer(tmp_path)
    with torch.no_grad():
        broken.network.head.bias[0] = torch.nan
    with pytest.raises(UserError, match=r"diverged at step 0.*learning rate below 0\.008"):
        broken.run(silent)


def test_learning_rates_by_hand(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"learning_rate": 0.5, "steps": 4000})
    cosine = trainer(tmp_path, settings)
    assert cosine.learning_rate(0) == pytest.approx(0.5 / 50)
    assert cosine.learning_rate(2000) == pytest.approx(0.25)
    assert cosine.learning_rate(4000) == pytest.approx(0)
    falling = trainer(tmp_path, settings.model_copy(update={"schedule": "exponential"}))
    assert falling.learning_rate(999) == 0.5
    assert falling.learning_rate(2500) == pytest.approx(0.5 * 0.85**2)


def certain(token: int, probability: float) -> RecurrentNetwork:
    """Gives one token the probability, and the others equal shares of the rest, always."""
    network = RecurrentNetwork(RecurrentSettings(width=2), V, outputs=V)
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.fill_(log((1 - probability) / (V - 1)))
        network.head.bias[token] = log(probability)
    return network


def test_the_loss_masks_padding_and_first_tokens() -> None:
    network = certain(1, 0.7)
    batch = SequenceBatch.from_lists([[1, 2, 1], [2, 1]])
    likely, unlikely = -log(0.7), -log(0.1)
    assert token_nll(network, batch).item() == pytest.approx((3 * likely + 2 * unlikely) / 5)
    # without the first of each: 2 1 and 1
    assert token_nll(network, batch, 1).item() == pytest.approx((2 * likely + unlikely) / 3)
    assert bool(batch.mask[:, 0].all())


def test_masked_first_tokens_still_are_what_later_ones_are_predicted_from() -> None:
    network = RecurrentNetwork(RecurrentSettings(width=8), V, outputs=V)
    losses = [
        token_nll(network, SequenceBatch.from_lists([[first, 2, 1]]), skip=2).item()
        for first in range(V)
    ]
    assert len(set(losses)) == V


def test_mean_nll_counts_every_token_once() -> None:
    network = certain(1, 0.7)
    sequences = TokenSequences([[1], [1, 1, 1, 2]] * 70)  # more than one batch
    expected = (4 * -log(0.7) - log(0.1)) / 5
    assert mean_nll(network, sequences) == pytest.approx(expected)
