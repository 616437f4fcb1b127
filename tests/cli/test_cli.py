"""Every verb on small real input, and what is said when the input is wrong."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import sequence_tutor
from kit import program, run, sentence
from sequence_tutor.algorithms.registry import SHIPPED
from sequence_tutor.cli.program import VERBS, help_text
from sequence_tutor.melody.midi import write_midi

# a value, a policy's gradient and data; `make test-long` asks for the others
FEW_OF_SHIPPED = [
    name if name in ("psi", "ppo", "raml") else pytest.param(name, marks=pytest.mark.long)
    for name in SHIPPED
]

SMALL_TUNE = """
[tune]
batch = 4
collect = 4
evaluate_every = 2
evaluate_samples = 8
[tune.replay]
capacity = 64
"""
SMALL_TRAIN = """
[train]
batch = 4
evaluate_every = 2
[train.network]
width = 8
"""


@pytest.fixture
def tunes(tmp_path: Path) -> Path:
    """A folder of 40 short MIDI files, different from each other, and a damaged one."""
    folder = tmp_path / "tunes"
    folder.mkdir()
    numbers = random.Random(0)
    for number in range(40):
        notes = (numbers.randrange(2, 38) for _ in range(32))
        write_midi(folder / f"{number}.mid", [token for note in notes for token in (note, 1, 1, 1)])
    (folder / "damaged.mid").write_bytes(b"MThd")
    return folder


def test_help_names_every_verb_and_each_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    printed = capsys.readouterr().out
    assert printed.strip() == help_text()
    assert max(map(len, printed.splitlines())) <= 110
    for verb in VERBS:
        assert f"\n  {verb} " in printed
        assert run(verb, "--help") == 0
        lines = capsys.readouterr().out.splitlines()
        assert any(line.startswith(f"Example: sequence-tutor {verb}") for line in lines)
        assert all(line.count("sequence-tutor") <= 1 for line in lines)  # one to copy, no more


def test_help_does_not_wait_for_torch() -> None:
    code = (
        "import sys; from sequence_tutor.cli import main; main(['--help']); "
        "sys.exit('torch' in sys.modules or 'matplotlib' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_every_verb_is_a_public_function() -> None:
    names = {"studio": "serve_studio"}  # a package has the verb's name
    for verb in VERBS:
        assert callable(getattr(sequence_tutor, names.get(verb, verb)))
    for name in sequence_tutor.__all__:
        assert getattr(sequence_tutor, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = sequence_tutor.nonsense


def test_verbs_that_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out[0].isdigit()
    assert run() == 0
    assert "A first tour" in capsys.readouterr().out
    assert run("tuen") == 2
    assert "did you mean 'tune'" in sentence(capsys)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("tune", "DOMAIN and --out RUN must be given"),
        ("tune melody", "--out RUN must be given"),
        ("tune melody --out", "--out: no value was given, expected RUN"),
        ("tune melody --out x --c --quiet", "--c: no value was given, expected a number"),
        ("tune melody --out x --c little", "--c: 'little' was given, expected a number"),
        ("tune melody --out x --c=none", "--c: 'none' was given, expected a number"),
        ("tune melody --out x --algoritm psi", "'--algoritm': did you mean '--algorithm'?"),
        ("tune melody psi --out x", "'psi' was given, but no such argument is expected"),
        ("tune melody --out x --quiet yes", "'yes' was given, but no such argument is expected"),
        ("sample melody --out x -n 1.5", "-n: '1.5' was given, expected a whole number"),
        ("evaluate melody --device abacus", "'abacus' was given, expected auto or cpu or cuda"),
        ("evaluate melody --threads some", "'some' was given, expected auto or a whole number"),
        ("pretrain melody --out x", "--data PATH... must be given"),
        ("score", "DOMAIN must be given"),
    ],
)
def test_arguments_that_cannot_be_read(
    arguments: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    verb = arguments.split()[0]
    assert run(*arguments.split()) == 2
    assert sentence(capsys).endswith(f"{complaint}; sequence-tutor {verb} --help says more")


@pytest.mark.usefixtures("few_particles")
def test_pretrain_tune_sample_evaluate(
    tunes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train, tune = tmp_path / "train.toml", tmp_path / "tune.toml"
    train.write_text(SMALL_TRAIN)
    tune.write_text(SMALL_TUNE)
    prior, tuned, numbers = tmp_path / "prior", tmp_path / "run", tmp_path / "numbers.json"
    base = ("--threads", 1, "--json", numbers)

    pretrain = ("--data", tunes, "--out", prior, "--config", train, "--steps", 4, "--seed", 1)
    assert run("pretrain", "melody", *pretrain, "--meters", "4/4", *base) == 0
    assert "1 skipped: damaged MIDI file" in capsys.readouterr().out
    (skipped,) = (prior / "skipped.jsonl").read_text().splitlines()
    assert json.loads(skipped)["file"].endswith("damaged.mid")
    assert json.loads(numbers.read_text())["quality"]["test_perplexity"] > 1

    start = ("tune", "melody", "--preset", "paper", "--prior", prior, "--config", tune)
    tuning = (*start, "--out", tuned, "--steps", 4, "--c", 2, "--length", 16, *base)
    assert run(*tuning, "--algorithm", "g") == 0
    printed = capsys.readouterr().out
    assert str(tuned) in printed
    assert "\ndistinct: 100 %\n" in printed
    assert json.loads(numbers.read_text())["step"] == 4
    assert run(*tuning, "--algorithm", "psi") == 2
    assert "holds a run with tune.algorithm 'g', not 'psi'" in sentence(capsys)

    out = tmp_path / "melodies"
    assert run("sample", tuned, "-n", 3, "--key", "Em", "--no-wav", "--out", out, *base) == 0
    assert len(json.loads(numbers.read_text())["sequences"]) == 3
    assert len(list(out.glob("*.mid"))) == 3
    assert not list(out.glob("*.wav"))

    table = tmp_path / "table.md"
    evaluation = ("evaluate", tuned, prior, "--samples", 20, "--markdown", table)
    assert run(*evaluation, *base) == 0
    assert "leaps resolved" in capsys.readouterr().out
    models = json.loads(numbers.read_text())["models"]
    assert [model["name"] for model in models] == ["run", "prior"]
    assert models[0]["length"] == models[1]["length"] == 16
    assert "| run |" in table.read_text()


@pytest.mark.parametrize(
    ("domain", "option", "value", "complaint"),
    [
        ("melody", "--steps", "0", "--steps: steps is 0, expected a number greater than"),
        ("melody", "--meters", "four", "--meters: meters: meter 'four' must look like 4/4"),
        ("text", "--meters", "4/4", "--meters: unknown name 'meters': "),
    ],
)
def test_what_pretrain_cannot_take_is_named_by_its_option(
    domain: str,
    option: str,
    value: str,
    complaint: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ("--data", tmp_path, "--out", tmp_path / "prior", option, value)
    assert run("pretrain", domain, *given) == 2
    assert sentence(capsys).startswith(f"sequence-tutor: {complaint}")


def test_how_many_sequences_there_are(
    melody_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for count, said in ((1, "1 sequence is in"), (2, "2 distinct sequences are in")):
        out = tmp_path / str(count)
        assert run("sample", melody_run, "-n", count, "--no-wav", "--out", out) == 0
        assert f"{said} {out}." in capsys.readouterr().out.replace("\n", "")


def test_score(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    melodies, out = tmp_path / "m.jsonl", tmp_path / "o.jsonl"
    melodies.write_text('{"tokens": [14, 1, 18]}\n' * 50)
    write_midi(tmp_path / "tune.mid", [14, 1, 16])
    assert run("score", "melody", melodies, tmp_path / "tune.mid", "--json", out) == 0
    assert "... and 11 more" in capsys.readouterr().out
    written = [json.loads(line) for line in out.read_text().splitlines()]
    assert [entry["tokens"] for entry in written] == [[14, 1, 18]] * 50 + [[14, 1, 16]]
    capsys.readouterr()
    (tmp_path / "nothing.jsonl").touch()
    before = out.read_bytes()
    assert run("score", "melody", tmp_path / "nothing.jsonl", "--json", out) == 2
    assert "nothing.jsonl: no melodies to score, expected at least one" in sentence(capsys)
    assert out.read_bytes() == before
    assert run("score", "melody") == 2
    assert "no file to score" in sentence(capsys)
    assert run("score", "melodie", melodies) == 2
    assert "did you mean 'melody'" in sentence(capsys)


def test_what_is_scored_does_not_speak_to_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("\x1b[31mred\x07\n")
    assert run("score", "text", lines) == 0
    printed = capsys.readouterr().out
    assert r"\x1b[31mred\x07" in printed
    assert "\x1b" not in printed


def test_verify_and_bench_say_what_they_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sequence_tutor.verbs.bench.ROUNDS", 1)
    numbers = tmp_path / "numbers.json"
    assert run("bench", "--threads", 1, "--quiet", "--json", numbers) == 0
    assert "sampling melodies per second" in capsys.readouterr().out
    found = json.loads(numbers.read_text())
    for name in ("sampling_melodies_per_second", "sampling_over_matmul", "threads"):
        assert found[name] > 0
    for options in ((), ("--aims",)):
        assert run("verify", "--algorithms", "psi", "psi", *options) == 2
        assert "algorithm 'psi' is given twice, expected each once" in capsys.readouterr().err
    assert run("verify", "--algorithms", "psy") == 2
    assert "did you mean 'psi'" in sentence(capsys)


def completed(words: str, tmp_path: Path) -> list[str]:
    """What bash proposes for the last word of a line, or for a new one after a blank."""
    line = words.split(" ")
    script = f"""
