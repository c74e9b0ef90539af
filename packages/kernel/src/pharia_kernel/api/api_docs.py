"""The OpenAPI document as one static page: no scripts, nothing from elsewhere, works offline."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from pharia_kernel import errors

Json = dict[str, Any]

STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 14px/1.45 ui-monospace, monospace; }
pre { padding: .75rem; overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
article { border: 1px solid var(--line); border-radius: 8px; padding: .25rem 1rem 1rem; margin: 1rem 0; }
h3 { font-size: 1rem; } .method { font-weight: 700; text-transform: uppercase; margin-right: .5rem; }
.get { color: #1a7f9c; } .post { color: #2e8540; } .delete { color: #c0392b; }
table { border-collapse: collapse; width: 100%; } td, th { border-bottom: 1px solid var(--line); padding: .3rem .5rem;
text-align: left; vertical-align: top; }
"""


def landing_page() -> str:
    return _page(
        "PhariaKernel",
        "<h1>PhariaKernel</h1><p>Runs AI skills, each call in its own sandbox.</p><ul>"
        '<li><a href="/api-docs">API documentation</a></li><li><a href="/openapi.json">OpenAPI document</a></li>'
        '<li><a href="/skill.wit">WIT world of skills</a></li><li><a href="/v1/skills">Skills</a></li>'
        '<li><a href="/readyz">Readiness</a></li></ul>',
    )


def docs_page(document: Json) -> str:
    info = document["info"]
    parts = [f"<h1>{escape(info['title'])} <small>{escape(info['version'])}</small></h1>"]
    parts.append(
        f'<p>{escape(info["description"])} As a document for tools: <a href="/openapi.json">openapi.json</a>.</p>'
    )
    for tag in document["tags"]:
        parts.append(
            f'<h2 id="{tag["name"]}">{escape(tag["name"].capitalize())}</h2><p>{escape(tag["description"])}</p>'
        )
        for path, methods in document["paths"].items():
            parts += [_operation(document, path, *item) for item in methods.items() if tag["name"] in item[1]["tags"]]
    parts.append("<h2>Schemas</h2>")
    for name, schema in document["components"]["schemas"].items():
        parts.append(f'<article id="schema-{name}"><h3><code>{name}</code></h3>{_code(schema)}</article>')
    parts.append(_error_table())
    return _page("PhariaKernel API", "".join(parts))


def _operation(document: Json, path: str, method: str, operation: Json) -> str:
    parts = [
        f'<article id="{operation["operationId"]}"><h3><span class="method {method}">{method}</span>'
        f"<code>{escape(path)}</code></h3>"
        f"<p>{escape(operation['summary'])}. {escape(operation.get('description', ''))}</p>"
    ]
    rows = [_parameter(document, _resolved(document, parameter)) for parameter in operation.get("parameters", [])]
    if rows:
        parts.append(f"<table><tr><th>Parameter<th>In<th>Value<th>Meaning</tr>{''.join(rows)}</table>")
    parts.append(f"<pre>{escape(_curl(path, method, operation))}</pre>")
    for status, answer in operation["responses"].items():
        if status != "default":
            parts.append(f"<p><b>{status}</b> {escape(answer['description'])}</p>{_content(document, answer)}")
    return "".join(parts) + "</article>"


def _parameter(document: Json, parameter: Json) -> str:
    schema = _resolved(document, parameter["schema"])
    shape = schema.get("pattern") or ", ".join(schema.get("enum", [])) or schema["type"]
    meaning = parameter.get("description") or schema.get("description", "")
    cells = (parameter["in"], shape, meaning)
    return f"<tr><td><code>{parameter['name']}</code>" + "".join(f"<td>{escape(cell)}" for cell in cells) + "</tr>"


def _content(document: Json, answer: Json) -> str:
    shown = []
    for media_type, content in answer.get("content", {}).items():
        shown.append(f"<p><code>{media_type}</code></p>")
        if "example" in content:
            shown.append(_code(content["example"]))
        elif content["schema"].keys() - {"type"}:
            shown.append(_code(_resolved(document, content["schema"])))
    return "".join(shown)


def _curl(path: str, method: str, operation: Json) -> str:
    stream = path.endswith("-stream")
    namespace, name, input = ("test-beta", "hello", '"Homer"') if stream else ("dev", "haiku", '{"topic": "oat milk"}')
    path = path.replace("{namespace}", namespace).replace("{name}", name)
    words = ["curl", "-N" if stream else "-s", f"http://127.0.0.1:8081{path}"]
    if "requestBody" in operation:
        words += ["-H 'Content-Type: application/json'", f"-d '{input}'"]
    elif method != "get":
        words.insert(1, f"-X {method.upper()}")
    return " ".join(words)


def _resolved(document: Json, node: Json) -> Json:
    reference = node.get("$ref")
    if reference is None:
        return node
    for part in reference.removeprefix("#/").split("/"):
        document = document[part]
    return document


def _code(value: object) -> str:
    return f"<pre>{escape(value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False))}</pre>"


def _error_table() -> str:
    rows = "".join(
        f'<tr id="{error.code}"><td><code>{error.code}</code><td>{error.status}<td>{escape(error.title)}</tr>'
        for error in sorted(_errors(errors.KernelError), key=lambda error: (error.status, error.code))
    )
    return f"<h2>Error codes</h2><table><tr><th>Code<th>Status<th>Meaning</tr>{rows}</table>"


def _errors(base: type[errors.KernelError]) -> Iterator[type[errors.KernelError]]:
    yield base
    for error in base.__subclasses__():
        yield from _errors(error)


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<style>{STYLE}</style></head><body>{body}</body></html>"
    )
