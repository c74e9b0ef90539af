"""Which images are skills."""

from __future__ import annotations

import re
from typing import Any

import pytest

from doubles.oci_image import CONFIG, descriptor, digest_of, skill_image
from pharia_kernel.errors import SkillLoadError
from pharia_kernel.skills.oci.image import Layer, code_layer

CODE = b"\0asm haiku"
WASM = "application/wasm"


def layer_of(manifest: bytes, most: int = 100) -> Layer:
    return code_layer(manifest, "host/team/haiku:1", most)


@pytest.mark.parametrize("media_type", ["application/vnd.oci.image.manifest.v1+json", None])
def test_a_manifest_with_one_component_is_a_skill(media_type: str | None) -> None:
    assert layer_of(skill_image(CODE, mediaType=media_type).manifest) == Layer(digest_of(CODE), 10)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"layers": []}, "exactly one layer; this has 0"),
        ({"layers": [descriptor(WASM, CODE)] * 2}, "exactly one layer; this has 2"),
        ({"layers": [descriptor("application/vnd.oci.image.layer.v1.tar", CODE)]}, "layer is of type"),
        ({"layers": [{**descriptor(WASM, CODE), "digest": "sha512:00"}]}, "unusable"),
        ({"layers": [{**descriptor(WASM, CODE), "digest": "../../etc"}]}, "unusable"),
        ({"layers": [{**descriptor(WASM, CODE), "size": -1}]}, "unusable"),
        ({"layers": [{**descriptor(WASM, CODE), "size": "10"}]}, "no image at all"),
        ({"config": descriptor("application/vnd.oci.image.config.v1+json", b"{}")}, f"not '{CONFIG}'"),
        ({"mediaType": "application/vnd.docker.distribution.manifest.v2+json"}, "manifest is of type"),
        ({"layers": None, "config": None, "manifests": []}, "an index of images"),
    ],
)
def test_every_other_image_is_told_apart(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(SkillLoadError, match=re.escape(text)) as refused:
        layer_of(skill_image(CODE, **changes).manifest)
    assert "host/team/haiku:1 is not the image of a skill" in str(refused.value)
    assert "pharia-skill publish" in str(refused.value)


@pytest.mark.parametrize("manifest", [b"", b"[]", b"null", b"\xff", b"[" * 9999])
def test_what_is_no_manifest_is_no_skill(manifest: bytes) -> None:
    with pytest.raises(SkillLoadError, match="no image at all"):
        layer_of(manifest)


def test_a_component_may_not_be_too_large() -> None:
    assert layer_of(skill_image(CODE).manifest, most=10).size == 10
    with pytest.raises(SkillLoadError, match=r"has 10 bytes; a skill may have up to 9 \(see images.component-bytes\)"):
        layer_of(skill_image(CODE).manifest, most=9)
