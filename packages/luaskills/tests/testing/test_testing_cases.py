"""Case files: what they may say, how they run, and how failures read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from luaskills.errors import ManifestError
from luaskills.testing import CaseProblem, CaseResult, Settings, cases_at, read_recording, run_case

MakePackage = Callable[..., Path]
pytestmark = pytest.mark.timeout(60)

LUA = """
return function(args)
  if args.fail then error("no " .. args.fail) end
  if args.print then print(args.print) end
  if args.set then vulcan.config.set("key", args.set) end
  if args.ask then return vulcan.json.encode(vulcan.host.call("weather", { city = args.ask })) end
  if args.think then
    local answer = vulcan.models.llm("system", args.think)
    return answer.ok and answer.assistant or answer.error.code .. ": " .. answer.error.message
  end
  if args.embed then return vulcan.json.encode(vulcan.models.embed(args.embed)) end
  if args.sql then return vulcan.json.encode(vulcan.sqlite.query_json({ sql = args.sql })) end
  if args.page then return "long text", "page", "wide" end
  if args.result then return "x", nil, nil, { kind = "table", payload = { rows = 2, name = "n" } } end
  return args.text or vulcan.config.get("key") or "nothing"
end
"""


def results(
    make_package: MakePackage, cases: str, settings: Settings | None = None, more: str = ""
) -> list[CaseResult]:
    package = make_package(LUA, more=more, tests__a=cases)
    file = package / "tests" / "a"
    file.rename(file.with_suffix(".yaml"))
    return [run_case(case, settings) for case in cases_at(package)]


def only(make_package: MakePackage, case: str, more: str = "") -> CaseResult:
    text = "cases:\n  - name: it\n    entry: run\n" + "".join(f"    {line}\n" for line in case.splitlines())
    (result,) = results(make_package, text, more=more)
    return result


@pytest.mark.parametrize(
    "case",
    [
        "args: {text: hello}\nexpect: hello",
        "args: {text: hello}\nexpect: {contains: [he, lo], lacks: x, matches: '^h.*o$'}",
        "args: {fail: bread}\nexpect: {error: no bread}",
        "args: {page: true}\nexpect: {content: long text, overflow_mode: page, template_hint: wide}",
        "args: {text: '{\"a\": [1, 2], \"b\": 3}'}\nexpect: {json: {a: [1, 2]}}",
        "config: {key: kept}\nexpect: kept",
        "args: {set: new}\nconfig: {key: old, other: stays}\nexpect: {config: {key: new, other: stays}}",
        "args: {print: here}\nexpect: {printed: here}",
        "args: {ask: Oslo}\nhost_tools: {weather: {celsius: 3}}\nexpect: {json: {celsius: 3}}",
        "args: {ask: Oslo}\nhost_tools:\n  weather:\n    - {when: {city: Rome}, answer: hot, times: always}\n"
        "    - {when: Oslo, error: no line}\n"
        "expect: {json: {ok: false, error: {code: host_tool_callback_error, message: no line}}}",
        "args: {ask: Oslo}\nexpect: {contains: host_tool_callback_missing}",
        "args: {think: why}\nmodels: {llm: because}\nexpect: because",
        "args: {think: why}\nmodels: {llm: {error: {code: timeout, message: late}}}\nexpect: 'timeout: late'",
        "args: {think: why}\nmodels: {llm: {error: gone}}\nexpect: 'internal_error: gone'",
        "args: {think: why}\nexpect: {contains: model_unavailable}",
        "args: {embed: x}\nmodels: {embed: [0.5, 1]}\nexpect: {json: {vector: [0.5, 1], dimensions: 2}}",
        "args: {embed: x}\nmodels: {embed: {dimensions: 4}}\nexpect: {json: {dimensions: 4}}",
        "args: {ask: Oslo}\nhost_tools: {weather: 1}\n"
        "expect: {calls: [{host_tool: weather, args: {city: Oslo}}]}",
        "args: {think: why}\nmodels: {llm: x}\nexpect: {calls: [{llm: {user: why}}]}",
        "expect: {calls: []}",
        "profile: locked\nargs: {text: hello}\nexpect: hello",
    ],
)  # fmt: skip
def test_a_case_passes_when_all_is_as_expected(make_package: MakePackage, case: str) -> None:
    assert only(make_package, case).problems == ()


def test_a_case_may_answer_for_the_database_and_enable_results(make_package: MakePackage) -> None:
    case = """
databases: {sqlite: {query_json: {rows: [1]}}}
args: {sql: select 1}
expect: {json: {rows: [1]}, calls: [{sqlite: query_json, input: {sql: select 1}}]}
"""
    assert only(make_package, case, "sqlite: {enable: true}\n").problems == ()
    case = """
