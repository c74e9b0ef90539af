"""What an entry returns and what becomes of it: rows 48 to 64 of the behaviours checklist."""

from __future__ import annotations

import re

import pytest

from luaskills.errors import ResultInvalid
from luaskills.types import InvocationContext


def enabled(**capability):
    return InvocationContext({"client_capabilities": {"host_result": {"enabled": True, **capability}}})


def returning(site, values):
    site.skill("notes", f"return function() return {values} end")
    return site.engine()


# rows 48, 49, 50
@pytest.mark.parametrize(
    ("content", "size", "lines"),
    [("a\\r\\nb", 3, 2), ("", 0, 0), ("x\\n", 2, 2), ("ü\\rx", 4, 2)],
    ids=["crlf", "empty", "newline", "cr"],
)
def test_content_is_kept_and_measured_with_plain_newlines(each, content, size, lines):
    result = returning(each, f'"{content}"').call_skill("notes-run")
    assert result.content == content.encode().decode("unicode_escape").encode("latin-1").decode()
    assert (result.content_bytes, result.content_lines) == (size, lines)


TABLE = "Tool results must be returned as plain strings. Structured JSON or table results are not supported. "


# rows 51, 52, 54, 56
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("{}", TABLE + "(skill='notes-run', actual_type='table')"),
        ("5", TABLE + "(skill='notes-run', actual_type='integer')"),
        ("nil", TABLE + "(skill='notes-run', actual_type='nil')"),
        ("print", TABLE + "(skill='notes-run', actual_type='function')"),
        ("", "Lua skill 'notes-run' must return a plain string result"),
        ("'x', 'cut'", "Lua skill 'notes-run' returned an unsupported overflow mode: cut"),
        ("'x', 5", "Lua skill 'notes-run' must return overflow mode as a string constant"),
        ("'x', nil, 5", "Lua skill 'notes-run' must return template_hint as a string"),
        (
            "1, 2, 3, 4, 5",
            "Lua skill 'notes-run' must return content[, overflow_mode[, template_hint[, host_result]]]",
        ),
    ],
)
def test_a_wrong_result_names_what_is_wrong(each, values, message):
    with pytest.raises(ResultInvalid) as caught:
        returning(each, values).call_skill("notes-run")
    assert str(caught.value) == message


@pytest.mark.parametrize("values", ["'\\255'", "'x', '\\255'", "'x', nil, '\\255'"])
def test_a_text_that_is_not_utf8_is_refused(each, values):
    with pytest.raises(ResultInvalid, match="Lua skill 'notes-run' returned an invalid UTF-8 string: "):
        returning(each, values).call_skill("notes-run")


# rows 53, 55
def test_mode_and_hint_are_normalised(each):
    result = returning(each, "'x', ' page ', '  '").call_skill("notes-run")
    assert (result.overflow_mode, result.template_hint) == ("Page", None)
    assert result.to_json() == {
        "content": "x",
        "overflow_mode": "Page",
        "template_hint": None,
        "content_bytes": 1,
        "content_lines": 1,
    }


def test_the_constants_of_the_runtime_are_modes(each):
    engine = returning(each, "'x', vulcan.runtime.overflow_type.truncate, 'wide'")
    result = engine.call_skill("notes-run")
    assert (result.overflow_mode, result.template_hint) == ("Truncate", "wide")


# row 57
@pytest.mark.parametrize("values", ["'x', nil, nil, {kind='k', payload=1}", "'x', nil, nil, 5"])
def test_a_host_result_nobody_asked_for_is_dropped(each, values):
    engine = returning(each, values)
    for capabilities in ({}, {"host_result": None}, {"host_result": {"enabled": False, "allowed_kinds": ["k"]}}):
        result = engine.call_skill("notes-run", {}, InvocationContext({"client_capabilities": capabilities}))
        assert "host_result" not in result.to_json()


@pytest.mark.parametrize(
    "capability",
    [{"allowed_kinds": 5}, {"allowed_kinds": [" "]}, {"max_payload_bytes": "1"}, {"max_payload_bytes": -1}],
)
def test_a_capability_of_another_shape_limits_nothing_and_skills_see_the_same(site, capability):
    seen = "vulcan.json.encode(vulcan.context.host_result)"
    result = returning(site, f"{seen}, nil, nil, {{kind='k', payload=1}}").call_skill(
        "notes-run", {}, enabled(**capability)
    )
    assert result.content == '{"allowed_kinds":[],"enabled":true}'
    assert result.host_result == {"kind": "k", "payload": 1}


def test_a_host_result_is_handed_over(each):
    engine = returning(each, "'x', nil, nil, {kind=' k ', payload={a={1, 2}}}")
    result = engine.call_skill("notes-run", {}, enabled(allowed_kinds=[" k "], max_payload_bytes=0))
    assert result.host_result == {"kind": "k", "payload": {"a": [1, 2]}}


