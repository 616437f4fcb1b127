"""Candidates that nothing is paid for are ranked by how usual they are, not by log p."""

from __future__ import annotations

import torch

from kit import generator
from sequence_tutor.melody.encoding import FIRST_NOTE, HOLD
from sequence_tutor.prior.finding import shipped_prior
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.sampling.measure import log_likelihood
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.studio.typical import density, typical_of

from .conftest import Client

STEPS = 64


def test_a_held_note_is_likelier_than_any_tune_and_the_most_unusual() -> None:
    prior = shipped_prior("tunes").prior
    usual = rollout(prior, 64, STEPS, generator()).batch
    dull = torch.full((1, STEPS), HOLD)
    dull[0, 0] = FIRST_NOTE + 12
    others = rollout(prior, 8, STEPS, generator(1)).batch
    batch = SequenceBatch.full(torch.cat([dull, others.tokens]))
    likely = [one / STEPS for one in log_likelihood(prior, batch, 0)]
    assert likely[0] == max(likely)
    rows = [{"log_prior_per_token": one} for one in likely]
    unusual = typical_of(prior, usual)(batch, rows)
    assert unusual[0] == max(unusual)
    middle = sorted(typical_of(prior, usual)(usual, _rows(prior, usual)))[32]
    assert 1 < middle < 3  # two figures, each in units of its own median distance


def _rows(prior: Prior, batch: SequenceBatch) -> list[dict[str, float]]:
    return [{"log_prior_per_token": one / STEPS} for one in log_likelihood(prior, batch, 0)]


def test_density_counts_notes_that_begin() -> None:
    batch = SequenceBatch.from_lists([[14, 1, 16, 0], [1, 1, 14]])
    assert density(batch).tolist() == [0.5, 1 / 3]


def test_the_page_gets_the_most_usual_first(client: Client) -> None:
    reply = client.post("/v1/generate", bars=4, count=6, seed=3)
    unusual = [one["properties"]["unusual"] for one in reply["candidates"]]
    assert unusual == sorted(unusual)
    steered = client.post("/v1/generate", bars=4, count=2, seed=3, weights={"key": 1.0})
    assert "unusual" not in steered["candidates"][0]["properties"]
