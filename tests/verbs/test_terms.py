from __future__ import annotations

from pathlib import Path

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.verbs.terms import check_terms, list_terms, plot_terms


def test_every_term_has_a_meaning_and_a_unit() -> None:
    terms = {term.name: term for term in list_terms()}
    assert {"valid", "qed", "logp", "sa", "ring", "similarity", "program"} <= set(terms)
    assert all(term.meaning.endswith(".") and term.unit for term in terms.values())
    assert terms["carbon_run"].constants == ("limit", "quantile")
    with pytest.raises(UserError, match="melody has no terms with transforms, expected molecule"):
        list_terms("melody")


def test_transforms_are_drawn(tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text(
        "[reward.terms.qed.transform]\nkind = 'sigmoid'\nlow = 0.5\nhigh = 0.9\n", encoding="utf-8"
    )
    paths = plot_terms((), tmp_path / "pictures", config=config)
    assert sorted(path.name for path in paths) == ["logp.png", "qed.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)
    with pytest.raises(UserError, match=r"no table \[reward\.terms\.qde\]: did you mean 'qed'"):
        plot_terms(("qde",), tmp_path, config=config)


def test_functions_and_programs_are_tried(tmp_path: Path) -> None:
    rules = tmp_path / "mine.py"
    rules.write_text("def size(smiles):\n    return [len(one) for one in smiles]\n")
    program = tmp_path / "program.py"
    program.write_text("import sys\nfor line in sys.stdin:\n    print(1.5)\n")
    config = tmp_path / "mine.toml"
    config.write_text(
        f"[reward.terms.dock]\nkind = 'program'\ncommand = 'python3 {program}'\n", encoding="utf-8"
    )
    checked = check_terms(config=config, rules=rules)
    assert checked["size"].values[4] == 3
    assert set(checked["dock"].values) == {1.5}
    with pytest.raises(UserError, match="nothing to check"):
        check_terms()
