"""The directive `recipe`: commands of `sample`, and what they write, to see and hear.

In a page::

    ```{recipe}
    sequence-tutor sample tunes --from song.abc --vary 0.3 -n 8 --out verse
    ```

The commands are shown as they stand. While the site is built each is called, with fewer candidates,
in a folder in which the tune of the examples is the user's own, and the candidate that it ranks
first can be played.
"""

from __future__ import annotations

import contextlib
import html
import io
import json
import shlex
import shutil
import tempfile
from pathlib import Path

from docutils import nodes
from melody_example import SOUNDS, drawn
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from sequence_tutor.cli import main
from sequence_tutor.melody.writing.rolls import draw_roll, shown_pitches

EXAMPLES, TUNE = Path(__file__).parents[1] / "examples", "song.abc"
OWN = ("song.abc", "chorus.abc")
"""What the pages call it."""

FEW = 4
"""Candidates of each command."""


def few(command: str) -> list[str]:
    """The arguments of a command with few candidates.

    Raises:
        ValueError: it is no `sequence-tutor sample` with -n and --out.
    """
    program, *arguments = shlex.split(command)
    if program != "sequence-tutor" or arguments[:1] != ["sample"]:
        raise ValueError(f"{command!r}: expected sequence-tutor sample")
    if "-n" not in arguments or "--out" not in arguments:
        raise ValueError(f"{command!r}: expected -n and --out")
    arguments[arguments.index("-n") + 1] = str(FEW)
    if "--best" in arguments:
        arguments[arguments.index("--best") + 1] = "1"
    return [*arguments, "--seed", "0", "--threads", "1", "--quiet"]


def first_written(command: str, sound: Path) -> list[int]:
    """Call a command, keep the sound of the candidate ranked first, and return its tokens.

    Raises:
        ValueError: the command is refused.
    """
    arguments, said = few(command), io.StringIO()
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        shutil.copytree(EXAMPLES, "docs/examples")
        for name in OWN:
            shutil.copy(EXAMPLES / TUNE, name)
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            status = main(arguments)
        if status != 0:
            raise ValueError(f"{command!r}: {said.getvalue()}")
        written = Path(arguments[arguments.index("--out") + 1])
        shutil.copy(written / "melody-0001.wav", sound)
        lines = (written / "candidates.jsonl").read_text(encoding="utf-8").splitlines()
        tokens: list[int] = json.loads(lines[0])["tokens"]
        return tokens


class Recipe(SphinxDirective):
    """Shows commands, calls them, and plays what came."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """The commands, then a figure for each."""
        text = "\n".join(self.content)
        try:
            figures = [self._figure(line) for line in self.content if line.strip()]
        except ValueError as error:
            raise self.error(str(error)) from error
        block = nodes.literal_block(text, text, language="none")
        return [block, *(nodes.raw("", figure, format="html") for figure in figures)]

    def _figure(self, command: str) -> str:
        number = self.env.new_serialno("recipe")
        name = f"{self.env.docname.replace('/', '-')}-recipe-{number}.wav"
        folder = Path(self.env.app.outdir) / SOUNDS
        folder.mkdir(exist_ok=True)
        tokens = first_written(command, folder / name)
        out = shlex.split(command)[-1]
        label = f"{out}: one that it wrote while this page was built"
        return _FIGURE.format(
            label=html.escape(label),
            svg=drawn(label, draw_roll(tokens, {}, shown_pitches([tokens]), 1.0)),
            sound=f"{'../' * self.env.docname.count('/')}{SOUNDS}/{name}",
        )


_FIGURE = """\
<figure class="example">
<figcaption>{label}</figcaption>
<div class="roll">{svg}</div>
<audio controls preload="none" src="{sound}" aria-label="{label}"></audio>
</figure>
"""


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the directive known."""
    app.add_directive("recipe", Recipe)
    return {"parallel_read_safe": False}  # it changes the folder of the process
