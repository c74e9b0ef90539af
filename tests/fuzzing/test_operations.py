"""Every operation of the OpenAPI document, asked what the document allows and what it forbids."""

from __future__ import annotations

import math
from typing import Any

import pytest
import schemathesis
from schemathesis import Case, CheckContext, CheckFunction, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from pharia_kernel.api.openapi import openapi_document

from .conftest import Served
from .kernel import SKILLS

schema = schemathesis.openapi.from_dict(openapi_document())
schemathesis.serializer.alias("application/pdf", "application/octet-stream")
schema.config.generation.update(max_examples=6, deterministic=True, database="none")

_SHAPE = {"malformed-request", "invalid-json", "unsupported-media-type", "payload-too-large"}
"""Codes for what can be told from the document alone; other requests are refused for reasons only a kernel knows."""


def code_of(response: Response) -> str | None:
    """Of a problem document; the legacy route has none."""
    body = response.json() if response.headers["content-type"] == ["application/problem+json"] else None
    return str(body["code"]) if body else None


def no_mistake_of_the_kernel(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    assert response.status_code != 500 or code_of(response) in ("skill-trapped", "skill-invalid-output")


def valid_requests_are_understood(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    beyond_schemas = _has_whole_float(case.body) or "Invalid base64" in response.text
    assert code_of(response) not in _SHAPE or beyond_schemas, response.text


def _has_whole_float(value: Any) -> bool:
    """To JSON Schema 1.0 is an integer, to the kernel it is not."""
    if isinstance(value, float):
        return math.isfinite(value) and value.is_integer()
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_has_whole_float(child) for child in children)


_OWN: list[CheckFunction] = [no_mistake_of_the_kernel, valid_requests_are_understood]
_REPLACED: list[CheckFunction] = [not_a_server_error, positive_data_acceptance]


def check(case: Case[Any], kernel: Served) -> Response:
    response = case.call(base_url=kernel.url)
    # Any text is good for a body that is text, also the JSON of what should not have been sent.
    text = [] if case.media_type in (None, "application/json") else [negative_data_rejection]
    case.validate_response(response, additional_checks=_OWN, excluded_checks=[*_REPLACED, *text])
    return response


@schema.parametrize()
def test_an_operation_keeps_to_its_description(case: Case[Any], kernel: Served) -> None:
    check(case, kernel)


calls = schema.include(path_regex="/(run|message-stream)$")


@pytest.mark.parametrize("name", SKILLS)
@calls.parametrize()
def test_a_skill_takes_whatever_is_json(case: Case[Any], kernel: Served, name: str) -> None:
    case.path_parameters = {"namespace": "dev", "name": name}
    check(case, kernel)


def test_the_kernel_made_no_mistake(kernel: Served) -> None:
    assert kernel.mistakes == []
