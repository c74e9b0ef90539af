"""`vulcan.config`."""

from __future__ import annotations

import pytest


# row 100
def test_strings_stay_in_the_namespace_of_the_skill(each):
    code = "local c = vulcan.config return c.set(' k ', 'ü'), c.get('k'), c.has('k'), c.list().k"
    assert each.run(code) == (True, "ü", True, "ü")
    each.enter(each.skill("other"))
    assert each.run("local c = vulcan.config return c.get('k'), c.has('k'), c.delete('k')") == (None, False, False)
    each.enter(each.skill("notes"))
    assert each.run("return vulcan.config.delete('k'), vulcan.config.delete('k')") == (True, False)


@pytest.mark.parametrize("fn", ["get", "has", "set", "delete", "list"])
def test_without_a_skill_there_is_no_namespace(bench, fn):
    bench.enter(None)
    text = bench.refusal(f"return vulcan.config.{fn}('k', 'v')")
    assert text == f"vulcan.config.{fn} requires one active skill context"


# row 101
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("get('  ')", "skill config key must not be empty"),
        ("set('k', 5)", "vulcan.config.set: value must be a string, got integer"),
        ("get(5)", "vulcan.config.get: key must be a string, got integer"),
    ],
)
def test_bad_arguments(bench, code, message):
    assert bench.refusal(f"return vulcan.config.{code}") == message


def test_a_broken_file_is_an_error_of_the_store(bench, tmp_path):
    (tmp_path / "skill_config.json").write_text("{")
    assert bench.refusal("return vulcan.config.get('k')").startswith("failed to parse skill config file")
