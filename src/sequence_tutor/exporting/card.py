"""A model card in Markdown: what a tuned model is, what it was made from and how, and its figures.

The card says only what the run's folder records. Where something has no record, such as the licence
of the data, it says so.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sequence_tutor.drawing.table import Table
from sequence_tutor.errors import reading
from sequence_tutor.evaluation.prices import price_list
from sequence_tutor.prior.store import CARD_FILE
from sequence_tutor.storage.flat_tables import flattened
from sequence_tutor.storage.run_log import number, read_log
from sequence_tutor.tuner.run_folder import LOG_FILE
from sequence_tutor.tuner.run_record import RUN_FILE, RunSpec, load_spec

FIGURES = (
    "reward_per_sequence",
    "kl_to_prior_per_token",
    "log_prior_per_token",
    "entropy_per_token",
    "distinct",
    "objective_per_sequence",
    "effective_sample_size",
)


def card_of(folder: Path) -> str:
    """The card of a finished run.

    Args:
        folder: of the run.

    Raises:
        UserError: there is no finished run, or its records are damaged.
    """
    spec = load_spec(folder)
    with reading(folder / LOG_FILE, "the log of a finished run"):
        last = read_log(folder / LOG_FILE, spec.checksums.get("log"))[-1]
    with reading(folder / CARD_FILE, "the card of a prior"):
        prior = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
        if not isinstance(prior, Mapping):
            raise ValueError("no table in it")
    with reading(folder, "the records of a finished run"):
        return "\n".join(_lines(folder, spec, last, prior))


def _lines(
    folder: Path, spec: RunSpec, last: Mapping[str, Any], prior: Mapping[str, Any]
) -> Iterator[str]:
    tune = spec.tune
    yield f"# {folder.resolve().name}\n"
    toward = "aims" if tune.aims_alone else f"a reward, divided by c = {last['c']:.4g}"
    yield (
        f"A model of {spec.domain}, sequences of at most {spec.length} tokens. It was tuned from "
        f"the prior `{spec.prior}` by {tune.algorithm} toward {toward}, while it stays close to "
        "the prior (KL-control).\n"
    )
    yield "## Data\n"
    yield from _data(prior)
    yield "## How it was made\n"
    yield "```sh\n" + _command(spec) + "\n```\n"
    yield (
        f"The settings that this command does not name are in `{RUN_FILE}` of the run; those that "
        "differ from the program's own are in the last table. It made "
        f"{last['step']:,} updates from {last['scored_sequences']:,} scored sequences in "
        f"{number(last, 'seconds'):,.0f} s, with seed {tune.seed}.\n"
    )
    yield Table(["part", "version"], [list(one) for one in spec.versions.items()]).markdown()
    yield "## Reward\n"
    yield from _reward(spec, last)
    if "aims" in last:
        yield "## Aims and prices\n"
        yield price_list(last["aims"], last["kl_to_prior_per_token"]).table().markdown()
    yield "## Measured at the end\n"
    samples = tune.evaluate_samples
    rows = [[name, f"{last[name]:.4g}"] for name in FIGURES if last.get(name) is not None]
    yield Table(["figure", "value"], rows, f"Means over {samples:,} sampled sequences.").markdown()
    if last["warnings"]:
        yield "Warnings of the last evaluation:\n"
        yield "".join(f"- {warning}\n" for warning in last["warnings"])
    yield "## Limits\n"
    yield (
        "The model keeps what the data of its prior have of bias and error, but for what reward or "
        "aims change. The reward measures only what it names. A KL of the table is in nats a "
        "token from the prior: the larger it is, the less of what the prior learned is left.\n"
    )
    usual = flattened(type(tune)().model_dump(mode="json"))
    settings = flattened(tune.model_dump(mode="json"))
    named = [
        [name, str(one)]
        for name, one in settings.items()
        if usual.get(name) != one and not name.startswith("aims")
    ]
    yield "## Settings\n"
    yield Table(["setting of tune", "value"], named, holds_figures=False).markdown()


def _data(prior: Mapping[str, Any]) -> Iterator[str]:
    """What the card of the prior says of its data."""
    data = prior.get("data")
    facts = {} if not isinstance(data, Mapping) else flattened(data)
    rows = [
        [name, " ".join(str(value).split())]
        for name, value in facts.items()
        if not isinstance(value, list) and not name.startswith("skipped")
    ]
    if rows:
        yield Table(["of the prior's data", ""], rows, holds_figures=False).markdown()
    else:
        yield "The prior has no record of its data; its own documentation may say what they are.\n"


def _command(spec: RunSpec) -> str:
    """The call with the options that a command line has."""
    tune = spec.tune
    words = ["sequence-tutor", "tune", spec.domain]
    words += ["--prior", shlex.quote(spec.prior)] if spec.prior != spec.domain else []
    words += ["--algorithm", tune.algorithm, "--steps", str(tune.steps), "--seed", str(tune.seed)]
    words += ["--length", str(spec.length)]
    if tune.target_kl is not None:
        words += ["--target-kl", f"{tune.target_kl:g}"]
    elif not tune.aims:
        words += ["--c", f"{tune.c:g}"]
    words += [word for aim in tune.aims for word in ("--aim", _quoted(aim.text))]
    if tune.budget is not None:
        words += ["--budget", str(tune.budget)]
    for name, value in (("--rules", spec.rules), ("--seeds", spec.seeds)):
        words += [name, shlex.quote(value)] if value else []
    return " ".join([*words, "--out", "RUN"])


def _quoted(text: str) -> str:
    """Text as one word of a shell, in double quotes where nothing in it has a meaning there."""
    return shlex.quote(text) if re.search(r'["$`\\!]', text) else f'"{text}"'


def _reward(spec: RunSpec, last: Mapping[str, Any]) -> Iterator[str]:
    """Weights and means of the terms."""
    weights = spec.reward.get("weights") or (spec.own_reward or {}).get("terms") or {}
    paid = last.get("reward_terms", {})
    names = dict.fromkeys([*weights, *paid])
    rows = [
        [name, *(f"{one[name]:.4g}" if name in one else "" for one in (weights, paid))]
        for name in names
    ]
    if spec.tune.aims_alone:
        yield "The aims replace the reward: its weights play no part.\n"
    yield Table(["term", "weight", "mean a sequence, unweighted"], rows).markdown()
