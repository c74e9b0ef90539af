"""Passwords and tokens: which are sent where, how long they are used, and who never sees them."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from doubles.oci_image import skill_image
from doubles.scripted_registry import Script, ScriptedRegistry, refusal, scripted_registry
from pharia_kernel.csi.http.retry import RetryPolicy
from pharia_kernel.errors import SkillLoadError
from pharia_kernel.skills.oci.answer import Answer
from pharia_kernel.skills.oci.authorization import Authorization
from pharia_kernel.skills.oci.challenge import challenges
from pharia_kernel.skills.oci.credentials import Credentials, GivenCredentials
from pharia_kernel.skills.registry import CodeUnavailable, RegistryUnavailable

IMAGE = skill_image(b"\0asm haiku")
BASIC = "Basic " + base64.b64encode(b"poet:open sesame").decode()
POET = {"user": "poet", "password": SecretStr("open sesame")}
Open = Callable[..., Any]


def guarded_by(registry: ScriptedRegistry, realm: str | None = None, token: object = None) -> Script:
    """Bearer tokens from ``realm``, which is at the registry itself if it is not said."""

    async def script(request: web.Request) -> web.Response | None:
        if request.path == "/token":
            return web.json_response(token or {"token": f"t-{request.query['scope']}", "expires_in": 300})
        if request.headers.get("Authorization", "").startswith("Bearer "):
            return None
        place = realm or f"http://{registry.host}/token"
        return refusal(401, "UNAUTHORIZED", WWW_Authenticate=f'Bearer realm="{place}",service="poems"')

    return script


async def test_nobody_who_does_not_ask_is_told_the_password(scripted: ScriptedRegistry, oci: Open) -> None:
    scripted.put("team/haiku:latest", IMAGE)
    registry = await oci(scripted.host, **POET)
    await registry.resolve("haiku", "latest")
    assert "Authorization" not in scripted.asked[0].headers


async def test_a_token_is_asked_for_once_per_skill(scripted: ScriptedRegistry, oci: Open) -> None:
    scripted.put("team/haiku:latest", IMAGE)
    scripted.put("team/poem:latest", IMAGE)
    scripted.script = guarded_by(scripted)
    registry = await oci(scripted.host, **POET)
    for name in ("haiku", "poem"):
        await registry.read(name, await registry.resolve(name, "latest"))
    tokens = [request for request in scripted.asked if request.path == "/token"]
    assert [dict(request.query) for request in tokens] == [
        {"service": "poems", "scope": f"repository:team/{name}:pull"} for name in ("haiku", "poem")
    ]
    assert {request.headers["Authorization"] for request in tokens} == {BASIC}
    sent = {request.headers.get("Authorization") for request in scripted.asked if "/poem/" in request.path}
    assert sent == {"Bearer t-repository:team/poem:pull"}


async def test_who_has_no_credentials_gets_a_token_for_anybody(scripted: ScriptedRegistry, oci: Open) -> None:
    scripted.put("team/haiku:latest", IMAGE)
    scripted.script = guarded_by(scripted, token={"access_token": "anybody"})
    registry = await oci(scripted.host)
    assert await registry.resolve("haiku", "latest") == IMAGE.digest
    assert "Authorization" not in next(request for request in scripted.asked if request.path == "/token").headers


async def test_a_token_that_is_not_taken_any_more_is_replaced(scripted: ScriptedRegistry, oci: Open) -> None:
    scripted.put("team/haiku:latest", IMAGE)
    given_out: list[str] = []

    async def script(request: web.Request) -> web.Response | None:
        if request.path == "/token":
            given_out.append(f"t{len(given_out)}")
            return web.json_response({"token": given_out[-1]})
        if given_out and request.headers.get("Authorization") == f"Bearer {given_out[-1]}":
            return None
        return refusal(401, WWW_Authenticate=f'Bearer realm="http://{scripted.host}/token"')

    scripted.script = script
    registry = await oci(scripted.host, **POET)
    await registry.resolve("haiku", "latest")
    given_out.append("revoked all before")
    assert await registry.resolve("haiku", "latest") == IMAGE.digest
    assert given_out == ["t0", "revoked all before", "t2"]


async def test_the_repository_of_a_skill_may_be_forbidden(scripted: ScriptedRegistry, oci: Open) -> None:
    async def never(request: web.Request) -> web.Response:
        if request.path == "/token":
            return web.json_response({"token": "t"})
        return refusal(401, WWW_Authenticate=f'Bearer realm="http://{scripted.host}/token"')

    scripted.script = never
    registry = await oci(scripted.host, **POET)
    with pytest.raises(SkillLoadError, match="knows 'poet' but does not let it pull team/haiku"):
        await registry.resolve("haiku", "latest")


async def test_403_names_the_user_to_check(scripted: ScriptedRegistry, oci: Open) -> None:
    async def never(request: web.Request) -> web.Response:
        return refusal(403, "DENIED", "no pull for you")

    scripted.script = never
    registry = await oci(scripted.host, **POET)
    with pytest.raises(SkillLoadError, match=r"answered 403 .*user of namespaces\.dev"):
        await registry.resolve("haiku", "latest")
    with pytest.raises(CodeUnavailable, match="DENIED no pull for you"):
        await registry.read("haiku", IMAGE.digest)


async def test_a_token_server_that_refuses_is_named_without_the_password(scripted: ScriptedRegistry, oci: Open) -> None:
    async def script(request: web.Request) -> web.Response:
        if request.path == "/token":
            return refusal(401, "UNAUTHORIZED", "not open sesame")
        return refusal(401, WWW_Authenticate=f'Bearer realm="http://{scripted.host}/token"')

    scripted.script = script
    registry = await oci(scripted.host, **POET)
    with pytest.raises(SkillLoadError, match="answered 401 to the credentials of 'poet'") as refused:
        await registry.resolve("haiku", "latest")
    assert "sesame" not in str(refused.value)


async def test_a_token_server_in_trouble_is_a_registry_in_trouble(scripted: ScriptedRegistry, oci: Open) -> None:
    async def script(request: web.Request) -> web.Response:
        if request.path == "/token":
            return refusal(503, "UNAVAILABLE", "do not say open sesame")
        return refusal(401, WWW_Authenticate=f'Bearer realm="http://{scripted.host}/token"')

    scripted.script = script
    registry = await oci(scripted.host, **POET)
    with pytest.raises(RegistryUnavailable, match=r"503 for a token for team/haiku: UNAVAILABLE do not say \*\*\*"):
        await registry.resolve("haiku", "latest")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"token": "two\\nlines"}', b'{"token": 5}', b"[" * 9999])
async def test_an_answer_without_a_usable_token_is_an_error(scripted: ScriptedRegistry, oci: Open, body: bytes) -> None:
    async def script(request: web.Request) -> web.Response:
        if request.path == "/token":
            return web.Response(body=body)
        return refusal(401, WWW_Authenticate=f'Bearer realm="http://{scripted.host}/token"')

    scripted.script = script
    registry = await oci(scripted.host, retry=RetryPolicy(retries=0))
    with pytest.raises(RegistryUnavailable, match="without a token"):
        await registry.resolve("haiku", "latest")


@pytest.mark.parametrize("realm", ["", "ftp://a/token", "file:///etc/passwd", "http://u:p@a/", "http://[", "//a/b"])
async def test_a_token_is_not_asked_for_anywhere_else(scripted: ScriptedRegistry, oci: Open, realm: str) -> None:
    scripted.script = guarded_by(scripted, realm or '"')
    registry = await oci(scripted.host, **POET)
    with pytest.raises(SkillLoadError, match="names no address for tokens"):
        await registry.resolve("haiku", "latest")


@pytest.mark.parametrize("header", [None, "Negotiate", "Digest realm=x", '"nonsense'])
async def test_a_question_that_nobody_understands_is_told(
    scripted: ScriptedRegistry, oci: Open, header: str | None
) -> None:
    async def script(request: web.Request) -> web.Response:
        return web.Response(status=401, headers={"WWW-Authenticate": header} if header else {})

    scripted.script = script
    registry = await oci(scripted.host, **POET)
    with pytest.raises(SkillLoadError, match="without saying which credentials it takes"):
        await registry.resolve("haiku", "latest")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirection_is_followed_without_credentials(
    scripted: ScriptedRegistry, mirror: ScriptedRegistry, oci: Open, status: int
) -> None:
    scripted.put("team/haiku:latest", IMAGE)
    mirror.put("team/haiku:latest", IMAGE)

    async def script(request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") != BASIC:
            return refusal(401, WWW_Authenticate="Basic realm=x")
        there = f"http://{mirror.host}{request.path}?signed=a%2Fb"
        return web.Response(status=status, headers={"Location": there}) if "/blobs/" in request.path else None

    scripted.script = script
    registry = await oci(scripted.host, trace_headers=lambda: {"traceparent": "00-secret"}, **POET)
    assert await registry.read("haiku", IMAGE.digest) == b"\0asm haiku"
    [there] = mirror.asked
    assert not {"Authorization", "traceparent"} & set(there.headers)
    assert there.rel_url.raw_query_string == "signed=a%2Fb"
    assert {request.headers["traceparent"] for request in scripted.asked} == {"00-secret"}


async def test_where_a_redirection_leads_nobody_is_told_who_asks(
    scripted: ScriptedRegistry, mirror: ScriptedRegistry, oci: Open
) -> None:
    async def there(request: web.Request) -> web.Response:
        return refusal(401, "X", "tell me", WWW_Authenticate="Basic realm=x")

    async def here(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": f"http://{mirror.host}/x"})

    scripted.script, mirror.script = here, there
    registry = await oci(scripted.host, **POET)
    with pytest.raises(CodeUnavailable, match=f"{mirror.host} answered 401"):
        await registry.read("haiku", IMAGE.digest)
    assert all("Authorization" not in request.headers for request in mirror.asked)


@pytest.mark.parametrize("place", ["file:///etc/passwd", "ftp://a/b", "http://u:p@127.0.0.1/x", "data:,x", "http://["])
async def test_a_redirection_to_something_else_is_not_followed(
    scripted: ScriptedRegistry, oci: Open, place: str
) -> None:
    async def script(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": f"{place}?key=secret"})

    scripted.script = script
    registry = await oci(scripted.host)
    with pytest.raises(CodeUnavailable, match="address that is not followed") as refused:
        await registry.read("haiku", IMAGE.digest)
    assert "secret" not in str(refused.value)


async def test_what_is_protected_stays_protected(scripted: ScriptedRegistry, oci: Open, tmp_path: Path) -> None:
    """Neither a password nor a question goes from https to http."""
    authority, tls = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    async def script(request: web.Request) -> web.Response:
        if request.method == "HEAD":
            return refusal(401, WWW_Authenticate=f'Bearer realm="http://{scripted.host}/token"')
        return web.Response(status=307, headers={"Location": f"http://{scripted.host}/x"})

    async with scripted_registry(script, tls=tls) as protected:
        asked, sent_on = [await oci(f"https://{protected.host}", ca_file=tmp_path / "ca.pem", **POET) for _ in range(2)]
        with pytest.raises(SkillLoadError, match=f"wants credentials sent unprotected, to http://{scripted.host}"):
            await asked.resolve("haiku", "latest")
        with pytest.raises(CodeUnavailable, match="redirects to an address that is not followed"):
            await sent_on.read("haiku", IMAGE.digest)
    assert scripted.asked == []


async def test_redirections_in_a_circle_end(scripted: ScriptedRegistry, oci: Open) -> None:
    async def script(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": request.path})

    scripted.script = script
    registry = await oci(scripted.host, retry=RetryPolicy(retries=0))
    with pytest.raises(RegistryUnavailable, match="in a circle"):
        await registry.resolve("haiku", "latest")


async def test_docker_credentials_are_taken_where_none_are_configured(
    scripted: ScriptedRegistry, oci: Open, tmp_path: Path
) -> None:
    scripted.put("team/haiku:latest", IMAGE)
    auth = base64.b64encode(b"poet:open sesame").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {scripted.host: {"auth": auth}}}))

    async def script(request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") == BASIC:
            return None
        return refusal(401, WWW_Authenticate="Basic realm=x")

    scripted.script = script
    registry = await oci(scripted.host, environ={"DOCKER_CONFIG": str(tmp_path)})
    assert await registry.resolve("haiku", "latest") == IMAGE.digest

    auth = base64.b64encode(b"poet:new").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {scripted.host: {"auth": auth}}}))

    async def changed(request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") == f"Basic {auth}":
            return None
        return refusal(401, WWW_Authenticate="Basic realm=x")

    scripted.script = changed
    assert await registry.resolve("haiku", "latest") == IMAGE.digest  # the file is read again when it has to be


class _TokenServer:
    def __init__(self, **answer: Any) -> None:
        self.now = 0.0
        self.sent: list[str] = []
        self._answer = answer

    async def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        self.sent.append(url)
        content = json.dumps({"token": f"t{len(self.sent)}", **self._answer}).encode()
        return Answer(200, {}, content, "tokens", True)


@pytest.mark.parametrize(("lifetime", "good_for"), [({"expires_in": 100}, 89), ({}, 53), ({"expires_in": -1}, 8)])
async def test_a_token_is_used_for_most_of_its_life(lifetime: dict[str, float], good_for: float) -> None:
    server = _TokenServer(**lifetime)
    source = GivenCredentials(Credentials("poet", SecretStr("open sesame")))
    authorization = Authorization("host", source, server, way_out="", clock=lambda: server.now)
    question = Answer(401, {"WWW-Authenticate": 'Bearer realm="https://tokens/t?a=b"'}, b"", "host", True)
    assert await authorization.header("r") is None
    authorization.challenged(question, "r", None)
    assert await authorization.header("r") == "Bearer t1"
    server.now = good_for
    assert await authorization.header("r") == "Bearer t1"
    server.now = good_for * 1.1 + 2
    assert await authorization.header("r") == "Bearer t2"
    assert server.sent[0] == "https://tokens/t?a=b&scope=repository%3Ar%3Apull"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", {}),
        ("Basic", {"basic": {}}),
        ('Basic realm="a, b"', {"basic": {"realm": "a, b"}}),
        (
            'Bearer realm="https://a/t",service="s",scope="repository:x:pull,push"',
            {"bearer": {"realm": "https://a/t", "service": "s", "scope": "repository:x:pull,push"}},
        ),
        (
            'Basic realm="x", BEARER realm=y , service = "q\\"q"',
            {"basic": {"realm": "x"}, "bearer": {"realm": "y", "service": 'q"q'}},
        ),
        ("Negotiate, Basic realm=x", {"negotiate": {}, "basic": {"realm": "x"}}),
        ('"garbage', {}),
    ],
)
def test_questions_are_read_as_servers_write_them(header: str, expected: dict[str, dict[str, str]]) -> None:
    assert challenges(header) == expected


@given(st.text(alphabet=st.sampled_from('Bearer Basic,="\\ x\t'), max_size=200))
def test_no_question_is_too_strange_to_be_read(header: str) -> None:
    assert all(scheme == scheme.lower() for scheme in challenges(header))
