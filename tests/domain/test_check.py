from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from sequence_tutor import SequenceBatch, UserError, check, check_domain, find_domain
from sequence_tutor.domain import (
    Counts,
    Estimate,
    Exhibit,
    Figure,
    Material,
    Progress,
    Reward,
    RowRange,
    Settings,
    ShownModel,
    numbers,
)
from sequence_tutor.toy import ToyDomain


@pytest.mark.parametrize("name", ["melody", "molecule", "text", "toy"])
def test_ours_keep_their_promises(name: str) -> None:
    if name == "molecule":
        pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
    check_domain(find_domain(name))


class Endless(ToyDomain):
    end_token = 4


class Undirected(ToyDomain):
    figures: Mapping[str, Figure] = {"length": Figure("up")}  # type: ignore[arg-type]


class Unset(ToyDomain):
    data_settings = dict  # type: ignore[assignment]


class Demanding(Settings):
    must: int


class Needy(ToyDomain):
    reward_settings = Demanding


class Percent:
    def update(self, batch: SequenceBatch) -> None:
        """Nothing."""

    def result(self) -> dict[str, Estimate]:
        return {"full": Estimate(50.0, 40.0, 60.0)}


class InPercent(ToyDomain):
    figures: Mapping[str, Figure] = {"full": Figure(share=True)}

    def statistics(self, settings: Settings) -> Any:
        return Percent()


class Silent(ToyDomain):
    def write(
        self, batch: SequenceBatch, directory: Path, settings: Settings, progress: Progress
    ) -> None:
        """Nothing."""


class Backwards(ToyDomain):
    def write(
        self, batch: SequenceBatch, directory: Path, settings: Settings, progress: Progress
    ) -> None:
        super().write(batch, directory, settings, progress)
        progress(2, 2)
        progress(1, 2)


class Wordless(ToyDomain):
    def token_text(self, token: int) -> Any:
        return token


class Bare(ToyDomain):
    def exhibit(self, shown: Material) -> Any:
        return "<p>hello</p>"


class Loading(ToyDomain):
    def exhibit(self, shown: Material) -> Exhibit:
        return Exhibit("Look", '<img src="http://example.org/a.png">')


class Nothing(ToyDomain):
    def display(self, model: ShownModel, batch: SequenceBatch, settings: Settings) -> Any:
        return None


class Broken(ToyDomain):
    def statistics(self, settings: Settings) -> Any:
        raise ValueError("no table\nfor this")


class Full(ToyDomain):
    def write(
        self, batch: SequenceBatch, directory: Path, settings: Settings, progress: Progress
    ) -> None:
        raise OSError("the disk is full")


class Plain(ToyDomain):
    figures: Mapping[str, Figure] = {"length": None}  # type: ignore[dict-item]


class Undefined(ToyDomain):
    def rows(self, settings: Settings, reward: Reward, names: Collection[str] | None = None) -> Any:
        class Means:
            def ranges(self) -> dict[str, RowRange]:
                return {"length": RowRange()}

            def count(self, batch: SequenceBatch, terms: object = None) -> dict[str, Counts]:
                return {"length": numbers(batch.lengths / 0.0)}

        return Means()


@pytest.mark.parametrize(
    ("domain", "said"),
    [
        (Endless(), "token 4 is end_token or in note_tokens, expected 0 to V - 1"),
        (Undirected(), "length is better 'up', expected higher, lower, nearer 0"),
        (Unset(), "data_settings is <class 'dict'>, expected a class that inherits Settings"),
        (Needy(), "reward_settings: must is not given, but must be"),
        (InPercent(), "statistic 'full' is 50, expected a share from 0 to 1"),
        (Silent(), "write wrote no file into the folder that it was given"),
        (Backwards(), r"write told a progress of .*, expected \(done, all\) that grows up to all"),
        (Wordless(), "token_text gave no text for token 0"),
        (Bare(), "exhibit gave a str, expected an Exhibit"),
        (Loading(), "exhibit has .*, expected a data: address: a page loads nothing"),
        (Nothing(), "display gave a NoneType, expected HTML as text"),
        (Broken(), r"'toy' failed at line \d+ of .*test_check.py: ValueError: no table\\nfor this"),
        (Full(), r"failed at line \d+ of .*: OSError: the disk is full"),
        (Plain(), "figures has a NoneType for 'length', expected a Figure"),
        (Undefined(), "row 'length' counts what is no finite number"),
    ],
)
def test_the_first_broken_promise_is_said(domain: ToyDomain, said: str) -> None:
    with pytest.raises(UserError, match=said):
        check_domain(domain)


def test_what_is_no_domain_is_not_found(dna: Path) -> None:
    code = dna / "site" / "dna" / "__init__.py"
    text = code.read_text()
    code.write_text(text.replace("class DnaDomain(Domain)", "class DnaDomain"))
    with pytest.raises(UserError, match=r"dna: dna:DnaDomain is .*, expected a class that"):
        find_domain("dna")


def test_a_domain_that_lacks_methods_is_not_found(dna: Path) -> None:
    code = dna / "site" / "dna" / "__init__.py"
    code.write_text(code.read_text().replace("def write(", "def save("))
    with pytest.raises(UserError, match="dna: dna:DnaDomain lacks write"):
        find_domain("dna")


def test_a_domain_that_cannot_be_made_is_not_found(dna: Path) -> None:
    code = dna / "site" / "dna" / "__init__.py"
    text = code.read_text()
    made = "    def __init__(self) -> None:\n        raise KeyError('no table')\n"
    code.write_text(text.replace('    name = "dna"\n', f'    name = "dna"\n{made}'))
    with pytest.raises(UserError, match=r"domain 'dna'.* at line \d+ of .*: KeyError: 'no table'"):
        find_domain("dna")


def test_a_domain_that_is_called_otherwise_is_not_found(dna: Path) -> None:
    code = dna / "site" / "dna" / "__init__.py"
    code.write_text(code.read_text().replace('    name = "dna"\n', '    name = "rna"\n'))
    with pytest.raises(UserError, match="dna:DnaDomain is called 'rna', expected a class that is"):
        find_domain("dna")


def test_the_verb_checks_a_domain_from_elsewhere(dna: Path) -> None:
    code = dna / "site" / "dna" / "__init__.py"
    code.write_text(code.read_text().replace('{"gc_share": Figure', '{"length": Figure'))
    with pytest.raises(UserError, match=r"'dna': statistic 'length' is .*, expected a share"):
        check("dna", prior="prior")
