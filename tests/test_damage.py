"""Files of our own that were damaged or changed by hand: one sentence, or the same result."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from kit import KilledError
from sequence_tutor.errors import Remark, UserError
from sequence_tutor.evaluation.evaluate import evaluate
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.models import RecurrentNetwork, RecurrentSettings
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.prior.store import StoredPrior, load_prior, save_prior
from sequence_tutor.reporting.curves import read_run_log
from sequence_tutor.storage.checkpoints import load_checkpoint, save_checkpoint
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.tuner.loop import STATE_FILE, Tuner
from sequence_tutor.tuner.run_folder import POLICY_FILE
from sequence_tutor.tuner.run_record import RUN_FILE, load_spec
from sequence_tutor.verbs.sample import sample
from sequence_tutor.verbs.tune import tune

ODD: list[Any] = [
    *(None, True, -1, 0, 77, 1.5, 10**400, float("nan"), "x", "", [], {}, [1], ["a"], {"a": 1}),
]
FLIPS = 12

Result = tuple[object, ...]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished run, one that was killed after its first checkpoint, and a prior."""
    folder = tmp_path_factory.mktemp("own")
    torch.manual_seed(0)
    network = RecurrentNetwork(RecurrentSettings(width=4), 38, 38)
    save_prior(folder / "prior", StoredPrior(NeuralPrior(network), "melody"))
    go_on(folder / "finished")
    with pytest.MonkeyPatch.context() as patch:
        save = Tuner._save

        def save_and_die(self: Tuner) -> None:
            save(self)
            raise KilledError

        patch.setattr(Tuner, "_save", save_and_die)
        with pytest.raises(KilledError):
            go_on(folder / "killed")
    return folder


def go_on(folder: Path, prior: Path | None = None) -> Result:
    """Tune to the end; the policy is what came of it."""
    small = {"steps": 4, "batch": 4, "collect": 4, "evaluate_every": 2, "evaluate_samples": 8}
    tables = {"tune": {**small, "replay": {"warm_start": 4, "capacity": 64}}, "length": 8}
    prior = prior or folder.parent / "prior"
    given = {"preset": "weights", "threads": 1, "quiet": True}
    tune("melody", folder, prior=prior, overrides=tables, **given)  # type: ignore[arg-type]
    return ((folder / POLICY_FILE).read_bytes(),)


def used(folder: Path) -> Result:
    """What a run gives to those who use it."""
    model = load_model(folder)
    log = read_run_log(folder, load_spec(folder).checksums.get("log"))
    (column,) = evaluate([model], 4, particles=0).columns
    return sample(model, 3, quiet=True).to_lists(), repr(column.statistics), log


def sentence_or(expected: Result | None, call: Callable[[], Result], what: object) -> None:
    """Whatever was done to a file, it is one line, or the result is what it was."""
    said = ""
    try:
        found = call()
    except UserError as error:
        said, found = str(error), expected or ()
    except Exception as error:
        raise AssertionError(what) from error
    assert "\n" not in said, what
    assert expected is None or found == expected, what


@pytest.mark.parametrize(
    ("run", "name"),
    [
        ("finished", POLICY_FILE),
        ("finished", "training.jsonl"),
        ("killed", STATE_FILE),
        pytest.param("finished", "prior.safetensors", marks=pytest.mark.long),
        pytest.param("killed", "prior.safetensors", marks=pytest.mark.long),
        pytest.param("killed", "training.jsonl", marks=pytest.mark.long),
    ],
)
def test_a_flipped_bit_is_seen(run: str, name: str, place: Path, tmp_path: Path) -> None:
    use = used if run == "finished" else lambda folder: go_on(folder, place / "prior")
    folder = shutil.copytree(place / run, tmp_path / run)
    whole = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    expected = use(folder)
    generator = random.Random(0)
    for number in range(FLIPS):
        for file, content in whole.items():
            (folder / file).write_bytes(content)
        damaged = bytearray(whole[name])
        among = len(damaged) if number % 2 else min(len(damaged), 400)  # the header, all of it
        at, bit = generator.randrange(among), generator.randrange(8)
        damaged[at] ^= 1 << bit
        (folder / name).write_bytes(damaged)
        sentence_or(expected, lambda: use(folder), (at, bit))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to everything in a JSON value."""
    yield path
    if isinstance(value, dict | list):
        for name, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(one, (*path, name))


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The value with another one at a place."""
    if not path:
        return new
    copy = json.loads(json.dumps(value))
    inner = copy
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = new
    return copy


def edits(value: Any, share: float) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """A share of all places and odd values, and every place at least once with one of them."""
    generator = random.Random(0)
    for path in places(value):
        chosen = [new for new in ODD if generator.random() < share]
        for new in chosen or [generator.choice(ODD)]:
            yield path, changed(value, path, new)


@pytest.mark.slow
def test_every_field_of_run_json_may_be_anything(place: Path, tmp_path: Path) -> None:
    run_with_fields(place, tmp_path, 0.3)


def test_a_field_of_run_json_may_be_anything(place: Path, tmp_path: Path) -> None:
    run_with_fields(place, tmp_path, 0.0)


