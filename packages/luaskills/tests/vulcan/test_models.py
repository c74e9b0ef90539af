"""`vulcan.models`."""

from __future__ import annotations

import json

import pytest

from luaskills.types import InvocationContext


def failing(text):
    def callback(_request):
        raise RuntimeError(text)

    return callback


# row 112
def test_without_callbacks(each):
    assert each.json("return vulcan.models.status()") == {"ok": True, "capabilities": {"embed": False, "llm": False}}
    for call, text in (
        ("embed('a')", "embedding callback is not registered"),
        ("llm('a', 'b')", "llm callback is not registered"),
    ):
        assert each.json(f"return vulcan.models.{call}")["error"] == {"code": "model_unavailable", "message": text}


def test_capabilities(bench):
    bench.callbacks["model_llm"] = lambda _: None
    code = "local m = vulcan.models return m.has('llm'), m.has('embed'), m.has('x'), m.has(5), m.has(), m.has('llm', 1)"
    assert bench.run(code) == (True, False, False, False, False, False)


# row 116
def test_the_callback_knows_its_caller(each):
    seen = []
    each.callbacks["model_llm"] = lambda request: seen.append(request) or {"assistant": "hi"}
    each.context.request = InvocationContext({"client_info": {"name": "ed"}, "request_id": "r"})
    assert each.run("return vulcan.models.llm('s', 'ü').assistant") == "hi"
    caller = {
        "skill_id": "notes",
        "entry_name": "search",
        "canonical_tool_name": "notes-search",
        "root_name": "USER",
        "skill_dir": str(each.skill_dir),
        "client_name": "ed",
        "request_id": "r",
    }
    assert seen == [{"system": "s", "user": "ü", "caller": caller}]
    each.enter(None)
    each.run("vulcan.models.llm('s', 'u')")
    assert set(seen[1]["caller"]) == set(caller)
    assert seen[1]["caller"]["skill_id"] is None


# rows 110, 111
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("embed()", "vulcan.models.embed: expected 1 argument(s), got 0"),
        ("embed('a', nil)", "vulcan.models.embed: expected 1 argument(s), got 2"),
        ("llm('a')", "vulcan.models.llm: expected 2 argument(s), got 1"),
        ("embed('')", "vulcan.models.embed: text must not be empty"),
        ("embed(' ')", "vulcan.models.embed: text must not be empty"),
        ("embed(5)", "vulcan.models.embed: text must be a string, got integer"),
        ("embed(nil)", "vulcan.models.embed: text must be a string, got nil"),
        ("llm('a', 'b\\0')", "vulcan.models.llm: user must not contain NUL bytes"),
        ("llm('\\255', 'b')", "vulcan.models.llm: system must be a valid UTF-8 string"),
    ],
)
def test_bad_arguments_are_answers(bench, code, message):
    assert bench.json(f"return vulcan.models.{code}") == {
        "ok": False,
        "error": {"code": "invalid_argument", "message": message},
    }


VECTOR = {"vector": [0.5, 1.0], "dimensions": 2, "usage": {"input_tokens": 3, "output_tokens": 4}}
SHOWN = {"ok": True, "vector": [0.5, 1], "dimensions": 2, "usage": {"input_tokens": 3}}


# row 113
@pytest.mark.parametrize(
    "answer", [VECTOR, {"ok": True, **VECTOR}, {"ok": True, "value": VECTOR}, {"ok": True, "result": VECTOR}]
)
def test_answers_bare_and_wrapped(bench, answer):
    bench.callbacks["model_embed"] = lambda _: answer
    assert bench.json("return vulcan.models.embed('a')") == SHOWN


# row 114
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (
            {
                "ok": False,
                "error": {"code": "provider_error", "message": "m", "provider_status": 404, "provider_code": "x"},
            },
            {"code": "provider_error", "message": "m", "provider_status": 404, "provider_code": "x"},
        ),
        (
            {"ok": False, "error": {"code": "odd", "message": "m", "provider_status": 70000}},
            {"code": "internal_error", "message": "m"},
        ),
    ],
)
def test_failures_keep_their_fields(bench, answer, error):
    bench.callbacks["model_embed"] = lambda _: answer
    assert bench.json("return vulcan.models.embed('a')") == {"ok": False, "error": error}
    bench.callbacks["model_embed"] = failing(json.dumps(answer["error"]))
    assert bench.json("return vulcan.models.embed('a')") == {"ok": False, "error": error}


@pytest.mark.parametrize(
    "answer", [None, 5, {}, {"vector": "x", "dimensions": 1}, {"vector": [True], "dimensions": 1}, {"vector": [1]}]
)
def test_ill_typed_answers_are_internal_errors(bench, answer):
    bench.callbacks["model_embed"] = lambda _: answer
    error = bench.json("return vulcan.models.embed('a')")["error"]
    assert error["code"] == "internal_error"
    assert error["message"].startswith("model embed response JSON decode failed: ")


# row 115
def test_a_failure_without_error_and_a_raised_text_are_internal_errors(bench):
    bench.callbacks["model_llm"] = lambda _: {"ok": False}
    assert bench.json("return vulcan.models.llm('a', 'b')")["error"]["code"] == "internal_error"
    for text in ("boom", "5", '{"reason": "boom"}'):
        bench.callbacks["model_llm"] = failing(text)
        error = bench.json("return vulcan.models.llm('a', 'b')")["error"]
        assert error == {"code": "internal_error", "message": text}
