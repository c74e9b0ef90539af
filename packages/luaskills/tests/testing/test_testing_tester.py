"""A package loaded for a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from luaskills.errors import CallFailed, LimitExceeded, ManifestError, SkillNotFound
from luaskills.testing import FakeHost, SkillTester
from luaskills.types import InvocationContext

MakePackage = Callable[..., Path]
pytestmark = pytest.mark.timeout(60)


def test_an_entry_is_called_by_its_local_or_canonical_name(make_package: MakePackage) -> None:
    with SkillTester(make_package("return function(a) return a.x end")) as skill:
        assert skill.call("run", {"x": "1"}).content == "1"
        assert skill.call("notes-run", {"x": "2"}).content == "2"
        with pytest.raises(SkillNotFound, match=r"has no entry 'walk' \(it has: run\)"):
            skill.call("walk")


def test_the_skill_sees_context_and_configuration(make_package: MakePackage) -> None:
    lua = """return function()
      vulcan.config.set("b", "2")
      return vulcan.config.get("a") .. vulcan.context.client_info.name
    end"""
    context = InvocationContext({"client_info": {"name": "editor"}})
    with SkillTester(make_package(lua), config={"a": "1"}) as skill:
        assert skill.call("run", context=context).content == "1editor"
        assert skill.config() == {"a": "1", "b": "2"}


def test_a_test_can_not_change_the_package(make_package: MakePackage) -> None:
    lua = """return function()
      vulcan.fs.write(vulcan.path.join(vulcan.context.skill_dir, "new.txt"), "x")
      return vulcan.context.skill_dir
    end"""
    package = make_package(lua)
    with SkillTester(package) as skill:
        used = Path(skill.call("run").content)
        assert (used / "new.txt").is_file()
    assert not (package / "new.txt").exists()
    assert not used.exists()


def test_it_calls_packages_beside_it(make_package: MakePackage) -> None:
    other = make_package("return function() return 'deep' end", "other")
    package = make_package("return function() return vulcan.call('other-run') end")
    with SkillTester(package, beside=[other]) as skill:
        assert skill.call("run").content == "deep"


def test_its_databases_are_its_own_or_those_of_the_host(make_package: MakePackage) -> None:
    lua = """return function()
      vulcan.sqlite.execute_script({ sql = "create table t (x)" })
      return vulcan.json.encode(vulcan.sqlite.query_json({ sql = "select count(*) n from t" }).rows)
    end"""
    package = make_package(lua, more="sqlite: {enable: true}\n")
    for _ in range(2):
        with SkillTester(package) as skill:
            assert skill.call("run").content == '[{"n":0}]'
    host = FakeHost()
    host.answer_database("sqlite", "execute_script", {"success": True})
    host.answer_database("sqlite", "query_json", {"rows": [{"n": 7}]}, when={"sql": "select count(*) n from t"})
    with SkillTester(package, host=host) as skill:
        assert skill.call("run").content == '[{"n":7}]'
    assert host.problems() == []


def test_what_is_printed_and_logged_is_kept(make_package: MakePackage) -> None:
    with SkillTester(make_package("return function() print('here'); return '' end")) as skill:
        skill.call("run")
        assert "[LuaSkill:info] here" in skill.log


def test_a_call_that_does_not_end_is_stopped(make_package: MakePackage) -> None:
    package = make_package("return function() while true do end end")
    with SkillTester(package, time_limit_ms=50) as skill, pytest.raises(LimitExceeded, match="after 50 ms"):
        skill.call("run")


@pytest.mark.parametrize("flavour", ["luajit", "lua54"])
def test_the_profile_and_the_flavour_can_be_chosen(make_package: MakePackage, flavour: str) -> None:
    package = make_package("return function() return (vulcan.process.exec('true')).ok and 'ran' or 'no' end")
    with SkillTester(package, flavour=flavour) as skill:
        assert skill.call("run").content == "ran"
    with SkillTester(package, flavour=flavour, profile="locked") as skill, pytest.raises(CallFailed, match="locked"):
        skill.call("run")


@pytest.mark.parametrize(
    ("more", "message"),
    [("sqlite: {enable: 5}\n", "enable must be true or false"), ("enable: false\n", "it is not enabled")],
)
def test_a_package_that_does_not_load_says_why(make_package: MakePackage, more: str, message: str) -> None:
    with pytest.raises(ManifestError, match=message), SkillTester(make_package("", more=more)):
        pass


def test_nothing_is_left_of_a_package_that_does_not_load(
    make_package: MakePackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "temp"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    with pytest.raises(ManifestError), SkillTester(make_package("", more="sqlite: 5\n")):
        pass
    assert list(place.iterdir()) == []


def test_a_required_dependency_is_not_downloaded(make_package: MakePackage) -> None:
    files = {
        "dependencies.yaml": """
        tool_dependencies:
          - name: rg
            source: {type: url}
            packages:
              linux-x64: {url: "http://127.0.0.1:9/rg", exports: [{archive_path: rg, target_path: rg}]}
              linux-arm64: {url: "http://127.0.0.1:9/rg", exports: [{archive_path: rg, target_path: rg}]}
        """
    }
    with pytest.raises(ManifestError, match="network download is disabled"), SkillTester(make_package("", **files)):
        pass


def test_it_has_to_be_entered(make_package: MakePackage) -> None:
    with pytest.raises(RuntimeError, match="with SkillTester"):
        SkillTester(make_package("")).call("run")
