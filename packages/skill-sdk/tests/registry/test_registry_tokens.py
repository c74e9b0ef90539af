"""Bearer tokens, from a token server the real registry believes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oci_servers.registry import Certificates, RunningRegistry, running_registry, tls_settings
from oci_servers.scripted import Asked, Reply, scripted_registry
from oci_servers.tokens import TokenServer, token_server
from pharia_skill.builder.shape import shape_of
from pharia_skill.errors import RegistryAnswerInvalid, RegistryForbidden, RegistryUnauthorized, RegistryUntrusted
from pharia_skill.registry import (
    WRITE,
    Credentials,
    Published,
    Reference,
    RegistryClient,
    SecretKind,
    Transport,
    image_of,
    publish_image,
    pull_skill,
)
from pharia_skill.registry.authorization import challenges

MIB = 1 << 20
Make = Callable[..., bytes]
POET = Credentials("poet", "open sesame")


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenServer]:
    with token_server(tmp_path_factory.mktemp("tokens")) as server:
        yield server


@pytest.fixture(scope="module")
def token_registry(tokens: TokenServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with running_registry(tmp_path_factory.mktemp("registry"), auth=tokens.settings) as registry:
        yield registry


@pytest.fixture(autouse=True)
def rights(tokens: TokenServer) -> None:
    tokens.allowed = {"poet": ("open sesame", "pull,push"), "reader": ("letters", "pull")}
    tokens.identity_tokens = {"long lived": "poet"}
    tokens.asked.clear()


def publish(registry: RunningRegistry, binary: bytes, credentials: Credentials | None) -> Published:
    reference = Reference.parse(f"http://{registry.host}/team/haiku")
    with RegistryClient(reference, credentials, actions=WRITE) as client:
        return publish_image(client, image_of(binary, shape_of(binary)))


def test_a_token_is_asked_for_once_and_for_this_repository(
    token_registry: RunningRegistry, tokens: TokenServer, component: Make, tmp_path: Path
) -> None:
    published = publish(token_registry, component(5 * MIB), POET)
    assert tokens.asked == [("GET", {"service": "poems", "scope": "repository:team/haiku:pull,push"})]

    reference = Reference.parse(f"http://{token_registry.host}/team/haiku")
    with RegistryClient(reference, Credentials("reader", "letters")) as client:
        assert pull_skill(client, tmp_path / "x.wasm").digest == published.digest
    assert tokens.asked[1][1]["scope"] == "repository:team/haiku:pull"


def test_an_identity_token_is_exchanged(token_registry: RunningRegistry, tokens: TokenServer, component: Make) -> None:
    publish(token_registry, component(1), Credentials("<token>", "long lived", SecretKind.IDENTITY_TOKEN))
    method, parameters = tokens.asked[0]
    assert (method, parameters["grant_type"]) == ("POST", "refresh_token")


@pytest.mark.parametrize(
    ("credentials", "kind", "text"),
    [
        (Credentials("poet", "xyzzy"), RegistryUnauthorized, "did not take the credentials of `poet`"),
        (None, RegistryUnauthorized, "asks who you are"),
        (Credentials("reader", "letters"), RegistryForbidden, "knows `reader` but grants no .*pull,push"),
    ],
)
def test_who_may_not_publish_learns_why(
    credentials: Credentials | None,
    kind: type[Exception],
    text: str,
    token_registry: RunningRegistry,
    component: Make,
) -> None:
    with pytest.raises(kind, match=text) as refused:
        publish(token_registry, component(2), credentials)
    assert "xyzzy" not in str(refused.value)


def test_a_token_that_runs_out_is_replaced(tmp_path: Path, component: Make) -> None:
    """Every token is good for three requests."""
    uses: dict[str, int] = {}

    def ask(asked: Asked) -> Reply | None:
        if asked.path.startswith("/token"):
            return Reply(200, body=b'{"access_token": "t%d"}' % len(registry.asked))
        token = asked.headers.get("Authorization", "")
        uses[token] = uses.get(token, 0) + 1
        if not token or uses[token] > 3:
            return Reply(401, {"WWW-Authenticate": f'Bearer realm="{registry.host}/token",service="s"'})
        return None

    binary = component(9 * MIB)
    with scripted_registry(ask) as registry:
        with RegistryClient(Reference.parse(f"{registry.host}/team/haiku"), POET, actions=WRITE) as client:
            publish_image(client, image_of(binary, shape_of(binary)))
        with RegistryClient(Reference.parse(f"{registry.host}/team/haiku"), POET) as client:
            pull_skill(client, tmp_path / "x.wasm")
    assert (tmp_path / "x.wasm").read_bytes() == binary
    assert len(uses) > 3


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'{"token": "two\\nlines"}', b'{"token": 5}'])
def test_an_answer_without_a_usable_token_is_an_error(answer: bytes, tmp_path: Path) -> None:
    def ask(asked: Asked) -> Reply | None:
        if asked.path.startswith("/token"):
            return Reply(200, body=answer)
        return Reply(401, {"WWW-Authenticate": f'Bearer realm="{registry.host}/token"'})

    with (
        scripted_registry(ask) as registry,
        pytest.raises(RegistryAnswerInvalid, match="token"),
        RegistryClient(Reference.parse(f"{registry.host}/x"), POET) as client,
    ):
        pull_skill(client, tmp_path / "x.wasm")


def test_an_access_token_is_sent_as_it_is() -> None:
    def ask(asked: Asked) -> Reply | None:
        if asked.headers.get("Authorization") == "Bearer ready made":
            return None
        return Reply(401, {"WWW-Authenticate": 'Bearer realm="https://nowhere.invalid/token"'})

    with (
        scripted_registry(ask) as registry,
        RegistryClient(
            Reference.parse(f"{registry.host}/x"), Credentials("", "ready made", SecretKind.ACCESS_TOKEN)
        ) as client,
    ):
        assert client.manifest_digest("latest") is None


def test_credentials_are_not_sent_to_an_unprotected_realm(
    start_registry: Callable[..., RunningRegistry], certificates: Certificates, tokens: TokenServer
) -> None:
    registry = start_registry(tls_settings(certificates), tokens.settings)
    transport = Transport(ca_file=certificates.authority)
    with (
        pytest.raises(RegistryUntrusted, match="wants credentials sent unprotected"),
        RegistryClient(Reference.parse(f"{registry.host}/x"), POET, transport=transport) as client,
    ):
        client.manifest_digest("latest")
    assert tokens.asked == []


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
def test_challenges_are_read_as_servers_write_them(header: str, expected: dict[str, dict[str, str]]) -> None:
    assert challenges(header) == expected
