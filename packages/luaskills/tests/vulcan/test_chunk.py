"""The engine's own Lua files: parsed once per process and flavour, with names and lines in their errors."""

from __future__ import annotations

import pytest

from luaskills.engine import lua
from luaskills.types import Flavour
from luaskills.vulcan.chunk import chunk


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "made.lua"
    path.write_text("local n = ...\nif n == 0 then error('none') end\nreturn n + 1, _VERSION")
    return path


def test_a_file_is_parsed_once_for_all_runtimes_of_a_flavour(file):
    assert chunk(lua.new_runtime(), file, "@made")(1)[0] == 2
    file.write_text("return 'another text'")
    assert chunk(lua.new_runtime(), file, "@made")(2)[0] == 3


def test_each_flavour_gets_its_own(file):
    versions = {flavour: chunk(lua.new_runtime(flavour), file, "@made")(1)[1] for flavour in Flavour}
    assert versions == {Flavour.LUAJIT: "Lua 5.1", Flavour.LUA54: "Lua 5.4"}


@pytest.mark.parametrize("flavour", Flavour)
def test_an_error_names_the_file_and_its_line(file, flavour):
    function = chunk(lua.new_runtime(flavour), file, "@made")
    with pytest.raises(lua.module(flavour).LuaError, match=r"^made:2: none"):
        function(0)
