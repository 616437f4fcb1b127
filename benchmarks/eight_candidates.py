"""How long eight candidates of eight bars take to be written, for several wishes.

    python benchmarks/eight_candidates.py --tune docs/examples/song.abc [--seeds 1 2 3]

Prints as JSON the smallest, the median and the largest seconds over the seeds: of the writing
alone, as a page or a notebook has it whose model is loaded, without files.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from pathlib import Path
from typing import Any

import torch

from sequence_tutor import fill, load_model
from sequence_tutor.threads import set_threads

WISHES: dict[str, dict[str, Any]] = {
    "keep bars 1, 2, 7 and 8": {"keep": "1-2, 7-8"},
    "keep them, with rules": {"keep": "1-2, 7-8", "weights": {"key": 2.0, "leap": 0.2}},
    "a variation": {"vary": 0.3},
    "over chords": {"chords": "Dm7 | G7 | C | Am", "length": 128},
}


def main() -> None:
    """Time each wish with each seed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tune", type=Path, required=True)
    parser.add_argument("--prior", default="tunes")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    set_threads(asked.threads)
    model = load_model(asked.prior)
    found: dict[str, Any] = {
        "machine": platform.processor() or platform.machine(),
        "torch": torch.__version__,
        "threads": asked.threads,
    }
    for name, wish in WISHES.items():
        source = {} if "length" in wish else {"source": asked.tune}
        seconds = []
        for seed in [0, *asked.seeds]:  # the first one warms up
            begun = time.perf_counter()
            fill(model, 8, seed=seed, quiet=True, **source, **wish)
            seconds.append(time.perf_counter() - begun)
        ends = min(seconds[1:]), statistics.median(seconds[1:]), max(seconds[1:])
        found[name] = [round(one, 2) for one in ends]
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
