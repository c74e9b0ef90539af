"""What ``pharia_skill`` shows, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import pharia_skill
import pharia_skill.csi
import pharia_skill.csi.inference
import pharia_skill.csi.inference.types
import pharia_skill.message_stream.writer

HOST_SIDE = {
    "opentelemetry",
    "requests",
    "httpx",
    "aiohttp",
    "typer",
    "rich",
    "click",
    "pharia_assets",
    "componentize_py",
}


def test_all_is_sorted_and_complete() -> None:
    assert pharia_skill.__all__ == sorted(pharia_skill.__all__)
    assert len(pharia_skill.__all__) == 69
    for name in pharia_skill.__all__:
        assert hasattr(pharia_skill, name), name


@pytest.mark.parametrize("module", [pharia_skill.csi, pharia_skill.csi.inference, pharia_skill.csi.inference.types])
def test_submodules_keep_what_they_promise(module: object) -> None:
    for name in module.__all__:  # type: ignore[attr-defined]
        assert hasattr(module, name), name


def test_the_message_items_at_the_top_are_those_of_the_writer() -> None:
    from pharia_skill.message_stream import writer

    assert pharia_skill.MessageAppend is writer.MessageAppend
    assert pharia_skill.MessageBegin is writer.MessageBegin


def test_importing_it_loads_nothing_of_the_host_side() -> None:
    code = "import pharia_skill, sys; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "pydantic" in loaded
    assert not HOST_SIDE & set(loaded)


def test_defining_a_skill_loads_nothing_of_the_host_side() -> None:
    code = (
        "from pharia_skill import skill, message_stream; import sys\n"
        "@skill\ndef a(csi, input: str) -> str: return input\n"
        "@message_stream\ndef b(csi, writer, input: str): pass\n"
        "assert 'pydantic.root_model' in sys.modules\n"
        "print(*{name.split('.')[0] for name in sys.modules}, *sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not HOST_SIDE & set(loaded)
    assert not {"pharia_skill.builder", "pharia_skill.cli"} & set(loaded)
