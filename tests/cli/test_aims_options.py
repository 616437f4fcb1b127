"""`--aim` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit import run, sentence


def test_the_price_list_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--steps", 40, "--threads", 1, "--quiet", "--out", tmp_path / "run"]
    assert run("tune", "toy", "--aim", "token_2 >= 30 %", "--aim", "token_0 <= 0.9", *given) == 0
    shown = capsys.readouterr().out
    assert "token_2 >= 30 %" in shown
    assert "price, nats a sequence" in shown
    assert "all aims together" in shown


def test_check_refuses_what_tune_would_refuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", "toy", "--aim", "token_9 >= 30 %") == 2
    assert "unknown row 'token_9'" in sentence(capsys)


def test_default_adds_to_the_preset_s_aims(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for aims, count in ((["loops <= 2 %"], "1 aim"), (["default", "loops <= 2 %"], "21 aims")):
        assert run("check", "melody", "--preset", "musical", "--aim", *aims) == 0
        assert f"Tuning has {count} and" in capsys.readouterr().out
    assert run("aims", "price", "toy", "--aim", "defaults") == 2
    assert "aim 'defaults': expected a row" in sentence(capsys)
    given = ["--aim", "token_2 >= 30,33 %", "default", "--steps", 4, "--out", tmp_path / "out"]
    assert run("frontier", "toy", *given, "--samples", 200, "--quiet") == 0


def test_methods_that_cannot_hold_aims_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "aims.toml"
    config.write_text('[aims]\ntoken_2 = ">= 30 %"\n')
    methods = "psi,rl-only,reinforce,sir,tb"
    given = ["--budget", 256, "--config", config, "--out", tmp_path / "out", "--quiet"]
    assert run("compare", "toy", "--methods", methods, *given) == 2
    assert "rl-only, reinforce, sir cannot hold aims: expected methods whose" in sentence(capsys)
    assert run("compare", "toy", "--methods", "psi,g", "--aim", "token_9 >= 3 %", *given) == 2
    assert "unknown row 'token_9'" in sentence(capsys)
    assert not (tmp_path / "out").exists()
