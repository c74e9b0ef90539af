from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from pharia_kernel.cli.effective import effective_toml
from pharia_kernel.composition.tools import mcp_tools
from pharia_kernel.config import Settings, load_settings
from pharia_kernel.config.mcp import McpServerSettings, SecretSettings
from pharia_kernel.errors import ConfigError

TOML = """
[mcp]
call-seconds = "5s"
[namespaces.dev]
directory = "skills"
mcp-servers = [
    "http://127.0.0.1:9001/mcp/",
    { url = "https://tools.example.org/mcp?x=1", headers = { X-Team = "blue" }, timeout = "2m", secrets = { Authorization = { env = "TOOLS_TOKEN", prefix = "Bearer " } } },
    { command = ["uvx", "server", "--a b"], environment = { TZ = "UTC" }, directory = "/srv", secrets = { API_KEY = { file = "/run/key" } } },
    { command = "uvx other" },
]
"""  # noqa: E501


def settings_of(toml: str, folder: Path, **environ: str) -> Settings:
    (folder / "config.toml").write_text(toml)
    return load_settings(directory=folder, environ={"HOME": "/h", **environ})


def test_a_server_is_a_url_or_a_table(tmp_path: Path) -> None:
    plain, remote, local, short = settings_of(TOML, tmp_path).namespaces["dev"].mcp_servers
    assert plain == McpServerSettings(url="http://127.0.0.1:9001/mcp/")
    assert (remote.headers, remote.timeout) == ({"X-Team": "blue"}, 120.0)
    assert remote.secrets == {"Authorization": SecretSettings(env="TOOLS_TOKEN", prefix="Bearer ")}
    assert (local.command, local.environment, local.directory) == (
        ("uvx", "server", "--a b"),
        {"TZ": "UTC"},
        Path("/srv"),
    )
    assert local.secrets == {"API_KEY": SecretSettings(file=Path("/run/key"))}
    assert short.command == ("uvx", "other")


def test_urls_may_come_from_the_environment(tmp_path: Path) -> None:
    urls = "http://a/mcp, http://b/mcp"
    settings = settings_of('[namespaces.dev]\ndirectory = "."', tmp_path, NAMESPACES__DEV__MCP_SERVERS=urls)
    assert [server.url for server in settings.namespaces["dev"].mcp_servers] == ["http://a/mcp", "http://b/mcp"]


def test_what_is_shown_reads_back_as_the_same(tmp_path: Path) -> None:
    settings = settings_of(TOML, tmp_path)
    shown = effective_toml(settings)
    tables = tomllib.loads(shown)["namespaces"]["dev"]["mcp-servers"]
    assert tables[1]["secrets"]["Authorization"]["env"] == "TOOLS_TOKEN"
    again = settings_of(shown, tmp_path)
    assert again.namespaces == settings.namespaces
    assert again.mcp == settings.mcp


def test_only_urls_are_given_out_and_without_what_may_be_secret(tmp_path: Path) -> None:
    tools = mcp_tools(settings_of(TOML, tmp_path))
    assert tools.urls("dev") == ["http://127.0.0.1:9001/mcp/", "https://tools.example.org/mcp"]
    shown = [server.server for server in tools.status()["dev"].servers]
    assert shown[2:] == ["the program uvx", "the program uvx"]


@pytest.mark.parametrize(
    ("server", "told"),
    [
        ("{ }", "either url or command"),
        ('{ url = "http://a", command = ["b"] }', "either url or command"),
        ("{ command = [] }", "at least 1 item"),
        ('"ftp://a"', "not the http or https URL"),
        ('"http://user:s3cret@a/mcp"', "no user or password"),
        ('{ url = "http://a", headers = { Authorization = "s3cret" } }', "Authorization looks like a secret"),
        ('{ url = "http://a", headers = { X-Api-Key = "s3cret" } }', "secrets = { X-Api-Key = { env"),
        ('{ url = "http://a", headers = { "a b" = "c" } }', "'a b' is not the name of a header"),
        ('{ url = "http://a", headers = { a = "b\\nc: d" } }', "line break"),
        ('{ url = "http://a", headers = { Mcp-Session-Id = "b" } }', "set by the protocol"),
        ('{ url = "http://a", secrets = { Host = { env = "A" } } }', "set by the protocol"),
        ('{ url = "http://a", secrets = { A = { env = "B", file = "c" } } }', "either env"),
        ('{ url = "http://a", secrets = { A = "s3cret" } }', "valid dictionary"),
        ('{ url = "http://a", environment = { A = "b" } }', "a URL takes headers"),
        ('{ url = "http://a", timeout = 0 }', "timeout"),
        ('{ url = "http://a", time = 1 }', "Extra inputs"),
        ('{ command = ["a"], headers = { A = "b" } }', "a command takes environment"),
        ('{ command = ["a"], environment = { "A-B" = "b" } }', "not the name of a variable"),
        ('{ command = ["a"], environment = { MY_TOKEN = "s3cret" } }', "looks like a secret"),
    ],
)
def test_what_can_not_be_meant_is_refused_without_repeating_secrets(tmp_path: Path, server: str, told: str) -> None:
    toml = f'[namespaces.dev]\ndirectory = "."\nmcp-servers = [{server}]'
    with pytest.raises(ConfigError) as error:
        settings_of(toml, tmp_path)
    assert told in str(error.value)
    assert "mcp-servers" in str(error.value)
    assert "s3cret" not in str(error.value)
