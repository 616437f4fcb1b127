"""The statistics of MOSES: how similar generated molecules are to a reference set.

Source: Polykovskiy et al., Molecular Sets (MOSES): A Benchmarking Platform for Molecular
Generation Models, 2020 (https://doi.org/10.3389/fphar.2020.565644), section 3, as its program
computes them.

Where we differ, and why:
    1. Frechet ChemNet distance and natural-product likeness need networks and tables that are not
       part of RDKit, and the share that passes the filters needs MOSES' own list of patterns (MCF):
       they are left out, not approximated.
    2. The empty string, which RDKit reads as a molecule without atoms, is invalid.
    3. The synthetic accessibility score may use a newer fragment table, that of this RDKit.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are imported when they are first used
from rdkit import Chem
from rdkit.Chem.Scaffolds import MurckoScaffold

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.chemistry import DESCRIPTORS, Molecule, parse, quiet
from sequence_tutor.molecule.tanimoto import Prints, fingerprints, mean_similarities, nearest
from sequence_tutor.progress import progress

LEAST_RINGS = 2
"""Least rings of a scaffold that `Scaf` counts."""

PROPERTIES: Mapping[str, Callable[[Molecule], float]] = {
    "logP": lambda molecule: molecule.logp,
    "SA": lambda molecule: -molecule.sa,
    "QED": lambda molecule: molecule.qed,
    "weight": lambda molecule: float(DESCRIPTORS["MolWt"](molecule.rdkit)),
}


MOSES_CHAR_RNN = {
    "valid": 0.9748,
    "unique@1k": 1.0,
    "unique@10k": 0.9994,
    "IntDiv": 0.8562,
    "IntDiv2": 0.8503,
    "novelty": 0.8419,
    "SNN": 0.6015,
    "Frag": 0.9998,
    "Scaf": 0.9242,
}
"""Published values of the CharRNN of MOSES (arXiv:1811.12823), the mean of three seeds of 30,000
molecules against the MOSES test set; those of other data, such as ZINC250k, are not comparable to
the last digit."""


@dataclass(frozen=True)
class Described:
    """A set of N valid molecules, as the statistics need it.

    Attributes:
        canonical: the canonical SMILES of each.
        prints: their fingerprints.
        fragments: how often each BRICS fragment occurs.
        scaffolds: how often each Bemis-Murcko scaffold of two rings or more occurs.
        properties: name -> N values.
    """

    canonical: Sequence[str]
    prints: Prints
    fragments: Counter[str]
    scaffolds: Counter[str]
    properties: Mapping[str, Sequence[float]]


def moses_statistics(
    generated: Sequence[str | None],
    reference: Described,
    train: Set[str] | None = None,
    *,
    silent: bool = True,
) -> dict[str, float]:
    """The statistics of MOSES that RDKit alone defines.

    - `valid`: share of valid molecules; all other statistics are of the valid ones.
    - `unique@1k`, `unique@10k`: share of distinct molecules among the first so many; NaN if there
      are fewer.
    - `novelty`: share of the distinct molecules that are not in `train`; NaN without it.
    - `IntDiv`: 1 - the mean similarity over all pairs; `IntDiv2`: 1 - the mean over molecules of
      the root mean square similarity to all.
    - `SNN`: mean similarity to the nearest molecule of the reference.
    - `Frag`, `Scaf`: cosine of the counts of fragments and of scaffolds; NaN where there are none.
    - `logP`, `SA`, `QED`, `weight`: Wasserstein-1 distance of the property's distributions.

    Args:
        generated: SMILES in the order of sampling; None: no molecule.
        reference: the test set.
        train: canonical SMILES of the training set, from `canonical_set`.
        silent: show no progress.

    Raises:
        UserError: no generated molecule is valid.
    """
    ours = describe(generated, "those generated", silent=silent)
    distinct = set(ours.canonical)
    count = len(ours.canonical)
    with progress("comparing fingerprints", 2 * count, quiet=silent) as advance:
        first, second = mean_similarities(ours.prints, advance)
        similar = nearest(ours.prints, reference.prints, advance)
    return {
        "valid": count / len(generated),
        "unique@1k": _unique(ours.canonical, 1_000),
        "unique@10k": _unique(ours.canonical, 10_000),
        "novelty": math.nan if train is None else len(distinct - train) / len(distinct),
        "IntDiv": float(1 - first.mean()),
        "IntDiv2": float(1 - second.mean()),
        "SNN": float(similar.mean()),
        "Frag": cosine(reference.fragments, ours.fragments),
        "Scaf": cosine(reference.scaffolds, ours.scaffolds),
        **{
            name: float(
                scipy.stats.wasserstein_distance(reference.properties[name], ours.properties[name])
            )
            for name in PROPERTIES
        },
    }


def describe(smiles: Sequence[str | None], name: str, *, silent: bool = True) -> Described:
    """Describe every valid molecule of a set, some milliseconds for each.

    Raises:
        UserError: there is none; names the set by `name`.
    """
    canonical: list[str] = []
    prints: list[Prints] = []
    fragments: Counter[str] = Counter()
    scaffolds: Counter[str] = Counter()
    properties: dict[str, list[float]] = {name: [] for name in PROPERTIES}
    for mol in _molecules(smiles, f"describing {name}", silent):
        canonical.append(Chem.MolToSmiles(mol))
        prints.append(fingerprints([mol]))
        fragments.update(brics_fragments(mol))
        scaffold = ringed_scaffold(mol)
        if scaffold is not None:
            scaffolds[scaffold] += 1
        molecule = Molecule(mol)
        for property_name, function in PROPERTIES.items():
            properties[property_name].append(function(molecule))
    _require(canonical, smiles, name)
    return Described(canonical, np.concatenate(prints), fragments, scaffolds, properties)


def canonical_set(
    smiles: Sequence[str | None], name: str, *, silent: bool = True
) -> tuple[Set[str], int]:
    """The canonical SMILES of the valid molecules, and the number of invalid strings.

    Raises:
        UserError: no molecule is valid, so that everything would be novel; names the set by `name`.
    """
    canonical = [Chem.MolToSmiles(mol) for mol in _molecules(smiles, f"reading {name}", silent)]
    _require(canonical, smiles, name)
    return set(canonical), len(smiles) - len(canonical)


def _molecules(smiles: Sequence[str | None], title: str, silent: bool) -> Iterator[Chem.Mol]:
    """The valid molecules, under a progress bar."""
    with quiet(), progress(title, len(smiles), quiet=silent) as advance:
        for text in smiles:
            advance()
            mol = None if text is None else parse(text)
            if mol is not None:
                yield mol


def _require(canonical: Sequence[str], smiles: Sequence[str | None], name: str) -> None:
    if not canonical:
        raise UserError(f"no valid molecule among the {len(smiles)} of {name}")


def brics_fragments(mol: Chem.Mol) -> list[str]:
    """SMILES of the fragments of a molecule cut at every BRICS bond."""
    return Chem.MolToSmiles(Chem.FragmentOnBRICSBonds(mol)).split(".")


def ringed_scaffold(mol: Chem.Mol) -> str | None:
    """SMILES of the Bemis-Murcko scaffold if it has two rings or more; else None."""
    scaffold = MurckoScaffold.GetScaffoldForMol(mol)
    if scaffold.GetRingInfo().NumRings() < LEAST_RINGS:
        return None
    return Chem.MolToSmiles(scaffold)


def cosine(left: Mapping[str, int], right: Mapping[str, int]) -> float:
    """The cosine of two vectors of counts; NaN if one of them is 0."""
    if not left or not right:
        return math.nan
    shared = sum(count * right.get(key, 0) for key, count in left.items())
    lengths = [math.sqrt(sum(count**2 for count in side.values())) for side in (left, right)]
    return shared / (lengths[0] * lengths[1])


def _unique(canonical: Sequence[str], count: int) -> float:
    if len(canonical) < count:
        return math.nan
    return len(set(canonical[:count])) / count
