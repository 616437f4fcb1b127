from pathlib import Path

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.tuner.given import check_read, digest_of


def test_how_to_read_is_refused_where_there_is_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--column smiles: .* expected it with --seeds or --prime"):
        check_read("smiles", None, None, None)
    with pytest.raises(UserError, match=r"--standardise parent: .* expected it with --seeds"):
        check_read(None, "parent", None, tmp_path)
    check_read("smiles", None, None, tmp_path)
    check_read("smiles", "parent", tmp_path, None)


def test_another_choice_makes_other_seeds(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("smiles,other\nC,CC\n")
    plain = digest_of(path, "sequences")
    assert digest_of(path, "sequences", None, None) == plain
    named = {digest_of(path, "sequences", "other", how) for how in (None, "parent", "none")}
    assert len(named | {plain}) == 4
    assert digest_of(None, "sequences", "other", None) is None
    with pytest.raises(UserError, match="no such file of sequences"):
        digest_of(tmp_path / "none.csv", "sequences")
