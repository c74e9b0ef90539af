"""Bodies, which are known to be JSON, as values of a type."""

from __future__ import annotations

from typing import Any

import msgspec

from pharia_kernel.errors import InvalidJson, MalformedRequest


class Body:
    """Bodies of one type."""

    def __init__(self, type: Any) -> None:
        self._decoder = msgspec.json.Decoder(type)

    def decode(self, body: bytes) -> Any:
        """Raises :class:`MalformedRequest` with the place of what does not fit."""
        try:
            return self._decoder.decode(body)
        except msgspec.ValidationError as error:
            detail, _, place = str(error).partition(" - at ")
            path = place.strip("`").removeprefix("$").removeprefix(".") or "the whole body"
            raise MalformedRequest(
                f"Failed to deserialize the JSON body into the target type: {path}: {detail}"
            ) from None
        except (msgspec.DecodeError, RecursionError) as error:
            raise InvalidJson(f"Failed to parse the request body as JSON: {error}") from None
