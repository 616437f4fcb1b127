"""What is computed for a request, wherever it is: each call with the model that it means."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sequence_tutor.evaluation.model import Model
from sequence_tutor.studio.desks import desk_of
from sequence_tutor.studio.messages import Account, Generate, Read, Render
from sequence_tutor.studio.rendering import File
from sequence_tutor.studio.shelf import Listed
from sequence_tutor.studio.wishes import Prices, RowsByModel

Asked = Account | Generate | Read | Render | None


@dataclass(frozen=True)
class Order:
    """A request that was checked; it can be sent to another process.

    Attributes:
        listed: the model that is meant.
        asked: what is asked for; None: the rows that may be aimed at.
    """

    listed: Listed
    asked: Asked


class Answers:
    """Answers orders one after the other, or several at once in threads.

    Args:
        model: reads a model, or has it in memory.
    """

    def __init__(self, model: Callable[[Listed], Model]) -> None:
        self._model, self._rows, self._prices = model, RowsByModel(), Prices()

    def __call__(self, order: Order) -> dict[str, Any] | File:
        """The answer.

        Raises:
            UserError: what is asked for cannot be used.
        """
        begun = time.perf_counter()
        listed, asked = order.listed, order.asked
        model, desk = self._model(listed), desk_of(listed.domain)
        if asked is None:
            return {"model": listed.id, "rows": self._rows.of(listed.id, model)}
        if isinstance(asked, Generate):
            found = desk.generate(model, asked, self._prices)
            seconds = round(time.perf_counter() - begun, 4)
            return {"seed": asked.seed, "model": listed.id, **found, "seconds": seconds}
        if isinstance(asked, Account):
            return desk.account(model, asked, self._prices)
        return desk.read(model, asked) if isinstance(asked, Read) else desk.render(model, asked)
