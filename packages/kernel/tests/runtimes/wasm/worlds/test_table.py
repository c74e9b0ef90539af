"""One table for all lines: what their WIT files declare is in it once, and nothing else is."""

from __future__ import annotations

import inspect

import pytest

from pharia_kernel.csi.csi import Csi
from pharia_kernel.runtimes.wasm.worlds.lines import ORDER, lines
from pharia_kernel.runtimes.wasm.worlds.table import ROWS, STREAM_ROWS, Row, StreamRow, find

_EXPORTED = ("skill-handler", "message-stream")
_OUTPUT = "streaming-output"
_CONSTRUCTOR = "[constructor]"


def functions(line: str, *, streams: bool) -> set[tuple[str, str]]:
    """Interface and name of what a line lets skills call, except of the output."""
    named = {
        (interface, name)
        for interface, kind in lines()[line].interfaces.items()
        for name in kind.functions
        if interface not in (*_EXPORTED, _OUTPUT) and name.startswith("[") == name.startswith(_CONSTRUCTOR)
    }
    found = {(interface, name) for interface, name in named if name.startswith(_CONSTRUCTOR) == streams}
    return {(interface, name.removeprefix(_CONSTRUCTOR)) for interface, name in found}


@pytest.mark.parametrize("line", ORDER)
def test_every_function_of_a_line_has_its_row(line: str) -> None:
    for interface, name in functions(line, streams=False):
        assert isinstance(find(ROWS, line, interface, name), Row), (interface, name)
    for interface, name in functions(line, streams=True):
        assert isinstance(find(STREAM_ROWS, line, interface, name), StreamRow), (interface, name)


def test_no_row_is_without_a_function() -> None:
    for rows, streams in ((ROWS, False), (STREAM_ROWS, True)):
        for line, interface, name in rows:
            assert (interface, name) in functions(line, streams=streams)


def test_the_rows_reach_every_operation_of_the_neutral_interface() -> None:
    operations = {name for name, _ in inspect.getmembers(Csi, inspect.isfunction) if not name.startswith("_")}
    reached = {row.operation for row in ROWS.values()} | {row.operation for row in STREAM_ROWS.values()}
    assert reached == operations - {"embed"}, "which only Lua skills have"
