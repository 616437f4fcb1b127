"""One settings file is one reward: `tune`, `score`, `check` and `terms` take the same from it."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sequence_tutor.cli import main
from sequence_tutor.domain import find_domain
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.reward.weighted import effective_weights
from sequence_tutor.tuner.given import Given
from sequence_tutor.tuner.order import Order, open_order
from sequence_tutor.tuner.run_record import RUN_FILE, load_spec
from sequence_tutor.tuner.settings_tables import read_layers, read_reward
from sequence_tutor.verbs.score import score
from sequence_tutor.verbs.tune import tune

ROOT = Path(__file__).parents[2]
SMALL = {
    "steps": 2,
    "batch": 4,
    "collect": 4,
    "collect_every": 1,
    "evaluate_every": 2,
    "evaluate_samples": 8,
    "replay": {"capacity": 16},
}
LIMITS = {"longest_carbon_run": 10, "shortest": 1}
# with terms by a function and by a program, and with a fence
ONE_OF_A_KIND = ("share", "my_program", "fence")


def weights(
    domain: str, path: Path | None, preset: str = "default", algorithm: str = "psi"
) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """What `tune` and what `score` would weigh, by what they resolve."""
    room = find_domain(domain)
    layers = read_layers(domain, preset, path, {"tune": {"algorithm": algorithm}})
    toy = find_domain("toy").default_prior("cpu")  # of which nothing is asked
    asked = Order(room, toy, layers, Given(domain)).spec.reward["weights"]
    scored = read_reward(room, preset, path).model_dump()["weights"]
    return _on(asked), _on(scored)


def _on(found: Mapping[str, float]) -> dict[str, float]:
    return {name: weight for name, weight in found.items() if weight}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("preset", ["default", "paper"])
@pytest.mark.parametrize("algorithm", ["psi", "q", "g"])
def test_weights_of_a_file_replace_those_of_any_preset(
    preset: str, algorithm: str, tmp_path: Path
) -> None:
    path = written(tmp_path, "[reward.weights]\nleap = 2.0\n")
    assert weights("melody", path, preset, algorithm) == ({"leap": 2.0}, {"leap": 2.0})


def test_a_file_may_extend_a_preset(tmp_path: Path) -> None:
    path = written(tmp_path, '[reward]\nextends = "default"\n[reward.weights]\nleap = 2.0\n')
    for preset in ("default", "paper", "compare"):  # whichever it is laid over
        tuned, scored = weights("melody", path, preset)
        assert tuned == scored
        assert (tuned["leap"], tuned["tonic"]) == (2.0, 11.5)
    path = written(tmp_path, '[reward]\nextends = "compare"\n[reward.weights]\nleap = 2.0\n')
    tuned, scored = weights("melody", path)
    assert tuned == scored == {"leap": 2.0}  # of nine rules of weight 1, as their settings say


def test_a_file_without_weights_changes_the_reward_of_the_preset(tmp_path: Path) -> None:
    path = written(tmp_path, '[reward.key]\ntonic = "D"\n')
    tuned, scored = weights("melody", path, "weights")
    assert tuned == scored == weights("melody", None, "weights")[0]
    assert scored["tonic"] == 11.5
    assert weights("melody", path)[1] == scored  # what is scored is paid, also where aims are tuned


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[reward]\nextends = "defalt"\n', r"mine\.toml: reward\.extends is 'defalt'.*'default'"),
        ("[reward]\nextends = 3\n", r"reward\.extends is 3, expected a preset of tune"),
        ("reward = 3\n", r"mine\.toml: reward is 3, expected a table"),
        ("[reward]\nweights = 3\n", r"reward: weights is 3, expected a table"),
    ],
)
def test_what_no_reward_can_be_made_of_is_refused(text: str, sentence: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UserError, match=sentence):
        read_reward(find_domain("melody"), "default", path)
    with pytest.raises(UserError, match=sentence):
        _ = open_order("melody", "default", path, {}, Given()).spec


def test_a_file_that_only_turns_off_is_told_of_extends(tmp_path: Path) -> None:
    path = written(tmp_path, "[reward.weights]\ninterval = 0.0\n")
    tune_file = tmp_path / "tune.jsonl"
    tune_file.write_text('{"tokens": [14]}\n')
    with pytest.raises(UserError, match=r'every rule has weight 0.*extends = "default"'):
        score("melody", [tune_file], config=path)


def test_a_files_own_algorithm_counts_for_every_verb(tmp_path: Path) -> None:
    text = '[tune]\nalgorithm = "q"\n[reward.key]\ntonic = "D"\n'
    tuned, scored = weights("melody", written(tmp_path, text), "weights", "q")
    assert tuned == scored
    assert tuned["tonic"] == 9.3  # what the preset says of q


def test_lines_have_the_ready_terms_that_are_named(tmp_path: Path) -> None:
    room = find_domain("text")

    def names(text: str) -> dict[str, float]:
        reward = room.reward(read_reward(room, "default", written(tmp_path, text)), None)
        return dict(zip(reward.names, reward.weights.tolist(), strict=True))

    own = '[reward.terms.no_x]\nkind = "pattern"\nregex = "x"\n'
    extends = '[reward]\nextends = "default"\n'
    assert names("") == {"repetition": 1, "again": 1}
    assert names("[reward.weights]\nrepetition = 3.0\n") == {"repetition": 3}
    assert names(own) == {"no_x": 1}
    assert names(extends + own) == {"repetition": 1, "again": 1, "no_x": 1}


def test_a_transform_of_another_kind_takes_the_place_of_the_presets(tmp_path: Path) -> None:
    pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
    text = '[reward.terms.logp.transform]\nkind = "step"\nthreshold = 3.0\n'
    found = read_reward(find_domain("molecule"), "default", written(tmp_path, text)).model_dump()
    assert found["terms"]["logp"]["transform"]["kind"] == "step"
    assert _on(found["weights"]).keys() == {"valid", "qed", "sa", "logp", "ring"}


def named(text: str) -> str:
    return text.split(".toml")[0][2:]


def documented() -> list[str]:
    """Settings of molecules on the pages and in the examples."""
    pages = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
    blocks = [
        block
        for page in sorted(pages)
        for block in re.findall(
            r"^```toml\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
        )
    ]
    files = [path.read_text("utf-8") for path in sorted((ROOT / "docs/examples").glob("*.toml"))]
    named = (text for text in (*blocks, *files) if "use with `tune molecule" in text)
    return [text for text in named if "[[stages]]" not in text]


DOCK = """import json, sys
for line in sys.stdin:
    smiles = json.loads(line)["smiles"]
    print(json.dumps({"affinity": -0.5 * len(smiles), "strain": smiles.count("(")}), flush=True)
