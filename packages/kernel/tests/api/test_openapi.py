from __future__ import annotations

from typing import Any, cast

from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.routing import Route

from pharia_kernel.api.app import create_app
from pharia_kernel.api.openapi import openapi_document
from pharia_kernel.api.service import Service
from pharia_kernel.config import Settings


def test_the_document_is_openapi_3_1() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(cast(Any, openapi_document())).iter_errors()] == []


def test_the_document_has_exactly_the_routes_of_the_application() -> None:
    routes = create_app(cast(Service, None), Settings()).routes
    served = {
        (route.path.replace(":path}", "}"), method.lower())
        for route in routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    documented = {(path, method) for path, item in openapi_document()["paths"].items() for method in item}
    assert documented == served
    assert len(served) == len(routes)


def test_operations_have_the_names_clients_are_generated_from() -> None:
    names = {operation["operationId"] for item in openapi_document()["paths"].values() for operation in item.values()}
    assert {"skills", "run_skill", "message_stream_skill", "skill_metadata", "get_skill_wit"} <= names
