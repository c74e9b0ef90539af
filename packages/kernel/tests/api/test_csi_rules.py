"""What a schema allows the kernel takes, and what it forbids the kernel refuses."""

from __future__ import annotations

from typing import Any

import jsonschema
import msgspec
import pytest

from pharia_kernel.api.csi.chat import ChosenTool, WantedFormat
from pharia_kernel.api.csi.documents import MetadataCondition, SearchFilter
from pharia_kernel.api.csi.functions import LEGACY
from pharia_kernel.api.openapi import openapi_document
from pharia_kernel.errors import MalformedRequest

FILTERS: list[dict[str, Any]] = [{"metadata": {"field": "a", "is_null": True}}]
SCHEMA = {"name": "answer", "schema": {"type": "object"}}
TYPES: dict[str, Any] = {kind.__name__: kind for kind in (ChosenTool, WantedFormat, MetadataCondition, SearchFilter)}
GOOD: list[tuple[str, dict[str, Any]]] = [
    ("ChosenTool", {"named": "add"}),
    ("ChosenTool", {"name": "add", "named": None}),
    ("WantedFormat", {"json_schema": SCHEMA}),
    ("WantedFormat", {**SCHEMA, "json_schema": None}),
    ("MetadataCondition", {"field": "a", "is_null": True}),
    ("MetadataCondition", {"field": "a", "equal_to": False, "is_null": None}),
    ("SearchFilter", {"with": FILTERS}),
    ("SearchFilter", {"without": [], "with": None}),
]
BAD: list[tuple[str, dict[str, Any]]] = [
    ("ChosenTool", {}),
    ("ChosenTool", {"named": "add", "name": "add"}),
    ("WantedFormat", {"schema": {}}),
    ("WantedFormat", {"json_schema": SCHEMA, "name": "answer"}),
    ("MetadataCondition", {"field": "a"}),
    ("MetadataCondition", {"field": "a", "is_null": False}),
    ("MetadataCondition", {"field": "a", "after": "2025-01-01T00:00:00Z", "less_than": 1}),
    ("SearchFilter", {}),
    ("SearchFilter", {"with": FILTERS, "without": FILTERS}),
]


def validate(name: str, value: Any) -> None:
    components = openapi_document()["components"]
    jsonschema.validate(value, {**components["schemas"][name], "components": components})


@pytest.mark.parametrize(("name", "value"), GOOD, ids=str)
def test_one_of_the_members_is_enough(name: str, value: dict[str, Any]) -> None:
    validate(name, value)
    assert msgspec.convert(value, TYPES[name]).neutral()


@pytest.mark.parametrize(("name", "value"), BAD, ids=str)
def test_none_and_several_are_refused_by_both(name: str, value: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        validate(name, value)
    with pytest.raises(MalformedRequest):
        msgspec.convert(value, TYPES[name]).neutral()


def test_the_legacy_body_is_described_for_every_version_and_function() -> None:
    document = openapi_document()
    body = document["paths"]["/csi"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    named = [alternative["allOf"][0]["properties"] for alternative in body["anyOf"]]
    described = {(one["version"]["const"], one["function"]["const"]) for one in named}
    assert described == {(version, name) for version, functions in LEGACY.items() for name in functions}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(
            {"version": "0.3", "function": "chunk", "requests": [{}]}, {**body, "components": document["components"]}
        )
