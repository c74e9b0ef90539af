"""Settings of several sources of model answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from pharia_kernel.cli.effective import effective_toml
from pharia_kernel.config import Settings, load_settings
from pharia_kernel.errors import ConfigError

TOML = """
[backends.main]
kind = "openai"
url = "https://api.example.org/v1/"
token = "s3cret"
models = ["gpt-*", "o?"]
fall-back = ["local"]
max-concurrent = 50
failure-pause = "1m"
[backends.main.aliases]
fast = "gpt-4.1-mini"
"gpt-4.1" = "gpt-4.1-2025-04-14"

[backends.local]
kind = "embedded"
"""


def load(folder: Path, toml: str = "", **environ: str) -> Settings:
    (folder / "config.toml").write_text(toml)
    return load_settings(directory=folder, environ={"HOME": "/home/somebody", **environ})


def refusal(folder: Path, toml: str = "", **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(folder, toml, **environ)
    return str(caught.value)


def test_a_backend_is_a_table_with_aliases(tmp_path: Path) -> None:
    backends = load(tmp_path, TOML).backends
    main, local = backends["main"], backends["local"]
    assert list(backends) == ["main", "local"]
    assert main.url == "https://api.example.org/v1"
    assert (main.models, main.fall_back) == (("gpt-*", "o?"), ("local",))
    assert main.aliases == {"fast": "gpt-4.1-mini", "gpt-4.1": "gpt-4.1-2025-04-14"}
    assert (main.max_concurrent, main.max_queued, main.failures, main.failure_pause) == (50, 1000, 5, 60)
    assert (local.kind, local.url, local.models, local.aliases) == ("embedded", None, ("*",), {})


def test_variables_reach_into_the_table(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        TOML,
        BACKENDS__MAIN__TOKEN="other",
        BACKENDS__MAIN__MODELS="a, b",
        BACKENDS__MAIN__ALIASES__SMART="o3",
        BACKENDS__SPARE__KIND="aleph-alpha",
        BACKENDS__SPARE__URL="https://inference.example.org",
    )
    main = settings.backends["main"]
    assert main.token is not None
    assert main.token.get_secret_value() == "other"
    assert (main.models, main.aliases["smart"], main.aliases["fast"]) == (("a", "b"), "o3", "gpt-4.1-mini")
    assert settings.backends["spare"].kind == "aleph-alpha"


def test_the_effective_settings_read_back_and_hide_the_token(tmp_path: Path) -> None:
    settings = load(tmp_path, TOML)
    text = effective_toml(settings)
    assert "s3cret" not in text
    assert 'aliases = {"fast" = "gpt-4.1-mini", "gpt-4.1" = "gpt-4.1-2025-04-14"}' in text
    assert f"# {tmp_path / 'config.toml'}" in next(line for line in text.splitlines() if line.startswith("aliases"))
    again = load(tmp_path, text)
    assert again.backends["main"].aliases == settings.backends["main"].aliases
    assert again.backends["local"] == settings.backends["local"]


def test_where_a_token_is_found_is_no_secret(tmp_path: Path) -> None:
    toml = '[backends.a]\nkind = "openai"\nurl = "http://127.0.0.1"\ntoken-env = "MY_TOKEN"\ntoken-file = 5'
    assert "backends.a.token-file = 5 (" in refusal(tmp_path, toml)
    assert 'token-env = "MY_TOKEN"' in effective_toml(load(tmp_path, toml.replace("token-file = 5", "")))


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ('kind = "openai"', "a backend of the kind openai needs a url"),
        ('kind = "embedded"\nurl = "http://127.0.0.1"', "the embedded model has no url and no token"),
        ('kind = "embedded"\ntoken-env = "X"', "the embedded model has no url and no token"),
        ('kind = "magic"', "'openai', 'aleph-alpha' or 'embedded'"),
        (
            'kind = "openai"\nurl = "http://127.0.0.1"\ntoken = "a"\ntoken-env = "b"',
            "token, token-env and token-file contradict each other",
        ),
        ('kind = "embedded"\nmax-concurrent = 0', "greater than 0"),
        ('kind = "embedded"\nfall-bakc = ["x"]', "did you mean backends.main.fall-back?"),
        ('kind = "embedded"\naliases = {a = 1}', "backends.main.aliases.a"),
        ('kind = "embedded"\naliases = "x"', "backends.main.aliases"),
        ("", "backends.main.kind is missing"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(tmp_path: Path, members: str, reason: str) -> None:
    text = refusal(tmp_path, f"[backends.main]\n{members}")
    assert reason in text
    assert "backends.main" in text


@pytest.mark.parametrize("name", ["", "Main", "my_own", "a" * 100, "-a"])
def test_a_backend_has_a_name_that_variables_can_reach(tmp_path: Path, name: str) -> None:
    assert "should" in refusal(tmp_path, f'[backends."{name}"]\nkind = "embedded"')
