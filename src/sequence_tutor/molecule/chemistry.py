"""The one door to RDKit: reading SMILES within limits, and the properties of one molecule."""

from __future__ import annotations

import hashlib
import re

from sequence_tutor.errors import extra

with extra("molecule", "molecules need RDKit"):
    from rdkit import Chem, DataStructs, rdBase
    from rdkit.Chem import QED, Descriptors, FilterCatalog, rdFingerprintGenerator, rdMolDescriptors
    from rdkit.Chem.Scaffolds import MurckoScaffold
    from rdkit.Contrib.SA_Score import sascorer

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cached_property, lru_cache
from typing import NamedTuple

Fingerprint = DataStructs.ExplicitBitVect

KEPT = 2048
"""Molecules that are kept for whoever asks next: a batch of an evaluation, each by the string that
was written and by the canonical one."""

PROPERTIES = ("logp", "qed", "sa")
"""What a summary of molecules tells of them."""

FREE_RING = 6
"""Atoms a ring may have before it is penalised."""

# Mean and standard deviation over ZINC250k that papers on penalised logP divide by (the program
# of You et al. 2018, https://arxiv.org/abs/1806.02473, has them in its reward).
_LOGP = (2.4570953396190123, 1.434324401111988)
_SA = (-3.0525811293166134, 0.8335207024513095)
_RING = (-0.0485696876403053, 0.2860212110245455)

_BRACKET_ATOM = re.compile(r"\[[^\]]*\]")
_CARBONS = re.compile(r"(?:C(?!l))+")
_CLOSURE = re.compile(r"%\(\d+\)|%\d\d|\d")
_TEXT = re.compile(r"[!-~]+")  # printable ASCII without blanks


class Limits(NamedTuple):
    """What a SMILES string may have; beyond it the string counts as invalid.

    Known hangs and memory blow-ups of RDKit need long strings or many interlocked rings. The
    defaults let through every molecule of ZINC and ChEMBL that a generator of drug-like molecules
    learns from, and fullerenes.

    Attributes:
        characters: of the string, checked before it is parsed.
        ring_closures: bonds written by ring digits, likewise.
        heavy_atoms: of the molecule, checked before anything is computed of it.
    """

    characters: int = 500
    ring_closures: int = 40
    heavy_atoms: int = 150


DEFAULT_LIMITS = Limits()


def parse(smiles: str, limits: Limits = DEFAULT_LIMITS) -> Chem.Mol | None:
    """The molecule of a SMILES string, or None where there is none.

    Differs from `Chem.MolFromSmiles` in that
    1. the empty string, which parses to a molecule without atoms, is invalid;
    2. blanks, NUL and anything but printable ASCII are invalid: RDKit reads only what stands
       before them;
    3. what is beyond the limits is invalid, mostly without being parsed;
    4. complaints are dropped while it runs, and only then; a user's log settings stay.
    """
    if len(smiles) > limits.characters or not _TEXT.fullmatch(smiles):
        return None
    if ring_closures(smiles) > limits.ring_closures:
        return None
    with quiet():
        molecule = Chem.MolFromSmiles(smiles)
    if molecule is None or not molecule.GetNumAtoms():
        return None
    return molecule if molecule.GetNumHeavyAtoms() <= limits.heavy_atoms else None


def quiet() -> AbstractContextManager[object]:
    """RDKit says nothing while this lasts; whatever was set before holds again afterwards."""
    return rdBase.BlockLogs()


def ring_closures(smiles: str) -> int:
    """Bonds that ring digits of a string write: half of the digits, rounded up."""
    return (len(_CLOSURE.findall(_BRACKET_ATOM.sub("", smiles))) + 1) // 2


def longest_carbon_run(smiles: str) -> int:
    """The most aliphatic carbons `C` written one after the other, as the string stands.

    Chlorine ends a run, and so does an atom in brackets.
    """
    runs = _CARBONS.findall(_BRACKET_ATOM.sub(".", smiles))
    return max(map(len, runs), default=0)


def canonical_of(smiles: str, limits: Limits = DEFAULT_LIMITS) -> str | None:
    """The canonical SMILES of a string; None where it is no valid molecule."""
    found = known(smiles, limits)
    return None if found is None else found.canonical


