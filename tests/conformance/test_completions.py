"""Each way to ask for completions, in both directions."""

from __future__ import annotations

from typing import Any

import pytest

from pharia_kernel.csi.types import CompleteAnswer, CompleteRequest, TopLogprobs, Usage

from .answers import GIVEN_TOKENS, TOKENS
from .calls import ASKED_0_3, COMPLETE_0_1, COMPLETE_0_2, COMPLETE_0_3, COMPLETE_NOTHING, completion, newest
from .guest import SPLIT, Guest, on
from .scripted_csi import ScriptedCsi

ASKED_0_1 = CompleteRequest("model", "prompt", max_tokens=11, temperature=0.5, top_k=12, top_p=0.25)
ASKED_0_2 = CompleteRequest(
    "model", "prompt", max_tokens=11, temperature=0.5, top_k=12, top_p=0.25, stop=("one", "zwei ✓")
)
ANSWER = CompleteAnswer("Grüße", "length", TOKENS, Usage(7, 2), model="another")
GIVEN_SHORT = {"text": "Grüße", "finish_reason": "length"}
GIVEN = {**GIVEN_SHORT, "logprobs": GIVEN_TOKENS, "usage": {"prompt": 7, "completion": 2}}


@on("unversioned")
async def test_the_first_skills_name_the_prompt_before_the_model_and_get_text(guest: Guest) -> None:
    csi = ScriptedCsi(complete=[ANSWER])
    assert await guest.do(csi, ["call", "csi", "complete-text", "prompt", "model"]) == ["Grüße"]
    assert csi.asked == [("complete", [CompleteRequest("model", "prompt", max_tokens=128)])]


@on("0.1")
async def test_four_settings_arrive_from_line_0_1(guest: Guest) -> None:
    csi = ScriptedCsi(complete=[ANSWER])
    assert await guest.do(csi, ["call", "csi", "complete", "model", "prompt", COMPLETE_0_1]) == [GIVEN_SHORT]
    assert csi.asked == [("complete", [ASKED_0_1])]


@on("0.1")
@pytest.mark.parametrize("params", [None, dict.fromkeys(COMPLETE_0_1)])
async def test_line_0_1_gets_128_tokens_if_it_does_not_say_how_many(guest: Guest, params: Any) -> None:
    csi = ScriptedCsi(complete=[ANSWER])
    await guest.do(csi, ["call", "csi", "complete", "model", "prompt", params])
    assert csi.asked == [("complete", [CompleteRequest("model", "prompt", max_tokens=128)])]


@on("0.1")
async def test_line_0_1_may_ask_for_no_token_at_all(guest: Guest) -> None:
    csi = ScriptedCsi(complete=[ANSWER])
    await guest.do(
        csi, ["call", "csi", "complete", "model", "prompt", {**dict.fromkeys(COMPLETE_0_1), "max_tokens": 0}]
    )
    assert csi.asked == [("complete", [CompleteRequest("model", "prompt", max_tokens=0)])]


@on("0.2")
@pytest.mark.parametrize(("function", "special"), [("complete", False), ("complete-return-special-tokens", True)])
async def test_line_0_2_chooses_special_tokens_by_function(guest: Guest, function: str, special: bool) -> None:
    csi = ScriptedCsi(complete=[ANSWER])
    assert await guest.do(csi, ["call", "csi", function, "model", "prompt", COMPLETE_0_2]) == [GIVEN_SHORT]
    (asked,) = csi.asked[0][1]
    assert asked.special_tokens is special
    assert (asked.stop, asked.max_tokens, asked.logprobs, asked.echo) == (("one", "zwei ✓"), 11, "no", False)


@on("0.2")
async def test_line_0_2_sets_no_limit_by_itself(guest: Guest) -> None:
    csi = ScriptedCsi(complete=[ANSWER])
    await guest.do(csi, ["call", "csi", "complete", "model", "prompt", {**dict.fromkeys(COMPLETE_0_1), "stop": []}])
    assert csi.asked == [("complete", [CompleteRequest("model", "prompt")])]


