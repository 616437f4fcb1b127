"""A run in a range and a scale: what is heard, what goes on, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from kit import run, sentence
from sequence_tutor.config.presets import Tables
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.evaluate import evaluate
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import Model, prior_of
from sequence_tutor.exporting.networks import TUNED, networks_of
from sequence_tutor.melody.domain import MelodyDomain
from sequence_tutor.melody.encoding import FIRST_NOTE, PITCH_OFFSET
from sequence_tutor.melody.writing.output import MelodyOutputSettings
from sequence_tutor.tuner.given import Given
from sequence_tutor.tuner.order import open_order
from sequence_tutor.tuner.run_record import load_spec
from sequence_tutor.verbs.fill import fill
from sequence_tutor.verbs.sample import sample
from sequence_tutor.verbs.tune import tune

FEW: Tables = {
    "steps": 4,
    "batch": 16,
    "collect": 16,
    "evaluate_every": 4,
    "evaluate_samples": 16,
    "replay": {"capacity": 64, "warm_start": 0},
}
E_DORIAN = {4, 6, 7, 9, 11, 1, 2}
MUSIC = {"range": "C4..G5", "scale": "E dorian"}


def heard(model: Model, rows: list[list[int]]) -> set[int]:
    """The MIDI pitches of melodies as their files have them."""
    settings = model.files()
    domain = model.framed_domain
    assert isinstance(settings, MelodyOutputSettings)
    assert isinstance(domain, MelodyDomain)
    up = PITCH_OFFSET + settings.heard(domain.frame).transpose
    return {token + up for row in rows for token in row if token >= FIRST_NOTE}


@pytest.fixture(scope="module")
def model(melody_prior: Path, tmp_path_factory: pytest.TempPathFactory) -> Model:
    out = tmp_path_factory.mktemp("runs") / "dorian"
    overrides = {"tune": FEW, "music": MUSIC}
    return tune("melody", out, prior=melody_prior, overrides=overrides, threads=1, quiet=True)


@pytest.fixture
def folder(model: Model) -> Path:
    assert model.scores is not None
    return model.scores.parent


def test_samples_keep_to_range_and_scale_and_are_written_in_the_scale(
    model: Model, tmp_path: Path
) -> None:
    found = sample(model, 200, quiet=True)
    sample(model, 1, tmp_path / "out", quiet=True)
    pitches = heard(model, found.to_lists())
    assert {pitch % 12 for pitch in pitches} == E_DORIAN
    assert min(pitches) >= 60
    assert max(pitches) <= 79
    assert len(pitches) == 12  # all that there are
    assert "K:Edor" in (tmp_path / "out" / "melody-0001.abc").read_text()


def test_the_rules_judge_in_the_key_with_the_signature_that_the_prior_learned(
    folder: Path,
) -> None:
    spec = load_spec(folder)
    assert (spec.reward["key"], spec.output["transpose"]) == (
        {"tonic": "D", "scale": "dorian"},
        2,
    )
    assert len(spec.only) == 2 + 12


@pytest.mark.long
def test_the_same_melodies_are_allowed_after_loading_and_evaluated(
    model: Model, folder: Path
) -> None:
    again = load_model(folder)
    assert again.only == model.only == tuple(load_spec(folder).only)
    assert sample(again, 20, seed=1).to_lists() == sample(model, 20, seed=1).to_lists()
    tuned, prior = evaluate([again, prior_of(again)], 64, particles=16).columns
    assert tuned.statistics["notes_not_in_key"].value == 0
    assert prior.statistics["notes_not_in_key"].value > 0.2
    assert tuned.statistics["kl_to_prior_per_token"].value > 0
    # the prior may write all, so that its optimum is another and bounds nothing of the run's
    assert tuned.statistics["log_z_smc"].value != prior.statistics["log_z_smc"].value


def test_what_is_filled_in_keeps_to_them_too(model: Model) -> None:
    found = fill(model, 4, pitch_range="A3..C5", quiet=True)
    pitches = heard(model, found.to_lists())
    assert {pitch % 12 for pitch in pitches} <= E_DORIAN
    assert min(pitches) >= 60
    assert max(pitches) <= 72
    settings = model.files({"transpose": 0})  # a scale none of whose notes the run writes
    with pytest.raises(UserError, match="among those that the run was tuned to write"):
        fill(model, 4, pitch_range="C#4..C#4", settings=settings, scale="C# minor", quiet=True)


def test_exported_networks_have_the_same_policy(model: Model) -> None:
    tokens = torch.randint(0, 38, (2, 9), generator=torch.Generator().manual_seed(0))
    exported = networks_of(model).log_probs(TUNED, tokens)
    own = model.policy.sequence_log_probs(tokens)
    assert torch.allclose(exported, own, atol=1e-5)
    assert float(exported.exp()[..., 2].max()) == 0  # C3 is out of the range


def test_a_run_goes_on_with_the_same_limits_only(
    melody_prior: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    (tmp_path / "few.toml").write_text(
        '[music]\nrange = "C4..C5"\n[tune]\nsteps = 2\nbatch = 8\ncollect = 8\n'
        "evaluate_every = 2\nevaluate_samples = 8\n[tune.replay]\ncapacity = 64\nwarm_start = 0\n"
    )
    asked = ("tune", "melody", "--prior", melody_prior, "--config", tmp_path / "few.toml")
    assert run(*asked, "--out", out, "--quiet", "--threads", 1) == 0
    first = json.loads((out / "run.json").read_text())
    assert first["only"] == [0, 1, *range(14, 27)]
    capsys.readouterr()
    assert run(*asked, "--out", out, "--quiet", "--threads", 1) == 0
    assert run(*asked, "--range", "flute", "--out", out, "--quiet", "--threads", 1) == 2
    assert "holds a run with only" in sentence(capsys)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("melody", "--range", "C9..C1"), "--range 'C9..C1': C9 is above C1"),
        (("melody", "--scale", "H dorian"), "--scale: unknown key 'H dorian'"),
        (("melody", "--length", 0), "--length: length is 0, expected a number greater than"),
        (("molecule", "--range", "C4..C5"), "--range is of melodies, not of molecule"),
    ],
)
def test_a_wrong_option_is_blamed_and_not_the_preset(
    given: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("tune", *given, "--out", tmp_path / "run") == 2
    assert sentence(capsys).startswith(f"sequence-tutor: {said}")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"music": {"range": "kazoo"}}, "music: range: 'kazoo': neither two pitches"),
        ({"music": {"scale": "H"}}, "music: scale: unknown key 'H'"),
        ({"music": {"rang": "flute"}}, "unknown name 'rang'"),
        ({"music": {"range": "C-1..D-1"}, "output": {"transpose": 24}}, "no pitch of C-1..D-1"),
        (
            {"music": {"scale": "D"}, "output": {"key": "D"}},
            "output.key is D beside music.scale D, expected one of them",
        ),
    ],
)
def test_what_cannot_be_is_refused(melody_prior: Path, tables: Tables, said: str) -> None:
    with pytest.raises(UserError, match=said):
        _ = open_order("melody", "default", None, tables, Given(melody_prior)).spec


def test_other_domains_have_no_such_table() -> None:
    with pytest.raises(UserError, match="music is a table of melodies, expected none for toy"):
        _ = open_order("toy", "default", None, {"music": {"range": "flute"}}, Given()).spec


def test_a_named_key_of_the_rules_stays(melody_prior: Path) -> None:
    tables = {"music": {"scale": "A minor pentatonic"}, "reward": {"key": {"tonic": "A"}}}
    spec = open_order("melody", "default", None, tables, Given(melody_prior)).spec
    assert spec.reward["key"]["tonic"] == "A"
    assert spec.output["transpose"] == 3  # three sharps are taken away


def test_chords_of_the_rules_are_where_they_are_heard(melody_prior: Path) -> None:
    chords = {"progression": "Em7 | A7"}
    tables = {"music": {"scale": "E dorian"}, "reward": {"rules": {"chords": chords}}}
    spec = open_order("melody", "default", None, tables, Given(melody_prior)).spec
    assert spec.reward["rules"]["chords"]["transpose"] == 2


def test_baselines_that_sample_the_prior_are_refused(
    melody_prior: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "music.toml").write_text('[music]\nrange = "flute"\n')
    own = ("--prior", melody_prior, "--config", tmp_path / "music.toml", "--out", tmp_path / "out")
    assert run("compare", "melody", "--methods", "psi,best-of-n", *own) == 2
    assert "best-of-n samples the prior, which is not limited" in sentence(capsys)
    assert run("frontier", "melody", *own) == 2
    assert "samples the prior, which is not limited" in sentence(capsys)
    assert not (tmp_path / "out").exists()
