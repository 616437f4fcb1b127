"""Files and folders are named by strings as well as by paths."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sequence_tutor as st
from sequence_tutor.verbs.terms import check_terms, plot_terms

VERBS = [
    *(getattr(st, name) for name in st.__all__ if inspect.isfunction(getattr(st, name))),
    *(check_terms, plot_terms),
]
TINY = {
    "train": {"steps": 4, "batch": 4, "evaluate_every": 2, "network": {"width": 4}},
}


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
def test_no_verb_asks_for_a_path_alone(verb: Callable[..., object]) -> None:
    for parameter in inspect.signature(verb).parameters.values():
        assert not re.search(r"\bPath\b", str(parameter.annotation)), parameter


def test_strings_from_the_data_to_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("words.txt").write_text("".join(f"{'ab' * n}\n" for n in range(1, 40)))
    Path("settings.toml").write_text("[tune]\nsteps = 2\ncollect = 8\nbatch = 8\n")
    st.pretrain("text", "words.txt", "prior", overrides=TINY, threads=1, quiet=True)
    given: dict[str, Any] = {"config": "settings.toml", "threads": 1, "quiet": True}
    tuned = st.tune("text", "run", prior="prior", prime="words.txt", **given)
    st.sample(tuned, 2, "samples", prime="words.txt", quiet=True)
    st.score("text", "words.txt", "scores.jsonl", quiet=True)
    page = st.report("run", "page.html", samples=20, quiet=True)
    assert page == Path("page.html")
    assert page.is_file()
    assert Path("scores.jsonl").is_file()
    assert any(Path("samples").iterdir())
