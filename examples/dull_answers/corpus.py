"""A made-up corpus of short dialogues, in which answers are often dull and sometimes repeat.

A dialogue has four turns: one speaker says something, the other asks about it, the first answers,
and the other replies. A dull answer is mostly followed by a dull reply. Every dialogue can be
recognised again, so what a tuned model writes is judged exactly.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Literal

from heuristics import DULL_REPLIES

DULL_ANSWERS = ("i do not know", "i do not know what you mean", "no idea", "yes", "it was ok")
DULL, REPEATS = 0.45, 0.1
"""Shares of dull answers, and of those that say the earlier turn again."""
DULL_AFTER = {"dull": 0.85, "repeats": 0.5, "specific": 0.1}
"""Share of dull replies after each kind of answer."""

Kind = Literal["dull", "repeats", "specific", "other"]


@dataclass(frozen=True)
class Topic:
    """What is said about one thing, the same `{}` in every turn.

    Attributes:
        things: one of them is talked of.
        answers: specific ones, with a choice of words in brackets; likewise `replies`.
    """

    things: tuple[str, ...]
    earlier: str
    question: str
    answers: tuple[str, ...]
    reply: str


TOPICS = (
    Topic(
        ("rome", "oslo", "lima"),
        "i just came back from {}",
        "how was {}",
        ("{} was (warm|cold|lovely) and (crowded|quiet)", "we saw the (old|new) town of {}"),
        "did you eat well in {}",
    ),
    Topic(
        ("soup", "curry", "pasta"),
        "i cooked a {} last night",
        "was the {} good",
        ("the {} was (rather|far) too (salty|hot)", "my (sister|brother) loved the {}"),
        "what was in the {}",
    ),
    Topic(
        ("museum", "bakery", "school"),
        "i have a new job at the {}",
        "what do you do at the {}",
        ("i (open|close) the {} every (morning|evening)", "i keep the (books|keys) of the {}"),
        "who runs the {}",
    ),
    Topic(
        ("violin", "piano", "cello"),
        "i play the {} again",
        "how long have you played the {}",
        ("i began the {} (two|ten) years ago", "my (mother|uncle) taught me the {} as a child"),
        "do you own a {}",
    ),
)
_CHOICE = re.compile(r"\(([^)]*)\)")


def dialogues(count: int, seed: int = 0) -> list[tuple[str, str, str, str]]:
    """So many dialogues of four turns."""
    chance = random.Random(seed)
    return [_dialogue(chance) for _ in range(count)]


def _dialogue(chance: random.Random) -> tuple[str, str, str, str]:
    topic = chance.choice(TOPICS)
    thing = chance.choice(topic.things)
    earlier, question = topic.earlier.format(thing), topic.question.format(thing)
    drawn = chance.random()
    kind: Kind = "dull" if drawn < DULL else "repeats" if drawn < DULL + REPEATS else "specific"
    if kind == "specific":
        form = chance.choice(topic.answers).format(thing)
        answer = _CHOICE.sub(lambda found: chance.choice(found[1].split("|")), form)
    else:
        answer = earlier if kind == "repeats" else chance.choice(DULL_ANSWERS)
    is_dull = chance.random() < DULL_AFTER[kind]
    return (
        earlier,
        question,
        answer,
        chance.choice(DULL_REPLIES) if is_dull else (topic.reply.format(thing)),
    )


def topic_of(line: str) -> str | None:
    """The earlier turn and the question, where a line has those of one dialogue."""
    turns = line.split(" / ")
    for topic in TOPICS:
        for thing in topic.things:
            if turns[:2] == [topic.earlier.format(thing), topic.question.format(thing)]:
                return thing
    return None


def kind_of(line: str) -> Kind:
    """The kind of answer in a line `earlier / question / answer`; `other`: no dialogue of these."""
    turns, thing = line.split(" / "), topic_of(line)
    if len(turns) != 3 or thing is None:
        return "other"
    if turns[2] in DULL_ANSWERS:
        return "dull"
    if turns[2] == turns[0]:
        return "repeats"
    (topic,) = (topic for topic in TOPICS if thing in topic.things)
    fits = any(re.fullmatch(form.format(thing), turns[2]) for form in topic.answers)
    return "specific" if fits else "other"
