"""Remove a bias of the data with a reward, and measure that nothing else has moved.

A made-up corpus of sentences says `she` of nurses and `he` of pilots far too often. A prior learns
that along with everything else. The reward then pays, at the pronoun alone, the logarithm of the
share that is wanted over the share that the prior has: at c = 1 the optimum of KL-control,
p(x) exp(r(x)), has exactly the wanted shares, and is the prior in every other respect.

    python examples/removing_a_bias.py --out runs/bias
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import sequence_tutor
from sequence_tutor import Estimate

Pairs = dict[str, tuple[float, float]]
"""Name -> before and after."""

SHE = {"nurse": 0.9, "teacher": 0.75, "engineer": 0.2, "pilot": 0.1}
"""Share of `she` of each occupation in the data; how often each comes is below."""

OCCUPATIONS = {"nurse": 0.35, "teacher": 0.3, "engineer": 0.2, "pilot": 0.15}
MOODS = {"tired": 0.5, "late": 0.3, "glad": 0.2}
ENDINGS = {"": 0.6, "after work": 0.25, "on monday": 0.15}

RULE = '''
from math import log

SHE = {shares}


def balance(texts):
    """At the pronoun, the log of one half over the share that the prior gives it."""
    paid = texts.nothing()
    for row, line in enumerate(texts.lines):
        words = line.split()
        for place, word in enumerate(words):
            if word in ("he", "she") and place >= 2 and words[place - 2] in SHE:
                share = SHE[words[place - 2]]
                paid[row, place] = log(0.5 / (share if word == "she" else 1 - share))
                break
    return paid
'''

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


def shares_of_she(prior: Path, samples: int) -> dict[str, float]:
    """How often the prior says `she` of each occupation."""
    model = sequence_tutor.load_model(prior)
    counting = replace(
        model, reward_settings=model.domain.reward_settings.model_validate({"terms": TERMS})
    )
    (column,) = sequence_tutor.evaluate([counting], samples, seed=1).columns
    return {name: _ratio(column.statistics, f"{name}_she", name) for name in OCCUPATIONS}


def run(
    out: Path, *, lines: int = 10_000, steps: int = 800, samples: int = 20_000
) -> tuple[Pairs, Pairs, dict[str, float]]:
    """Corpus, prior, tuning and the two measurements; resumable with the same arguments.

    Returns:
        The biased shares and the statistics that should not move, each before and after; and
        KL(pi || p) and the gap to the optimum, in nats a sentence.
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
    shares = shares_of_she(out / "prior", samples)
    (out / "rules.py").write_text(RULE.replace("{shares}", str(shares)), encoding="utf-8")
    tuned = sequence_tutor.tune(
        "text",
        out / "tuned",
        prior=str(out / "prior"),
        rules=out / "rules.py",
        overrides={
            "tune": {"c": 1.0, "steps": steps, "evaluate_every": steps // 2},
            "reward": {"terms": TERMS, "weights": dict.fromkeys(TERMS, 0.0)},
        },
        quiet=True,
    )
    columns = sequence_tutor.evaluate(
        [sequence_tutor.prior_of(tuned), tuned], samples, particles=0
    ).columns
    before, after = (column.statistics for column in columns)
    biased = {
        name: (_ratio(before, f"{name}_she", name), _ratio(after, f"{name}_she", name))
        for name in OCCUPATIONS
    }
    counted = (*OCCUPATIONS, *MOODS, "after_work", "on_monday", "grammatical")
    names = {name: f"lines_with_{name}" for name in counted} | {"length": "length"}
    kept = {name: (before[full].value, after[full].value) for name, full in names.items()}
    figures = ("kl_to_prior_per_sequence", "gap_per_sequence")
    return biased, kept, {name: after[name].value for name in figures}


def _ratio(statistics: Mapping[str, Estimate], part: str, whole: str) -> float:
    return statistics[f"lines_with_{part}"].value / statistics[f"lines_with_{whole}"].value


def main() -> None:
    """Run with the arguments of the command line and print what moved and what did not."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    biased, kept, figures = run(out)
    results = {"biased": biased, "kept": kept, **figures}
    (out / "results.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    for heading, pairs in (("share of she", biased), ("kept", kept)):
        print(f"{heading:<24}{'prior':>8}{'tuned':>8}")
        for name, (before, after) in pairs.items():
            print(f"  {name:<22}{before:>8.3f}{after:>8.3f}")
    for name, value in figures.items():
        print(f"{name:<32}{value:>8.4f}")


if __name__ == "__main__":
    main()
