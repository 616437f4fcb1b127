"""What pages say of the repository is so: figures, scripts, targets of make."""

from __future__ import annotations

import re
import runpy
import shlex
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from sequence_tutor.algorithms.registry import algorithm_names, find_algorithm
from sequence_tutor.cli.compare import Compare

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md")))
EVIDENCE = "".join(
    (DOCS / name).read_text(encoding="utf-8") for name in ("results.md", "workbench.md")
)
NOT_MEASURED = {".05", ".5", "20,000", "100,000", "-3.65"}
"""Settings, numbers of samples, and a published figure."""


@pytest.mark.parametrize(
    "page", sorted((DOCS / "algorithms").glob("*.md")), ids=lambda path: str(path.stem)
)
def test_measured_figures_stand_in_the_results(page: Path) -> None:
    _, _, measured = page.read_text(encoding="utf-8").partition("\n## Measured\n")
    prose = re.sub(r"\]\([^)]*\)|`[^`]*`", "", measured)  # without addresses and names
    figures = set(re.findall(r"-?\d*\.\d+|\d+,\d{3}", prose)) - NOT_MEASURED
    missing = [figure for figure in figures if not _stands(figure, EVIDENCE)]
    assert missing == []


def _stands(figure: str, text: str) -> bool:
    """Whether a text has a figure, with or without the zero before its point."""
    bare = figure.lstrip("-")
    whole = f"0{bare}" if bare.startswith(".") else bare
    return re.search(rf"(?<![\d.]){re.escape(whole)}0?(?!\d)", text) is not None


def lines(kind: str) -> list[str]:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES).replace("\\\n", " ")
    return list(dict.fromkeys(re.findall(rf"^\s*({kind} [a-z].*)$", text, flags=re.MULTILINE)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    """Anchors are checked in the built site (test_site)."""
    links = re.findall(r"\]\(([\w./-]+\.\w+)[^)]*\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("command", lines("make"))
def test_targets_of_make_exist(command: str) -> None:
    _, *targets = shlex.split(command, comments=True)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


@pytest.mark.parametrize("command", lines("python"))
def test_scripts_exist_and_know_their_options(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this process: in one of its own each would import torch for its `--help`."""
    _, script, *arguments = shlex.split(command, comments=True)
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", [script, "--help"])
    monkeypatch.syspath_prepend(str(Path(script).parent))  # as for a program of its own
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(script, run_name="__main__")
    assert ended.value.code in (0, None)
    shown = capsys.readouterr().out
    for option in (argument for argument in arguments if argument.startswith("-")):
        assert option in shown


def test_what_to_cite_is_this_version() -> None:
    yaml = pytest.importorskip("yaml", reason="the extra [docs] is not installed")
    given = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    page = (DOCS / "cite.md").read_text(encoding="utf-8")
    assert given["version"] == version("sequence-tutor")
    assert f"version = {{{version('sequence-tutor')}}}" in page
    paper = given["preferred-citation"]
    assert paper["title"].replace("KL", "{KL}") in page
    assert all(author["family-names"] for author in paper["authors"])


def test_methods_without_aims_are_those_that_page_and_help_name() -> None:
    names = set(algorithm_names())
    methods = {name: find_algorithm(name) for name in names}
    # beside beginnings of data aims are refused by the settings, see tuner.consistency
    refused = {name for name, own in methods.items() if not own.takes_aims or own.takes_given}
    assert {"grpo", "mixer", "rl-only"} < refused < names
    page = (DOCS / "algorithms.md").read_text(encoding="utf-8")
    _, _, section = page.partition("### Aims and a target for KL\n")
    section, _, _ = section.partition("`q` takes aims")
    baselines = {"best-of-n", "sir"}
    assert set(re.findall(r"`([a-z-]+)`", section)) & (names | baselines) == refused | baselines
    told = re.search(r"from the prior\.\s([^.]*)\scannot hold aims\.", Compare.__doc__ or "")
    assert told is not None
    assert set(re.split(r",\s+|\s+and\s+", told[1].strip())) == refused | baselines
