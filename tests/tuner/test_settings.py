from __future__ import annotations

import pytest
from pydantic import ValidationError

from sequence_tutor.config.presets import build, merged, read_methods
from sequence_tutor.errors import UserError
from sequence_tutor.tuner.settings import ON_POLICY, TuneSettings


@pytest.mark.parametrize("algorithm", ON_POLICY)
def test_methods_that_learn_from_whole_sequences_draw_no_steps(algorithm: str) -> None:
    own = merged(read_methods()[algorithm]["tune"], {"algorithm": algorithm, "paths": "every"})
    TuneSettings(**own)
    by_step = merged(own, {"replay": {"priority": "step"}})
    with pytest.raises(ValidationError, match=r"replay.priority is 'step' but .* expected 'none'"):
        TuneSettings(**by_step)
    with pytest.raises(UserError, match=f"but {algorithm} learns from whole sequences"):
        build(TuneSettings, by_step, "mine.toml")