# rows 58, 59
@pytest.mark.parametrize(
    ("value", "capability", "message"),
    [
        (
            "{kind='k', payload=1}",
            {"allowed_kinds": ["other"]},
            "returned host_result.kind 'k' which is not allowed by the host",
        ),
        (
            "{kind='k', payload={a=1}}",
            {"max_payload_bytes": 3},
            "returned host_result payload 7 bytes larger than host limit 3",
        ),
        ("5", {}, "must return host_result as an object with kind and payload"),
        ("{payload=1}", {}, "must return host_result.kind as one non-empty string"),
        ("{kind=' ', payload=1}", {}, "must return host_result.kind as one non-empty string"),
        ("{kind='k'}", {}, "must return host_result.payload when host_result is enabled"),
    ],
)
def test_a_host_result_keeps_to_the_capability(each, value, capability, message):
    engine = returning(each, f"'x', nil, nil, {value}")
    with pytest.raises(ResultInvalid) as caught:
        engine.call_skill("notes-run", {}, enabled(**capability))
    assert str(caught.value) == f"Lua skill 'notes-run' {message}"


def change_set(site, files, more=""):
    value = f"{{kind='change_set', payload={{mode='preview', files={{{files}}}{more}}}}}"
    return returning(site, f"'x', nil, nil, {value}").call_skill("notes-run", {}, enabled()).host_result["payload"]


HUNK = "before='a', after='b', delete={{line=%s, content='x'}, {line=%s, content='y'}}, insert={}"


# rows 60, 61, 63, 64
@pytest.mark.parametrize(
    ("record", "message"),
    [
        (
            "{change='modify', path='/p'}",
            "files[0].hunks must be present as one non-empty array for modify changes",
        ),
        (
            "{change='create', path='/a', content=''}, {change='modify', path='/p', hunks={}}",
            "files[1].hunks must be present as one non-empty array for modify changes",
        ),
        (
            "{change='modify', path='/p', hunks={{" + HUNK % (3, 2) + "}}}",
            r"files\[0\].hunks\[0\].delete\[1\].line must be strictly increasing",
        ),
        ("{change='rename', old_path='/a'}", "files[0].new_path must be one non-empty string"),
        ("{change='create', path='p', content=''}", "files[0].path must be absolute"),
        ("{change='create', path='/p'}", "files[0].content must be a string"),
        ("{change='delete', path='/p', content_mode='half'}", "files[0].content_mode must be 'full' or 'truncated'"),
        (
            "{change='delete', path='/p', content_mode='truncated'}",
            "files[0].total_line_count must be one non-negative integer",
        ),
        ("{change='burn', path='/p'}", "files[0].change is unsupported"),
        ("{change='create', path='/p', content='', patch=5}", "files[0].patch must be a string"),
    ],
)
def test_a_wrong_change_set_names_the_field(each, record, message):
    with pytest.raises(ResultInvalid) as caught:
        change_set(each, record)
    expected = message if "\\" in message else re.escape(message)
    assert re.fullmatch(f"Lua skill 'notes-run' change_set\\.{expected}", str(caught.value))


# row 62
def test_a_long_deletion_is_shortened(each):
    payload = change_set(each, "{change='delete', path='/p', content=string.rep('l\\n', 500) .. 'last'}")
    (record,) = payload["files"]
    assert (record["content_mode"], record["total_line_count"]) == ("truncated", 501)
    assert record["content_head"].split("\n") == ["l"] * 50
    assert record["content_tail"].split("\n") == ["l"] * 49 + ["last"]
    assert "content" not in record


def test_a_deletion_is_shortened_when_asked_and_its_tail_is_of_the_rest(each):
    content = "string.rep('h\\n', 50) .. 'a\\fb\\226\\128\\168c\\rd\\r\\ne\\n'"
    payload = change_set(each, f"{{change='delete', path='/p', content_mode='truncated', content={content}}}")
    (record,) = payload["files"]
    assert (record["content_mode"], record["total_line_count"]) == ("truncated", 52)
    assert record["content_head"].split("\n") == ["h"] * 50
    assert record["content_tail"].split("\n") == ["a\fb\u2028c\rd", "e"]


def test_a_short_deletion_keeps_its_content(each):
    (record,) = change_set(each, "{change='delete', path='/p', content='a\\nb'}")["files"]
    assert record == {
        "change": "delete",
        "path": "/p",
        "content": "a\nb",
        "content_mode": "full",
        "total_line_count": 2,
    }


def test_the_size_is_checked_after_shortening(each):
    record = "{change='delete', path='/p', content=string.rep('l\\n', 5000)}"
    value = f"{{kind='change_set', payload={{mode='preview', files={{{record}}}}}}}"
    engine = returning(each, f"'x', nil, nil, {value}")
    assert engine.call_skill("notes-run", {}, enabled(max_payload_bytes=1000)).host_result is not None
