"""What the executor `ray` costs and gains, on clusters of one-CPU nodes of this machine.

    python benchmarks/ray_nodes.py

Prints, with the load of the machine before each part:

- chunk: milliseconds that a chunk of one item takes on its way, while nothing is computed;
- molecules: QED and SA of 20,000 made-up molecules a second, by `local` with two workers and by
  `ray` with two nodes, one after the other in each round, and the ratio;
- program: a program of 10 ms a molecule (`time.sleep`) on one node and on two, and the ratio;
- labels, instead of all of it with `--labels 1,2,100`: a program of half a second a molecule on
  one node that says to have so many CPUs, twenty molecules for each; beside the seconds of the
  model, molecules x half a second / CPUs. A program that sleeps needs no core.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from molecule_scoring import made_up, seconds
from ray.cluster_utils import Cluster

from sequence_tutor.execution.ray_executor import RayExecutor
from sequence_tutor.molecule.scoring.elsewhere import OnNodes
from sequence_tutor.molecule.scoring.scorer import Scorer
from sequence_tutor.molecule.terms import SA, Program, Qed, TermSet

NODE: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 100 << 20}
PROGRAM = """
import json, sys, time
for line in sys.stdin:
    smiles = json.loads(line)["smiles"]
    time.sleep(float(sys.argv[1]))
    print(len(smiles))
"""


def chunk_milliseconds(rounds: int) -> list[float]:
    """For one chunk of one item there and back, in each round of 200."""
    with RayExecutor(len) as executor:
        executor.map(["a"])

        def one_by_one() -> None:
            for _ in range(200):
                executor.map(["a"])

        return [seconds(one_by_one) / 200 * 1000 for _ in range(rounds)]


def molecules_a_second(count: int, rounds: int) -> dict[str, list[float]]:
    """By two local workers and by two nodes, and how many times as fast the nodes are."""
    terms, smiles = TermSet({"qed": Qed(), "sa": SA()}), made_up()[:count]
    found: dict[str, list[float]] = {"local": [], "ray": [], "ratio": []}
    for number in range(rounds + 1):
        taken = {}
        for name in ("local", "ray"):
            with Scorer(terms, 2, cache_size=0, executor=name) as scorer:
                scorer.score(smiles[:200])  # processes start, tables are loaded
                taken[name] = seconds(lambda scorer=scorer: scorer.score(smiles))
        if number:
            for name, each in taken.items():
                found[name].append(count / each)
            found["ratio"].append(taken["local"] / taken["ray"])
    return found


def program_seconds(count: int, sleep: float = 0.01, first: int = 100) -> float:
    """Seconds for molecules that a program sleeps for, on the nodes that are there.

    `first` molecules before them let its processes start.
    """
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "wait.py").write_text(PROGRAM, encoding="utf-8")
        term = Program(command=f"{sys.executable} wait.py {sleep}", folder=folder)
        asks = OnNodes(RayExecutor).program([term])
        smiles = made_up()[:count]
        asks.ask(smiles[:first], lambda *_: None)
        taken = seconds(lambda: asks.ask(smiles, lambda *_: None))
        asks.close()
    return taken


def with_labels(cpus: int) -> dict[str, Any]:
    """Seconds of a sleeping program on one node that says to have so many CPUs, and the model's."""
    import ray

    load, count, sleep = round(os.getloadavg()[0], 1), 20 * cpus, 0.5
    node = {**NODE, "num_cpus": cpus, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    os.environ["RAY_ADDRESS"] = cluster.address
    try:
        taken = program_seconds(count, sleep, first=2 * cpus)
    finally:
        ray.shutdown()
        cluster.shutdown()
    figures = {"model": count * sleep / cpus, "seconds": round(taken, 1)}
    return {"cpus": cpus, "load_before": load, "molecules": count, **figures}


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--molecules", type=int, default=20_000)
    parser.add_argument("--asked", type=int, default=2000, help="molecules for the program")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--labels", help="numbers of CPUs, with commas between them")
    given = parser.parse_args()
    if given.labels:
        for cpus in map(int, given.labels.split(",")):
            print(json.dumps(with_labels(cpus)), flush=True)
        return
    cluster = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
    os.environ["RAY_ADDRESS"] = cluster.address
    report: dict[str, Any] = {"cores": len(os.sched_getaffinity(0))}

    def measure(name: str, work: Callable[[], Any]) -> Any:
        load = round(os.getloadavg()[0], 1)
        found = work()
        report[name] = {"load_before": load, "figures": found}
        print(json.dumps({name: report[name]}), flush=True)
        return found

    try:
        measure("chunk_ms", lambda: spread(chunk_milliseconds(given.rounds)))
        one = measure("program_one_node_s", lambda: round(program_seconds(given.asked), 2))
        cluster.add_node(**NODE)
        time.sleep(5)
        two = measure("program_two_nodes_s", lambda: round(program_seconds(given.asked), 2))
        measure("program_ratio", lambda: round(one / two, 2))
        found = molecules_a_second(given.molecules, given.rounds)
        measure("molecules", lambda: {name: spread(each) for name, each in found.items()})
    finally:
        import ray

        ray.shutdown()
        cluster.shutdown()


def spread(values: list[float]) -> dict[str, float]:
    """The median, the lowest and the highest."""
    figures = {"median": statistics.median(values), "low": min(values), "high": max(values)}
    return {name: round(value, 2) for name, value in figures.items()}


if __name__ == "__main__":
    main()
