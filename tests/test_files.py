"""A reader sees the old file or the new one, whatever happens in between."""

import json
import math
from pathlib import Path

import pytest

from sequence_tutor.files import replacing, write_json, write_text


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_text(path, "old")
    with replacing(path) as beside:
        beside.write_text("ne")
        assert path.read_text() == "old"
        beside.write_text("new")
    assert path.read_text() == "new"
    assert names(tmp_path) == ["run.json"]


def test_an_exception_midway_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_text(path, "old")

    def fill_the_disk() -> None:
        with replacing(path) as beside:
            beside.write_text("half")
            raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        fill_the_disk()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["run.json"]


def test_an_exception_midway_makes_no_new_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="stop"), replacing(tmp_path / "new.txt"):
        raise RuntimeError("stop")
    assert names(tmp_path) == []


def test_writing_nothing_is_an_error_and_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_text(path, "old")
    with pytest.raises(FileNotFoundError), replacing(path):
        pass
    assert path.read_text() == "old"


def test_the_file_written_to_lies_beside_the_file_and_ends_alike(tmp_path: Path) -> None:
    with replacing(tmp_path / "deep" / "roll.png") as beside:
        assert beside.parent == tmp_path / "deep"
        assert beside.suffix == ".png"  # a writer may choose its format by it
        beside.touch()
    assert names(tmp_path / "deep") == ["roll.png"]


def test_text_is_utf_8(tmp_path: Path) -> None:
    write_text(tmp_path / "name.txt", "Für Elise ♯")
    assert (tmp_path / "name.txt").read_bytes().decode("utf-8") == "Für Elise ♯"


def test_json_reads_back_and_ends_with_a_newline(tmp_path: Path) -> None:
    value = {"reward": [1.5, None], "name": "psi"}
    write_json(tmp_path / "value.json", value)
    text = (tmp_path / "value.json").read_text()
    assert json.loads(text) == value
    assert text.endswith("}\n")


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_numbers_json_has_not_are_refused_and_the_old_file_stays(
    tmp_path: Path, number: float
) -> None:
    path = tmp_path / "value.json"
    write_json(path, 1)
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"loss": number})
    assert path.read_text() == "1\n"
