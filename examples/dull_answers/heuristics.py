"""Three rewards of a dialogue's answer by heuristics, as rules of the domain text.

Li et al. 2016, *Deep reinforcement learning for dialogue generation*, section 4.2
(https://arxiv.org/abs/1606.01541). A line is `earlier turn / question / answer`: the first and the
last turn are one speaker's. Beside this file are three priors of lines that the paper's
sequence-to-sequence models are here: `dialogues` of whole lines, `replies` of `answer / reply`, and
`questions`, backward, of `answer / question`.

1. Ease of answering: minus the mean log-probability a token of dull replies.
2. Information flow: -log sigmoid(cos(h, h')) of the speaker's two turns. The paper's h is an
   encoder's state; ours is which words a turn has. Without the sigmoid turns that share no word
   would be infinitely good.
3. Semantic coherence: log p(answer | earlier turn, question) + log p(question | answer), each
   divided by its number of tokens.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch

import sequence_tutor

DULL_REPLIES = ("i see", "oh ok", "never mind", "i do not know either")
WEIGHTS = {"ease": 0.25, "flow": 0.25, "coherence": 0.5}
"""Those of the paper."""
Turns = tuple[str, ...]
"""Earlier turn, question and answer."""
MALFORMED = -20.0
"""For a line that is not three turns, and log p a token of words that a model never saw."""


def ease(texts: Any) -> Any:
    """How unlikely a dull reply to the answer is, in nats a token."""
    return texts.at_end([_of_line(line, _ease) for line in texts.lines])


def flow(texts: Any) -> Any:
    """How much the answer differs from the same speaker's earlier turn, in nats."""
    return texts.at_end([_of_line(line, _flow) for line in texts.lines])


def coherence(texts: Any) -> Any:
    """How well answer and question fit each other, in nats a token."""
    return texts.at_end([_of_line(line, _coherence) for line in texts.lines])


def _of_line(line: str, judge: Callable[[Turns], float]) -> float:
    """What a judge says of its three turns."""
    turns = tuple(turn.strip() for turn in line.split("/"))
    return judge(turns) if len(turns) == 3 and all(turns) else MALFORMED


@cache
def _ease(turns: Turns) -> float:
    each = [_per_token("replies", turns[2], reply) for reply in DULL_REPLIES]
    return -sum(each) / len(each)


@cache
def _flow(turns: Turns) -> float:
    one, other = set(turns[0].split()), set(turns[2].split())
    cosine = len(one & other) / math.sqrt(len(one) * len(other))
    return math.log1p(math.exp(-cosine))


@cache
def _coherence(turns: Turns) -> float:
    earlier, question, answer = turns
    forward = _per_token("dialogues", f"{earlier} / {question}", answer)
    return forward + _per_token("questions", answer, question)


@cache
def _model(name: str) -> Any:
    return sequence_tutor.load_model(Path(__file__).parent / name)


@cache
@torch.no_grad()
def _per_token(name: str, given: str, then: str) -> float:
    """(1 / N) log p(then | given) of a prior, its end included; it never saw some words."""
    model = _model(name)
    vocabulary = model.domain.vocabulary
    try:
        begun = vocabulary.encode(f"{given} /", end=False)
        tokens = begun + vocabulary.encode(then)
    except sequence_tutor.UserError:
        return MALFORMED
    log_probs = model.policy.sequence_log_probs(torch.tensor([tokens]))[0]
    own = [float(log_probs[t, tokens[t]]) for t in range(len(begun), len(tokens))]
    return sum(own) / len(own)
