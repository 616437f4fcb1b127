"""Every command of README and pages is run, in small, in the order in which its page has them."""

from __future__ import annotations

import gzip
import lzma
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sequence_tutor.cli import main
from sequence_tutor.cli.program import GROUPS, find_verb
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.meter import Meter
from sequence_tutor.melody.midi import write_midi
from sequence_tutor.melody.progressions import parse_progression
from sequence_tutor.melody.writing.abc import write_abc
from sequence_tutor.storage.token_lines import write_json_lines
from sequence_tutor.tuner import aiming

ROOT = Path(__file__).parents[2]
CALLS = r"^\s*(sequence-tutor [a-z].*)$|`(sequence-tutor [a-z][^`]*)`"

NOT_RUN = {
    "verify": "minutes; tests/verbs/test_presets.py runs it in small",
    "tables": "an hour; tests/verbs/test_presets.py runs it in small",
    "bench": "minutes; measures this machine",
    "study serve": "waits for listeners; tests/study asks them",
    "studio": "waits for requests; tests/studio asks it",
    "study analyse": "needs their answers; tests/study has some",
}
"""Verbs that are understood (tests/test_readme.py) but not run here, and why."""

OUT_OF_REACH = {("docs/series.md", "aims price"): "the chains of the tests are far from its lead"}
"""Page and verb that are not run here, and why; tests/verbs/test_aims.py runs the verb."""

SMALL: dict[str, dict[str, str | None]] = {
    "tune": {"--steps": "2", "--threads": "1", "--quiet": None},
    "pretrain": {"--steps": "2", "--threads": "1", "--quiet": None},
    "sample": {"-n": "4", "--threads": "1", "--quiet": None},
    "evaluate": {"--samples": "64", "--particles": "0", "--threads": "1", "--quiet": None},
    "score": {"--quiet": None},
    "aims list": {"--samples": "32", "--quiet": None},
    "aims from": {"--samples": "32", "--quiet": None},
    "aims price": {"--samples": "512", "--quiet": None},
    "report": {"--samples": "64", "--threads": "1", "--quiet": None},
    "compare": {"--budget": "64", "--seeds": "1", "--samples": "64", "--threads": "1"},
    "frontier": {"--c": "2,8", "--seeds": "1", "--samples": "64", "--pool": "256", "--steps": "2"},
    "benchmark": {
        "--calls": "100",
        "--seeds": "1",
        "--samples": "64",
        "--threads": "1",
        "--quiet": None,
    },
    "study simulate": {"--studies": "20", "--quiet": None},
    "study make": {"--pairs": "2", "--length": "4", "--quiet": None},
    "study export": {"--quiet": None},
}
"""Options that make a verb small: they replace what the page says, or are added."""

SMALL_TUNE = """
[tune]
batch = 16
collect = 16
evaluate_samples = 64
[tune.replay]
capacity = 64
"""
SMALL_TRAIN = """
[train]
batch = 4
evaluate_every = 2
probe_samples = 0
final_samples = 16
[train.network]
width = 8
"""
SETTINGS = {
    "tune": SMALL_TUNE,
    "compare": SMALL_TUNE,
    "frontier": SMALL_TUNE,
    "pretrain": SMALL_TRAIN,
}
BEFORE = {
    "docs/looking.md": ["tune melody --out runs/psi", "tune melody --algorithm g --out runs/g"],
    "docs/molecule_benchmarks.md": ["tune molecule --out runs/mol"],
    "docs/removing_a_bias.md": ["pretrain text --data names.txt --out priors/mine"],
}
"""What a page takes for done elsewhere."""

PACKAGES = {
    "domain.md": "dna",
    "algorithm.md": "contrast",
    "rule.md": "early_rules",
    "executor.md": "in_threads",
}
"""The example that a page has the reader install."""

TEXT_RULE = """
def brief(texts):
    return texts.at_end([-float(len(line)) for line in texts.lines])
"""


