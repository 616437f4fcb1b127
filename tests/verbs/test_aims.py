"""Rows that may be aimed at, and aims read off real sequences."""

from __future__ import annotations

import json
import math
import tomllib
from pathlib import Path

import pytest

import sequence_tutor as st
from kit import run, sentence
from sequence_tutor.domain.rows import SHARE, RowRange
from sequence_tutor.errors import UserError
from sequence_tutor.estimates import UNDEFINED, Estimate
from sequence_tutor.evaluation.aimed import ListedRow
from sequence_tutor.evaluation.foretold import Foretold
from sequence_tutor.storage.token_lines import write_json_lines
from sequence_tutor.verbs.aims import aims_from, list_aims, price_aims


@pytest.mark.parametrize(
    ("range_", "ends", "aim"),
    [
        (SHARE, (0.10, 0.053, 0.1471), "5.3 .. 14.8 %"),
        (SHARE, (1.0, 0.9763, 1.0), ">= 97.6 %"),
        (SHARE, (0.0, 0.0, 0.01234), "<= 1.24 %"),
        (RowRange(), (-0.39, -0.4361, -0.35), "-0.437 .. -0.350"),
        (RowRange(low=0.0), (523.0, 505.0, 541.0), "505 .. 541"),
        (SHARE, (0.5, 0.0, 1.0), ""),
        (RowRange(high=0.0), (0.0, 0.0, 0.0), ""),
    ],
)
def test_an_aim_is_the_interval_rounded_outwards(
    range_: RowRange, ends: tuple[float, float, float], aim: str
) -> None:
    assert ListedRow("any", range_, UNDEFINED, Estimate(*ends)).wanted == aim


def test_how_far_the_prior_is() -> None:
    row = ListedRow("any", SHARE, Estimate(0.1, 0.09, 0.11), Estimate(0.3, 0.25, 0.35))
    assert row.distance == pytest.approx(4)


def test_rows_of_the_toy() -> None:
    rows = {row.name: row for row in list_aims("toy", samples=500)}
    assert {"token_0", "repeats_of_0", "pair", "distinct", "kl_to_prior_per_token"} <= rows.keys()
    assert rows["kl_to_prior_per_token"].prior.value == 0
    assert 0 < rows["token_0"].prior.value < 1
    (one,) = list_aims("toy", names=["pair"], samples=100)
    assert one.name == "pair"
    with pytest.raises(UserError, match="no row 'token_00': did you mean 'token_0'"):
        list_aims("toy", names=["token_00"], samples=10)


def test_a_sequence_from_which_no_aim_can_be_read_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "one.jsonl"
    write_json_lines(path, [{"tokens": [0, 0, 1, 0, 2, 1]}])
    with pytest.raises(UserError, match=r"one.jsonl: no row has an interval over 1 real sequences"):
        aims_from("toy", path, names=["pair"], samples=10, quiet=True)
    out = tmp_path / "run"
    assert run("tune", "toy", "--aims-from", path, "--rows", "pair", "--quiet", "--out", out) == 2
    assert "expected more of them to read aims off" in sentence(capsys)
    assert not out.exists()


