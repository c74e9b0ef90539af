"""Every sample of the released 0.3.0 documentation, from installation to skill configuration.

Programs make the same calls with the same values. Commands stand as they are printed there, for PowerShell: quotes
are quotes, a backslash is a letter like any other, so ``D:\\runtime\\luaskills`` is one directory below the working
directory, as ``D:/runtime/luaskills`` is one three levels deep. Only paths to files of the source tree, which begin
with ``.\\``, get the separator of this system.
"""

from __future__ import annotations

import hashlib
import io
import json
import shlex
import shutil
import subprocess
import sys
import threading
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from luaskills import (
    Authority,
    HostToolJsonRequest,
    LuaSkillsClient,
    LuaSkillsJsonFfi,
    RuntimeModelEmbedRequest,
    RuntimeModelLlmRequest,
    RuntimeRoots,
)
from luaskills.cli import main

PACKAGE = Path(__file__).parents[1]
FIXTURE = PACKAGE / "examples" / "fixture_runtime" / "user_skills"
Command = Callable[[str], Any]


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, both spellings of the runtime root in it, each with the fixture skill."""
    monkeypatch.chdir(tmp_path)
    for name in ("LUASKILLS_LIB", "LUASKILLS_RUNTIME_ROOT", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    for root in ("D:/runtime/luaskills", "D:\\runtime\\luaskills"):
        shutil.copytree(FIXTURE, tmp_path / root / "user_skills")
    return tmp_path


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a line that begins with ``luaskills``; what it printed, as JSON."""

    def run(line: str) -> Any:
        program, *arguments = words(line)
        assert program == "luaskills"
        assert main(arguments) == 0, capsys.readouterr().err
        return json.loads(capsys.readouterr().out)

    return run


