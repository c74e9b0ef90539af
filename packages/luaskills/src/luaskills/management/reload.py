"""The reload of the engine inside of a transaction."""

from __future__ import annotations

from types import TracebackType

from luaskills.engine.engine import Engine
from luaskills.errors import EngineError, ManagementError
from luaskills.management.planes import Action
from luaskills.types import SkillRoot


class Reload:
    """A context manager around the transaction: when that fails after the reload, the engine reads the old files again.

    Calling it reloads; raises ManagementError when the engine can not, it then keeps serving what it had.
    """

    def __init__(self, engine: Engine, roots: tuple[SkillRoot, ...], action: Action) -> None:
        self._engine, self._roots, self._action = engine, roots, action
        self._done = False

    def __call__(self) -> None:
        try:
            self._engine.reload_from_roots(self._roots)
        except (EngineError, OSError) as error:
            raise ManagementError(
                f"Failed to reload LuaSkills after {self._action.value}: {error}. The previous state was restored."
            ) from error
        self._done = True

    def __enter__(self) -> Reload:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or not self._done:
            return
        try:
            self._engine.reload_from_roots(self._roots)
        except (EngineError, OSError):
            self._engine.log.exception("[LuaSkill] Failed to reload after a rollback of %s", self._action.value)
