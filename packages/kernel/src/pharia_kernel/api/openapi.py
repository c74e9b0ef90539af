"""The OpenAPI 3.1 document, from one table of operations and the types that go over the wire."""

from __future__ import annotations

from importlib.metadata import version

import msgspec

from pharia_kernel.api.csi.openapi import TAG as CSI_TAG
from pharia_kernel.api.csi.openapi import csi_document
from pharia_kernel.api.documents.openapi import TAG as DOCUMENTS_TAG
from pharia_kernel.api.documents.openapi import documents_document
from pharia_kernel.api.event_schema import event_stream
from pharia_kernel.api.message_events import MESSAGE_EVENT, MESSAGE_SCHEMAS
from pharia_kernel.api.namespaces import namespaces_document
from pharia_kernel.api.operation import REF as _REF
from pharia_kernel.api.operation import Json
from pharia_kernel.api.operation import json_answer as _json
from pharia_kernel.api.operation import operation as _operation
from pharia_kernel.api.problem import MEDIA_TYPE, Problem
from pharia_kernel.api.usage import usage_document
from pharia_kernel.types import SkillMetadata

_SKILL = ["namespace", "name"]
_EVENTS = """event: message
data: {"type":"begin"}

event: message
data: {"type":"append","text":"Hello"}

event: message
data: {"type":"end","payload":null}

"""


def openapi_document() -> Json:
    _, schemas = msgspec.json.schema_components((SkillMetadata, Problem), ref_template=_REF)
    csi_paths, csi_schemas = csi_document(_REF)
    document_paths, document_schemas = documents_document(_REF)
    usage_paths, usage_schemas = usage_document(_REF)
    namespace_paths, namespace_schemas = namespaces_document(_REF)
    metadata = schemas["SkillMetadata"]
    metadata["required"] = list(metadata["properties"])  # they have defaults, and are always written
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "PhariaKernel",
            "version": version("pharia-kernel"),
            "description": "Runs AI skills, each call in its own sandbox.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "skills", "description": "Call skills and see what there is."},
            CSI_TAG,
            DOCUMENTS_TAG,
            {"name": "tools", "description": "What skills of a namespace can call."},
            {"name": "operation", "description": "Watch and operate the kernel."},
            {"name": "docs", "description": "Descriptions of the interfaces."},
        ],
        "security": [{}, {"api_token": []}],
        "paths": {**_paths(), **csi_paths, **document_paths, **namespace_paths, **usage_paths},
        "components": {
            "schemas": {
                **schemas,
                **MESSAGE_SCHEMAS,
                **csi_schemas,
                **document_schemas,
                **namespace_schemas,
                **usage_schemas,
                "Namespace": _NAMESPACE,
            },
            "securitySchemes": {"api_token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "parameters": _PARAMETERS,
            "responses": {"Problem": _PROBLEM},
        },
    }


def _paths() -> Json:
    return {
        "/v1/skills": {"get": _LIST_SKILLS},
        "/v1/skills/{namespace}/{name}/run": {"post": _RUN},
        "/v1/skills/{namespace}/{name}/message-stream": {"post": _MESSAGE_STREAM},
        "/v1/skills/{namespace}/{name}/metadata": {"get": _METADATA},
        "/cached_skills": {"get": _LIST_CACHED},
        "/cached_skills/{namespace}/{name}": {"delete": _EVICT},
        "/health": {"get": _text("health", "operation", "Whether the process runs", "ok")},
        "/livez": {"get": _text("livez", "operation", "Whether the process runs", "ok")},
        "/readyz": {"get": _READY},
        "/skill.wit": {"get": _text("get_skill_wit", "docs", "WIT world that skills are built against", None)},
        "/openapi.json": {"get": _operation("get_openapi", "docs", "This document", _json({"type": "object"}))},
        "/api-docs": {"get": _html("api_docs", "This document for people")},
        "/": {"get": _html("landing_page", "Where to go from here")},
    }


