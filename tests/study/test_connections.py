"""A service that is starved, broken off from and asked under other names."""

from __future__ import annotations

import os
import re
import resource
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from kit import program
from sequence_tutor.errors import UserError
from sequence_tutor.serving import server as servers
from sequence_tutor.serving.limits import INTERVAL, Failures
from sequence_tutor.serving.requests import Hosts
from sequence_tutor.serving.server import limited
from sequence_tutor.study.folder import ANSWERS_FILE, load_study
from sequence_tutor.study.store import Store

from .conftest import Browser, Clock, serving

UNFINISHED = b"POST /api/join HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
BODY = UNFINISHED + b"Content-Length: 40\r\n\r\n{"


@contextmanager
def served(folder: Path, files: int) -> Iterator[tuple[str, int, subprocess.Popen[str]]]:
    """`study serve` in a process that may open so many files: its address and port."""
    command = program("study", "serve", folder)
    limits = (files, files)
    with subprocess.Popen(
        [*command, "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limits),
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split()[1]
            found = re.search(r":(\d+)/", address)
            assert found
            yield address, int(found[1]), process
        finally:
            process.kill()


def test_one_more_connection_closes_the_one_that_waits_longest(
    study_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "most_connections", lambda: 12)
    with serving(study_folder, load_study(study_folder), Clock()) as (address, _), ExitStack() as s:
        port = int(address.rpartition(":")[2])
        unfinished = []
        for number in range(60):
            one = s.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            with suppress(OSError):
                one.sendall(UNFINISHED if number % 2 else BODY)
            unfinished.append(one)
        assert httpx.get(address, timeout=10).status_code == 200
        with suppress(ConnectionResetError):
            assert unfinished[0].recv(1) == b""


@pytest.mark.slow
def test_unfinished_requests_silence_nobody_and_fill_no_log(study_folder: Path) -> None:
    with served(study_folder, 64) as (address, port, process), ExitStack() as stack:
        for number in range(150):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            one.sendall(UNFINISHED if number % 2 else BODY)
        for _ in range(3):
            assert httpx.get(address, timeout=10).status_code == 200
        joined = httpx.post(f"{address}api/join", json={"consent": True, "code": ""}, timeout=10)
        assert joined.status_code == 200
        process.terminate()
        assert process.wait(timeout=20) == 143
        assert process.stderr is not None
        assert process.stderr.read() == ("sequence-tutor: terminated; the same command continues\n")


def test_a_request_that_does_not_come_is_closed_and_so_is_one_bit_by_bit(
    study_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "limited", lambda most: limited(most, patience=0.4))
    with serving(study_folder, load_study(study_folder), Clock()) as (address, _), ExitStack() as s:
        port = int(address.rpartition(":")[2])
        slow = [s.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(3)]
        slow[1].sendall(BODY)
        # one that was answered once has no more time for its next request
        slow[2].sendall(b"GET /api/state HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert slow[2].recv(4096).startswith(b"HTTP/1.1 200")
        begun = time.monotonic()
        for letter in UNFINISHED:
            try:
                slow[2].sendall(bytes([letter]))
            except OSError:
                break
            time.sleep(0.05)
        assert time.monotonic() - begun < 2
        for one in slow[:2]:
            one.settimeout(5)
            with suppress(ConnectionResetError):
                assert one.recv(1) == b""
        assert httpx.get(address).status_code == 200


def test_a_request_broken_off_leaves_no_traceback(
    study_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(study_folder, load_study(study_folder), Clock()) as (address, _):
        port = int(address.rpartition(":")[2])
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", port)) as one:
                one.sendall(BODY)
        assert httpx.get(address).status_code == 200
        time.sleep(0.1)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        *((name, True) for name in ("localhost", "LOCALHOST:80", "127.0.0.1:8000", "[::1]:8000")),
        *((name, True) for name in ("192.168.7.9", "study.example", "Study.Example.:443")),
        *((name, False) for name in ("evil.example", "127.0.0.1.evil.example", "", "a:b:c")),
        *((name, False) for name in ("localhost.evil", "x@localhost", "[evil]:80", "localhost/")),
    ],
)
def test_only_our_own_names_are_answered(host: str, allowed: bool) -> None:
    assert Hosts(["study.example"]).allows(host) is allowed
    assert Hosts().allows(socket.gethostname())


def test_a_page_that_lets_its_name_lead_here_is_refused(study_folder: Path) -> None:
    with serving(study_folder, load_study(study_folder), Clock()) as (address, store):
        for path in ("/", "/api/state", f"/results?token={store.token}"):
            reply = httpx.get(address + path, headers={"Host": "evil.example"})
            assert reply.status_code == 421
        same_site = {"Host": "evil.example", "Origin": "http://evil.example"}
        joined = httpx.post(f"{address}/api/join", json={"consent": True}, headers=same_site)
        assert joined.status_code == 421
        assert store.listeners() == []


def test_two_clips_are_not_heard_at_once(study_folder: Path) -> None:
    clock = Clock()
    with serving(study_folder, load_study(study_folder), clock) as (address, _):
        browser = Browser(address, clock)
        browser.join()
        ticket = browser.state()["ticket"]

        def play(side: str, event: str) -> int:
            return browser.post("play", ticket=ticket, side=side, event=event).status_code

        assert [play(side, "start") for side in ("left", "right")] == [200, 200]
        clock.now += 0.27  # one clip sounds 0.2 seconds and a release
        assert [play(side, "end") for side in ("left", "right")] == [200, 409]
        clock.now += 0.27
        assert play("right", "end") == 200
        browser.client.close()


def test_secrets_are_their_owners_from_the_first_byte(study_folder: Path) -> None:
    study, path = load_study(study_folder), study_folder / ANSWERS_FILE

    def modes() -> set[int]:
        found = study_folder.glob(f"{ANSWERS_FILE}*")
        return {stat.S_IMODE(one.stat().st_mode) for one in found}

    before = os.umask(0o022)
    try:
        store = Store(path, study)
        store.join()
        assert len(list(study_folder.glob(f"{ANSWERS_FILE}*"))) == 3
        assert modes() == {0o600}
        assert stat.S_IMODE(study_folder.stat().st_mode) == 0o700
        path.with_name(f"{ANSWERS_FILE}-wal").chmod(0o644)  # as an earlier version left it
        other = Store(path, study)
        assert modes() == {0o600}
        other.close()
        store.close()
    finally:
        os.umask(before)


@pytest.mark.parametrize("ending", ["", "-wal"])
def test_no_database_is_opened_through_a_link(
    study_folder: Path, tmp_path: Path, ending: str
) -> None:
    outside = tmp_path / "outside"
    (study_folder / f"{ANSWERS_FILE}{ending}").symlink_to(outside)
    with pytest.raises(UserError, match="a link or no file is there"):
        Store(study_folder / ANSWERS_FILE, load_study(study_folder))
    assert not outside.exists()


def test_errors_are_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    failures = Failures(clock)
    for _ in range(1000):
        failures.note(OSError("no \x1b[31m files"))
    clock.now += INTERVAL
    failures.note(OSError("none"))
    assert capsys.readouterr().err.splitlines() == [
        r"sequence-tutor: a request failed: OSError: no \x1b[31m files",
        "sequence-tutor: a request failed: OSError: none (999 more since the last line)",
    ]
