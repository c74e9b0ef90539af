"""The examples of the OpenAPI document are real requests and answers."""

from __future__ import annotations

from typing import Any

import jsonschema
import msgspec
import pytest

from pharia_kernel.api.csi.decoding import Body
from pharia_kernel.api.csi.functions import FUNCTIONS, LEGACY, STREAMS
from pharia_kernel.api.csi.openapi import answer_type, example
from pharia_kernel.api.openapi import openapi_document

CALLS = [(version, name) for version, functions in FUNCTIONS.items() for name in functions]
OPENED = [(version, name) for version, functions in STREAMS.items() for name in functions]


def checked(schema: dict[str, Any], value: Any) -> None:
    jsonschema.validate(value, {**schema, "components": openapi_document()["components"]})


@pytest.mark.parametrize(("version", "name"), [*CALLS, *OPENED])
def test_requests_are_understood_and_have_the_documented_shape(version: str, name: str) -> None:
    functions: dict[str, Any] = {**FUNCTIONS[version], **STREAMS[version]}
    content = openapi_document()["paths"][f"/csi/{version}/{name}"]["post"]["requestBody"]["content"]
    request = content["application/json"]["example"]
    assert Body(functions[name].body).decode(msgspec.json.encode(request))
    checked(content["application/json"]["schema"], request)


@pytest.mark.parametrize(("version", "name"), CALLS)
def test_answers_have_the_documented_shape(version: str, name: str) -> None:
    content = openapi_document()["paths"][f"/csi/{version}/{name}"]["post"]["responses"]["200"]["content"]
    answer = content["application/json"]["example"]
    assert answer == example(version, name).answer
    converted = msgspec.convert(answer, answer_type(version, name))
    assert msgspec.to_builtins(converted) == answer
    checked(content["application/json"]["schema"], answer)


def test_the_legacy_examples_are_understood() -> None:
    content = openapi_document()["paths"]["/csi"]["post"]["requestBody"]["content"]["application/json"]
    for shown in content["examples"].values():
        body = shown["value"]
        checked(content["schema"], body)
        assert Body(LEGACY[body["version"]][body["function"]].body).decode(msgspec.json.encode(body))


def test_both_versions_have_the_thirteen_functions() -> None:
    for version in ("v1", "v2"):
        assert len(FUNCTIONS[version]) + len(STREAMS[version]) == 13
