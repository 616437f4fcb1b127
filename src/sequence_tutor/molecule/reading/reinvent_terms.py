"""One component of REINVENT's scoring as a term of a reward, with its transform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sequence_tutor.molecule.chemistry import DESCRIPTORS

Table = Mapping[str, Any]  # values of a user's file, which may be of any type

PHYSICAL = {
    "qed": "qed",
    "slogp": "logp",
    "sascore": "sa",
    "molecularweight": "MolWt",
    "tpsa": "TPSA",
    "numatomstereocenters": "NumAtomStereoCenters",
    "hbondacceptors": "NumHAcceptors",
    "hbonddonors": "NumHDonors",
    "numrotbond": "NumRotatableBonds",
    "csp3": "FractionCSP3",
    "numheavyatoms": "HeavyAtomCount",
    "numheteroatoms": "NumHeteroatoms",
    "numrings": "RingCount",
    "numaromaticrings": "NumAromaticRings",
    "numaliphaticrings": "NumAliphaticRings",
}
"""REINVENT's component, in small letters without underscores -> the kind or descriptor here."""

ALERTS, MATCHING = "customalerts", "matchingsubstructure"
SIMILARITY = ("tanimotodistance", "tanimotosimilarity")


class UntranslatableError(Exception):
    """Why a component cannot be translated; it is reported, and the others are."""


def term_of(component: str, endpoint: Table) -> dict[str, Any]:
    """The table of a term.

    Raises:
        UntranslatableError: there is no such term here.
    """
    name, params = plain_name(component), endpoint["params"]
    if name == ALERTS:
        return {"kind": "substructure", "smarts": params.get("smarts", []), "present": False}
    if name == MATCHING:
        if params.get("use_chirality"):
            raise UntranslatableError("patterns are matched without chirality here")
        return {
            "kind": "substructure",
            "smarts": params.get("smarts", ""),
            "transform": {"kind": "clip", "low": 0.5, "high": 1.0},
        }
    table: dict[str, Any]
    if name in SIMILARITY:
        if params.get("use_counts") or params.get("use_features"):
            raise UntranslatableError("similarity is of bits of atom types here, without counts")
        table = {
            "kind": "similarity",
            "smiles": params.get("smiles", []),
            "radius": params.get("radius", 3),
        }
    elif name in ("rdkitdescriptors", "rdkitdescriptor"):
        table = _descriptor(str(params.get("descriptor", "")))
    elif name in PHYSICAL:
        kind = PHYSICAL[name]
        table = {"kind": kind} if kind in ("qed", "logp", "sa") else _descriptor(kind)
    else:
        raise UntranslatableError("no such term here; a program or a function of yours can be one")
    transform = _transform(endpoint.get("transform"), mirrored=table["kind"] == "sa")
    return table if transform is None else {**table, "transform": transform}


def _descriptor(asked: str) -> dict[str, Any]:
    """A descriptor of RDKit by its name in any case."""
    known = {name.lower(): name for name in DESCRIPTORS}
    if asked.lower() not in known:
        raise UntranslatableError(f"this RDKit has no descriptor {asked!r}")
    return {"kind": "descriptor", "descriptor": known[asked.lower()]}


def _transform(given: Table | None, *, mirrored: bool) -> dict[str, Any] | None:
    """A transform; `mirrored`: the raw number here is minus that of REINVENT."""
    if given is None:
        if mirrored:
            raise UntranslatableError("it has no transform, and SA scores are negative here")
        return None
    kind = str(given.get("type", "")).lower()
    low, high = float(given.get("low", 0)), float(given.get("high", 0))
    steepness = float(given.get("k", 0.5))
    if mirrored:
        low, high = -high, -low
        kind = _MIRRORED.get(kind, kind)
    if kind in ("sigmoid", "reverse_sigmoid"):
        return {"kind": kind, "low": low, "high": high, "steepness": steepness}
    if kind == "step":
        return {"kind": "window", "low": low, "high": high}
    if kind in ("right_step", "left_step"):
        rising = kind == "right_step"
        return {"kind": "step", "threshold": high if rising else low, "rising": rising}
    if kind == "double_sigmoid":
        left, right = float(given.get("coef_si", 0)), float(given.get("coef_se", 0))
        scale = float(given.get("coef_div", 0))
        if min(left, right, scale) <= 0:
            raise UntranslatableError("a coefficient of its double_sigmoid is not above 0")
        widths = {"width": scale / left, "width_high": scale / right}
        if mirrored:
            widths = {"width": scale / right, "width_high": scale / left}
        return {"kind": "two_sigmoids", "low": low, "high": high, **widths}
    raise UntranslatableError(f"no transform {kind!r} here")


_MIRRORED = {
    "sigmoid": "reverse_sigmoid",
    "reverse_sigmoid": "sigmoid",
    "left_step": "right_step",
    "right_step": "left_step",
}


def plain_name(name: str) -> str:
    """A component's name as REINVENT compares it."""
    return name.lower().replace("_", "").replace("-", "")
