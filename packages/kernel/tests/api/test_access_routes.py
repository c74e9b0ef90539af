"""Who gets in where: the real kernel behind the real server, with each kind of access control."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.routing import Route

from doubles.identity_service import IdentityService, hang, identity_service
from pharia_kernel.access.keys import edited, new_key
from pharia_kernel.api.app import create_app
from pharia_kernel.api.guard import OPEN, GuardedRoute, needed
from pharia_kernel.api.server import serve
from pharia_kernel.api.service import Service
from pharia_kernel.config import NamespaceSettings, Settings
from pharia_kernel.config.access import AccessSettings, CorsSettings, GrantSettings, JwtSettings
from pharia_kernel.errors import AccessDenied, SkillLoadError, Unauthenticated
from pharia_kernel.kernel import Kernel
from pharia_kernel.runtimes.skill import Skill, SkillLimits
from pharia_kernel.telemetry.tracing import Tracing
from pharia_kernel.types import Action, Caller, SkillPath

Open = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
ROUTES = [route for route in create_app(cast(Service, None), Settings()).routes if isinstance(route, Route)]
GUARDED = [
    (method, re.sub(r"{(\w+)(:\w+)?}", lambda part: "dev" if part[1] == "namespace" else "echo", route.path))
    for route in ROUTES
    if route.path not in OPEN
    for method in sorted((route.methods or set()) - {"HEAD"})
]
RUN, CSI, ADMIN = Action.RUN, Action.CSI, Action.ADMIN


class NoRuntime:
    """Runs nothing but what is part of the kernel."""

    async def __aenter__(self) -> NoRuntime:
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def load(self, path: SkillPath, code: bytes, limits: SkillLimits) -> Skill:
        raise SkillLoadError("not a component")


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def opened(tmp_path: Path, spans: InMemorySpanExporter) -> Open:
    """Serves namespaces ``dev`` and ``prod``."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    tracing = Tracing(provider)

    @asynccontextmanager
    async def start(**settings: Any) -> AsyncIterator[httpx.AsyncClient]:
        for name in ("dev", "prod"):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / "echo.wasm").write_bytes(b"no component")
        configured = Settings(
            kernel_address="127.0.0.1:0",
            namespaces={name: NamespaceSettings(directory=tmp_path / name) for name in ("dev", "prod")},
            inference="none",
            cache_dir=tmp_path / "cache",
            **settings,
        )
        async with (
            Kernel(configured, runtime=NoRuntime(), tracer=tracing.tracer) as kernel,
            serve(kernel, configured, tracing=tracing) as url,
            httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as client,
        ):
            yield client

    return start


@pytest.fixture
async def service() -> AsyncIterator[IdentityService]:
    async with identity_service() as running:
        running.permissions = {"good": ["KernelAccess"], "guest": []}
        yield running


class Keys:
    """A file of keys, and their tokens by what they allow."""

    def __init__(self, file: Path) -> None:
        self.settings = AccessSettings(keys_file=file)
        self._file = file
        self.made: list[str] = []

    def add(self, namespaces: tuple[str, ...], *actions: Action) -> str:
        key, token = new_key("test", namespaces, actions, datetime.now(UTC), None)
        edited(self._file, lambda keys: (*keys, key))
        self.made.append(token)
        return token


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    found = Keys(tmp_path / "keys.toml")
    found.add(("nowhere",), ADMIN)
    return found


def test_every_route_but_the_open_ones_is_guarded() -> None:
    assert {route.path for route in ROUTES if not isinstance(route, GuardedRoute)} == OPEN
    assert {needed("/cached_skills/dev/echo"), needed("/v1/skillsets"), needed("/whatever")} == {ADMIN}


async def test_no_guarded_route_answers_without_a_token_or_with_a_wrong_one(opened: Open, keys: Keys) -> None:
    assert len(GUARDED) > 30
    async with opened(access=keys.settings) as client:
        for method, path in GUARDED:
            for verb in (method, "PUT"):  # the wrong method tells nothing either
                missing = await client.request(verb, path, content=b"{")
                assert (missing.status_code, missing.json()["code"]) == (401, "unauthenticated"), path
                assert missing.headers["www-authenticate"] == "Bearer"
                wrong = await client.request(verb, path, content=b"{", headers=bearer("nonsense"))
                assert (wrong.status_code, wrong.json()["code"]) == (403, "token-refused"), path
                assert wrong.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_a_token_without_rights_gets_nowhere(opened: Open, keys: Keys) -> None:
    token = keys.add(("elsewhere",))
    async with opened(access=keys.settings) as client:
        for method, path in GUARDED:
            response = await client.request(method, path, content=b"{", headers=bearer(token))
            assert (response.status_code, response.json()["code"]) == (403, "access-denied"), path
            assert response.headers["www-authenticate"] == 'Bearer error="insufficient_scope"'


