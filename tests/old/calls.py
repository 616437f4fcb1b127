"""What the folders beside this file were asked for, by public calls alone.

`make.py` made them with an earlier version of the program; the tests ask the present one to read
and to go on with them. Never change a call: what it made is in the repository.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import sequence_tutor as st

QUIET: dict[str, Any] = {"threads": 1, "quiet": True}
TUNE = {
    "steps": 6,
    "batch": 4,
    "collect": 4,
    "collect_every": 1,
    "evaluate_every": 2,
    "evaluate_samples": 16,
}
SMALL_TOY = {"replay": {"capacity": 32, "warm_start": 8}}
TOY: dict[str, dict[str, Any]] = {
    "psi": {"algorithm": "psi", "c": 2.0, "target_kl": 0.2, **SMALL_TOY},
    "q": {
        "algorithm": "q",
        "replay": {"capacity": 32, "warm_start": 8, "priority": "step"},
        "exploration": {"regrow": 0.5},
        "n_steps": 1,
        "paths": "every",
    },
    "ppo": {"algorithm": "ppo"},
}
"""Runs of the toy domain: a divergence aimed at, replay with priorities, on-policy."""
METHODS = ["psi", "tb", "sir"]
TASKS = ["median1", "qed"]
LINES = [
    *("abba", "baab", "abab", "cab", "cabba", "abc", "bcab", "acca", "caca", "babac", "aabb"),
    *("ccab", "bacab", "abacab", "bca", "cba", "bb", "acb", "bacca", "cabac"),
]


def toy(name: str, out: Path, old: Path) -> None:
    """One of `TOY`, to its end."""
    st.tune("toy", out, prior=old / "toy-prior", overrides={"tune": {**TUNE, **TOY[name]}}, **QUIET)


def melody(out: Path, prior: Path) -> None:
    """A run of the melody domain, to its end."""
    tables = {"tune": {**TUNE, "replay": {"capacity": 32, "warm_start": 8}}, "length": 8}
    st.tune("melody", out, prior=prior, overrides=tables, **QUIET)


def pretrain(out: Path) -> None:
    """A prior of lines, to its end."""
    train = {
        "network": {"width": 8},
        "steps": 6,
        "batch": 4,
        "evaluate_every": 2,
        "probe_samples": 8,
        "final_samples": 8,
    }
    lines = out.parent / f"{out.name}.txt"
    lines.write_text("".join(f"{line}\n" for line in LINES), encoding="utf-8")
    st.pretrain("text", [lines], out, overrides={"train": train}, **QUIET)
    lines.unlink()


def compare(out: Path, prior: Path) -> None:
    """A comparison, to its end."""
    tune = {**TUNE, **SMALL_TOY}
    del tune["steps"]
    st.compare(
        "toy",
        out,
        METHODS,
        budget=32,
        seeds=1,
        samples=50,
        prior=prior,
        overrides={"tune": tune},
        **QUIET,
    )


def benchmark(out: Path, prior: Path) -> None:
    """Two tasks, to their end."""
    tune = {**TUNE, "steps": 20, "replay": {"capacity": 16}}
    st.benchmark(
        "pmo",
        out,
        tasks=TASKS,
        seeds=1,
        calls=30,
        prior=prior,
        overrides={"tune": tune},
        **QUIET,
    )


def facts(folder: Path) -> dict[str, Any]:
    """What came of a run: its log but for seconds, and three numbers of each tensor."""
    from safetensors.torch import load_file

    found: dict[str, Any] = {}
    comparison = (folder / "compare.json").exists()  # it says what the results of its runs say
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.name == "training.jsonl":
            found[name] = [_timeless(json.loads(line)) for line in path.read_text().splitlines()]
        elif name == "compare.json" or (path.name == "result.json" and not comparison):
            found[name] = _timeless(json.loads(path.read_text()))
        elif path.name in ("policy.safetensors", "prior.safetensors"):
            tensors = {name: one.double() for name, one in load_file(path).items()}
            found[name] = {
                name: [one.sum().item(), one.abs().sum().item(), one.flatten()[-1].item()]
                for name, one in sorted(tensors.items())
                if not name.startswith("__")
            }
        elif path.name == "calls.tsv":
            lines = path.read_text().splitlines()  # later versions add a third column
            found[name] = ["\t".join(line.split("\t")[:2]) for line in lines]
    return found


INSIDE = {"auc_top10_inside", "top10_inside", "share_inside", "diverse_hits", "diverse_hits_inside"}
LATER = {"near_copies", *INSIDE}
"""Statistics that later versions add to those of before."""


def _timeless(value: Any) -> Any:
    """Without what differs between two runs of one program: times, versions, checksums."""
    if isinstance(value, dict):
        left_out = {"seconds", "checksum", "sha256", "versions", *LATER}
        return {name: _timeless(one) for name, one in value.items() if name not in left_out}
    return [_timeless(one) for one in value] if isinstance(value, list) else value


NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def differences(found: Any, expected: Any, name: str = "") -> list[str]:
    """Where two JSON values differ by more than one in a hundred thousand.

    Numbers within sentences are compared like others: they are rounded as differently by another
    processor. A later version may have statistics beside those that were expected.
    """
    if isinstance(expected, dict) and isinstance(found, dict):
        keys = sorted(expected if name.endswith("/statistics") else {*expected, *found})
        pairs = [(key, found.get(key), expected.get(key)) for key in keys]
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = [(str(i), *both) for i, both in enumerate(zip(found, expected, strict=True))]
    elif isinstance(expected, float) and isinstance(found, float | int):
        close = math.isclose(found, expected, rel_tol=1e-5, abs_tol=1e-5)
        return [] if close else [f"{name}: {found} for {expected}"]
    elif isinstance(expected, str) and isinstance(found, str):
        same = NUMBER.sub("#", found) == NUMBER.sub("#", expected)
        one, other = (list(map(float, NUMBER.findall(text))) for text in (found, expected))
        same = same and not differences(one, other)
        return [] if same else [f"{name}: {found} for {expected}"]
    else:
        return [] if found == expected else [f"{name}: {found} for {expected}"]
    return [line for key, one, other in pairs for line in differences(one, other, f"{name}/{key}")]


def answer(folder: Path, listener: int, trials: int | None = None) -> None:
    """A listener's next answers, or all of them: the left clip is always preferred."""
    from sequence_tutor.study.folder import ANSWERS_FILE, load_study
    from sequence_tutor.study.store import Store

    with closing(Store(folder / ANSWERS_FILE, load_study(folder))) as store:
        done = 0
        while store.standing(listener).stage != "done" and done != trials:
            position = store.standing(listener).position
            store.played(listener, position, "left")
            store.played(listener, position, "right")
            store.choose(listener, position, "left")
            store.prefer(listener, position, 2)
            done += 1


CONTINUED: dict[str, Callable[[Path, Path], None]] = {
    **{f"toy-{name}": partial(toy, name) for name in TOY},
    "melody": lambda out, old: melody(out, old / "melody-prior"),
    "text-prior": lambda out, _: pretrain(out),
    "comparison": lambda out, old: compare(out, old / "toy-prior"),
    "benchmark": lambda out, old: benchmark(out, old / "molecule-prior"),
}
"""What is in the repository as it was when it was interrupted."""
