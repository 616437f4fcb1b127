"""A folder goes to a hub and comes back by huggingface_hub; the hub is a server of this file."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

if find_spec("transformers") is None:
    pytest.skip("the extra hf is not installed", allow_module_level=True)

NAME = "someone/names"


class Hub(BaseHTTPRequestHandler):
    """One repository in memory: created, committed to, listed and read."""

    files: ClassVar[dict[str, bytes]] = {}
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""

    def say(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def tell(self, found: Any, status: int = 200) -> None:
        self.say(json.dumps(found).encode(), status, Content_Type="application/json")

    @property
    def address(self) -> str:
        """The endpoint, as a client asked for it."""
        return f"http://{self.headers['Host']}"

    @property
    def revision(self) -> str:
        return hashlib.sha1(repr(sorted(self.files.items())).encode()).hexdigest()

    def do_POST(self) -> None:
        given = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/repos/create"):
            self.tell({"url": f"{self.address}/{NAME}", "name": NAME, "id": NAME})
        elif "/preupload/" in self.path:
            asked = [one["path"] for one in json.loads(given)["files"]]
            modes = [
                {"path": path, "uploadMode": "regular", "shouldIgnore": False} for path in asked
            ]
            self.tell({"files": modes})
        elif "/commit/" in self.path:
            for line in given.splitlines():
                entry = json.loads(line)
                if entry["key"] == "file":
                    self.files[entry["value"]["path"]] = base64.b64decode(entry["value"]["content"])
            place = f"{self.address}/{NAME}/commit/{self.revision}"
            self.tell({"commitOid": self.revision, "commitUrl": place, "hookOutput": ""})
        else:
            self.tell({})

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/api/models/") and "/tree/" in path:
            listed = [
                {"type": "file", "path": name, "size": len(data), "oid": _etag(data)}
                for name, data in self.files.items()
            ]
            self.tell(listed)
        elif path.startswith("/api/models/"):
            files = [{"rfilename": name} for name in self.files]
            self.tell({"id": NAME, "modelId": NAME, "sha": self.revision, "siblings": files})
        else:
            name = path.partition("/resolve/")[2].partition("/")[2]
            if name not in self.files:
                self.say(b"", 404, X_Error_Code="EntryNotFound")
                return
            data = self.files[name]
            self.say(data, X_Repo_Commit=self.revision, ETag=f'"{_etag(data)}"')

    do_HEAD = do_GET  # noqa: N815  # the name that the base class calls


def _etag(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


@pytest.fixture
def hub() -> Iterator[str]:
    Hub.files.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


PUSH = """
import sys
from huggingface_hub import HfApi
api = HfApi(token="hf_none")
api.create_repo(sys.argv[1], exist_ok=True)
api.upload_folder(repo_id=sys.argv[1], folder_path=sys.argv[2])
"""
PULL = """
import sys, torch
import sequence_tutor as st
from huggingface_hub import snapshot_download
here, there = st.load_model(sys.argv[2]), st.load_model("hf:" + sys.argv[1])
tokens = torch.tensor([[0, 1, 2, 0]])
assert torch.equal(*(one.policy.sequence_log_probs(tokens) for one in (here, there)))
snapshot_download(sys.argv[1], local_dir=sys.argv[3])
"""


@pytest.mark.slow
def test_what_was_pushed_is_pulled_and_its_code_is_never_run(
    make_language_model: Callable[[str, Path], None], hub: str, tmp_path: Path
) -> None:
    folder, back, ran = tmp_path / "names", tmp_path / "back", tmp_path / "ran"
    make_language_model("gpt2", folder)
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoConfig": "own.Own", "AutoModelForCausalLM": "own.Own"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "own.py").write_text(f"open({str(ran)!r}, 'w')\n")  # as a hostile repository has it
    environment = {**os.environ, "HF_ENDPOINT": hub, "HF_HOME": str(tmp_path / "cache")}
    environment.pop("HF_HUB_OFFLINE", None)
    for source, *words in ((PUSH, NAME, str(folder)), (PULL, NAME, str(folder), str(back))):
        done = subprocess.run(
            [sys.executable, "-c", source, *words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    for path in folder.rglob("*"):
        assert (back / path.relative_to(folder)).read_bytes() == path.read_bytes()
    assert not ran.exists()
