"""Golden trajectories: what every learner computes in its first three updates, kept as numbers.

Whoever rewrites the loop without meaning to change its mathematics must leave these as they are.
After a change that is meant: `python tests/tuner/test_trajectories.py [NAME...]` writes them (or
those of the names) anew, and the commit says why.
"""

from __future__ import annotations

import json
import math
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch

from sequence_tutor.config.presets import build, merged
from sequence_tutor.replay.sampling import Drawn
from sequence_tutor.replay.sequences import Stored
from sequence_tutor.sampling.measure import Task
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.toy import make_toy
from sequence_tutor.tuner.learner import Update
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.verbs.tune import tune
from sequence_tutor.verbs.verify import form_tables

GOLDEN = Path(__file__).parent / "trajectories.json"
Trajectory = dict[str, Any]  # JSON

VERIFIED = (
    *("psi", "g", "q", "rl-only", "psi-whole", "g-whole", "q-whole", "tb", "path-consistency"),
    *("reinforce-kl", "actor-critic", "ppo", "dap", "raml", "dpg", "rloo", "grpo"),
    *("g-fox", "rl-only-explored"),
)
SHORT: dict[str, Any] = {
    "steps": 3,
    "batch": 16,
    "collect": 16,
    "collect_every": 1,
    "evaluate_every": 3,
    "evaluate_samples": 16,
}
BY_STEP = {"replay": {"priority": "step"}}
BY_SEQUENCE = {"replay": {"priority": "sequence", "fresh": 0.0}}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "reinforce": ("reinforce-kl", {"algorithm": "reinforce"}),
    "psi-rawlik": ("psi-whole", {"algorithm": "psi-rawlik"}),
    "mixer": ("reinforce-kl", {"algorithm": "mixer", "exploration": {"given": 1.0}}),
    "bahdanau": ("reinforce-kl", {"algorithm": "bahdanau", "eta": 0.05}),
    "raml-edits": ("reinforce-kl", {"algorithm": "raml-edits", "exploration": {"given": 1.0}}),
    "transfer": ("psi-whole", {"algorithm": "transfer", "replay": {"keep": "best"}}),
    "double q": ("q", {"double": True}),
    "n steps": ("psi-whole", {"n_steps": 2, "paths": "every"}),
    "discounted": ("psi", {"discount": 0.5}),
    "by step": ("psi", BY_STEP),
    "by sequence": ("psi-whole", BY_SEQUENCE),
    "regrown": ("psi-whole", {"exploration": {"regrow": 0.5}}),
    "flattened prior": ("psi-whole", {"prior_temperature": 1.3}),
    "robust": ("psi-whole", {"optimiser": {"robust": 1.0}, "reward_floor": -1.0}),
    "target kl": ("psi-whole", {"target_kl": 0.2}),
}
PREFIXED = "prefixed"


def silent(_n: int = 1, /, **_live: float | str) -> None:
    pass


def toy_trajectory(name: str, folder: Path) -> Trajectory:
    """Losses, gradients' norms and TD errors of three updates, and the policy after them."""
    form, changes = VARIANTS.get(name, (name if name in VERIFIED else "psi-whole", {}))
    tables = merged(merged(form_tables(form), SHORT), changes)
    settings = build(TuneSettings, tables, name)
    toy = make_toy(0, length=4, width=16)
    prefix = (2, 1) if name == PREFIXED else ()
    tuner = Tuner(Task(toy.prior, toy.reward, 4, prefix=prefix), settings, folder)
    updates: list[Update] = []
    learn = tuner.learner.learn

    def noted(stored: Stored, step: int, drawn: Drawn | None = None) -> Update:
        updates.append(learn(stored, step, drawn))
        return updates[-1]

    tuner.learner.learn = noted  # type: ignore[method-assign]
    policy = tuner.run(silent)
    levels = toy.space.log_policy(policy.sequence_log_probs)
    return {
        "loss": [update.loss for update in updates],
        "gradient_norm": [update.gradient_norm for update in updates],
        "by_sequence": [update.by_sequence[:4].tolist() for update in updates],
        "by_step": [
            None if update.by_step is None else update.by_step[:2].tolist() for update in updates
        ],
        "log_policy": [level.flatten().tolist() for level in levels[:2]],
        "c": tuner.c,
    }


def logged(folder: Path) -> Trajectory:
    """The numbers of a run's log, but for its seconds."""
    records = list(read_log(folder / LOG_FILE))
    return {
        "log": [
            {name: value for name, value in one.items() if name != "seconds"} for one in records
        ]
    }


