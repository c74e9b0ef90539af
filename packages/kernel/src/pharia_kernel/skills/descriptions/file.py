"""A description in a file of this machine."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from pharia_kernel.skills.description import Description, parse_description
from pharia_kernel.skills.registry import DescriptionInvalid, DescriptionUnavailable

READ_SECONDS = 10.0
MOST_BYTES = 4 * 1024 * 1024


@dataclass(slots=True)
class FileDescription:
    """Read anew each time; a relative path is one below the working directory."""

    file: Path
    _reading: asyncio.Future[bytes | OSError] | None = field(default=None, init=False, repr=False)

    async def __aenter__(self) -> FileDescription:
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def read(self) -> Description:
        content = await self._content()
        if isinstance(content, OSError):
            raise DescriptionInvalid(f"Unable to read file {self.file}: {content.strerror or content}")
        try:
            if len(content) > MOST_BYTES:
                raise DescriptionInvalid(f"it has more than {MOST_BYTES:,} bytes")
            return parse_description(content.decode())
        except (DescriptionInvalid, UnicodeDecodeError) as error:
            raise DescriptionInvalid(
                f"Unable to parse file {self.file} as a namespace's description: {error}"
            ) from None

    async def _content(self) -> bytes | OSError:
        # A file system that is gone keeps one thread; later reads wait for the same one.
        if self._reading is None:
            self._reading = asyncio.get_running_loop().run_in_executor(None, _content, self.file)
        done, _ = await asyncio.wait([self._reading], timeout=READ_SECONDS)
        if not done:
            raise DescriptionUnavailable(f"file {self.file}: no answer within {READ_SECONDS:g} s")
        content, self._reading = self._reading.result(), None
        return content


def _content(file: Path) -> bytes | OSError:
    try:
        with file.open("rb") as open_file:
            return open_file.read(MOST_BYTES + 1)
    except OSError as error:
        return error
