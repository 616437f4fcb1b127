"""Remove a bias of the data with aims, and measure that nothing else has moved.

A made-up corpus of sentences says `she` of nurses and `he` of pilots far too often. A prior learns
that along with everything else. Four ways to remove it are compared, three training seeds each:

- shares: aims that the share of `she` of each occupation is one half; tuning finds the multipliers.
- held: the same, and aims that each occupation stays as frequent as the prior writes it.
- weight: the pronoun that the prior says less often of an occupation is paid 1, with one weight
  set by hand.
- quotient: the pronoun is paid the logarithm of one half over the share that the prior gives it. At
  c = 1 the optimum of KL-control, p(x) exp(r(x)), has exactly the wanted shares.

    python examples/removing_a_bias.py --out runs/bias
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

import sequence_tutor
from sequence_tutor import Estimate

WAYS = ("shares", "held", "weight", "quotient")
SEEDS = (0, 1, 2)
WEIGHT = 1.5
"""Set by hand, of the third way."""

Figures = dict[str, dict[str, list[float]]]
"""Statistic -> `prior` or one of `WAYS` -> its value, one a seed."""

SHE = {"nurse": 0.9, "teacher": 0.75, "engineer": 0.2, "pilot": 0.1}
"""Share of `she` of each occupation in the data; how often each comes is below."""

OCCUPATIONS = {"nurse": 0.35, "teacher": 0.3, "engineer": 0.2, "pilot": 0.15}
MOODS = {"tired": 0.5, "late": 0.3, "glad": 0.2}
ENDINGS = {"": 0.6, "after work": 0.25, "on monday": 0.15}

RULE = '''
from math import log

SHE = {shares}


def balance(texts):
    """At the pronoun, what depends on the share that the prior gives it."""
    paid = texts.nothing()
    for row, line in enumerate(texts.lines):
        words = line.split()
        for place, word in enumerate(words):
            if word in ("he", "she") and place >= 2 and words[place - 2] in SHE:
                share = SHE[words[place - 2]]
                share = share if word == "she" else 1 - share
                paid[row, place] = {payment}
                break
    return paid
'''
PAYMENTS = {"weight": "1.0 * (share < 0.5)", "quotient": "log(0.5 / share)"}
AIMS = {f"matches {name} said she among {name} said (she|he)": "= 50 %" for name in SHE}

REGEXES = {
    **{name: rf"\b{name}\b" for name in OCCUPATIONS},
    **{f"{name}_she": rf"\b{name} said she\b" for name in OCCUPATIONS},
    **{name: rf"\b{name}\b" for name in MOODS},
    "after_work": "after work$",
    "on_monday": "on monday$",
    "grammatical": (
        f"the ({'|'.join(OCCUPATIONS)}) said s?he was ({'|'.join(MOODS)})( after work| on monday)?"
    ),
}
"""What is counted, as patterns."""

TERMS = {
    name: {"kind": "pattern", "regex": regex, "whole": name == "grammatical"}
    for name, regex in REGEXES.items()
}
"""The same as terms of the reward; weights of 0 keep them from being paid."""


def write_corpus(path: Path, lines: int) -> None:
    """Sentences of the grammar."""
    numbers = random.Random(0)

    def one_of(weights: dict[str, float]) -> str:
        return numbers.choices(list(weights), list(weights.values()))[0]

    sentences = []
    for _ in range(lines):
        name = one_of(OCCUPATIONS)
        pronoun = "she" if numbers.random() < SHE[name] else "he"
        sentences.append(f"the {name} said {pronoun} was {one_of(MOODS)} {one_of(ENDINGS)}".strip())
    path.write_text("".join(f"{sentence}\n" for sentence in sentences), encoding="utf-8")


def shares_of(prior: Path, samples: int) -> tuple[dict[str, float], dict[str, float]]:
    """How often the prior says `she` of each occupation, and how often it writes of each."""
    model = sequence_tutor.load_model(prior)
    counting = replace(
        model, reward_settings=model.domain.reward_settings.model_validate({"terms": TERMS})
    )
    (column,) = sequence_tutor.evaluate([counting], samples, seed=1).columns
    found = column.statistics
    she = {name: _ratio(found, f"{name}_she", name) for name in OCCUPATIONS}
    return she, {name: found[f"lines_with_{name}"].value for name in OCCUPATIONS}


def run(
    out: Path,
    *,
    lines: int = 10_000,
    steps: int = 800,
    samples: int = 20_000,
    seeds: Sequence[int] = SEEDS,
) -> tuple[Figures, Figures, Figures]:
    """Corpus, prior, tuning in each way and the measurements; resumable with the same arguments.

    Returns:
        The biased shares; the statistics that should not move; and KL(pi || p) in nats a sentence.
    """
    out.mkdir(parents=True, exist_ok=True)
    write_corpus(out / "corpus.txt", lines)
    train = {"steps": steps, "evaluate_every": steps // 4, "network": {"width": 64}}
    sequence_tutor.pretrain(
        "text",
        [out / "corpus.txt"],
        out / "prior",
        overrides={"data": {"tokeniser": "words"}, "train": train},
        quiet=True,
    )
    she, written = shares_of(out / "prior", samples)
    biased: Figures = {}
    kept: Figures = {}
    cost: Figures = {}
    for seed in seeds:
        models = [tuned(out, way, she, written, steps, seed) for way in reversed(WAYS)]
        counting = sequence_tutor.prior_of(models[0])  # with the terms that count
        columns = sequence_tutor.evaluate([counting, *models], samples, seed, particles=0).columns
        for column, name in zip(columns, ("prior", *reversed(WAYS)), strict=True):
            found = column.statistics
            for one in OCCUPATIONS:
                _add(biased, one, name, _ratio(found, f"{one}_she", one))
            for one in (*OCCUPATIONS, *MOODS, "after_work", "on_monday", "grammatical"):
                _add(kept, one, name, found[f"lines_with_{one}"].value)
            _add(kept, "length", name, found["length"].value)
            _add(cost, "KL a sentence", name, found["kl_to_prior_per_sequence"].value)
    return biased, kept, cost


def tuned(
    out: Path,
    way: str,
    she: Mapping[str, float],
    written: Mapping[str, float],
    steps: int,
    seed: int,
) -> sequence_tutor.Model:
    """The prior tuned in one of the ways; `she` and `written` are the prior's own shares."""
    tune = {"steps": steps, "evaluate_every": steps // 2, "seed": seed}
    folder, prior = out / f"{way}-{seed}", str(out / "prior")
    if way not in PAYMENTS:
        held = {f"contains {name}": f"= {100 * of:.0f} %" for name, of in written.items()}
        return sequence_tutor.tune(
            "text",
            folder,
            prior=prior,
            aims=AIMS if way == "shares" else {**AIMS, **held},
            overrides={"tune": tune},
            quiet=True,
        )
    rules = out / f"{way}.py"
    source = RULE.replace("{shares}", str(she)).replace("{payment}", PAYMENTS[way])
    weight = WEIGHT if way == "weight" else 1.0
    rules.write_text(f"WEIGHTS = {{'balance': {weight}}}\n{source}", encoding="utf-8")
    reward = {"terms": TERMS, "weights": dict.fromkeys(TERMS, 0.0)}
    return sequence_tutor.tune(
        "text",
        folder,
        prior=prior,
        rules=rules,
        overrides={"tune": {**tune, "c": 1.0}, "reward": reward},
        quiet=True,
    )


def _ratio(statistics: Mapping[str, Estimate], part: str, whole: str) -> float:
    return statistics[f"lines_with_{part}"].value / statistics[f"lines_with_{whole}"].value


def _add(figures: Figures, statistic: str, column: str, value: float) -> None:
    figures.setdefault(statistic, {}).setdefault(column, []).append(value)


def main() -> None:
    """Run with the arguments of the command line and print what moved and what did not."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    parts = dict(zip(("share of she", "kept", "cost"), run(out), strict=True))
    (out / "results.json").write_text(json.dumps(parts, indent=1), encoding="utf-8")
    columns = ("prior", *WAYS)
    for heading, figures in parts.items():
        print(f"{heading:<16}" + "".join(f"{name:>16}" for name in columns))
        for name, own in figures.items():
            cells = (f"{mean(own[one]):.3f} ±{stdev(own[one]):.3f}" for one in columns)
            print(f"  {name:<14}" + "".join(f"{cell:>16}" for cell in cells))
    print("means and standard deviations of three training seeds; the prior is one")


if __name__ == "__main__":
    main()
