"""What can be asked for the description of a namespace."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from pharia_kernel.skills.description import Description


class DescriptionSource(Protocol):
    """An async context manager."""

    async def __aenter__(self) -> DescriptionSource: ...

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    async def read(self) -> Description:
        """What is written there now; ends within a bounded time.

        Raises :class:`~pharia_kernel.skills.registry.DescriptionUnavailable` and
        :class:`~pharia_kernel.skills.registry.DescriptionInvalid`.
        """
        ...


@dataclass(frozen=True, slots=True)
class GivenDescription:
    """One that stands in the operator's own configuration."""

    description: Description

    async def __aenter__(self) -> GivenDescription:
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def read(self) -> Description:
        return self.description
