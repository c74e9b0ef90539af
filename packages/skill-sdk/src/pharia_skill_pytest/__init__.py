"""Fixtures for tests of skills, as a plugin of pytest.

A package of its own: pytest loads plugins at every start, and ``import pharia_skill`` would make every start slower.
The SDK is loaded by the first test that asks for one of the fixtures.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pharia_skill import Csi
    from pharia_skill.testing import MessageRecorder, ScriptedCsi, StubCsi

_FOLDER = "csi_recordings"
_PASSED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("pharia-skill", "skills")
    group.addoption(
        "--csi-record", action="store_true", help="ask the kernel and record its answers, for tests with recorded_csi"
    )
    group.addoption(
        "--csi-record-missing", action="store_true", help="as --csi-record, where there is no recording yet"
    )
    parser.addini(_FOLDER, "folder of the recordings, relative to the test's file", default="recordings")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "call":
        item.stash[_PASSED] = report.passed
    return report


@pytest.fixture
def stub_csi() -> StubCsi:
    """Answers without being told what."""
    from pharia_skill.testing import StubCsi

    return StubCsi()


@pytest.fixture
def scripted_csi(request: pytest.FixtureRequest) -> Iterator[ScriptedCsi]:
    """Answers as the test says; a test that passes must have used every answer."""
    from pharia_skill.testing import ScriptedCsi

    csi = ScriptedCsi()
    yield csi
    if _passed(request):
        csi.assert_all_used()


@pytest.fixture
def message_recorder() -> MessageRecorder[None]:
    """Takes what a message-stream skill writes."""
    from pharia_skill.testing import MessageRecorder

    return MessageRecorder()


@pytest.fixture
def live_csi() -> Iterator[Csi]:
    """The kernel that recordings are made with; override it to give a namespace, or another Csi."""
    from pharia_skill.testing import DevCsi

    with DevCsi() as csi:
        yield csi


@pytest.fixture
def csi_recording_path(request: pytest.FixtureRequest) -> Path:
    """Where the calls of this test are: ``recordings/<file>/<test>.json`` beside the test's file."""
    name = re.sub(r"[^\w.-]+", "-", request.node.name).strip("-")
    return request.path.parent / str(request.config.getini(_FOLDER)) / request.path.stem / f"{name}.json"


@pytest.fixture
def recorded_csi(request: pytest.FixtureRequest, csi_recording_path: Path) -> Iterator[Csi]:
    """Answers from the recording. With ``--csi-record`` asks ``live_csi``, and records when the test passes."""
    from pharia_skill.testing import RecordingCsi, ReplayCsi

    missing = request.config.getoption("--csi-record-missing") and not csi_recording_path.exists()
    if missing or request.config.getoption("--csi-record"):
        recording = RecordingCsi(request.getfixturevalue("live_csi"), csi_recording_path)
        yield recording
        if _passed(request):
            recording.save()
        return
    replay = ReplayCsi(csi_recording_path)
    yield replay
    if _passed(request):
        replay.assert_all_used()


def _passed(request: pytest.FixtureRequest) -> bool:
    return bool(request.node.stash.get(_PASSED, False))
