"""The settings of recurrent networks, as they are and as older versions wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from sequence_tutor.config.settings import Settings


class RecurrentSettings(Settings):
    """Shape of a recurrent network."""

    cell: Literal["lstm", "gru"] = Field("lstm", description="kind of recurrent cell")
    width: int = Field(100, ge=1, le=4096, description="cells in each layer (H)")
    layers: int = Field(1, ge=1, le=8, description="number of recurrent layers")
    lags: tuple[Annotated[int, Field(ge=2, le=4096)], ...] = Field(
        (), max_length=32, description="distances back at which it sees a token and may copy it"
    )
    periods: tuple[Annotated[int, Field(ge=2, le=4096)], ...] = Field(
        (), max_length=8, description="tokens of a bar, a phrase: it sees its place in each"
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="share of features dropped in pretraining")
    input_dropout: float = Field(
        0.0, ge=0, lt=1, description="share of whole input tokens dropped in pretraining"
    )

    @model_validator(mode="before")
    @classmethod
    def _with_periods(cls, given: Any) -> Any:  # whatever a user's file holds
        """Older files say `period`, one number or 0."""
        if not isinstance(given, Mapping) or "period" not in given:
            return given
        period = given["period"]
        others = {name: value for name, value in given.items() if name != "period"}
        return {**others, "periods": (period,)} if period else others

    @model_serializer(mode="wrap")
    def _one_as_before(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As older versions wrote it where there is no more than one period."""
        fields: dict[str, Any] = plain(self)
        if len(self.periods) < 2 and "periods" in fields:
            fields["period"] = next(iter(fields.pop("periods")), 0)
        return fields

    @field_validator("lags", "periods")
    @classmethod
    def _once_each(cls, given: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        if list(given) != sorted(set(given)):
            raise ValueError(f"{info.field_name} is {list(given)}, expected numbers that rise")
        return given
