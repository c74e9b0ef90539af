"""Where credentials come from."""

from __future__ import annotations

import base64
import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from pharia_skill.errors import CredentialsUnusable, RegistryError, SettingMissing
from pharia_skill.registry import Credentials, Reference, SecretKind
from pharia_skill.registry.docker_credentials import docker_credentials
from pharia_skill.registry.proxy import proxy_for
from pharia_skill.registry.settings import environment, find_credentials, known_credentials, reference_for, setting

HOST = "registry.example.com:5000"


def docker_config(home: Path, **content: Any) -> None:
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").write_text(json.dumps(content))


def encoded(pair: str) -> str:
    return base64.b64encode(pair.encode()).decode()


def helper(folder: Path, name: str, body: str) -> dict[str, str]:
    """A program on the search path, and the environment to find it with."""
    program = folder / f"docker-credential-{name}"
    program.write_text(f"#!{sys.executable}\nimport json, sys, threading\n{body}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.parametrize("key", [HOST, f"https://{HOST}", f"https://{HOST}/v1/"])
def test_what_docker_login_wrote_is_found(key: str, tmp_path: Path) -> None:
    docker_config(tmp_path, auths={"other.example": {}, key: {"auth": encoded("poet:a:b")}})
    found = docker_credentials(HOST, {}, tmp_path)
    assert found is not None
    assert (found.user, found.secret, found.kind) == ("poet", "a:b", SecretKind.PASSWORD)


def test_the_folder_can_be_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"auths": {HOST: {"username": "u", "password": "p"}}}))
    found = docker_credentials(HOST, {"DOCKER_CONFIG": str(tmp_path)}, tmp_path / "nowhere")
    assert found is not None
    assert (found.user, found.secret) == ("u", "p")


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ({"auth": encoded("u:p"), "identitytoken": "t"}, SecretKind.IDENTITY_TOKEN),
        ({"registrytoken": "t"}, SecretKind.ACCESS_TOKEN),
    ],
)
def test_tokens_in_the_file_are_known_as_such(entry: dict[str, str], kind: SecretKind, tmp_path: Path) -> None:
    docker_config(tmp_path, auths={HOST: entry})
    found = docker_credentials(HOST, {}, tmp_path)
    assert found is not None
    assert (found.secret, found.kind) == ("t", kind)


@pytest.mark.parametrize("content", [{}, {"auths": {}}, {"auths": None}, {"auths": {HOST: {}}}])
def test_nothing_kept_means_nobody(content: dict[str, Any], tmp_path: Path) -> None:
    docker_config(tmp_path, **content)
    assert docker_credentials(HOST, {}, tmp_path) is None


def test_without_docker_there_is_nobody(tmp_path: Path) -> None:
    assert docker_credentials(HOST, {}, tmp_path) is None


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "can not be read"), ("[]", "no JSON object"), ('{"auths": 5}', "`auths` is no JSON object")],
)
def test_a_damaged_file_is_named(content: str, said: str, tmp_path: Path) -> None:
    docker_config(tmp_path)
    (tmp_path / ".docker" / "config.json").write_text(content)
    with pytest.raises(CredentialsUnusable, match=said):
        docker_credentials(HOST, {}, tmp_path)


def test_a_damaged_entry_is_named(tmp_path: Path) -> None:
    docker_config(tmp_path, auths={HOST: {"auth": "§"}})
    with pytest.raises(CredentialsUnusable, match="docker login"):
        docker_credentials(HOST, {}, tmp_path)


def test_a_helper_is_asked_for_the_host_over_standard_input(tmp_path: Path) -> None:
    docker_config(tmp_path, credHelpers={HOST: "keys"}, credsStore="absent")
    log = tmp_path / "log"
    environ = helper(
        tmp_path,
        "keys",
        f"asked = sys.stdin.read()\nopen({str(log)!r}, 'w').write(f'{{sys.argv[1:]}} {{asked}}')\n"
        "print(json.dumps({'Username': 'poet', 'Secret': 'open sesame', 'ServerURL': asked}))",
    )
    found = docker_credentials(HOST, environ, tmp_path)
    assert found == Credentials("poet", "open sesame", SecretKind.PASSWORD, "docker-credential-keys")
    assert log.read_text() == f"['get'] {HOST}"


def test_a_helper_is_asked_with_the_name_docker_login_used(tmp_path: Path) -> None:
    docker_config(tmp_path, credsStore="keys", auths={f"https://{HOST}": {}})
    answer = "print(json.dumps({'Username': '<token>', 'Secret': sys.stdin.read()}))"
    found = docker_credentials(HOST, helper(tmp_path, "keys", answer), tmp_path)
    assert found is not None
    assert (found.secret, found.kind) == (f"https://{HOST}", SecretKind.IDENTITY_TOKEN)


def test_a_helper_that_knows_nothing_leaves_it_to_the_file(tmp_path: Path) -> None:
    docker_config(tmp_path, credsStore="keys", auths={HOST: {"auth": encoded("u:p")}})
    environ = helper(tmp_path, "keys", "print('credentials not found in native keychain'); sys.exit(1)")
    found = docker_credentials(HOST, environ, tmp_path)
    assert found is not None
    assert found.user == "u"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("print('the key ring is locked'); sys.exit(1)", "the key ring is locked"),
        ("sys.exit(3)", "it said nothing"),
        ("print('{}')", "without `Username` and `Secret`"),
        ("print('[')", "without `Username` and `Secret`"),
        ("sys.stdout.buffer.write(bytes([255]))", "can not be run"),
    ],
)
def test_a_helper_that_fails_is_named(body: str, said: str, tmp_path: Path) -> None:
    docker_config(tmp_path, credsStore="keys")
    with pytest.raises(CredentialsUnusable, match=f"docker-credential-keys .*{said}"):
        docker_credentials(HOST, helper(tmp_path, "keys", body), tmp_path)


