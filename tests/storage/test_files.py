"""A reader sees the old file or the new one, whatever happens in between."""

import errno
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.storage.files import (
    LEFTOVER,
    is_empty,
    listed_paths,
    named_path,
    open_own,
    optional_path,
    remove_leftovers,
    replacing,
    write_json,
    write_text,
)


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


def test_an_error_of_no_file_is_not_said_of_the_file(tmp_path: Path) -> None:
    for given in (ConnectionError("no such host"), ConnectionRefusedError(111, "refused")):
        with pytest.raises(ConnectionError) as raised, replacing(tmp_path / "out.json"):
            raise given
        assert raised.value.filename is None
    with pytest.raises(OSError, match=r"out\.json"), replacing(tmp_path / "out.json"):
        raise OSError(errno.ENOSPC, "No space left on device")


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


def test_a_name_that_is_not_utf_8_is_written_as_an_escape(tmp_path: Path) -> None:
    write_text(tmp_path / "card.md", f"# {os.fsdecode(bytes([0xFF]))}")
    assert (tmp_path / "card.md").read_text(encoding="utf-8") == r"# \udcff"


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


def test_no_link_leads_a_writer_to_a_file_elsewhere(tmp_path: Path) -> None:
    folder, outside = tmp_path / "run", tmp_path / "outside.txt"
    folder.mkdir()
    outside.write_text("mine")
    for name in (f"{LEFTOVER}training.jsonl", "training.jsonl"):
        (folder / name).symlink_to(outside)
    write_text(folder / "training.jsonl", "a log")
    assert outside.read_text() == "mine"
    assert not (folder / "training.jsonl").is_symlink()  # the link was replaced
    assert (folder / "training.jsonl").read_text() == "a log"


def test_two_writers_of_one_file_share_nothing(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    with replacing(path) as first, replacing(path) as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"  # whoever ends last
    assert names(tmp_path) == ["run.json"]


def test_a_name_as_long_as_a_name_may_be_is_written(tmp_path: Path) -> None:
    path = tmp_path / ("é" * 122 + ".json")
    write_text(path, "{}")
    assert names(tmp_path) == [path.name]


def test_a_pipe_in_a_folder_of_ours_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "training.jsonl")
    with pytest.raises(UserError, match=r"training.jsonl: a pipe is there, expected a file"):
        write_text(tmp_path / "training.jsonl", "a log")
    assert names(tmp_path) == ["training.jsonl"]


def test_a_file_that_grows_is_no_link(tmp_path: Path) -> None:
    outside, own = tmp_path / "outside.csv", tmp_path / "run" / "found.csv"
    outside.write_text("mine")
    own.parent.mkdir()
    own.symlink_to(outside)
    with pytest.raises(UserError, match=r"found.csv: a link is there, expected a file of its own"):
        open_own(own, resumed=True)
    with open_own(own, resumed=False) as file:
        file.write(b"found")
    assert (outside.read_text(), own.read_text(), own.is_symlink()) == ("mine", "found", False)
    with open_own(own, resumed=True) as file:
        file.seek(0, os.SEEK_END)
        file.write(b", more")
    assert own.read_text() == "found, more"


def test_halves_of_files_of_the_dead_are_removed_and_those_of_the_living_stay(
    tmp_path: Path,
) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from sequence_tutor.storage.files import replacing\n"
        "with replacing(Path(sys.argv[1])) as beside:\n    beside.write_text('half'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "run.json"], check=False)
    (tmp_path / f"{LEFTOVER}card.json").write_text("of an older version")
    assert len(names(tmp_path)) == 2
    assert is_empty(tmp_path)
    with replacing(tmp_path / "mine.json") as beside:
        beside.write_text("whole")
        remove_leftovers(tmp_path)
        assert names(tmp_path) == [beside.name]


def test_an_empty_name_is_refused() -> None:
    for read in (named_path, optional_path, listed_paths):
        with pytest.raises(UserError, match="an empty name"):
            read("")
