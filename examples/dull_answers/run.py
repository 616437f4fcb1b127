"""Tune answers away from dull ones by heuristic rewards, with the prior and without it.

Li et al. 2016 (see `heuristics.py`) tune by policy gradients on the reward alone. Here this is
`reinforce`; `reinforce-kl` and `psi` also hold the answers near the prior, as KL-control.

    python examples/dull_answers/run.py --out runs/dull
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev

import corpus
import heuristics

import sequence_tutor

METHODS = ("reinforce", "reinforce-kl", "psi")
SEEDS = (1, 2, 3)
C = 0.15
HERE = Path(__file__).parent

Figures = dict[str, list[float]]
"""Statistic -> its value, one a seed."""


def prepare(out: Path, *, lines: int, steps: int, width: int) -> None:
    """The corpus as three files, and a prior of each, beside the rules that ask them."""
    out.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "heuristics.py", out)
    found = corpus.dialogues(lines)
    files = {
        "dialogues": [
            f"{earlier} / {question} / {answer}" for earlier, question, answer, _ in found
        ],
        "replies": [f"{answer} / {reply}" for _, _, answer, reply in found],
        "questions": [f"{answer} / {question}" for _, question, answer, _ in found],
    }
    tables = {
        "steps": steps,
        "evaluate_every": steps // 2,
        "learning_rate": 0.02,
        "network": {"width": width},
    }
    for name, written in files.items():
        path = out / f"{name}.txt"
        path.write_text("".join(f"{line}\n" for line in written), encoding="utf-8")
        data = {"tokeniser": "words", "longest": 32}
        overrides = {"data": data, "train": tables}
        sequence_tutor.pretrain("text", [path], out / name, overrides=overrides, quiet=True)


def measure(model: sequence_tutor.Model, samples: int) -> dict[str, float]:
    """Shares of each kind of answer, the three rewards, KL and variety of what a model writes."""
    written = sequence_tutor.sample(model, samples, seed=0, repeats=True, quiet=True)
    lines = [model.domain.vocabulary.decode(row) for row in written.batch.to_lists()]
    kinds = Counter(corpus.kind_of(line) for line in lines)
    topics = Counter(corpus.topic_of(line) for line in lines)
    (column,) = sequence_tutor.evaluate([model], samples, seed=1, particles=0).columns
    found = column.statistics
    return {
        **{kind: kinds[kind] / samples for kind in ("dull", "repeats", "specific", "other")},
        **{
            name: found[f"reward_{name}"].value / weight
            for name, weight in heuristics.WEIGHTS.items()
            if f"reward_{name}" in found
        },
        "kl_per_sequence": found["kl_to_prior_per_sequence"].value,
        "distinct": found["distinct"].value,
        "commonest_topic": max(topics.values()) / samples,
    }


def run(
    out: Path,
    *,
    lines: int = 6000,
    prior_steps: int = 800,
    steps: int = 400,
    width: int = 48,
    samples: int = 2000,
    seeds: Sequence[int] = SEEDS,
) -> dict[str, Figures]:
    """Everything; with the same arguments it goes on after an interruption.

    Returns:
        The statistics of the prior (one value) and of each method (one a seed).
    """
    prepare(out, lines=lines, steps=prior_steps, width=width)
    rules = out / "heuristics.py"
    prior = sequence_tutor.load_model(out / "dialogues", rules=rules)
    figures: dict[str, Figures] = {"prior": {k: [v] for k, v in measure(prior, samples).items()}}
    for method in METHODS:
        for seed in seeds:
            tune = {
                "algorithm": method,
                "c": C,
                "steps": steps,
                "batch": 64,
                "collect": 64,
                "collect_every": 1,
                "evaluate_every": steps,
                "evaluate_samples": 256,
                "optimiser": {"learning_rate": 0.003, "fall_from": 0.5},
                "seed": seed,
            }
            model = sequence_tutor.tune(
                *("text", out / f"{method}-{seed}"),
                prior=str(out / "dialogues"),
                rules=rules,
                overrides={"tune": tune, "reward": {"weights": dict(heuristics.WEIGHTS)}},
                quiet=True,
            )
            for name, value in measure(model, samples).items():
                figures.setdefault(method, {}).setdefault(name, []).append(value)
    return figures


def main() -> None:
    """Run with the arguments of the command line and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    figures = run(out)
    (out / "results.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
    print("| |" + "".join(f" {name} |" for name in figures))
    print("|---|" + "---:|" * len(figures))
    for name in figures["prior"]:
        cells = [
            f"{mean(own[name]):.3f}" + (f" ±{stdev(own[name]):.3f}" if len(own[name]) > 1 else "")
            for own in figures.values()
        ]
        print(f"| {name.replace('_', ' ')} |" + "".join(f" {cell} |" for cell in cells))
    print("means and standard deviations of three training seeds; the prior is one")


if __name__ == "__main__":
    main()
