"""The models of the studio: shipped or named ones and finished runs, read when they are used."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sequence_tutor.config.settings import nearest
from sequence_tutor.errors import UserError, shown
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import Model
from sequence_tutor.melody.domain import MelodyDomain
from sequence_tutor.melody.signature import signature_of
from sequence_tutor.reward.protocol import Reward

SHIPPED = {"tunes": "melody", "melody": "melody", "molecule": "molecule"}
"""Shipped prior -> domain; the first of a domain is its default."""

DOMAINS = ("melody", "molecule", "text")
NEEDS = {"molecule": "rdkit"}
"""Domain -> a library without which its models are left out."""

MOST_LOADED = 8
"""Models kept in memory; the one that was not used for longest is read again."""


@dataclass(frozen=True)
class Listed:
    """A model by its name, read when it is used.

    Attributes:
        id: unique in the studio.
        name: for people.
        domain: of its sequences.
        source: folder, or the name of a shipped prior.
        tuned: whether it is a run.
    """

    id: str
    name: str
    domain: str
    source: str
    tuned: bool


class Library:
    """Models in memory, at most `MOST_LOADED`.

    Args:
        trust: run the code that the folders name.
    """

    def __init__(self, *, trust: bool = False) -> None:
        self._guard, self._trust = threading.Lock(), trust
        self._loaded: OrderedDict[str, Model] = OrderedDict()

    def model(self, listed: Listed) -> Model:
        """The model, read if it is not in memory.

        Raises:
            UserError: it cannot be read.
        """
        with self._guard:
            if listed.id in self._loaded:
                self._loaded.move_to_end(listed.id)
            else:
                self._keep(listed.id, load_model(listed.source, trust=self._trust))
            return self._loaded[listed.id]

    def keep(self, name: str, model: Model) -> None:
        """Add a model that was read elsewhere."""
        with self._guard:
            self._keep(name, model)

    def _keep(self, name: str, model: Model) -> None:
        self._loaded[name] = model
        while len(self._loaded) > MOST_LOADED:
            self._loaded.popitem(last=False)


class Shelf:
    """The models, found by id.

    Args:
        named: folders of runs or priors, or names of shipped priors; none: the shipped priors.
        finished: lists runs that the studio itself has tuned.
        trust: run the code that the folders name.

    Raises:
        UserError: one that was named is no model, or none of the studio's domains.
    """

    def __init__(
        self,
        named: Sequence[str] = (),
        finished: Callable[[], Sequence[Listed]] = list,
        *,
        trust: bool = False,
    ) -> None:
        self._trust, self._finished, self._library = trust, finished, Library(trust=trust)
        self._facts: dict[str, Mapping[str, Any]] = {}
        self._named = [self._first_look(name) for name in dict.fromkeys(named)]
        if not named:
            self._named = [
                Listed(name, name, domain, name, tuned=False)
                for name, domain in SHIPPED.items()
                if domain not in NEEDS or find_spec(NEEDS[domain])
            ]
        names = [one.id for one in self._named]
        for name in names:
            if names.count(name) > 1:
                raise UserError(f"two models are called {name}, expected folders of other names")

    def _first_look(self, name: str) -> Listed:
        """A model that was named; read at once, unless it is shipped."""
        if name in SHIPPED and not Path(name).exists():
            return Listed(name, name, SHIPPED[name], name, tuned=False)
        model = load_model(name, trust=self._trust)
        if model.domain.name not in DOMAINS:
            raise UserError(
                f"{name}: writes {model.domain.sequences}, expected melodies, molecules or text"
            )
        listed = Listed(model.name, model.name, model.domain.name, name, model.tune is not None)
        self._library.keep(listed.id, model)
        return listed

    @property
    def listed(self) -> list[Listed]:
        """All models, those that were tuned here last."""
        return [*self._named, *self._finished()]

    def chosen(self, name: str | None, domain: str | None) -> Listed:
        """The model that a request means.

        Args:
            name: its id; None: the default of the domain.
            domain: that it must have; None: that of the model, or melody.

        Raises:
            UserError: there is none.
        """
        every = self.listed
        if name is None:
            wanted = domain or (
                DOMAINS[0] if any(one.domain == DOMAINS[0] for one in every) else None
            )
            for one in every:
                if wanted in (None, one.domain):
                    return one
            raise UserError(f"no model of the domain {wanted} is served, expected another domain")
        for one in every:
            if one.id == name:
                if domain not in (None, one.domain):
                    raise UserError(f"model {name} is of {one.domain}, but domain is {domain}")
                return one
        raise UserError(f"there is no model {shown(name)}: {nearest(name, [o.id for o in every])}")

    def model(self, listed: Listed) -> Model:
        """The model, read if it is not in memory.

        Raises:
            UserError: it cannot be read.
        """
        return self._library.model(listed)

    def info(self) -> list[dict[str, Any]]:
        """Every model as /v1/info lists it; one that cannot be read any more is left out."""
        found, domains = list[dict[str, Any]](), set[str]()
        for listed in self.listed:
            try:
                facts = self._facts_of(listed)
            except UserError:
                continue
            first = listed.domain not in domains
            domains.add(listed.domain)
            found.append(
                {
                    "id": listed.id,
                    "name": listed.name,
                    "domain": listed.domain,
                    "tuned": listed.tuned,
                    **facts,
                    "default": first,
                }
            )
        return found

    def _facts_of(self, listed: Listed) -> Mapping[str, Any]:
        if listed.id not in self._facts:
            card = _shipped_card(listed)
            self._facts[listed.id] = card or facts_of(self.model(listed))
        return self._facts[listed.id]


def _shipped_card(listed: Listed) -> Mapping[str, Any] | None:
    """What a shipped prior of molecules says of itself, without importing RDKit; None: another."""
    if listed.domain != "molecule" or listed.source not in SHIPPED:
        return None
    path = files("sequence_tutor") / "prior" / "shipped" / listed.source / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    length = int(card["molecule"]["longest"]) + 1
    return {"length": length, "key": None, "meter": None, "weights": {}, "longest": length}


def facts_of(model: Model) -> Mapping[str, Any]:
    """Length, key, meter and weights of a model."""
    domain, key, meter = model.framed_domain, None, None
    if isinstance(domain, MelodyDomain):
        frame = domain.frame
        key = None if frame.key is None else str(signature_of(frame.key))
        meter = str(frame.meter)
    weights: dict[str, float] = {}
    if model.tune is not None:
        try:
            reward: Reward | None = model.reward
        except UserError:  # rules that are not allowed here; it can still be sampled
            reward = None
        if reward is not None:
            weights = dict(zip(reward.names, reward.weights.tolist(), strict=True))
    return {
        "length": model.length,
        "key": key,
        "meter": meter,
        "weights": weights,
        "longest": model.length if model.is_bound or model.domain.end_token is not None else None,
    }
