"""The stable interface for authors of domains, see docs/extend/domain.md."""

from sequence_tutor.config.settings import Settings, of_kind
from sequence_tutor.domain.base import Domain
from sequence_tutor.domain.check import check_domain
from sequence_tutor.domain.data import (
    Beginning,
    Better,
    Constrained,
    Figure,
    Judge,
    Limits,
    Progress,
    Statistics,
    TrainingData,
    Wishes,
)
from sequence_tutor.domain.designing import (
    Around,
    Designed,
    Designer,
    Draws,
    Ends,
    Near,
    Scaffold,
)
from sequence_tutor.domain.exhibit import Exhibit, Material, ShownModel
from sequence_tutor.domain.registry import find_domain
from sequence_tutor.domain.row_statistics import RowStatistics
from sequence_tutor.domain.rows import (
    SHARE,
    SHARE_OF_STEPS,
    Counts,
    JoinedRows,
    RewardRows,
    RowRange,
    Rows,
    having,
    numbers,
    ratio,
)
from sequence_tutor.domain.token_sequences import TokenSequences
from sequence_tutor.errors import UserError
from sequence_tutor.estimates import Estimate, Mean, RatioOfSums
from sequence_tutor.prior.store import StoredPrior
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.reward.user_terms import load_user_terms
from sequence_tutor.reward.weighted import WeightedReward
from sequence_tutor.sampling.choosing import Candidates, Chooses, ChoosingOptions, Crosses
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.files import write_text

__all__ = [
    "SHARE",
    "SHARE_OF_STEPS",
    "Around",
    "Beginning",
    "Better",
    "Candidates",
    "Chooses",
    "ChoosingOptions",
    "Constrained",
    "Counts",
    "Crosses",
    "Designed",
    "Designer",
    "Domain",
    "Draws",
    "Ends",
    "Estimate",
    "Exhibit",
    "Figure",
    "JoinedRows",
    "Judge",
    "Limits",
    "Material",
    "Mean",
    "Near",
    "Progress",
    "RatioOfSums",
    "Reward",
    "RewardRows",
    "RowRange",
    "RowStatistics",
    "Rows",
    "Scaffold",
    "SequenceBatch",
    "Settings",
    "ShownModel",
    "Statistics",
    "StoredPrior",
    "TokenSequences",
    "TrainingData",
    "UserError",
    "WeightedReward",
    "Wishes",
    "check_domain",
    "find_domain",
    "having",
    "load_user_terms",
    "numbers",
    "of_kind",
    "ratio",
    "write_text",
]