def canonical_smiles(molecule: Chem.Mol) -> str:
    """RDKit's canonical SMILES, stereochemistry included."""
    return Chem.MolToSmiles(molecule)


def molecule_hash(canonical: str) -> int:
    """A signed 64-bit number of a canonical SMILES, the same on every machine."""
    digest = hashlib.blake2b(canonical.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def random_smiles(molecule: Chem.Mol, seed: int) -> str:
    """A SMILES that begins at some atom and takes branches in some order; the seed says which."""
    (spelling,) = Chem.MolToRandomSmilesVect(molecule, 1, randomSeed=seed)
    return str(spelling)


def scaffold(molecule: Chem.Mol) -> str:
    """Canonical SMILES of the Bemis-Murcko scaffold; empty where there is no ring."""
    return str(MurckoScaffold.MurckoScaffoldSmiles(mol=molecule))


def scaffold_of(smiles: str) -> str | None:
    """The scaffold of a string; None where it is no valid molecule."""
    found = known(smiles)
    return None if found is None else found.scaffold


def largest_ring(molecule: Chem.Mol) -> int:
    """Atoms of the largest ring of RDKit's symmetrised smallest set of rings; 0 without one."""
    return max((len(ring) for ring in molecule.GetRingInfo().AtomRings()), default=0)


def penalised_logp(logp: float, sa: float, ring: float) -> float:
    """Logp + sa + ring, the latter two being penalties below zero.

    Source: Gomez-Bombarelli et al. 2018, https://arxiv.org/abs/1610.02415, the function of its
    section on optimisation. The ring term there counts a cycle basis of the graph, ours
    `largest_ring`; they differ for some fused systems.
    """
    return logp + sa + ring


def scaled_penalised_logp(logp: float, sa: float, ring: float) -> float:
    """The same, each part first brought to mean 0 and deviation 1 over ZINC250k."""
    parts = ((logp, _LOGP), (sa, _SA), (ring, _RING))
    return sum((value - mean) / deviation for value, (mean, deviation) in parts)


def fingerprint(molecule: Chem.Mol, radius: int = 2, bits: int = 2048) -> Fingerprint:
    """Morgan fingerprint; radius 2 is commonly called ECFP4."""
    found: Fingerprint = _morgan(radius, bits).GetFingerprint(molecule)
    return found


@lru_cache(maxsize=16)
def _morgan(radius: int, bits: int) -> rdFingerprintGenerator.FingerprintGenerator64:
    return rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=bits)


def tanimoto(one: Fingerprint, others: Sequence[Fingerprint]) -> list[float]:
    """Tanimoto similarity of one fingerprint to each of some others."""
    return list(DataStructs.BulkTanimotoSimilarity(one, list(others)))


def pattern(smarts: str) -> Chem.Mol:
    """The pattern of a SMARTS string.

    Raises:
        ValueError: it cannot be read.
    """
    with quiet():
        found = Chem.MolFromSmarts(smarts)
    if found is None or not found.GetNumAtoms():
        raise ValueError(f"{smarts!r} cannot be read as SMARTS")
    return found


def has_radicals(molecule: Chem.Mol) -> bool:
    """Whether an atom has unpaired electrons: a radical, a carbene, a free valence.

    A free valence is what is left where brackets name fewer hydrogens than an atom needs, as in
    `C[C]C` or in `[C@]` with three bonds.
    """
    return any(atom.GetNumRadicalElectrons() for atom in molecule.GetAtoms())


def element_counts(molecule: Chem.Mol) -> dict[str, int]:
    """Atoms of each element, hydrogen included."""
    return formula_counts(rdMolDescriptors.CalcMolFormula(molecule))


def formula_counts(formula: str) -> dict[str, int]:
    """Atoms of each element in a molecular formula such as C9H8O4; a charge at its end is left out.

    Raises:
        ValueError: it is no formula.
    """
    neutral = re.sub(r"[+-]\d*$", "", formula)
    parts = re.findall(r"([A-Z][a-z]?)(\d*)", neutral)
    if not parts or "".join(f"{element}{count}" for element, count in parts) != neutral:
        raise ValueError(f"{formula!r} is no molecular formula, expected one such as 'C9H8O4'")
    counts: dict[str, int] = {}
    for element, count in parts:
        counts[element] = counts.get(element, 0) + int(count or 1)
    return counts