source {tmp_path / "completion.bash"}
COMP_WORDS=({" ".join(f"'{word}'" for word in line)})
COMP_CWORD={len(line) - 1}
_sequence_tutor
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    ended = subprocess.run(["bash", "-c", script], text=True, capture_output=True, check=True)
    assert ended.stderr == ""
    return ended.stdout.split()


def test_a_shell_completes_verbs_and_options(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--completion", "bash") == 0
    (tmp_path / "completion.bash").write_text(capsys.readouterr().out)
    assert completed("sequence-tutor fr", tmp_path) == ["frontier"]
    assert set(VERBS) <= set(completed("sequence-tutor ", tmp_path))
    assert completed("sequence-tutor study ex", tmp_path) == ["export"]
    assert completed("sequence-tutor tune melody --al", tmp_path) == ["--algorithm"]
    assert completed("sequence-tutor tune melody --device c", tmp_path) == ["cpu", "cuda"]
    for shell in ("zsh", "fish"):
        assert run("--completion", shell) == 0
        assert "target-kl" in capsys.readouterr().out
    assert run("--completion", "cmd") == 2
    assert "unknown shell 'cmd': expected one of bash, zsh, fish" in sentence(capsys)


@pytest.mark.parametrize("algorithm", FEW_OF_SHIPPED)
def test_every_algorithm_is_asked_for_by_its_name(algorithm: str, tmp_path: Path) -> None:
    asked = ("--algorithm", algorithm, "--steps", 1, "--out", tmp_path / "run")
    assert run("tune", "toy", *asked, "--threads", 1, "--quiet") == 0


def test_a_folder_of_too_few_tunes_says_how_many_and_what_was_skipped(
    tunes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ("--data", tunes / "0.mid", tunes / "damaged.mid", "--out", tmp_path / "prior")
    assert run("pretrain", "melody", *few, "--threads", 1, "--quiet") == 2
    printed = sentence(capsys)
    assert "too few sequences, 1 in all and none of them for the " in printed
    assert printed.strip().endswith("skipped.jsonl lists what was skipped")


@pytest.mark.long
@pytest.mark.usefixtures("few_particles")
def test_the_toy_domain_takes_every_verb(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = tmp_path / "lines.jsonl"
    rows = ([a, b, c, a, b, c] for a in range(4) for b in range(4) for c in range(4))
    lines.write_text("".join(json.dumps({"tokens": row}) + "\n" for row in rows))
    prior, tuned = tmp_path / "prior", tmp_path / "run"
    steps = ("--steps", 20, "--threads", 1)
    assert run("pretrain", "toy", "--data", lines, "--out", prior, *steps) == 0
    assert run("tune", "toy", "--prior", prior, "--out", tuned, *steps) == 0
    assert run("evaluate", tuned, prior, "--samples", 50, "--threads", 1) == 0
    shown = capsys.readouterr()
    assert "reward pair" in shown.out
    assert "not tuned from a prior" not in shown.err
    another = tmp_path / "another"
    more = ("--data", lines, "--seed", 1, "--out", another)
    assert run("pretrain", "toy", *more, *steps) == 0
    assert run("evaluate", tuned, another, "--samples", 50, "--threads", 1) == 0
    assert "run: not tuned from a prior named here" in capsys.readouterr().err
    again, numbers = tmp_path / "again" / "run", tmp_path / "numbers.json"
    shutil.copytree(tuned, again)
    few = ("--samples", 50, "--threads", 1, "--json", numbers)
    assert run("evaluate", tuned, again, prior, *few) == 0
    models = json.loads(numbers.read_text())["models"]
    assert [model["name"] for model in models] == [str(tuned), str(again), "prior"]
    capsys.readouterr()
    assert run("sample", tuned, "-n", 5, "--threads", 1, "--out", tmp_path / "out") == 0
    assert run("score", "toy", tmp_path / "out" / "sequences.jsonl") == 0
    capsys.readouterr()
    assert run("sample", tuned, "--key", "D", "--out", tmp_path / "out") == 2
    assert "--key is of melodies, not of toy" in sentence(capsys)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["evaluate"], "no model to evaluate"),
        (["evaluate", "nothing"], "nothing: neither a folder"),
        (["evaluate", "MODEL", "--samples", "1"], "expected at least 2"),
        (["evaluate", "MODEL", "--threads", "0"], "--threads 0"),
        (
            ["evaluate", "MODEL", "--threads", "1000000"],
            "expected auto or a number from 1 to 1,024",
        ),
        (
            ["evaluate", "MODEL", "--samples", "1000000000000000"],
            "--samples is 1,000,000,000,000,000, which takes at least 8 PB of memory",
        ),
        (
            ["study", "make", "MODEL", "--pairs", "1000000000000000", "--out", "OUT"],
            "--pairs is 1,000,000,000,000,000, which takes at least 8 PB of memory",
        ),
        (
            ["compare", "toy", "--seeds", "1000000000000000", "--out", "OUT"],
            "--seeds is 1,000,000,000,000,000, which takes at least 8 PB of memory",
        ),
        (
            ["sample", "MODEL", "--out", "OUT", "-n", "1000000000000000"],
            "count is 1,000,000,000,000,000, which takes at least ",
        ),
        (["sample", "MODEL", "--out", "OUT", "-n", "0"], "count is 0"),
        (["sample", "MODEL", "--out", "OUT", "--temperature", "0"], "temperature is 0"),
        (["sample", "MODEL", "--out", "OUT", "--temperature", "inf"], "temperature is inf"),
        (["sample", "MODEL", "--out", "OUT", "--key", "H"], "unknown key 'H'"),
        (["sample", "MODEL", "--out", "OUT", "--tempo", "0"], "tempo"),
        (["sample", "MODEL", "--out", "OUT", "--prime", "x.mid"], "x.mid: no such file"),
        (
            ["tune", "melody", "--out", "OUT", "--prior", "MODEL", "--c", "-1"],
            "c is -1.0, expected",
        ),
        (["tune", "melody", "--out", "OUT", "--prior", "MODEL", "--discount", "2"], "discount"),
        (["tune", "melody", "--out", "OUT", "--prior", "MODEL", "--preset", "papr"], "'paper'"),
        (["tune", "melody", "--out", "OUT", "--prior", "MODEL", "--config", "no.toml"], "no.toml"),
        (["tune", "melody", "--out", "OUT", "--prior", "MODEL", "--rules", "no.py"], "no.py"),
        (["tune", "melody", "--out", "OUT", "--prior", "OUT"], "neither a folder"),
        (
            ["tune", "toy", "--out", "OUT", "--algorithm", "psy"],
            "--algorithm: algorithm is 'psy': did you mean 'psi'?",
        ),
        (
            ["tune", "toy", "--out", "OUT", "--algorithm", "q", "--target-kl", "1"],
            "target_kl is 1.0 but algorithm is 'q', expected one whose c sets",
        ),
        (["tune", "melodi", "--out", "OUT", "--prior", "MODEL"], "melody"),
        (
            ["tune", "molecule", "--out", "OUT", "--near", "CCO", "--similarity", ".9...1"],
            "--similarity '.9...1': expected two numbers from 0 to 1, the lower one first",
        ),
        (
            ["tune", "toy", "--out", "OUT", "--aim", "token_2 >= 9 %", "token_2 <= 8 %"],
            "and the options given: aims.token_2: at least 0.09 and at most 0.08 exclude each",
        ),
        (["tune", "toy", "--out", "OUT", "--aim", "token_2"], "what it should be, such as '>= 90"),
        (["pretrain", "melody", "--out", "OUT", "--data", "no"], "no: no such file or folder"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_leaves_nothing(
    arguments: list[str],
    complaint: str,
    melody_prior: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    places = {"MODEL": str(melody_prior), "OUT": str(out)}
    is_melody = arguments[0] == "tune" and "toy" not in arguments
    preset = ["--preset", "paper"] if is_melody and "--preset" not in arguments else []
    given = [places.get(argument, argument) for argument in arguments]
    threads = [] if "--threads" in arguments or "study" in arguments else ["--threads", "1"]
    assert run(*given, *preset, *threads) == 2
    assert complaint in sentence(capsys)
    assert not out.exists()


def test_a_link_that_leads_nowhere_is_no_place_for_a_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "gone")
    assert run("tune", "toy", "--steps", 1, "--out", link / "run", "--threads", 1) == 2
    assert sentence(capsys).endswith(f"{link} is a link that leads nowhere")


@pytest.mark.usefixtures("few_particles")
def test_what_a_file_sets_in_vain_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "mine.toml"
    config.write_text(f"{SMALL_TUNE}".replace("[tune]", "[tune]\nseed = 7\nbudget = 9"))
    small = ("--config", config, "--seeds", 1, "--samples", 64, "--threads", 1)
    compare = ("compare", "toy", "--methods", "psi", "--budget", 8, "--out", tmp_path / "c")
    assert run(*compare, *small) == 0
    said = "compare itself sets tune.seed and tune.budget and tune.evaluate_every"
    assert f"{config}: {said}; what the file says is not used" in capsys.readouterr().err
    frontier = ("frontier", "toy", "--c", "1,2", "--steps", 2, "--out", tmp_path / "f")
    assert run(*frontier, "--pool", 64, *small) == 0
    assert "frontier itself sets tune.seed and tune.evaluate_every" in capsys.readouterr().err


def test_a_batch_of_pretraining_that_fits_no_machine(
    tunes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "mine.toml"
    config.write_text("[train]\nbatch = 1000000000000\n")
    given = ("--data", tunes, "--out", tmp_path / "prior", "--config", config, "--threads", 1)
    assert run("pretrain", "melody", *given, "--quiet") == 2
    assert "train.batch is 1,000,000,000,000, which takes at least" in sentence(capsys)


def test_a_tuned_run_is_not_taken_for_its_prior(
    melody_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run("tune", "melody", "--prior", melody_run, "--out", out) == 2
    assert f"{melody_run}: a tuned run, expected a prior, such as the one" in sentence(capsys)
    assert not out.exists()


def test_a_wrong_name_in_a_settings_file_is_answered(
    melody_prior: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "mine.toml"
    for text, complaint in (
        ("[tune]\nstepz = 3\n", "mine.toml: tune: unknown name 'stepz': did you mean 'steps'?"),
        ("[reward.wieghts]\nkey = 1\n", "unknown name 'wieghts': did you mean 'weights'?"),
        ("[tune\n", "mine.toml: not a TOML file"),
    ):
        config.write_text(text)
        tune = ("tune", "melody", "--prior", melody_prior, "--out", tmp_path / "out")
        assert run(*tune, "--preset", "paper", "--config", config, "--threads", 1) == 2
        assert complaint in sentence(capsys)


def test_a_place_that_cannot_be_written_to(
    melody_prior: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    out = tmp_path / "file" / "out"
    assert run("sample", melody_prior, "-n", 1, "--threads", 1, "--out", out) == 2
    assert str(tmp_path / "file") in sentence(capsys)


def test_ctrl_c_ends_with_130_and_says_how_to_go_on(melody_prior: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    tune = ["tune", "melody", "--preset", "paper", "--prior", str(melody_prior), "--out", str(out)]
    process = subprocess.Popen(
        program(*tune, "--threads", 1),
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (out / "training.jsonl").is_file() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert "interrupted; the same command continues" in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    "asked",
    ["tune --help", pytest.param("terms list molecule", marks=pytest.mark.long), "--help"],
)
def test_a_reader_that_has_gone_is_no_mistake(asked: str) -> None:
    with subprocess.Popen(
        program(*asked.split()),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
