"""Answers a registry should not give, and how they end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from oci_servers.scripted import Asked, Reply, ScriptedRegistry, scripted_registry
from pharia_skill.builder.shape import shape_of
from pharia_skill.errors import (
    ContentMismatch,
    NotASkillImage,
    RegistryAnswerInvalid,
    RegistryError,
    RegistryForbidden,
    RegistryRefused,
    RegistryUnauthorized,
    RegistryUnreachable,
    RegistryUntrusted,
)
from pharia_skill.registry import (
    WRITE,
    Credentials,
    Effort,
    Published,
    Reference,
    RegistryClient,
    Transport,
    image_of,
    publish_image,
    pull_skill,
)

MIB = 1 << 20
Make = Callable[..., bytes]


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def transport(pauses: list[float]) -> Transport:
    return Transport(effort=Effort(connect=5, read=10), sleep=pauses.append)


class Times:
    """Answer the first requests that fit with ``reply``."""

    def __init__(self, count: int, method: str, reply: Reply, path: str = "") -> None:
        self.left = count
        self._fits = (method, path)
        self._reply = reply

    def __call__(self, asked: Asked) -> Reply | None:
        method, path = self._fits
        if self.left and asked.method == method and path in asked.path:
            self.left -= 1
            return self._reply
        return None


def publish(registry: ScriptedRegistry, binary: bytes, transport: Transport) -> Published:
    reference = Reference.parse(f"{registry.host}/team/haiku")
    with RegistryClient(reference, actions=WRITE, transport=transport) as client:
        return publish_image(client, image_of(binary, shape_of(binary)))


def sent(registry: ScriptedRegistry) -> int:
    return sum(len(asked.body) for asked in registry.asked if asked.method == "PATCH")


def test_a_chunk_whose_answer_was_lost_is_not_sent_again(component: Make, transport: Transport) -> None:
    binary = component(11 * MIB)
    with scripted_registry(Times(1, "PATCH", Reply(0, cut=True))) as registry:
        published = publish(registry, binary, transport)
    assert binary in registry.blobs.values()
    assert sent(registry) == published.sent


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_chunk_the_registry_was_too_busy_for_is_sent_again(
    status: int, component: Make, transport: Transport, pauses: list[float]
) -> None:
    binary = component(5 * MIB)
    with scripted_registry(Times(2, "PATCH", Reply(status, {"Retry-After": "7"}))) as registry:
        publish(registry, binary, transport)
    assert binary in registry.blobs.values()
    assert pauses == [7.0, 7.0]


def test_a_pause_is_never_longer_than_half_a_minute(component: Make, transport: Transport, pauses: list[float]) -> None:
    with scripted_registry(Times(1, "HEAD", Reply(503, {"Retry-After": "86400"}))) as registry:
        publish(registry, component(), transport)
    assert pauses == [30.0]


def test_an_upload_the_registry_forgot_begins_anew(component: Make, transport: Transport) -> None:
    binary = component(5 * MIB)
    with scripted_registry(Times(1, "PATCH", Reply(404, body=b"{}"))) as registry:
        publish(registry, binary, transport)
    assert binary in registry.blobs.values()
    assert registry.uploads == {}


def test_an_upload_the_registry_always_forgets_is_given_up(component: Make, transport: Transport) -> None:
    with (
        scripted_registry(Times(-1, "PATCH", Reply(404, body=b"{}"))) as registry,
        pytest.raises(RegistryUnreachable, match="lost the upload 3 times"),
    ):
        publish(registry, component(), transport)
    assert registry.manifests == {}


def test_a_registry_that_counts_backwards_does_not_keep_anybody_forever(component: Make, transport: Transport) -> None:
    def backwards(asked: Asked) -> Reply | None:
        return Reply(202, {"Location": asked.path, "Range": "0-1"}) if asked.method == "PATCH" else None

    with scripted_registry(backwards) as registry, pytest.raises(RegistryUnreachable, match="lost the upload"):
        publish(registry, component(9 * MIB), transport)


@pytest.mark.parametrize(
    ("status", "kind", "text"),
    [
        (403, RegistryForbidden, "DENIED not yours"),
        (405, RegistryRefused, "can only be read"),
        (413, RegistryRefused, "larger than the registry"),
        (507, RegistryRefused, "the registry is at fault"),
    ],
)
def test_a_refused_chunk_ends_the_upload_and_withdraws_it(
    status: int, kind: type[RegistryError], text: str, component: Make, transport: Transport
) -> None:
    reply = Reply(status, body=b'{"errors": [{"code": "DENIED", "message": "not yours\\u001b[31m"}]}')
    with scripted_registry(Times(1, "PATCH", reply)) as registry, pytest.raises(kind, match=text) as refused:
        publish(registry, component(), transport)
    assert "\x1b" not in str(refused.value)
    assert (registry.uploads, registry.manifests) == ({}, {})
    assert registry.asked[-1].method == "DELETE"


def test_an_interrupted_upload_is_withdrawn(component: Make, transport: Transport) -> None:
    def interrupt(done: int, total: int) -> None:
        if done > 5 * MIB:
            raise KeyboardInterrupt

    binary = component(9 * MIB)
    with scripted_registry() as registry:
        reference = Reference.parse(f"{registry.host}/team/haiku")
        with (
            pytest.raises(KeyboardInterrupt),
            RegistryClient(reference, actions=WRITE, transport=transport) as client,
        ):
            publish_image(client, image_of(binary, shape_of(binary)), progress=interrupt)
    assert (registry.uploads, registry.manifests) == ({}, {})


def test_a_registry_that_wants_larger_chunks_gets_them(component: Make, transport: Transport) -> None:
    wants = {"Location": "/v2/team/haiku/blobs/uploads/1", "OCI-Chunk-Min-Length": str(8 * MIB)}

    def script(asked: Asked) -> Reply | None:
        if asked.method == "POST":
            registry.uploads["1"] = bytearray()
            return Reply(202, wants)
        return None

    with scripted_registry(script) as registry:
        publish(registry, component(9 * MIB), transport)
    assert max(len(asked.body) for asked in registry.asked) == 8 * MIB


def test_credentials_do_not_follow_to_another_host(component: Make, transport: Transport) -> None:
    def ask(asked: Asked) -> Reply | None:
        if "Authorization" not in asked.headers:
            return Reply(401, {"WWW-Authenticate": 'Basic realm="r"'})
        if asked.method == "POST":
            store.uploads["1"] = bytearray()
            return Reply(202, {"Location": f"{store.host}/v2/elsewhere/blobs/uploads/1"})
        return None

    with scripted_registry() as store, scripted_registry(ask) as registry:
        reference = Reference.parse(f"{registry.host}/team/haiku")
        binary = component()
        credentials = Credentials("poet", "open sesame")
        with RegistryClient(reference, credentials, actions=WRITE, transport=transport) as client:
            publish_image(client, image_of(binary, shape_of(binary)))
    assert binary in store.blobs.values()
    assert not any("Authorization" in asked.headers for asked in store.asked)


def test_a_redirected_download_is_followed_without_credentials(
    component: Make, transport: Transport, tmp_path: Path
) -> None:
    def elsewhere(asked: Asked) -> Reply | None:
        if "Authorization" not in asked.headers:
            return Reply(401, {"WWW-Authenticate": 'Basic realm="r"'})
        moved = {"Location": store.host + asked.path}
        return Reply(307, moved) if asked.method == "GET" and "/blobs/" in asked.path else None

    binary = component(MIB)
    with scripted_registry() as store, scripted_registry(elsewhere) as registry:
        reference = Reference.parse(f"{registry.host}/team/haiku")
        credentials = Credentials("poet", "open sesame")
        with RegistryClient(reference, credentials, actions=WRITE, transport=transport) as client:
            publish_image(client, image_of(binary, shape_of(binary)))
        store.blobs = registry.blobs
        with RegistryClient(reference, credentials, transport=transport) as client:
            pull_skill(client, tmp_path / "x.wasm")
    assert (tmp_path / "x.wasm").read_bytes() == binary
    assert [asked.headers.get("Authorization") for asked in store.asked] == [None]


def test_a_circle_of_redirections_ends(transport: Transport, tmp_path: Path) -> None:
    with (
        scripted_registry(lambda asked: Reply(302, {"Location": asked.path})) as registry,
        pytest.raises(RegistryRefused, match="redirects more than 5 times"),
        RegistryClient(Reference.parse(f"{registry.host}/x"), transport=transport) as client,
    ):
        pull_skill(client, tmp_path / "x.wasm")


def test_changed_bytes_are_not_kept(component: Make, transport: Transport, tmp_path: Path) -> None:
    binary = component(1000)
    with scripted_registry() as registry:
        publish(registry, binary, transport)
        layer = next(digest for digest, blob in registry.blobs.items() if blob == binary)
        registry.blobs[layer] = binary[:-1] + b"!"
        with (
            pytest.raises(ContentMismatch, match="changed on the way"),
            RegistryClient(Reference.parse(f"{registry.host}/team/haiku"), transport=transport) as client,
        ):
            pull_skill(client, tmp_path / "x.wasm")
    assert list(tmp_path.iterdir()) == []


def test_more_bytes_than_promised_are_not_read(component: Make, transport: Transport, tmp_path: Path) -> None:
    with scripted_registry() as registry:
        publish(registry, component(), transport)
        registry.blobs = {digest: blob + bytes(MIB) for digest, blob in registry.blobs.items()}
        with (
            pytest.raises(ContentMismatch, match="more than the"),
            RegistryClient(Reference.parse(f"{registry.host}/team/haiku"), transport=transport) as client,
        ):
            pull_skill(client, tmp_path / "x.wasm")
    assert list(tmp_path.iterdir()) == []


def test_a_manifest_that_was_stored_differently_is_an_error(component: Make, transport: Transport) -> None:
    script = Times(1, "PUT", Reply(201, {"Docker-Content-Digest": "sha256:" + "0" * 64}), "/manifests/")
    with scripted_registry(script) as registry, pytest.raises(ContentMismatch, match="manifest"):
        publish(registry, component(), transport)


@pytest.mark.parametrize(
    ("manifest", "text"),
    [
        (b"<html>", "names no layers"),
        (b"[]", "names no layers"),
        (json.dumps({"layers": []}).encode(), "this has nothing"),
        (
            json.dumps({"layers": [{"mediaType": "application/gzip", "digest": "sha256:1", "size": 1}]}).encode(),
            "this has application/gzip",
        ),
    ],
)
def test_manifests_of_other_things_are_told_apart(
    manifest: bytes, text: str, transport: Transport, tmp_path: Path
) -> None:
    with scripted_registry() as registry:
        registry.manifests["latest"] = manifest
        with (
            pytest.raises(NotASkillImage, match=text),
            RegistryClient(Reference.parse(f"{registry.host}/x"), transport=transport) as client,
        ):
            pull_skill(client, tmp_path / "x.wasm")


def test_an_endless_answer_is_cut_short(transport: Transport, tmp_path: Path) -> None:
    with (
        scripted_registry(lambda asked: Reply(200, body=bytes(5 * MIB))) as registry,
        pytest.raises(RegistryAnswerInvalid, match="larger than"),
        RegistryClient(Reference.parse(f"{registry.host}/x"), transport=transport) as client,
    ):
        pull_skill(client, tmp_path / "x.wasm")


def test_a_401_without_a_challenge_says_so(transport: Transport, tmp_path: Path) -> None:
    with (
        scripted_registry(lambda asked: Reply(401)) as registry,
        pytest.raises(RegistryUnauthorized, match="without saying which credentials"),
        RegistryClient(Reference.parse(f"{registry.host}/x"), transport=transport) as client,
    ):
        pull_skill(client, tmp_path / "x.wasm")


def test_a_registry_that_is_not_there_is_named(transport: Transport, pauses: list[float], tmp_path: Path) -> None:
    with (
        pytest.raises(RegistryUnreachable, match=r"127\.0\.0\.1:1 can not be reached.*refused"),
        RegistryClient(Reference.parse("http://127.0.0.1:1/x"), transport=transport) as client,
    ):
        pull_skill(client, tmp_path / "x.wasm")
    assert len(pauses) == 3


def test_a_host_without_a_name_is_not_waited_for(transport: Transport, pauses: list[float], tmp_path: Path) -> None:
    with (
        pytest.raises(RegistryUnreachable, match=r"there is no host registry\.invalid"),
        RegistryClient(Reference.parse("registry.invalid/x"), transport=transport) as client,
    ):
        pull_skill(client, tmp_path / "x.wasm")
    assert pauses == []


def test_plain_http_elsewhere_needs_a_word(transport: Transport, tmp_path: Path) -> None:
    with (
        pytest.raises(RegistryUntrusted, match="--plain-http"),
        RegistryClient(Reference.parse("http://registry.invalid/x"), transport=transport) as client,
    ):
        pull_skill(client, tmp_path / "x.wasm")
