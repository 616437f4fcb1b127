"""RDKit: reading SMILES within limits, and the properties of one molecule."""

from __future__ import annotations

import hashlib
import re

from sequence_tutor.errors import extra

with extra("molecule", "molecules need RDKit"):
    from rdkit import Chem, DataStructs, rdBase
    from rdkit.Chem import QED, Descriptors, FilterCatalog, rdFingerprintGenerator, rdMolDescriptors
    from rdkit.Chem.MolStandardize import rdMolStandardize
    from rdkit.Chem.Scaffolds import MurckoScaffold
    from rdkit.Contrib.SA_Score import sascorer

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cached_property, lru_cache
from typing import NamedTuple

Fingerprint = DataStructs.ExplicitBitVect

KEPT = 2048
"""Cached molecules: a batch of an evaluation, each by its string and by its canonical SMILES."""

PROPERTIES = ("logp", "qed", "sa")
"""The properties in a summary of molecules."""

FREE_RING = 6
"""Atoms of the largest ring without a penalty."""

_BRACKET_ATOM = re.compile(r"\[[^\]]*\]")
_CARBONS = re.compile(r"(?:C(?!l))+")
_CLOSURE = re.compile(r"%\(\d+\)|%\d\d|\d")
_TEXT = re.compile(r"[!-~]+")  # printable ASCII without blanks


class Limits(NamedTuple):
    """Limits of a SMILES string; a string beyond one of them counts as invalid.

    Known strings for which RDKit hangs or fills the memory are long or have many interlocked rings.
    The defaults allow every drug-like molecule of ZINC and ChEMBL, and fullerenes.

    Attributes:
        characters: of the string; checked before it is parsed.
        ring_closures: bonds written by ring digits; checked before it is parsed.
        heavy_atoms: of the molecule; checked before anything is computed of it.
    """

    characters: int = 500
    ring_closures: int = 40
    heavy_atoms: int = 150


DEFAULT_LIMITS = Limits()


def parse(smiles: str, limits: Limits = DEFAULT_LIMITS) -> Chem.Mol | None:
    """The molecule of a SMILES string; None if it is invalid.

    Differs from `Chem.MolFromSmiles` in that
    1. the empty string, which parses to a molecule without atoms, is invalid;
    2. blanks, NUL and anything but printable ASCII are invalid: RDKit ignores what follows them;
    3. strings beyond the limits are invalid, mostly without being parsed;
    4. RDKit's log is off while it runs.
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
    """RDKit logs nothing inside this context; afterwards the previous log settings hold again."""
    return rdBase.BlockLogs()


def ring_closures(smiles: str) -> int:
    """Bonds written by ring digits: half of the ring digits, rounded up."""
    return (len(_CLOSURE.findall(_BRACKET_ATOM.sub("", smiles))) + 1) // 2


def longest_carbon_run(smiles: str) -> int:
    """The longest run of aliphatic carbons `C` in a string; Cl and bracket atoms end a run."""
    runs = _CARBONS.findall(_BRACKET_ATOM.sub(".", smiles))
    return max(map(len, runs), default=0)


def canonical_of(smiles: str, limits: Limits = DEFAULT_LIMITS) -> str | None:
    """The canonical SMILES of a string; None if it is invalid."""
    found = known(smiles, limits)
    return None if found is None else found.canonical


def canonical_smiles(molecule: Chem.Mol) -> str:
    """RDKit's canonical SMILES, stereochemistry included."""
    return Chem.MolToSmiles(molecule)


def molecule_hash(canonical: str) -> int:
    """A signed 64-bit hash of a canonical SMILES, the same on every machine."""
    digest = hashlib.blake2b(canonical.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def random_smiles(molecule: Chem.Mol, seed: int) -> str:
    """A SMILES with a random first atom and a random order of branches."""
    (spelling,) = Chem.MolToRandomSmilesVect(molecule, 1, randomSeed=seed)
    return str(spelling)


def largest_ring(molecule: Chem.Mol) -> int:
    """Atoms of the largest ring of RDKit's symmetrised smallest set of rings; 0 without rings."""
    return max((len(ring) for ring in molecule.GetRingInfo().AtomRings()), default=0)


def fingerprint(molecule: Chem.Mol, radius: int = 2, bits: int = 2048) -> Fingerprint:
    """Morgan fingerprint; radius 2 corresponds to ECFP4."""
    found: Fingerprint = _morgan(radius, bits).GetFingerprint(molecule)
    return found


@lru_cache(maxsize=16)
def _morgan(radius: int, bits: int) -> rdFingerprintGenerator.FingerprintGenerator64:
    return rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=bits)