context: {request_context: {client_capabilities: {host_result: {enabled: true}}}}
args: {result: true}
expect: {host_result: {kind: table, payload: {rows: 2}}}
"""
    assert only(make_package, case).problems == ()


@pytest.mark.parametrize(
    ("case", "problem"),
    [
        ("args: {text: one}\nexpect: two", "the content is not as expected:\n    - two\n    + one"),
        ("args: {text: one}\nexpect: {contains: two}", "the content does not contain 'two':\n    one"),
        ("args: {text: one}\nexpect: {lacks: on}", "the content contains 'on':\n    one"),
        ("args: {text: one}\nexpect: {matches: ^two}", "the content does not match '^two':\n    one"),
        ("args: {text: one}\nexpect: {json: 1}", "the content is not JSON"),
        ("args: {text: '{}'}\nexpect: {json: {a: 1}}", "the JSON of the content is not as expected"),
        ("args: {text: one}\nexpect: {error: boom}", "the call does not fail with 'boom' but gives:\n    one"),
        ("args: {fail: bread}\nexpect: {error: milk}", "the call does not fail with 'milk' but with:"),
        ("args: {fail: bread}\nexpect: x", "the call fails:\n    Lua skill 'notes-run' error: "),
        ("args: {page: true}\nexpect: {overflow_mode: truncate}", "the overflow mode is page, not truncate"),
        ("args: {page: true}\nexpect: {template_hint: x}", "the template hint is 'wide', not 'x'"),
        ("args: {result: true}\nexpect: {host_result: {kind: x}}", "the host_result is not as expected"),
        ("expect: {config: {key: x}}", "the configuration is not as expected"),
        ("args: {print: a}\nexpect: {printed: b}", "'b' was not printed; printed was:\n    a"),
        ("args: {ask: Oslo}\nhost_tools: {weather: 1}\nexpect: {calls: []}", "did not ask its host as expected"),
        (
            "args: {ask: Oslo}\nhost_tools: {weather: [{when: Rome, answer: 1, times: 2}]}\nexpect: {contains: a}",
            "no answer is left for host_tool weather with {'city': 'Oslo'}",
        ),
        (
            "args: {text: a}\nhost_tools: {weather: [{answer: 1}]}\nexpect: a",
            "an answer was not asked for: host_tool weather",
        ),
        ("recording: none\nexpect: x", "nothing is recorded in "),
        ("entry: walk\nexpect: x", "has no entry 'walk' (it has: run)"),
    ],
)
def test_a_failure_says_what_is_different(make_package: MakePackage, case: str, problem: str) -> None:
    if case.startswith("entry"):
        (result,) = results(make_package, "cases: [{name: it, entry: walk, expect: x}]")
    else:
        result = only(make_package, case)
    assert problem in "\n".join(result.problems)
    with pytest.raises(AssertionError, match=r"a\.yaml:\d+: it\n"):
        result.check()


def test_what_a_file_says_goes_for_all_its_cases_unless_they_say_otherwise(make_package: MakePackage) -> None:
    text = """
config: {key: of the file}
models: {llm: from the file}
host_tools: {weather: [{when: Oslo, answer: cold}]}
cases:
  - {name: config, entry: run, expect: of the file}
  - {name: own config, entry: run, config: {key: own}, expect: own}
  - {name: model, entry: run, args: {think: x}, expect: from the file}
  - {name: own model, entry: run, args: {think: x}, models: {llm: own}, expect: own}
  - {name: tool, entry: run, args: {ask: Oslo}, expect: {contains: cold}}
"""
    assert [result.problems for result in results(make_package, text)] == [()] * 5


def test_help_is_rendered(make_package: MakePackage) -> None:
    package = make_package(
        LUA,
        more="help: {main: {name: main, file: help/main.md}, topics: [{name: t, file: help/t.lua}]}\n",
        help__x="",
    )
    (package / "help" / "main.md").write_text("the main text")
    (package / "help" / "t.lua").write_text("return 'made by Lua'")
    (package / "tests").mkdir()
    (package / "tests" / "help.yml").write_text(
        "cases:\n"
        "  - {name: main, help: main, expect: the main text}\n"
        "  - {name: topic, help: t, expect: made by Lua}\n"
        "  - {name: none, help: x, expect: {error: does not declare help flow}}\n"
    )
    assert [run_case(case).problems for case in cases_at(package)] == [(), (), ()]


def test_a_case_is_recorded_and_replayed(make_package: MakePackage) -> None:
    text = "cases: [{name: it, entry: run, args: {ask: Oslo}, recording: oslo, expect: {json: {celsius: 3}}}]"
    asked = []

    def host_tool(request: dict[str, object]) -> object:
        asked.append(request)
        return {"celsius": 3}

    (recorded,) = results(make_package, text, Settings(record={"host_tool": host_tool}))
    assert recorded.passed
    assert recorded.case.recording is not None
    assert read_recording(recorded.case.recording)[0].answer == {"celsius": 3}
    assert run_case(recorded.case).passed
    assert len(asked) == 1
    assert len(cases_at(recorded.case.package)) == 1, "a recording is not taken for a case file"


def test_every_case_starts_from_nothing(make_package: MakePackage) -> None:
    text = """
