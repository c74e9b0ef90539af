"""What each profile closes and leaves open, in each Lua."""

from __future__ import annotations

import pytest

from luaskills.errors import InvalidInput

NATIVE = "type(debug.sethook) .. type(package.loadlib) .. type(string.dump) .. tostring(pcall(require, 'ffi'))"


def answer(site, body, **host):
    site.skill("notes", f"return function(args) return tostring({body}) end")
    return site.engine(**host).call_skill("notes-run").content


def test_trusted_has_all_of_lua(each):
    ffi = "true" if each.flavour == "luajit" else "false"
    assert answer(each, NATIVE, profile="trusted") == f"functionfunctionfunction{ffi}"


@pytest.mark.parametrize("profile", ["standard", "locked"])
def test_the_others_have_nothing_native(each, profile):
    assert answer(each, NATIVE, profile=profile) == "nilnilnilfalse"


@pytest.mark.parametrize("profile", ["trusted", "standard", "locked"])
def test_nobody_ends_the_host(each, profile):
    assert answer(each, "os.exit", profile=profile) == "nil"


@pytest.mark.parametrize("profile", ["trusted", "standard", "locked"])
def test_nobody_reaches_what_binds_lua_to_python(each, profile):
    code = "tostring(python) .. tostring(package.loaded.python) .. tostring(pcall(require, 'python'))"
    assert answer(each, code, profile=profile) == "nilnilfalse"


def test_standard_has_files_processes_and_the_environment(each):
    code = "type(io.open('/etc/hostname')) .. type(os.getenv('PATH')) .. vulcan.process.exec('printf x').stdout"
    assert answer(each, code) == "userdatastringx"


@pytest.mark.parametrize(
    "code",
    [
        "os.execute",
        "os.getenv",
        "os.remove",
        "os.rename",
        "os.tmpname",
        "(pcall(io.open, '/etc/hostname'))",
        "(pcall(io.lines, '/etc/hostname'))",
        "(pcall(io.popen, 'true'))",
        "(pcall(dofile, '/etc/hostname'))",
        "loadfile('/etc/hostname')",
        "(pcall(require, 'x'))",
        "(pcall(vulcan.process.exec, 'true'))",
        "(pcall(vulcan.fs.list, '/'))",
        "(pcall(vulcan.fs.write, vulcan.context.skill_dir .. '/x', 'x'))",
    ],
)
def test_locked_is_closed_to_the_outside(each, tmp_path, code):
    (tmp_path / "x.lua").write_text("return 1")
    body = f"(function() package.path = '{tmp_path}/?.lua' return {code} end)()"
    assert answer(each, body, profile="locked") in ("nil", "false")


def test_locked_reads_its_package_and_the_packages_of_the_host(each, tmp_path):
    packages = tmp_path / "lua_packages" / "share" / "lua"
    packages.mkdir(parents=True)
    (packages / "shared.lua").write_text("return 'shared'")
    directory = each.skill(
        "notes",
        "return function() local own = dofile(vulcan.path.join(vulcan.context.entry_dir, 'own.lua')) "
        "local file = io.open(vulcan.context.entry_dir .. '/own.lua') "
        "return own .. require('shared') .. #file:read('*a') end",
    )
    (directory / "runtime" / "own.lua").write_text("return 'own'")
    engine = each.engine(profile="locked", lua_packages_dir=str(tmp_path / "lua_packages"))
    assert engine.call_skill("notes-run").content == "ownshared12"


def test_locked_does_not_follow_links_out_of_its_package(each, tmp_path):
    directory = each.skill(
        "notes", "return function() return tostring(loadfile(vulcan.context.skill_dir .. '/out/x.lua')) end"
    )
    (tmp_path / "x.lua").write_text("return 1")
    (directory / "out").symlink_to(tmp_path)
    assert each.engine(profile="locked").call_skill("notes-run").content == "nil"


def test_locked_writes_below_its_own_temporary_directory(each, tmp_path):
    each.skill(
        "notes",
        "return function() local dir = vulcan.runtime.temp_dir .. '/skills/notes' "
        "vulcan.fs.mkdir(dir, {recursive = true}) vulcan.fs.write(dir .. '/x', 'y') "
        "return tostring(pcall(vulcan.fs.write, vulcan.runtime.temp_dir .. '/skills/other', 'y')) end",
    )
    (tmp_path / "temp").mkdir()
    assert each.engine(profile="locked", temp_dir=str(tmp_path / "temp")).call_skill("notes-run").content == "false"
    assert (tmp_path / "temp" / "skills" / "notes" / "x").read_text() == "y"


@pytest.mark.parametrize(
    ("host", "seen"),
    [({}, "5"), ({"isolation": "skill"}, "nil"), ({"isolation": "fresh"}, "nil"), ({"profile": "locked"}, "nil")],
)
def test_globals_are_shared_between_skills_only_where_vms_are(each, host, seen):
    each.skill("a", "return function() kept = 5 return 'x' end")
    each.skill("b", "return function() return tostring(kept) end")
    engine = each.engine(**host)
    engine.call_skill("a-run")
    assert engine.call_skill("b-run").content == seen


def test_a_fresh_vm_forgets_its_own_skill_too(each):
    each.skill("a", "local n = 0 return function() n = n + 1 return tostring(n) end")
    engine, pooled = each.engine(isolation="fresh"), each.engine()
    assert [engine.call_skill("a-run").content for _ in range(2)] == ["1", "1"]
    assert [pooled.call_skill("a-run").content for _ in range(2)] == ["1", "2"]


def test_locked_never_shares_vms(each):
    with pytest.raises(InvalidInput, match="pooled does not go with the profile locked"):
        each.engine(profile="locked", isolation="pooled")


def test_locked_has_a_time_limit_unless_the_host_says_otherwise(each):
    assert each.engine(profile="locked").options.limits.time_ms == 60_000
    assert each.engine(profile="locked", limits={"time_ms": None}).options.limits.time_ms is None
    assert each.engine().options.limits.time_ms is None


@pytest.mark.parametrize(
    ("host", "message"),
    [
        ({"profile": "open"}, "host_options.profile must be one of trusted, standard, locked: 'open'"),
        ({"flavour": "lua51"}, "host_options.flavour must be one of luajit, lua54: 'lua51'"),
        ({"isolation": "process"}, "host_options.isolation must be pooled, skill or fresh: 'process'"),
        ({"limits": {"time_ms": 0}}, "host_options.limits.time_ms must be a positive integer: 0"),
        ({"limits": {"depth": None}}, "host_options.limits.depth must be a positive integer: None"),
        ({"limits": 5}, "host_options.limits must be an object"),
    ],
)
def test_an_option_that_can_not_be_is_named(site, host, message):
    site.flavour = host.pop("flavour", site.flavour)
    with pytest.raises(InvalidInput) as caught:
        site.empty_engine(**host)
    assert str(caught.value) == message