def words(line: str) -> list[str]:
    """The words of a PowerShell line."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.escape, lexer.commenters = True, "", ""
    return list(lexer)


# Installation


def test_installation_offers_the_names_the_documentation_uses() -> None:
    """``pip install luaskills-sdk`` and then ``luaskills``."""
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    assert (project["name"], project["version"]) == ("luaskills-sdk", "0.3.0")
    assert project["scripts"]["luaskills"] == "luaskills.cli:main"


def test_installation_prepares_a_runtime_root(command: Command) -> None:
    manifest = command(r"luaskills install-runtime --database none --runtime-root D:\runtime\luaskills")
    assert manifest["database_mode"] == "none"
    version = command(r"luaskills version --runtime-root D:\runtime\luaskills")
    assert version == {"ffi_version": "0.3.0", "protocol": "json-cabi"}


# Runtime assets


@pytest.mark.parametrize("database", ["none", "vldb-direct", "vldb-controller", "host-callback"])
def test_runtime_assets_know_four_database_modes(command: Command, workplace: Path, database: str) -> None:
    manifest = command(rf"luaskills install-runtime --database {database} --runtime-root D:\runtime\luaskills")
    assert manifest["database_mode"] == database
    written = workplace / "D:\\runtime\\luaskills" / "resources" / "luaskills-sdk-runtime-manifest.json"
    assert json.loads(written.read_text())["database_mode"] == database


def test_runtime_assets_are_shown_before_they_are_fetched(command: Command, workplace: Path) -> None:
    """Row 171."""
    shown = command(r"luaskills install-runtime --database vldb-direct --runtime-root D:\runtime\luaskills --dry-run")
    roles = {asset["role"] for asset in shown["assets"]}
    assert roles == {"lua_runtime", "luaskills_ffi", "vldb_sqlite_lib", "vldb_lancedb_lib"}
    assert all(asset["download_url"].endswith(asset["asset_name"]) for asset in shown["assets"])
    assert not (workplace / "D:\\runtime\\luaskills" / "resources").exists()


def test_runtime_assets_may_lack_the_lua_runtime(command: Command) -> None:
    line = r"luaskills install-runtime --database none --runtime-root D:\runtime\luaskills --skip-lua-runtime"
    assert command(line)["database_mode"] == "none"
    assert "lua_runtime" not in {asset["role"] for asset in command(f"{line} --dry-run")["assets"]}


# Basic usage


def test_basic_usage_loads_lists_and_calls() -> None:
    runtime_root = "D:/runtime/luaskills"
    roots = RuntimeRoots.standard(runtime_root)
    with LuaSkillsClient(runtime_root=runtime_root) as client:
        client.load_from_roots(roots)
        entries = client.list_entries(Authority.DELEGATED_TOOL)
        result = client.call_skill("demo-standard-ffi-skill-ping", {"note": "python-sdk"})
    assert [entry["canonical_name"] for entry in entries] == ["demo-standard-ffi-skill-ping"]
    assert result["content"] == "standard-ffi-demo:python-sdk"


@pytest.mark.skipif(not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler")
def test_basic_usage_with_a_library_of_the_host(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program of the sample, in a process of its own: the library brings the engine along."""
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE / "src"))
    build = [sys.executable, "-m", "luaskills.native", "build", "--output", str(workplace / "built")]
    built = subprocess.run(build, capture_output=True, text=True, timeout=110, check=False)
    if "cffi" in built.stderr:
        pytest.skip("needs cffi")
    assert built.returncode == 0, built.stderr
    (workplace / "D:" / "path" / "to").mkdir(parents=True)
    shutil.copy(built.stdout.strip(), workplace / "D:" / "path" / "to" / "luaskills.dll")
    program = """
from luaskills import LuaSkillsClient

with LuaSkillsClient(
    library_path="D:/path/to/luaskills.dll",
    runtime_root="D:/runtime/luaskills",
) as client:
    print(client.version())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=110, check=False, cwd=workplace
    )
    assert (done.stderr, done.stdout) == ("", "{'ffi_version': '0.3.0', 'protocol': 'json-cabi'}\n")


# CLI flow


def test_the_command_line_prepares_lists_and_calls(command: Command) -> None:
    """Row 168."""
    command(r"luaskills install-runtime --database none --runtime-root D:\runtime\luaskills")
    command(r"luaskills version --runtime-root D:\runtime\luaskills")
    [entry] = command(r"luaskills list --runtime-root D:\runtime\luaskills")
    assert entry["canonical_name"] == "demo-standard-ffi-skill-ping"
    call = r"""luaskills call demo-standard-ffi-skill-ping '{"note":"python"}' --runtime-root D:\runtime\luaskills"""
    assert command(call)["content"] == "standard-ffi-demo:python"


# Provider callback


def test_a_provider_is_registered_before_the_engine() -> None:
    runtime_root = "D:/runtime/luaskills"
    ffi = LuaSkillsJsonFfi(runtime_root=runtime_root)

    def sqlite_provider(request: Any) -> Any:
        return {"ok": True, "request": request}

    ffi.set_sqlite_provider_json_callback(sqlite_provider)
    try:
        client = LuaSkillsClient(
            runtime_root=runtime_root,
            host_options={"sqlite_provider_mode": "host_callback", "sqlite_callback_mode": "json"},
        )
        assert client.close() == {"freed": True}
    finally:
        ffi.clear_sqlite_provider_json_callback()


# Host tool callback


def test_a_host_tool_answers_list_has_and_call() -> None:
    runtime_root = "D:/runtime/luaskills"
    ffi = LuaSkillsJsonFfi(runtime_root=runtime_root)

    def host_tool_callback(request: HostToolJsonRequest) -> Any:
        if request["action"] == "list":
            return [{"name": "model.embed", "description": "embedding model bridge"}]
        if request["action"] == "has":
            return request["tool_name"] == "model.embed"
        if request["action"] == "call":
            return {"ok": True, "value": {"request": request["args"]}}
        return {"ok": False, "error": {"code": "unsupported_action", "message": request["action"]}}

    ffi.set_host_tool_json_callback(host_tool_callback)
    with LuaSkillsClient(runtime_root=runtime_root) as client:
        assert client.run_lua("return #vulcan.host.list()") == 1
        assert client.run_lua("return vulcan.host.has('model.embed')") is True
        answer = client.run_lua("return vulcan.host.call('model.embed', {input = 'x'})")
    ffi.clear_host_tool_json_callback()
    assert answer == {"ok": True, "value": {"request": {"input": "x"}}}


# Model callback


def test_models_answer_embeddings_and_texts() -> None:
    runtime_root = "D:/runtime/luaskills"
    ffi = LuaSkillsJsonFfi(runtime_root=runtime_root)

    def embed_callback(request: RuntimeModelEmbedRequest) -> Any:
        return {"vector": [0.1, 0.2, 0.3], "dimensions": 3, "usage": {"input_tokens": len(request["text"])}}

    def llm_callback(request: RuntimeModelLlmRequest) -> Any:
        if "missing-model" in request["user"]:
            error = {
                "code": "provider_error",
                "message": "model provider rejected the request",
                "provider_message": "raw provider message after host-side redaction",
                "provider_code": "model_not_found",
                "provider_status": 404,
            }
            return {"ok": False, "error": error}
        usage = {"input_tokens": 12, "output_tokens": 8}
        return {"assistant": f"handled {request['system']}: {request['user']}", "usage": usage}

    ffi.set_model_embed_json_callback(embed_callback)
    ffi.set_model_llm_json_callback(llm_callback)
    with LuaSkillsClient(runtime_root=runtime_root) as client:
        status = client.run_lua("return vulcan.models.status()")
        embed_result = client.run_lua('return vulcan.models.embed("hello")')
        llm_result = client.run_lua('return vulcan.models.llm("system", "user")')
        refused = client.run_lua('return vulcan.models.llm("system", "missing-model")')
    ffi.clear_model_embed_json_callback()
    ffi.clear_model_llm_json_callback()
    assert status["capabilities"] == {"embed": True, "llm": True}
    assert (embed_result["ok"], embed_result["dimensions"], embed_result["usage"]) == (True, 3, {"input_tokens": 5})
    assert (llm_result["ok"], llm_result["assistant"]) == (True, "handled system: user")
    assert (refused["ok"], refused["error"]["provider_status"]) == (False, 404)


# Examples


@pytest.mark.parametrize(
    "line",
    [
        "python -m luaskills.examples.basic",
        "python -m luaskills.examples.host_tool_callback",
        "python -m luaskills.examples.provider_callback",
        "python -m luaskills.examples.runtime_session",
        r"python .\examples\basic.py",
        r"python .\examples\call.py",
        r"python .\examples\host_tool_callback.py",
        r"python .\examples\query.py",
        r"python .\examples\lifecycle.py",
        r"python .\examples\runtime_session.py",
        r"python .\examples\provider_callback.py",
    ],
)
def test_examples_run_in_a_copy_of_the_source_tree(
    command: Command, workplace: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    shutil.copytree(PACKAGE / "examples", workplace / "examples")
    command(here(r"luaskills install-runtime --database none --runtime-root .\examples\fixture_runtime"))
    program, *arguments = words(here(line))
    assert program == "python"
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE / "src"))
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=110, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def here(line: str) -> str:
    return " ".join(word.replace("\\", "/") if word.startswith(".\\") else word for word in line.split())


# Persistent runtime sessions


def test_a_session_is_made_evaluated_and_closed_through_the_system_client() -> None:
    client = LuaSkillsClient(runtime_root="D:/runtime/luaskills")
    try:
        sessions = client.system(Authority.SYSTEM).runtime_sessions()
        session = sessions.create_handle("demo-session", ttl_sec=600, replace=True)
        result = session.eval("counter = (counter or 0) + 1; return { counter = counter }")
        assert result["result"] == {"counter": 1}
        assert session.status()["closed"] is False
        assert session.close()["closed"] is True
    finally:
        client.close()


# Authority and management


@pytest.fixture
def release_site(workplace: Path) -> Iterator[None]:
    """The releases of ``LuaSkills/luaskills-demo-skill`` on this machine, and a runtime root that knows the place."""
    source, version = FIXTURE / "demo-standard-ffi-skill", "0.1.0"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in source.rglob("*.*"):
            archive.write(path, Path("luaskills-demo-skill") / path.relative_to(source))
    name, sums = f"luaskills-demo-skill-v{version}-skill.zip", f"luaskills-demo-skill-v{version}-checksums.txt"
    base = f"/LuaSkills/luaskills-demo-skill/releases/download/v{version}"
    assets = [{"name": asset, "browser_download_url": f"https://github.com{base}/{asset}"} for asset in (name, sums)]
    answers = {
        "/repos/LuaSkills/luaskills-demo-skill/releases/latest": json.dumps(
            {"tag_name": f"v{version}", "assets": assets}
        ).encode(),
        f"{base}/{name}": packed.getvalue(),
        f"{base}/{sums}": f"{hashlib.sha256(packed.getvalue()).hexdigest()}  {name}\n".encode(),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = answers.get(self.path, b"")
            self.send_response(200 if content else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever, args=(0.02,))
    serving.start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    resources = workplace / "luaskills-runtime" / "resources"
    resources.mkdir(parents=True)
    patch = {"github_base_url": url, "github_api_base_url": url}
    (resources / "luaskills-sdk-runtime-manifest.json").write_text(
        json.dumps({"schema_version": 1, "host_options_patch": patch})
    )
    yield
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.mark.usefixtures("release_site")
def test_ordinary_management_targets_the_user_layer(command: Command, workplace: Path) -> None:
    installed = workplace / "luaskills-runtime" / "user_skills" / "luaskills-demo-skill" / "skill.yaml"
    result = command("luaskills install LuaSkills/luaskills-demo-skill --target-root USER")
    assert (result["skill_id"], result["status"]) == ("luaskills-demo-skill", "installed")
    assert installed.is_file()
    assert command("luaskills update LuaSkills/luaskills-demo-skill --target-root USER")["status"] == "up_to_date"
    assert command("luaskills uninstall luaskills-demo-skill --target-root USER")["skill_removed"] is True
    assert not installed.exists()


@pytest.mark.usefixtures("release_site")
def test_system_management_may_target_root(command: Command, workplace: Path) -> None:
    line = "luaskills system-install LuaSkills/luaskills-demo-skill --target-root ROOT --authority system"
    assert command(line)["status"] == "installed"
    assert (workplace / "luaskills-runtime" / "root_skills" / "luaskills-demo-skill" / "skill.yaml").is_file()


# Skill configuration has no sample of its own; what it says is that values are texts by skill and key.


def test_skill_configuration_stores_texts_by_skill_and_key(command: Command) -> None:
    root = r"--runtime-root D:\runtime\luaskills"
    command(f"luaskills config set demo-standard-ffi-skill colour blue {root}")
    listed = command(f"luaskills config list {root}")
    assert listed == [{"skill_id": "demo-standard-ffi-skill", "key": "colour", "value": "blue"}]