async def test_open_routes_answer_everybody_and_tell_nothing(opened: Open, keys: Keys) -> None:
    async with opened(access=keys.settings) as client:
        for path in OPEN:
            assert (await client.get(path)).status_code == 200
        assert (await client.get("/readyz")).json() == {"ready": True}
        assert (await client.get("/readyz", headers=bearer(keys.made[0]))).json()["namespaces"].keys() == {
            "dev",
            "prod",
        }


async def test_unknown_paths_are_not_found_whoever_asks(opened: Open, keys: Keys) -> None:
    async with opened(access=keys.settings) as client:
        for path in ("/nothing", "/skills", "/execute_skill", "/v1/skills/"):
            assert (await client.get(path)).status_code == 404


async def test_rights_hold_in_their_namespace(opened: Open, keys: Keys) -> None:
    token = keys.add(("dev",), RUN)
    async with opened(access=keys.settings) as client:
        client.headers.update(bearer(token))
        own = await client.post("/v1/skills/dev/echo/run", json=1)
        assert own.json()["code"] == "skill-load-failed"  # it got that far
        assert (await client.get("/v1/skills/dev/echo/metadata")).json()["code"] == "skill-load-failed"
        for path in ("/v1/skills/prod/echo/run", "/v1/skills/test-beta/hello/message-stream", "/v1/skills/no/x/run"):
            response = await client.post(path, json=1)
            assert (response.status_code, response.json()["code"]) == (403, "access-denied")
        assert (await client.get("/v1/skills/prod/echo/metadata")).status_code == 403
        assert (await client.get("/v1/tools/dev")).status_code == 403
        assert (await client.get("/cached_skills")).status_code == 403


async def test_a_list_has_what_the_caller_may_run(opened: Open, keys: Keys) -> None:
    for namespaces, expected in ((("dev",), ["dev/echo"]), (("*",), ["dev/echo", "prod/echo"])):
        token = keys.add(namespaces, RUN)
        async with opened(access=keys.settings) as client:
            assert (await client.get("/v1/skills", headers=bearer(token))).json() == expected


async def test_tools_are_used_only_in_namespaces_that_the_caller_may_run(opened: Open, keys: Keys) -> None:
    token = keys.add(("test-beta",), RUN, CSI)
    csi_alone = keys.add(("test-beta",), CSI)
    add = {"name": "add", "arguments": [{"name": "a", "value": 1}, {"name": "b", "value": 2}]}
    async with opened(access=keys.settings) as client:
        for version in ("v1", "v2"):
            own = await client.post(
                f"/csi/{version}/invoke_tool", json={"namespace": "test-beta", "requests": [add]}, headers=bearer(token)
            )
            assert own.json() == [[{"type": "text", "text": "3"}]]
            for namespace, other in (("dev", token), ("test-beta", csi_alone)):
                for function, body in (
                    ("invoke_tool", {"namespace": namespace, "requests": [add]}),
                    ("list_tools", {"namespace": namespace}),
                ):
                    response = await client.post(f"/csi/{version}/{function}", json=body, headers=bearer(other))
                    assert (response.status_code, response.json()["code"]) == (403, "access-denied")
        assert (await client.get("/v1/tools/test-beta", headers=bearer(token))).status_code == 200
        assert (await client.get("/v1/mcp_servers/test-beta", headers=bearer(csi_alone))).status_code == 403


async def test_only_operators_drop_skills(opened: Open, keys: Keys) -> None:
    user, operator = keys.add(("*",), RUN, CSI), keys.add(("dev",), ADMIN)
    async with opened(access=keys.settings) as client:
        assert (await client.delete("/cached_skills/dev/echo", headers=bearer(user))).status_code == 403
        response = await client.delete("/cached_skills/dev/echo", headers=bearer(operator))
        assert response.json() == "Skill was not present in cache"
        assert (await client.delete("/cached_skills/prod/echo", headers=bearer(operator))).status_code == 403
        assert (await client.get("/cached_skills", headers=bearer(operator))).json() == []


