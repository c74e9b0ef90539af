"""Tokens of an identity provider: real signatures, a real server on loopback."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from doubles.identity_service import EC, ED, OTHER_RSA, RSA, IdentityService, hang, public_jwk, status
from pharia_kernel.access.jwt import Grant, JwtOptions, JwtTokens
from pharia_kernel.access.jwt.key_set import KeySetOptions
from pharia_kernel.errors import AccessUnavailable, TokenRefused
from pharia_kernel.types import Action, Rights

ALL = ("RS256", "ES256", "EdDSA")
Make = Callable[..., Any]


@pytest.fixture
async def tokens(service: IdentityService) -> AsyncIterator[Make]:
    """Makes authenticators for the service."""
    async with AsyncExitStack() as stack:

        async def make(
            algorithms: tuple[str, ...] = ALL, *, discover: bool = False, seconds: float = 20, **keys: Any
        ) -> JwtTokens:
            defaults = {"refresh_seconds": 600.0, "stale_seconds": 3600.0, "pause_seconds": 0.0}
            options = JwtOptions(
                keys=KeySetOptions(
                    issuer=service.issuer, url=None if discover else f"{service.url}/keys", **{**defaults, **keys}
                ),
                audience=("kernel", "other"),
                algorithms=algorithms,
                leeway_seconds=30,
                subject_claim="sub",
                grants=(Grant("groups", "team-*", ("{}",), frozenset({Action.RUN})),),
                forwarded=False,
                request_seconds=seconds,
            )
            found = JwtTokens(options, trace_headers=lambda: {"traceparent": "00-1"})
            return await stack.enter_async_context(found)

        yield make


async def reason(tokens: JwtTokens, token: str) -> str:
    with pytest.raises(TokenRefused, match=r"^Bearer token invalid$") as caught:
        await tokens.identify(token)
    assert caught.value.__cause__ is None
    return caught.value.reason


async def test_a_token_has_what_its_claims_allow(service: IdentityService, tokens: Make) -> None:
    identity = await (await tokens()).identify(service.token())
    assert (identity.id, identity.rights) == ("jwt:alice", Rights({"dev": frozenset({Action.RUN})}))
    assert not identity.forwarded


@pytest.mark.parametrize(("key", "algorithm"), [(EC, "ES256"), (ED, "EdDSA"), (OTHER_RSA, "RS256")])
async def test_every_allowed_kind_of_key_works(
    service: IdentityService, tokens: Make, key: Any, algorithm: str
) -> None:
    service.keys.append(public_jwk(key, "second"))
    assert await (await tokens()).identify(service.token(key, algorithm, "second"))


async def test_the_place_of_the_keys_can_be_discovered(service: IdentityService, tokens: Make) -> None:
    assert await (await tokens(discover=True)).identify(service.token())
    assert service.paths() == ["/.well-known/openid-configuration", "/keys"]
    assert service.asked[0].headers["traceparent"] == "00-1"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"exp": int(time.time()) - 60}, "ExpiredSignatureError"),
        ({"nbf": int(time.time()) + 600}, "ImmatureSignatureError"),
        ({"aud": "another"}, "InvalidAudienceError"),
        ({"iss": "https://another.example.org"}, "InvalidIssuerError"),
        ({"exp": None}, "MissingRequiredClaimError"),
        ({"aud": None}, "MissingRequiredClaimError"),
        ({"iss": None}, "MissingRequiredClaimError"),
        ({"exp": "soon"}, "DecodeError"),
        ({"sub": None}, "no usable claim sub"),
        ({"sub": ""}, "no usable claim sub"),
        ({"sub": "x" * 300}, "no usable claim sub"),
    ],
)
async def test_claims_that_do_not_hold_are_refused(
    service: IdentityService, tokens: Make, changes: dict[str, Any], why: str
) -> None:
    assert await reason(await tokens(), service.token(**changes)) == why


async def test_clocks_may_differ_a_little(service: IdentityService, tokens: Make) -> None:
    now = int(time.time())
    assert await (await tokens()).identify(service.token(exp=now - 5, nbf=now + 5))


def forged(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    return f"{part(json.dumps(header).encode())}.{part(json.dumps(claims).encode())}.{part(signature)}"


async def test_only_the_signature_of_the_provider_counts(service: IdentityService, tokens: Make) -> None:
    checking = await tokens()
    assert await reason(checking, service.token(OTHER_RSA)) == "InvalidSignatureError"
    head, claims, signature = service.token().split(".")
    other = service.token(sub="mallory").split(".")[1]
    assert await reason(checking, f"{head}.{other}.{signature}") == "InvalidSignatureError"
    assert await reason(checking, f"{head}.{claims}.") == "InvalidSignatureError"


async def test_the_algorithm_is_not_the_choice_of_the_token(service: IdentityService, tokens: Make) -> None:
    checking = await tokens(("RS256",))
    claims = {"iss": service.issuer, "aud": "kernel", "sub": "mallory", "exp": int(time.time()) + 600}
    for header in (
        {"alg": "none"},
        {"alg": "None"},
        {"alg": "HS256", "kid": "first"},
        {"alg": None},
        {"alg": ["RS256"]},
    ):
        await reason(checking, forged(header, claims, b"x"))
    header = {"alg": "HS256", "kid": "first"}
    signature = hmac.digest(json.dumps(service.keys[0]).encode(), forged(header, claims)[:-1].encode(), "sha256")
    assert await reason(checking, forged(header, claims, signature)) == "an algorithm that is not allowed"
    service.keys.append(public_jwk(EC, "second"))
    assert await reason(checking, service.token(EC, "ES256", "second")) == "an algorithm that is not allowed"
    assert service.asked == []


async def test_a_key_is_for_the_algorithm_it_names(service: IdentityService, tokens: Make) -> None:
    service.keys = [public_jwk(RSA, "first", alg="RS512")]
    assert "no key 'first' for RS256" in await reason(await tokens(), service.token())


@pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.c", "..", "é.é.é", "e30.e30.e30", "\0", "x" * 16_000])
async def test_what_is_no_token_is_refused_without_asking(service: IdentityService, tokens: Make, token: str) -> None:
    assert await reason(await tokens(), token)
    assert service.asked == []


async def test_keys_are_fetched_once_for_many(service: IdentityService, tokens: Make) -> None:
    checking = await tokens()
    await asyncio.gather(*(checking.identify(service.token()) for _ in range(20)))
    await checking.identify(service.token())
    assert service.paths() == ["/keys"]


async def test_a_new_key_is_found_when_it_is_used(service: IdentityService, tokens: Make) -> None:
    checking = await tokens()
    await checking.identify(service.token())
    service.keys = [public_jwk(OTHER_RSA, "rotated")]
    assert await checking.identify(service.token(OTHER_RSA, kid="rotated"))
    assert await reason(checking, service.token()) == "the identity provider has no key 'first' for RS256"


async def test_made_up_key_names_do_not_become_requests(service: IdentityService, tokens: Make) -> None:
    checking = await tokens(pause_seconds=3600.0)
    await checking.identify(service.token())
    for number in range(50):
        assert "has no key" in await reason(checking, service.token(OTHER_RSA, kid=f"made-up-{number}"))
    assert service.paths() == ["/keys"]


async def test_a_token_without_key_name_has_the_only_key(service: IdentityService, tokens: Make) -> None:
    checking = await tokens(pause_seconds=3600.0)
    assert await checking.identify(service.token(kid=None))
    service.keys.append(public_jwk(OTHER_RSA, "second"))
    assert "has no key None" in await reason(await tokens(), service.token(kid=None))


async def test_keys_of_other_uses_are_passed_over(service: IdentityService, tokens: Make) -> None:
    service.keys = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "symmetric"},
        {"kty": "RSA", "kid": "broken", "n": "!"},
        public_jwk(OTHER_RSA, "first", use="enc"),
        "nonsense",  # type: ignore[list-item]
        *service.keys,
    ]
    assert await (await tokens()).identify(service.token())


async def test_known_keys_hold_while_the_provider_is_away(
    service: IdentityService, tokens: Make, caplog: pytest.LogCaptureFixture
) -> None:
    checking = await tokens(refresh_seconds=1e-9)
    await checking.identify(service.token())
    service.replies["/keys"] = status(500)
    assert await checking.identify(service.token())
    assert "answered 500" in caplog.text
    with pytest.raises(AccessUnavailable):  # it may well be a new key
        await checking.identify(service.token(OTHER_RSA, kid="unknown"))


async def test_they_do_not_hold_for_ever(service: IdentityService, tokens: Make) -> None:
    checking = await tokens(refresh_seconds=1e-9, stale_seconds=1e-9)
    service.replies["/keys"] = status(500)
    with pytest.raises(AccessUnavailable, match="can not be had"):
        await checking.identify(service.token())


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{}", '{"keys": []}', '{"keys": {}}', "[" * 100_000, '{"keys": [{"kty": "RSA"}]}', "x" * 2_000_000],
)
async def test_a_provider_that_answers_nonsense_lets_nobody_in(
    service: IdentityService, tokens: Make, body: str
) -> None:
    service.replies["/keys"] = status(200, body)
    with pytest.raises(AccessUnavailable):
        await (await tokens()).identify(service.token())


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://another.example.org", "jwks_uri": "https://another.example.org/keys"},
        {"jwks_uri": "https://another.example.org/keys"},
        {"issuer": "ISSUER"},
        {"issuer": "ISSUER", "jwks_uri": "http://another.example.org/keys"},
        {"issuer": "ISSUER", "jwks_uri": "file:///etc/passwd"},
    ],
)
async def test_discovery_is_not_believed_everything(service: IdentityService, tokens: Make, document: Any) -> None:
    text = json.dumps(document).replace("ISSUER", service.issuer)
    service.replies["/.well-known/openid-configuration"] = status(200, text)
    with pytest.raises(AccessUnavailable):
        await (await tokens(discover=True)).identify(service.token())
    assert "/keys" not in service.paths()


async def test_redirects_are_not_followed(service: IdentityService, tokens: Make) -> None:
    service.replies["/keys"] = status(302, Location=f"{service.url}/elsewhere")
    with pytest.raises(AccessUnavailable):
        await (await tokens()).identify(service.token())
    assert service.paths() == ["/keys"]


async def test_a_provider_that_hangs_is_given_up(service: IdentityService, tokens: Make) -> None:
    service.replies["/keys"] = hang
    with pytest.raises(AccessUnavailable):
        await (await tokens(seconds=0.05)).identify(service.token())


async def test_a_caller_that_leaves_does_not_keep_others_from_trying(service: IdentityService, tokens: Make) -> None:
    checking = await tokens(pause_seconds=3600.0)
    service.replies["/keys"] = hang
    first = asyncio.create_task(checking.identify(service.token()))
    await service.arrived.wait()
    del service.replies["/keys"]
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await checking.identify(service.token())


async def test_tokens_are_not_logged(service: IdentityService, tokens: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    checking = await tokens()
    token = service.token(OTHER_RSA)
    await reason(checking, token)
    service.replies["/keys"] = status(500)
    with pytest.raises(AccessUnavailable):
        await checking.identify(service.token(kid="new"))
    for part in token.split("."):
        assert part not in caplog.text
