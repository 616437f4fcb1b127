"""The price curve of one aim: its slope is its price."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from kit import run, sentence
from sequence_tutor.errors import UserError
from sequence_tutor.estimates import exactly
from sequence_tutor.verbs.price_curve import PricePoint, several, with_slopes


def test_the_slope_is_the_price_in_closed_form() -> None:
    # One aim on a share that the prior has with p = 0.2: KL = b log(b/p) + (1-b) log((1-b)/(1-p)),
    # and the multiplier is logit(b) - logit(p).
    def point(b: float) -> PricePoint:
        kl = b * math.log(b / 0.2) + (1 - b) * math.log((1 - b) / 0.8)
        price = math.log(b / (1 - b)) - math.log(0.25)
        return PricePoint("any", True, exactly(b), exactly(kl), price / 100)

    first, *others = with_slopes([point(b) for b in (0.3, 0.35, 0.4, 0.45)])
    assert first.slope is None
    for one in others:
        assert one.slope == pytest.approx(one.expected, rel=0.01)


def test_one_aim_has_several_values() -> None:
    row, values, fixed = several(
        ["token_0 >= 50, 60 %", "token_1 <= 10 %", "distinct >= 50 % of 1,000"]
    )
    assert (row, values) == ("token_0", [">= 50 %", ">= 60 %"])
    assert fixed == {"token_1": ["<= 10 %"], "distinct": [">= 50 % of 1,000"]}
    with pytest.raises(UserError, match="aims with several values: 0"):
        several(["token_0 >= 50 %"])
    with pytest.raises(UserError, match="two values are the same"):
        several(["token_0 >= 50, 50.0 %"])


@pytest.mark.parametrize("option", ["--c 1,2", "--seeds 2", "--share 0.5", "--pool 100"])
def test_what_is_of_temperatures_is_refused_beside_an_aim(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("--aim", "token_0 <= 40,30 %", "--out", tmp_path / "prices", *option.split())
    assert run("frontier", "toy", *given) == 2
    name = option.partition(" ")[0]
    assert f"{name} does not go with --aim: it has one run for each value" in sentence(capsys)
    assert not (tmp_path / "prices").exists()


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings, out = tmp_path / "short.toml", tmp_path / "prices"
    settings.write_text("[tune]\nbatch = 8\ncollect = 8\nevaluate_samples = 32\n")
    given = ["frontier", "toy", "--aim", "token_0 <= 40,30 %", "--out", out, "--steps", 4]
    given += ["--config", settings, "--samples", 64, "--threads", 1, "--preset", "default"]
    assert run(*given) == 0
    assert "token_0 <= 30 %" in capsys.readouterr().out
    found = json.loads((out / "price_curve.json").read_text())
    assert [one["aim"] for one in found["points"]] == ["token_0 <= 40 %", "token_0 <= 30 %"]
    assert found["points"][0]["expected"] is None
    assert found["points"][1]["expected"] == pytest.approx(
        (found["points"][0]["price"] + found["points"][1]["price"]) / 2
    )
    assert (out / "price_curve.png").exists()