cases:
  - {name: sets, entry: run, args: {set: x, text: y}, expect: y}
  - {name: does not see it, entry: run, expect: nothing}
"""
    assert [result.problems for result in results(make_package, text)] == [(), ()]


def test_cases_are_found_in_files_packages_and_folders(make_package: MakePackage) -> None:
    for skill_id in ("one", "two"):
        package = make_package(LUA, skill_id)
        (package / "tests" / "inner").mkdir(parents=True)
        (package / "tests" / "inner" / "b.yaml").write_text("cases: [{name: b, entry: run, expect: x}]")
        (package / "tests" / "a.yaml").write_text("cases: [{name: a, entry: run, expect: x}]")
    assert [case.name for case in cases_at(package.parent)] == ["a", "b", "a", "b"]
    assert [case.name for case in cases_at(package)] == ["a", "b"]
    (case,) = cases_at(package / "tests" / "inner" / "b.yaml")
    assert (case.package, str(case)) == (package, "b.yaml: b")
    with pytest.raises(ManifestError, match="there is no"):
        cases_at(package / "none")
    with pytest.raises(ManifestError, match=r"skill\.yaml not found"):
        cases_at(package.parents[1] / "packages" / ".." / "..")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("cases:\n  - name: [", 2, "while parsing a flow node"),
        ("- 1", 1, "a case file must be a mapping"),
        ("cases: []", 1, "there are no `cases`"),
        ("cases:\n  - 5", 2, "an item of `cases` must be a mapping"),
        ("cases:\n  - entry: run\n    expect: x", 2, "a case needs a `name`"),
        ("cases:\n  - name: a\n    expect: x", 2, "a case needs either `entry`"),
        ("cases:\n  - name: a\n    entry: run\n    help: x\n    expect: x", 2, "a case needs either `entry`"),
        ("cases:\n  - name: a\n    entry: run", 2, "a case needs `expect`"),
        ("cases:\n  - name: a\n    entry: run\n    args: 5\n    expect: x", 4, "`args` must be a mapping"),
        ("cases:\n  - name: a\n    entry: run\n    expcet: x", 4, "a case has no `expcet` (it may have: "),
        ("cases:\n  - name: a\n    entry: run\n    expect:\n      contents: x", 5, "`expect` has no `contents`"),
        ("cases:\n  - name: a\n    entry: run\n    expect:\n      content: 5", 5, "must be a text, not 5 (quote it)"),
        ("cases:\n  - name: a\n    entry: run\n    expect:\n      matches: '('", 5, "is no regular expression"),
        ("cases:\n  - name: a\n    entry: run\n    expect: x\n    profile: x", 5, "`profile` must be one of trusted"),
        ("cases:\n  - name: a\n    entry: run\n    expect: x\n    models: {lmm: x}", 5, "`models` has no `lmm`"),
        ("cases:\n  - name: a\n    entry: run\n    expect: x\n    databases: {x: {}}", 5, "`databases` has no `x`"),
        (
            "cases:\n  - name: a\n    entry: run\n    expect: x\n    models:\n      llm:\n        - answer: x\n"
            "          times: 0",
            8,
            "`times` must be a number from 1 on",
        ),
        (
            "cases:\n  - {name: a, entry: run, expect: x}\n  - {name: a, entry: run, expect: x}",
            3,
            "the case of line 2 has the name 'a' too",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(make_package: MakePackage, text: str, line: int, message: str) -> None:
    with pytest.raises(CaseProblem) as caught:
        results(make_package, text)
    assert caught.value.line == line
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{caught.value.file}:{line}: ")


def test_dates_stay_texts(make_package: MakePackage) -> None:
    result = only(make_package, "args: {text: 2024-01-31}\nexpect: '2024-01-31'")
    assert result.problems == ()
    assert json.dumps(dict(result.case.args)) == '{"text": "2024-01-31"}'
