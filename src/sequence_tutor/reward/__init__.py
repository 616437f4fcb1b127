"""Rewards: named terms per token, their weights, users' own terms, and a checker."""

from sequence_tutor.reward.check import check_reward
from sequence_tutor.reward.protocol import Remembers, Reward
from sequence_tutor.reward.user_terms import UserTerm, load_user_terms
from sequence_tutor.reward.weighted import Reweighted, WeightedReward, weighted_total

__all__ = [
    "Remembers",
    "Reward",
    "Reweighted",
    "UserTerm",
    "WeightedReward",
    "check_reward",
    "load_user_terms",
    "weighted_total",
]
