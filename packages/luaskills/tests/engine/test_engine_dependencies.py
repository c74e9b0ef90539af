"""Dependencies of skills: found on disk, or fetched from a server of this machine."""

from __future__ import annotations

import io
import json
import logging
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import yaml

from luaskills.engine.dependencies import current_platform

HERE = current_platform()


class Server:
    """Answers GET with ``files``; remembers what it was asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.path)
                content = server.files.get(self.path)
                self.send_response(200 if content is not None else 404)
                self.send_header("content-length", str(len(content or b"")))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def zipped(**members: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/"), text)
    return content.getvalue()


def tarred(**members: str) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, text in members.items():
            info = tarfile.TarInfo(name.replace("__", "/"))
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return content.getvalue()


EXPORT = {"archive_path": "bin/t", "target_path": "bin/t", "executable": True}


@pytest.fixture
def load(site: Any, tmp_path: Any, server: Server, caplog: pytest.LogCaptureFixture) -> Any:
    """Loads the skill ``notes`` with one dependency and says whether it is there."""

    def load(package: Any = None, *, kind: str = "tool", host: dict[str, Any] | None = None, **declared: Any) -> bool:
        if not (tmp_path / "root_skills" / "notes").exists():
            site.skill("notes")
        dependency = {
            "name": "t",
            "version": "1.2.0",
            "source": {"type": "url"},
            "packages": {HERE: package if package is not None else {}},
            **declared,
        }
        listed = {f"{kind}_dependencies": [{key: value for key, value in dependency.items() if value is not None}]}
        (tmp_path / "root_skills" / "notes" / "dependencies.yaml").write_text(yaml.safe_dump(listed))
        options = {"download_cache_root": str(tmp_path / "cache"), "github_api_base_url": f"{server.url}/api"}
        with caplog.at_level(logging.INFO):
            return bool(site.names(site.engine(**options, **(host or {}))))

    return load


def installed(tmp_path: Any, kind: str = "tools", version: str = "1.2.0") -> Any:
    return tmp_path / "dependencies" / kind / "notes" / "t" / version / HERE


@pytest.mark.parametrize(
    ("archive_type", "content"),
    [
        ("zip", zipped(bin__t="tool")),
        ("zip", zipped(t_1__bin__t="tool")),
        ("tar_gz", tarred(bin__t="tool")),
        ("tar_gz", tarred(t_1__bin__t="tool")),
        ("raw", b"tool"),
    ],
    ids=["zip", "zip with a directory", "tar", "tar with a directory", "raw"],
)
def test_an_archive_is_fetched_and_its_exports_are_put_in_place(
    load: Any, server: Server, tmp_path: Any, archive_type: str, content: bytes
) -> None:
    server.files["/t-1.2.0-v1.2.0"] = content
    package = {"archive_type": archive_type, "url": server.url + "/t-{version}-{tag}", "exports": [EXPORT]}
    assert load(package)
    file = installed(tmp_path) / "bin" / "t"
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("tool", 0o755)
    assert load(package)
    assert server.asked == ["/t-1.2.0-v1.2.0"]


# row 162
def test_what_is_there_is_not_fetched(load: Any, server: Server, tmp_path: Any) -> None:
    package = {"url": server.url + "/t", "exports": [EXPORT]}
    file = installed(tmp_path, "lua") / "bin" / "t"
    file.parent.mkdir(parents=True)
    file.write_text("x")
    assert load(package, kind="lua", version="v1.2.0")
    assert load(package, kind="lua", version=None)
    assert server.asked == []


def test_a_broken_archive_is_fetched_once_more(load: Any, server: Server, caplog: Any) -> None:
    server.files["/t"] = tarred(bin__t="tool" * 1000)[:60]
    assert not load({"archive_type": "tar_gz", "url": server.url + "/t", "exports": [EXPORT]})
    assert server.asked == ["/t", "/t"]
    assert "Failed to prepare dependencies for" in caplog.text


def test_a_github_release_is_found_with_and_without_v(load: Any, server: Server, tmp_path: Any) -> None:
    release = {
        "tag_name": "1.2.0",
        "assets": [{"name": "t-1.2.0.zip", "browser_download_url": "https://github.com/o/t/t-1.2.0.zip"}],
    }
    server.files["/api/repos/o/t/releases/tags/1.2.0"] = json.dumps(release).encode()
    server.files["/mirror/o/t/t-1.2.0.zip"] = zipped(bin__t="tool")
    assert load(
        {"archive_type": "zip", "asset_name": "t-{version}.zip", "exports": [EXPORT]},
        source={"type": "github_release", "github": {"repo": "o/t"}},
        host={"github_base_url": f"{server.url}/mirror"},
    )
    assert (installed(tmp_path) / "bin" / "t").read_text() == "tool"


def test_a_list_of_packages_names_the_archive(load: Any, server: Server, tmp_path: Any) -> None:
    listed = {"packages": {"t": {"platforms": {HERE: {"url": f"{server.url}/t"}}}}}
    server.files["/index"] = json.dumps(listed).encode()
    server.files["/t"] = b"tool"
    source = {"type": "skilllist", "skilllist": {"url": f"{server.url}/index", "package": "t"}}
    assert load({"exports": [EXPORT]}, source=source)
    assert (installed(tmp_path) / "bin" / "t").read_text() == "tool"


# row 16
def test_a_skill_the_host_ignores_gets_no_dependencies(load: Any, server: Server, tmp_path: Any) -> None:
    server.files["/t"] = b"tool"
    package = {"url": server.url + "/t", "exports": [EXPORT]}
    assert not load(package, host={"ignored_skill_ids": [" notes "]})
    assert server.asked == []
    assert not (tmp_path / "dependencies").exists()
    assert load(package)
    assert installed(tmp_path).is_dir()


def test_a_dependency_of_the_host_is_never_fetched(load: Any, server: Server, tmp_path: Any, caplog: Any) -> None:
    package = {"url": server.url + "/t", "exports": [EXPORT]}
    host = {"host_provided_tool_root": str(tmp_path / "bin")}
    assert not load(package, scope="host", host=host)
    assert "required host dependency 't' is missing" in caplog.text
    file = tmp_path / "bin" / "t" / "1.2.0" / HERE / "bin" / "t"
    file.parent.mkdir(parents=True)
    file.write_text("x")
    assert load(package, scope="host", host=host)
    assert server.asked == []


def test_an_optional_dependency_is_only_logged(load: Any, server: Server, caplog: Any) -> None:
    package = {"url": server.url + "/none", "exports": [EXPORT]}
    assert load(package, required=False)
    assert "Optional dependency 't': " in caplog.text
    assert load(package, required=False, host={"allow_network_download": False})
    assert "[LuaSkills:dependency] Optional dependency 't' is missing and download is disabled" in caplog.messages
    assert load(package, required=False, scope="host")
    assert "[LuaSkills:dependency] Optional host dependency 't' is missing" in caplog.messages


GITHUB = {"type": "github_release", "github": {"repo": "o/t"}}


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"package": {}}, "dependency 't' must declare at least one export"),
        ({"packages": {}}, f"dependency 't' does not declare package metadata for platform '{HERE}'"),
        (
            {"source": {"type": "github_release"}},
            "dependency 't' declares github_release source but misses github config",
        ),
        ({"source": GITHUB}, f"dependency 't' github package for platform '{HERE}' must declare asset_name"),
        ({"source": {"type": "url"}}, f"dependency 't' platform '{HERE}' must declare url"),
        ({"source": {"type": "skilllist"}}, "dependency 't' declares skilllist source but misses skilllist config"),
        (
            {"package": {"exports": [EXPORT, EXPORT]}},
            "raw dependency payload must declare exactly one export",
        ),
        (
            {"package": {"exports": [{**EXPORT, "target_path": "../t"}]}},
            "dependency 't' export target_path must stay inside: '../t'",
        ),
        (
            {"host": {"allow_network_download": False}},
            "required dependency 't' is missing and network download is disabled",
        ),
    ],
)
def test_a_wrong_declaration_leaves_the_skill_out(
    load: Any, tmp_path: Any, caplog: Any, declared: dict[str, Any], message: str
) -> None:
    package = declared.pop("package", {"exports": [EXPORT]})
    assert not load(package, **declared)
    directory = tmp_path / "root_skills" / "notes"
    assert f"[LuaSkill] Failed to prepare dependencies for {directory}: {message}" in caplog.messages


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (b"{", "failed to parse skilllist index "),
        (b"{}", "dependency 't' cannot find package 't' in skilllist"),
        (b'{"t": {}}', f"dependency 't' skilllist package 't' does not support platform '{HERE}'"),
    ],
)
def test_a_list_without_the_package_leaves_the_skill_out(
    load: Any, server: Server, caplog: Any, index: bytes, message: str
) -> None:
    server.files["/index"] = index
    source = {"type": "skilllist", "skilllist": {"url": f"{server.url}/index", "package": "t"}}
    assert not load({"exports": [EXPORT]}, source=source)
    assert message in caplog.text


def test_an_archive_without_the_export_names_it(load: Any, server: Server, caplog: Any) -> None:
    server.files["/t"] = tarred(other="x")
    assert not load({"archive_type": "tar_gz", "url": server.url + "/t", "exports": [EXPORT]})
    assert "does not contain required export 'bin/t'" in caplog.text


def test_a_link_in_an_archive_is_no_export(load: Any, server: Server, tmp_path: Any, caplog: Any) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        link = tarfile.TarInfo("bin/t")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    server.files["/t"] = content.getvalue()
    assert not load({"archive_type": "tar_gz", "url": server.url + "/t", "exports": [EXPORT]})
    assert not installed(tmp_path).exists()
