"""What the README shows is what the program takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import sequence_tutor
from sequence_tutor.cli.parsing import read
from sequence_tutor.cli.program import find_verb
from sequence_tutor.config.presets import merged
from sequence_tutor.config.toml_files import read_toml
from sequence_tutor.domain import find_domain
from sequence_tutor.sampling.measure import score
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.given import Given
from sequence_tutor.tuner.order import Order
from sequence_tutor.tuner.settings_tables import read_layers

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))


def blocks(kind: str, *pages: Path) -> list[str]:
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages or (ROOT / "README.md",))
    return re.findall(rf"^```{kind}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def commands() -> list[str]:
    """Every call of the program: on a line of its own, or within a sentence."""
    pages = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    calls = r"^\s*(sequence-tutor [a-z].*)$|`(sequence-tutor [a-z][^`]*)`"
    found = re.findall(calls, pages.replace("\\\n", " "), flags=re.MULTILINE)
    return [line or inline for line, inline in found]


@pytest.mark.parametrize("command", dict.fromkeys(commands()))
def test_every_command_is_understood(command: str) -> None:
    given = shlex.split(command, comments=True)[1:]
    if given in (["study"], ["terms"]):  # what has verbs of its own is named, not called
        return
    name, verb, arguments = find_verb(given)
    assert isinstance(read(verb, name, arguments), verb)


@pytest.mark.parametrize("example", blocks("python", *PAGES))
def test_python_examples_name_what_there_is(example: str) -> None:
    compile(example, "a page", "exec")
    for name in re.findall(r"\bst\.(\w+)", example):
        assert name in sequence_tutor.__all__


def test_the_rule_of_the_readme_pays_for_the_tonic_at_the_end(tmp_path: Path) -> None:
    (source,) = (block for block in blocks("python") if "def ends_on_tonic" in block)
    path = tmp_path / "my_rules.py"
    path.write_text(source, encoding="utf-8")
    domain = find_domain("melody")
    reward = domain.reward(domain.reward_settings(), path)
    batch = SequenceBatch.from_lists([[18, 1, 14], [18, 14, 1, 18], [18, 14, 1, 1]])
    paid = score(reward, batch)[:, :, reward.names.index("ends_on_tonic")]
    assert paid.tolist() == [[0, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 1]]
    assert reward.weights[reward.names.index("ends_on_tonic")] == 40


OURS = [block for block in blocks("toml", *PAGES) if "configuration of REINVENT" not in block]
"""Settings files on the pages, but for those of another program, which `terms import` reads."""


@pytest.mark.parametrize("settings", OURS)
def test_settings_files_are_understood(settings: str, tmp_path: Path) -> None:
    """Their first line says whom they are for: `tune DOMAIN [--preset NAME] --config FILE`."""
    first = r"# (\S+\.toml) - use with `tune (\w+)(?: --preset (\w+))? --config \1`"
    called = re.match(first, settings)
    assert called is not None
    path = tmp_path / called[1]
    path.write_text(settings, encoding="utf-8")
    domain = find_domain(called[2])
    toy = find_domain("toy").default_prior("cpu")  # of which nothing is asked
    given = dict(read_toml(path))
    aims = given.pop("aims", {})
    preset = called[3] or ("default" if aims else "paper")  # the gamma of `paper` is below 1
    layers = read_layers(called[2], preset, path)
    order = Order(domain, toy, layers, Given(called[2]))
    spec = order.spec
    # every value of the file is there: laid over the result once more, it changes nothing
    understood = {
        "reward": spec.reward,
        "tune": spec.tune.model_dump(mode="json"),
        "stages": [stage.model_dump(mode="json", exclude_unset=True) for stage in spec.tune.stages],
        "output": spec.output,
        "execution": {"executor": order.executor},
        "music": order.tables.music,
        "log": order.tables.log.model_dump(mode="json"),
    }
    assert [aim.row for aim in spec.tune.aims] == list(aims)
    given["reward"] = {  # what is extended is in the reward by now
        name: value for name, value in given.get("reward", {}).items() if name != "extends"
    }
    assert merged(understood, given) == understood
