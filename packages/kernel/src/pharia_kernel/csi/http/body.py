"""Request bodies: JSON without the members that were not given."""

from __future__ import annotations

from typing import Any

import msgspec

from pharia_kernel.errors import InvalidCsiRequest

Body = dict[str, Any]


def given(body: Body, **members: Any) -> None:
    for name, value in members.items():
        if value is not None:
            body[name] = value


def encoded(body: Body) -> bytes:
    """Raises :class:`InvalidCsiRequest` for values that are not JSON."""
    try:
        return msgspec.json.encode(body)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidCsiRequest(f"the request can not be written as JSON: {error}") from None
