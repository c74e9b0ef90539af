"""The fixtures that pytest offers where the SDK is installed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from pharia_skill.testing import DevCsi, RecordingCsi, ScriptedCsi, StubCsi

LOADED_ONCE = (DevCsi, ScriptedCsi)
"""Inner runs of pytest forget what they import; what is there before stays."""

pytest_plugins = ["pytester"]


Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A pytest of its own, with this plugin and no other."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini("[pytest]\nfilterwarnings = error\n")

    def run(*arguments: str) -> pytest.RunResult:
        # Without its fault handler: at the end it would take signal handlers of this process away, wasmtime's too.
        return pytester.runpytest_inprocess("-p", "pharia_skill_pytest", "-p", "no:faulthandler", *arguments)

    return run


def test_stand_ins_are_fixtures(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(
        """
        from pharia_skill import Message, MessageBegin

        def test_stub(stub_csi):
            assert stub_csi.complete("m", "p").text == "p"

        def test_scripted(scripted_csi):
            scripted_csi.answer_chat("Hi")
            assert scripted_csi.chat("m", [Message.user("?")]).message.content == "Hi"

        def test_recorder(message_recorder):
            message_recorder.begin_message("assistant")
            assert message_recorder.items == [MessageBegin("assistant")]
        """
    )

    run().assert_outcomes(passed=3)


def test_a_test_that_passes_must_have_used_every_answer(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(
        """
        def test_passes(scripted_csi):
            scripted_csi.answer_chat("Hi")

        def test_fails(scripted_csi):
            scripted_csi.answer_chat("Hi")
            assert False
        """
    )

    result = run()

    result.assert_outcomes(passed=1, failed=1, errors=1)
    result.stdout.fnmatch_lines(["*AnswersLeft: the skill did not ask for all answers*"])


CALLING = """
    import pytest
    from pharia_skill import Message
    from pharia_skill.testing import ScriptedCsi

    @pytest.fixture
    def live_csi():
        csi = ScriptedCsi()
        csi.answer_chat("from the kernel")
        return csi

    @pytest.mark.parametrize("name", ["Bob/Alice"])
    def test_hello(recorded_csi, name):
        answer = recorded_csi.chat("m", [Message.user(f"Hello {name}")])
        assert answer.message.content == "from the kernel"
"""


def recording(pytester: pytest.Pytester) -> Path:
    (path,) = (pytester.path / "recordings").rglob("*.json")
    return path


def test_calls_are_recorded_once_and_answered_from_the_file(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(test_greeting=CALLING)

    without = run()
    without.assert_outcomes(errors=1)
    without.stdout.fnmatch_lines(["*RecordingUnreadable: no calls are recorded in*--csi-record*"])

    run("--csi-record-missing").assert_outcomes(passed=1)
    assert recording(pytester).relative_to(pytester.path) == Path("recordings/test_greeting/test_hello-Bob-Alice.json")

    pytester.makepyfile(test_greeting=CALLING.replace('csi.answer_chat("from the kernel")', "pass"))
    run("--csi-record-missing").assert_outcomes(passed=1)
    run("--csi-record").assert_outcomes(failed=1)


def test_a_request_that_changed_fails_until_it_is_recorded_again(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(test_greeting=CALLING)
    run("--csi-record").assert_outcomes(passed=1)
    before = recording(pytester).read_text()

    pytester.makepyfile(test_greeting=CALLING.replace("Hello {name}", "Goodbye {name}"))
    changed = run()
    changed.assert_outcomes(failed=1)
    changed.stdout.fnmatch_lines(["*-*Hello Bob/Alice*", "*+*Goodbye Bob/Alice*"])
    assert recording(pytester).read_text() == before

    run("--csi-record").assert_outcomes(passed=1)
    assert "Goodbye" in recording(pytester).read_text()


def test_a_recording_of_a_test_that_fails_is_not_kept(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(test_greeting=CALLING.replace('== "from the kernel"', "is None"))

    run("--csi-record", "-o", "csi_recordings=cassettes").assert_outcomes(failed=1)
    assert not (pytester.path / "cassettes").exists()

    pytester.makepyfile(test_greeting=CALLING)
    run("--csi-record", "-o", "csi_recordings=cassettes").assert_outcomes(passed=1)
    (path,) = (pytester.path / "cassettes").rglob("*.json")
    assert json.loads(path.read_text())["calls"][0]["function"] == "chat"


def test_a_test_that_asks_less_than_recorded_fails(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(test_less="def test_less(recorded_csi): pass")
    with RecordingCsi(StubCsi(), pytester.path / "recordings" / "test_less" / "test_less.json") as csi:
        csi.complete("m", "p")

    result = run()

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*1 recorded calls were not asked for: complete*"])


def test_without_a_kernel_the_missing_setting_is_named(
    pytester: pytest.Pytester,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PHARIA_KERNEL_ADDRESS", raising=False)
    pytester.makepyfile("def test_live(recorded_csi): pass")

    result = run("--csi-record")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*SettingMissing: the environment variable PHARIA_KERNEL_ADDRESS is not set*"])


def loaded(code: str) -> set[str]:
    """The modules that are there after some code ran in a process of its own."""
    script = f"{code}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60)
    return set(json.loads(shown.stdout))


def test_pytest_finds_the_plugin_where_the_sdk_is_installed() -> None:
    (point,) = (point for point in entry_points(group="pytest11") if point.name == "pharia-skill")

    assert point.value == "pharia_skill_pytest"


def test_loading_the_plugin_loads_nothing_else() -> None:
    assert not loaded("import pharia_skill_pytest") & {"pharia_skill", "pydantic", "requests", "opentelemetry"}


@pytest.mark.parametrize(
    "code",
    [
        "import pharia_skill",
        "from pharia_skill.testing import StubCsi, MessageRecorder, ScriptedCsi, RecordingCsi, ReplayCsi",
        "from pharia_skill.testing.dev import MessageRecorder, RecordedMessage",
    ],
)
def test_tests_without_a_kernel_load_neither_http_nor_tracing(code: str) -> None:
    assert not loaded(code) & {"requests", "urllib3", "opentelemetry", "dotenv"}


def test_every_name_of_the_testing_package_can_be_imported() -> None:
    from pharia_skill import testing

    assert all(getattr(testing, name) for name in testing.__all__)
    assert testing.Response.__name__ == "MessageWriter"
    with pytest.raises(AttributeError, match="no attribute 'Nope'"):
        testing.Nope  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'Nope'"):
        testing.dev.Nope  # noqa: B018
