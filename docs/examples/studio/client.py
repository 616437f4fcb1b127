"""Bars of a tune written anew by a studio: python client.py mine.mid "1-2, 7-8" candidates.

`sequence-tutor studio` must run; STUDIO in the environment names another address than its usual
one. Nothing but Python is needed.
"""

import base64
import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

STUDIO = os.environ.get("STUDIO", "http://127.0.0.1:8000").rstrip("/")


def ask(call: str, **message: Any) -> bytes:
    """Ask the studio; what it refuses raises urllib.error.HTTPError with its sentence."""
    body = json.dumps(message).encode()
    request = Request(f"{STUDIO}/v1/{call}", body, {"Content-Type": "application/json"})
    with urlopen(request) as reply:
        return bytes(reply.read())


def main(file: Path, keep: str, out: Path) -> None:
    """Keep some bars, write the others, and save the candidates, the best first."""
    content = base64.b64encode(file.read_bytes()).decode()
    tune = json.loads(ask("read", name=file.name, content=content))
    print(*tune["remarks"], sep="\n")
    heard = {name: tune["heard"][name] for name in ("transpose", "upbeat", "meter", "tempo")}
    wishes = {"from": {"tokens": tune["tokens"]}, "keep": keep, "weights": {"key": 2.0}}
    found = json.loads(ask("generate", count=8, seed=1, **wishes, **heard))
    out.mkdir(parents=True, exist_ok=True)
    for one in found["candidates"]:
        midi = ask("render", tokens=[one["tokens"]], kind="midi", **heard)
        (out / f"candidate-{one['rank']}.mid").write_bytes(midi)
        print(f"candidate {one['rank']}: {one['reward']:.2f}, {one['properties']['notes']} notes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
