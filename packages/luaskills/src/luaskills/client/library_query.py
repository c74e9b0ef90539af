"""Questions to a library that need no engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from luaskills.binding.json_ffi import LuaSkillsJsonFfi
from luaskills.library import PathLike


class HasFfi(Protocol):
    """A client: it has a library already."""

    ffi: LuaSkillsJsonFfi


@dataclass(frozen=True, slots=True)
class BoundQuery:
    """One question, to the library of a client or to the one that the arguments name."""

    name: str
    ffi: LuaSkillsJsonFfi | None

    def __call__(self, *, library_path: PathLike | None = None, runtime_root: PathLike | None = None) -> dict[str, Any]:
        """The answer; raises LuaSkillsError, and RuntimeError when the library can not be loaded."""
        asked = self.ffi
        if asked is None or library_path is not None or runtime_root is not None:
            asked = LuaSkillsJsonFfi(library_path, runtime_root)
        answer: dict[str, Any] = asked.call_json_no_input(f"luaskills_ffi_{self.name}_json")
        return answer


@dataclass(frozen=True, slots=True)
class LibraryQuery:
    """A method that works on the class and on its objects: an object asks its own library."""

    name: str

    def __get__(self, client: HasFfi | None, _owner: type[object]) -> BoundQuery:
        return BoundQuery(self.name, None if client is None else client.ffi)
