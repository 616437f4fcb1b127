"""Scripts of `examples/` do what their pages say, in small."""

from __future__ import annotations

import importlib.util
import re
from math import exp, log
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from kit import silent
from sequence_tutor.config.presets import build
from sequence_tutor.randomness import named_generator
from sequence_tutor.replay.sampling import Drawn
from sequence_tutor.replay.sequences import Stored
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.text.view import TextView
from sequence_tutor.text.vocabulary import TextVocabulary
from sequence_tutor.toy import make_toy
from sequence_tutor.tuner.learner import Update
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.settings import TuneSettings

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
WORDS = TextVocabulary.of_lines(
    [
        "how was work today / it fine mine long because we won / i do not know",
        "have no idea am sure what you mean",
    ],
    "words",
)
V = len(WORDS.tokens) + 1
HUNK = re.compile(r"```diff\n(.*?)```", re.DOTALL)


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_a_bias_is_removed_and_nothing_else(tmp_path: Path) -> None:
    biased, kept, cost = script("removing_a_bias").run(
        tmp_path, lines=4000, steps=400, samples=4000, seeds=(0,)
    )
    for shares in biased.values():
        assert abs(shares["prior"][0] - 0.5) > 0.15
        for way in ("shares", "held", "quotient"):
            assert abs(shares[way][0] - 0.5) < 0.1
    for values in kept.values():
        for way in ("held", "quotient"):
            assert abs(values[way][0] - values["prior"][0]) < 0.04
    (kl,) = cost.values()
    she = {name: own["prior"][0] for name, own in biased.items()}
    each = {name: (log(0.5 / one) + log(0.5 / (1 - one))) / 2 for name, one in she.items()}
    least = sum(kept[name]["prior"][0] * of for name, of in each.items())
    assert kl["quotient"][0] == pytest.approx(least, abs=0.1)
    assert kl["held"][0] == pytest.approx(least, abs=0.1)
    # where only the shares are aimed at, occupations with a dear one become rarer
    weights = {name: kept[name]["prior"][0] * exp(-of) for name, of in each.items()}
    for name, weight in weights.items():
        assert kept[name]["shares"][0] == pytest.approx(weight / sum(weights.values()), abs=0.04)


@pytest.mark.slow
def test_fewer_dull_answers_and_the_prior_keeps_variety(tmp_path: Path) -> None:
    example = script("dull_answers")
    found = example.run(tmp_path, samples=500, seeds=(1,))
    prior, policies = found["prior"][0], {name: found[name][0] for name in example.UPDATES}
    for own in policies.values():
        assert own["dull answers"] < prior["dull answers"] - 0.05
        assert own["ease"] > prior["ease"]
    assert policies["psi"]["distinct dialogues"] > policies["reinforce"]["distinct dialogues"]
    assert prior["KL, nats a dialogue"] == pytest.approx(0.0, abs=1e-6)


def test_rewards_of_dialogues_by_hand() -> None:
    """A uniform model, whose log p a token is -log V whatever is asked."""
    example = script("dull_answers")
    uniform = SimpleNamespace(
        domain=SimpleNamespace(vocabulary=WORDS),
        policy=SimpleNamespace(
            sequence_log_probs=lambda tokens: torch.full((*tokens.shape, V), -log(V))
        ),
    )
    source = example.RULES.format(dull=example.DULL, forward="forward", backward="backward")
    rules: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sequence_tutor.load_model", lambda _folder: uniform)
        exec(compile(source, "rewards", "exec"), rules)
    lines = [
        "how was work today / it was fine / mine was long because we won",
        "how was / i am not",
        "/ / fine",
        "/ it was /",
    ]
    texts = TextView(SequenceBatch.from_lists([WORDS.encode(line) for line in lines]), WORDS)
    second = 8  # the token of the second separator
    ease, flow, coherence = (rules[name](texts) for name in ("ease", "flow", "coherence"))
    assert ease.nonzero().tolist() == [[0, second]]
    assert ease[0, second].item() == pytest.approx(log(V))
    common, sizes = 1, 4 * 6  # of "how was work today" and the last turn: "was"
    assert flow.sum(1).tolist() == pytest.approx([-log(common / sizes**0.5), 0.0, 0.0, 0.0])
    assert coherence.sum(1).tolist() == pytest.approx([-2 * log(V), -8.0, -8.0, -8.0])
    assert coherence[0].nonzero().tolist() == [[second]]


