"""What ``pack`` makes is what hosts install."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from luaskills import LuaSkillsClient, RuntimeRoots

Run = Callable[..., Any]
pytestmark = pytest.mark.timeout(60)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A web server and the folder it shows."""
    folder = tmp_path / "site"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()
        thread.join()


def test_a_packed_skill_is_installed(run: Run, tmp_path: Path, site: tuple[str, Path]) -> None:
    url, folder = site
    assert run("new", "hello").status == 0
    files = run("pack", "hello", "--output-dir", folder).out.split()
    release = folder / "repos" / "me" / "hello" / "releases" / "latest"
    release.parent.mkdir(parents=True)
    assets = [{"name": Path(file).name, "browser_download_url": f"{url}/{Path(file).name}"} for file in files]
    release.write_text(json.dumps({"tag_name": "v0.1.0", "assets": assets}))
    roots = RuntimeRoots.standard(tmp_path / "there")
    options = {"github_api_base_url": url, "github_base_url": url}
    with LuaSkillsClient(runtime_root=tmp_path / "there", host_options=options) as client:
        client.load_from_roots(roots)
        installed = client.skills.install(roots, {"source": "me/hello"})
        assert (installed["status"], installed["version"]) == ("installed", "0.1.0")
        assert client.call_skill("hello-greet", {"who": "Ada"})["content"] == "Hello, Ada!"
        assert client.skills.update(roots, {"source": "me/hello"})["status"] == "up_to_date"
