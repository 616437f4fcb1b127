"""What is no model is refused where one is expected, with how a model is loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sequence_tutor as st
from sequence_tutor.verbs.benchmark import moses


@pytest.mark.parametrize("given", ["runs/psi", Path("runs/psi"), None])
@pytest.mark.parametrize(
    "asked",
    [
        lambda given: st.evaluate([given], samples=10),
        lambda given: st.sample(given, 2),
        st.prior_of,
        lambda given: st.fill(given, 2),
        lambda given: st.design(given, st.Near("CCO"), 2),
        lambda given: moses(given, "molecules.smi"),
    ],
    ids=["evaluate", "sample", "prior_of", "fill", "design", "moses"],
)
def test_a_folder_is_no_model(asked: Callable[[Any], object], given: object) -> None:
    with pytest.raises(st.UserError, match=r"^a model is .*, expected what .*load_model gives for"):
        asked(given)


def test_models_are_a_list() -> None:
    for given in ("melody", st.load_model("melody")):
        with pytest.raises(st.UserError, match=r"^models is .*, expected a list of models"):
            st.evaluate(given, samples=10)  # type: ignore[arg-type]