def g_loop() -> dict[str, Any]:
    """The page of Psi with the changes that docs/algorithms/g.md shows."""
    source = (EXAMPLES / "psi_loop.py").read_text()
    hunks = HUNK.findall((ROOT / "docs" / "algorithms" / "g.md").read_text())
    assert len(hunks) == 2
    for hunk in hunks:
        lines = hunk.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] != "+")
        assert source.count(before) == 1
        source = source.replace(before, "".join(line[1:] for line in lines if line[0] != "-"))
    made: dict[str, Any] = {"__name__": "g_loop"}
    exec(compile(source, "g_loop", "exec"), made)
    return made


@pytest.mark.parametrize("algorithm", ["psi", "g"])
def test_the_loop_on_one_page_has_the_losses_of_the_tuner(algorithm: str, tmp_path: Path) -> None:
    page = vars(script("psi_loop")) if algorithm == "psi" else g_loop()
    toy = make_toy(0)
    tables = {
        "algorithm": algorithm,
        "n_steps": 1,
        "paths": "every",
        "c": page["C"],
        "steps": 12,
        "batch": page["BATCH"],
        "collect": page["BATCH"],
        "eta": page["ETA"],
        "collect_every": page["COLLECT_EVERY"],
        "replay": {"capacity": page["CAPACITY"], "fresh": page["FRESH"]},
        "optimiser": {"learning_rate": page["LEARNING_RATE"]},
        "evaluate_samples": 2,
    }
    settings = build(TuneSettings, tables, "the page")
    assert settings.replay.by_return == page["BY_RETURN"]
    assert settings.optimiser.gradient_norm == page["GRADIENT_NORM"]
    tuner = Tuner(Task(toy.prior, toy.reward, toy.space.length), settings, tmp_path)
    updates: list[Update] = []
    learn = tuner.learner.learn

    def noted(stored: Stored, step: int, drawn: Drawn | None = None) -> Update:
        updates.append(learn(stored, step, drawn))
        return updates[-1]

    tuner.learner.learn = noted  # type: ignore[method-assign]
    tuner.run(silent)

    def pays(tokens: torch.Tensor) -> torch.Tensor:
        return toy.reward(SequenceBatch.full(tokens)).float().sum(2)

    prior = page["Network"]()
    prior.load_state_dict(toy.prior.network.state_dict())
    losses = page["tune"](prior, pays, named_generator(settings.seed, "tuner"), settings.steps)
    assert [loss for loss, _ in losses] == pytest.approx([u.loss for u in updates], rel=1e-4)


@pytest.mark.long
def test_the_loop_on_one_page_comes_to_the_optimum() -> None:
    page = script("psi_loop")
    torch.manual_seed(0)
    prior, generator = page.Network(width=32), torch.Generator().manual_seed(0)
    *_, (_, values) = page.tune(prior, page.reward, generator, 300)
    assert page.divergence(values, prior, page.reward) < 0.01


def test_a_notebook_gives_every_part_as_an_object(tmp_path: Path) -> None:
    tuned, counting, lines = script("in_a_notebook").main(tmp_path / "run", 8)
    assert counting.sequences == 32
    assert [line["step"] for line in lines] == [0, 2, 4, 6, 8]
    assert tuned.reward.names == ("alternates",)
    # token 0 after the start and after 1, the second 1 repeats: 1, 1, 0
    assert tuned.reward(SequenceBatch.from_lists([[0, 1, 1]]))[0, :, 0].tolist() == [1, 1, 0]
    _, counting, lines = script("in_a_notebook").main(tmp_path / "limited", 8, 32)
    assert [line["step"] for line in lines] == [0, 2]


@pytest.mark.slow
def test_a_latent_space_is_trained_climbed_and_judged() -> None:
    pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
    page = script("smiles_vae")
    figures = page.run(molecules=600, scored=300, decoded=100, epochs=1, width=32)
    for way in ("at random", "of the best, decoded", "of the best, climbed"):
        assert 0 <= figures[way]["valid and distinct"] <= figures[way]["valid"] <= 1
    assert figures["best of the data"] >= figures["mean of the 100 best scored of the data"]


@pytest.mark.long  # torch.optim takes seconds to import
def test_latent_points_climb_what_is_predicted() -> None:
    page = script("smiles_vae")
    torch.manual_seed(0)
    model = page.AutoEncoder(5, 16)
    z = torch.randn(8, page.LATENT)
    climbed = page.climb(model, z)
    with torch.no_grad():
        before, after = model.predictor(z), model.predictor(climbed)
    assert bool((after > before).all())
    written = model.decode(z, 7, 4)
    assert all(len(row) <= 7 and 4 not in row[:-1] for row in written)
    tokens = torch.tensor([row + [0] * (7 - len(row)) for row in written])
    with torch.no_grad():  # what is decoded step by step is the likeliest of the whole pass
        likeliest = model.logits(z, tokens).argmax(2)
    for row, best in zip(written, likeliest.tolist(), strict=True):
        assert row == best[: len(row)]