def calls(page: Path) -> list[list[str]]:
    """The arguments of each call of a page, those within sentences too."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.findall(CALLS, text, flags=re.MULTILINE)
    every = [shlex.split(line or inline, comments=True)[1:] for line, inline in found]
    left = {verb for where, verb in OUT_OF_REACH if where == str(page.relative_to(ROOT))}
    return [one for one in every if not _is_left_out(one) and find_verb(one)[0] not in left]


def _is_left_out(given: list[str]) -> bool:
    """Whether it is not to be run, or names verbs of two words without calling one."""
    return (len(given) == 1 and given[0] in GROUPS) or find_verb(given)[0] in NOT_RUN


PAGES = [
    page for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if calls(page)
]
SLOW = {  # the shipped prior of molecules, or many runs
    "README.md",
    "docs/looking.md",
    "docs/designing.md",
    "docs/molecules.md",
    "docs/molecule_benchmarks.md",
    "docs/molecule_results.md",
    "docs/molecule_reward.md",
    "docs/series.md",
    "docs/start/chemist.md",
    "docs/start/researcher.md",
    "docs/workbench.md",
    "docs/writing.md",
    "docs/extend/term.md",
    "docs/extend/executor.md",
}
LONG = {  # some seconds
    "docs/aims.md",
    "docs/algorithms/trajectory_balance.md",
    "docs/cluster.md",
    "docs/exporting.md",
    "docs/extend/algorithm.md",
    "docs/extend/domain.md",
    "docs/extend/prior.md",
    "docs/extend/rule.md",
    "docs/start/musician.md",
    "docs/terms.md",
}


def how_long(page: Path) -> list[pytest.MarkDecorator]:
    if named(page) in SLOW:
        return [pytest.mark.slow]
    return [pytest.mark.long] if named(page) in LONG else []


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture(scope="module")
def files(melody_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the pages take for granted: a user's own files."""
    folder = tmp_path_factory.mktemp("files")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_files(folder, melody_run)
    return folder


@pytest.fixture
def few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """What no option of a command makes small."""
    monkeypatch.setattr(aiming, "PRIOR_SAMPLES", 512)


