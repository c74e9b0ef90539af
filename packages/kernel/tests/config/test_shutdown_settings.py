from __future__ import annotations

import pytest
from pydantic import ValidationError

from pharia_kernel.config.shutdown import ShutdownSettings


@pytest.mark.parametrize(("text", "seconds"), [("0", 0.0), (0, 0.0), ("0s", 0.0), ("5s", 5.0), (2.5, 2.5)])
def test_the_delay_is_a_duration_or_nothing(text: object, seconds: float) -> None:
    assert ShutdownSettings.model_validate({"delay-seconds": text}).delay_seconds == seconds


@pytest.mark.parametrize("text", ["-1s", "soon", None, True])
def test_a_delay_that_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(ValidationError, match=r"delay-seconds"):
        ShutdownSettings.model_validate({"delay-seconds": text})
