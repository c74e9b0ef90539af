"""Skills into a real registry and back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from oci_servers.registry import Certificates, RunningRegistry
from pharia_skill.builder.shape import shape_of
from pharia_skill.errors import (
    NotASkillImage,
    NotInRegistry,
    RegistryError,
    RegistryUnauthorized,
    RegistryUntrusted,
    TagTaken,
)
from pharia_skill.registry import (
    WRITE,
    Credentials,
    Image,
    Outcome,
    Published,
    Pulled,
    Reference,
    RegistryClient,
    Transport,
    image_of,
    publish_image,
    pull_skill,
)
from pharia_skill.registry.image import MANIFEST_TYPE, source_date

MIB = 1 << 20
Make = Callable[..., bytes]


def image(binary: bytes, **options: Any) -> Image:
    return image_of(binary, shape_of(binary), **options)


def send(reference: str, image: Image, **options: Any) -> Published:
    with RegistryClient(Reference.parse(reference), actions=WRITE) as client:
        return publish_image(client, image, **options)


def fetch(reference: str, path: Path) -> Pulled:
    with RegistryClient(Reference.parse(reference)) as client:
        return pull_skill(client, path)


def test_what_is_pulled_is_what_was_published(plain_registry: RunningRegistry, component: Make, tmp_path: Path) -> None:
    binary = component(9 * MIB)
    published = send(f"{plain_registry.host}/team/haiku:1", image(binary))
    assert published.outcome is Outcome.NEW
    assert published.sent > published.size == len(binary)

    by_tag = fetch(f"{plain_registry.host}/team/haiku:1", tmp_path / "tag.wasm")
    by_digest = fetch(f"{plain_registry.host}/team/haiku@{published.digest}", tmp_path / "digest.wasm")
    assert by_tag.digest == by_digest.digest == published.digest
    assert by_tag.path.read_bytes() == by_digest.path.read_bytes() == binary
    assert sorted(path.name for path in tmp_path.iterdir()) == ["digest.wasm", "tag.wasm"]


def test_the_image_has_the_layout_kernels_expect(plain_registry: RunningRegistry, component: Make) -> None:
    binary = component()
    reference = Reference.parse(f"{plain_registry.host}/layout")
    send(str(reference), image(binary))
    with RegistryClient(reference) as client:
        manifest = json.loads(client.manifest("latest"))
        with client.blob(manifest["config"]["digest"], 0) as opened:
            config = json.loads(opened.whole().body)

    layer = f"sha256:{hashlib.sha256(binary).hexdigest()}"
    assert manifest["mediaType"] == MANIFEST_TYPE
    assert manifest["config"]["mediaType"] == "application/vnd.wasm.config.v0+json"
    assert manifest["layers"] == [{"mediaType": "application/wasm", "digest": layer, "size": len(binary)}]
    assert list(manifest) == ["schemaVersion", "mediaType", "config", "layers"]
    assert config == {
        "created": "1970-01-01T00:00:00Z",
        "author": None,
        "architecture": "wasm",
        "os": "wasip2",
        "layerDigests": [layer],
        "component": {"exports": ["pharia:skill/skill-handler@0.4.0"], "imports": [], "target": None},
    }


def test_publishing_the_same_again_sends_nothing(plain_registry: RunningRegistry, component: Make) -> None:
    reference = f"{plain_registry.host}/again"
    first = send(reference, image(component(100)))
    second = send(reference, image(component(100)))
    assert (second.outcome, second.sent, second.digest) == (Outcome.UNCHANGED, 0, first.digest)


def test_a_second_tag_costs_no_upload(plain_registry: RunningRegistry, component: Make) -> None:
    send(f"{plain_registry.host}/tags:1", image(component(100)))
    second = send(f"{plain_registry.host}/tags:2", image(component(100)))
    assert (second.outcome, second.sent) == (Outcome.NEW, 0)


def test_a_tag_moves_and_tells_what_it_stood_for(plain_registry: RunningRegistry, component: Make) -> None:
    first = send(f"{plain_registry.host}/moved", image(component(1)))
    second = send(f"{plain_registry.host}/moved", image(component(2)))
    assert (second.outcome, second.before) == (Outcome.REPLACED, first.digest)


def test_a_tag_that_may_not_move_stays(plain_registry: RunningRegistry, component: Make, tmp_path: Path) -> None:
    reference = f"{plain_registry.host}/fixed:1"
    first = send(reference, image(component(1)))
    with pytest.raises(TagTaken, match=f"{first.digest} already"):
        send(reference, image(component(2)), overwrite=False)
    assert fetch(reference, tmp_path / "x.wasm").digest == first.digest
    assert send(reference, image(component(1)), overwrite=False).outcome is Outcome.UNCHANGED


def test_a_dry_run_writes_nothing(plain_registry: RunningRegistry, component: Make, tmp_path: Path) -> None:
    reference = f"{plain_registry.host}/rehearsed"
    published = send(reference, image(component(100)), dry_run=True)
    assert published.sent > 100
    with pytest.raises(NotInRegistry, match="MANIFEST_UNKNOWN"):
        fetch(reference, tmp_path / "x.wasm")
    assert list(tmp_path.iterdir()) == []


def test_the_time_in_the_image_is_only_what_the_build_says(component: Make) -> None:
    assert image(component()).digest == image(component()).digest
    dated = image(component(), created=source_date({"SOURCE_DATE_EPOCH": "1700000000"}))
    assert b'"created":"2023-11-14T22:13:20Z"' in dated.config
    assert image(component(), created=datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)).digest == dated.digest
    with pytest.raises(RegistryError, match="SOURCE_DATE_EPOCH is `soon`"):
        source_date({"SOURCE_DATE_EPOCH": "soon"})


def test_annotations_go_to_the_manifest_in_a_fixed_order(component: Make) -> None:
    one = image(component(), annotations={"b": "2", "a": "1"})
    assert json.loads(one.manifest)["annotations"] == {"a": "1", "b": "2"}
    assert one.digest == image(component(), annotations={"a": "1", "b": "2"}).digest


def test_an_image_that_is_no_skill_is_told_apart(plain_registry: RunningRegistry, tmp_path: Path) -> None:
    reference = Reference.parse(f"{plain_registry.host}/other")
    kind = "application/vnd.oci.image.index.v1+json"
    index = {"schemaVersion": 2, "mediaType": kind, "manifests": []}
    with RegistryClient(reference, actions=WRITE) as client:
        client.put_manifest("latest", json.dumps(index).encode(), kind)
    with pytest.raises(NotASkillImage, match="an index of images"):
        fetch(str(reference), tmp_path / "x.wasm")


def test_tls_is_checked_against_the_given_authority(
    tls_registry: RunningRegistry, certificates: Certificates, component: Make, tmp_path: Path
) -> None:
    reference = Reference.parse(f"{tls_registry.host}/safe")
    trusting = Transport(ca_file=certificates.authority)
    with RegistryClient(reference, actions=WRITE, transport=trusting) as client:
        published = publish_image(client, image(component(100)))
    with RegistryClient(reference, transport=trusting) as client:
        assert pull_skill(client, tmp_path / "x.wasm").digest == published.digest

    with pytest.raises(RegistryUntrusted, match="--ca-file"), RegistryClient(reference) as client:
        pull_skill(client, tmp_path / "y.wasm")


def test_a_file_without_certificates_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    transport = Transport(ca_file=tmp_path / "empty.pem")
    with pytest.raises(RegistryUntrusted, match=r"empty\.pem"):
        RegistryClient(Reference.parse("localhost/x"), transport=transport)


def test_user_and_password_open_a_guarded_registry(
    guarded_registry: RunningRegistry, certificates: Certificates, poet: Credentials, component: Make, tmp_path: Path
) -> None:
    reference = Reference.parse(f"{guarded_registry.host}/secret/haiku")
    transport = Transport(ca_file=certificates.authority)
    with RegistryClient(reference, poet, actions=WRITE, transport=transport) as client:
        published = publish_image(client, image(component(5 * MIB)))
    with RegistryClient(reference, poet, transport=transport) as client:
        assert pull_skill(client, tmp_path / "x.wasm").digest == published.digest


@pytest.mark.parametrize(
    ("credentials", "text"),
    [
        (None, "set SKILL_REGISTRY_USER and SKILL_REGISTRY_TOKEN"),
        (Credentials("poet", "xyzzy", origin="the environment"), "credentials of `poet` from the environment"),
    ],
)
def test_wrong_credentials_are_refused_and_not_shown(
    credentials: Credentials | None,
    text: str,
    guarded_registry: RunningRegistry,
    certificates: Certificates,
    tmp_path: Path,
) -> None:
    reference = Reference.parse(f"{guarded_registry.host}/secret/haiku")
    transport = Transport(ca_file=certificates.authority)
    with (
        pytest.raises(RegistryUnauthorized, match=text) as refused,
        RegistryClient(reference, credentials, transport=transport) as client,
    ):
        pull_skill(client, tmp_path / "x.wasm")
    assert "xyzzy" not in f"{refused.value}{credentials!r}"
