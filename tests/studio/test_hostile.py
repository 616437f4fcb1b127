"""Requests that mean harm, or are broken: refused in a sentence, and the studio goes on."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path

import httpx
import pytest

from sequence_tutor.studio.messages import LARGEST_BODY, LARGEST_FILE, LARGEST_READING

from .conftest import Client

JSON = {"content-type": "application/json"}
POSTS = ("generate", "account", "read", "render", "jobs")


def content(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    "path", ["/", "/v1/info", "/v1/jobs", "/v1/openapi.json", "/page/index.html"]
)
def test_every_reply_is_strict_about_what_a_page_may_do(client: Client, path: str) -> None:
    headers = client.http.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "media-src 'self' blob:" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1", "a b"])
def test_other_host_names_are_refused(client: Client, host: str) -> None:
    reply = client.http.get("/v1/info", headers={"host": host})
    assert reply.status_code in (400, 421)


def test_pages_of_other_sites_are_refused(client: Client) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        reply = client.http.post("/v1/jobs", content=b"{}", headers={**JSON, "origin": origin})
        assert reply.status_code == 403, origin
        assert client.http.get("/v1/info", headers={"origin": origin}).status_code == 403
    own = str(client.http.base_url).rstrip("/")
    assert client.http.get("/v1/info", headers={"origin": own}).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_forms_that_other_sites_may_send_are_refused(client: Client, kind: str) -> None:
    for path in POSTS:
        reply = client.http.post(f"/v1/{path}", content=b"{}", headers={"content-type": kind})
        assert reply.status_code == 415, path


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[]", 400),
        (b"null", 400),
        (b"1", 400),
        (b"[" * 100_000, 400),
        (b'{"a":' * 30_000 + b"1" + b"}" * 30_000, 400),
        (b'{"seed": ' + b"9" * 5_000 + b"}", 400),
        (b'{"seed": 1e400}', 422),
        (b'{"seed": NaN}', 400),
        (b'{"tempo": Infinity}', 400),
        (b'{"seed": 99999999999999999999}', 422),
        (b'{"seed": -1}', 422),
        (b'{"seed": true}', 422),
        (b'{"seed": "1"}', 422),
        (b'{"count": 17}', 422),
        (b'{"count": 0}', 422),
        (b'{"bars": 17}', 422),
        (b'{"strength": 2.5}', 422),
        (b'{"variety": 0}', 422),
        (b'{"tempo": 1e300}', 422),
        (b'{"weights": {"key": 1e9}}', 422),
        (b'{"weights": {"__class__": 1}}', 422),
        (b'{"weights": []}', 422),
        (b'{"aims": "x"}', 422),
        (b'{"from": []}', 422),
        (b'{"from": {"tokens": []}}', 422),
        (b'{"from": {"tokens": [1.5]}}', 422),
        (b'{"from": {"tokens": [-1]}, "keep": "1"}', 422),
        (b'{"from": {"tokens": [14], "path": "/etc/passwd"}, "keep": "1"}', 422),
        (b'{"source": {"tokens": [14]}, "keep": "1"}', 422),
        (b'{"model": "../../etc/passwd"}', 422),
        (b'{"model": "/etc"}', 422),
        (b'{"domain": "toy"}', 422),
        (b'{"chords": "file"}', 422),
        (b'{"keep": "1-99999999999"}', 422),
        (b'{"range": "C99999999..C4"}', 422),
        (b'{"key": "\\u0000"}', 422),
        (b'{"meter": "4/0"}', 422),
        (b'{"upbeat": 200}', 422),
        (b'{"transpose": 200}', 422),
    ],
)
def test_no_message_is_believed(client: Client, body: bytes, status: int) -> None:
    reply = client.http.post("/v1/generate", content=body, headers=JSON)
    assert reply.status_code == status, reply.text
    assert set(reply.json()) == {"error"}
    assert "\n" not in reply.json()["error"]
    assert len(reply.json()["error"]) < 1_000


def test_too_much_is_refused_before_it_is_read(client: Client) -> None:
    for path in POSTS:
        most = LARGEST_READING if path == "read" else LARGEST_BODY
        reply = client.http.post(f"/v1/{path}", content=b" " * (most + 1), headers=JSON)
        assert reply.status_code == 413, path
    tokens = {"tokens": [[14] * 513], "kind": "midi"}
    assert "at most 512" in client.refused("/v1/render", **tokens)
    several = {"tokens": [[14]] * 17, "kind": "midi"}
    assert "at most 16" in client.refused("/v1/render", **several)


def test_a_file_beyond_the_limit_is_refused(client: Client) -> None:
    large = content(b"\0" * (LARGEST_FILE + 1))
    assert "larger than 4 MiB" in client.refused("/v1/read", name="a.mid", content=large)


def test_bombs_do_not_go_off(client: Client) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        container = '<container><rootfiles><rootfile full-path="a.xml"/></rootfiles></container>'
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("a.xml", b" " * (80 * 2**20))
    bomb = content(packed.getvalue())
    for name in ("bomb.mxl", "bomb.zip", "bomb.mid", "bomb.tar.gz", "bomb.jsonl.gz"):
        sentence = client.refused("/v1/read", name=name, content=bomb)
        assert sentence.startswith(name)
    laughs = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    xml = f'<!DOCTYPE x [<!ENTITY a0 "ha">{laughs}]><score-partwise>&a9;</score-partwise>'
    client.refused("/v1/read", name="laughs.xml", content=content(xml.encode()))


@pytest.mark.parametrize(
    "name",
    ["../../../etc/passwd", "/etc/passwd", "..", "", "a.mid/../../b.abc", "C:\\x\\y.mid", "\0.mid"],
)
def test_names_are_only_names(client: Client, name: str) -> None:
    sentence = client.refused("/v1/read", name=name, content=content(b"root:x:0:0"))
    assert "/" not in sentence.partition(": ")[0]
    assert "\0" not in sentence


def test_paths_of_the_page_are_those_of_its_files(client: Client) -> None:
    for path in ("/page/__init__.py", "/page/../service.py", "/page/%2e%2e/service.py", "/page/"):
        assert client.http.get(path).status_code == 404, path
    for path in ("/v1/jobs/..%2f..%2fx/stop", "/v1/jobs/tuned-1/stop", "/v1/jobs/%00/resume"):
        assert client.http.post(path, json={}).status_code == 404, path
    for path in (
        "/v1/jobs/..%2f..%2fx",
        "/v1/jobs/tuned-1",
        "/v1/jobs/%00",
        "/v1/jobs/..",
        "/v1/jobs/*",
    ):
        assert client.http.delete(path, params={"run": "true"}).status_code in (404, 405), path
    evil = {"origin": "https://evil.example"}
    assert client.http.delete("/v1/jobs/tuned-1", headers=evil).status_code == 403
    assert client.http.post("/v1/info", json={}).status_code == 405
    assert client.http.delete("/v1/jobs").status_code == 405


def test_what_was_not_wished_for_is_not_tuned(client: Client) -> None:
    for message in (
        {},
        {"aims": ["last_note_is_tonic >= 90 %"], "steps": 10**9},
        {"aims": ["last_note_is_tonic >= 90 %"], "name": "x" * 61},
        {"aims": ["--out=/tmp/x >= 90 %"]},
        {"aims": ["no_such_row >= 90 %"]},
        {"aims": ["last_note_is_tonic >= 190 %"]},
        {"weights": {"keey": 1.0}},
        {"weights": {"key": 0.0}},
    ):
        client.refused("/v1/jobs", **message)
    assert client.get("/v1/jobs") == {"jobs": []}


def test_a_client_that_goes_away_harms_nobody(client: Client, address: str) -> None:
    for _ in range(3):
        with (
            httpx.Client(base_url=address, timeout=0.02) as hasty,
            pytest.raises(httpx.TimeoutException),
        ):
            hasty.post("/v1/generate", json={"bars": 4})
    assert client.post("/v1/generate", bars=1, count=1)["candidates"]


def test_nothing_is_left_in_the_folder_of_temporary_files(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    line = json.dumps({"tokens": [14, 1]}).encode()
    client.post("/v1/read", name="a.jsonl", content=content(line))
    client.refused("/v1/read", name="a.jsonl", content=content(b"{"))
    assert list(tmp_path.iterdir()) == []