@pytest.fixture
def world(tmp_path: Path, files: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which a page's commands are called, with those files."""
    shutil.copytree(files, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    # the example program calls `python`, which is this one
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def write_files(folder: Path, melody_run: Path) -> None:
    """What a user has, in the current folder."""
    numbers = random.Random(0)
    shutil.copytree(ROOT / "docs" / "examples", "docs/examples")
    shutil.copy("docs/examples/my_prior.py", "my_prior.py")
    Path("midi").mkdir()
    for number in range(40):
        notes = (numbers.randrange(2, 38) for _ in range(32))
        tokens = [token for note in notes for token in (note, 1, 1, 1)]
        write_midi(folder / "midi" / f"{number}.mid", tokens)
    Path("jigs").mkdir()
    jig = Heard(meter=Meter(6, 8))
    for number in range(40):
        notes = (numbers.randrange(2, 38) for _ in range(48))
        tokens = [token for note in notes for token in (note, 1)]
        write_midi(folder / "jigs" / f"{number}.mid", tokens, jig)
    write_midi(folder / "mine.mid", [14, 1, 18, 1, 21, 1, 18, 1])
    song = [token for note in (14, 18, 21, 19, 18, 16, 21, 14) for token in [note, 1, 1, 1] * 4]
    write_midi(folder / "song.mid", song)
    write_abc(folder / "song.abc", song)
    chords = Heard(chords=parse_progression("C | Am | F | G7"))
    write_abc(folder / "chorus.abc", song, heard=chords)
    write_json_lines(folder / "theirs.jsonl", [{"tokens": [14, 1, 16, 0]}])
    chains = [
        f"{'C' * left}{middle}{'C' * right}"
        for middle in ("O", "N", "c1ccccc1", "C(=O)N")
        for left in range(2, 9)
        for right in range(2, 9)
    ]
    Path("mine.smi").write_text("".join(f"{chain}\n" for chain in chains), encoding="utf-8")
    Path("sides").mkdir()
    for name in ("series.smi", "held_out.smi", "sides/held_out.smi", "sides/learned_from.smi"):
        shutil.copy("mine.smi", name)
    Path("zinc250k_train.smi.xz").write_bytes(lzma.compress(Path("mine.smi").read_bytes()))
    Path("actives.smi").write_text("CC(=O)Oc1ccccc1C(=O)O\nCC(N)Cc1ccccc1\n", encoding="utf-8")
    Path("fragment.smi").write_text("c1ccc(cc1)C(=O)N\n", encoding="utf-8")
    Path("assay.csv").write_text("id,smiles,product_smiles\n1,CCO,CCOCC\n", encoding="utf-8")
    with gzip.open("more.csv.gz", "wt", encoding="utf-8") as file:
        file.write("smiles,id\nCCOCC,1\nCCNCC,2\n")
    names = {"".join(numbers.choices("aeimnorst", k=numbers.randint(3, 8))) for _ in range(200)}
    Path("names.txt").write_text("\n".join(sorted(names)), encoding="utf-8")
    Path("names.toml").write_text("[reward.terms.short]\nkind = 'length'\nlongest = 6\n")
    strands = {"".join(numbers.choices("ACGT", k=numbers.randint(8, 20))) for _ in range(200)}
    Path("strands.txt").write_text("\n".join(sorted(strands)), encoding="utf-8")
    for run in ("psi", "q", "g"):
        shutil.copytree(melody_run, f"runs/{run}")


def write_page_files(page: Path) -> None:
    """The files that a page shows: blocks whose first line names them."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(?:toml|python)\n# (\S+\.(?:toml|py))\b.*\n([^`]*)^```", text, re.M)
    for name, content in blocks:
        Path(name).write_text(content, encoding="utf-8")
    if not Path("my_rules.py").exists():
        Path("my_rules.py").write_text(TEXT_RULE, encoding="utf-8")


def make_small(given: list[str]) -> list[str]:
    """The same call with small numbers, as a shell would hand it on."""
    name, _, arguments = find_verb(given)
    arguments = [os.path.expanduser(argument) for argument in arguments]  # noqa: PTH111
    for option, value in SMALL.get(name, {}).items():
        if value is None:
            arguments.append(option)
        elif option == "--pool" and "--aim" in arguments:
            continue  # the price curve of an aim has no pool of runs
        elif option in arguments:
            arguments[arguments.index(option) + 1] = value
        elif option not in ("-n", "--c"):
            arguments += [option, value]
    if "--shards" in arguments:
        arguments[arguments.index("--shards") + 1] = "2"
    if name in SETTINGS:
        if "--config" not in arguments:
            arguments += ["--config", f"small_{name}.toml"]
        settings = Path(arguments[arguments.index("--config") + 1])
        before = settings.read_text(encoding="utf-8") if settings.exists() else ""
        if SETTINGS[name] not in before:
            settings.write_text(before + SETTINGS[name], encoding="utf-8")
    return [*name.split(), *arguments]


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`pip install` into a folder of its own, without the network."""
    options = "--quiet --no-deps --no-index --no-build-isolation --disable-pip-version-check"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options.split(), "--target", "site", str(folder)],
        check=True,
    )
    monkeypatch.syspath_prepend(str(Path("site").absolute()))


@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=how_long(page), id=named(page)) for page in PAGES],
)
@pytest.mark.usefixtures("world", "few_samples", "few_particles")
def test_commands_of_a_page_work_in_their_order(
    page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_page_files(page)
    if page.name in PACKAGES:
        install(Path("docs/examples") / PACKAGES[page.name], monkeypatch)
    given = [shlex.split(before) for before in BEFORE.get(named(page), [])] + calls(page)
    for made in {one[one.index("--out") + 1] for one in given if "--out" in one}:
        shutil.rmtree(made, ignore_errors=True)  # the page makes it itself
    for one in given:
        arguments = make_small(one)
        status = main(arguments)
        assert status == 0, f"{shlex.join(arguments)}\n{capsys.readouterr().err}"
