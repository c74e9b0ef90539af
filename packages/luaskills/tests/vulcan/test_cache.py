"""`vulcan.cache`."""

from __future__ import annotations

import pytest

from luaskills.errors import HostFunctionError
from luaskills.vulcan import cache as cache_module
from luaskills.vulcan.cache import Cache


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


# row 98
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


# row 99
def test_entries_expire_and_their_time_is_clamped():
    clock = Clock()
    cache = Cache(10, 100, clock)
    short, second, long = cache.put("s", "1", 0), cache.put("s", "1", 1), cache.put("s", "2", 10_000)
    clock.now = 0.9
    assert [cache.get("s", key) for key in (short, second, long)] == ["1", "1", "2"]
    clock.now = 1
    assert [cache.get("s", key) for key in (short, second, long)] == [None, None, "2"]
    clock.now = 99
    assert cache.get("s", long) == "2"
    clock.now = 100
    assert cache.get("s", long) is None


def test_a_full_cache_drops_the_oldest():
    cache = Cache(2, 100, Clock())
    keys = [cache.put("s", str(i), 50) for i in range(3)]
    assert [cache.get("s", key) for key in keys] == [None, "1", "2"]


def test_the_store_is_bounded_in_bytes_too(monkeypatch):
    monkeypatch.setattr(cache_module, "MAX_BYTES", 10)
    cache = Cache(10, 100, Clock())
    first, second, third = (cache.put("s", text, 50) for text in ("12345", "12345", "123"))
    assert [cache.get("s", key) for key in (first, second, third)] == [None, "12345", "123"]
    assert cache.delete("s", second)
    assert cache.get("s", cache.put("s", "1234567", 50)) == "1234567"
    with pytest.raises(HostFunctionError, match=r"cache\.put: value is larger than 10 bytes"):
        cache.put("s", "x" * 11, 50)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("put(print, 1)", "cache.put: Cannot convert Lua function to JSON"),
        ("put({'\\255'}, 1)", "cache.put: value must be a valid UTF-8 string"),
        ("put(1, 'x')", "cache.put: ttl_seconds must be a non-negative integer: string"),
        ("put(1, 0/0)", "cache.put: ttl_seconds must be a non-negative integer: number"),
        ("put(1, 1/0)", "cache.put: ttl_seconds must be a non-negative integer: number"),
        ("put(1, 1.5)", "cache.put: ttl_seconds must be a non-negative integer: number"),
        ("put(1, -1)", "cache.put: ttl_seconds must be a non-negative integer: integer"),
        ("get(5)", "cache.get: id must be a string, got integer"),
        ("delete('')", "cache.delete: id must not be empty"),
    ],
)
def test_bad_arguments(bench, code, message):
    assert bench.refusal(f"return vulcan.cache.{code}") == message
