"""The directive `heard`: the melodies that a command of the page writes, to be played.

In a page that has a line `sequence-tutor sample tunes --scale "D dorian" -n 8 --out practice`::

    ```{heard} practice
    :count: 3
    ```

The argument is what stands after `--out`. The command itself is run while the site is built, and
its first sounds become part of the site, so that a reader hears what the page says.
"""

from __future__ import annotations

import html
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from docutils import nodes
from docutils.parsers.rst import directives
from melody_example import SOUNDS
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

PROGRAM = "sequence-tutor sample "
USUAL = 2
"""Melodies that are played."""


def command_of(page: str, folder: str) -> list[str]:
    """The arguments of the command of a page that writes a folder.

    Raises:
        ValueError: there is none, or several.
    """
    lines = [line for line in page.splitlines() if line.startswith(PROGRAM)]
    found = [words for words in map(shlex.split, lines) if words[-2:] == ["--out", folder]]
    if len(found) != 1:
        raise ValueError(f"{len(found)} commands end with --out {folder}, expected one")
    return found[0][1:]


class Heard(SphinxDirective):
    """Runs a command of the page, and gives a player for each of its first melodies."""

    required_arguments = 1
    option_spec = {"count": directives.positive_int}  # noqa: RUF012 - as docutils declares it

    def run(self) -> list[nodes.Node]:
        """One figure with the players."""
        name, count = self.arguments[0], self.options.get("count", USUAL)
        page = Path(self.env.doc2path(self.env.docname)).read_text(encoding="utf-8")
        try:
            command = command_of(page, name)
        except ValueError as error:
            raise self.error(str(error)) from error
        kept = Path(self.env.app.outdir) / SOUNDS
        kept.mkdir(exist_ok=True)
        up, players = "../" * self.env.docname.count("/"), []
        with TemporaryDirectory() as folder:
            program = [sys.executable, "-m", "sequence_tutor", *command]
            done = subprocess.run(program, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode:
                raise self.error(f"{shlex.join(command)}: {done.stderr.strip()}")
            for number, sound in enumerate(sorted(Path(folder, name).glob("*.wav"))[:count], 1):
                file = f"{self.env.docname.replace('/', '-')}-{name}-{number}.wav"
                shutil.copyfile(sound, kept / file)
                label = html.escape(f"{name}, melody {number}")
                players.append(
                    f'<audio controls preload="none" src="{up}{SOUNDS}/{file}" '
                    f'aria-label="{label}"></audio>'
                )
        if not players:
            raise self.error(f"{shlex.join(command)} wrote no sound")
        said = f"What this command writes: the first {len(players)} melodies of <code>{name}</code>"
        figure = (
            f'<figure class="example"><figcaption>{said}</figcaption>{"".join(players)}</figure>'
        )
        return [nodes.raw("", figure, format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the directive known."""
    app.add_directive("heard", Heard)
    return {"parallel_read_safe": True}
