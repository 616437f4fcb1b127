"""The DNA example as a package that somebody else has installed."""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

DNA = Path(__file__).parents[2] / "docs" / "examples" / "dna"


@pytest.fixture
def dna(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with `strands.txt`, while the domain `dna` is installed."""
    site = tmp_path / "site"
    shutil.copytree(DNA / "dna", site / "dna")
    facts = site / "sequence_tutor_dna-0.1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: sequence-tutor-dna\nVersion: 0\n")
    (facts / "entry_points.txt").write_text("[sequence_tutor.domains]\ndna = dna:DnaDomain\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.chdir(tmp_path)
    numbers = random.Random(0)
    strands = ("".join(numbers.choices("ACGT", (6, 1, 1, 6), k=12)) for _ in range(80))
    (tmp_path / "strands.txt").write_text("".join(f"{strand}\n" for strand in strands))
    forget_package()  # another test may have imported it from elsewhere
    yield tmp_path
    forget_package()


def forget_package() -> None:
    """Let the next import of the package read its files."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "dna"]:
        del sys.modules[name]
