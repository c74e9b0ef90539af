"""How a namespace's registry is written down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pharia_kernel.config.registry import ImageSettings, RegistrySettings
from pharia_kernel.config.registry_address import RegistryAddress, parse_repository

HOST = "registry.example.org"


@pytest.mark.parametrize(
    ("text", "host", "scheme", "prefix"),
    [
        ("registry.example.org", "registry.example.org", None, ""),
        (" Registry.Example.org:5000/ ", "registry.example.org:5000", None, ""),
        ("https://registry.example.org", "registry.example.org", "https", ""),
        ("http://[::1]:5000", "[::1]:5000", "http", ""),
        ("mirror.example.org/copies/ghcr/", "mirror.example.org", None, "copies/ghcr"),
    ],
)
def test_an_address_is_a_host_with_what_people_add(text: str, host: str, scheme: str | None, prefix: str) -> None:
    assert RegistryAddress.parse(text) == RegistryAddress(host, scheme, prefix)  # type: ignore[arg-type]  # its words


@pytest.mark.parametrize(
    "text",
    ["", "ftp://a", "oci://a", "a b", "u:p@a", "a:0", "a:65536", "a:x", "-a", "a/../b", "a/Big", "[::1", "a?b", "x\0"],
)
def test_what_is_no_address_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"registry|repository|spoken"):
        RegistryAddress.parse(text)


@pytest.mark.parametrize(
    ("text", "loopback"),
    [("localhost:1", True), ("127.0.0.9", True), ("[::1]:1", True), ("127.example.org", False), ("10.0.0.1", False)],
)
def test_loopback_is_this_machine_only(text: str, loopback: bool) -> None:
    assert RegistryAddress.parse(text).is_loopback is loopback


@pytest.mark.parametrize("base", ["/skills/", "skills", "//skills//"])
def test_slashes_around_the_base_repository_do_not_count(base: str) -> None:
    """Row 113."""
    assert RegistrySettings.model_validate({"registry": HOST, "base-repository": base}).base_repository == "skills"
    assert parse_repository("/") == ""


def test_everything_can_be_said(tmp_path: Path) -> None:
    settings = RegistrySettings.model_validate(
        {
            "registry": HOST,
            "base-repository": "team/skills",
            "registry-user": "poet",
            "registry-password": "open sesame",
            "registry-ca-file": str(tmp_path / "ca.pem"),
            "registry-mirrors": "one.example.org, https://two.example.org/copies",
            "registry-insecure": False,
            "public-key": str(tmp_path / "cosign.pub"),
        }
    )
    assert settings.registry_mirrors == ("one.example.org", "https://two.example.org/copies")
    assert settings.public_key_file == tmp_path / "cosign.pub"
    assert "sesame" not in repr(settings)


def test_a_key_may_be_given_itself() -> None:
    key = "-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----\n"
    settings = RegistrySettings.model_validate({"registry": HOST, "public-key": key})
    assert settings.public_key == key
    assert settings.public_key_file is None


def test_empty_texts_of_the_environment_mean_nothing() -> None:
    empty = {
        "registry": "",
        "base-repository": "",
        "registry-user": "",
        "registry-password": "",
        "registry-mirrors": "",
    }
    assert RegistrySettings.model_validate(empty) == RegistrySettings()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"registry": f"{HOST}/skills"}, "what follows its host is the base-repository"),
        ({"registry": f"http://{HOST}"}, "allow it with registry-insecure"),
        ({"registry-mirrors": "one.example.org, http://two.example.org"}, "http://two.example.org is not protected"),
        ({"registry-mirrors": "ftp://two.example.org"}, "ftp://two.example.org: .* is not spoken"),
        ({"registry-user": "poet"}, "go together"),
        ({"registry-password": "open sesame"}, "go together"),
        ({"base-repository": "Team"}, "'Team' can not be part of a repository"),
        ({"public-key": "-----BEGIN EC PRIVATE KEY-----"}, "not a public key"),
        ({"registry": None, "public-key": "cosign.pub"}, "public-key is for a namespace with a registry"),
        ({"registry": None, "registry-user": "u", "registry-password": "p"}, "registry-user is for a namespace with"),
    ],
)
def test_what_does_not_fit_together_is_an_error(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text) as refused:
        RegistrySettings.model_validate({"registry": HOST, **changes})
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize("registry", ["http://127.0.0.1:5000", "http://localhost", "http://[::1]:5000"])
def test_this_machine_may_be_spoken_to_without_tls(registry: str) -> None:
    assert RegistrySettings.model_validate({"registry": registry}).registry == registry


def test_others_may_be_too_where_the_operator_says_so() -> None:
    settings = RegistrySettings.model_validate({"registry": f"http://{HOST}", "registry-insecure": "true"})
    assert settings.registry_insecure


def test_limits_have_units() -> None:
    settings = ImageSettings.model_validate({"cache-bytes": "1GiB", "pull-seconds": "2m"})
    assert (settings.cache_bytes, settings.pull_seconds) == (1 << 30, 120.0)
