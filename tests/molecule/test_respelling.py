"""A replayed molecule in another spelling: the same molecule and return, judged by the prior."""

import torch

from kit import generator
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.molecule import MoleculeDomain
from sequence_tutor.molecule.chemistry import canonical_of
from sequence_tutor.molecule.scoring.reward import MoleculeRewardSettings
from sequence_tutor.objectives.action_values import taken
from sequence_tutor.replay.sequences import Stored
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.experiences import Experiences
from sequence_tutor.tuner.respelling import Respeller
from sequence_tutor.tuner.settings import TuneSettings

SMILES = ["CC(=O)Oc1ccccc1C(=O)O", "CCOC(=O)c1ccc(N)cc1", "CN1CCC(O)CC1"]


def test_molecules_are_written_otherwise_and_mean_the_same() -> None:
    model = load_model("molecule")
    domain, prior = model.domain, model.stored.prior
    assert isinstance(domain, MoleculeDomain)
    reward = domain.reward(MoleculeRewardSettings(workers=0), None)
    task = Task(prior, reward, 80, domain.end_token, speller=domain.speller())
    experiences = Experiences(prior, TuneSettings(), reward.weights)
    batch = SequenceBatch.from_lists([domain.vocabulary.encode(one) for one in SMILES])
    terms = torch.rand(*batch.tokens.shape, 2, generator=generator())
    old = Stored(batch, terms, experiences.store(batch, terms).log_prior)
    same = Respeller(task, experiences, 0.0, generator())(old, 0)
    assert same is old
    new = Respeller(task, experiences, 1.0, generator(3))(old, 1)
    texts = domain.vocabulary.decode_batch(new.batch)
    assert texts[0] == SMILES[0]
    assert texts[1:] != SMILES[1:]
    assert [canonical_of(text or "") for text in texts] == [canonical_of(one) for one in SMILES]
    torch.testing.assert_close(new.terms.sum(1), old.terms.sum(1))
    for row in (1, 2):
        last = int(new.batch.lengths[row]) - 1
        assert new.terms[row].nonzero()[:, 0].unique().tolist() == [last]
    wanted = taken(prior.sequence_log_probs(new.batch.tokens), new.batch.tokens)
    mask = new.batch.mask
    torch.testing.assert_close(new.log_prior[mask], wanted[mask], rtol=1e-4, atol=1e-4)
