"""A preset with aims over algorithms and training seeds: rows that each run misses, and its KL.

    python benchmarks/aims.py --out aims [--domain melody] [--preset default] [--algorithms psi g q]
        [--seeds 1 2 3] [--samples 100000] [--threads 1] [--config FILE.toml]

Every run is one of `tune` in OUT/ALGORITHM/seed_N, and its evaluation is kept beside it as
evaluation.json: the same command continues after an interruption, and makes nothing twice. Rows are
judged by their value over the samples; `distinct` is counted among as many as were sampled.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sequence_tutor import evaluate, load_model, tune
from sequence_tutor.storage.files import write_json

SHOWN = ("kl_to_prior_per_token", "log_prior_per_token", "distinct", "commonest_opening")


def main() -> None:
    """Make what is missing, then print misses by algorithm and seed."""
    asked = _arguments()
    for algorithm in asked.algorithms:
        for seed in asked.seeds:
            found = _run(asked, asked.out / algorithm / f"seed_{seed}", algorithm, seed)
            print(f"{algorithm:8} seed {seed}  {'; '.join(_line(found))}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--domain", default="melody")
    parser.add_argument("--preset", default="default")
    parser.add_argument("--config", type=Path)
    parser.add_argument("--algorithms", nargs="+", default=["psi", "g", "q"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def _run(asked: argparse.Namespace, folder: Path, algorithm: str, seed: int) -> dict[str, Any]:
    """The evaluation of one run, made if it is not there."""
    kept = folder.with_name(f"{folder.name}.json")
    if kept.is_file():
        found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        return found
    begun = time.monotonic()
    tune(
        asked.domain,
        folder,
        preset=asked.preset,
        config=asked.config,
        overrides={"tune": {"algorithm": algorithm, "seed": seed}},
        threads=asked.threads,
    )
    seconds = time.monotonic() - begun
    model = evaluate([load_model(folder)], samples=asked.samples, seed=0).to_json()["models"][0]
    found = {**model, "seconds": round(seconds, 1), "samples": asked.samples}
    write_json(kept, found)
    return found


def _line(found: dict[str, Any]) -> Iterator[str]:
    """How many bounds are met, what is missed, and what it costs."""
    prices = found["prices"]["aims"]
    missed = [one for one in prices if not _is_met(one, found)]
    yield f"{len(prices) - len(missed)} of {len(prices)} bounds"
    yield from (f"{one['aim']}: {_value(one, found):.5g}" for one in missed)
    statistics = found["statistics"]
    yield from (
        f"{name.replace('_', ' ')} {statistics[name]['value']:.4g}"
        for name in SHOWN
        if name in statistics
    )
    yield f"{found['seconds']:.0f} s"


def _value(one: dict[str, Any], found: dict[str, Any]) -> float:
    own = found["statistics"].get(one["row"], one["reached"])
    return float(own["value"])


def _is_met(one: dict[str, Any], found: dict[str, Any]) -> bool:
    sign = 1 if ">=" in one["aim"] else -1
    return bool(sign * (_value(one, found) - one["bound"]) >= 0)


if __name__ == "__main__":
    main()
