"""From wishes in the page to the settings of a `tune`, checked before anything is started."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sequence_tutor.config.aims import table_of
from sequence_tutor.domain import Wishes
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.model import Model
from sequence_tutor.melody.filling.fill import rules_asked
from sequence_tutor.prior.finding import shipped_priors
from sequence_tutor.studio.melodies import melody_length
from sequence_tutor.studio.messages import MOST_TOKENS, Tune
from sequence_tutor.studio.shelf import Listed
from sequence_tutor.studio.sound import frame_of, judged_key, output_settings
from sequence_tutor.tuner.given import Given
from sequence_tutor.tuner.order import open_order
from sequence_tutor.tuner.run_record import is_run, load_spec
from sequence_tutor.tuner.stages import most_steps
from sequence_tutor.workbench.wished import NATS_A_POINT

PRESETS = {"melody": "musical"}
"""Domain -> the preset whose settings of tuning are used; of the others the default."""


class Checked(NamedTuple):
    """What a job will do.

    Attributes:
        domain: of the model.
        prior: name or absolute folder.
        preset: of `tune`.
        tables: its settings file.
        steps: updates in all.
    """

    domain: str
    prior: str
    preset: str
    tables: dict[str, Any]
    steps: int


def order_of(listed: Listed, model: Model, asked: Tune, *, trust: bool = False) -> Checked:
    """The settings of a job, as `tune` will read them.

    Raises:
        UserError: wishes that cannot be used, or nothing that is wished for.
    """
    if not (asked.aims or any(asked.weights.values()) or asked.chords or asked.form):
        raise UserError("nothing is wished for: give aims, weights, chords or a form")
    tables: dict[str, Any] = {"tune": {"seed": asked.seed}}
    if asked.steps is not None:
        tables["tune"]["steps"] = asked.steps
    if asked.aims:
        tables["aims"] = table_of(asked.aims, "aims")
    if model.domain.name == "melody":
        tables |= _of_melodies(model, asked)
    elif any(asked.weights.values()):
        tables["reward"] = {"weights": dict(asked.weights)}
    if tables.get("reward", {}).get("weights"):
        tables["tune"]["c"] = 1.0  # as a prior is sampled in the page
    prior, preset = _prior_of(listed), PRESETS.get(model.domain.name, "default")
    order = open_order(
        model.domain.name, preset, None, tables, Given(prior), trust=trust, quiet=True
    )
    spec = order.spec
    order.check_aims(order.reward())
    return Checked(model.domain.name, prior, preset, tables, most_steps(spec.tune))


def _of_melodies(model: Model, asked: Tune) -> dict[str, Any]:
    """Length, reward and output of a tuning of melodies."""
    settings = output_settings(model, asked)
    heard = settings.heard(frame_of(model))
    length = melody_length(model, heard, asked.bars, ())
    assert length is not None  # there is no tune of the user's
    wishes = Wishes(chords=asked.chords or "", form=asked.form or "")
    rules: dict[str, Mapping[str, Any]] = dict(rules_asked(wishes, settings, heard, length))
    weights = {name: asked.weights.get(name, NATS_A_POINT) for name in rules}
    weights |= {name: weight for name, weight in asked.weights.items() if name not in weights}
    if weights.get("cadence"):
        rules["cadence"] = {"meter": str(heard.meter), "upbeat": heard.upbeat}
    reward: dict[str, Any] = {"weights": weights} if any(weights.values()) else {}
    if rules and reward:
        reward["rules"] = rules
    key = judged_key(model, settings, asked.scale)
    if key is not None:
        reward["key"] = key.model_dump(mode="json")
    names = ("tempo", "meter", "upbeat")
    output = {name: getattr(settings, name) for name in names if getattr(asked, name) is not None}
    if heard.transpose:
        output["transpose"] = heard.transpose
    return {"length": min(length, MOST_TOKENS), "reward": reward, "output": output}


def _prior_of(listed: Listed) -> str:
    """The prior to begin with: the model itself, of a run the one that it was tuned from.

    Raises:
        UserError: a run whose prior cannot be named any more.
    """
    source = Path(listed.source)
    if not is_run(source):
        return listed.source if listed.source in shipped_priors() else str(source.absolute())
    prior = load_spec(source).prior
    if prior not in shipped_priors() and not Path(prior).exists():
        raise UserError(
            f"{listed.name} was tuned from the prior {prior}, which is not there from here, "
            "expected its folder; choose a prior to tune"
        )
    return prior
