"""``pharia-skill publish``: what it prints and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from oci_servers.registry import Certificates, RunningRegistry
from oci_servers.scripted import scripted_registry
from pharia_skill.builder.wasm import NOTE, with_section
from pharia_skill.cli import app
from pharia_skill.cli.publish import publish_skill
from pharia_skill.errors import SettingMissing
from pharia_skill.pharia_skill_cli import Registry, cli_publish
from pharia_skill.registry import Reference, RegistryClient, pull_skill
from pharia_skill.registry.lua_package import PACKAGE_CONFIG_TYPE, PACKAGE_TYPE

Make = Callable[..., bytes]
Run = Callable[..., Result]
VARIABLES = ("SKILL_REGISTRY", "SKILL_REPOSITORY", "SKILL_REGISTRY_USER", "SKILL_REGISTRY_TOKEN")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, component: Make) -> Path:
    """A working directory with a component, and nothing set."""
    for name in (*VARIABLES, "SKILL_REGISTRY_PASSWORD", "DOCKER_CONFIG", "SSL_CERT_FILE", "SOURCE_DATE_EPOCH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "haiku.wasm").write_bytes(component(1000))
    return tmp_path


@pytest.fixture
def run() -> Run:
    def invoke(*arguments: str, input: str | None = None) -> Result:
        return CliRunner().invoke(app, ["publish", *arguments], input=input)

    return invoke


def pulled(reference: str, path: Path) -> bytes:
    with RegistryClient(Reference.parse(reference)) as client:
        return pull_skill(client, path).path.read_bytes()


def test_everything_can_be_said_with_short_options(plain_registry: RunningRegistry, run: Run, project: Path) -> None:
    result = run(
        "-R", plain_registry.host, "-r", "cli/short", "-u", "u", "-p", "t", "-n", "poem", "-t", "1", "haiku.wasm"
    )
    assert result.exit_code == 0, result.output
    assert "Publish Successful" in result.output
    for expected in ("Skill: poem", "Tag: 1", f"Registry: {plain_registry.host}/cli/short", "Published in", "seconds"):
        assert expected in " ".join(result.output.split())
    copy = pulled(f"{plain_registry.host}/cli/short/poem:1", project / "copy.wasm")
    assert copy == (project / "haiku.wasm").read_bytes()


def test_the_environment_is_enough(
    plain_registry: RunningRegistry, run: Run, monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    values = (plain_registry.host, "cli/environment", "u", "t")
    for name, value in zip(VARIABLES, values, strict=True):
        monkeypatch.setenv(name, value)
    result = run("haiku")
    assert result.exit_code == 0, result.output
    with RegistryClient(Reference.parse(f"{plain_registry.host}/cli/environment/haiku:latest")) as client:
        digest = client.manifest_digest("latest")
    assert result.stdout.splitlines()[-1] == f"{plain_registry.host}/cli/environment/haiku@{digest}"


def test_so_is_an_env_file_of_the_working_directory(plain_registry: RunningRegistry, run: Run, project: Path) -> None:
    (project / ".env").write_text(f"SKILL_REGISTRY={plain_registry.host}\nSKILL_REPOSITORY=cli/file\n")
    assert run("./haiku.wasm", "--tag", "2").exit_code == 0
    assert "SKILL_REGISTRY" not in os.environ


def test_what_is_not_set_is_named(run: Run) -> None:
    result = run("haiku")
    assert result.exit_code == 1
    for name in VARIABLES:
        assert f"The environment variable '{name}' is not set." in result.output


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("absent", None, "No such file: ./absent.wasm"),
        ("module", b"\0asm\x01\0\0\0", "core WebAssembly module"),
        ("garbage", b"hello", "no WebAssembly component"),
        ("empty", b"", "an empty file"),
    ],
)
def test_what_is_no_component_reaches_no_registry(
    name: str, content: bytes | None, said: str, run: Run, project: Path
) -> None:
    if content is not None:
        (project / f"{name}.wasm").write_bytes(content)
    with scripted_registry() as registry:
        result = run(name, "-R", registry.host, "-r", "x")
    assert result.exit_code == 1
    assert "Publish failed (not-a-component)" in result.output
    assert said in result.output
    assert "Traceback" not in result.output
    assert registry.asked == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["-R", "http://127.0.0.1:1", "-r", "Team"], "invalid-reference"),
        (["-R", "a b", "-r", "x"], "invalid-reference"),
        (["-R", "127.0.0.1:1", "-r", "x", "-t", "a/b"], "invalid-reference"),
        (["-R", "http://r.invalid", "-r", "x"], "registry-untrusted"),
        (["-R", "r.invalid", "-r", "x"], "registry-unreachable"),
        (["-R", "r.invalid", "-r", "x", "-u", "me"], "setting-missing"),
        (["-R", "r.invalid", "-r", "x", "--ca-file", "absent.pem"], "registry-untrusted"),
        (["-R", "r.invalid", "-r", "x", "--annotation", "nothing"], "registry-failed"),
    ],
)
def test_a_mistake_is_a_short_panel_and_status_1(arguments: list[str], code: str, run: Run) -> None:
    result = run("haiku", *arguments)
    assert result.exit_code == 1
    assert f"Publish failed ({code})" in result.output
    assert len(result.output.splitlines()) < 10
    assert "Traceback" not in result.output


def test_a_second_time_nothing_is_sent_and_a_change_is_told(
    plain_registry: RunningRegistry, run: Run, project: Path, component: Make
) -> None:
    arguments = ("haiku", "-R", plain_registry.host, "-r", "cli/twice")
    first = run(*arguments).stdout.splitlines()[-1]
    assert "Sent: nothing" in " ".join(run(*arguments).output.split())
    (project / "haiku.wasm").write_bytes(component(2000))
    refused = run(*arguments, "--no-overwrite")
    assert (refused.exit_code, "tag-taken" in refused.output) == (1, True)
    assert f"Replaced: {first.rpartition('@')[2]}" in " ".join(run(*arguments).output.split())


def test_a_dry_run_says_what_would_happen(plain_registry: RunningRegistry, run: Run, project: Path) -> None:
    arguments = ("haiku", "-R", plain_registry.host, "-r", "cli/dry")
    rehearsed = run(*arguments, "--dry-run")
    assert "nothing was written" in rehearsed.output
    assert run(*arguments).stdout.splitlines()[-1] == rehearsed.stdout.splitlines()[-1]
    assert "Would replace" not in rehearsed.output


def test_what_the_build_noted_and_annotations_go_along(
    plain_registry: RunningRegistry, run: Run, project: Path, component: Make
) -> None:
    note = json.dumps({"sdk": "0.21.0", "inputs": "sha256:12"}).encode()
    (project / "haiku.wasm").write_bytes(with_section(component(), NOTE, note))
    run("haiku", "-R", plain_registry.host, "-r", "cli/notes", "--annotation", "org.opencontainers.image.revision=ab=c")
    with RegistryClient(Reference.parse(f"{plain_registry.host}/cli/notes/haiku")) as client:
        manifest = json.loads(client.manifest("latest"))
    assert manifest["annotations"] == {
        "org.opencontainers.image.revision": "ab=c",
        "pharia-skill.inputs": "sha256:12",
        "pharia-skill.sdk": "0.21.0",
    }


def test_a_component_without_a_skill_is_published_with_a_word(
    plain_registry: RunningRegistry, run: Run, project: Path
) -> None:
    (project / "other.wasm").write_bytes(b"\0asm\x0d\0\x01\0")
    result = run("other", "-R", plain_registry.host, "-r", "cli")
    assert (result.exit_code, "exports no skill" in result.output) == (0, True)


def test_the_token_is_read_from_standard_input(
    guarded_registry: RunningRegistry, certificates: Certificates, run: Run
) -> None:
    arguments = (
        "haiku",
        "-R",
        guarded_registry.host,
        "-r",
        "cli",
        "--ca-file",
        str(certificates.authority),
        "-u",
        "poet",
    )
    assert run(*arguments, "-p", "-", input="open sesame\n").exit_code == 0
    wrong = run(*arguments, "-p", "-", input="xyzzy\n")
    assert (wrong.exit_code, "registry-unauthorized" in wrong.output, "xyzzy" in wrong.output) == (1, True, False)
    assert "standard input, which is empty" in run(*arguments, "-p", "-", input="").output


def test_docker_login_is_enough(
    guarded_registry: RunningRegistry,
    certificates: Certificates,
    run: Run,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (project / ".docker").mkdir()
    entry = {"auths": {guarded_registry.host: {"username": "poet", "password": "open sesame"}}}
    (project / ".docker" / "config.json").write_text(json.dumps(entry))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    assert run("haiku", "-R", guarded_registry.host, "-r", "cli").exit_code == 0


def test_the_old_name_of_the_token_is_taken_with_a_warning(
    guarded_registry: RunningRegistry, certificates: Certificates, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILL_REGISTRY_USER", "poet")
    monkeypatch.setenv("SKILL_REGISTRY_PASSWORD", "open sesame")
    result = run("haiku", "-R", guarded_registry.host, "-r", "cli", "--ca-file", str(certificates.authority))
    assert result.exit_code == 0, result.output
    assert result.stderr.count("SKILL_REGISTRY_PASSWORD is the old name") == 1


def test_questions_are_asked_for_what_is_missing(
    guarded_registry: RunningRegistry, certificates: Certificates, run: Run
) -> None:
    answers = f"{guarded_registry.host}\ncli/asked\npoet\nopen sesame\n\n3\n"
    result = run("haiku", "--interactive", "--ca-file", str(certificates.authority), input=answers)
    assert result.exit_code == 0, result.output
    assert f"{guarded_registry.host}/cli/asked/haiku@sha256:" in result.stdout
    assert "Tag: 3" in " ".join(result.output.split())
    assert "open sesame" not in result.output


def test_questions_that_get_no_answer_end_it(run: Run) -> None:
    result = run("haiku", "--interactive", input="")
    assert (result.exit_code, "nothing was published" in result.output) == (130, True)


def test_the_functions_of_older_releases_publish(
    plain_registry: RunningRegistry, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = (plain_registry.host, "cli/old", "u", "t")
    for name, value in zip(VARIABLES, values, strict=True):
        monkeypatch.setenv(name, value)
    publish_skill("haiku.wasm", None, "1")
    registry = Registry.from_env()
    assert registry == ("u", "t", plain_registry.host, "cli/old")
    assert repr(registry) == f"Registry(user='u', registry='{plain_registry.host}', repository='cli/old')"
    cli_publish("haiku", "poem", "2", registry)
    for name in ("haiku:1", "poem:2"):
        assert pulled(f"{plain_registry.host}/cli/old/{name}", project / "copy.wasm")


def test_the_functions_of_older_releases_fail_as_they_did(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(KeyError, match="SKILL_REGISTRY_USER") as missing:
        Registry.from_env()
    assert isinstance(missing.value, SettingMissing)
    with pytest.raises(SystemExit) as ended:
        cli_publish("absent", None, "latest", Registry("u", "t", "127.0.0.1:1", "x"))
    assert ended.value.code == 1
    assert "No such file: ./absent.wasm" in caplog.text


def test_publishing_starts_no_other_program(plain_registry: RunningRegistry, project: Path) -> None:
    """So no secret can be seen in the arguments of one."""
    script = (
        "import sys\n"
        "sys.addaudithook(lambda event, args: event in ('subprocess.Popen', 'os.exec', 'os.posix_spawn', 'os.system')"
        " and sys.exit(f'{event} {args}'))\n"
        "from pharia_skill.cli import app\n"
        f"app(['publish', 'haiku', '-R', '{plain_registry.host}', '-r', 'cli/alone', '-u', 'u', '-p', 't'])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "Publish Successful" in done.stdout


def test_the_archive_of_a_lua_package_is_published_under_its_own_name(
    plain_registry: RunningRegistry, run: Run, project: Path
) -> None:
    with zipfile.ZipFile(project / "notes-v1.2.0-skill.zip", "w") as archive:
        archive.writestr("notes/skill.yaml", "name: Notes")
    options = ("-R", plain_registry.host, "-r", "cli/lua", "-u", "u", "-p", "t", "notes-v1.2.0-skill.zip")
    result = run(*options, "-t", "1.2")
    assert result.exit_code == 0, result.output
    assert "Skill: notes" in " ".join(result.output.split())
    with RegistryClient(Reference.parse(f"{plain_registry.host}/cli/lua/notes:1.2")) as client:
        manifest = json.loads(client.manifest("1.2"))
    assert [layer["mediaType"] for layer in manifest["layers"]] == [PACKAGE_TYPE]
    assert manifest["config"]["mediaType"] == PACKAGE_CONFIG_TYPE
    other = run(*options, "-n", "other")
    assert other.exit_code == 1
    assert "is the Lua package `notes`" in " ".join(other.output.split())


@pytest.mark.parametrize(
    "members", [(), ("notes/readme",), ("notes/skill.yaml", "other/skill.yaml"), ("No/skill.yaml",)]
)
def test_other_archives_are_not_published(run: Run, project: Path, members: tuple[str, ...]) -> None:
    with zipfile.ZipFile(project / "odd.zip", "w") as archive:
        for member in members:
            archive.writestr(member, "x")
    result = run("-R", "127.0.0.1:1", "-r", "x", "-u", "u", "-p", "t", "odd.zip")
    assert result.exit_code == 1
    assert "is no archive of a Lua package" in " ".join(result.output.split())
