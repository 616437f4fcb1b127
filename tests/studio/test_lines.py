"""Lines of text over HTTP, from a prior of the user's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sequence_tutor.verbs.pretrain import pretrain

from .conftest import Client, studio


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A studio of one prior, which has seen a few names."""
    folder = tmp_path_factory.mktemp("text")
    (folder / "names.txt").write_text("".join(f"{a}nn{b}\n" for a in "AEHJS" for b in "aeioy") * 4)
    small = {"train": {"steps": 30, "evaluate_every": 30}}
    pretrain("text", folder / "names.txt", folder / "names", overrides=small, quiet=True)
    with studio(folder / "workspace", [str(folder / "names")]) as address, Client(address) as one:
        yield one


def test_lines_begin_as_asked_and_are_written_as_files(lines: Client) -> None:
    info = lines.get("/v1/info")["models"]
    assert [(one["id"], one["domain"], one["default"]) for one in info] == [("names", "text", True)]
    reply = lines.post("/v1/generate", count=3, fragment="An")
    tokens = [one["tokens"] for one in reply["candidates"]]
    assert all(one["text"].startswith("An") for one in reply["candidates"])
    texts = [one["text"] for one in reply["candidates"]]
    written = lines.http.post("/v1/render", json={"tokens": tokens, "kind": "txt"})
    assert written.text.splitlines() == texts
    table = lines.http.post("/v1/render", json={"tokens": tokens, "kind": "csv"})
    assert table.text.splitlines()[0] == "line"
    assert "expected one of text" in lines.refused("/v1/render", tokens=tokens, kind="midi")
    assert "near is of molecules" in lines.refused("/v1/generate", near="CCO")