@on("0.2")
async def test_line_0_2_completes_a_list(guest: Guest) -> None:
    csi = ScriptedCsi(complete=[ANSWER, CompleteAnswer("b", "content-filter")])
    second = {"model": "m2", "prompt": "", "params": {**dict.fromkeys(COMPLETE_0_1), "stop": []}}
    (answers,) = await guest.do(csi, ["call", "csi", "complete-all", [completion(**COMPLETE_0_2), second]])
    assert answers == [GIVEN_SHORT, {"text": "b", "finish_reason": "content-filter"}]
    assert csi.asked == [("complete", [ASKED_0_2, CompleteRequest("m2", "")])]


@on("0.3")
async def test_line_0_3_has_no_echo_in_its_first_function(guest: Guest) -> None:
    csi = ScriptedCsi(complete=[ANSWER])
    assert await guest.do(csi, ["call", "inference", "complete", [completion(**COMPLETE_0_3)]]) == [[GIVEN]]
    assert csi.asked == [("complete", [ASKED_0_3])]


@on(*SPLIT)
@pytest.mark.parametrize("echo", [True, False])
async def test_echo_is_passed_where_the_line_has_it(guest: Guest, echo: bool) -> None:
    csi = ScriptedCsi(complete=[ANSWER])
    function = "complete-v2" if guest.line == "0.3" else "complete"
    assert await guest.do(csi, ["call", "inference", function, [completion(**COMPLETE_0_3, echo=echo)]]) == [[GIVEN]]
    (asked,) = csi.asked[0][1]
    assert asked.echo is echo
    assert (asked.logprobs, asked.presence_penalty, asked.special_tokens) == (TopLogprobs(3), 1.75, True)


@on(*SPLIT)
async def test_what_is_not_given_stays_away(guest: Guest) -> None:
    csi = ScriptedCsi(complete=[CompleteAnswer("", "stop")])
    (answers,) = await guest.do(
        csi, ["call", "inference", "complete", [completion(**newest(guest.line, COMPLETE_NOTHING))]]
    )
    empty = {"text": "", "finish_reason": "stop", "logprobs": [], "usage": {"prompt": 0, "completion": 0}}
    assert answers == [empty]
    assert csi.asked == [("complete", [CompleteRequest("model", "prompt")])]


@on(*SPLIT)
@pytest.mark.parametrize(
    ("given", "asked"),
    [("no", "no"), ("sampled", "sampled"), ({"top": 0}, TopLogprobs(0)), ({"top": 20}, TopLogprobs(20))],
)
async def test_log_probabilities_are_asked_for_as_given(guest: Guest, given: Any, asked: Any) -> None:
    csi = ScriptedCsi(complete=[ANSWER])
    params = newest(guest.line, {**COMPLETE_NOTHING, "logprobs": given})
    await guest.do(csi, ["call", "inference", "complete", [completion(**params)]])
    assert csi.asked == [("complete", [CompleteRequest("model", "prompt", logprobs=asked)])]


@on(*SPLIT)
async def test_requests_of_one_list_arrive_together_and_are_answered_in_order(guest: Guest) -> None:
    csi = ScriptedCsi(complete=[CompleteAnswer(text, "stop") for text in "abc"])
    requests = [{"model": model, "prompt": "p", "params": newest(guest.line, COMPLETE_NOTHING)} for model in "xyz"]
    (answers,) = await guest.do(csi, ["call", "inference", "complete", requests])
    assert [answer["text"] for answer in answers] == ["a", "b", "c"]
    assert csi.asked == [("complete", [CompleteRequest(model, "p") for model in "xyz"])]


@on(*SPLIT)
async def test_an_empty_list_is_answered_by_an_empty_list(guest: Guest) -> None:
    csi = ScriptedCsi(complete=[], chat=[])
    steps = [["call", "inference", "complete", []], ["call", "inference", "chat", []]]
    assert await guest.do(csi, *steps) == [[], []]
    assert csi.asked == [("complete", []), ("chat", [])]
