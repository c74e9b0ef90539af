"""The IAM service, as a real server that also hangs, fails and lies."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from doubles.identity_service import IdentityService, hang, status
from pharia_kernel.access.iam import Iam, IamOptions
from pharia_kernel.errors import AccessUnavailable, TokenRefused
from pharia_kernel.types import Action, Rights

RUN_CSI = frozenset({Action.RUN, Action.CSI})
Make = Callable[..., Any]


@pytest.fixture
async def iam(service: IdentityService) -> AsyncIterator[Make]:
    async with AsyncExitStack() as stack:

        async def make(**changes: Any) -> Iam:
            options: dict[str, Any] = {
                "url": service.url,
                "actions": RUN_CSI,
                "admins": frozenset({"root", "boss@example.org"}),
                "request_seconds": 20.0,
                "granted_seconds": 3600.0,
                "refused_seconds": 3600.0,
                "entries": 100,
            }
            asking = Iam(IamOptions(**{**options, **changes}), trace_headers=lambda: {"traceparent": "00-1"})
            return await stack.enter_async_context(asking)

        service.permissions = {name: ["KernelAccess"] for name in ("alice", "root", "boss")}
        yield make


async def test_it_is_asked_as_it_expects(service: IdentityService, iam: Make) -> None:
    identity = await (await iam()).identify("alice")
    assert (identity.id, identity.rights, identity.forwarded) == ("iam:alice", Rights({"*": RUN_CSI}), True)
    (request,) = service.asked
    assert (request.method, request.path) == ("POST", "/check_user")
    assert request.headers["Authorization"] == "Bearer alice"
    assert request.headers["traceparent"] == "00-1"
    assert service.bodies == [{"permissions": [{"permission": "KernelAccess"}]}]


async def test_operators_are_named_by_id_or_verified_address(service: IdentityService, iam: Make) -> None:
    asking = await iam()
    for name in ("root", "boss"):
        assert (await asking.identify(name)).rights.allow(Action.ADMIN, "dev")
    user = {"sub": "x", "email": "boss@example.org", "permissions": [{"permission": "KernelAccess"}]}
    service.replies["/check_user"] = status(200, json.dumps(user))
    assert not (await asking.identify("self-made")).rights.allow(Action.ADMIN, "dev")


async def test_unknown_tokens_and_those_without_the_permission_are_refused(service: IdentityService, iam: Make) -> None:
    service.permissions["guest"] = ["SomethingElse"]
    asking = await iam()
    for token in ("nobody", "guest"):
        with pytest.raises(TokenRefused, match=r"^Bearer token invalid$"):
            await asking.identify(token)


async def test_answers_are_remembered_for_a_while(service: IdentityService, iam: Make) -> None:
    asking = await iam()
    for _ in range(3):
        await asking.identify("alice")
        with pytest.raises(TokenRefused):
            await asking.identify("nobody")
    assert len(service.asked) == 2
    forgetful = await iam(granted_seconds=1e-9, refused_seconds=1e-9)
    for _ in range(3):
        await forgetful.identify("alice")
    assert len(service.asked) == 5


async def test_a_refusal_after_consent_counts(service: IdentityService, iam: Make) -> None:
    asking = await iam(granted_seconds=1e-9)
    await asking.identify("alice")
    del service.permissions["alice"]
    for _ in range(2):
        with pytest.raises(TokenRefused):
            await asking.identify("alice")
    assert len(service.asked) == 2


async def test_many_with_one_token_ask_once(service: IdentityService, iam: Make) -> None:
    asking = await iam()
    assert len(set(await asyncio.gather(*(_id(asking, "alice") for _ in range(50))))) == 1
    assert len(service.asked) == 1


async def _id(asking: Iam, token: str) -> str:
    return (await asking.identify(token)).id


async def test_made_up_tokens_do_not_push_out_good_ones(service: IdentityService, iam: Make) -> None:
    asking = await iam(entries=3)
    await asking.identify("alice")
    for number in range(10):
        with pytest.raises(TokenRefused):
            await asking.identify(f"made-up-{number}")
    before = len(service.asked)
    await asking.identify("alice")
    assert len(service.asked) == before
    assert len(asking._others) <= 3


@pytest.mark.parametrize("code", [201, 204, 302, 400, 403, 404, 422, 429, 500, 503])
async def test_any_other_answer_lets_nobody_in(service: IdentityService, iam: Make, code: int) -> None:
    service.replies["/check_user"] = status(code, Location=f"{service.url}/elsewhere")
    with pytest.raises(AccessUnavailable, match=r"Failed to check token validity.*[Tt]ry again later"):
        await (await iam()).identify("alice")
    assert service.paths() == ["/check_user"]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "yes",
        "[]",
        "{}",
        '{"sub": "x"}',
        '{"permissions": [{"permission": "KernelAccess"}]}',
        '{"sub": "x", "permissions": "KernelAccess"}',
        '{"sub": "x", "permissions": ["KernelAccess"]}',
        '{"sub": null, "permissions": [{"permission": "KernelAccess"}]}',
        "[" * 100_000,
        " " * 2_000_000,
    ],
)
async def test_what_can_not_be_understood_lets_nobody_in(service: IdentityService, iam: Make, body: str) -> None:
    service.replies["/check_user"] = status(200, body)
    with pytest.raises(AccessUnavailable):
        await (await iam()).identify("alice")


async def test_a_service_that_hangs_is_given_up_for_all_who_wait(
    service: IdentityService, iam: Make, caplog: pytest.LogCaptureFixture
) -> None:
    service.replies["/check_user"] = hang
    asking = await iam(request_seconds=0.1)
    results = await asyncio.gather(*(asking.identify("alice") for _ in range(20)), return_exceptions=True)
    assert {type(result) for result in results} == {AccessUnavailable}
    assert len(service.asked) == 1
    assert [record.getMessage() for record in caplog.records if record.name == "pharia_kernel.access"] == [
        f"Failed to send authorization request: {service.url}/check_user did not answer within 0.1 s"
    ]


async def test_a_service_that_is_not_there_lets_nobody_in(iam: Make) -> None:
    with pytest.raises(AccessUnavailable):
        await (await iam(url="http://127.0.0.1:9")).identify("alice")


async def test_a_caller_that_leaves_lets_the_next_one_ask(service: IdentityService, iam: Make) -> None:
    service.replies["/check_user"] = hang
    asking = await iam()
    first = asyncio.create_task(asking.identify("alice"))
    await service.arrived.wait()
    second = asyncio.create_task(asking.identify("alice"))
    await asyncio.sleep(0)
    del service.replies["/check_user"]
    first.cancel()
    assert (await second).id == "iam:alice"
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_tokens_are_neither_logged_nor_kept(
    service: IdentityService, iam: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asking = await iam()
    with pytest.raises(TokenRefused):
        await asking.identify("very-secret-token")
    service.replies["/check_user"] = status(500)
    with pytest.raises(AccessUnavailable):
        await asking.identify("very-secret-too")
    assert "very-secret" not in caplog.text
    assert "very-secret" not in repr(vars(asking))
    assert all(getattr(entry.answer, "__traceback__", None) is None for entry in asking._others.values())
