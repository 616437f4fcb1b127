"""Structural alerts: the well-known lists of patterns that medicinal chemists avoid.

The lists are RDKit's catalogues; `Alerts.source` says where they are from.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, field_validator
from rdkit.Chem import FilterCatalog

from sequence_tutor.config.settings import nearest
from sequence_tutor.molecule.chemistry import Molecule
from sequence_tutor.molecule.terms.term import MoleculeFunction, MoleculeTerm, SomeTexts

_CATALOGUES = FilterCatalog.FilterCatalogParams.FilterCatalogs

LISTS = {
    "pains": _CATALOGUES.PAINS,
    "pains_a": _CATALOGUES.PAINS_A,
    "pains_b": _CATALOGUES.PAINS_B,
    "pains_c": _CATALOGUES.PAINS_C,
    "brenk": _CATALOGUES.BRENK,
    "nih": _CATALOGUES.NIH,
    "zinc": _CATALOGUES.ZINC,
    "bms": _CATALOGUES.CHEMBL_BMS,
    "dundee": _CATALOGUES.CHEMBL_Dundee,
    "glaxo": _CATALOGUES.CHEMBL_Glaxo,
    "inpharmatica": _CATALOGUES.CHEMBL_Inpharmatica,
    "lint": _CATALOGUES.CHEMBL_LINT,
    "mlsmr": _CATALOGUES.CHEMBL_MLSMR,
    "surechembl": _CATALOGUES.CHEMBL_SureChEMBL,
}
"""Name -> RDKit's catalogue."""


class Alerts(MoleculeTerm):
    """Minus the number of structural alerts of well-known lists that a molecule has.

    >>> from sequence_tutor.molecule.terms import Alerts, raw_number
    >>> raw_number(Alerts(lists="pains"), "CC(=O)Nc1ccc(O)cc1")  # paracetamol
    0.0
    >>> raw_number(Alerts(lists="nih"), "O=C1C=CC(=O)C=C1")  # p-benzoquinone
    -2.0
    """

    source: ClassVar[str] = (
        "pains, and its three parts by how often they were seen: Baell and Holloway 2010, "
        "https://doi.org/10.1021/jm901137j; brenk: Brenk et al. 2008, "
        "https://doi.org/10.1002/cmdc.200700139; nih: Jadhav et al. 2010, "
        "https://doi.org/10.1021/jm901070c, and Doveston et al. 2015, "
        "https://doi.org/10.1039/C4OB02287D; zinc: the filters of ZINC, "
        "http://blaster.docking.org/filtering/; the others: alerts of companies and libraries as "
        "collected in ChEMBL"
    )
    unit: ClassVar[str] = "alerts, 0 for none"
    kind: Literal["alerts"] = "alerts"
    lists: SomeTexts = Field(("pains", "brenk", "nih"), description=f"any of {', '.join(LISTS)}")

    @field_validator("lists")
    @classmethod
    def _known(cls, lists: tuple[str, ...]) -> tuple[str, ...]:
        for name in lists:
            if name not in LISTS:
                raise ValueError(f"unknown list {name!r}: {nearest(name, LISTS)}")
        return lists

    def prepare(self) -> MoleculeFunction:
        """Matches catalogues read once."""
        catalogue = catalogue_of(self.lists)

        def of(molecule: Molecule) -> float:
            return 0.0 - len(catalogue.GetMatches(molecule.rdkit))

        return of


def catalogue_of(lists: tuple[str, ...]) -> FilterCatalog.FilterCatalog:
    """The alerts of some lists; one that two lists have counts twice."""
    parameters = FilterCatalog.FilterCatalogParams()
    for name in dict.fromkeys(lists):
        parameters.AddCatalog(LISTS[name])
    return FilterCatalog.FilterCatalog(parameters)
