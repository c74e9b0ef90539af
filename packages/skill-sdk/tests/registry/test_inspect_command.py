"""``pharia-skill inspect``, on files and on what lies in a registry."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from oci_servers.registry import Certificates, RunningRegistry
from oci_servers.scripted import Asked, Reply, scripted_registry
from pharia_skill.builder.shape import shape_of
from pharia_skill.builder.wasm import METADATA, NOTE, with_section
from pharia_skill.cli import app
from pharia_skill.registry import WRITE, Credentials, Reference, RegistryClient, Transport, image_of, publish_image

Make = Callable[..., bytes]
Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("SKILL_REGISTRY", "SKILL_REPOSITORY", "SKILL_REGISTRY_USER", "SKILL_REGISTRY_TOKEN", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run() -> Run:
    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["inspect", *arguments])

    return invoke


@pytest.fixture
def noted(component: Make) -> bytes:
    note = {"sdk": "0.21.0", "wit": "0.4", "world": "skill", "module": "haiku", "inputs": "sha256:12"}
    metadata = {"kind": "skill", "description": "Poems", "input_schema": {"type": "string"}, "output_schema": None}
    binary = with_section(component(1 << 20), NOTE, json.dumps(note).encode())
    return with_section(binary, METADATA, json.dumps(metadata).encode())


def test_a_file_is_told_for_people(noted: bytes, run: Run, project: Path) -> None:
    (project / "haiku.wasm").write_bytes(noted)
    result = run("haiku")
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert "kind skill" in lines
    assert "interface pharia:skill 0.4.0, world skill" in lines
    assert "size 1.0 MiB" in lines
    assert f"digest sha256:{hashlib.sha256(noted).hexdigest()}" in lines
    assert "built with pharia-skill 0.21.0, module haiku, for WIT 0.4" in lines
    assert "metadata Poems" in lines
    assert "with input_schema" in lines
    assert "imports nothing" in lines
    assert "1.0 MiB  custom padding (1)" in result.output


def test_a_file_is_told_for_programs(noted: bytes, run: Run, project: Path) -> None:
    (project / "haiku.wasm").write_bytes(noted)
    told = json.loads(run("haiku.wasm", "--json").stdout)
    assert told["digest"] == f"sha256:{hashlib.sha256(noted).hexdigest()}"
    assert (told["kind"], told["world"], told["wit"], told["sdk"]) == ("skill", "skill", "0.4.0", "0.21.0")
    assert told["exports"] == ["pharia:skill/skill-handler@0.4.0"]
    assert told["metadata"]["description"] == "Poems"
    assert told["image"] is None
    assert told["sections"][0] == {"name": "custom padding", "count": 1, "size": (1 << 20) + len("padding") + 1}


def test_what_is_not_in_the_file_is_said_to_be_missing(component: Make, run: Run, project: Path) -> None:
    (project / "haiku.wasm").write_bytes(component())
    result = run("haiku")
    assert "unknown tools (no build note)" in result.output
    assert "not kept in the file" in result.output
    told = json.loads(run("haiku", "--json").stdout)
    assert (told["sdk"], told["build"], told["metadata"]) == (None, None, None)


def test_a_component_without_a_skill_is_told_apart(run: Run, project: Path) -> None:
    (project / "other.wasm").write_bytes(b"\0asm\x0d\0\x01\0")
    assert "no skill: it exports neither" in run("other").output


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("absent", None, "No such file: ./absent.wasm"),
        ("absent.wasm", None, "No such file: ./absent.wasm"),
        ("module.wasm", b"\0asm\x01\0\0\0", "core WebAssembly module"),
        ("damaged.wasm", b"\0asm\x0d\0\x01\0\x0b", "damaged"),
    ],
)
def test_a_mistake_is_one_panel_and_status_1(
    name: str, content: bytes | None, said: str, run: Run, project: Path
) -> None:
    if content is not None:
        (project / name).write_bytes(content)
    result = run(name)
    assert result.exit_code == 1
    assert said in " ".join(result.output.replace("│", " ").split())
    assert "Traceback" not in result.output


def test_a_skill_in_a_registry_is_told_and_kept(
    guarded_registry: RunningRegistry,
    certificates: Certificates,
    poet: Credentials,
    noted: bytes,
    run: Run,
    project: Path,
) -> None:
    reference = Reference.parse(f"{guarded_registry.host}/inspected/haiku:1")
    transport = Transport(ca_file=certificates.authority)
    with RegistryClient(reference, poet, actions=WRITE, transport=transport) as client:
        published = publish_image(client, image_of(noted, shape_of(noted)))
    options = ("-u", poet.user, "-p", poet.secret, "--ca-file", str(certificates.authority))

    told = json.loads(run(str(reference), "--json", "--save", "copy.wasm", *options).stdout)
    assert told["image"] == published.digest
    assert told["name"] == str(reference)
    assert (project / "copy.wasm").read_bytes() == noted
    assert sorted(path.name for path in project.iterdir()) == ["copy.wasm"]

    missing = run(f"{guarded_registry.host}/inspected/haiku:2", *options)
    assert (missing.exit_code, "not-in-registry" in missing.output) == (1, True)


def test_settings_shorten_the_reference(
    plain_registry: RunningRegistry, component: Make, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = component()
    with RegistryClient(Reference.parse(f"{plain_registry.host}/short/haiku:1"), actions=WRITE) as client:
        publish_image(client, image_of(binary, shape_of(binary)))
    monkeypatch.setenv("SKILL_REGISTRY", plain_registry.host)
    monkeypatch.setenv("SKILL_REPOSITORY", "short")
    assert f"{plain_registry.host}/short/haiku:1" in run("haiku:1").output


def test_what_is_set_for_one_registry_is_not_shown_to_another(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILL_REGISTRY", "registry.example.com")
    monkeypatch.setenv("SKILL_REGISTRY_USER", "poet")
    monkeypatch.setenv("SKILL_REGISTRY_TOKEN", "open sesame")

    def ask(asked: Asked) -> Reply:
        return Reply(401, {"WWW-Authenticate": 'Basic realm="r"'})

    with scripted_registry(ask) as registry:
        result = run(f"{registry.host}/x")
    assert (result.exit_code, "asks who you are" in result.output) == (1, True)
    assert not any("Authorization" in asked.headers for asked in registry.asked)


def test_what_the_released_program_publishes_is_read(
    tls_registry: RunningRegistry,
    certificates: Certificates,
    released_program: Path,
    component: Make,
    run: Run,
    project: Path,
) -> None:
    binary = component(9 << 20)
    (project / "haiku.wasm").write_bytes(binary)
    options = ["-R", tls_registry.host, "-r", "released", "-u", "u", "-p", "t", "-t", "1"]
    subprocess.run(
        [released_program, "publish", *options, "haiku.wasm"],
        env={"SSL_CERT_FILE": str(certificates.authority)},
        check=True,
        timeout=60,
    )
    told = json.loads(
        run(
            f"{tls_registry.host}/released/haiku:1",
            "--json",
            "--save",
            "copy.wasm",
            "--ca-file",
            str(certificates.authority),
        ).stdout
    )
    assert (told["kind"], told["wit"]) == ("skill", "0.4.0")
    assert (project / "copy.wasm").read_bytes() == binary


def test_what_the_released_program_published_before_is_replaced(
    tls_registry: RunningRegistry, certificates: Certificates, released_program: Path, component: Make, project: Path
) -> None:
    """The component is there already, so only config and manifest are sent."""
    (project / "haiku.wasm").write_bytes(component(5 << 20))
    options = ["-R", tls_registry.host, "-r", "replaced", "-u", "u", "-p", "t", "-t", "1"]
    environment = {"SSL_CERT_FILE": str(certificates.authority)}
    subprocess.run([released_program, "publish", *options, "haiku.wasm"], env=environment, check=True, timeout=60)
    result = CliRunner().invoke(app, ["publish", *options, "haiku.wasm"], env=environment)
    assert result.exit_code == 0, result.output
    assert "Replaced: sha256:" in " ".join(result.output.split())
    assert "MiB" not in result.output.partition("Sent")[2]
