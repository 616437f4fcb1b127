"""How well a prior predicts unseen sequences, compared with n-gram models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from sequence_tutor.domain.token_sequences import TokenSequences
from sequence_tutor.objectives.action_values import taken
from sequence_tutor.pretraining.loss import WHOLE
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.prior.ngram import NGramPrior
from sequence_tutor.progress import Advance, progress

NGRAM_ORDERS = range(1, 9)
NGRAM_SEQUENCES = 50_000
"""Most training sequences in which n-grams are counted, to limit memory."""


def held_out_report(
    prior: NeuralPrior,
    train: TokenSequences,
    test: TokenSequences,
    note_tokens: Sequence[int],
    *,
    quiet: bool = False,
) -> dict[str, Any]:
    """NLL, perplexity and accuracy per token on the test set.

    Returns:
        `test_nll` in nats, `test_perplexity`, `test_accuracy` (of the likeliest token),
        `test_accuracy_notes` (on note tokens only, if there are any), `test_tokens`, and
        `ngram_perplexity` by order.
    """
    with progress("predicting the test set", len(test), quiet=quiet) as advance:
        found = _network_report(prior, test, note_tokens, advance)
    rows = _spread(train, NGRAM_SEQUENCES).rows()
    orders = [order for order in NGRAM_ORDERS if (prior.vocab_size + 1) ** order < 2**63]
    perplexity = {}
    with progress("counting n-grams", len(orders), quiet=quiet) as advance:
        for order in orders:
            model = NGramPrior(order, prior.vocab_size, rows)
            perplexity[str(order)] = math.exp(_ngram_nll(model, test))
            advance(1)
    return {**found, "test_tokens": int(test.lengths.sum()), "ngram_perplexity": perplexity}


def _network_report(
    prior: NeuralPrior, test: TokenSequences, note_tokens: Sequence[int], advance: Advance
) -> dict[str, float]:
    nll, right, notes, right_notes, total = 0.0, 0, 0, 0, 0
    wanted = torch.tensor(note_tokens, device=prior.device)
    for batch in test.batches(64, window=WHOLE):
        batch = batch.to(prior.device)
        log_probs = prior.sequence_log_probs(batch.tokens)  # (B, T, V)
        nll -= taken(log_probs, batch.tokens)[batch.mask].sum().item()
        hit = (log_probs.argmax(-1) == batch.tokens)[batch.mask]
        is_note = torch.isin(batch.tokens, wanted)[batch.mask]
        total += len(hit)
        right += int(hit.sum())
        notes += int(is_note.sum())
        right_notes += int((hit & is_note).sum())
        advance(len(batch))
    return {
        "test_nll": nll / total,
        "test_perplexity": math.exp(nll / total),
        "test_accuracy": right / total,
        **({"test_accuracy_notes": right_notes / notes} if notes else {}),
    }


def _spread(sequences: TokenSequences, most: int) -> TokenSequences:
    """At most `most` of the sequences, evenly spread."""
    step = -(-len(sequences) // most)
    return sequences.select(torch.arange(0, len(sequences), step))


def _ngram_nll(model: NGramPrior, test: TokenSequences) -> float:
    nll, tokens = 0.0, 0
    for batch in test.batches(64, window=WHOLE):
        nll -= model.token_log_probs(batch)[batch.mask].sum().item()
        tokens += int(batch.lengths.sum())
    return nll / tokens
