"""The interface in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from pharia_kernel.api.csi import chat_answer, completion, documents, texts, tools
from pharia_kernel.api.csi.examples import CHAT_REQUEST, COMPLETION_REQUEST, EXAMPLES, SECOND_VERSION, Example
from pharia_kernel.api.csi.functions import FUNCTIONS, LEGACY, STREAMS
from pharia_kernel.api.csi.rules import RULES
from pharia_kernel.api.event_schema import any_of_events, event_stream
from pharia_kernel.api.operation import Json, json_answer, operation
from pharia_kernel.csi.types import Score

TAG = {
    "name": "csi",
    "description": "What skills can ask for, for skills under development: requests of a list run at the same time and "
    "are answered in their order; the first failure fails the whole call.",
}

_SUMMARIES = {
    "complete": "Complete texts",
    "completion_stream": "Complete a text, as a stream",
    "chat": "Answer conversations",
    "chat_stream": "Answer a conversation, as a stream",
    "explain": "Say which parts of a prompt led to its answer",
    "chunk": "Split texts",
    "chunk_with_offsets": "Split texts, with the places of their parts",
    "select_language": "Detect languages",
    "search": "Search documents",
    "documents": "Read documents",
    "document_metadata": "Read the metadata of documents",
    "invoke_tool": "Call tools of a namespace",
    "list_tools": "List the tools of a namespace",
}
_ANSWERS: dict[str, Any] = {
    "complete": list[completion.Completion],
    "chat": list[chat_answer.ChatAnswerV1],
    "explain": list[list[Score]],
    "chunk": list[list[str]],
    "chunk_with_offsets": list[list[texts.Chunk]],
    "select_language": list[str | None],
    "search": list[list[documents.SearchResult]],
    "documents": list[documents.Document],
    "document_metadata": list[Any],
    "invoke_tool": list[list[tools.ToolText] | str],
    "list_tools": list[tools.Tool],
}
_ANSWERS_V2: dict[str, Any] = {**_ANSWERS, "chat": list[chat_answer.ChatAnswerV2]}


def answer_type(version: str, name: str) -> Any:
    return (_ANSWERS_V2 if version == "v2" else _ANSWERS)[name]


def example(version: str, name: str) -> Example:
    return SECOND_VERSION.get(name, EXAMPLES[name]) if version == "v2" else EXAMPLES[name]


def csi_document(ref_template: str) -> tuple[Json, Json]:
    """Paths, and the schemas they refer to."""
    calls = [(version, name, row.body) for version, rows in FUNCTIONS.items() for name, row in rows.items()]
    streams = [(version, name, row) for version, rows in STREAMS.items() for name, row in rows.items()]
    legacy = [(version, name, row.body) for version, rows in LEGACY.items() for name, row in rows.items()]
    taken = [body for *_, body in calls] + [row.body for *_, row in streams] + [body for *_, body in legacy]
    bodies, schemas = _schemas(taken, ref_template)
    given = [answer_type(version, name) for version, name, _ in calls]
    data = [event.data for *_, row in streams for event in row.events.values()]
    answers, more = _schemas([*given, *data], ref_template)
    rest = iter(answers[len(calls) :])
    paths: Json = {}
    for (version, name, _), body, answer in zip(calls, bodies, answers, strict=False):
        content = json_answer(answer, example=example(version, name).answer)
        paths[f"/csi/{version}/{name}"] = {"post": _function(version, name, body, content)}
    for (version, name, row), body in zip(streams, bodies[len(calls) :], strict=False):
        events = any_of_events([(event.name, next(rest)) for event in row.events.values()])
        content = event_stream(events, example(version, name).answer)
        paths[f"/csi/{version}/{name}"] = {"post": _function(version, name, body, content)}
    paths["/csi"] = {"post": _legacy(legacy, bodies[len(calls) + len(streams) :])}
    paths |= _tool_paths(answers[[name for _, name, _ in calls].index("list_tools")])
    return paths, {**_with_rules(schemas), **more}


def _schemas(types: Sequence[Any], ref_template: str) -> tuple[list[Json], Json]:
    found, components = msgspec.json.schema_components(types, ref_template=ref_template)
    return list(found), msgspec.json.decode(msgspec.json.encode(components))  # defaults as JSON has them


def _with_rules(schemas: Json) -> Json:
    return {name: {**schema, **RULES.get(name, {})} for name, schema in schemas.items()}


def _function(version: str, name: str, body: Json, answer: Json) -> Json:
    content = {"application/json": {"schema": body, "example": example(version, name).request}}
    return operation(
        f"csi_{version}_{name}",
        "csi",
        _SUMMARIES[name],
        answer,
        requestBody={"required": True, "content": content},
    )


def _tool_paths(tools_schema: Json) -> Json:
    parameters = [{"$ref": "#/components/parameters/namespace"}]
    urls = {"type": "array", "items": {"type": "string", "format": "uri"}}
    return {
        "/v1/tools/{namespace}": {
            "get": operation(
                "list_tools",
                "tools",
                "List the tools of a namespace",
                json_answer(tools_schema, "Sorted by name", example=EXAMPLES["list_tools"].answer),
                parameters=parameters,
            )
        },
        "/v1/mcp_servers/{namespace}": {
            "get": operation(
                "list_mcp_servers",
                "tools",
                "List the MCP servers of a namespace",
                json_answer(urls, "Their URLs, sorted", example=["https://mcp.example.org/mcp"]),
                parameters=parameters,
            )
        },
    }


_LEGACY_EXAMPLES = {
    "0.2": {"value": {"version": "0.2", "function": "complete", **COMPLETION_REQUEST}},
    "0.3": {"value": {"version": "0.3", "function": "complete", "requests": [COMPLETION_REQUEST]}},
    "0.3 chat": {
        "value": {
            "version": "0.3",
            "function": "chat",
            "requests": [
                {"model": CHAT_REQUEST["model"], "messages": [{"role": "user", "content": "Hi"}], "params": {}}
            ],
        }
    },
}


def _legacy(functions: Sequence[tuple[str, str, Any]], bodies: Sequence[Json]) -> Json:
    alternatives = [
        {"allOf": [_envelope(version, name), body]} for (version, name, _), body in zip(functions, bodies, strict=True)
    ]
    content = {"schema": {"anyOf": alternatives}, "examples": _LEGACY_EXAMPLES}
    return operation(
        "csi",
        "csi",
        "Call a function as SDKs up to 0.7 do",
        json_answer({}, "As in the first version; in 0.2 mostly for a single request, and with fewer members"),
        description="Errors are JSON strings.",
        deprecated=True,
        requestBody={"required": True, "content": {"application/json": content}},
        responses={
            "4XX": json_answer({"type": "string"}, "What went wrong"),
            "5XX": json_answer({"type": "string"}, "Same"),
        },
    )


def _envelope(version: str, function: str) -> Json:
    return {
        "type": "object",
        "required": ["version", "function"],
        "properties": {"version": {"const": version}, "function": {"const": function}},
    }
