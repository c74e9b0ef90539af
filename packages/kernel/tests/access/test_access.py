"""Decisions, and what is noted of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NoOpTracer

from pharia_kernel.access import Access, Identity
from pharia_kernel.errors import AccessDenied, AccessUnavailable, HostFault, KernelError, TokenRefused, Unauthenticated
from pharia_kernel.types import LOCAL, Action, Caller, Rights

RUN, CSI, ADMIN = Action.RUN, Action.CSI, Action.ADMIN
SECRET = "s3cret-token"


@dataclass
class Known:
    """An authenticator that knows one token."""

    grants: dict[str, frozenset[Action]]
    forwarded: bool = False
    fails: Exception | None = None
    asked: list[str] = field(default_factory=list)
    open: int = 0

    async def __aenter__(self) -> Known:
        self.open += 1
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.open -= 1

    async def identify(self, token: str) -> Identity:
        self.asked.append(token)
        if self.fails is not None:
            raise self.fails
        if token != SECRET:
            raise TokenRefused("never heard of")
        return Identity("test:alice", Rights(self.grants), self.forwarded)


def access(authenticator: Known | None = None, **grants: str) -> Access:
    found = {
        name.replace("_", "-"): frozenset(Action(word) for word in words.split()) for name, words in grants.items()
    }
    return Access(authenticator or Known(found), NoOpTracer())


def records(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    names = ("who", "action", "namespace", "allowed", "reason")
    return [{name: getattr(one, name) for name in names} for one in caplog.records if one.name == "pharia_kernel.audit"]


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


ME = Caller(SECRET)


async def test_a_right_holds_in_its_namespace_for_its_action() -> None:
    gate = access(dev="run csi", prod="run")
    assert (await gate.check(ME, "dev", RUN)).id == "test:alice"
    await gate.check(ME, "dev", CSI)
    await gate.check(ME, "prod", RUN)
    await gate.check(ME, None, CSI)
    for namespace, action in (("prod", CSI), ("dev", ADMIN), ("other", RUN), ("", RUN), (None, ADMIN)):
        with pytest.raises(AccessDenied):
            await gate.check(ME, namespace, action)


async def test_using_what_skills_of_a_namespace_may_use_needs_the_right_to_run_them() -> None:
    gate = access(dev="csi")
    with pytest.raises(AccessDenied, match=r'test:alice has no right to run in namespace "dev"'):
        await gate.check(ME, "dev", CSI)
    await gate.check(ME, None, CSI)


async def test_a_star_stands_for_every_namespace() -> None:
    gate = Access(Known({"*": frozenset({RUN}), "dev": frozenset({CSI})}), NoOpTracer())
    await gate.check(ME, "anything", RUN)
    await gate.check(ME, "dev", CSI)
    with pytest.raises(AccessDenied):
        await gate.check(ME, "anything", CSI)


async def test_without_authenticator_everybody_may_do_everything_and_nothing_is_noted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate = Access(None, NoOpTracer())
    assert (await gate.check(ME, "dev", ADMIN)).token == SECRET
    gate.require(Caller(), "dev", ADMIN)
    assert await gate.may(Caller(), "dev", ADMIN)
    assert records(caplog) == []


async def test_the_token_goes_on_only_where_it_is_meant_for_backends() -> None:
    assert (await access(Known({"*": frozenset({RUN})})).check(ME, "dev", RUN)).token is None
    assert (await access(Known({"*": frozenset({RUN})}, forwarded=True)).check(ME, "dev", RUN)).token == SECRET


async def test_who_was_admitted_is_not_asked_for_again() -> None:
    known = Known({"dev": frozenset({RUN})})
    gate = access(known)
    admitted = await gate.admit(ME, "dev", RUN)
    await gate.check(admitted, "dev", RUN)
    gate.require(admitted, "dev", RUN)
    with pytest.raises(AccessDenied):
        gate.require(admitted, "prod", RUN)
    assert known.asked == [SECRET]


async def test_the_program_itself_may_do_everything() -> None:
    gate = access()
    gate.require(LOCAL, "dev", ADMIN)
    assert await gate.check(LOCAL, "dev", RUN) is LOCAL


async def test_without_a_token_nobody_is_asked() -> None:
    known = Known({})
    gate = access(known)
    with pytest.raises(Unauthenticated, match=r"^Bearer token expected$") as caught:
        await gate.check(Caller(), "dev", RUN)
    assert (caught.value.status, caught.value.challenge) == (401, "Bearer")
    with pytest.raises(Unauthenticated):
        gate.require(ME, "dev", RUN)  # has a token, but nobody looked at it
    assert known.asked == []


@pytest.mark.parametrize("token", ["other", "x" * 20_000])
async def test_the_caller_does_not_learn_why_a_token_is_refused(token: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(TokenRefused, match=r"^Bearer token invalid$") as caught:
        await access(dev="run").check(Caller(token), "dev", RUN)
    assert caught.value.status == 403
    assert records(caplog)[0]["reason"] in ("never heard of", "the token is too long")


async def test_where_nobody_can_say_who_it_is_nothing_is_allowed() -> None:
    gate = access(Known({"*": frozenset(Action)}, fails=AccessUnavailable("down")))
    with pytest.raises(AccessUnavailable) as caught:
        await gate.check(ME, "dev", RUN)
    assert (caught.value.status, caught.value.retry_after) == (503, 5)
    assert not await gate.may(ME, "dev", RUN)


async def test_a_fault_of_an_authenticator_allows_nothing_and_shows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    gate = access(Known({"*": frozenset(Action)}, fails=RuntimeError(SECRET)))
    with pytest.raises(HostFault) as caught:
        await gate.check(ME, "dev", RUN)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert SECRET not in caplog.text


async def test_every_decision_is_noted_once(caplog: pytest.LogCaptureFixture) -> None:
    gate = access(dev="run")
    await gate.check(await gate.admit(ME, "dev", RUN), "dev", RUN)
    for caller, namespace in ((ME, "prod"), (Caller(), "dev"), (Caller("wrong"), None)):
        with pytest.raises(KernelError):
            await gate.check(caller, namespace, RUN)
    alice = {"who": "test:alice", "action": "run"}
    nobody = {"who": "anonymous", "action": "run", "allowed": False}
    assert records(caplog) == [
        {**alice, "namespace": "dev", "allowed": True, "reason": "granted"},
        {**alice, "namespace": "prod", "allowed": False, "reason": "no right to run"},
        {**nobody, "namespace": "dev", "reason": "unauthenticated"},
        {**nobody, "namespace": "*", "reason": "never heard of"},
    ]
    assert SECRET not in caplog.text
    assert SECRET not in repr([vars(record) for record in caplog.records])


async def test_asking_without_noting(caplog: pytest.LogCaptureFixture) -> None:
    gate = access(dev="run")
    assert await gate.may(ME, "dev", RUN)
    assert not await gate.may(ME, "dev", ADMIN)
    assert not await gate.may(Caller(), "dev", RUN)
    assert records(caplog) == []


async def test_the_authenticator_lives_as_long_as_the_gate() -> None:
    known = Known({})
    async with access(known):
        assert known.open == 1
    assert known.open == 0


async def test_asking_is_a_span_without_the_token() -> None:
    spans, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    gate = Access(Known({"dev": frozenset({RUN})}), provider.get_tracer("test"))
    await gate.check(ME, "dev", RUN)
    with pytest.raises(TokenRefused):
        await gate.check(Caller("wrong"), "dev", RUN)
    good, bad = spans.get_finished_spans()
    assert (good.name, good.status.description) == ("check_permissions", None)
    assert bad.status.description == "token-refused"
    assert SECRET not in good.to_json()
    assert "wrong" not in bad.to_json()


def test_a_caller_shows_neither_token_nor_rights() -> None:
    assert repr(Caller(SECRET, "test:alice", Rights({}))) == "Caller(id='test:alice')"
