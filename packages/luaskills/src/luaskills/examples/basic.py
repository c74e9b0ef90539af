"""Ask an engine for its version."""

from __future__ import annotations

from luaskills import LuaSkillsClient
from luaskills.examples.runtime_root import runtime_root


def main() -> None:
    """Print the version."""
    print(LuaSkillsClient.version(runtime_root=runtime_root()))


if __name__ == "__main__":
    main()
