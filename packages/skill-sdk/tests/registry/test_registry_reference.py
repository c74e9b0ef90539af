"""Names of skills in registries."""

from __future__ import annotations

import pytest

from pharia_skill.errors import InvalidReference
from pharia_skill.registry import Address, Reference

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "host", "repository", "tag", "digest"),
    [
        ("registry.example.com/haiku", "registry.example.com", "haiku", "latest", None),
        ("localhost/team/haiku:1.2", "localhost", "team/haiku", "1.2", None),
        ("127.0.0.1:5000/a/b/c__d:v_1", "127.0.0.1:5000", "a/b/c__d", "v_1", None),
        ("[::1]:5000/haiku", "[::1]:5000", "haiku", "latest", None),
        (f"r.example/haiku@{DIGEST}", "r.example", "haiku", None, DIGEST),
        (f"r.example/haiku:1@{DIGEST}", "r.example", "haiku", "1", DIGEST),
        ("https://r.example/haiku", "r.example", "haiku", "latest", None),
    ],
)
def test_a_reference_is_taken_apart(text: str, host: str, repository: str, tag: str | None, digest: str | None) -> None:
    reference = Reference.parse(text)
    assert (reference.address.host, reference.repository) == (host, repository)
    assert (reference.tag, reference.digest) == (tag, digest)
    assert reference.wanted == (digest or tag)
    assert Reference.parse(str(reference)) == Reference.parse(text.removeprefix("https://"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("haiku", "names no registry"),
        ("team/haiku", "names no registry"),
        ("", "names no registry"),
        ("r.example/Haiku", "`Haiku` in `Haiku`"),
        ("r.example/my skill", "`my skill`"),
        ("r.example/a//b", "`` in `a//b`"),
        ("r.example/../x", r"`\.\.`"),
        ("r.example/haiku:", "can not be a tag"),
        ("r.example/haiku:" + "x" * 129, "can not be a tag"),
        ("r.example/haiku@sha256:12", "can not be a digest"),
        ("r.example/" + "a" * 300, "longer than 255"),
        ("ftp://r.example/haiku", "`ftp://` is not spoken here"),
        ("r.example:99999/haiku", "can not be a registry"),
        ("user@r.example/haiku", "can not be a registry"),
    ],
)
def test_what_no_registry_can_hold_is_refused_with_a_reason(text: str, said: str) -> None:
    with pytest.raises(InvalidReference, match=said):
        Reference.parse(text)


@pytest.mark.parametrize("repository", ["", "/", "team", "/team/skills/"])
def test_slashes_around_the_repository_do_not_count(repository: str) -> None:
    reference = Reference.of("r.example", repository, "haiku")
    assert reference.repository == "/".join(filter(None, [repository.strip("/"), "haiku"]))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LOCALHOST:5000", True),
        ("127.8.0.1:80", True),
        ("[::1]", True),
        ("localhost.example.com", False),
        ("10.0.0.1", False),
    ],
)
def test_loopback_is_this_machine_only(host: str, expected: bool) -> None:
    assert Address.parse(host).is_loopback is expected