def test_aims_read_off_sequences(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    rows = [[0, 0, 1, 0, 2, 1], [0, 1, 1, 0, 2, 1], [1, 2, 1, 1, 2, 1]] * 20
    write_json_lines(path, ({"tokens": row} for row in rows))
    found = aims_from("toy", path, samples=200, quiet=True)
    values = {row.name: row.real.value for row in found.rows}
    assert values["token_0"] == pytest.approx(5 / 18)
    assert values["starts_with_0"] == pytest.approx(2 / 3)
    assert "pair" not in values  # a term of the reward is aimed at only where it is named
    table = tomllib.loads(found.toml())["aims"]
    assert table == found.aims
    assert table["token_3"] == "<= 6.1 %"  # never, Wilson's of 60
    write_json_lines(path, [{"tokens": [0, 1]}] * 9)
    with pytest.raises(UserError, match="no sequences of at least 6 tokens"):
        aims_from("toy", path, samples=10, quiet=True)


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "mine.jsonl", tmp_path / "aims.json"
    write_json_lines(path, ({"tokens": [0, 1, token, 1, 2, 3]} for token in (0, 1, 2, 3) * 8))
    assert run("aims", "from", "toy", path, "--rows", "token_0", "--samples", 50) == 0
    assert "[aims]\ntoken_0 = " in capsys.readouterr().out
    assert run("aims", "from", "toy", path, "--table", "--json", out, "--quiet") == 0
    assert "32 real sequences" in capsys.readouterr().out
    assert json.loads(out.read_text())["count"] == 32
    assert run("aims", "list", "toy", "--samples", 50) == 0
    assert "repeats_of_0" in capsys.readouterr().out
    assert run("aims", "from", "toy") == 2
    assert "no file to read aims off" in sentence(capsys)


def test_a_run_aims_at_what_its_examples_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "mine.jsonl", tmp_path / "run"
    write_json_lines(path, ({"tokens": [0, 1, token, 1, 2, 3]} for token in (0, 1, 2, 3) * 8))
    short = tmp_path / "short.toml"
    short.write_text("[tune]\nbatch = 8\ncollect = 8\nevaluate_samples = 32\n")
    given = ["--aims-from", path, "--rows", "token_1", "repeats_of_0", "--steps", 4]
    given += ["--aim", "token_1 >= 30 %", "--config", short, "--threads", 1, "--out", out]
    assert run("tune", "toy", *given) == 0
    said = capsys.readouterr().out
    assert "32 real sequences" in said  # how far the prior is from each
    assert "token_1 >= 30 %" in said
    aims = json.loads((out / "run.json").read_text())["tune"]["aims"]
    assert {aim["row"] for aim in aims} == {"token_1", "repeats_of_0"}
    evaluation = st.evaluate([st.load_model(out)], samples=64)
    (table,) = evaluation.price_tables()
    assert table.header[0] == "run: aim"
    (column,) = evaluation.to_json()["models"]
    assert {one["row"] for one in column["prices"]["aims"]} == {"token_1", "repeats_of_0"}
    page, numbers = tmp_path / "page.html", tmp_path / "numbers.json"
    assert run("report", out, "--samples", 64, "--out", page, "--threads", 1) == 0
    assert "price of token 1 ≥ 30 %, nats a point" in page.read_text()
    given = ["--real", path, "--samples", 64, "--particles", 0, "--json", numbers]
    assert run("evaluate", out, *given) == 0
    assert json.loads(numbers.read_text())["real"]["count"] == 32
    capsys.readouterr()
    assert run("tune", "toy", "--rows", "token_1", "--out", tmp_path / "other") == 2
    assert "--aims-from" in sentence(capsys)


def test_aims_are_priced_before_any_training() -> None:
    # shares of sequences of one token: everything is known in closed form
    aims = {"token_2": ">= 40 %", "token_0": "<= 90 %", "distinct": ">= 10 % of 100"}
    aims |= {"distinct_pairs": ">= 5 % of 20"}
    found = price_aims("toy", aims, length=1, quiet=True)
    assert found.left_out == ["distinct >= 10 % of 100", "distinct_pairs >= 5 % of 20"]
    assert "not priced distinct >= 10 % of 100" in found.sentence
    wish, slack = found.wishes
    assert wish.prior is not None
    assert wish.reached == pytest.approx(0.4, abs=1e-5)
    odds = math.log(0.4 / 0.6) - math.log(wish.prior / (1 - wish.prior))
    assert wish.price == pytest.approx(odds / 100, rel=1e-4)  # for a point
    kl = 0.4 * math.log(0.4 / wish.prior) + 0.6 * math.log(0.6 / (1 - wish.prior))
    assert (found.kl, found.kl_per_token) == pytest.approx((kl, kl), rel=1e-5)
    assert wish.alone == pytest.approx(kl, rel=1e-5)
    assert wish.saved == pytest.approx(kl, rel=1e-4)
    assert (slack.price, slack.alone) == pytest.approx((0, 0), abs=1e-6)
    share = 1 / (0.4**2 / wish.prior + 0.6**2 / (1 - wish.prior))
    assert found.counting == pytest.approx(share * found.samples, rel=1e-4)
    assert found.is_trusted


def test_what_cannot_be_priced_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    few = {"samples": 50, "quiet": True}
    with pytest.raises(UserError, match="no aim was given"):
        price_aims("toy", **few)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="has no price before a policy is tuned"):
        price_aims("toy", {"distinct": ">= 90 % of 100"}, **few)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="unknown row 'token_22': did you mean 'token_2'"):
        price_aims("toy", {"token_22": ">= 90 %"}, **few)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="no weights of 50 sequences of the prior meet"):
        price_aims("toy", {"token_2": ">= 80 %", "token_0": ">= 60 %"}, **few)  # type: ignore[arg-type]
    assert run("aims", "price", "toy", "--quiet", "--samples", 50) == 2
    assert "no aim was given" in sentence(capsys)
    with pytest.raises(UserError, match="samples is 1, expected at least 2"):
        price_aims("toy", {"token_2": ">= 80 %"}, samples=1, quiet=True)
    assert run("aims", "list", "toy", "--quiet", "--samples", 0) == 2
    assert "samples is 0, expected at least 2" in sentence(capsys)
    assert run("aims", "list", "toy", "--quiet", "--length", 0) == 2
    assert "--length: length is 0, expected" in sentence(capsys)
    few_count = Foretold([], 3.0, 0.5, 5000, 42.0)
    assert not few_count.is_trusted
    assert "42 of 5,000 sequences of the prior count, too few" in few_count.sentence


def test_a_quotient_that_is_met_by_having_nothing_is_remarked() -> None:
    aims = {"repeats_of_0": ">= 95 %"}  # of the steps after a 0: cheapest without any 0
    found = price_aims("toy", aims, length=2, quiet=True)
    assert found.emptied == ["repeats_of_0"]
    assert "beware: fewer sequences have repeats_of_0 at all" in found.sentence
