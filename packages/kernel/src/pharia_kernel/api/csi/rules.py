"""What bodies must keep to beside the types of their members, in the words of JSON Schema.

The types check it themselves, after they have taken the body.
"""

from __future__ import annotations

from collections.abc import Iterable

from pharia_kernel.api.csi.documents import MetadataCondition, SearchFilter
from pharia_kernel.api.operation import Json


def _one_of(members: Iterable[str]) -> Json:
    """Exactly one is there; null is as good as not there."""
    there: Json = {"not": {"type": "null"}}
    return {"oneOf": [{"required": [name], "properties": {name: there}} for name in members]}


_FIELD, *_CONDITIONS = MetadataCondition.__struct_encode_fields__

RULES: dict[str, Json] = {
    "SearchFilter": _one_of(SearchFilter.__struct_encode_fields__),
    "MetadataCondition": {
        **_one_of(_CONDITIONS),
        "not": {"properties": {"is_null": {"const": False}}, "required": ["is_null"]},
    },
    "ChosenTool": _one_of(("named", "name")),
    "WantedFormat": _one_of(("json_schema", "name")),
}
"""By the name of the schema."""
