"""JSON Schemas with which skills describe what they take and give.

They are whatever a skill says, so they are checked by compiled code: megabytes in milliseconds, where Python would hold
up everybody for seconds. Nothing they refer to is fetched.
"""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import msgspec

from pharia_kernel.errors import InvalidMetadata
from pharia_kernel.runtimes.wasm.worlds.json_bytes import MOST_LEVELS, levels
from pharia_kernel.types import JsonValue

_LONGEST_REASON = 500
"""Characters: the reason shows what is wrong, which may be nearly all of the schema."""
_NEWEST = "https://json-schema.org/draft/2020-12/schema"
_VALIDATORS = {
    "http://json-schema.org/draft-04/schema": jsonschema_rs.Draft4Validator,
    "http://json-schema.org/draft-06/schema": jsonschema_rs.Draft6Validator,
    "http://json-schema.org/draft-07/schema": jsonschema_rs.Draft7Validator,
    "https://json-schema.org/draft/2019-09/schema": jsonschema_rs.Draft201909Validator,
    _NEWEST: jsonschema_rs.Draft202012Validator,
}
_DIALECTS = {uri: validator({"$ref": uri}) for uri, validator in _VALIDATORS.items()}
"""What checks schemas of a dialect; the schemas of all five come with the library."""


def schema_of(data: bytes, name: str) -> JsonValue:
    """The schema in ``data``, which is the skill's ``name`` schema; raises :class:`InvalidMetadata`.

    A dialect nobody knows is taken for the newest.
    """
    if levels(data) > MOST_LEVELS:
        raise InvalidMetadata(f"the skill's {name} schema is nested too deeply: more than {MOST_LEVELS} levels")
    try:
        schema = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidMetadata(f"the skill's {name} schema is not JSON: {error}") from None
    try:
        _DIALECTS[_dialect(schema)].validate(schema)
    except jsonschema_rs.ValidationError as error:
        reason = error.message[:_LONGEST_REASON]
        raise InvalidMetadata(f"Invalid JSON Schema: the skill's {name} schema: {reason}") from None
    return schema


def _dialect(schema: Any) -> str:
    wanted = schema.get("$schema") if isinstance(schema, dict) else None
    uri = wanted.removesuffix("#") if isinstance(wanted, str) else _NEWEST
    return uri if uri in _DIALECTS else _NEWEST
