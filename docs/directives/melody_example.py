"""The directive `melody`: a short melody that one can see and hear, and what a rule pays it.

In a page::

    ```{melody} leap
    resolved: C4 - - - C5 - - - A4 - - - C4 - - -
    ```

The argument names rules of the melody reward; each line is a label and a melody, a word for each
sixteenth: a note such as F#4, `-` to hold it, `.` to rest. Everything shown is computed from the
package while the site is built, with the rules' published constants and unweighted.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from sequence_tutor.melody.encoding import HOLD, NOTE_OFF, VOCAB_SIZE
from sequence_tutor.melody.reward import MelodyReward
from sequence_tutor.melody.writing.audio import synthesise, write_wav
from sequence_tutor.melody.writing.pictures import token_name
from sequence_tutor.melody.writing.rolls import Roll, draw_roll, shown_pitches
from sequence_tutor.sequences import SequenceBatch

SOUNDS = "_melodies"
"""Folder of the built site that the sounds are in."""

SAMPLE_RATE = 22050
SCALE = 1.5
"""Pixels of a unit of the drawing, where the page is wide enough."""

HEADROOM = 6
"""Units above the highest pitch, for its name."""

_TOKENS = {
    "-": HOLD,
    ".": NOTE_OFF,
    **{token_name(token).replace("♯", "#"): token for token in range(2, VOCAB_SIZE)},
}


def read_melody(words: str) -> list[int]:
    """The tokens of a melody in words.

    Raises:
        ValueError: a word is no note, hold or rest.
    """
    unknown = [word for word in words.split() if word not in _TOKENS]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no note from C3 to B5, expected such as F#4, - or .")
    return [_TOKENS[word] for word in words.split()]


def pay(tokens: Sequence[int], rules: Sequence[str]) -> dict[str, list[float]]:
    """What each rule pays at each step, unweighted.

    Raises:
        ValueError: there is no such rule.
    """
    reward = MelodyReward()
    unknown = [rule for rule in rules if rule not in reward.names]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no rule, expected one of {', '.join(reward.names)}")
    paid = reward(SequenceBatch.from_lists([tokens]))[0]  # (T, R)
    return {rule: paid[:, reward.names.index(rule)].tolist() for rule in rules}


class MelodyExample(SphinxDirective):
    """Draws melodies with what rules pay them, and a player each."""

    has_content = True
    required_arguments = 1
    optional_arguments = 8

    def run(self) -> list[nodes.Node]:
        """One figure a line of the content."""
        try:
            melodies = [self._read(line) for line in self.content if line.strip()]
            pitches = shown_pitches([tokens for _, tokens in melodies])
            paid = [pay(tokens, self.arguments) for _, tokens in melodies]
            largest = max(abs(one) for rules in paid for row in rules.values() for one in row)
            figures = [
                self._figure(label, tokens, rules, draw_roll(tokens, rules, pitches, largest or 1))
                for (label, tokens), rules in zip(melodies, paid, strict=True)
            ]
        except ValueError as error:
            raise self.error(str(error)) from error
        return [nodes.raw("", figure, format="html") for figure in figures]

    def _read(self, line: str) -> tuple[str, list[int]]:
        label, colon, words = line.partition(":")
        if not colon:
            raise ValueError(f"{line!r} has no label, expected `label: notes`")
        return label.strip(), read_melody(words)

    def _figure(
        self,
        label: str,
        tokens: Sequence[int],
        paid: Mapping[str, Sequence[float]],
        roll: Roll,
    ) -> str:
        name = f"{self.env.docname.replace('/', '-')}-{self.env.new_serialno('melody')}.wav"
        folder = Path(self.env.app.outdir) / SOUNDS
        folder.mkdir(exist_ok=True)
        sound = synthesise(tokens, tempo=100, sample_rate=SAMPLE_RATE)
        write_wav(folder / name, sound, SAMPLE_RATE)
        up = "../" * self.env.docname.count("/")
        return _FIGURE.format(
            label=html.escape(label),
            total=_number(sum(map(sum, paid.values()))),
            svg=drawn(label, roll),
            sound=f"{up}{SOUNDS}/{name}",
            steps=html.escape(_in_words(paid)),
        )


_FIGURE = """\
<figure class="example">
<figcaption>{label} <span class="pays">{total}</span></figcaption>
<div class="roll">{svg}</div>
<audio controls preload="none" src="{sound}" aria-label="{label}"></audio>
<details><summary>What each step is paid</summary><p>{steps}</p></details>
</figure>
"""


def drawn(label: str, roll: Roll) -> str:
    """A piano roll with a row for each rule: bars upwards are earned, downwards lost."""
    title = html.escape(f"{label}: {roll.words}")
    parts = [
        f'<svg viewBox="0 {-HEADROOM} {roll.width:g} {roll.height + HEADROOM:g}" '
        f'width="{SCALE * roll.width:g}" role="img" aria-label="{title}">'
    ]
    parts += [_box("dark", place) for place in roll.dark_keys]
    parts += [
        f'<line class="{"bar" if bar else "beat"}" x1="{x:g}" y1="0" x2="{x:g}" '
        f'y2="{roll.height:g}"/>'
        for x, bar in roll.beats
    ]
    parts += [
        f'<text x="{roll.left - 6:g}" y="{y + 4:g}" text-anchor="end">{name}</text>'
        for y, name in roll.keys
    ]
    parts += [_box("note", place, name) for place, name in roll.notes]
    for row in roll.rules:
        end = roll.left + roll.inner_width
        parts.append(
            f'<line class="base" x1="{roll.left:g}" y1="{row.baseline:g}" x2="{end:g}" '
            f'y2="{row.baseline:g}"/><text x="{roll.left - 6:g}" y="{row.baseline + 4:g}" '
            f'text-anchor="end">{row.rule}</text><text x="{roll.width:g}" '
            f'y="{row.baseline + 4:g}" text-anchor="end">{_number(row.total)}</text>'
        )
        parts += [
            _box("earned" if payment.earned else "lost", payment.place, payment.text)
            for payment in row.payments
        ]
    return "".join([*parts, "</svg>"])


def _box(kind: str, place: tuple[float, float, float, float], title: str = "") -> str:
    x, y, width, height = place
    inside = f"<title>{html.escape(title)}</title>" if title else ""
    return (
        f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}">'
        f"{inside}</rect>"
    )


def _in_words(paid: Mapping[str, Sequence[float]]) -> str:
    """The steps that pay, counted from 1, as a sentence a rule."""
    sentences = []
    for rule, rewards in paid.items():
        steps = [f"{t}: {_number(reward)}" for t, reward in enumerate(rewards, 1) if reward]
        sentences.append(f"{rule.replace('_', ' ')}: " + (", ".join(steps) or "nothing"))
    return "; ".join(sentences)


def _number(value: float) -> str:
    """With its sign, to a hundredth; a real minus sign."""
    return f"{value:+.2f}".rstrip("0").rstrip(".").replace("-", "\N{MINUS SIGN}") if value else "0"


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the directive known."""
    app.add_directive("melody", MelodyExample)
    return {"parallel_read_safe": True}