async def test_a_stream_is_refused_before_it_begins(opened: Open, keys: Keys) -> None:
    token = keys.add(("test-beta",), RUN)
    async with opened(access=keys.settings) as client:
        hello = "/v1/skills/test-beta/hello/message-stream"
        assert "Hello"[0] in (await client.post(hello, json=1, headers=bearer(token))).text
        refused = await client.post(hello.replace("test-beta", "dev"), json=1, headers=bearer(token))
        assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")
        refused = await client.post("/csi/v2/chat_stream", json={}, headers=bearer(token))
        assert (refused.status_code, refused.json()["code"]) == (403, "access-denied")


async def test_access_is_decided_before_the_body_is_read(opened: Open, keys: Keys) -> None:
    async with opened(access=keys.settings) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
        writer.write(b"POST /v1/skills/dev/echo/run HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n[")
        assert (await reader.readline()).startswith(b"HTTP/1.1 401 ")
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(
    "value", ["Basic x", "Bearer", "bearer", "x", "", "Bearer a b", "Bearer \u00e9", "Bearer a\x01"]
)
@pytest.mark.parametrize("protected", [True, False])
async def test_anything_but_a_bearer_token_makes_no_sense(
    opened: Open, keys: Keys, value: str, protected: bool
) -> None:
    async with opened(access=keys.settings if protected else AccessSettings()) as client:
        response = await client.get("/v1/skills", headers=[(b"authorization", value.encode("latin-1"))])
        assert response.status_code == 400
        if "\x01" not in value:
            assert response.json()["detail"].startswith("invalid HTTP header (authorization)")


