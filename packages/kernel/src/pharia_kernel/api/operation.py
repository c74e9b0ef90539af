"""One operation of the OpenAPI document."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
REF = "#/components/schemas/{name}"
"""Where schemas of types are found."""


def operation(name: str, tag: str, summary: str, answer: Json, **more: Any) -> Json:
    responses = {"200": answer, **more.pop("responses", {}), "default": {"$ref": "#/components/responses/Problem"}}
    return {"operationId": name, "tags": [tag], "summary": summary, **more, "responses": responses}


def json_answer(schema: Json, description: str = "The answer", **more: Any) -> Json:
    return {"description": description, "content": {"application/json": {"schema": schema, **more}}}