def test_a_helper_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    docker_config(tmp_path, credsStore="keys")
    environ = helper(tmp_path, "keys", "threading.Event().wait()")
    with pytest.raises(CredentialsUnusable, match=r"within 0\.2 s"):
        docker_credentials(HOST, environ, tmp_path, timeout=0.2)


@pytest.mark.parametrize("name", ["absent", "../evil", "a b"])
def test_a_helper_that_is_not_there_is_named(name: str, tmp_path: Path) -> None:
    docker_config(tmp_path, credsStore=name)
    with pytest.raises(CredentialsUnusable, match=f"docker-credential-{name}"):
        docker_credentials(HOST, dict(os.environ), tmp_path)


def test_options_count_more_than_the_environment_and_that_more_than_docker(tmp_path: Path) -> None:
    docker_config(tmp_path, auths={HOST: {"auth": encoded("docker:d")}})
    environ = {"SKILL_REGISTRY_USER": "environment", "SKILL_REGISTRY_TOKEN": "e"}
    users = [
        find_credentials(environ, HOST, tmp_path, "option", "o"),
        find_credentials(environ, HOST, tmp_path, "option"),
        find_credentials(environ, HOST, tmp_path),
        find_credentials({}, HOST, tmp_path),
        find_credentials({}, "other.example", tmp_path),
    ]
    assert [(each.user, each.secret) if each else None for each in users] == [
        ("option", "o"),
        ("option", "e"),
        ("environment", "e"),
        ("docker", "d"),
        None,
    ]


@pytest.mark.parametrize(
    ("there", "missing"),
    [("SKILL_REGISTRY_USER", "SKILL_REGISTRY_TOKEN"), ("SKILL_REGISTRY_TOKEN", "SKILL_REGISTRY_USER")],
)
def test_half_of_the_credentials_is_an_error(there: str, missing: str, tmp_path: Path) -> None:
    with pytest.raises(SettingMissing, match=f"The environment variable '{missing}' is not set"):
        find_credentials({there: "x"}, HOST, tmp_path)


def test_credentials_of_one_registry_are_shown_to_no_other(tmp_path: Path) -> None:
    environ = {"SKILL_REGISTRY": f"https://{HOST}", "SKILL_REGISTRY_USER": "u", "SKILL_REGISTRY_TOKEN": "t"}
    assert known_credentials(environ, HOST, tmp_path) is not None
    assert known_credentials(environ, "other.example", tmp_path) is None
    assert known_credentials({**environ, "SKILL_REGISTRY": ""}, HOST, tmp_path) is None


def test_the_old_name_of_the_token_still_works_with_a_warning() -> None:
    with pytest.warns(FutureWarning, match="SKILL_REGISTRY_PASSWORD is the old name of SKILL_REGISTRY_TOKEN"):
        assert setting({"SKILL_REGISTRY_PASSWORD": "p"}, "SKILL_REGISTRY_TOKEN") == "p"
    assert setting({"SKILL_REGISTRY_PASSWORD": "p", "SKILL_REGISTRY_TOKEN": "t"}, "SKILL_REGISTRY_TOKEN") == "t"


def test_settings_are_filled_up_from_the_nearest_env_file(tmp_path: Path) -> None:
    inner = tmp_path / "project" / "source"
    inner.mkdir(parents=True)
    (tmp_path / ".env").write_text("SKILL_REGISTRY=far.example")
    (tmp_path / "project" / ".env").write_text("SKILL_REGISTRY=near.example\nSKILL_REPOSITORY='team'\nEMPTY\n")
    found = environment({"SKILL_REPOSITORY": "mine"}, inner)
    assert found == {"SKILL_REGISTRY": "near.example", "SKILL_REPOSITORY": "mine"}


def test_an_unreadable_env_file_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff\xfe")
    with pytest.raises(RegistryError, match=r"\.env can not be read"):
        environment({}, tmp_path)


def test_a_short_reference_is_completed_from_the_settings() -> None:
    environ = {"SKILL_REGISTRY": "r.example", "SKILL_REPOSITORY": "/team/"}
    assert reference_for("haiku:1", environ) == Reference.parse("r.example/team/haiku:1")
    assert reference_for("other.example/haiku", environ) == Reference.parse("other.example/haiku")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://r.example/v2/", "http://proxy:3128"),
        ("http://r.example/v2/", None),
        ("https://internal.example/v2/", None),
        ("https://a.corp/", None),
        ("https://corp.example/", "http://proxy:3128"),
    ],
)
def test_a_proxy_is_used_but_for_exempt_hosts(url: str, expected: str | None) -> None:
    proxies = {"https": "http://proxy:3128", "no": "internal.example, .corp"}
    assert proxy_for(url, proxies) == expected
    assert proxy_for(url, {**proxies, "no": "*"}) is None