async def test_two_tokens_make_no_sense(opened: Open) -> None:
    async with opened() as client:
        both = [(b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")]
        assert (await client.get("/v1/skills", headers=both)).status_code == 400


async def test_without_access_control_a_token_is_optional(opened: Open) -> None:
    async with opened() as client:
        for headers in ({}, bearer("whatever")):
            assert (await client.get("/v1/skills", headers=headers)).status_code == 200
        assert "namespaces" in (await client.get("/readyz")).json()


async def test_texts_that_clients_of_the_original_look_for(opened: Open, service: IdentityService) -> None:
    text = {"accept": "text/plain"}
    async with opened(authorization_url=service.url) as client:
        missing = await client.post("/v1/skills/test-beta/hello/run", json=1, headers=text)
        assert (missing.status_code, missing.text) == (401, "Bearer token expected")
        assert service.asked == []
        for token in ("nonsense", "guest"):
            wrong = await client.post("/v1/skills/test-beta/hello/run", json=1, headers=text | bearer(token))
            assert (wrong.status_code, wrong.text) == (403, "Bearer token invalid")
        assert (await client.get("/v1/skills", headers=text | bearer("nonsense"))).status_code == 403
        assert (await client.get("/v1/skills", headers=text | bearer("good"))).status_code == 200


async def test_an_iam_service_that_is_away_stops_everybody(opened: Open, service: IdentityService) -> None:
    service.replies["/check_user"] = hang
    async with opened(authorization_url=service.url, access=AccessSettings(request_seconds=0.05)) as client:
        response = await client.get("/v1/skills", headers=bearer("good"))
        assert (response.status_code, response.json()["code"]) == (503, "access-unavailable")
        assert response.headers["retry-after"] == "5"
        assert "ry again later" in response.json()["detail"]
        assert (await client.get("/health")).status_code == 200


async def test_one_question_per_request(opened: Open, service: IdentityService) -> None:
    access = AccessSettings(iam={"cache-seconds": 1e-6})  # type: ignore[arg-type]
    async with opened(authorization_url=service.url, access=access) as client:
        for path in ("/v1/skills/test-beta/hello/message-stream", "/csi/v1/list_tools"):
            await client.post(path, json={"namespace": "test-beta"}, headers=bearer("good"))
    assert len(service.asked) == 2


async def test_tokens_of_an_identity_provider(opened: Open, service: IdentityService) -> None:
    grant = GrantSettings(claim="groups", value="team-*", namespaces=("{}",), actions=(RUN,))
    jwt = JwtSettings(issuer=service.issuer, audience=("kernel",), grants=(grant,))
    async with opened(access=AccessSettings(jwt=jwt)) as client:
        client.headers.update(bearer(service.token()))
        assert (await client.get("/v1/skills")).json() == ["dev/echo"]
        assert (await client.post("/v1/skills/prod/echo/run", json=1)).status_code == 403
        assert (await client.post("/csi/v1/chat", json=[])).status_code == 403


async def test_tokens_are_nowhere_to_be_seen(
    opened: Open, keys: Keys, service: IdentityService, spans: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = keys.add(("test-beta",), RUN, CSI)
    bodies: list[str] = []
    for settings, tokens in (
        ({"access": keys.settings}, (token, token[:-1] + "~")),
        ({"authorization_url": service.url}, ("good-but-unknown-token",)),
        ({}, (token,)),
    ):
        async with opened(**settings) as client:
            for secret in tokens:
                for path in (
                    "/v1/skills/test-beta/saboteur/run",
                    "/csi/v1/list_tools",
                    "/csi",
                    "/v1/skills/dev/echo/run",
                ):
                    response = await client.post(path, json={"namespace": "test-beta"}, headers=bearer(secret))
                    bodies.append(response.text + str(response.headers))
    seen = (
        "".join(bodies)
        + caplog.text
        + repr([vars(record) for record in caplog.records])
        + "".join(span.to_json() for span in spans.get_finished_spans())
    )
    assert "check_permissions" in seen
    for secret in (token, token[:-1] + "~", "good-but-unknown-token"):
        assert secret not in seen


async def test_checking_is_part_of_the_trace_of_the_request(
    opened: Open, service: IdentityService, spans: InMemorySpanExporter
) -> None:
    async with opened(authorization_url=service.url) as client:
        await client.get("/v1/skills", headers=bearer("good"))
    by_name = {span.name: span for span in spans.get_finished_spans()}
    check, request = by_name["check_permissions"], by_name["GET /v1/skills"]
    assert check.parent is not None
    assert request.context is not None
    assert check.context is not None
    assert check.parent.span_id == request.context.span_id
    assert f"{check.context.span_id:016x}" in service.asked[0].headers["traceparent"]


async def test_pages_of_other_origins_may_not_call_unless_they_are_named(opened: Open, keys: Keys) -> None:
    preflight = {"origin": "https://a.example.org", "access-control-request-method": "POST"}
    async with opened(access=keys.settings) as client:
        refused = await client.options("/v1/skills/dev/echo/run", headers=preflight)
        assert refused.status_code == 401
        assert not [name for name in refused.headers if name.startswith("access-control")]
    async with opened(access=keys.settings, cors=CorsSettings(allowed_origins=("https://a.example.org",))) as client:
        allowed = await client.options("/v1/skills/dev/echo/run", headers=preflight)
        assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, "https://a.example.org")
        assert "access-control-allow-credentials" not in allowed.headers
        denied = await client.get("/v1/skills", headers={"origin": "https://a.example.org"})
        assert (denied.status_code, denied.headers["access-control-allow-origin"]) == (401, "https://a.example.org")
        other = await client.options("/v1/skills", headers={**preflight, "origin": "https://b.example.org"})
        assert "access-control-allow-origin" not in other.headers


async def test_a_kernel_in_a_program_asks_as_well(keys: Keys, tmp_path: Path) -> None:
    token = keys.add(("test-beta",), RUN)
    settings = Settings(access=keys.settings, inference="none", cache_dir=tmp_path / "cache")
    async with Kernel(settings, runtime=NoRuntime()) as kernel:
        hello = SkillPath("test-beta", "hello")
        assert kernel.skills() == []  # the program itself
        with pytest.raises(Unauthenticated):
            await kernel.invoke(hello, b"1", Caller())
        with pytest.raises(Unauthenticated):
            kernel.skills(Caller(token))  # nobody has looked at the token
        with pytest.raises(AccessDenied):
            async with kernel.csi("test-beta", Caller(token)):
                pass
        async with kernel.stream(hello, b"1", Caller(token)) as events:
            assert [event async for event in events]
        admitted = await kernel.admit(Caller(token), "test-beta", RUN)
        assert (admitted.token, kernel.skills(admitted)) == (None, [])
