"""The application ``componentize-py`` starts Python with, as module :data:`NAME`. The host side only copies this file.

It keeps one handler per exported function. Later those become the ones of a skill, so that nothing of this stands in
the way of a built component.
"""

from __future__ import annotations

import os
import random
import sys
from typing import Any

from pharia_skill.bindings import exports

NAME = "_pharia_placeholder"
"""The component knows this module by it."""
handlers: list[Any] = []


def _placeholder(protocol: type) -> type:
    """In the place of a skill's handler, until there is one: of the same layout, so that it can become one."""
    namespace: dict[str, Any] = dict.fromkeys(("run", "metadata"))
    return type("Handler", (protocol,), {**namespace, "__init__": lambda self: handlers.append(self)})


SkillHandler = _placeholder(exports.SkillHandler) if hasattr(exports, "SkillHandler") else None
MessageStream = _placeholder(exports.MessageStream) if hasattr(exports, "MessageStream") else None


_SEED_BYTES = 32
_seed = random.seed


def _seed_with_little(a: Any = None, version: int = 2) -> None:
    """As ``random.seed``, which without a seed asks the host ten times, for all of the generator's 2,496 bytes."""
    _seed(int.from_bytes(os.urandom(_SEED_BYTES), "little") if a is None else a, version)


if sys.platform == "wasi":
    random.seed = _seed_with_little  # the runtime calls it when an instance begins


def keep(source: str, target: str, left_out: tuple[str, ...] = ()) -> None:
    """Copy a folder that only lives as long as the compiler runs."""
    os.makedirs(target, exist_ok=True)
    for name in sorted(os.listdir(source)):
        if name in left_out:
            continue
        if os.path.isdir(f"{source}/{name}"):
            keep(f"{source}/{name}", f"{target}/{name}")
        else:
            with open(f"{source}/{name}", "rb") as reader, open(f"{target}/{name}", "wb") as writer:
                writer.write(reader.read())