def run_with_fields(place: Path, tmp_path: Path, share: float) -> None:
    folder = shutil.copytree(place / "finished", tmp_path / "run")
    record = json.loads((folder / RUN_FILE).read_text())
    for path, edited in edits(record, share):
        (folder / RUN_FILE).write_text(json.dumps(edited))
        sentence_or(None, lambda: used(folder), (path, edited))


@pytest.mark.parametrize("name", [POLICY_FILE, "prior.safetensors", STATE_FILE])
def test_what_a_checkpoint_says_may_be_anything(name: str, place: Path, tmp_path: Path) -> None:
    run = "killed" if name == STATE_FILE else "finished"
    folder = shutil.copytree(place / run, tmp_path / "run")
    record = json.loads((folder / RUN_FILE).read_text())
    (folder / RUN_FILE).write_text(json.dumps({**record, "checksums": {}}))
    tensors, info = load_checkpoint(folder / name)
    use = used if run == "finished" else lambda folder: go_on(folder, place / "prior")
    for path, edited in edits(info, 0.0):
        if path and "fingerprint" not in path[:1] and 10**400 not in [edited.get(path[0])]:
            save_checkpoint(folder / name, tensors, edited)
            sentence_or(None, lambda: use(folder), (path, edited))


def test_a_record_knows_the_files_of_its_run(place: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(place / "finished", tmp_path / "run")
    tensors, info = load_checkpoint(folder / POLICY_FILE)
    name = next(iter(tensors))
    save_checkpoint(folder / POLICY_FILE, {**tensors, name: tensors[name] + 1}, info)
    with pytest.raises(UserError, match="not the file that its run was finished with"):
        load_model(folder)


def test_a_card_that_is_damaged_is_said_and_the_one_in_the_weights_used(
    place: Path, tmp_path: Path
) -> None:
    for name in ("prior", "finished"):
        folder = shutil.copytree(place / name, tmp_path / name)
        whole = load_model(folder)
        for damage in ("{", '{"a": 1', "[]", "\xff", "[" * 100_000):
            (folder / "card.json").write_text(damage, encoding="latin-1")
            with pytest.warns(Remark, match=r"card\.json: damaged, .* is used") as remarks:
                model = load_model(folder)
            assert len({str(one.message) for one in remarks}) == 1
            assert model.stored.card == whole.stored.card
        (folder / "card.json").unlink()
        assert load_model(folder).stored.card == whole.stored.card  # nobody needs it


def test_files_without_checksums_load_with_one_remark(place: Path, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    folder = shutil.copytree(place / "finished", tmp_path / "run")
    record = json.loads((folder / RUN_FILE).read_text())
    (folder / RUN_FILE).write_text(
        json.dumps({name: record[name] for name in record.keys() - {"checksums", "folder"}})
    )
    for name in (POLICY_FILE, "prior.safetensors"):
        tensors, info = load_checkpoint(folder / name)
        save_file(tensors, folder / name, metadata={"info": json.dumps(info)})
    with pytest.warns(Remark, match="without checksums") as remarks:
        model = load_model(folder)
    assert len({str(one.message) for one in remarks}) == 1
    assert len(sample(model, 2, quiet=True)) == 2


def test_a_log_without_a_line_that_the_state_was_saved_after_is_refused(
    place: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(place / "killed", tmp_path / "run")
    log = folder / "training.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[:-1]))
    with pytest.raises(UserError, match=r"training\.jsonl: damaged, it is not the log that"):
        go_on(folder, place / "prior")
    log.write_text("".join(lines) + '{"step": 3, "reward')  # logged after the state, and cut
    go_on(folder, place / "prior")
    assert [one["step"] for one in read_log(log)] == [0, 2, 4]


def test_a_line_is_on_the_disk_before_a_state_is(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    sync, rename = __import__("os").fsync, Path.replace

    def synced(number: int) -> None:
        path = Path(f"/proc/self/fd/{number}")
        order.append(f"sync {path.readlink().name if path.exists() else number}")
        sync(number)

    def renamed(self: Path, target: Path) -> Path:
        order.append(f"rename {Path(target).name}")
        return rename(self, target)

    if not Path("/proc/self/fd").exists():
        pytest.skip("open files have no names here")
    folder = shutil.copytree(place / "killed", tmp_path / "run")
    monkeypatch.setattr("os.fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    go_on(folder, place / "prior")
    state = len(order) - 1 - order[::-1].index(f"rename {STATE_FILE}")
    assert "sync training.jsonl" in order[:state]
    assert order[state + 1] == "sync run"  # the folder, so that the new name is there too


def test_a_prior_of_other_tokens_than_its_domain_is_refused(tmp_path: Path) -> None:
    network = RecurrentNetwork(RecurrentSettings(width=4), 5, 5)
    save_prior(tmp_path, StoredPrior(NeuralPrior(network), "melody"))
    assert load_prior(tmp_path).prior.vocab_size == 5
    with pytest.raises(UserError, match="its prior has 5 tokens, expected 38 of melody"):
        load_model(tmp_path)


@pytest.mark.parametrize("odd", [[], {}, 0, "", False])
def test_an_empty_stand_of_the_log_is_not_that_of_an_older_version(
    odd: object, place: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(place / "killed", tmp_path / "run")
    tensors, info = load_checkpoint(folder / STATE_FILE)
    save_checkpoint(folder / STATE_FILE, tensors, {**info, "log": odd})
    with pytest.raises(UserError):
        go_on(folder, place / "prior")
