"""The state a component begins with: that of the interpreter when the skill has been imported."""

from __future__ import annotations

import gc
import sys

from pharia_skill.csi.csi import Csi

_YOUNG_OBJECTS = 20_000


def settle(csi: Csi) -> None:
    """Called when the skill's handler is made, which is the last that happens before the state is written down.

    What exists by then stays out of later collections, so that its memory stays shared between instances; and those
    begin later than usual, as most calls end with far fewer objects.
    """
    if sys.platform == "wasi":
        from pharia_skill.wit_csi.rehearsal import rehearse

        rehearse(csi)
        gc.collect()
        gc.freeze()
        gc.set_threshold(_YOUNG_OBJECTS, 10, 10)
