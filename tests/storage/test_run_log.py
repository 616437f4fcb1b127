"""The log of a run after a crash at any moment."""

import json
from pathlib import Path

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.storage.run_log import RunLog, read_log


def logged(path: Path, steps: int) -> str:
    log = RunLog(path)
    for step in range(1, steps + 1):
        log.append({"step": step, "reward": step / 7})
    return path.read_text()


def test_lines_are_on_disk_as_soon_as_they_are_appended(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "run" / "log.jsonl")
    assert read_log(log.path) == []
    log.append({"step": 1, "reward": 0.5})
    log.append({"step": 2, "reward": None})
    assert read_log(log.path) == [{"step": 1, "reward": 0.5}, {"step": 2, "reward": None}]
    assert log.records == read_log(log.path)


def test_a_last_line_cut_short_anywhere_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    text = logged(path, 3)
    second_end = text.index("\n", text.index("\n") + 1) + 1
    for end in range(second_end, len(text)):
        path.write_text(text[:end])
        assert [record["step"] for record in read_log(path)] == [1, 2]


def test_resuming_drops_the_steps_that_will_be_done_again(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    text = logged(path, 5)
    path.write_text(text[:-4])
    log = RunLog(path, resumed_at=3)
    assert [record["step"] for record in log.records] == [1, 2, 3]
    for step in (4, 5):
        log.append({"step": step, "reward": step / 7})
    assert path.read_text() == text


def test_a_new_run_begins_an_empty_log_and_a_missing_one_resumes_as_empty(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    logged(path, 2)
    assert RunLog(path).records == []
    assert path.read_text() == ""
    assert RunLog(tmp_path / "absent.jsonl", resumed_at=9).records == []


def test_nan_is_refused_because_json_has_none(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "log.jsonl")
    with pytest.raises(ValueError, match="not JSON compliant"):
        log.append({"step": 1, "loss": float("nan")})
    assert read_log(log.path) == []


AIM = {
    "row": "a",
    "bound": 0.5,
    "share": True,
    "prior": None,
    "value": 0.4,
    "low": 0.3,
    "high": None,
    "goal": 0.5,
    "multiplier": 1.0,
    "price": 2,
    "met": False,
    "within": 0.1,
}

OF_NO_KIND: tuple[object, ...] = ([1], {}, 10**400, float("nan"))


@pytest.mark.parametrize(
    "changed",
    [
        *({name: None} for name in AIM if name not in ("prior", "value", "low", "high")),
        *({name: "x"} for name in AIM if name != "row"),
        *({name: value} for name in AIM for value in OF_NO_KIND),
        {"bound": True},
        {"met": 1},
    ],
)
def test_aims_that_are_none_are_one_sentence(tmp_path: Path, changed: dict[str, object]) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps({"step": 1, "aims": {"a >= 50 %": AIM}}) + "\n")
    assert read_log(path)[0]["aims"]["a >= 50 %"] == AIM
    damaged: tuple[object, ...] = ({"a >= 50 %": {**AIM, **changed}}, {"a >= 50 %": 3}, [], 3)
    for aims in damaged:
        path.write_text(json.dumps({"step": 1, "aims": aims}) + "\n")
        with pytest.raises(UserError, match="line 1: damaged, its aims are not those of a run"):
            read_log(path)
