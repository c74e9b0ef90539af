"""Reading case files."""

from __future__ import annotations

import re
from pathlib import Path

from luaskills.testing.case import Case, CaseProblem, Expectation
from luaskills.testing.case_answers import merged, read_answers
from luaskills.testing.fields import Fields
from luaskills.testing.lined_yaml import YamlProblem, read_lined
from luaskills.testing.package import case_files, packages_at
from luaskills.types import InvocationContext, Json, Profile

_CONTEXT = ("request_context", "client_budget", "tool_config")
_SHARED = ("beside", "config", "context", "databases", "host_tools", "models", "profile")
_CASE = (*_SHARED, "args", "entry", "expect", "help", "name", "recording")
_EXPECT = (
    *("calls", "config", "contains", "content", "error", "host_result", "json", "lacks", "matches"),
    *("overflow_mode", "printed", "template_hint"),
)


def cases_at(path: Path | str) -> list[Case]:
    """The cases of a file, of a package, or of the packages in a folder; raises CaseProblem and ManifestError."""
    path = Path(path)
    if path.is_file():
        return read_cases(path, packages_at(path)[0])
    return [case for package in packages_at(path) for file in case_files(package) for case in read_cases(file, package)]


def read_cases(file: Path, package: Path) -> list[Case]:
    """The cases of one file; raises :class:`CaseProblem`."""
    try:
        document = read_lined(file)
    except YamlProblem as error:
        raise CaseProblem(file, error.line, str(error)) from None
    whole = Fields.of(file, document, (), document.value, "a case file")
    whole.only("a case file", ("cases", *_SHARED))
    cases = [_case(fields, whole, package) for fields in whole.items("cases")]
    if not cases:
        raise whole.problem(None, "there are no `cases`")
    seen: dict[str, int] = {}
    for case in cases:
        if case.name in seen:
            raise CaseProblem(file, case.line, f"the case of line {seen[case.name]} has the name {case.name!r} too")
        seen[case.name] = case.line
    return cases


def _case(fields: Fields, whole: Fields, package: Path) -> Case:
    fields.only("a case", _CASE)
    name = fields.text("name")
    if not name:
        raise fields.problem(None, "a case needs a `name`")
    entry, help_node = fields.text("entry"), fields.text("help")
    if (entry is None) == (help_node is None):
        raise fields.problem(None, "a case needs either `entry`, which it calls, or `help`, which it renders")
    folder, recording = fields.file.parent, fields.text("recording")
    return Case(
        name=name,
        package=package,
        file=fields.file,
        line=fields.line,
        entry=entry,
        help=help_node,
        args=fields.mapping("args"),
        context=_context(fields, whole),
        config=_config(whole) | _config(fields),
        beside=tuple((folder / path).resolve() for path in (*whole.texts("beside"), *fields.texts("beside"))),
        answers=merged(read_answers(whole, always=True), read_answers(fields, always=False)),
        recording=None if recording is None else folder / "recordings" / f"{recording}.yaml",
        profile=_profile(fields) or _profile(whole),
        expect=_expectation(fields),
    )


def _context(fields: Fields, whole: Fields) -> InvocationContext:
    parts: dict[str, dict[str, Json]] = {}
    for level in (whole, fields):
        context = level.inner("context")
        context.only("`context`", _CONTEXT)
        parts |= {key: context.mapping(key) for key in _CONTEXT if key in context.value}
    return InvocationContext(**parts)


def _config(fields: Fields) -> dict[str, str]:
    inner = fields.inner("config")
    return {key: inner.text(key) or "" for key in inner.value}


def _profile(fields: Fields) -> str | None:
    value = fields.text("profile")
    known = [profile.value for profile in Profile]
    if value is not None and value not in known:
        raise fields.problem("profile", f"`profile` must be one of {', '.join(known)}: {value!r}")
    return value


def _expectation(fields: Fields) -> Expectation:
    value = fields.value.get("expect")
    if value is None or value == {}:
        raise fields.problem("expect", "a case needs `expect`: a text, or what is known about the result")
    if isinstance(value, str):
        return Expectation(content=value)
    expect = fields.inner("expect")
    expect.only("`expect`", _EXPECT)
    _check_pattern(expect)
    calls = [dict(call.value) for call in expect.items("calls")] if "calls" in expect.value else None
    return Expectation(
        content=expect.text("content"),
        contains=expect.texts("contains"),
        lacks=expect.texts("lacks"),
        matches=expect.text("matches"),
        json=expect.value.get("json"),
        has_json="json" in expect.value,
        overflow_mode=expect.text("overflow_mode"),
        template_hint=expect.text("template_hint"),
        host_result=expect.mapping("host_result") if "host_result" in expect.value else None,
        error=expect.text("error"),
        config=expect.mapping("config") if "config" in expect.value else None,
        calls=None if calls is None else tuple(calls),
        printed=expect.texts("printed"),
    )


def _check_pattern(expect: Fields) -> None:
    try:
        re.compile(expect.text("matches") or "")
    except re.error as error:
        raise expect.problem("matches", f"`matches` is no regular expression: {error}") from None