def _text(name: str, tag: str, summary: str, example: str | None) -> Json:
    content: Json = {"schema": {"type": "string"}} | ({"example": example} if example else {})
    return _operation(name, tag, summary, {"description": "The text", "content": {"text/plain": content}}, security=[])


def _html(name: str, summary: str) -> Json:
    page = {"description": "The page", "content": {"text/html": {"schema": {"type": "string"}}}}
    return _operation(name, "docs", summary, page, security=[])


def _skill_parameters() -> list[Json]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in _SKILL]


_NAMESPACE = {
    "type": "string",
    "minLength": 1,
    "maxLength": 64,
    "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$",
    "description": "A named group of skills.",
}
_PARAMETERS = {
    "namespace": {
        "name": "namespace",
        "in": "path",
        "required": True,
        "schema": {"$ref": "#/components/schemas/Namespace"},
        "example": "test-beta",
    },
    "name": {
        "name": "name",
        "in": "path",
        "required": True,
        "schema": {"type": "string"},
        "description": "Name of the skill in its namespace.",
        "example": "hello",
    },
}
_PROBLEM = {
    "description": "What went wrong; `text/plain` gives the detail alone.",
    "headers": {"Retry-After": {"description": "Seconds to wait before the next try.", "schema": {"type": "integer"}}},
    "content": {
        MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}},
        "text/plain": {"schema": {"type": "string"}},
    },
}
_SKILL_NAMES = {"type": "array", "items": {"type": "string"}}
_INPUT = {
    "required": True,
    "description": "Input of the skill: any JSON value.",
    "content": {"application/json": {"schema": {}, "example": {"topic": "oat milk"}}},
}
_LIST_SKILLS = _operation(
    "skills",
    "skills",
    "List the skills",
    _json(_SKILL_NAMES, "Skills as `namespace/name`, sorted", example=["dev/haiku", "dev/haiku_stream"]),
    parameters=[
        {
            "name": "type",
            "in": "query",
            "description": "Only skills of this type.",
            "schema": {"type": "string", "enum": ["chat", "programmable"]},
        }
    ],
)
_RUN = _operation(
    "run_skill",
    "skills",
    "Run a function skill",
    {
        **_json({}, "What the skill answered", example="Oat milk in the glass"),
        "headers": {
            "x-skill-digest": {"description": "The code that answered.", "schema": {"type": "string"}},
            "x-skill-warning": {
                "description": "There is newer code, which can not be loaded.",
                "schema": {"type": "string"},
            },
        },
    },
    description="The skill is stopped when the caller closes the connection.",
    parameters=_skill_parameters(),
    requestBody=_INPUT,
)
_MESSAGE_STREAM = _operation(
    "message_stream_skill",
    "skills",
    "Run a message-stream skill",
    event_stream(MESSAGE_EVENT, _EVENTS),
    description="The skill is stopped when the caller closes the connection.",
    parameters=_skill_parameters(),
    requestBody=_INPUT,
)
_METADATA = _operation(
    "skill_metadata",
    "skills",
    "Describe a skill",
    _json({"$ref": "#/components/schemas/SkillMetadata"}, "The skill's description and schemas"),
    parameters=_skill_parameters(),
)
_LIST_CACHED = _operation(
    "cached_skills", "operation", "List the skills in memory", _json(_SKILL_NAMES, "Skills as `namespace/name`")
)
_EVICT = _operation(
    "drop_cached_skill",
    "operation",
    "Drop a skill from memory",
    _json({"type": "string"}, "Whether the skill was there", example="Skill removed from cache"),
    description="The next call loads it again.",
    parameters=_skill_parameters(),
)
_READY = _operation(
    "readyz",
    "operation",
    "Whether the kernel can serve",
    _json({"type": "object"}, "Ready; what is wrong with single skills"),
    responses={"503": _json({"type": "object"}, "Not ready yet")},
    security=[],
)
