"""`vulcan.cache`."""

from __future__ import annotations

import pytest

from luaskills.vulcan.cache import Cache


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_values_come_back_to_the_tool_that_put_them(each):
    key = each.run("return vulcan.cache.put({a = {1, 'ü'}}, 60)")
    assert key.startswith("tc-")
    assert each.json("return vulcan.cache.get(...)", key) == {"a": [1, "ü"]}
    each.enter(each.skill("other"))
    assert each.run("local k = ... return vulcan.cache.get(k), vulcan.cache.delete(k)", key) == (None, False)
    each.enter(each.skill("notes"))
    assert each.run("local k = ... return vulcan.cache.delete(k), vulcan.cache.get(k)", key) == (True, None)


def test_another_vm_of_the_engine_sees_them(make_bench):
    first, second = make_bench(), make_bench()
    key = first.run("return vulcan.cache.put('x', 60)")
    assert second.run("return vulcan.cache.get(...)", key) == "x"


def test_entries_expire_and_their_time_is_clamped():
    clock = Clock()
    cache = Cache(10, 100, clock)
    short, long = cache.put("s", "1", 0), cache.put("s", "2", 10_000)
    clock.now = 1
    assert (cache.get("s", short), cache.get("s", long)) == (None, "2")
    clock.now = 100
    assert cache.get("s", long) is None


def test_a_full_cache_drops_the_oldest():
    cache = Cache(2, 100, Clock())
    keys = [cache.put("s", str(i), 50) for i in range(3)]
    assert [cache.get("s", key) for key in keys] == [None, "1", "2"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("put(print, 1)", "cache.put: Cannot convert Lua function to JSON"),
        ("put({'\\255'}, 1)", "cache.put: value must be a valid UTF-8 string"),
        ("put(1, 'x')", "cache.put: ttl_seconds must be a non-negative integer: string"),
        ("put(1, -1)", "cache.put: ttl_seconds must be a non-negative integer: integer"),
        ("get(5)", "cache.get: id must be a string, got integer"),
        ("delete('')", "cache.delete: id must not be empty"),
    ],
)
def test_bad_arguments(bench, code, message):
    assert bench.refusal(f"return vulcan.cache.{code}") == message