"""
"""A program that answers with two numbers."""


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(text, marks=() if named(text) in ONE_OF_A_KIND else pytest.mark.long)
        for text in documented()
    ],
    ids=named,
)
def test_what_a_run_found_is_worth_what_score_says(
    text: str, molecule_prior: Path, tmp_path: Path
) -> None:
    pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
    program = "docs/examples/my_program.py"
    text = text.replace(f"python {program}", f"{sys.executable} {ROOT / program}")
    dock = tmp_path / "dock.py"
    dock.write_text(DOCK)
    text = text.replace("python dock.py", f"{sys.executable} {dock}")
    head = "[reward]\n" if "[reward]\n" in text else ""
    in_this_process = "[reward]\nworkers = 0\n"
    text = text.replace(head, in_this_process) if head else f"{text}\n{in_this_process}"
    path = written(tmp_path, text)
    rules = ROOT / "docs/examples/my_terms.py" if 'kind = "function"' in text else None
    told: list[str] = []
    tune(
        "molecule",
        tmp_path / "run",
        prior=molecule_prior,
        config=path,
        overrides={"tune": SMALL},
        rules=rules,
        threads=1,
        tell=told.append,
        quiet=True,
    )
    assert len(told) == 1 + ("[tune.fence]" in text)
    with (tmp_path / "run" / "found.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    if "[tune.fence]" in text and not found:
        return  # chains of this prior may all be outside, and nothing is left to score
    assert found
    molecules = tmp_path / "found.smi"
    molecules.write_text("".join(f"{row['smiles']}\n" for row in found))
    expected = [float(row["total"]) for row in found]
    ways: list[dict[str, Any]] = [{"config": path}, {"run": tmp_path / "run"}]
    for way in ways:
        totals = [one["total"] for one in score("molecule", [molecules], rules=rules, **way)]
        assert totals == pytest.approx(expected, abs=1e-12)


def test_weights_are_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], melody_prior: Path
) -> None:
    path = written(tmp_path, "[reward.weights]\nleap = 2.0\nkey = 0.5\n[tune]\nsteps = 1\n")
    tokens = tmp_path / "mine.jsonl"
    tokens.write_text('{"tokens": [14, 1, 30, 1, 2]}\n')
    line = "reward: key 0.5, leap 2\n"
    assert main(["score", "melody", str(tokens), "--config", str(path)]) == 0
    assert capsys.readouterr().out.endswith(line)
    given = ["--prior", str(melody_prior), "--config", str(path), "--threads", "1"]
    assert main(["tune", "melody", *given, "--out", str(tmp_path / "run")]) == 0
    assert capsys.readouterr().out.startswith(line)


def test_a_mean_is_told_by_its_terms(tmp_path: Path) -> None:
    pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
    text = '[reward]\naggregation = "geometric"\nworkers = 0\n[reward.weights]\nqed = 1\nTPSA = 2\n'
    room = find_domain("molecule")
    reward = room.reward(read_reward(room, "default", written(tmp_path, text)), None)
    assert effective_weights(reward) == "reward: geometric mean of qed 1, TPSA 2"


def test_what_terms_pay_adds_up_to_the_total(tmp_path: Path) -> None:
    path = written(tmp_path, "[reward.weights]\nleap = 2.0\nkey = 0.5\ntonic = 3.0\n")
    tokens = tmp_path / "mine.jsonl"
    tokens.write_text('{"tokens": [14, 1, 30, 1, 3, 1, 1, 14]}\n')
    (entry,) = score("melody", [tokens], config=path)
    steps = zip(*entry["reward"].values(), strict=True)
    assert [sum(step) for step in steps] == pytest.approx(entry["total"])
    assert entry["reward"]["key"][4] == -0.5  # C sharp


def test_a_runs_reward_is_its_own_and_of_its_domain(
    melody_run: Path, melody_prior: Path, tmp_path: Path
) -> None:
    tokens = tmp_path / "mine.jsonl"
    tokens.write_text('{"tokens": [14]}\n')
    (entry,) = score("melody", [tokens], run=melody_run)
    assert entry["reward"]["tonic"] == [9.0]  # 3 for the tonic, times 3
    with pytest.raises(UserError, match="a prior of 'melody', expected a run"):
        score("melody", [tokens], run=melody_prior)
    with pytest.raises(UserError, match="has a reward of its own; leave out --config"):
        score("melody", [tokens], run=melody_run, preset="paper")


def test_a_run_of_before_goes_on_with_its_own_limits(molecule_prior: Path, tmp_path: Path) -> None:
    pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")

    def run(steps: int) -> None:
        tune(
            "molecule",
            tmp_path / "run",
            prior=molecule_prior,
            overrides={"tune": {**SMALL, "steps": steps}, "reward": {"workers": 0}},
            threads=1,
            quiet=True,
        )

    run(2)
    record = tmp_path / "run" / RUN_FILE
    fields = json.loads(record.read_text())
    assert fields["reward"]["limits"].pop("radicals") is False
    record.write_text(json.dumps(fields))
    run(2)  # is the same run still
    assert load_spec(tmp_path / "run").reward["limits"]["radicals"] is True
    judged = load_model(tmp_path / "run").reward_settings.model_dump()
    assert judged["limits"]["radicals"] is True
