"""The instrument of a report: small networks in the page itself, which writes and plays with them.

Only runs whose prior and policy are recurrent networks of this program can be played in a page, and
only of domains whose sequences sound; of others the report has no instrument.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sequence_tutor.domain import Exhibit
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.model import Model
from sequence_tutor.exporting.json_file import short_network_as_json
from sequence_tutor.exporting.networks import PRIOR, TUNED, Networks, networks_of
from sequence_tutor.models import RecurrentNetwork
from sequence_tutor.models.network import weights_digest

MOST_BYTES = 1_960_000
"""Of the networks in a page; further runs are not on the instrument."""

SCRIPTS = ("network.js", "policy.js", "notes.js", "sound.js", "roll.js", "instrument.js")
"""In the order in which the page runs them."""


@dataclass(frozen=True)
class Instrument:
    """The runs on the instrument and what the page needs to play them."""

    runs: Sequence[str]  # names
    data: str  # JSON without a `<`, for a script element

    @property
    def first(self) -> dict[str, Any]:
        """How the first run's melodies sound."""
        found: dict[str, Any] = json.loads(self.data)["runs"][0]
        return found


def make_instrument(
    models: Sequence[Model], exhibit: Exhibit, most: int = MOST_BYTES
) -> Instrument | None:
    """The instrument for the tuned models among some; None if none can be on it.

    Args:
        models: of a domain, in the order of their styles.
        exhibit: of these models.
        most: bytes of all networks together.
    """
    if exhibit.tuning is None:
        return None
    kept: dict[str, dict[str, Any]] = {}  # digest -> network
    runs, size = [], 0
    for style, model in enumerate(models):
        found = None if model.tune is None else _playable(model)
        if found is None:
            continue
        digests = {name: weights_digest(network) for name, network in found.networks.items()}
        new = {
            digest: short_network_as_json(found.networks[name])
            for name, digest in digests.items()
            if digest not in kept
        }
        needed = len(json.dumps(new))
        if size + needed > most:
            continue
        kept |= new
        size += needed
        places = {name: list(kept).index(digest) for name, digest in digests.items()}
        runs.append(
            {
                "name": model.name,
                "style": style,
                "length": model.length,
                "prefix": list(model.prefix),
                **exhibit.tuning["models"][style],
                **{
                    policy: [[places[name], factor] for name, factor in parts.items()]
                    for policy, parts in found.policies.items()
                },
            }
        )
    if not runs:
        return None
    data = {
        "vocab_size": models[0].domain.vocab_size,
        "notes": exhibit.tuning["notes"],
        "runs": runs,
        "networks": list(kept.values()),
    }
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return Instrument([run["name"] for run in runs], text)


def _playable(model: Model) -> Networks | None:
    """The networks of a run, if all of them are recurrent and their sum is its policy."""
    try:
        found = networks_of(model)
    except UserError:  # another kind of prior, or a policy that is no sum of networks
        return None
    ours = all(isinstance(network, RecurrentNetwork) for network in found.networks.values())
    return found if ours and {PRIOR, TUNED} <= found.policies.keys() else None
