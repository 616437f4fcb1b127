"""Lines of text over HTTP, from a prior of the user's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sequence_tutor.verbs.pretrain import pretrain
from sequence_tutor.verbs.tune import tune

from .conftest import Client, studio


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A studio of one prior, which has seen a few names, and of a run that was tuned from it."""
    folder = tmp_path_factory.mktemp("text")
    (folder / "names.txt").write_text("".join(f"{a}nn{b}\n" for a in "AEHJS" for b in "aeioy") * 4)
    small = {"train": {"steps": 30, "evaluate_every": 30}}
    pretrain("text", folder / "names.txt", folder / "names", overrides=small, quiet=True)
    wanted = {"kind": "pattern", "effect": "wanted"}
    terms = {"early": {**wanted, "regex": "A"}, "late": {**wanted, "regex": "S"}}
    tune(
        "text",
        folder / "likes-a",
        prior=folder / "names",
        overrides={"tune": {"steps": 2}, "reward": {"terms": terms, "weights": {"early": 1.0}}},
        quiet=True,
    )
    models = [str(folder / name) for name in ("names", "likes-a")]
    with studio(folder / "workspace", models) as address, Client(address) as one:
        yield one


def test_lines_begin_as_asked_and_are_written_as_files(lines: Client) -> None:
    info = lines.get("/v1/info")["models"]
    assert [(one["id"], one["default"]) for one in info] == [("names", True), ("likes-a", False)]
    assert {one["domain"] for one in info} == {"text"}
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


def test_other_weights_of_a_run_choose_other_lines(lines: Client) -> None:
    """A run writes as it was tuned; what other weights pay beyond that steers it from there."""

    def written(**weights: float) -> list[str]:
        reply = lines.post("/v1/generate", model="likes-a", count=4, weights=weights)
        return [one["text"] for one in reply["candidates"]]

    def holding(letter: str, texts: list[str]) -> int:
        return sum(letter in text for text in texts)

    usual = written()
    assert sorted(written(early=1.0)) == sorted(usual)  # what it was tuned for, in other words
    late = written(early=0.0, late=1000.0)
    assert holding("S", late) == 4 > holding("S", usual)
    assert holding("A", written(early=1000.0)) == 4 > holding("A", usual)