def melody_trajectory(_: str, folder: Path) -> Trajectory:
    """Twenty updates of the shipped prior by the preset with weights."""
    small = {"steps": 20, "evaluate_every": 10, "evaluate_samples": 64}
    tune("melody", folder, preset="weights", overrides={"tune": small}, threads=1, quiet=True)
    return logged(folder)


MOLECULE_REWARD = '''
WEIGHTS = {"carbons": 1.0}


def carbons(smiles):
    """Pay for each carbon as written: what no toolkit's version changes."""
    return [string.count("C") / 10 for string in smiles]
'''


def molecule_trajectory(_: str, folder: Path) -> Trajectory:
    """Three updates of the shipped prior toward a term that only counts letters."""
    rules = folder.parent / "carbons.py"
    rules.write_text(MOLECULE_REWARD, encoding="utf-8")
    weights = dict.fromkeys(("valid", "qed", "sa", "logp", "ring"), 0.0)
    overrides = {
        "tune": {"steps": 3, "batch": 16, "collect": 16, "evaluate_every": 3}
        | {"evaluate_samples": 32},
        "reward": {"weights": weights, "workers": 1},
    }
    tune("molecule", folder, overrides=overrides, rules=rules, threads=1, quiet=True)
    return logged(folder)


TRAJECTORIES: dict[str, Callable[[str, Path], Trajectory]] = {
    **dict.fromkeys((*VERIFIED, *VARIANTS, PREFIXED), toy_trajectory),
    "tune melody": melody_trajectory,
    "tune molecule": molecule_trajectory,
}


TOLERANCE = 1e-5
"""Processors of one maker agree to 1e-6, and most trajectories on those of two makers to this."""

CHAOTIC = ("bahdanau", "tune melody")
"""Some of their first gradients are rounding errors, which Adam scales up to whole steps."""


def maker() -> str:
    """Who made the processor, as Linux says: libraries have other kernels for each maker's."""
    described = Path("/proc/cpuinfo")
    lines = described.read_text(encoding="utf-8").splitlines() if described.is_file() else []
    named = (line.split(":")[1].strip() for line in lines if line.startswith("vendor_id"))
    return next(named, platform.machine())


def differences(name: str, found: object, expected: object) -> list[str]:
    """Where two JSON values differ by more than one in a hundred thousand."""
    if isinstance(expected, dict) and isinstance(found, dict):
        keys = sorted({*expected, *found})
        return [
            line
            for key in keys
            for line in differences(f"{name}.{key}", found.get(key), expected.get(key))
        ]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(found, expected, strict=True))
        return [line for place, (a, b) in pairs for line in differences(f"{name}[{place}]", a, b)]
    if isinstance(expected, float) and isinstance(found, float | int):
        close = math.isclose(found, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        return [] if close else [f"{name}: {found} for {expected}"]
    return [] if found == expected else [f"{name}: {found} for {expected}"]


@pytest.mark.parametrize("name", TRAJECTORIES)
def test_the_trajectory_is_the_recorded_one(name: str, tmp_path: Path) -> None:
    if name == "tune molecule":
        pytest.importorskip("rdkit", reason="the extra molecule is not installed")
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    if golden["processor"] != torch.backends.cpu.get_cpu_capability():
        pytest.skip(f"recorded on a processor with {golden['processor']}: others round otherwise")
    if name in CHAOTIC and golden["maker"] != maker():
        pytest.skip(
            f"recorded on {golden['maker']}: another maker's rounds the last digit otherwise"
        )
    found = json.loads(json.dumps(TRAJECTORIES[name](name, tmp_path / "run")))
    assert differences(name, found, golden["trajectories"][name]) == []


def _record(names: Sequence[str]) -> None:
    """Some trajectories, beside those that are recorded; all where no names are given."""
    torch.set_num_threads(1)
    recorded = json.loads(GOLDEN.read_text(encoding="utf-8"))["trajectories"] if names else {}
    for name in names or TRAJECTORIES:
        trajectory = TRAJECTORIES[name]
        with TemporaryDirectory() as folder:
            recorded[name] = trajectory(name, Path(folder) / "run")
        print(name, file=sys.stderr)
    processor = torch.backends.cpu.get_cpu_capability()
    by = {"processor": processor, "maker": maker()}
    golden = {**by, "torch": torch.__version__, "trajectories": recorded}
    GOLDEN.write_text(json.dumps(golden) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _record(sys.argv[1:])
