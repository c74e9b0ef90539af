"""Who is next."""

from __future__ import annotations

from pharia_kernel.quotas.turns import Turns, Verdict


def drained(turns: Turns[str]) -> list[str]:
    order = []
    while (call := turns.begin_one(lambda _: "begun")) is not None:
        order.append(call)
    return order


def test_a_namespace_that_floods_does_not_delay_another() -> None:
    turns: Turns[str] = Turns()
    for number in range(100):
        turns.add("loud", "a", f"loud {number}")
    turns.add("quiet", "b", "quiet 0")
    turns.add("quiet", "b", "quiet 1")
    assert drained(turns)[:4] == ["loud 0", "quiet 0", "loud 1", "quiet 1"]


def test_callers_of_one_namespace_take_turns_within_its_turn() -> None:
    turns: Turns[str] = Turns()
    for caller in "aab":
        turns.add("one", caller, f"one {caller}")
    turns.add("two", "c", "two c")
    assert drained(turns) == ["one a", "two c", "one b", "one a"]
    assert not turns


def test_who_has_no_place_is_passed_over_without_losing_its_turn() -> None:
    turns: Turns[str] = Turns()
    turns.add("one", "a", "first")
    turns.add("one", "b", "second")
    turns.add("two", "c", "third")

    def begin(call: str) -> Verdict:
        return "caller" if call == "first" else "begun"

    assert turns.begin_one(begin) == "second"
    assert drained(turns) == ["third", "first"]


def test_where_a_namespace_has_no_place_none_of_its_callers_is_asked() -> None:
    turns: Turns[str] = Turns()
    asked = []
    for namespace in ("one", "two"):
        for caller in "ab":
            turns.add(namespace, caller, f"{namespace} {caller}")

    def begin(call: str) -> Verdict:
        asked.append(call)
        return "namespace" if call.startswith("one") else "begun"

    assert turns.begin_one(begin) == "two a"
    assert asked == ["one a", "two a"]


def test_where_the_kernel_has_no_place_nobody_else_is_asked() -> None:
    turns: Turns[str] = Turns()
    for caller in "ab":
        turns.add("one", caller, caller)
    asked: list[str] = []
    assert turns.begin_one(lambda call: asked.append(call) or "kernel") is None  # type: ignore[func-returns-value]
    assert asked == ["a"]
    assert len(turns) == 2


def test_in_a_full_queue_the_last_call_of_the_loudest_gives_way_to_somebody_quiet() -> None:
    turns: Turns[str] = Turns()
    for number in range(5):
        turns.add("loud", "a", f"a {number}")
    turns.add("loud", "b", "b 0")
    assert turns.give_way("quiet", "c") == "a 4"
    assert turns.give_way("loud", "b") == "a 3"
    assert turns.give_way("loud", "a") is None
    assert len(turns) == 4


def test_nobody_gives_way_where_all_have_about_the_same() -> None:
    turns: Turns[str] = Turns()
    assert turns.give_way("one", "a") is None
    turns.add("one", "a", "a")
    assert turns.give_way("two", "b") is None
