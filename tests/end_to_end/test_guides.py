"""The samples of the guides as components: what they ask for arrives, and what they are given is in their answers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from doubles.openai_stub import Choose, Events, Json, Whole, chat_answer, chat_chunks, completion_answer, delta, usage
from pharia_kernel.errors import SkillReportedError
from pharia_kernel.types import MessageAppend, MessageBegin, MessageEnd, ToolBegin, ToolEnd, ToolFailed

from ..docs.test_skill_guides import PYTHON
from .guide_host import GuideHost, built, guide_host

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(900)]

_OWN = Path(__file__).with_name("skills")
_OWN_SKILLS = ("arithmetic", "multilingual")
_SAMPLES = ("helpdesk", "searching", "news", "extract", "answer", "summarize", "ask")
_BUILDS_AT_ONCE = 2


@pytest.fixture(scope="module")
def folder() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "pharia" / "tests" / "guides"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def components(folder: Path) -> Iterator[dict[str, Future[Path]]]:
    """By name, being built; the text of a sample is that of its page."""
    sources = [_OWN / f"{name}.py" for name in _OWN_SKILLS]
    for block in PYTHON:
        if block.module in _SAMPLES:
            sources.append(folder / f"{block.module}.py")
            sources[-1].write_text(block.text)
    assert {source.stem for source in sources} == {*_SAMPLES, *_OWN_SKILLS}
    with ThreadPoolExecutor(_BUILDS_AT_ONCE) as pool:
        yield {source.stem: pool.submit(built, source, folder) for source in sources}
        pool.shutdown(cancel_futures=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def host(folder: Path) -> AsyncIterator[GuideHost]:
    async with guide_host(folder) as host:
        yield host


class Sample:
    def __init__(self, host: GuideHost, components: dict[str, Future[Path]]) -> None:
        self.host = host
        self._components = components

    async def run(self, name: str, input: Any) -> Any:
        return await self.host.run(await asyncio.wrap_future(self._components[name]), input)

    async def stream(self, name: str, input: Any) -> Any:
        return await self.host.stream(await asyncio.wrap_future(self._components[name]), input)

    def model_answers(self, *replies: Any) -> None:
        self.host.model.replies = list(replies)
        self.host.model.received.clear()

    @property
    def asked(self) -> list[Json]:
        return [received.body for received in self.host.model.received]


@pytest_asyncio.fixture(loop_scope="module")
async def sample(host: GuideHost, components: dict[str, Future[Path]]) -> Sample:
    host.tools.tools = {}
    return Sample(host, components)


def calling(*calls: tuple[str, str]) -> list[Json]:
    functions = [{"name": name, "arguments": arguments} for name, arguments in calls]
    return [{"id": f"c{n}", "type": "function", "function": function} for n, function in enumerate(functions)]


def results(body: Json) -> list[str]:
    return [message["content"] for message in body["messages"] if message["role"] == "tool"]


async def test_tools_are_called_until_the_model_has_something_to_say(sample: Sample) -> None:
    queries: list[str] = []

    def search(query: str) -> str:
        queries.append(query)
        return "Orders take three days."

    sample.host.tools.tools = {"search": search}
    calls = calling(("order_state", '{"number": "A-17"}'), ("search", '{"query": "delivery"}'))
    sample.model_answers(
        Whole(chat_answer(None, finish="tool_calls", tool_calls=calls)),
        Choose(lambda body: Whole(chat_answer(" ".join(results(body))))),
    )
    assert await sample.run("helpdesk", "Where is my order A-17?") == "on its way Orders take three days."
    assert queries == ["delivery"]
    first, _ = sample.asked
    assert {tool["function"]["name"] for tool in first["tools"]} == {"order_state", "search"}
    assert "as printed on the bill" in str(first["tools"]).lower()


async def test_what_the_model_gets_wrong_is_told_to_it(sample: Sample) -> None:
    sample.host.tools.tools = {"search": lambda query: query}
    sample.model_answers(
        Whole(chat_answer(None, finish="tool_calls", tool_calls=calling(("order_state", '{"number": "17"}')))),
        Whole(chat_answer(None, finish="tool_calls", tool_calls=calling(("order_state", '{"number": "A-99"}')))),
        Choose(lambda body: Whole(chat_answer(results(body)[-1]))),
    )
    assert "there is no order A-99" in await sample.run("helpdesk", "Where is it?")
    assert "number" in results(sample.asked[1])[0]


@pytest.mark.parametrize("fails", [False, True])
async def test_a_stream_tells_of_its_search(sample: Sample, fails: bool) -> None:
    def search(query: str) -> str:
        if fails:
            raise LookupError("out of order")
        return query.upper()

    sample.host.tools.tools = {"search": search}
    call = {"index": 0, "id": "c1", "type": "function", "function": {"name": "search", "arguments": '{"query":'}}
    rest = {"index": 0, "function": {"arguments": ' "oats"}'}}
    sample.model_answers(
        Events(
            [delta(role="assistant"), delta(tool_calls=[call]), delta(tool_calls=[rest]), delta("tool_calls"), usage()]
        ),
        Choose(lambda body: Events(chat_chunks("I found ", results(body)[0]))),
    )
    events = await sample.stream("searching", "What is oat milk?")
    said = "out of order" if fails else "OATS"
    told: list[Any] = [ToolBegin("search"), ToolFailed("search", said) if fails else ToolEnd("search")]
    told += [MessageBegin(), MessageAppend(f"search {'failed' if fails else 'was asked'}")]
    assert events[:4] == told
    assert isinstance(events[4], MessageEnd)
    assert said in "".join(event.text for event in events[5:] if isinstance(event, MessageAppend))


async def test_tools_of_the_namespace_are_invoked_at_once(sample: Sample) -> None:
    def fetch(url: str) -> str:
        if url == "b":
            raise LookupError("not there")
        return f"article {url}"

    sample.host.tools.tools = {"search_news": lambda topic: f"a\nb\nc {topic}", "fetch": fetch}
    assert await sample.run("news", "oats") == ["article a", "article c oats"]


async def test_a_tool_that_is_not_there_is_an_exception_of_the_skill(sample: Sample) -> None:
    with pytest.raises(SkillReportedError, match="ToolError: Tool search_news not found on any server"):
        await sample.run("news", "oats")


async def test_tools_are_listed_and_count(sample: Sample) -> None:
    sample.host.tools.tools = {"search": str}
    assert await sample.run("arithmetic", 2) == 42


async def test_an_answer_has_the_type_that_was_asked_for(sample: Sample) -> None:
    good = '{"customer": "Homer", "due": "2030-01-31", "total": 12.5}'
    sample.model_answers(
        Whole(chat_answer('{"customer": "Homer", "due": "soon", "total": 12.5}')), Whole(chat_answer(good))
    )
    found = await sample.run("extract", "Dear Homer, please pay 12.50 until the end of January 2030.")
    assert found == {"customer": "Homer", "due": "2030-01-31", "total": 12.5}
    first, second = sample.asked
    schema = first["response_format"]["json_schema"]["schema"]
    assert set(schema["properties"]) == {"customer", "due", "total"}
    assert "due" in second["messages"][-1]["content"]


async def test_a_schema_is_given_by_hand(sample: Sample) -> None:
    sample.model_answers(Whole(chat_answer('{"answer": "A drink."}')))
    assert await sample.run("answer", "What is oat milk?") == "A drink."
    (body,) = sample.asked
    assert body["response_format"]["json_schema"]["name"] == "answer"
    assert (body["response_format"]["json_schema"]["strict"], body["reasoning_effort"]) == (True, "low")


async def test_a_long_text_is_summarized_part_by_part(sample: Sample) -> None:
    sample.model_answers(Choose(lambda body: Whole(completion_answer(f" {len(body['prompt'])} "))))
    paragraphs = "\n\n".join("oats " * 120 for _ in range(3))
    lines = (await sample.run("summarize", paragraphs)).splitlines()
    assert len(lines) == len(sample.asked) == 3
    assert all(body["max_tokens"] == 128 for body in sample.asked)


@pytest.mark.parametrize(
    ("text", "words"),
    [("Das Wetter ist heute sehr schön.", "In einem Satz:"), ("The weather is very nice today.", "In one sentence:")],
)
async def test_a_text_is_summarized_in_its_language(sample: Sample, text: str, words: str) -> None:
    sample.model_answers(Choose(lambda body: Whole(completion_answer(body["prompt"].splitlines()[-1]))))
    summary = await sample.run("multilingual", {"text": text, "length": "short"})
    assert summary == " ".join([words] * len(sample.asked))
    assert all(body["max_tokens"] == 16 for body in sample.asked)


async def test_questions_are_answered_from_documents(sample: Sample) -> None:
    sample.model_answers(Choose(lambda body: Whole(chat_answer(body["messages"][0]["content"]))))
    found = await sample.run("ask", "Who may work from home?")
    assert found == "Who may work from home?\n\nWho may work from home?\n\nQuestion: Who may work from home?"
