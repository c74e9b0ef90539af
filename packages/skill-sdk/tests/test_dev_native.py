"""Skills served by this process, one request at a time."""

from __future__ import annotations

import http.client
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pharia_skill.builder.target import find_target
from pharia_skill.dev.native.live import LiveSkill
from pharia_skill.dev.native.server import NativeServer
from pharia_skill.errors import CommandError
from pharia_skill.testing import StubCsi

Write = Callable[..., Path]
JSON = {"Content-Type": "application/json"}
SKILL = '''
from helping import PREFIX
from pharia_skill import Csi, skill


@skill
def made(csi: Csi, topic: str) -> str:
    """Repeats."""
    return PREFIX + topic
'''
STREAM = """
from pharia_skill import Csi, MessageWriter, message_stream


@message_stream
def told(csi: Csi, writer: MessageWriter[None], topic: str) -> None:
    writer.begin_message()
    writer.append_to_message(topic)
    if topic == "break":
        1 / 0
    writer.end_message()
"""


@contextmanager
def serving(*paths: Path) -> Iterator[NativeServer]:
    skills = {path.stem: LiveSkill(find_target(str(path), []), []) for path in paths}
    path, modules = sys.path[:], set(sys.modules)
    with NativeServer(0, skills, StubCsi(), "dev") as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
            sys.path[:] = path
            for name in set(sys.modules) - modules:
                if not name.startswith("pharia_skill"):
                    del sys.modules[name]


def call(server: NativeServer, path: str, body: Any = "tea", method: str = "POST", **options: Any) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    try:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, f"/v1/skills/{path}", data, options.get("headers", JSON))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_every_edit_shows_in_the_next_answer(scratch_module: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    helping = scratch_module("PREFIX = '0 '", "helping.py")
    with serving(scratch_module(SKILL)) as server:
        assert call(server, "dev/made/run") == (200, '"0 tea"')
        for edit in range(1, 21):
            helping.write_text(f"PREFIX = '{edit} '")
            assert call(server, "dev/made/run") == (200, f'"{edit} tea"')


def test_a_mistake_is_answered_until_it_is_mended(scratch_module: Write) -> None:
    scratch_module("PREFIX = '1 '", "helping.py")
    path = scratch_module("import nowhere_at_all")
    with serving(path) as server:
        for text, said in {
            "def (": "SyntaxError",
            "import nowhere_at_all": "line 1, in <module>",
            "x = 1": "has no function decorated",
            SKILL.replace("PREFIX +", "1 / 0 +"): "line 9, in made",
        }.items():
            path.write_text(text)
            for _ in range(2):
                status, answer = call(server, "dev/made/run")
                assert (status, json.loads(answer)["code"]) == (400, "skill-reported-error")
                assert said in json.loads(answer)["detail"]
        path.write_text(SKILL)
        assert call(server, "dev/made/run") == (200, '"1 tea"')


def test_a_stream_is_sent_as_the_kernel_sends_it(scratch_module: Write) -> None:
    with serving(scratch_module(STREAM, "told.py")) as server:
        status, whole = call(server, "dev/told/message-stream")
        _, broken = call(server, "dev/told/message-stream", "break")
    events = [tuple(event.split("\n")) for event in whole.strip().split("\n\n")]
    assert status == 200
    assert events == [
        ("event: message", 'data: {"type":"begin"}'),
        ("event: message", 'data: {"type":"append","text":"tea"}'),
        ("event: message", 'data: {"type":"end","payload":null}'),
    ]
    name, data = broken.strip().split("\n\n")[-1].split("\n")
    assert name == "event: error"
    assert "ZeroDivisionError" in json.loads(data.removeprefix("data: "))["message"]


def test_metadata_says_what_the_skill_takes(scratch_module: Write) -> None:
    scratch_module("PREFIX = ''", "helping.py")
    with serving(scratch_module(SKILL), scratch_module(STREAM, "told.py")) as server:
        made, told = (json.loads(call(server, f"dev/{name}/metadata", method="GET")[1]) for name in ("made", "told"))
        assert [
            f"{name}/{route}" in line
            for (name, route), line in zip(
                [("made", "run"), ("told", "message-stream")], server.introduction(), strict=True
            )
        ] == [True, True]
    string = {"type": "string"}
    assert made == {
        "description": "Repeats.",
        "version": None,
        "skill_type": "function",
        "input_schema": string,
        "output_schema": string,
    }
    assert (told["skill_type"], told["input_schema"], told["output_schema"]) == ("message_stream", string, None)


REFUSED = {
    "another namespace": ("prod/made/run", {}, 404, "not-found"),
    "an unknown skill": ("dev/nothing/run", {}, 404, "skill-not-found"),
    "an unknown route": ("dev/made/walk", {}, 405, "method-not-allowed"),
    "the wrong method": ("dev/made/run", {"method": "GET"}, 405, "method-not-allowed"),
    "the other kind": ("dev/made/message-stream", {}, 400, "wrong-skill-kind"),
    "a body that is not JSON": ("dev/made/run", {"body": b"tea"}, 422, "invalid-json"),
    "an input of another type": ("dev/made/run", {"body": 3}, 400, "skill-rejected-input"),
    "a form": ("dev/made/run", {"headers": {"Content-Type": "text/plain"}}, 415, "unsupported-media-type"),
    "a body without length": ("dev/made/run", {"headers": {**JSON, "Content-Length": "x"}}, 411, "length-required"),
    "a huge body": ("dev/made/run", {"headers": {**JSON, "Content-Length": "9" * 12}}, 413, "payload-too-large"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_other_requests_are_refused(case: str, scratch_module: Write) -> None:
    scratch_module("PREFIX = ''", "helping.py")
    path, options, status, code = REFUSED[case]
    with serving(scratch_module(SKILL)) as server:
        found, answer = call(server, path, **options)
        assert (found, json.loads(answer)["code"]) == (status, code)
        assert call(server, "dev/made/run")[0] == 200


def test_a_port_that_is_taken_is_said() -> None:
    with (
        NativeServer(0, {}, StubCsi(), "dev") as server,
        pytest.raises(CommandError, match="choose another with --port"),
    ):
        NativeServer(server.server_port, {}, StubCsi(), "dev")