DESCRIPTORS: dict[str, Callable[[Chem.Mol], float]] = dict(Descriptors.descList)
"""Every RDKit descriptor of one number, by RDKit's own name."""


def packed(print_: Fingerprint) -> bytes:
    """A fingerprint as bytes, eight bits each."""
    data: bytes = DataStructs.BitVectToBinaryText(print_)
    return data


def unpacked(data: bytes) -> Fingerprint:
    """A fingerprint of `packed`."""
    return DataStructs.CreateFromBinaryText(data)  # type: ignore[arg-type]  # takes bytes


def known(smiles: str, limits: Limits = DEFAULT_LIMITS) -> Molecule | None:
    """The molecule of a string; None where there is none. Nobody may change its atoms.

    The last ones stay: a reward and the statistics beside it, which ask one after the other, do not
    each parse a molecule and compute its QED; and what is written as its canonical SMILES is not
    parsed once as written and once as canonical.
    """
    return _known(smiles, limits)


@lru_cache(maxsize=KEPT)
def _known(smiles: str, limits: Limits) -> Molecule | None:
    found = parse(smiles, limits)
    return None if found is None else Molecule(found)


@lru_cache(maxsize=1)
def _qed_alerts() -> FilterCatalog.FilterCatalog:
    """The patterns that QED counts, as one catalogue."""
    catalogue = FilterCatalog.FilterCatalog()
    for number, alert in enumerate(QED.StructuralAlerts):
        matcher = FilterCatalog.SmartsMatcher(str(number), alert, 1)
        catalogue.AddEntry(FilterCatalog.FilterCatalogEntry(str(number), matcher))
    return catalogue


class Molecule:
    """One molecule with what several terms share, computed once and only where asked for."""

    def __init__(self, rdkit: Chem.Mol) -> None:
        self.rdkit = rdkit

    @cached_property
    def canonical(self) -> str:
        """RDKit's canonical SMILES."""
        return canonical_smiles(self.rdkit)

    @cached_property
    def scaffold(self) -> str:
        """Of its rings and what joins them; empty where there is no ring."""
        return scaffold(self.rdkit)

    @property
    def properties(self) -> tuple[float, ...]:
        """The `PROPERTIES`; SA as a penalty, -1 easy to -10."""
        return self.logp, self.qed, self.sa

    @cached_property
    def logp(self) -> float:
        """Crippen's estimate of the octanol-water partition coefficient."""
        return float(rdMolDescriptors.CalcCrippenDescriptors(self.rdkit)[0])

    @cached_property
    def sa(self) -> float:
        """Minus the synthetic accessibility score of Ertl and Schuffenhauer: -1 easy to -10."""
        return -float(sascorer.calculateScore(self.rdkit))

    @cached_property
    def qed(self) -> float:
        """Quantitative estimate of drug-likeness (Bickerton et al. 2012), 0 to 1.

        RDKit's own number to the last bit, in about half the time: logP is not computed again, and
        its alerts are matched in one call. It drops explicit hydrogens first; where there are any,
        all is left to RDKit.
        """
        mol = self.rdkit
        if mol.GetNumHeavyAtoms() < mol.GetNumAtoms():
            return float(QED.qed(mol))
        strict = rdMolDescriptors.NumRotatableBondsOptions.Strict
        properties = QED.QEDproperties(
            MW=DESCRIPTORS["MolWt"](mol),
            ALOGP=self.logp,
            HBA=sum(len(mol.GetSubstructMatches(acceptor)) for acceptor in QED.Acceptors),
            HBD=rdMolDescriptors.CalcNumHBD(mol),
            PSA=rdMolDescriptors.CalcTPSA(mol),
            ROTB=rdMolDescriptors.CalcNumRotatableBonds(mol, strict),
            AROM=len(Chem.GetSSSR(Chem.DeleteSubstructs(Chem.Mol(mol), QED.AliphaticRings))),
            ALERTS=len(_qed_alerts().GetMatches(mol)),
        )
        return float(QED.qed(mol, qedProperties=properties))

    @cached_property
    def ring(self) -> float:
        """Minus the atoms of the largest ring beyond six."""
        return float(min(0, FREE_RING - largest_ring(self.rdkit)))
