"""Fewer dull answers: rewards of Li et al. 2016 on a made-up dialogue, with and without a prior.

Li et al. 2016, *Deep reinforcement learning for dialogue generation* (arXiv:1606.01541), tune a
model of dialogue by policy gradients toward three rewards, here with their weights:

- ease, .25: -mean over dull answers s of log p(s | what was said) / tokens of s. An answer after
  which a dull one is unlikely is easy to answer.
- flow, .25: -log of the cosine of two turns of one speaker, who is not to repeat himself.
- coherence, .5: log p(answer | question) and log p(question | answer), a token.

Four differences: turns are compared by their words, not by a state of an encoder, and the cosine is
at least .05, or turns without a common word would be paid without end; a dialogue has three turns;
it is written as a whole, not simulated by two models; and each reward is paid where it is decided,
behind the second turn or at the end.

Dialogues are sentences of a small grammar, in which four answers in ten are dull. Three training
seeds each of `reinforce`, their method, which is held near the prior by nothing but coherence, and
of Psi-learning, whose objective contains the divergence from the prior.

    python examples/dull_answers.py --out runs/dull
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev

import sequence_tutor

SEEDS = (1, 2, 3)
UPDATES = {"reinforce": 320, "psi": 640}
"""By which each method has scored 40,960 dialogues."""

C = 0.05
"""Of Psi-learning; no other value was tried."""

OFF = {"repetition": 0.0, "again": 0.0}
"""Terms that text has without being asked."""

DULL = ("i do not know", "i have no idea", "i am not sure", "what do you mean")
THINGS = ("work", "school", "the game", "the trip", "dinner", "the film")
TIMES = ("today", "yesterday", "this week")
MOODS = ("good", "bad", "long", "fine", "strange")
CAUSES = ("it rained", "we won", "we lost", "the train was late", "i met a friend", "i slept well")

_ONE = {
    name: f"({'|'.join(words)})"
    for name, words in (("t", THINGS), ("w", TIMES), ("m", MOODS), ("c", CAUSES), ("d", DULL))
}
_QUESTION = f"how was {_ONE['t']} {_ONE['w']}"
_MINE = f"mine was {_ONE['m']} because {_ONE['c']}"
GRAMMAR = re.compile(
    rf"{_QUESTION} / ({_ONE['d']}|it was {_ONE['m']}( because {_ONE['c']} and yours)?)"
    rf" / ({_ONE['d']}|{_QUESTION}|{_MINE})"
)

RULES = '''
"""The three rewards, each a rule: one number a dialogue, at the token that decides it."""

from math import log

import torch

import sequence_tutor

DULL = {dull}
WEIGHTS = {{"ease": 0.25, "flow": 0.25, "coherence": 0.5}}
LEAST_COSINE = 0.05
BROKEN = -8.0  # nats a token: a line that is no dialogue of three turns has no coherence

FORWARD = sequence_tutor.load_model({forward!r})
BACKWARD = sequence_tutor.load_model({backward!r})


def ease(texts):
    """Minus the mean log p a token of the dull answers, after the second turn."""
    paid, places = texts.nothing(), _second_ends(texts)
    begun = [row[: place + 1] for row, place in zip(texts.rows, places) if place]
    dull = [FORWARD.domain.vocabulary.encode(one, end=False) for one in DULL]
    asked = [(line, answer) for line in begun for answer in dull]
    likelihoods = _mean_log_p(FORWARD, asked).view(-1, len(dull)).mean(1).tolist()
    for row, place in enumerate(places):
        if place:
            paid[row, place] = -likelihoods.pop(0)
    return paid


def flow(texts):
    """Minus the log of the cosine of the words of the first and the last turn."""
    return texts.at_end([_flow(line.split(" / ")) for line in texts.lines])


def coherence(texts):
    """Mean log p of the answer after the question, and of the question after the answer."""
    paid, places = texts.nothing(), _second_ends(texts)
    turns = [_turns(line)[:2] for line, place in zip(texts.lines, places) if place]
    vocabulary = FORWARD.domain.vocabulary
    forth = [_encoded(vocabulary, question, answer) for question, answer in turns]
    back = [_encoded(BACKWARD.domain.vocabulary, answer, question) for question, answer in turns]
    both = (_mean_log_p(FORWARD, forth) + _mean_log_p(BACKWARD, back)).tolist()
    for row, place in enumerate(places):
        paid[row, place or int(texts.lengths[row]) - 1] = both.pop(0) if place else BROKEN
    return paid


def _flow(turns):
    if len(turns) != 3:
        return 0.0
    first, last = (set(turn.split()) for turn in (turns[0], turns[2]))
    cosine = len(first & last) / max(1.0, len(first) * len(last)) ** 0.5
    return -log(max(cosine, LEAST_COSINE))


def _turns(line):
    """The words of each turn."""
    return [turn.split() for turn in line.split("/")]


def _second_ends(texts):
    """The place of the separator after the second turn of each line; 0: it has not three turns."""
    places = []
    for turns in map(_turns, texts.lines):
        begun = len(turns) == 3 and turns[0] and turns[1]
        places.append(len(turns[0]) + 1 + len(turns[1]) if begun else 0)
    return places


def _encoded(vocabulary, first, second):
    begun, then = (" ".join(words) for words in ([*first, "/"], second))
    return vocabulary.encode(begun, end=False), vocabulary.encode(then, end=False)


def _mean_log_p(model, pairs):
    """(N,) log p a token of the second part of each pair of token lists after the first."""
    if not pairs:
        return torch.zeros(0)
    batch = sequence_tutor.SequenceBatch.from_lists([begun + then for begun, then in pairs])
    with torch.no_grad():
        log_probs = model.policy.sequence_log_probs(batch.tokens)
    taken = log_probs.gather(2, batch.tokens[:, :, None]).squeeze(2)
    begins = torch.tensor([len(begun) for begun, _ in pairs])
    counts = batch.mask & (torch.arange(taken.shape[1]) >= begins[:, None])
    return taken.where(counts, 0.0).sum(1) / counts.sum(1).clamp(min=1)
'''


def dialogue(numbers: random.Random) -> str:
    """One of the grammar: dull answers make dull answers likely, a question back does not."""
    one = numbers.choice
    question = f"how was {one(THINGS)} {one(TIMES)}"
    kind = numbers.choices(("dull", "closed", "open"), (0.4, 0.3, 0.3))[0]
    answer = {
        "dull": one(DULL),
        "closed": f"it was {one(MOODS)}",
        "open": f"it was {one(MOODS)} because {one(CAUSES)} and yours",
    }[kind]
    stays = {"dull": 0.8, "closed": 0.5, "open": 0.05}[kind]
    again = numbers.random() < 0.25
    lively = question if again else f"mine was {one(MOODS)} because {one(CAUSES)}"
    return f"{question} / {answer} / {one(DULL) if numbers.random() < stays else lively}"


def write_corpora(out: Path, lines: int) -> None:
    """Dialogues, and each two turns that follow one another the other way round."""
    numbers = random.Random(0)
    dialogues = [dialogue(numbers) for _ in range(lines)]
    turned = []
    for first, second, third in (one.split(" / ") for one in dialogues):
        turned += [f"{second} / {first}", f"{third} / {second}"]
    for name, written in (("dialogues", dialogues), ("turned", turned)):
        text = "".join(f"{line}\n" for line in written)
        (out / f"{name}.txt").write_text(text, encoding="utf-8")


def figures(lines: Sequence[str]) -> dict[str, float]:
    """Shares of dialogues, and how varied they are."""
    turns = [line.split(" / ") for line in lines]
    pairs = [pair for line in lines for pair in zip(line.split(), line.split()[1:], strict=False)]
    return {
        "dull answers": mean(len(own) > 1 and own[1] in DULL for own in turns),
        "dull last turns": mean(len(own) > 2 and own[2] in DULL for own in turns),
        "first turn repeated": mean(len(own) > 2 and own[0] == own[2] for own in turns),
        "of the grammar": mean(GRAMMAR.fullmatch(line) is not None for line in lines),
        "distinct dialogues": len(set(lines)) / len(lines),
        "distinct pairs of words": len(set(pairs)),
        "words": mean(len(line.split()) for line in lines),
    }


def run(
    out: Path,
    *,
    lines: int = 20_000,
    share: float = 1.0,
    samples: int = 2_000,
    seeds: Sequence[int] = SEEDS,
) -> dict[str, list[dict[str, float]]]:
    """Corpus, priors, tuning and measurements; the same arguments resume it.

    Args:
        out: folder of corpora, priors and runs.
        lines: dialogues of the corpus.
        share: of the updates of the runs.
        samples: dialogues that are measured.
        seeds: of training.

    Returns:
        `prior` or a method -> its figures, one for each seed.
    """
    out.mkdir(parents=True, exist_ok=True)
    write_corpora(out, lines)
    train = {"steps": 800, "evaluate_every": 200, "network": {"width": 64}}
    for name in ("dialogues", "turned"):
        sequence_tutor.pretrain(
            "text",
            [out / f"{name}.txt"],
            out / f"prior_{name}",
            overrides={"data": {"tokeniser": "words"}, "train": train},
            quiet=True,
        )
    rules = out / "rewards.py"
    folders = {"forward": str(out / "prior_dialogues"), "backward": str(out / "prior_turned")}
    rules.write_text(RULES.format(dull=DULL, **folders), encoding="utf-8")
    found: dict[str, list[dict[str, float]]] = {name: [] for name in ("prior", *UPDATES)}
    for seed in seeds:
        models = {}
        for method in UPDATES:
            steps = int(UPDATES[method] * share)
            tune = {"algorithm": method, "seed": seed, "steps": steps, "evaluate_every": steps}
            models[method] = sequence_tutor.tune(
                "text",
                out / f"{method}-{seed}",
                prior=str(out / "prior_dialogues"),
                rules=rules,
                overrides={"tune": {**tune, "c": C}, "reward": {"weights": OFF}},
                quiet=True,
            )
        prior = sequence_tutor.prior_of(models["psi"])
        for name, model in {"prior": prior, **models}.items():
            found[name].append(_measured(model, samples, seed))
    return found


def _measured(model: sequence_tutor.Model, samples: int, seed: int) -> dict[str, float]:
    """The figures of one model, the rewards and KL of its samples among them."""
    drawn = sequence_tutor.sample(model, samples, seed=seed, repeats=True, quiet=True)
    own = figures([model.domain.vocabulary.decode(tokens) for tokens in drawn.batch.to_lists()])
    (column,) = sequence_tutor.evaluate([model], samples, seed, particles=0).columns
    for name in ("ease", "flow", "coherence"):
        own[name] = column.statistics[f"reward_{name}"].value
    own["KL, nats a dialogue"] = column.statistics["kl_to_prior_per_sequence"].value
    return own


def main() -> None:
    """Run with the arguments of the command line and print what became of the dialogues."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    found = run(out)
    (out / "results.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    print(f"{'':<26}" + "".join(f"{name:>18}" for name in found))
    for name in found["prior"][0]:
        values = ([own[name] for own in seeds] for seeds in found.values())
        cells = (f"{mean(own):.3f} ±{stdev(own):.3f}" for own in values)
        print(f"{name:<26}" + "".join(f"{cell:>18}" for cell in cells))


if __name__ == "__main__":
    main()
