"""Makes the folders beside this file with an earlier version of the program.

    git worktree add /tmp/earlier d042d3b
    git worktree add /tmp/first 582f034
    cd tests/old
    PYTHONPATH=/tmp/earlier/src:.. python -m old.make
    PYTHONPATH=/tmp/first/src:.. python -m old.make without-checksums

d042d3b is the last commit before the code was rearranged, 582f034 one from before files had
checksums. Where a run is interrupted is inside the program, so this works with those two alone.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

import sequence_tutor as st
from old.calls import CONTINUED, TUNE, answer, facts
from sequence_tutor.models import RecurrentNetwork, RecurrentSettings
from sequence_tutor.pretraining.trainer import PriorTrainer
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.prior.store import StoredPrior, save_prior
from sequence_tutor.tuner.loop import STATE_FILE, Tuner

KILLED_AT = {"comparison": 7, "benchmark": 4}
"""Checkpoints until the interruption, where it is not in the middle of a single run."""


class KilledError(Exception):
    """Ends a run as a kill would."""


def make_priors() -> None:
    """Untrained priors of melodies, of the toy problem, of strings of C, N and O."""
    torch.manual_seed(0)
    network = RecurrentNetwork(RecurrentSettings(width=4), 38, 38)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.uniform_(-1.0, 1.0)
    save_prior(Path("melody-prior"), StoredPrior(NeuralPrior(network), "melody"))
    network = RecurrentNetwork(RecurrentSettings(width=4), 4, 4)
    save_prior(Path("toy-prior"), StoredPrior(NeuralPrior(network), "toy"))
    tokens = ["C", "N", "O"]
    network = RecurrentNetwork(RecurrentSettings(width=8), len(tokens) + 1, len(tokens) + 1)
    facts = {"tokens": tokens, "tokeniser": "atoms", "shortest": 1, "longest": 10}
    card = {"molecule": {**facts, "longest_carbon_run": 10}}
    save_prior(Path("molecule-prior"), StoredPrior(NeuralPrior(network), "molecule", card))


def interrupted(name: str) -> None:
    """The folder as a kill leaves it."""
    left = KILLED_AT.get(name, 2)

    def dying(save: Any) -> Any:
        def save_and_die(self: object) -> None:
            nonlocal left
            save(self)
            left -= 1
            if left == 0:
                raise KilledError

        return save_and_die

    with (
        patch.object(Tuner, "_save", dying(Tuner._save)),
        patch.object(PriorTrainer, "_save", dying(PriorTrainer._save)),
    ):
        try:
            CONTINUED[name](Path(name), Path())
        except KilledError:
            return
    raise AssertionError(f"{name} ended before it was interrupted")


def finished(name: str) -> None:
    """The folder as it ends, and what came of it, beside."""
    CONTINUED[name](Path("whole"), Path())
    text = json.dumps(facts(Path("whole")), separators=(",", ":"))
    Path(f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
    if name == "melody":
        shutil.copytree("whole", "melody-run")
        Path("melody-run", STATE_FILE).unlink()  # only to go on with, and large
    shutil.rmtree("whole")


def make_study() -> None:
    """A study of one pair of clips, one listener through, one in the middle."""
    from contextlib import closing

    from sequence_tutor.study.folder import ANSWERS_FILE, load_study
    from sequence_tutor.study.making import Design
    from sequence_tutor.study.store import Store

    models = [st.load_model(name) for name in ("melody-run", "melody-prior")]
    design = Design(pairs=1, rounds=1, tempo=600)
    st.make_study(models, "study", design=design, length=2, quiet=True)
    with closing(Store(Path("study") / ANSWERS_FILE, load_study(Path("study")))) as store:
        store.join()
        store.join()
    answer(Path("study"), 0)
    answer(Path("study"), 1, 1)
    shutil.copytree("study", "whole")
    answer(Path("whole"), 1)
    found = st.analyse_study("whole", allowed_failures=1).to_json()
    Path("study.json").write_text(f"{json.dumps(found)}\n", encoding="utf-8")
    shutil.rmtree("whole")


def without_checksums() -> None:
    """A finished run of the toy domain."""
    torch.manual_seed(0)
    network = RecurrentNetwork(RecurrentSettings(width=4), 4, 4)
    save_prior(Path("prior"), StoredPrior(NeuralPrior(network), "toy"))
    tune = {**TUNE, "replay": {"capacity": 32, "warm_start": 8}}
    out = Path("without-checksums")
    st.tune("toy", out, prior="prior", overrides={"tune": tune}, threads=1, quiet=True)
    shutil.rmtree("prior")
    (out / STATE_FILE).unlink()


if __name__ == "__main__":
    if sys.argv[1:] == ["without-checksums"]:
        without_checksums()
    else:
        make_priors()
        for name in CONTINUED:
            finished(name)
            interrupted(name)
        make_study()
    for path in [*Path().rglob("*.png"), *Path().rglob("*.lock"), *Path().rglob("*.csv")]:
        path.unlink()
