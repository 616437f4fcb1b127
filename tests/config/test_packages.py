"""What is installed is read once, and again when something is installed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sequence_tutor.config.packages import offered


def install(folder: Path, name: str) -> Path:
    facts = folder / f"{name}-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(f"[things]\n{name} = {name}:Thing\n")
    return facts


def test_what_is_installed_later_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    assert offered("things") == {}
    one = install(tmp_path, "one")
    assert list(offered("things")) == ["one"]
    assert offered("things") is offered("things")
    install(tmp_path, "two")
    assert sorted(offered("things")) == ["one", "two"]
    shutil.rmtree(one)
    assert [point.value for point in offered("things").values()] == ["two:Thing"]


def test_a_package_of_another_folder_is_there_while_the_folder_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "one")
    with monkeypatch.context() as patch:
        patch.syspath_prepend(str(tmp_path))
        assert list(offered("things")) == ["one"]
    assert offered("things") == {}
    monkeypatch.syspath_prepend(str(tmp_path / "none"))
    assert offered("things") == {}
