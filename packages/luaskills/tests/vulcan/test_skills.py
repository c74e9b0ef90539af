"""`vulcan.runtime.skills`."""

from __future__ import annotations

import pytest

OPEN = {"capabilities": {"enable_skill_management_bridge": True}}


# row 117
def test_closed_by_policy(each):
    assert each.run("return vulcan.runtime.skills.enabled, vulcan.runtime.skills.status().message") == (
        False,
        "Skill management bridge is disabled by host policy",
    )
    for fn in ("install", "update", "uninstall", "enable", "disable"):
        text = each.refusal(f"return vulcan.runtime.skills.{fn}{{}}")
        assert text == f"vulcan.runtime.skills.{fn} is disabled by host policy"


def test_open_without_callback(make_bench):
    bench = make_bench(options=OPEN)
    text = "Runtime skill management bridge is enabled but no host callback is registered"
    assert bench.refusal("return vulcan.runtime.skills.install{}") == text
    status = bench.json("return vulcan.runtime.skills.status()")
    assert (status["enabled"], status["callback_registered"], status["mode"]) == (True, False, "host_callback")


def test_a_request_reaches_the_host(make_bench):
    seen = []
    bench = make_bench(options=OPEN, callbacks={"skill_management": lambda r: seen.append(r) or {"status": "done"}})
    assert bench.json("return vulcan.runtime.skills.install{skill_id = 'x', layer = 'USER'}") == {"status": "done"}
    assert seen == [{"action": "install", "authority": "delegated_tool", "input": {"skill_id": "x", "layer": "USER"}}]
    assert bench.run("return vulcan.runtime.skills.status().message") == "Skill management bridge is enabled and ready"


# row 118
@pytest.mark.parametrize(
    "value",
    [
        "{target_root = 'root'}",
        "{deep = {{['Target-Layer'] = ' ROOT '}}}",
        "{root = {name = 'ROOT'}}",
        "{LAYER = {'Root'}}",
    ],
)
def test_root_is_refused_before_the_callback(make_bench, value):
    seen = []
    bench = make_bench(options=OPEN, callbacks={"skill_management": seen.append})
    text = bench.refusal(f"return vulcan.runtime.skills.update({value})")
    assert text == "vulcan.runtime.skills.update cannot target the system-controlled ROOT layer"
    assert seen == []


def test_layers(make_bench):
    layers = make_bench(options=OPEN).json("return vulcan.runtime.skills.layers()")
    assert (layers["default"], layers["writable"], layers["labels"]) == ("USER", True, ["PROJECT", "USER"])
    assert layers["layers"][0] == {"label": "PROJECT", "writable": True, "description": "Project skill layer"}


def test_a_failing_host_is_an_error(make_bench):
    def failing(_request):
        raise RuntimeError("no room")

    bench = make_bench(options=OPEN, callbacks={"skill_management": failing})
    assert bench.refusal("return vulcan.runtime.skills.enable{skill_id = 'x'}") == "no room"
