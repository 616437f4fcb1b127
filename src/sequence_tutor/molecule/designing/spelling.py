"""Parts of molecules written so that a model can go on from them, or come to them.

Source: Thomas et al. 2024, PromptSMILES (https://doi.org/10.1186/s13321-024-00866-5): a part is
written with an open attachment point last, so that a model trained on whole molecules goes on from
there. Where we differ: the spelling is the one that the prior finds likeliest, or one drawn by its
likelihood; the other open points are hydrogens in it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from rdkit import Chem
from torch import Tensor

from sequence_tutor.errors import UserError, shown
from sequence_tutor.models.next_token import by_length
from sequence_tutor.molecule.chemistry import quiet
from sequence_tutor.molecule.designing.part import Part, dummies_of
from sequence_tutor.molecule.tokens import Vocabulary, element_of, split_smiles
from sequence_tutor.objectives.action_values import taken
from sequence_tutor.prior.protocol import Prior, device_of
from sequence_tutor.randomness import uniform_numbers
from sequence_tutor.sampling.rollout import rollout, sample_tokens
from sequence_tutor.sequences import SequenceBatch

BONDS = "-/\\"
"""Tokens of a single bond, which may stand between a beginning and what follows."""

BEGIN_GROUP = (*BONDS, "[")
"""Tokens beside those of atoms that a group begins with; `[` only where it is a token."""

TRIES = 256
"""Random SMILES of a part among which its beginnings are found."""

NO_BEGINNING = "cannot be written with its open point last"

AT_ONCE = 512
"""Sequences whose likelihood is computed together."""

_KEEPING_NONE = Chem.RemoveHsParameters()
_KEEPING_NONE.removeDefiningBondStereo = True  # type: ignore[assignment]  # RDKit's stub errs


def beginnings(molecule: Chem.Mol, point: int, tries: int, seed: int) -> list[str]:
    """Distinct SMILES of a molecule that end at an attachment point, which is left out.

    Args:
        molecule: with attachment points; the others are written as hydrogens.
        point: number of the one that is last.
        tries: random SMILES, of which those are kept that end so.
        seed: of them.
    """
    with quiet():
        lone = _with_one_point(molecule, point)
        written = Chem.MolToRandomSmilesVect(lone, tries, randomSeed=seed)
    return sorted({text[:-1] for text in written if text.endswith("*")})


def endings(molecule: Chem.Mol, point: int, tries: int, seed: int) -> list[str]:
    """Distinct SMILES of a molecule that begin at an attachment point, which is left out."""
    with quiet():
        lone = _with_one_point(molecule, point)
        (dummy,) = dummies_of(lone)
        found = {Chem.MolToSmiles(lone, rootedAtAtom=dummy.GetIdx())}
        written = Chem.MolToRandomSmilesVect(lone, tries, randomSeed=seed)
    return sorted({text[1:] for text in (*found, *written) if text.startswith("*")})


def _with_one_point(molecule: Chem.Mol, point: int) -> Chem.Mol:
    """The molecule with hydrogens at all other points, and a plain `*` at this one."""
    edited = Chem.RWMol(molecule)
    for atom in dummies_of(edited):
        if atom.GetIsotope() != point:
            atom.SetAtomicNum(1)
        atom.SetIsotope(0)
    return Chem.RemoveHs(edited.GetMol(), _KEEPING_NONE)


def first_beginnings(
    part: Part, point: int, vocabulary: Vocabulary, length: int
) -> list[list[int]]:
    """The tokens of a part written with a point last, in every way that was found.

    Args:
        part: as the user gave it.
        point: number of the one that is last.
        vocabulary: of the prior.
        length: most tokens of a molecule, with the end token.

    Raises:
        UserError: the vocabulary cannot write it, or it is too long.
    """
    return _written(part, beginnings(part.molecule, point, TRIES, seed=1), vocabulary, length)


def first_endings(part: Part, vocabulary: Vocabulary, length: int) -> list[list[int]]:
    """The tokens of a part with one point that is written first; see `first_beginnings`."""
    return _written(part, endings(part.molecule, 1, TRIES, seed=1), vocabulary, length)


def _written(
    part: Part, texts: Sequence[str], vocabulary: Vocabulary, length: int
) -> list[list[int]]:
    what = f"{part.option} {shown(part.smiles)}"
    if not texts:
        raise UserError(f"{what} {NO_BEGINNING}")
    pieces = [split_smiles(text, vocabulary.tokeniser) for text in texts]
    short = [own for own in pieces if len(own) <= length - 2]
    if not short:
        raise UserError(
            f"{what} takes {min(map(len, pieces))} tokens, and a molecule of this model has at "
            f"most {length - 1}"
        )
    known = [own for own in short if all(one in vocabulary.numbers for one in own)]
    if not known:
        lacking = next(one for one in short[0] if one not in vocabulary.numbers)
        raise UserError(
            f"{what}: token {lacking!r} is unknown to this prior, which cannot write the part, "
            "expected a part of its tokens, or a prior trained on molecules with this one "
            "(sequence-tutor pretrain molecule)"
        )
    return [vocabulary.encode_pieces(own, end=False) for own in known]


class Writer:
    """Chooses spellings by their likelihood.

    Args:
        vocabulary: of the prior.
        prior: says how likely a molecule begins so.
        longest: most tokens of a beginning.
    """

    def __init__(self, vocabulary: Vocabulary, prior: Prior, longest: int) -> None:
        self.vocabulary, self.prior, self.longest = vocabulary, prior, longest
        begins = [one in BEGIN_GROUP or element_of(one) is not None for one in vocabulary.tokens]
        self._begins = torch.tensor([*begins, False], device=device_of(prior))  # (V,)

    def encoded(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of those texts that can be written."""
        known = self.vocabulary.numbers
        pieces = (split_smiles(text, self.vocabulary.tokeniser) for text in texts)
        return [
            self.vocabulary.encode_pieces(own, end=False)
            for own in pieces
            if len(own) <= self.longest and all(one in known for one in own)
        ]

    def drawn(
        self, spellings: Sequence[Sequence[Sequence[int]]], generator: torch.Generator
    ) -> list[list[int]]:
        """One spelling of each molecule, drawn by how likely the prior finds it and a group next.

        Args:
            spellings: of each molecule at least one.
            generator: source of randomness.
        """
        distinct = {tuple(one): None for own in spellings for one in own}
        likely = dict(zip(distinct, self.followed(list(distinct)), strict=True))
        flat = [tuple(one) for own in spellings for one in own]
        weights = torch.tensor([likely[one] for one in flat], dtype=torch.float64)
        keys = perturbed(weights, generator)
        found, first = [], 0
        for own in spellings:
            found.append(list(flat[first + int(keys[first : first + len(own)].argmax())]))
            first += len(own)
        return found

    @torch.no_grad()
    def followed(self, rows: Sequence[Sequence[int]]) -> list[float]:
        """Log p of beginnings, each with a token after it that begins a group."""
        device = device_of(self.prior)
        found: list[float] = []
        for begin in range(0, len(rows), AT_ONCE):
            some = rows[begin : begin + AT_ONCE]
            batch = SequenceBatch.from_lists([[*one, 0] for one in some]).to(device)
            log_probs = by_length(self.prior.sequence_log_probs, batch)  # (B, T, V)
            last, rows_here = batch.lengths - 1, torch.arange(len(batch), device=device)
            each = taken(log_probs, batch.tokens).double()
            each = each.where(batch.mask & ~batch.last, 0.0).sum(1)  # (B,)
            group = log_probs[rows_here, last].double().masked_fill(~self._begins, -torch.inf)
            found += (each + group.logsumexp(1)).tolist()
        return found

    @torch.no_grad()
    def continued(
        self,
        policy: Prior,
        begun: Sequence[Sequence[int]],
        generator: torch.Generator,
        *,
        temperature: float,
        most: int,
    ) -> list[list[int]]:
        """What a policy writes after beginnings, at least one atom with a single bond.

        The first token is drawn among those that begin a group; nothing else, such as the end of
        the molecule, is one.

        Args:
            policy: writes.
            begun: tokens, a point last.
            generator: source of randomness.
            temperature: divides log pi.
            most: tokens of a whole sequence.

        Returns:
            The whole sequences.
        """
        device = generator.device
        given = torch.tensor([len(one) for one in begun], device=device)
        batch = SequenceBatch.from_lists([[*one, 0] for one in begun]).to(device)
        after = policy.sequence_log_probs(batch.tokens)  # (B, T, V)
        first = after[torch.arange(len(begun), device=device), given] / temperature  # (B, V)
        chosen = sample_tokens(first.masked_fill(~self._begins, -torch.inf), generator)
        batch.tokens[torch.arange(len(begun), device=device), given] = chosen
        return rollout(
            policy,
            len(begun),
            most,
            generator,
            end_token=self.vocabulary.end_token,
            prime=batch,
            temperature=temperature,
        ).batch.to_lists()

    @torch.no_grad()
    def likelihoods(
        self, rows: Sequence[Sequence[int]], given: Sequence[int] | None = None
    ) -> list[float]:
        """Log p of each row of tokens, not counting the first ones that are given."""
        device = device_of(self.prior)
        found: list[float] = []
        for begin in range(0, len(rows), AT_ONCE):
            batch = SequenceBatch.from_lists(rows[begin : begin + AT_ONCE]).to(device)
            mask = batch.mask
            if given is not None:
                first = torch.tensor(given[begin : begin + AT_ONCE], device=device)
                mask &= torch.arange(mask.shape[1], device=device) >= first[:, None]
            each = taken(by_length(self.prior.sequence_log_probs, batch), batch.tokens)
            found += each.double().where(mask, 0.0).sum(1).tolist()
        return found


def perturbed(log_weights: Tensor, generator: torch.Generator) -> Tensor:
    """Log weights (N,) with Gumbel noise: the largest k are k draws by weight, none twice.

    Source: Efraimidis and Spirakis 2006, in the form of Kool et al. 2019 (arXiv:1903.06059).
    """
    uniform = uniform_numbers(generator, len(log_weights))
    return log_weights - (-uniform.cpu().clamp(min=1e-300).log()).log()
