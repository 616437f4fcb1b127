"""What a folder's records name is data until the user says otherwise."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sequence_tutor.cli import main
from sequence_tutor.errors import Remark, UserError
from sequence_tutor.evaluation.evaluate import evaluate
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import prior_of
from sequence_tutor.prior.finding import find_prior
from sequence_tutor.prior.store import load_prior, save_prior
from sequence_tutor.storage.trust import (
    STATE_VARIABLE,
    allow,
    is_remembered,
    program_code,
    programs_of,
    python_code,
    remember,
    state_folder,
)
from sequence_tutor.verbs.pretrain import pretrain
from sequence_tutor.verbs.report import report
from sequence_tutor.verbs.sample import sample
from sequence_tutor.verbs.score import score
from sequence_tutor.verbs.tune import tune

RULES = (
    "from pathlib import Path\n"
    'Path(__file__).with_name("ran.txt").touch()\n'
    "def nice(melodies):\n    return (melodies.tokens == 0).double()\n"
)
PRIOR = (
    "from pathlib import Path\nimport torch\n"
    'Path(__file__).with_name("ran.txt").touch()\n'
    'DOMAIN = "melody"\n'
    "def log_probs(tokens):\n    return torch.zeros(len(tokens), 38).log_softmax(-1)\n"
)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def edited(folder: Path, name: str, **fields: object) -> None:
    """Change a record as somebody else would."""
    path = folder / name
    known = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps({**known, **fields}))


@pytest.fixture
def rules_run(melody_run: Path, tmp_path: Path) -> Path:
    """A run from somebody else, whose record names a file of rules in it."""
    folder = tmp_path / "stranger"
    shutil.copytree(melody_run, folder)
    rules = folder / "rules.py"
    rules.write_text(RULES)
    edited(folder, "run.json", rules=str(rules), rules_digest=digest(RULES))
    return folder


@pytest.fixture
def prior_run(melody_run: Path, tmp_path: Path) -> Path:
    """A run from somebody else, whose prior is a file of Python in it."""
    folder = tmp_path / "stranger"
    shutil.copytree(melody_run, folder)
    (folder / "mine.py").write_text(PRIOR)
    record = {"format": 1, "domain": "melody", "card": {}, "digest": digest(PRIOR)}
    edited(folder, "prior.json", **record, place=str(folder / "mine.py"))
    return folder


def _melody(folder: Path) -> Path:
    path = folder / "melody.jsonl"
    path.write_text('{"tokens": [14, 1, 18, 0]}\n')
    return path


def has_run(folder: Path) -> bool:
    return (folder / "ran.txt").exists()


@pytest.mark.parametrize(
    "use",
    [
        lambda run: load_model(run).reward,
        lambda run: evaluate([load_model(run)], samples=2),
        lambda run: score("melody", _melody(run), run=run, quiet=True),
        lambda run: report([run], run / "page.html", samples=2, quiet=True),
    ],
    ids=["reward", "evaluate", "score", "report"],
)
def test_rules_that_a_strangers_run_names_are_not_run(
    use: Callable[[Path], object], rules_run: Path
) -> None:
    (rules_run / "training.jsonl").write_text('{"step": 0}\n')
    with pytest.raises(UserError, match=r"stranger: would run the rules .*rules\.py.*--trust"):
        use(rules_run)
    assert not has_run(rules_run)
    assert len(sample(load_model(rules_run), 2)) == 2  # for that none of it is needed


@pytest.mark.long
def test_a_report_of_stored_numbers_runs_nothing(rules_run: Path, melody_run: Path) -> None:
    (rules_run / "training.jsonl").write_text('{"step": 0}\n')
    table = rules_run / "table.json"
    evaluation = evaluate(
        [prior_of(load_model(melody_run)), load_model(melody_run)], samples=64, particles=8
    )
    table.write_text(json.dumps(evaluation.to_json()))
    with pytest.warns(Remark, match=r"would run the rules .*--trust.*without what they are paid"):
        page = report([rules_run], rules_run / "page.html", table=table, quiet=True)
    assert "<svg" in page.read_text(encoding="utf-8")
    assert not has_run(rules_run)


def test_a_prior_judged_by_a_strangers_run_asks_too(rules_run: Path, melody_prior: Path) -> None:
    with pytest.raises(UserError, match="would run the rules"):
        evaluate([load_model(melody_prior), load_model(rules_run)], samples=2)
    assert not has_run(rules_run)


def test_what_the_user_allows_is_remembered_until_it_changes(rules_run: Path) -> None:
    assert load_model(rules_run, trust=True).reward.names[-1] == "nice"
    assert has_run(rules_run)
    assert load_model(rules_run).reward.names[-1] == "nice"
    moved = rules_run.rename(
        rules_run.with_name("moved")
    )  # its rules are no longer where they were
    with pytest.raises(UserError, match="say where with --rules"):
        _ = load_model(moved).reward
    assert (
        load_model(moved, rules=moved / "rules.py").reward.names[-1] == "nice"
    )  # named: no question
    other = RULES + "# another\n"
    (moved / "rules.py").write_text(other)
    edited(moved, "run.json", rules=str(moved / "rules.py"), rules_digest=digest(other))
    with pytest.raises(UserError, match="would run the rules"):
        _ = load_model(moved).reward


def test_rules_by_a_relative_path_are_a_strangers(
    rules_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(rules_run.parent)
    edited(rules_run, "run.json", rules="stranger/rules.py")
    with pytest.raises(UserError, match="would run the rules"):
        _ = load_model("stranger").reward
    assert not has_run(rules_run)


def test_compiled_code_beside_a_file_is_not_run_in_its_place(rules_run: Path) -> None:
    import importlib.util
    import marshal

    rules = rules_run / "rules.py"
    evil = marshal.dumps(compile("raise SystemExit('evil')", str(rules), "exec"))
    cached = Path(importlib.util.cache_from_source(str(rules)))
    cached.parent.mkdir()
    unchecked = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8) + evil
    cached.write_bytes(unchecked)
    assert load_model(rules_run, trust=True).reward.names[-1] == "nice"


def test_own_runs_are_asked_nothing(
    melody_prior: Path, make_run: Callable[..., None], tmp_path: Path
) -> None:
    rules = tmp_path / "rules.py"
    rules.write_text(RULES)
    make_run(tmp_path / "run", melody_prior, rules, digest(RULES))
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "run", copy)
    for folder in (tmp_path / "run", copy):
        assert load_model(folder).reward.names[-1] == "nice"


@pytest.mark.parametrize("place", ["absolute", "relative"])
@pytest.mark.parametrize(
    "use",
    [
        lambda folder: load_model(folder),
        lambda folder: find_prior(folder),
        lambda folder: tune("melody", folder / "out", prior=folder, quiet=True),
        lambda folder: pretrain("melody", folder, folder / "out", begin_with=folder, quiet=True),
        lambda folder: main(["sample", str(folder), "-n", "2", "--out", str(folder / "out")]),
    ],
    ids=["load", "find", "tune", "pretrain", "sample"],
)
def test_a_prior_that_a_strangers_folder_names_is_not_run(
    place: str,
    use: Callable[[Path], object],
    prior_run: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if place == "relative":
        monkeypatch.chdir(prior_run.parent)
        edited(prior_run, "prior.json", place="stranger/mine.py")
    (prior_run / "run.json").rename(prior_run / "was.json")  # a prior's folder alone
    try:
        status = use(prior_run)
    except UserError as error:
        status, said = 2, str(error)
    else:
        said = capsys.readouterr().err
    assert status == 2
    assert "prior.json: would run the prior" in said
    assert not has_run(prior_run)
    assert not (prior_run / "out").exists()


def test_digests_are_compared_before_anything_runs(prior_run: Path) -> None:
    edited(prior_run, "prior.json", digest="00")
    for trust in (False, True):
        with pytest.raises(UserError, match="no longer the prior that"):
            load_model(prior_run, trust=trust)
    assert not has_run(prior_run)


def test_a_prior_that_the_user_names_in_the_same_call_is_run(prior_run: Path) -> None:
    moved = (prior_run / "mine.py").rename(prior_run / "moved.py")
    with pytest.raises(UserError, match=r"mine\.py is not there.*say where with --prior"):
        load_prior(prior_run)
    assert load_prior(prior_run, place=moved).prior.vocab_size == 38
    assert has_run(prior_run)


def test_a_folder_that_a_run_is_continued_in_runs_nothing(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(PRIOR)
    evil = tmp_path / "evil"
    evil.mkdir()
    (evil / "evil.py").write_text(PRIOR)
    out = tmp_path / "run"
    given: dict[str, object] = {
        "steps": 1,
        "batch": 2,
        "collect": 2,
        "evaluate_samples": 4,
        "algorithm": "g",
    }
    given["replay"] = {"warm_start": 2}
    call = {"prior": mine, "overrides": {"tune": {**given, "start": "zero"}, "length": 4}}
    tune("melody", out, **call, threads=1, quiet=True)  # type: ignore[arg-type]
    edited(out, "prior.json", place=str(evil / "evil.py"))
    tune("melody", out, **call, threads=1, quiet=True)  # type: ignore[arg-type]
    assert not has_run(evil)
    with pytest.raises(UserError, match="would run the prior"):
        load_model(out)


def test_a_program_that_a_strangers_run_names_is_not_started(
    molecule_prior: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {"steps": 1, "batch": 2, "collect": 2, "evaluate_samples": 4}
    tables = {"tune": {**small, "replay": {"warm_start": 2}}, "length": 4}
    command = 'sh -c "touch ran.txt; while read line; do echo 1; done"'
    reward = {
        "workers": 0,
        "terms": {"dock": {"kind": "program", "command": command}},
        "weights": {"valid": 1.0, "dock": 1.0},
    }
    plain = {**reward, "terms": {}, "weights": {"valid": 1.0}}
    home, away = tmp_path / "home", tmp_path / "away"
    home.mkdir()
    away.mkdir()
    monkeypatch.chdir(home)
    for name, asked in (("own", reward), ("plain", plain)):
        overrides = {**tables, "reward": asked}
        tune("molecule", name, prior=molecule_prior, overrides=overrides, threads=1, quiet=True)
    assert has_run(home)
    (home / "ran.txt").unlink()
    other = {"dock": {"kind": "program", "command": command.replace("echo 1", "echo 2")}}
    edited(home / "plain", "run.json", reward={**reward, "terms": other})
    with pytest.raises(UserError, match="plain: would run the program 'sh -c"):
        evaluate([load_model("plain")], samples=2)
    assert len(sample(load_model("plain"), 2)) == 2
    assert not has_run(home)
    monkeypatch.chdir(away)  # one's own runs on, where it was started
    evaluate([load_model(home / "own")], samples=2)
    assert has_run(home)
    assert not has_run(away)


def test_programs_are_known_by_command_folder_and_files(tmp_path: Path) -> None:
    script = tmp_path / "dock.py"
    script.write_text("print(1)\n")
    tables = {"terms": {"dock": {"kind": "program", "command": "python dock.py"}}}
    (code,) = programs_of([{"folder": None, **tables}])
    assert code != program_code("python dock.py", tmp_path)  # another folder
    code = program_code("python dock.py", tmp_path)
    with pytest.raises(UserError, match=r"RUN: would run the program 'python dock.py' in"):
        allow([code], "RUN")
    remember([code])
    allow([code], "RUN")
    named = {one: program_code(one, tmp_path) for one in (f"./run --script={script}", "./run -s=1")}
    script.write_text("print(2)\n")
    assert not is_remembered(program_code("python dock.py", tmp_path))
    assert [program_code(one, tmp_path) == code for one, code in named.items()] == [False, True]
    for odd in ("'", "", "a" * 5000, "a\0b", "sh -c " + "x" * 400):
        assert program_code(odd, tmp_path).digest


def test_a_sentence_never_speaks_to_the_terminal() -> None:
    with pytest.raises(UserError) as error:
        allow([program_code("sh -c '\x1b[31m\n" + "x" * 999 + "'", Path("/"))], "RUN")
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 600


def test_the_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = python_code("rules", tmp_path / "rules.py", b"x = 1")
    monkeypatch.setenv(STATE_VARIABLE, "state")  # would be another folder everywhere
    assert state_folder() is None
    remember([code])
    assert not is_remembered(code)
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "taken"))
    (tmp_path / "taken").write_text("a file")
    remember([code])  # nothing can be kept there, and nothing ends by it
    assert not is_remembered(code)
    monkeypatch.delenv(STATE_VARIABLE)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    remember([code])
    (kept,) = (tmp_path / "xdg" / "sequence-tutor" / "trusted").iterdir()
    assert "the rules" in kept.read_text()
    assert is_remembered(code)
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert state_folder() == tmp_path / "home" / ".local" / "state" / "sequence-tutor"


def test_a_prior_of_python_is_remembered_as_it_is_saved(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(PRIOR)
    save_prior(tmp_path / "prior", find_prior(mine))
    shutil.copytree(tmp_path / "prior", tmp_path / "copy")
    assert load_prior(tmp_path / "copy").prior.vocab_size == 38
