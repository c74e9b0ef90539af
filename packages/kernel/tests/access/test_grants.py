from __future__ import annotations

from typing import Any

import pytest

from pharia_kernel.access.jwt import Grant
from pharia_kernel.access.jwt.grants import rights
from pharia_kernel.types import Action

RUN = frozenset({Action.RUN})
CSI = frozenset({Action.CSI})
ADMIN = frozenset({Action.ADMIN})


def namespaces(claims: Any, claim: str = "groups", value: str = "team-*", *names: str) -> set[str]:
    return set(rights([Grant(claim, value, names or ("{}",), RUN)], claims).grants)


def test_the_star_names_the_namespace() -> None:
    assert namespaces({"groups": ["team-dev", "team-a-b", "others"]}) == {"dev", "a-b"}


def test_rights_of_all_grants_come_together() -> None:
    grants = [
        Grant("groups", "dev", ("dev", "test"), RUN),
        Grant("groups", "dev-*", ("dev",), CSI),
        Grant("role", "operator", ("*",), ADMIN),
    ]
    found = rights(grants, {"groups": ["dev", "dev-x"], "role": "operator"}).grants
    assert found == {"dev": RUN | CSI, "test": RUN, "*": ADMIN}


@pytest.mark.parametrize(
    ("claims", "claim"),
    [
        ({"groups": "team-dev other"}, "groups"),
        ({"realm": {"roles": ["team-dev"]}}, "realm.roles"),
        ({"https://example.org/roles": ["team-dev"]}, "https://example.org/roles"),
        ({"groups": [7, None, {}, "team-dev"]}, "groups"),
    ],
)
def test_claims_are_lists_or_words_at_any_depth(claims: Any, claim: str) -> None:
    assert namespaces(claims, claim) == {"dev"}


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"groups": None},
        {"groups": 7},
        {"groups": {"team-dev": True}},
        {"groups": ["team-"]},
        {"groups": ["team-*"]},
        {"groups": ["team-Not_A_Name"]},
        {"groups": ["team-dev\n"]},
        {"groups": ["my-team-dev"]},
        {"groups": ["team-" + "x" * 65]},
    ],
)
def test_anything_else_allows_nothing(claims: Any) -> None:
    assert namespaces(claims) == set()


def test_without_a_star_the_value_is_the_whole_one() -> None:
    assert namespaces({"groups": ["a.c"]}, "groups", "a.c", "dev") == {"dev"}
    assert namespaces({"groups": ["abc", "a.cd"]}, "groups", "a.c", "dev") == set()