def tanimoto(one: Fingerprint, others: Sequence[Fingerprint]) -> list[float]:
    """Tanimoto similarity of one fingerprint to each of the others."""
    return list(DataStructs.BulkTanimotoSimilarity(one, list(others)))


def neutral_form(molecule: Chem.Mol) -> Chem.Mol:
    """The molecule with charges neutralised where protons can be added or removed."""
    with quiet():
        return _uncharger().uncharge(molecule)


@lru_cache(maxsize=1)
def _uncharger() -> rdMolStandardize.Uncharger:
    return rdMolStandardize.Uncharger()


def pattern(smarts: str) -> Chem.Mol:
    """The pattern of a SMARTS string.

    Raises:
        ValueError: it is no SMARTS.
    """
    with quiet():
        found = Chem.MolFromSmarts(smarts)
    if found is None or not found.GetNumAtoms():
        raise ValueError(f"{smarts!r} cannot be read as SMARTS")
    return found


def has_radicals(molecule: Chem.Mol) -> bool:
    """Whether an atom has unpaired electrons: a radical, a carbene, a free valence.

    An atom has a free valence where brackets name fewer hydrogens than it needs, as in `C[C]C` or
    in `[C@]` with three bonds.
    """
    return any(atom.GetNumRadicalElectrons() for atom in molecule.GetAtoms())


def element_counts(molecule: Chem.Mol) -> dict[str, int]:
    """Atoms of each element, hydrogen included."""
    return formula_counts(rdMolDescriptors.CalcMolFormula(molecule))


def formula_counts(formula: str) -> dict[str, int]:
    """Atoms of each element in a molecular formula such as C9H8O4; a charge at its end is ignored.

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
"""RDKit's descriptors, by their names in RDKit."""


def packed(fingerprint: Fingerprint) -> bytes:
    """A fingerprint as bytes, eight bits each."""
    data: bytes = DataStructs.BitVectToBinaryText(fingerprint)
    return data


def unpacked(data: bytes) -> Fingerprint:
    """The inverse of `packed`."""
    return DataStructs.CreateFromBinaryText(data)  # type: ignore[arg-type]  # takes bytes


def known(smiles: str, limits: Limits = DEFAULT_LIMITS) -> Molecule | None:
    """The molecule of a string, from a cache; None if it is invalid. Do not change its atoms.

    The cache saves a second parse and a second QED where a reward and statistics ask for the same
    molecule one after the other, or for a string and its identical canonical SMILES.
    """
    return _known(smiles, limits)


@lru_cache(maxsize=KEPT)
def _known(smiles: str, limits: Limits) -> Molecule | None:
    found = parse(smiles, limits)
    return None if found is None else Molecule(found)


@lru_cache(maxsize=1)
def _qed_alerts() -> FilterCatalog.FilterCatalog:
    """The structural alerts of QED as one catalogue."""
    catalogue = FilterCatalog.FilterCatalog()
    for number, alert in enumerate(QED.StructuralAlerts):
        matcher = FilterCatalog.SmartsMatcher(str(number), alert, 1)
        catalogue.AddEntry(FilterCatalog.FilterCatalogEntry(str(number), matcher))
    return catalogue


class Molecule:
    """A molecule with the properties that several terms share, each computed once when needed."""

    def __init__(self, rdkit: Chem.Mol) -> None:
        self.rdkit = rdkit

    @cached_property
    def canonical(self) -> str:
        """RDKit's canonical SMILES."""
        return canonical_smiles(self.rdkit)

    @cached_property
    def scaffold(self) -> str:
        """Canonical SMILES of the Bemis-Murcko scaffold; empty without rings."""
        return str(MurckoScaffold.MurckoScaffoldSmiles(mol=self.rdkit))

    @property
    def properties(self) -> tuple[float, ...]:
        """The `PROPERTIES`; SA from -1 (easy) to -10."""
        return self.logp, self.qed, self.sa

    @cached_property
    def logp(self) -> float:
        """Crippen's estimate of the octanol-water partition coefficient."""
        return float(rdMolDescriptors.CalcCrippenDescriptors(self.rdkit)[0])

    @cached_property
    def sa(self) -> float:
        """Minus the synthetic accessibility score of Ertl and Schuffenhauer: -1 (easy) to -10."""
        return -float(sascorer.calculateScore(self.rdkit))

    @cached_property
    def qed(self) -> float:
        """Quantitative estimate of drug-likeness (Bickerton et al. 2012), 0 to 1.

        RDKit's own number to the last bit, in about half the time: logP is reused, and the alerts
        are matched in one call. RDKit removes explicit hydrogens first; where there are any, its
        own function is called.
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
        """Minus the number of atoms beyond six in the largest ring."""
        return float(min(0, FREE_RING - largest_ring(self.rdkit)))
