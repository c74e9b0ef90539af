"""What is sent to ``/complete`` and ``/explain``."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from pharia_kernel.csi.inference.aleph_alpha.bodies import completion_body, explanation_body
from pharia_kernel.csi.types import CompleteRequest, ExplainRequest, TopLogprobs
from pharia_kernel.errors import UnsupportedOperation

_LEAST = {"model": "m", "prompt": [{"type": "text", "data": "Once"}]}


def _sent(stream: bool = False, **members: Any) -> Any:
    return msgspec.json.decode(completion_body(CompleteRequest("m", "Once", **members), stream=stream))


def test_what_was_not_given_is_not_sent() -> None:
    assert _sent() == _LEAST


def test_every_parameter_has_its_name() -> None:
    sent = _sent(
        max_tokens=1,
        temperature=0.5,
        top_k=2,
        top_p=0.25,
        stop=("a", "b"),
        frequency_penalty=0.125,
        presence_penalty=-0.5,
        echo=True,
    )
    assert sent == _LEAST | {
        "maximum_tokens": 1,
        "temperature": 0.5,
        "top_k": 2,
        "top_p": 0.25,
        "stop_sequences": ["a", "b"],
        "frequency_penalty": 0.125,
        "presence_penalty": -0.5,
        "echo": True,
    }


def test_zero_is_a_value() -> None:
    assert _sent(temperature=0.0, max_tokens=0) == _LEAST | {"temperature": 0.0, "maximum_tokens": 0}


def test_special_tokens_are_asked_for_as_a_raw_completion() -> None:
    assert _sent(special_tokens=True) == _LEAST | {"raw_completion": True}


@pytest.mark.parametrize(("mode", "number"), [("sampled", 0), (TopLogprobs(0), 0), (TopLogprobs(3), 3)])
def test_log_probabilities_come_with_their_tokens(mode: Any, number: int) -> None:
    assert _sent(logprobs=mode) == _LEAST | {"log_probs": number, "tokens": True}


def test_a_stream_says_so() -> None:
    assert _sent(stream=True) == _LEAST | {"stream": True}


def test_a_seed_is_refused_because_it_would_have_no_effect() -> None:
    with pytest.raises(UnsupportedOperation, match="no seed"):
        _sent(seed=7)


@pytest.mark.parametrize("granularity", ["word", "sentence", "paragraph"])
def test_an_explanation_has_a_granularity(granularity: Any) -> None:
    sent = msgspec.json.decode(explanation_body(ExplainRequest("Once", "upon", "m", granularity)))
    assert sent == _LEAST | {"target": "upon", "prompt_granularity": {"type": granularity}}


def test_the_api_chooses_the_granularity_by_itself() -> None:
    assert msgspec.json.decode(explanation_body(ExplainRequest("Once", "upon", "m"))) == _LEAST | {"target": "upon"}
