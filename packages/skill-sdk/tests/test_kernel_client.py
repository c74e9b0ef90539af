"""DevCsi and its client against a server that follows the kernel's HTTP interface."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import requests

from doubles.csi_server import Answer, CsiServer, Events, chat_events, event
from doubles.released_calls import CALLS
from pharia_skill import (
    After,
    ChatParams,
    CompletionParams,
    Csi,
    FinishReason,
    IndexPath,
    Message,
    MetadataFilter,
    TokenUsage,
    ToolError,
    ToolOutput,
    With,
)
from pharia_skill.csi.inference import MessageAppend, Reasoning
from pharia_skill.errors import (
    KernelAnswerInvalid,
    KernelBusy,
    KernelError,
    KernelFailed,
    KernelForbidden,
    KernelRefused,
    KernelStreamFailed,
    KernelTimeout,
    KernelUnauthenticated,
    KernelUnreachable,
    NamespaceMissing,
    SettingInvalid,
    SettingMissing,
)
from pharia_skill.testing import DevCsi
from pharia_skill.testing.dev.client import Client
from pharia_skill.testing.dev.retry import Retry, seconds_of

COMPLETION = {"text": "Hi", "finish_reason": "stop", "logprobs": [], "usage": {"prompt": 1, "completion": 1}}
CHAT = {
    "message": {"role": "assistant", "content": "Hello Bob", "reasoning_content": "hm"},
    "finish_reason": "stop",
    "logprobs": [],
    "usage": {"prompt": 1, "completion": 1},
}
TOKEN = "a-secret-token"
RELEASED = json.loads((Path(__file__).parent / "released_bodies.json").read_text())
HELLO = [Message.user("Say hello to Bob")]

Waits = list[float]


@pytest.fixture
def waits() -> Waits:
    return []


@pytest.fixture
def client(csi_server: CsiServer, waits: Waits) -> Client:
    return Client(sleep=waits.append)


# What is sent


@pytest.mark.parametrize("name", CALLS)
def test_requests_are_byte_for_byte_those_of_the_released_sdk(csi_server: CsiServer, name: str) -> None:
    csi = DevCsi(namespace="test-beta")

    with pytest.raises(KernelError):
        CALLS[name](csi)

    asked = csi_server.asked[-1]
    assert asked.path == RELEASED[name]["path"]
    assert asked.body.decode() == RELEASED[name]["body"]
    assert {earlier.body for earlier in csi_server.asked} == {asked.body}


def test_the_token_and_what_is_expected_are_in_the_headers(csi_server: CsiServer) -> None:
    csi_server.answer("/csi/v1/complete", Answer([COMPLETION]))
    csi_server.answer("/csi/v1/completion_stream", Events([]))

    csi = DevCsi()
    csi.complete("model", "prompt")
    csi.completion_stream("model", "prompt").next()

    plain, stream = csi_server.asked
    assert plain.headers["authorization"] == stream.headers["authorization"] == f"Bearer {TOKEN}"
    assert plain.headers["accept"] == "application/json"
    assert stream.headers["accept"] == "text/event-stream"


def test_a_netrc_file_does_not_replace_the_token(
    csi_server: CsiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    csi_server.answer("/csi/v1/complete", Answer([COMPLETION]))

    DevCsi().complete("model", "prompt")

    assert csi_server.asked[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_a_kernel_that_asks_for_no_token_gets_none(csi_server: CsiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PHARIA_AI_TOKEN")
    csi_server.answer("/csi/v1/complete", Answer([COMPLETION]))

    DevCsi().complete("model", "prompt")

    assert "authorization" not in csi_server.asked[0].headers


@pytest.mark.usefixtures("fresh_tracing")
def test_the_kernel_learns_of_the_trace(csi_server: CsiServer) -> None:
    csi_server.answer("/csi/v1/complete", Answer([COMPLETION]))
    csi_server.answer("/csi/v2/chat_stream", Events(chat_events("Hello")))

    csi = DevCsi()
    with csi.observe_skill("skill", lambda: "{}"):
        csi.complete("model", "prompt")
        csi.chat_stream("model", HELLO).usage()

    first, second = (asked.headers["traceparent"].split("-") for asked in csi_server.asked)
    assert first[1] == second[1]
    assert first[2] != second[2]


def test_a_search_by_date_is_sent_as_json(csi_server: CsiServer) -> None:
    csi_server.answer("/csi/v1/search", Answer([[]]))
    after = With([MetadataFilter("created", After(datetime(2025, 1, 1, tzinfo=UTC)))])

    assert DevCsi().search(IndexPath("n", "c", "i"), "query", filters=[after]) == []

    assert csi_server.asked[0].json[0]["filters"] == [
        {"with": [{"metadata": {"field": "created", "after": "2025-01-01T00:00:00Z"}}]}
    ]


# What is answered


def test_all_other_answers_are_read(csi_server: CsiServer) -> None:
    path = {"namespace": "team", "collection": "handbook", "name": "rules"}
    csi_server.answer("/csi/v1/chunk_with_offsets", Answer([[{"text": "a", "byte_offset": 0, "character_offset": 0}]]))
    csi_server.answer("/csi/v1/select_language", Answer([None]))
    csi_server.answer(
        "/csi/v1/documents", Answer([{"path": path, "contents": [{"modality": "image"}], "metadata": {"a": 1}}] * 2)
    )
    csi_server.answer("/csi/v1/document_metadata", Answer([{"url": "x"}, None]))
    csi_server.answer("/csi/v1/explain", Answer([[{"start": 0, "length": 2, "score": 0.5}]]))
    csi_server.answer("/csi/v1/invoke_tool", Answer([[{"type": "text", "text": "3"}], "Out of cheese."]))
    csi_server.answer(
        "/csi/v1/list_tools", Answer([{"name": "add", "description": "Adds", "input_schema": {"type": "object"}}])
    )
    csi = DevCsi("test-beta")

    answers: dict[str, Any] = {
        name: CALLS[name](csi)
        for name in (
            "chunk",
            "select_language",
            "documents",
            "documents_metadata",
            "explain",
            "invoke_tool",
            "list_tools",
        )
    }

    assert answers["chunk"][0].text == "a"
    assert answers["select_language"] is None
    assert [document.metadata for document in answers["documents"]] == [{"a": 1}] * 2
    assert answers["documents_metadata"] == [{"url": "x"}, None]
    assert answers["explain"][0].score == 0.5
    assert answers["invoke_tool"] == [ToolOutput(["3"]), ToolError("Out of cheese.")]
    assert answers["list_tools"][0].parameters == {"type": "object"}


def test_reasoning_comes_with_the_second_version(csi_server: CsiServer) -> None:
    csi_server.answer("/csi/v2/chat", Answer([CHAT]))
    csi_server.answer("/csi/v2/chat_stream", Events(chat_events("Hello ", "Bob", reasoning="hm")))
    csi = DevCsi()

    assert csi.chat("model", HELLO).message.reasoning_content == "hm"
    with csi.chat_stream("model", HELLO) as response:
        assert list(response.stream()) == [Reasoning("hm"), MessageAppend("Hello "), MessageAppend("Bob")]
        assert response.finish_reason() is FinishReason.STOP
        assert response.usage() == TokenUsage(14, 2)


def test_a_kernel_without_the_second_version_is_asked_for_it_once(csi_server: CsiServer) -> None:
    csi_server.answer("/csi/v1/chat", Answer([CHAT]))
    csi_server.answer("/csi/v1/chat_stream", Events(chat_events("Hello")))
    csi = DevCsi()

    csi.chat("model", HELLO)
    csi.chat("model", HELLO)
    csi.chat_stream("model", HELLO).usage()

    assert csi_server.paths == ["/csi/v2/chat", "/csi/v1/chat", "/csi/v1/chat", "/csi/v1/chat_stream"]


def test_a_not_found_of_the_second_version_itself_is_no_reason_to_ask_the_first(csi_server: CsiServer) -> None:
    problem = {"code": "model-not-found", "detail": "there is no model nope"}
    csi_server.answer("/csi/v2/chat", Answer(problem, 404))

    with pytest.raises(KernelRefused, match="there is no model nope"):
        DevCsi().chat("nope", HELLO)
    assert csi_server.paths == ["/csi/v2/chat"]


def test_a_stream_with_log_probabilities_is_asked_of_the_first_version(csi_server: CsiServer) -> None:
    logprobs = [{"sampled": {"token": [72], "logprob": -0.5}, "top": []}]
    events = [
        event("message_begin", role="assistant"),
        event("message_append", content="H", logprobs=logprobs),
        event("message_end", finish_reason="stop"),
    ]
    csi_server.answer("/csi/v1/chat_stream", Events(events))

    (append,) = DevCsi().chat_stream("model", HELLO, ChatParams(logprobs="sampled")).stream()

    assert isinstance(append, MessageAppend)
    assert append.logprobs[0].sampled.token == b"H"
    assert csi_server.paths == ["/csi/v1/chat_stream"]


@pytest.mark.parametrize("answer", ["<html>", {"no": "list"}, [], [{"text": 3}]])
def test_an_answer_of_another_shape_is_named(csi_server: CsiServer, answer: Any) -> None:
    csi_server.answer("/csi/v1/complete", Answer(answer))

    with pytest.raises(KernelAnswerInvalid, match="complete") as caught:
        DevCsi().complete("model", "prompt")
    assert isinstance(caught.value, ValueError)


# Tools


def test_tools_need_a_namespace(csi_server: CsiServer) -> None:
    csi = DevCsi()

    for ask in (csi.list_tools, lambda: csi.invoke_tool("add", a=1)):
        with pytest.raises(NamespaceMissing, match="Specifying a namespace when constructing") as caught:
            ask()
        assert isinstance(caught.value, ValueError)
        assert isinstance(caught.value, AssertionError)
    assert csi_server.asked == []


def test_the_namespace_can_be_read_and_set(csi_server: CsiServer) -> None:
    csi = DevCsi("one")
    assert csi.namespace == csi._namespace == "one"

    csi.namespace = "two"
    csi_server.answer("/csi/v1/list_tools", Answer([]))
    csi.list_tools()

    assert csi_server.asked[0].json == {"namespace": "two"}


# Errors


@pytest.mark.parametrize(
    ("status", "kind", "way_out"),
    [
        (400, KernelRefused, "Status Code: 400 Bad Request"),
        (401, KernelUnauthenticated, "Unauthenticated: Please set the `PHARIA_AI_TOKEN` environment variable."),
        (403, KernelForbidden, "Unauthorized: Please check the `PHARIA_AI_TOKEN` environment variable."),
        (404, KernelRefused, "Check that `PHARIA_KERNEL_ADDRESS` is the address of a kernel"),
        (422, KernelRefused, "Status Code: 422"),
        (500, KernelFailed, "Status Code: 500 Internal Server Error"),
        (599, KernelFailed, "Status Code: 599"),
    ],
)
def test_a_status_becomes_an_error_of_its_own(
    csi_server: CsiServer, client: Client, status: int, kind: type[KernelError], way_out: str
) -> None:
    csi_server.answer("/csi/v1/complete", Answer(f"no, {TOKEN}", status))

    with pytest.raises(kind) as caught:
        client.run("complete", [])

    text = str(caught.value)
    assert way_out in text
    assert f"PHARIA_KERNEL_ADDRESS: {csi_server.address}" in text
    assert "Original Error: no, ***" in text
    assert caught.value.status == status
    assert len(csi_server.asked) == 1


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (Mock(side_effect=requests.JSONDecodeError("msg", "msg", 0)), 'Original Error: {"error": "csi-version"}'),
        (Mock(return_value={"error": "csi-version"}), "Original Error: {'error': 'csi-version'}"),
    ],
)
def test_the_kernels_own_words_are_in_the_error(
    csi_server: CsiServer, monkeypatch: pytest.MonkeyPatch, said: Mock, shown: str
) -> None:
    answer = Mock(status_code=400, json=said, text='{"error": "csi-version"}')
    monkeypatch.setattr("requests.Session.post", Mock(return_value=answer))

    with pytest.raises(KernelRefused) as caught:
        Client().run("complete", {})
    assert shown in str(caught.value)


def test_a_redirect_names_the_other_address(csi_server: CsiServer, client: Client) -> None:
    csi_server.answer("/csi/v1/complete", Answer("", 301, {"Location": "https://kernel.example/csi/v1/complete"}))

    with pytest.raises(KernelRefused, match=r"the start of https://kernel\.example/"):
        client.run("complete", [])


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_kernel_is_asked_again(csi_server: CsiServer, client: Client, waits: Waits, status: int) -> None:
    busy = Answer("busy", status)
    csi_server.answer(
        "/csi/v1/complete", busy, Answer("busy", status, {"Retry-After": "7"}), busy, Answer([COMPLETION])
    )

    assert client.run("complete", [{}]) == [COMPLETION]
    assert waits == [0.5, 7.0, 2.0]


def test_a_kernel_that_stays_busy_is_an_error(csi_server: CsiServer, client: Client, waits: Waits) -> None:
    csi_server.answer("/csi/v1/complete", Answer("busy", 503))

    with pytest.raises(KernelBusy, match="try again later") as caught:
        client.run("complete", [])
    assert caught.value.status == 503
    assert waits == [0.5, 1.0, 2.0]


def test_a_kernel_that_is_not_configured_for_it_is_not_asked_again(
    csi_server: CsiServer, client: Client, waits: Waits
) -> None:
    csi_server.answer("/csi/v1/search", Answer({"code": "not-configured", "detail": "no documents"}, 503))

    with pytest.raises(KernelBusy, match="no documents"):
        client.run("search", [])
    assert waits == []


def test_a_kernel_that_asks_for_too_long_a_wait_is_not_asked_again(
    csi_server: CsiServer, client: Client, waits: Waits
) -> None:
    csi_server.answer("/csi/v1/complete", Answer("busy", 429, {"Retry-After": "3600"}))

    with pytest.raises(KernelBusy):
        client.run("complete", [])
    assert waits == []


def test_a_stream_is_opened_again_when_the_kernel_is_busy(csi_server: CsiServer, client: Client, waits: Waits) -> None:
    csi_server.answer("/csi/v1/completion_stream", Answer("busy", 503), Events([event("end", finish_reason="stop")]))

    (end,) = client.stream("completion_stream", {})
    assert end.event == "end"
    assert waits == [0.5]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("soon", None),
        ("0", 0.0),
        ("Wed, 21 Oct 2015 07:28:30 GMT", 30.0),
        ("Wed, 21 Oct 2015 07:28:30 -0000", 30.0),
        ("Wed, 21 Oct 2015 07:27:00 GMT", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert seconds_of(header, datetime(2015, 10, 21, 7, 28, tzinfo=UTC)) == seconds


def test_a_kernel_that_is_not_there_is_tried_again_and_named(waits: Waits) -> None:
    with CsiServer() as server:
        address = server.address

    with pytest.raises(KernelUnreachable, match=f"no connection to the kernel at {address}") as caught:
        Client(address, sleep=waits.append).run("complete", [])

    assert waits == [0.5, 1.0, 2.0]
    assert "object at 0x" not in str(caught.value)
    assert "HTTPConnection" not in str(caught.value)
    assert isinstance(caught.value, ConnectionError)
    assert isinstance(caught.value, requests.exceptions.ConnectionError)


def test_a_request_that_may_have_arrived_is_not_repeated(csi_server: CsiServer, waits: Waits) -> None:
    held = threading.Event()
    csi_server.answer("/csi/v1/invoke_tool", Events([], held=held))

    with pytest.raises(KernelTimeout, match="`invoke_tool`") as caught:
        Client(timeout=0.05, sleep=waits.append).run("invoke_tool", {})

    assert isinstance(caught.value, TimeoutError)
    assert len(csi_server.asked) == 1
    assert waits == []


def test_a_request_that_is_no_json_is_named(client: Client) -> None:
    with pytest.raises(KernelError, match="can not be written as JSON"):
        client.run("complete", [float("nan")])


# Streams


def test_the_kernels_error_in_a_stream_is_raised_where_the_stream_is_read(csi_server: CsiServer) -> None:
    text = "The Skill tried to access a model that was not found."
    csi_server.answer("/csi/v1/completion_stream", Events([event("error", message=text)]))
    csi_server.answer("/csi/v2/chat_stream", Events([event("error", message=text)]))
    csi = DevCsi()

    stream = csi._completion_stream("nope", "prompt", CompletionParams(max_tokens=64))
    with pytest.raises(KernelStreamFailed) as caught:
        stream.next()
    assert str(caught.value) == text
    assert isinstance(caught.value, ValueError)
    with pytest.raises(KernelStreamFailed):
        csi.chat_stream("nope", HELLO)


@pytest.mark.parametrize("chunked", [True, False])
def test_events_come_one_by_one(csi_server: CsiServer, chunked: bool) -> None:
    begin, append, *_ = chat_events("Hello")
    closed = threading.Event()
    csi_server.answer("/csi/v2/chat_stream", Events([begin, b": waiting\n\n", append], chunked, held=closed))

    with DevCsi().chat_stream("model", HELLO) as response:
        assert next(response.stream()) == MessageAppend("Hello")

    assert closed.wait(10), "leaving the block closes the connection"


def test_a_stream_nobody_reads_is_closed_too(csi_server: CsiServer) -> None:
    closed = threading.Event()
    csi_server.answer("/csi/v1/completion_stream", Events([event("append", text="a", logprobs=[])], held=closed))

    with DevCsi().completion_stream("model", "prompt"):
        pass

    assert closed.wait(10)


def test_an_interrupted_reader_leaves_no_connection(csi_server: CsiServer) -> None:
    closed = threading.Event()
    csi_server.answer("/csi/v2/chat_stream", Events(chat_events("Hello")[:2], held=closed))

    with pytest.raises(KeyboardInterrupt), DevCsi().chat_stream("model", HELLO):
        raise KeyboardInterrupt

    assert closed.wait(10)


def test_a_stream_that_falls_silent_is_given_up(csi_server: CsiServer) -> None:
    closed = threading.Event()
    csi_server.answer("/csi/v2/chat_stream", Events(chat_events("Hello")[:2], held=closed))

    with DevCsi(timeout=0.05).chat_stream("model", HELLO) as response, pytest.raises(KernelTimeout):
        list(response.stream())

    assert closed.wait(10)


def test_a_stream_that_breaks_off_is_an_error(csi_server: CsiServer) -> None:
    csi_server.answer("/csi/v2/chat_stream", Events(chat_events("Hello")[:2], broken=True))

    with DevCsi().chat_stream("model", HELLO) as response, pytest.raises(KernelUnreachable, match="broke off"):
        list(response.stream())


def test_events_of_another_shape_are_named(csi_server: CsiServer) -> None:
    csi_server.answer("/csi/v1/completion_stream", Events([event("append", txt="a")]))
    csi_server.answer("/csi/v2/chat_stream", Events([event("surprise")]))

    with pytest.raises(KernelAnswerInvalid, match="text"):
        DevCsi().completion_stream("model", "prompt").next()
    with pytest.raises(KernelAnswerInvalid, match="Unexpected event:"):
        DevCsi().chat_stream("model", HELLO)


def test_an_answer_that_is_no_stream_is_named(csi_server: CsiServer) -> None:
    csi_server.answer("/csi/v1/completion_stream", Answer("<html>please log in</html>"))

    with pytest.raises(KernelAnswerInvalid, match="is it the address of a kernel"):
        DevCsi().completion_stream("model", "prompt")


def test_a_completion_stream_is_read(csi_server: CsiServer) -> None:
    events = [
        event("append", text="Hello, ", logprobs=[]),
        event("append", text="world!", logprobs=[]),
        event("end", finish_reason="length"),
        event("usage", usage={"prompt": 4, "completion": 64}),
    ]
    csi_server.answer("/csi/v1/completion_stream", Events(events))

    with DevCsi().completion_stream("model", "prompt") as response:
        assert "".join(append.text for append in response.stream()) == "Hello, world!"
        assert response.finish_reason() is FinishReason.LENGTH
        assert response.usage() == TokenUsage(4, 64)


# Settings


def without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PHARIA_KERNEL_ADDRESS", "PHARIA_AI_TOKEN", "AA_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def test_a_missing_address_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_settings(monkeypatch)
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SettingMissing, match="the environment variable PHARIA_KERNEL_ADDRESS is not set") as caught:
        DevCsi()
    assert isinstance(caught.value, KeyError)
    assert str(tmp_path) in str(caught.value)


def test_an_address_without_a_scheme_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHARIA_KERNEL_ADDRESS", "kernel.example:8081")

    with pytest.raises(SettingInvalid, match="http://"):
        DevCsi()


def test_settings_are_found_in_a_file_above_the_working_directory(
    csi_server: CsiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_settings(monkeypatch)
    (tmp_path / ".env").write_text(f"PHARIA_KERNEL_ADDRESS={csi_server.address}/\nPHARIA_AI_TOKEN=from-the-file\n")
    inner = tmp_path / "project" / "tests"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    csi_server.answer("/csi/v1/complete", Answer([COMPLETION]))

    DevCsi().complete("model", "prompt")

    assert csi_server.asked[0].headers["authorization"] == "Bearer from-the-file"
    assert csi_server.paths == ["/csi/v1/complete"]
    without_settings(monkeypatch)


def test_what_is_set_is_stronger_than_the_file(csi_server: CsiServer, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PHARIA_KERNEL_ADDRESS=http://127.0.0.1:9\n")

    assert Client().kernel_address == Client().engine_address == csi_server.address


def test_arguments_are_stronger_than_what_is_set(csi_server: CsiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHARIA_KERNEL_ADDRESS", "http://127.0.0.1:9")
    csi_server.answer("/csi/v1/complete", Answer([COMPLETION]))

    DevCsi(address=csi_server.address, token="mine").complete("model", "prompt")

    assert csi_server.asked[0].headers["authorization"] == "Bearer mine"


def test_the_oldest_name_of_the_token_still_works(csi_server: CsiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PHARIA_AI_TOKEN")
    monkeypatch.setenv("AA_API_TOKEN", "old")
    csi_server.answer("/csi/v1/complete", Answer([COMPLETION]))

    with pytest.warns(DeprecationWarning, match="PHARIA_AI_TOKEN"):
        csi = DevCsi()
    csi.complete("model", "prompt")

    assert csi_server.asked[0].headers["authorization"] == "Bearer old"


def test_it_is_made_over_another_client_without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    without_settings(monkeypatch)

    class Echo:
        def run(self, function: str, data: Any) -> Any:
            return [COMPLETION | {"text": request["prompt"]} for request in data]

        def stream(self, function: str, data: Any) -> Any:
            yield from ()

    bare = DevCsi.__new__(DevCsi)
    bare.client = Echo()
    for csi in (DevCsi._with_client(Echo()), bare):
        assert csi.complete("model", "prompt").text == "prompt"
        assert csi.namespace is None


def test_a_proxy_of_the_environment_is_used(csi_server: CsiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", csi_server.address)
    monkeypatch.setenv("http_proxy", csi_server.address)
    csi_server.answer("http://kernel.example/csi/v1/complete", Answer([COMPLETION]))

    assert DevCsi(address="http://kernel.example").complete("model", "prompt").text == "Hi"


def make_certificate(folder: Path) -> Path:
    both = folder / "both.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1"
    subprocess.run(
        [*command.split(), "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(both), "-out", str(folder / "c")],
        check=True,
        capture_output=True,
        timeout=60,
    )
    both.write_text(both.read_text() + (folder / "c").read_text())
    return both


def test_certificates_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waits: Waits) -> None:
    certificate = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    monkeypatch.chdir(tmp_path)
    with CsiServer(context) as server:
        server.answer("/csi/v1/complete", Answer([COMPLETION]))
        with pytest.raises(KernelUnreachable, match="REQUESTS_CA_BUNDLE"):
            Client(server.address, sleep=waits.append).run("complete", [{}])
        assert waits == []

        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        assert Client(server.address).run("complete", [{}]) == [COMPLETION]


def test_how_often_to_ask_is_the_callers_choice(csi_server: CsiServer) -> None:
    csi_server.answer("/csi/v1/complete", Answer("busy", 503))

    with pytest.raises(KernelBusy):
        DevCsi(retry=Retry(attempts=1)).complete("model", "prompt")
    assert len(csi_server.asked) == 1


def test_it_is_a_csi_and_gives_its_connections_back(csi_server: CsiServer) -> None:
    csi_server.answer("/csi/v1/complete", Answer([COMPLETION]))
    ask: Callable[[Csi], str] = lambda csi: csi.complete("model", "prompt").text  # noqa: E731

    with DevCsi() as csi:
        assert ask(csi) == "Hi"
