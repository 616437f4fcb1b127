"""What the user names is written: links are kept, devices and pipes are written into."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sequence_tutor.storage.named_files import is_special, write_named_json, write_named_text

WRITE = (
    "import sys; from sequence_tutor.storage.named_files import write_named_text\n"
    "print('before'); write_named_text(sys.argv[1], 'written\\n'); print('after')"
)


def write_in_a_process(place: str, **redirected: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", WRITE, place], text=True, check=True, **redirected)  # type: ignore[call-overload, no-any-return]


def test_a_link_stays_and_what_it_names_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    link, target = tmp_path / "latest.json", tmp_path / "results" / "one.json"
    link.symlink_to("results/one.json")
    for text in ("new", "newer"):  # where it leads nowhere, and where a file is
        write_named_text(link, text)
        assert link.is_symlink()
        assert target.read_text() == text
    assert [path.name for path in target.parent.iterdir()] == ["one.json"]


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match=r"symbolic links|Symlink loop"):
        write_named_text(tmp_path / "a", "lost")
    assert (tmp_path / "a").is_symlink()


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", list[str]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_named_json(pipe, {"a": 1})
    reader.join(timeout=10)
    assert read == ['{\n  "a": 1\n}\n']
    assert pipe.is_fifo()


def test_devices_are_written_into_and_stay(tmp_path: Path) -> None:
    link = tmp_path / "null"
    link.symlink_to("/dev/null")
    for place in (Path("/dev/null"), link):
        assert is_special(place)
        write_named_text(place, "nowhere")
        assert place.is_char_device()
    with pytest.raises(OSError, match="No space left") as caught:
        write_named_text("/dev/full", "too much")
    assert caught.value.filename == "/dev/full"


@pytest.mark.parametrize("place", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_is_written_to_in_its_turn(place: str, tmp_path: Path) -> None:
    whole = "before\nwritten\nafter\n"
    assert write_in_a_process(place, stdout=subprocess.PIPE).stdout == whole
    with (tmp_path / "output.txt").open("w") as file:
        write_in_a_process(place, stdout=file)
    assert (tmp_path / "output.txt").read_text() == whole
