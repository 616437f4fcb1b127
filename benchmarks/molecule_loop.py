"""How fast molecules are sampled and tuned: LSTM of 256, batches of 128, QED and SA.

    python benchmarks/molecule_loop.py --data molecules.smi.gz --threads 2

A prior is trained for eight minutes first, so that most of what is sampled and scored is a
molecule; `--keep DIR` leaves it there, and a later call with the same folder trains none. Then
rounds of sampling from it are timed, before anything is learned, as `sample` does it (after rounds
of tuning the same took a third as long again). Then rounds of tuning a copy of it by Psi-learning:
sample 128, score, store, learn from 128. Prints medians, and the lowest and highest round, in
sequences a second.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import torch

import sequence_tutor as st
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.storage.versions import versions
from sequence_tutor.threads import set_threads

BATCH = 128
PRIOR = {
    "train": {
        "network": {"cell": "lstm", "width": 256, "layers": 1},
        "learning_rate": 0.003,
        "patience": 100,
    }
}
LOOP = {
    "tune": {
        "batch": BATCH,
        "collect": BATCH,
        "collect_every": 1,
        "evaluate_samples": 2,
        "replay": {"fresh": 0.5, "by_return": 0.0},
    },
    "reward": {
        "weights": {"valid": 1.0, "qed": 1.0, "sa": 0.1, "logp": 0.0, "ring": 0.0},
    },
}


def train(out: Path, data: Path, steps: int, threads: int) -> None:
    """The prior that all is measured with."""
    tables = {"train": {**PRIOR["train"], "steps": steps, "evaluate_every": steps}}
    st.pretrain("molecule", [data], out, overrides=tables, threads=threads)


def sampling(model: st.Model, batches: int, seed: int) -> float:
    """SMILES a second."""
    generator = torch.Generator().manual_seed(seed)
    begun = time.perf_counter()
    for _ in range(batches):
        rollout(model.policy, BATCH, model.length, generator, end_token=model.domain.end_token)
    return BATCH * batches / (time.perf_counter() - begun)


def tuning(prior: Path, out: Path, steps: int, threads: int, seed: int, lag: int) -> None:
    """One run; its log says how long its updates took."""
    length = {"steps": steps, "evaluate_every": steps, "seed": seed, "lag": lag}
    tables = {**LOOP, "tune": {**LOOP["tune"], **length}}
    st.tune("molecule", out, prior=str(prior), overrides=tables, threads=threads, quiet=True)


def loop_rate(run: Path, steps: int) -> float:
    """Sequences a second, without the evaluations before and after."""
    last = json.loads((run / "training.jsonl").read_text().splitlines()[-1])
    return BATCH * steps / float(last["seconds"])


def main() -> None:
    """Train, time, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, help="molecules to train the prior on")
    parser.add_argument("--keep", type=Path, help="folder of the prior; read if it is there")
    parser.add_argument("--train-steps", type=int, default=6000)
    parser.add_argument("--steps", type=int, default=30, help="updates of each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--lag", type=int, default=0, help="updates; scores are computed meanwhile")
    given = parser.parse_args()
    set_threads(given.threads)
    figures: dict[str, list[float]] = {"sampled": [], "loop": []}
    with tempfile.TemporaryDirectory() as folder:
        prior = given.keep or Path(folder) / "prior"
        if not (prior / "card.json").is_file():
            if given.data is None:
                parser.error("--data FILE: molecules are needed to train the prior")
            train(prior, given.data, given.train_steps, given.threads)
        model = st.load_model(prior)
        for number in range(given.rounds + 1):
            figures["sampled"].append(sampling(model, 40, number))
        for number in range(given.rounds + 1):
            run = Path(folder) / f"run_{number}"
            tuning(prior, run, given.steps, given.threads, number, given.lag)
            figures["loop"].append(loop_rate(run, given.steps))
        figures = {name: rates[1:] for name, rates in figures.items()}  # the first round warms up
        quality = json.loads((prior / "card.json").read_text())["quality"]
    print(
        json.dumps(
            {
                **{name: round(statistics.median(values)) for name, values in figures.items()},
                "spread": {k: [round(min(v)), round(max(v))] for k, v in figures.items()},
                "valid_of_the_prior": quality["samples"]["valid"],
                "threads": given.threads,
                "lag": given.lag,
                "versions": versions(),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
