"""The molecule reward as tables of a settings file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from sequence_tutor.config.settings import Settings
from sequence_tutor.errors import SettingsError
from sequence_tutor.execution.ray_executor import RayExecutor
from sequence_tutor.execution.registry import find_executor
from sequence_tutor.molecule.chemistry import DEFAULT_LIMITS, Limits
from sequence_tutor.molecule.scoring.aggregation import Aggregation
from sequence_tutor.molecule.scoring.diversity import Diversity, DiversitySettings
from sequence_tutor.molecule.scoring.elsewhere import OnNodes
from sequence_tutor.molecule.scoring.gates import refuse_gates
from sequence_tutor.molecule.scoring.named_terms import (
    named_terms,
    refuse_shared_columns,
    weight_of,
    with_kind,
)
from sequence_tutor.molecule.scoring.payment import Payment
from sequence_tutor.molecule.scoring.raw_terms import RawTerms, terms_of_molecules
from sequence_tutor.molecule.scoring.scorer import Scorer
from sequence_tutor.molecule.scoring.sources import sources_of
from sequence_tutor.molecule.scoring.terminal_reward import MoleculeReward
from sequence_tutor.molecule.terms import AnyTerm, TermSet, UserFunction, WritingTerm
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.reward.user_terms import UserTerm
from sequence_tutor.reward.weighted import EXTENDS_HINT
from sequence_tutor.threads import cores_at_hand

MOST_WORKERS = 8

# A drug-like molecule of ZINC earns 3.3 for being valid and about 1.8 for the rest. logP is clipped
# to the range of such molecules; without bounds a chain of carbons would be best.
_DEFAULT: dict[str, Any] = {  # a settings file's tables
    "weights": {"valid": 3.3, "qed": 2.8, "sa": 0.08, "logp": 0.03, "ring": 10.0},
    "terms": {"logp": {"transform": {"kind": "clip", "low": -0.55, "high": 4.45}}},
}


class LimitSettings(Settings):
    """Limits of a SMILES string; a string beyond one of them counts as invalid."""

    characters: int = Field(DEFAULT_LIMITS.characters, ge=1, description="of the string")
    ring_closures: int = Field(
        DEFAULT_LIMITS.ring_closures, ge=0, description="bonds written by ring digits"
    )
    heavy_atoms: int = Field(DEFAULT_LIMITS.heavy_atoms, ge=1, description="of the molecule")
    radicals: bool = Field(
        False, description="whether molecules with unpaired electrons, carbenes too, are valid"
    )

    @property
    def limits(self) -> Limits:
        """The limits of `chemistry.parse`."""
        return Limits(self.characters, self.ring_closures, self.heavy_atoms)


class MoleculeRewardSettings(Settings):
    """The molecule reward as tables of a settings file.

    ``[weights]`` holds one number for each term. A term is named by a kind that needs no constants,
    by an RDKit descriptor, or by a table ``[terms.NAME]`` with constants and a transform::

        [reward.weights]
        qed = 1.0
        TPSA = 0.01

        [reward.terms.like_aspirin]
        kind = "similarity"
        smiles = "CC(=O)Oc1ccccc1C(=O)O"
        transform = {kind = "sigmoid", low = 0.3, high = 0.7}

    Without both tables the reward is the default: valid, drug-like, easy to synthesise, somewhat
    lipophilic, no large ring.
    """

    weights: dict[str, float] = Field(
        default_factory=dict, description="weight of each term, 0 for off"
    )
    terms: dict[str, AnyTerm] = Field(
        default_factory=dict, description="constants and transforms, one table a term"
    )
    aggregation: Aggregation = Field(
        "sum", description="how scores become one; sum: as in the paper, every term is learned from"
    )
    invalid: float = Field(0.0, description="what an invalid molecule is paid")
    diversity: DiversitySettings = Field(
        DiversitySettings(), description="penalties for molecules found before"
    )
    limits: LimitSettings = Field(LimitSettings(), description="limits of strings that are parsed")
    workers: Annotated[int, Field(ge=0)] | Literal["auto"] = Field(
        "auto",
        description="processes that score; auto: one for each core up to 8; 0: none, and then no "
        "molecule that takes too long can be stopped",
    )
    timeout: float = Field(10.0, gt=0, description="seconds for one molecule")
    cache: int = Field(200_000, ge=0, description="molecules whose terms are cached")
    store: str | None = Field(
        None,
        description="folder where answers of programs and expensive functions are kept, for other "
        "runs too; unset: in the run's folder",
    )

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, given: Any) -> Any:  # whatever a user's file holds
        """Fill in the default terms, and the kinds of terms whose name is that of a kind."""
        if not isinstance(given, dict):
            return given
        tables = {"weights": {}, "terms": {}, **given}
        if not tables["weights"] and not tables["terms"]:
            tables |= _DEFAULT
        terms = tables["terms"]
        if not isinstance(terms, dict):
            return tables
        return tables | {"terms": {name: with_kind(name, table) for name, table in terms.items()}}

    @field_validator("store")
    @classmethod
    def _absolute(cls, store: str | None) -> str | None:
        """The same folder wherever a later command is given."""
        return None if store is None else str(Path(store).absolute())

    @model_serializer(mode="wrap")
    def _as_asked(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As plain values; without a store as before there were any."""
        values: dict[str, Any] = handler(self)
        return {n: one for n, one in values.items() if n != "store" or one is not None}

    def build(
        self,
        vocabulary: Vocabulary,
        training: Mapping[str, Any] | None = None,
        user_terms: Sequence[UserTerm] = (),
        executor: str | None = None,
    ) -> MoleculeReward:
        """The reward these settings describe.

        Args:
            vocabulary: decodes tokens.
            training: facts about the training data from a prior's card, for the limits of `short`
                and `carbon_run`.
            user_terms: functions of a user's file.
            executor: name of the one that scores molecules; None: the usual one.

        Raises:
            UserError: a weight for an unknown term, no term at all, or a term without a limit.
        """
        functions = {term.name: UserFunction(term) for term in user_terms}
        every = named_terms(self.weights, self.terms, functions)
        weights = {
            name: self.weights.get(name, weight_of(name, term, functions))
            for name, term in every.items()
        }
        terms = {
            name: term.limited(name, training or {}) if isinstance(term, WritingTerm) else term
            for name, term in every.items()
            if weights[name] or term.gate is not None
        }
        if not any(map(weights.get, terms)):
            raise SettingsError(
                f"every term has weight 0, expected at least one that is not{EXTENDS_HINT}"
            )
        refuse_shared_columns(terms)
        refuse_gates(terms, weights)
        term_set = TermSet(
            terms_of_molecules(terms),
            scaffolds=True,
            limits=self.limits.limits,
            radicals=self.limits.radicals,
        )
        scorer = self.scorer(term_set, executor)
        elsewhere = self._elsewhere(executor)
        sources = sources_of(terms, functions, self.cache, elsewhere, scorer.features)
        payment = Payment(
            terms,
            weights,
            aggregation=self.aggregation,
            invalid=self.invalid,
            diversity=Diversity(self.diversity) if self.diversity.weights else None,
        )
        raw_terms = RawTerms(terms, sources, scorer, Path(self.store) if self.store else None)
        return MoleculeReward(vocabulary, raw_terms, payment)

    def _elsewhere(self, executor: str | None) -> OnNodes | None:
        """How programs are asked on other machines; None: in this process."""
        kind = find_executor(executor) if executor and self.workers else None
        return OnNodes(kind) if kind is not None and issubclass(kind, RayExecutor) else None

    def scorer(self, term_set: TermSet, executor: str | None = None) -> Scorer:
        """A scorer of other terms with the same workers, time limit and cache."""
        every = min(cores_at_hand(), MOST_WORKERS)
        workers = self.workers if isinstance(self.workers, int) else every
        return Scorer(term_set, workers, self.timeout, self.cache, executor)
