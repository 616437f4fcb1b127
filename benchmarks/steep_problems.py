"""Which mode a run ends in where the optimum is nearly one sequence, on problems known exactly.

Eight toy problems of 65,536 sequences (four tokens, eight steps) at c = 0.1, where the likeliest
sequence of the optimum has most of its probability, as at c = 1 on melodies. Every form of every
method is tuned once on each problem with the same number of scored sequences; the seed of the
training is that of the problem. KL(pi || optimum) is exact, and is the gap of the objective.

    python benchmarks/steep_problems.py --out steep

After an interruption the same command continues.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import mean, median
from typing import Any

import torch

from sequence_tutor.algorithms.registry import needs_of
from sequence_tutor.config.presets import merged
from sequence_tutor.exact import along_sequences, gibbs_distribution, sequence_kl
from sequence_tutor.sampling.measure import Task
from sequence_tutor.storage.files import write_text
from sequence_tutor.toy import make_toy
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.settings import TuneSettings

LENGTH, C, PROBLEMS, BUDGET = 8, 0.1, 8, 25_000
COMMON: Mapping[str, Any] = {
    "c": C,
    "c_begin": 10 * C,
    "batch": 64,
    "collect": 512,
    "collect_every": 16,
    "replay": {"capacity": 20_000, "fresh": 0.5, "by_return": 0.5},
    "optimiser": {"learning_rate": 0.003},
    "evaluate_samples": 32,
}
"""Those of preset `compare` of melodies, where they do not concern melodies."""
FAST = {"optimiser": {"learning_rate": 0.006}}
UNIFORM, FRESH = {"replay": {"by_return": 0.0}}, {"replay": {"fresh": 1.0}}
RANKED = {"replay": {"rank_by": "optimum"}}
SHORT = {"paths": "both", "n_steps": 4}
PSI, TB = {"algorithm": "psi", "value_weight": 0.1}, {"algorithm": "psi", "paths": "first"}
REINFORCE, RAML = {"algorithm": "reinforce-kl"}, {"algorithm": "raml"}
FORMS: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "reinforce-kl": (REINFORCE,),
    "reinforce-kl, rate .006": (REINFORCE, FAST),
    "raml": (RAML,),
    "psi": (PSI,),
    "psi, rate .006": (PSI, FAST),
    "psi, uniform replay": (PSI, UNIFORM),
    "psi, no replay": (PSI, FRESH),
    "psi, ranked by the optimum": (PSI, RANKED),
    "psi, ranked by the optimum, rate .006": (PSI, RANKED, FAST),
    "psi, paths of four steps too": (PSI, SHORT),
    "psi, paths of four steps too, rate .006": (PSI, SHORT, FAST),
    "psi, all paths too": (PSI, {"paths": "both"}),
    "tb": (TB,),
    "tb, rate .006": (TB, FAST),
    "tb, ranked by the optimum": (TB, RANKED),
    "tb, uniform replay": (TB, UNIFORM),
    "tb, no replay": (TB, FRESH),
}


def settings_of(form: str, seed: int) -> TuneSettings:
    """The settings of a form, with as many updates as the budget feeds."""
    tables = dict(COMMON)
    tables = merged(tables, needs_of(str(FORMS[form][0]["algorithm"]))["tune"])
    for changes in FORMS[form]:
        tables = merged(tables, changes)
    steps = BUDGET // tables["collect"] * tables["collect_every"]
    own = {"steps": steps, "evaluate_every": steps, "seed": seed}
    return TuneSettings.model_validate({**tables, **own})


def measured(form: str, seed: int) -> dict[str, Any]:
    """KL to the optimum, and how many sequences the optimum prefers to the policy's likeliest."""
    toy = make_toy(seed, length=LENGTH)
    optimum = gibbs_distribution(toy.log_prior(), toy.rewards(), C).log_probs
    task = Task(toy.prior, toy.reward, LENGTH)
    with tempfile.TemporaryDirectory() as folder:
        tuner = Tuner(task, settings_of(form, seed), Path(folder))
        policy = tuner.run(lambda *_, **__: None)
    found = along_sequences(toy.space.log_policy(policy.sequence_log_probs))
    better = int((optimum > optimum[found.argmax()]).sum())
    return {"form": form, "problem": seed, "kl": sequence_kl(found, optimum), "better": better}


def table(rows: list[dict[str, Any]]) -> str:
    """One line a form."""
    lines = [
        "| method | mean KL | median KL | best sequence found |",
        "| --- | ---: | ---: | ---: |",
    ]
    for form in FORMS:
        own = [row for row in rows if row["form"] == form]
        if own:
            kls = [row["kl"] for row in own]
            best = sum(row["better"] == 0 for row in own)
            line = f"{mean(kls):.2f} | {median(kls):.2f} | {best} of {len(own)}"
            lines.append(f"| {form} | {line} |")
    return "\n".join(lines)


def main() -> None:
    """Measure what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for results and table")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = arguments.out / "steep.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    done = {(row["form"], row["problem"]) for row in rows}
    for problem in range(PROBLEMS):
        for form in FORMS:
            if (form, problem) in done:
                continue
            rows.append(measured(form, problem))
            print(rows[-1], flush=True)
            write_text(path, "".join(f"{json.dumps(row)}\n" for row in rows))
    write_text(arguments.out / "table.md", table(rows) + "\n")
    print(table(rows))


if __name__ == "__main__":
    main()
