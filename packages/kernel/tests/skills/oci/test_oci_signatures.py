"""With a public key, only what its owner signed is served."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from doubles.docker_registry import DockerRegistry
from doubles.oci_image import KEY, OciImage, payload_of, public_pem, signature_image, skill_image
from doubles.scripted_registry import ScriptedRegistry
from pharia_kernel.errors import SkillLoadError
from pharia_kernel.skills.oci import OciRegistry
from pharia_kernel.skills.oci.public_key import PublicKey
from pharia_kernel.skills.oci.signature import claims
from pharia_kernel.skills.registry import CodeUnavailable

CODE = b"\0asm haiku"
IMAGE = skill_image(CODE)
TAG = f"{IMAGE.digest.replace(':', '-')}.sig"
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
PAYLOAD = payload_of(IMAGE.digest)
GOOD = signature_image((PAYLOAD, KEY))
Open = Callable[..., Any]


@pytest.fixture
async def strict(scripted: ScriptedRegistry, oci: Open) -> OciRegistry:
    scripted.put("team/haiku:latest", IMAGE)
    opened: OciRegistry = await oci(scripted.host, public_key=PublicKey(public_pem()))
    return opened


async def test_what_is_signed_is_served(plain: DockerRegistry, oci: Open) -> None:
    registry = await oci(plain.host, public_key=PublicKey(public_pem()))
    await plain.push("team/haiku:signed", IMAGE)
    await plain.push(f"team/haiku:{TAG}", GOOD)
    assert await registry.read("haiku", await registry.resolve("haiku", "signed")) == CODE


async def test_what_is_not_signed_is_not_served_until_it_is(strict: OciRegistry, scripted: ScriptedRegistry) -> None:
    with pytest.raises(SkillLoadError, match=r"is not signed, and namespaces\.dev has a public-key") as refused:
        await strict.read("haiku", IMAGE.digest)
    assert isinstance(refused.value, CodeUnavailable)  # so it is looked at again: people sign after they publish
    scripted.put(f"team/haiku:{TAG}", GOOD)
    assert await strict.read("haiku", IMAGE.digest) == CODE


@pytest.mark.parametrize(
    "signatures",
    [
        signature_image(),
        signature_image((PAYLOAD, OTHER_KEY)),
        signature_image((payload_of(skill_image(b"other").digest), KEY)),
        signature_image((payload_of(IMAGE.digest, "another kind of signature"), KEY)),
        signature_image((b"no JSON", KEY)),
        signature_image((b"{}", KEY)),
        OciImage(GOOD.manifest.replace(b"cosign/signature", b"cosign/something"), GOOD.blobs),
        OciImage(GOOD.manifest.replace(b'cosign/signature": "', b'cosign/signature": "AAAA'), GOOD.blobs),
        OciImage(GOOD.manifest.replace(b'cosign/signature": "', b'cosign/signature": "!'), GOOD.blobs),
        OciImage(b'{"manifests": []}', ()),
        OciImage(b"[" * 9999, ()),
        skill_image(PAYLOAD),
    ],
)
async def test_what_is_signed_wrongly_is_not_served(
    strict: OciRegistry, scripted: ScriptedRegistry, signatures: OciImage
) -> None:
    scripted.put(f"team/haiku:{TAG}", signatures)
    with pytest.raises(SkillLoadError, match=r"no signature of .* was made with the public-key of namespaces\.dev"):
        await strict.read("haiku", IMAGE.digest)
    assert not any(
        path.startswith("GET /v2/team/haiku/blobs/") and path.endswith(IMAGE.digest) for path in scripted.paths()
    )


async def test_one_good_signature_among_others_is_enough(strict: OciRegistry, scripted: ScriptedRegistry) -> None:
    other = payload_of(skill_image(b"other").digest)
    scripted.put(f"team/haiku:{TAG}", signature_image((PAYLOAD, OTHER_KEY), (other, KEY), (PAYLOAD, KEY)))
    assert await strict.read("haiku", IMAGE.digest) == CODE


async def test_a_copy_is_asked_for_its_signature_too(
    strict: OciRegistry, scripted: ScriptedRegistry, oci: Open
) -> None:
    """Of a namespace without a key, or with another one."""
    loose = await oci(scripted.host)
    assert await loose.read("haiku", IMAGE.digest) == CODE
    with pytest.raises(SkillLoadError, match="is not signed"):
        await strict.read("haiku", IMAGE.digest)
    scripted.put(f"team/haiku:{TAG}", GOOD)
    assert await strict.read("haiku", IMAGE.digest) == CODE
    other = await oci(scripted.host, public_key=PublicKey(public_pem(OTHER_KEY)))
    with pytest.raises(SkillLoadError, match="no signature"):
        await other.read("haiku", IMAGE.digest)


async def test_a_signature_that_was_good_once_needs_no_registry(
    strict: OciRegistry, scripted: ScriptedRegistry, oci: Open
) -> None:
    scripted.put(f"team/haiku:{TAG}", GOOD)
    await strict.read("haiku", IMAGE.digest)

    async def down(request: web.Request) -> web.Response:
        return web.Response(status=503)

    scripted.script = down
    restarted = await oci(scripted.host, public_key=PublicKey(public_pem()))
    assert await restarted.read("haiku", IMAGE.digest) == CODE


async def test_while_signatures_can_not_be_had_nothing_new_is_served(
    strict: OciRegistry, scripted: ScriptedRegistry
) -> None:
    async def script(request: web.Request) -> web.Response | None:
        return web.Response(status=503) if request.path.endswith(".sig") else None

    scripted.script = script
    with pytest.raises(CodeUnavailable, match="503"):
        await strict.read("haiku", IMAGE.digest)


def test_only_so_many_signatures_are_looked_at() -> None:
    assert len(claims(signature_image(*[(b"%d" % number, KEY) for number in range(30)]).manifest)) == 20
    assert claims(signature_image((b"x" * 65_537, KEY)).manifest) == []


def _pem(key: Any) -> bytes:
    found: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return found


@pytest.mark.parametrize(
    ("pem", "text"),
    [
        (b"", "not a public key in PEM form"),
        (b"\xff" * 100, "not a public key"),
        (public_pem().replace(b"M", b"!"), "not a public key"),
        (_pem(ec.generate_private_key(ec.SECP384R1())), "only ECDSA on the curve P-256"),
        (_pem(ed25519.Ed25519PrivateKey.generate()), "only ECDSA"),
    ],
)
def test_a_key_that_can_not_be_used_is_told(pem: bytes, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        PublicKey(pem)
