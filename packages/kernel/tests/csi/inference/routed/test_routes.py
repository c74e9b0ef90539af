"""Which backend answers for which name."""

from __future__ import annotations

import pytest

from pharia_kernel.csi.inference.absent import AbsentBackend
from pharia_kernel.csi.inference.routed import Route, Routes

_BACKEND = AbsentBackend()


def route(name: str, *models: str, fall_back: tuple[str, ...] = (), **aliases: str) -> Route:
    return Route(name, _BACKEND, models, aliases, fall_back)


def found(routes: Routes, model: str) -> list[tuple[str, str]]:
    return [(target.route.name, target.model) for target in routes.targets(model)]


ROUTES = Routes(
    [
        route("main", "gpt-4.1", "gpt-*", fall_back=("spare", "local"), fast="gpt-4.1-mini"),
        route("local", "llama-*", "*", fast="llama-8b"),
        Route("spare", _BACKEND, (), {"gpt-*": "gpt-oss-20b", "fast": "gpt-oss-20b"}),
    ]
)


@pytest.mark.parametrize(
    ("model", "targets"),
    [
        ("gpt-4.1", [("main", "gpt-4.1"), ("spare", "gpt-oss-20b"), ("local", "gpt-4.1")]),
        ("gpt-5", [("main", "gpt-5"), ("spare", "gpt-oss-20b"), ("local", "gpt-5")]),
        ("fast", [("main", "gpt-4.1-mini"), ("spare", "gpt-oss-20b"), ("local", "llama-8b")]),
        ("llama-70b", [("local", "llama-70b")]),
        ("anything else", [("local", "anything else")]),
    ],
)
def test_the_closest_name_decides_and_fall_backs_come_in_their_order(
    model: str, targets: list[tuple[str, str]]
) -> None:
    assert found(ROUTES, model) == targets


def test_a_backend_that_does_not_know_the_name_is_nothing_to_fall_back_on() -> None:
    routes = Routes([route("a", "x", fall_back=("b", "c")), route("b", "y"), route("c", "x")])
    assert found(routes, "x") == [("a", "x"), ("c", "x")]


def test_who_stands_in_for_another_is_not_asked_first_however_close_its_name() -> None:
    routes = Routes([route("a", "*", fall_back=("b",)), route("b", "other", m="there")])
    assert found(routes, "m") == [("a", "m"), ("b", "there")]
    assert found(routes, "other") == [("a", "other"), ("b", "other")]


def test_two_that_stand_in_for_each_other_are_equals() -> None:
    routes = Routes([route("a", "*", fall_back=("b",)), route("b", "x", "y*", fall_back=("a",)), route("c", "?")])
    assert found(routes, "x") == [("b", "x"), ("a", "x")]
    assert found(routes, "z") == [("a", "z")]


def test_three_that_stand_in_for_each_other_in_a_circle_are_equals() -> None:
    routes = Routes(
        [route("a", "*", fall_back=("b",)), route("b", "m", fall_back=("c",)), route("c", "*", fall_back=("a",))]
    )
    assert found(routes, "m") == [("b", "m"), ("c", "m")]


def test_a_name_that_nobody_knows_has_no_target() -> None:
    assert found(Routes([route("a", "x"), route("b")]), "z") == []


def test_among_equals_the_first_wins() -> None:
    assert found(Routes([route("a", "gpt-*"), route("b", "gpt-*")]), "gpt-5") == [("a", "gpt-5")]


def test_the_pattern_with_more_characters_of_its_own_is_closer() -> None:
    routes = Routes([route("a", "*-mini", "gpt-*"), route("b", "gpt-4*"), route("c", "???????????")])
    assert found(routes, "gpt-4.1-mini") == [("a", "gpt-4.1-mini")]
    assert found(routes, "gpt-4.1") == [("b", "gpt-4.1")]
    assert found(routes, "eleven-char") == [("c", "eleven-char")]


def test_an_alias_goes_before_a_model_of_the_same_name() -> None:
    assert found(Routes([route("a", "m", "*", m="other")]), "m") == [("a", "other")]


@pytest.mark.parametrize("name", ["a[b", "a[bc]", "a.b", "a\nb", "", "ü", "a^b$"])
def test_names_are_not_expressions(name: str) -> None:
    assert found(Routes([route("exact", name)]), name) == [("exact", name)]
    assert found(Routes([route("pattern", f"{name}*")]), name) == [("pattern", name)]
    assert found(Routes([route("other", "a[bc]*", "a.b*")]), "axb") == []


def test_names_differ_in_case() -> None:
    assert found(Routes([route("a", "Llama*")]), "llama-8b") == []


def test_a_name_made_to_take_long_takes_not_long() -> None:
    routes = Routes([route("a", "a*a*a*a*a*a*a*a*a*a*b")])
    assert found(routes, "a" * 100_000) == []
