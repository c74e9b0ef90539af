"""Real texts, in the real process."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from pharia_kernel.csi.language import LanguageOptions, LanguageSelector
from pharia_kernel.csi.language.process import DetectorProcess, ProcessEnded
from pharia_kernel.csi.language.selection import CODES
from pharia_kernel.csi.language_detector import Question, frame
from pharia_kernel.csi.types import LanguageRequest
from pharia_kernel.errors import BackendTimeout, BackendUnavailable, InvalidCsiRequest, NotConfigured

pytestmark = pytest.mark.asyncio(loop_scope="module")

_ENGLISH = "This is a sentence in the language of the island."
_GERMAN = "Dies ist ein Satz in der Sprache der Dichter und Denker."
_FRENCH = "Ceci est une phrase dans une langue que personne ne cherche ici."
_LONG_WORD = LanguageRequest("x" * 1_000_000, ("deu", "eng"))
"""Takes minutes."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def selector() -> AsyncIterator[LanguageSelector]:
    async with LanguageSelector(LanguageOptions(processes=1, text_bytes=1_000_000)) as selector:
        yield selector


@pytest.mark.parametrize(("text", "code"), [(_ENGLISH, "eng"), (_GERMAN, "deu"), (_FRENCH, None), ("", None)])
async def test_the_convincing_candidate_is_selected(selector: LanguageSelector, text: str, code: str | None) -> None:
    assert await selector.select(LanguageRequest(text, ("eng", "deu"))) == code


async def test_the_order_and_number_of_candidates_do_not_matter(selector: LanguageSelector) -> None:
    assert await selector.select(LanguageRequest(_GERMAN, ("deu", "eng", "deu", "deu"))) == "deu"


async def test_no_candidates_give_no_language(selector: LanguageSelector) -> None:
    assert await selector.select(LanguageRequest(_ENGLISH, ())) is None


@pytest.mark.parametrize(("text", "code"), [(_ENGLISH, "eng"), ("日本語のテキスト", None), ("", None)])
async def test_a_single_candidate_is_selected_unless_it_is_impossible(
    selector: LanguageSelector, text: str, code: str | None
) -> None:
    assert await selector.select(LanguageRequest(text, ("eng",))) == code


async def test_every_code_can_be_a_candidate(selector: LanguageSelector) -> None:
    assert len(CODES) == 75
    # Only the letters decide here, so that not every language has to be loaded.
    found = [await selector.select(LanguageRequest("ქართული ენა", (code,))) for code in sorted(CODES)]
    assert {code for code in found if code is not None} == {"kat"}
    assert await selector.select(LanguageRequest("ქართული ენა", tuple(CODES))) == "kat"


@pytest.mark.parametrize("code", ["foo", "en", "ENG", "", "x" * 1000])
async def test_an_unknown_code_is_named(selector: LanguageSelector, code: str) -> None:
    with pytest.raises(InvalidCsiRequest, match=f"language '{code[:40]}' is unsupported"):
        await selector.select(LanguageRequest(_ENGLISH, ("eng", code)))


@pytest.mark.parametrize("text", ["a" * 1_000_001, "ä" * 500_001])
async def test_a_text_that_is_too_long_is_refused(selector: LanguageSelector, text: str) -> None:
    with pytest.raises(InvalidCsiRequest, match="1,000,000 bytes"):
        await selector.select(LanguageRequest(text, ("eng",)))


async def test_half_a_character_is_refused(selector: LanguageSelector) -> None:
    with pytest.raises(InvalidCsiRequest, match="surrogate"):
        await selector.select(LanguageRequest("a\ud800", ("eng",)))


async def test_a_process_is_used_again(selector: LanguageSelector) -> None:
    await selector.select(LanguageRequest(_ENGLISH, ("eng",)))
    before = selector.idle[0].process_id
    await selector.select(LanguageRequest(_GERMAN, ("deu",)))
    assert [process.process_id for process in selector.idle] == [before]


async def test_a_process_that_has_died_is_replaced(selector: LanguageSelector) -> None:
    await selector.select(LanguageRequest(_ENGLISH, ("eng",)))
    os.kill(selector.idle[0].process_id, signal.SIGKILL)
    assert await selector.select(LanguageRequest(_ENGLISH, ("eng",))) == "eng"


async def test_a_process_that_has_used_much_memory_is_ended(selector: LanguageSelector) -> None:
    async with LanguageSelector(LanguageOptions(memory_bytes=1)) as frugal:
        assert await frugal.select(LanguageRequest(_ENGLISH, ("eng",))) == "eng"
        assert frugal.idle == ()


async def test_a_text_that_takes_too_long_is_given_up_and_the_next_is_answered() -> None:
    async with LanguageSelector(LanguageOptions(processes=1, answer_seconds=0.5)) as hasty:
        with pytest.raises(BackendTimeout, match=r"within 0\.5 s"):
            await hasty.select(_LONG_WORD)
        assert hasty.idle == ()


async def test_a_cancelled_request_ends_its_process_and_frees_its_place(selector: LanguageSelector) -> None:
    task = asyncio.create_task(selector.select(_LONG_WORD))
    await asyncio.sleep(0)
    task.cancel()
    assert await selector.select(LanguageRequest(_ENGLISH, ("eng",))) == "eng"
    assert task.cancelled()


async def test_a_process_that_dies_amid_its_work_says_so() -> None:
    process = await DetectorProcess.start()
    asking = asyncio.create_task(process.ask(frame(Question(_LONG_WORD.text, ["deu", "eng"]))))
    os.kill(process.process_id, signal.SIGKILL)
    with pytest.raises(ProcessEnded):
        await asking
    await process.end()


async def test_leaving_ends_the_processes() -> None:
    selector = LanguageSelector()
    async with selector:
        await selector.select(LanguageRequest(_ENGLISH, ("eng",)))
        process_id = selector.idle[0].process_id
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)
    with pytest.raises(BackendUnavailable):
        await selector.select(LanguageRequest(_ENGLISH, ("eng",)))


async def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pharia_kernel.csi.language.selector.find_spec", lambda name: None)
    async with LanguageSelector() as selector:
        with pytest.raises(NotConfigured, match=r'pip install "pharia-kernel\[language\]"'):
            await selector.select(LanguageRequest(_ENGLISH, ("eng",)))


async def test_a_process_survives_a_fault_of_the_detector() -> None:
    process = await DetectorProcess.start()
    verdict = await process.ask(frame(Question("text", ["not a code"])))
    assert verdict.error == "AttributeError"
    assert (await process.ask(frame(Question(_ENGLISH, ["eng"])))).code == "eng"
    await process.end()
