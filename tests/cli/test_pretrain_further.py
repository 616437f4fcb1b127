"""`pretrain --begin-with`: a prior learns on, from other data, in its own vocabulary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from sequence_tutor.cli import main
from sequence_tutor.models import weights_digest
from sequence_tutor.prior.finding import find_prior
from sequence_tutor.prior.store import StoredPrior, load_prior
from sequence_tutor.verbs.pretrain import pretrain

SETTINGS: dict[str, Any] = {
    "data": {"validation": 0.2, "test": 0.2},
    "train": {
        "steps": 60,
        "batch": 16,
        "evaluate_every": 30,
        "learning_rate": 0.05,
        "network": {"width": 16},
    },
}


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a prior of texts in which a and b take turns, and now and then a c."""
    folder = tmp_path_factory.mktemp("letters")
    file = folder / "lines.txt"
    file.write_text("".join("ab" * n + "c" * (n % 3) + "\n" for n in range(1, 21)) * 5)
    pretrain("text", [file], folder / "prior", overrides=SETTINGS, threads=1, quiet=True)
    return folder / "prior"


def further(letters: Path, data: Path, out: Path) -> StoredPrior:
    """The prior trained on; settings that ask for another network than its own."""
    asked = {"network": {"cell": "transformer", "heads": 2}}
    return pretrain(
        "text",
        [data],
        out,
        begin_with=letters,
        overrides={**SETTINGS, "train": {**SETTINGS["train"], **asked}},
        threads=1,
        quiet=True,
    )


@pytest.fixture
def turned(tmp_path: Path) -> Path:
    """Lines in which b and a take turns, some with a token that the prior does not know."""
    file = tmp_path / "turned.txt"
    file.write_text("".join("ba" * n + "\n" for n in range(1, 21)) * 5 + "abd\n")
    return file


def test_it_goes_on_with_network_and_vocabulary_of_the_prior(
    letters: Path, turned: Path, tmp_path: Path
) -> None:
    before = load_prior(letters)
    after = further(letters, turned, tmp_path / "out")
    assert after.card["text"]["tokens"] == ["a", "b", "c"]  # no line has a c any more
    assert after.card["data"]["skipped"] == {"a token that the vocabulary lacks": 1}
    assert after.network.settings == before.network.settings
    assert after.card["began_with"]["prior"] == str(letters)
    assert after.card["began_with"]["weights"] == weights_digest(before.network)
    first = torch.tensor([[0], [1]])
    preferred = [
        stored.prior.sequence_log_probs(first)[0, 0].argmax().item() for stored in (before, after)
    ]
    assert preferred == [0, 1]


def test_killed_or_finished_the_same_command_goes_on_and_another_prior_is_refused(
    letters: Path, turned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    once = further(letters, turned, out)
    (out / "prior.safetensors").unlink()
    again = further(letters, turned, out)
    assert weights_digest(again.network) == weights_digest(once.network)
    config = tmp_path / "same.toml"
    config.write_text("[data]\nvalidation = 0.2\ntest = 0.2\n")
    given = ["--data", turned, "--config", config, "--out", out, "--begin-with", out]
    assert main(["pretrain", "text", *map(str, given), "--quiet"]) == 2
    assert "other settings, data or first weights" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("domain", "prior", "says"),
    [
        ("molecule", "melody", "a prior of melody, expected one of molecule to train further"),
        ("text", "nowhere", "nowhere: neither a folder of a run or of a prior"),
        ("melody", "box.py", "has no network of this program"),
    ],
)
def test_a_prior_that_cannot_go_on_is_refused_before_any_file_is_read(
    domain: str, prior: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    box = tmp_path / "box.py"
    box.write_text(
        'import torch\nDOMAIN = "melody"\n'
        "def log_probs(tokens):\n    return torch.full((len(tokens), 38), 1 / 38).log()\n"
    )
    begin_with = box if prior == box.name else prior
    given = ["--data", tmp_path / "absent", "--out", tmp_path / "out", "--begin-with", begin_with]
    assert main(["pretrain", domain, *map(str, given), "--quiet"]) == 2
    assert says in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.long
def test_the_shipped_prior_of_molecules_learns_a_series(tmp_path: Path) -> None:
    """A chemist's hundred molecules: the prior learns what they share within a few updates."""
    tails = ("O", "N", "F", "Cl", "C#N", "C(=O)O", "C(N)=O", "S", "OC", "NC")
    series = [f"c1ccc2c(c1)nc({'C' * n}{tail})s2" for n in range(1, 11) for tail in tails]
    file = tmp_path / "series.smi"
    file.write_text("".join(f"{smiles}\n" for smiles in series))
    config = tmp_path / "few.toml"
    config.write_text("[train]\nsteps = 40\nfinal_samples = 0\n")
    out = tmp_path / "mine"
    given = ["--data", file, "--begin-with", "molecule", "--config", config, "--out", out]
    given += ["--preset", "further"]
    assert main(["pretrain", "molecule", *map(str, given), "--quiet", "--threads", "1"]) == 0
    shipped, mine = find_prior("molecule"), load_prior(out)
    assert mine.card["molecule"]["tokens"] == shipped.card["molecule"]["tokens"]
    rows = torch.tensor(_encoded(mine, series[:1]))
    before, after = (
        float(stored.prior.sequence_log_probs(rows).gather(2, rows[..., None]).sum())
        for stored in (shipped, mine)
    )
    assert after > before + 10  # nats


def _encoded(stored: StoredPrior, lines: list[str]) -> list[list[int]]:
    from sequence_tutor.molecule.tokens import Vocabulary

    vocabulary = Vocabulary.from_card(stored.card)
    return [vocabulary.encode(line) for line in lines]
