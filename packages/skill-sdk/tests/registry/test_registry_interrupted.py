"""Connections that break, in the midst of a blob, on the way to a real registry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from oci_servers.proxy import CuttingProxy, after, before
from oci_servers.registry import RunningRegistry
from pharia_skill.builder.shape import shape_of
from pharia_skill.errors import NotInRegistry, RegistryUnreachable
from pharia_skill.registry import (
    WRITE,
    Effort,
    Image,
    Outcome,
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
Start = Callable[..., CuttingProxy]


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def transport(pauses: list[float]) -> Transport:
    return Transport(effort=Effort(connect=5, read=10), sleep=pauses.append)


def send(reference: str, image: Image, transport: Transport) -> Published:
    with RegistryClient(Reference.parse(f"http://{reference}"), actions=WRITE, transport=transport) as client:
        return publish_image(client, image)


def image(binary: bytes) -> Image:
    return image_of(binary, shape_of(binary))


def test_an_upload_goes_on_where_the_last_whole_chunk_ended(
    plain_registry: RunningRegistry, cutting_proxy: Start, component: Make, transport: Transport, pauses: list[float]
) -> None:
    proxy = cutting_proxy(plain_registry.host, before(b"PATCH ", 2))
    published = send(f"{proxy.host}/cut/between", image(component(11 * MIB, b"b")), transport)
    proxy.close()
    assert published.outcome is Outcome.NEW
    assert len(pauses) == 1
    assert sum(map(len, proxy.carried)) < published.size + MIB


def test_an_upload_cut_within_a_chunk_arrives(
    plain_registry: RunningRegistry, cutting_proxy: Start, component: Make, transport: Transport, tmp_path: Path
) -> None:
    proxy = cutting_proxy(plain_registry.host, after(6 * MIB))
    binary = component(11 * MIB, b"c")
    published = send(f"{proxy.host}/cut/within", image(binary), transport)
    with RegistryClient(Reference.parse(f"{plain_registry.host}/cut/within")) as client:
        assert pull_skill(client, tmp_path / "x.wasm").digest == published.digest
    assert (tmp_path / "x.wasm").read_bytes() == binary


def test_an_upload_that_never_gets_through_is_given_up_and_nothing_is_published(
    plain_registry: RunningRegistry, cutting_proxy: Start, component: Make, transport: Transport, tmp_path: Path
) -> None:
    proxy = cutting_proxy(plain_registry.host, *[before(b"PATCH ")] * 20)
    with pytest.raises(RegistryUnreachable, match="nothing was published; try again"):
        send(f"{proxy.host}/cut/always", image(component(5 * MIB, b"d")), transport)
    with (
        RegistryClient(Reference.parse(f"{plain_registry.host}/cut/always")) as client,
        pytest.raises(NotInRegistry),
    ):
        pull_skill(client, tmp_path / "x.wasm")
    assert plain_registry.uploads("cut/always") == []


def test_a_download_goes_on_where_it_was_cut(
    plain_registry: RunningRegistry, cutting_proxy: Start, component: Make, transport: Transport, tmp_path: Path
) -> None:
    binary = component(8 * MIB, b"f")
    send(f"{plain_registry.host}/cut/back", image(binary), transport)
    proxy = cutting_proxy(plain_registry.host, answers=[after(3 * MIB)])
    with RegistryClient(Reference.parse(f"http://{proxy.host}/cut/back"), transport=transport) as client:
        pull_skill(client, tmp_path / "x.wasm")
    proxy.close()
    assert (tmp_path / "x.wasm").read_bytes() == binary
    assert any(b"Range: bytes=" in request for request in proxy.carried)


def test_a_download_that_never_gets_on_leaves_the_file_as_it_was(
    plain_registry: RunningRegistry, cutting_proxy: Start, component: Make, transport: Transport, tmp_path: Path
) -> None:
    path = tmp_path / "x.wasm"
    path.write_bytes(b"before")
    send(f"{plain_registry.host}/cut/never", image(component(MIB)), transport)
    proxy = cutting_proxy(plain_registry.host, *[before(b"GET /v2/cut/never/blobs")] * 20)
    with (
        RegistryClient(Reference.parse(f"http://{proxy.host}/cut/never"), transport=transport) as client,
        pytest.raises(RegistryUnreachable),
    ):
        pull_skill(client, path)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]
