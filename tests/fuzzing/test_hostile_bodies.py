"""Bodies that no schema describes: each operation with each place of its example body replaced by something nasty."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from pharia_kernel import errors
from pharia_kernel.api.openapi import openapi_document

from .conftest import Served

_DEEP = 100_000
_JSON = {"Content-Type": "application/json"}
_MARK = "replaced here"

FRAGMENTS = {
    "null": b"null",
    "true": b"true",
    "nothing": b"",
    "an empty text": b'""',
    "an empty list": b"[]",
    "an empty object": b"{}",
    "a negative number": b"-1",
    "a fraction": b"1.5",
    "one too many for 32 bits": b"4294967296",
    "one too many for 64 bits": b"18446744073709551616",
    "a number of 400 digits": b"9" * 400,
    "a number beyond all floats": b"1e999",
    "a number below all floats": b"-1e999",
    "not a number": b"NaN",
    "infinity": b"-Infinity",
    "half of a surrogate pair": rb'"\ud800"',
    "halves in the wrong order": rb'"\udc00\ud800"',
    "a null character": rb'"\u0000"',
    "bytes that are no UTF-8": b'"\xff\xfe"',
    "a surrogate in UTF-8": b'"\xed\xa0\x80"',
    "a long text": b'"' + b"a" * 5000 + b'"',
    "a member twice": b'{"a":1,"a":[2]}',
    "a member without name": b'{"":{"":""}}',
    "deep lists": b"[" * _DEEP + b"]" * _DEEP,
    "deep objects": b'{"a":' * _DEEP + b"1" + b"}" * _DEEP,
    "a list without end": b"[" * _DEEP,
}
WHOLE = {
    "a blank": b" ",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
    "two values": b"{} {}",
    "a comment": b"{} // no",
    "single quotes": b"{'a': 1}",
    "a comma too many": b"[1,]",
    "a form": b"a=1&b=2",
    "a null byte": b"\x00",
}
UNDECLARED: list[dict[str, str]] = [
    {},
    {"Content-Type": ""},
    {"Content-Type": "text/plain"},
    {"Content-Type": "application/jsonx"},
    {"Content-Type": "multipart/form-data; boundary=x"},
    {"Content-Type": ";;;"},
    {"Content-Type": "application/json", "Content-Encoding": "gzip"},
]
_KNOWN = {
    kind.code: kind.status
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.KernelError)
} | {"host-fault": None, "internal": None}


def operations() -> Iterator[tuple[str, Any]]:
    """Path of each operation that takes a body, with an example."""
    for path, item in openapi_document()["paths"].items():
        content = item.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json")
        if content is None or (path.startswith("/csi/v2/") and "/chat" not in path):  # the bodies of the first version
            continue
        path = path.replace("{namespace}", "dev")
        if "{name}" in path:
            for name in ("echo", "stream"):
                yield path.replace("{name}", name), content["example"]
        elif "example" in content:
            yield path, content["example"]
        else:
            for example in content["examples"].values():
                yield path, example["value"]


OPERATIONS = [pytest.param(path, body, id=f"{path} {number}") for number, (path, body) in enumerate(operations())]


def places(value: Any, put: Any = lambda marked: marked) -> Iterator[Any]:
    """The value with each of its parts replaced by the mark, one after the other; the first is the mark alone."""
    yield put(_MARK)
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in members:

        def around(marked: Any, key: Any = key) -> Any:
            changed = value.copy()
            changed[key] = marked
            return put(changed)

        yield from places(child, around)


def bodies(example: Any) -> Iterator[tuple[str, bytes]]:
    mark = json.dumps(_MARK).encode()
    for marked in places(example):
        text = json.dumps(marked).encode()
        for name, fragment in FRAGMENTS.items():
            yield f"{name} in {text.decode()}", text.replace(mark, fragment)
    for name, body in WHOLE.items():
        yield name, body


@pytest.fixture(scope="module")
def client(kernel: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=kernel.url, trust_env=False, timeout=60) as client:
        yield client


def check(response: httpx.Response, what: str) -> None:
    """An answer, a stream, or a problem whose cause is known."""
    media_type = response.headers["content-type"]
    if media_type == "text/event-stream":
        assert response.status_code == 200, what
        datas = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: ")]
        problems = [data for data in map(json.loads, datas) if isinstance(data, dict) and "code" in data]
    elif media_type == "application/problem+json":
        problems = [response.json()]
        assert problems[0]["status"] == response.status_code, what
    else:
        assert media_type == "application/json", what
        assert response.status_code != 500, what
        json.loads(response.content)
        problems = []
    for problem in problems:
        assert _KNOWN[problem["code"]] == problem["status"], f"{what}: {problem}"


@pytest.mark.parametrize(("path", "example"), OPERATIONS)
def test_every_body_gets_a_proper_answer(client: httpx.Client, kernel: Served, path: str, example: Any) -> None:
    for what, body in bodies(example):
        check(client.post(path, content=body, headers=_JSON), what)
    assert kernel.mistakes == []
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize(("path", "example"), OPERATIONS)
def test_what_is_not_declared_as_json_is_refused(client: httpx.Client, path: str, example: Any) -> None:
    for headers in UNDECLARED:
        response = client.post(path, content=json.dumps(example).encode(), headers=headers)
        assert response.status_code == 415, headers
        check(response, str(headers))
