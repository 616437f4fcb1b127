"""Terms of the molecule reward, each the settings and the computation of one number."""

from typing import Annotated

from pydantic import Field

from sequence_tutor.molecule.terms.alerts import Alerts
from sequence_tutor.molecule.terms.batch import BatchFunction, Function, Program, UserFunction
from sequence_tutor.molecule.terms.models import ModelTerm, OnnxModel, SklearnModel
from sequence_tutor.molecule.terms.properties import (
    SA,
    Descriptor,
    LogP,
    PenalisedLogP,
    Qed,
    Ring,
    Valid,
)
from sequence_tutor.molecule.terms.ranges import Ranges
from sequence_tutor.molecule.terms.raw_number import raw_number
from sequence_tutor.molecule.terms.structure import Isomer, Similarity, Substructure
from sequence_tutor.molecule.terms.term import MoleculeTerm, Term, WritingTerm
from sequence_tutor.molecule.terms.term_set import MoleculeRecord, TermSet
from sequence_tutor.molecule.terms.writing import CarbonRun, Short

__all__ = [
    "SA",
    "Alerts",
    "AnyTerm",
    "BatchFunction",
    "CarbonRun",
    "Descriptor",
    "Function",
    "Isomer",
    "LogP",
    "ModelTerm",
    "MoleculeRecord",
    "MoleculeTerm",
    "OnnxModel",
    "PenalisedLogP",
    "Program",
    "Qed",
    "Ranges",
    "Ring",
    "Short",
    "Similarity",
    "SklearnModel",
    "Substructure",
    "Term",
    "TermSet",
    "UserFunction",
    "Valid",
    "WritingTerm",
    "raw_number",
]

AnyTerm = Annotated[
    Valid
    | LogP
    | SA
    | Qed
    | Ring
    | PenalisedLogP
    | Short
    | CarbonRun
    | Similarity
    | Substructure
    | Alerts
    | Ranges
    | Isomer
    | Descriptor
    | SklearnModel
    | OnnxModel
    | Program
    | Function,
    Field(discriminator="kind"),
]
"""A term's table in a settings file; `kind` may be left out where the name is that of a kind."""
