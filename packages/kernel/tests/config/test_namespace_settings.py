"""The section on configuration of the checklist, as far as other files of this directory do not hold it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pharia_kernel.config import Settings, inference_source, load_settings
from pharia_kernel.config.known import FIELDS
from pharia_kernel.config.loading import export_dotenv
from pharia_kernel.config.log_level import parse_log_level
from pharia_kernel.config.memory import code_bytes
from pharia_kernel.config.namespaces import NamespaceSettings
from pharia_kernel.config.registry import RegistrySettings
from pharia_kernel.config.skill_entries import Canary, ChatEntry, ProgrammableEntry
from pharia_kernel.config.tables import MIB
from pharia_kernel.errors import ConfigError, InvalidNamespace
from pharia_kernel.types import check_namespace

OCI = {"REGISTRY": "ghcr.example.org", "REGISTRY_USER": "bot", "REGISTRY_PASSWORD": "s3cret"}


def load(folder: Path, toml: str = "", **environ: str) -> Settings:
    if toml:
        (folder / "config.toml").write_text(toml)
    return load_settings(directory=folder, environ={"HOME": "/h", **environ})


def refusal(folder: Path, toml: str = "", **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(folder, toml, **environ)
    return str(caught.value)


def variables(namespace: str, **members: str) -> dict[str, str]:
    return {f"NAMESPACES__{namespace}__{name}": value for name, value in members.items()}


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    """Row 1; what listens is bound to this machine, unlike the original."""
    settings = load(tmp_path)
    assert (settings.namespaces, settings.namespace_update_interval) == ({}, 10)
    assert (settings.pharia_ai_feature_set, settings.otel_sampling_ratio) == ("1", 0.1)
    assert settings.code_bytes == 1024 * MIB
    assert settings.config_reload_interval is None


def test_debug_is_meant_for_the_kernel_itself() -> None:
    """Row 2."""
    assert parse_log_level("debug") == {"": 20, "pharia_kernel": 10}


def test_the_openai_variables_choose_that_endpoint(tmp_path: Path) -> None:
    """Row 3."""
    settings = load(tmp_path, OPENAI_INFERENCE__URL="https://x.example.org/v1", OPENAI_INFERENCE__TOKEN="t")
    assert inference_source(settings) == "openai"
    assert settings.openai_inference is not None
    assert settings.openai_inference.url == "https://x.example.org/v1"
    assert settings.openai_inference.token.get_secret_value() == "t"


def test_aleph_alpha_wins(tmp_path: Path) -> None:
    """Row 4."""
    environ = {"OPENAI_INFERENCE__URL": "https://x/v1", "OPENAI_INFERENCE__TOKEN": "t", "INFERENCE_URL": "https://a"}
    assert inference_source(load(tmp_path, **environ)) == "aleph-alpha"


def test_an_empty_document_index_is_none(tmp_path: Path) -> None:
    """Row 5."""
    assert load(tmp_path, DOCUMENT_INDEX_URL="").document_index_url is None


def test_variables_of_a_namespace_land_in_their_keys(tmp_path: Path) -> None:
    """Row 6."""
    environ = {
        **variables("DEV", DIRECTORY="skills"),
        **variables("MY_TEAM1", CONFIG_URL="https://git.example.org/a.toml", CONFIG_ACCESS_TOKEN="t0ken", **OCI),
        **variables("MY_TEAM1", BASE_REPOSITORY="team/skills"),
        **variables("LOCAL", PATH="vendored", SKILLS="summarise:1.4, haiku", NATIVE_TOOLS="add"),
        **variables("LOCAL", MCP_SERVERS="http://127.0.0.1:1/mcp, http://127.0.0.1:2/mcp"),
    }
    found = load(tmp_path, **environ, MEMORY_REQUEST="1Gi", NAMESPACE_UPDATE_INTERVAL="30s")
    assert set(found.namespaces) == {"dev", "my-team1", "local"}
    team = found.namespaces["my-team1"]
    assert (team.shape, team.config_url, team.registry) == (
        "described",
        "https://git.example.org/a.toml",
        "ghcr.example.org",
    )
    assert (team.base_repository, team.registry_user) == ("team/skills", "bot")
    assert team.config_access_token is not None
    assert team.config_access_token.get_secret_value() == "t0ken"
    local = found.namespaces["local"]
    assert local.skills == (ProgrammableEntry(name="summarise", tag="1.4"), ProgrammableEntry(name="haiku"))
    assert (local.path, local.native_tools, len(local.mcp_servers)) == (Path("vendored"), ("add",), 2)
    assert (found.memory_request, found.namespace_update_interval) == (1024 * MIB, 30)


@pytest.mark.parametrize("name", ["", "-myteam"])
def test_a_namespace_with_a_strange_name_is_an_error(tmp_path: Path, name: str) -> None:
    """Rows 7 and 8."""
    assert f"Invalid namespace `{name}`" in refusal(tmp_path, f'[namespaces."{name}"]\ndirectory = "x"')


def test_file_and_environment_give_namespaces_of_their_own(tmp_path: Path) -> None:
    """Row 9."""
    settings = load(tmp_path, '[namespaces.a]\ndirectory = "a"', **variables("B", DIRECTORY="b"))
    assert set(settings.namespaces) == {"a", "b"}


def test_one_namespace_may_stand_in_file_and_environment(tmp_path: Path) -> None:
    """Row 10."""
    toml = '[namespaces.team]\nconfig-url = "https://x/a.toml"\nregistry = "ghcr.example.org"\nregistry-user = "bot"'
    team = load(tmp_path, toml, **variables("TEAM", REGISTRY_PASSWORD="s3cret")).namespaces["team"]
    assert (team.shape, team.registry, team.registry_user) == ("described", "ghcr.example.org", "bot")


@pytest.mark.parametrize(("ratio", "found"), [("0.25", 0.25), ("0", 0), ("1", 1)])
def test_a_sampling_ratio_is_a_part(tmp_path: Path, ratio: str, found: float) -> None:
    """Row 11."""
    assert load(tmp_path, OTEL_SAMPLING_RATIO=ratio).otel_sampling_ratio == found


def test_a_sampling_ratio_above_one_is_an_error(tmp_path: Path) -> None:
    """Row 12."""
    assert "between 0.0 and 1.0 inclusive" in refusal(tmp_path, OTEL_SAMPLING_RATIO="1.1")


@pytest.mark.parametrize(
    ("toml", "found"), [("42", "42"), ('"42"', "42"), ('"BETA"', "beta"), ('"Beta"', "beta"), ('"007"', "7")]
)
def test_feature_sets_are_read(tmp_path: Path, toml: str, found: str) -> None:
    """Row 13."""
    settings = load(tmp_path, f"pharia-ai-feature-set = {toml}")
    assert (settings.pharia_ai_feature_set, settings.warnings) == (found, ())


@pytest.mark.parametrize("value", ["whatever", "-1", "4294967296"])
def test_what_is_no_feature_set_is_the_first_stable_one(tmp_path: Path, value: str) -> None:
    """Row 14."""
    settings = load(tmp_path, PHARIA_AI_FEATURE_SET=value)
    assert settings.pharia_ai_feature_set == "1"
    assert settings.warnings == (
        f'pharia-ai-feature-set = "{value}" (environment PHARIA_AI_FEATURE_SET) is no feature set; it counts as 1',
    )


@pytest.mark.parametrize("name", ["a" * 100, "größe"])
def test_names_are_short_and_plain(name: str) -> None:
    """Row 15."""
    with pytest.raises(InvalidNamespace):
        check_namespace(name)


def test_an_oci_registry_wins_over_a_path(tmp_path: Path) -> None:
    """Row 16."""
    settings = load(tmp_path, **variables("DEV", SKILLS="a", PATH="x", **OCI))
    assert settings.namespaces["dev"].registry == "ghcr.example.org"
    assert settings.warnings == (
        "namespaces.dev.path (environment NAMESPACES__DEV__PATH) is not used: registry is used",
    )


def test_the_base_repository_may_be_left_out(tmp_path: Path) -> None:
    """Rows 17 and 113."""
    assert load(tmp_path, **variables("DEV", SKILLS="a", **OCI)).namespaces["dev"].base_repository == ""
    assert RegistrySettings(registry="x", base_repository="/skills/").base_repository == "skills"


def test_a_watched_directory_has_tools_too(tmp_path: Path) -> None:
    """Row 18."""
    dev = load(tmp_path, **variables("DEV", DIRECTORY="x", MCP_SERVERS="http://127.0.0.1:1/mcp")).namespaces["dev"]
    assert (dev.shape, [server.url for server in dev.mcp_servers]) == ("watched", ["http://127.0.0.1:1/mcp"])


def test_skills_in_place_are_read_whole(tmp_path: Path) -> None:
    """Row 19."""
    toml = """
    [namespaces.pinned]
    path = "vendored"
    mcp-servers = ["http://127.0.0.1:1/mcp"]
    skills = [
        { name = "a", tag = "1.4", versions = ["1.3"], canary = { tag = "1.5", percent = 2.5 } },
        { type = "chat", name = "desk", version = "1", model = "m", system_prompt = "You help." },
    ]
    """
    pinned = load(tmp_path, toml).namespaces["pinned"]
    assert pinned.shape == "in place"
    assert pinned.skills == (
        ProgrammableEntry(name="a", tag="1.4", versions=("1.3",), canary=Canary(tag="1.5", percent=2.5)),
        ChatEntry(name="desk", version="1", model="m", system_prompt="You help."),
    )
    assert len(pinned.mcp_servers) == 1


def test_a_description_in_a_file_with_a_directory_as_registry(tmp_path: Path) -> None:
    """Row 20."""
    members = {"CONFIG_URL": "file://namespace.toml", "CONFIG_ACCESS_TOKEN": "t", "PATH": "x"}
    dev = load(tmp_path, **variables("DEV", **members)).namespaces["dev"]
    assert (dev.shape, dev.path, dev.config_file) == ("described", Path("x"), Path("namespace.toml"))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://x/a.toml", "Unsupported URL scheme: ftp"),
        ("a.toml", "Unsupported URL scheme: none"),
        ("https:///a.toml", "needs a host"),
        ("https://user:s3cret@x/a.toml", "set config-access-token"),
        ("https://[x", "Unsupported URL scheme"),
    ],
)
def test_a_description_is_at_a_url_of_a_known_kind(tmp_path: Path, url: str, reason: str) -> None:
    """Row 21."""
    text = refusal(tmp_path, **variables("DEV", CONFIG_URL=url, PATH="x"))
    assert reason in text
    assert "environment NAMESPACES__DEV__CONFIG_URL" in text
    assert "s3cret" not in text


def test_time_does_not_run_backwards(tmp_path: Path) -> None:
    """Row 22."""
    assert "must not be negative" in refusal(tmp_path, NAMESPACE_UPDATE_INTERVAL="-1s")


def test_an_endpoint_without_its_token_is_an_error(tmp_path: Path) -> None:
    """Row 23."""
    assert "openai-inference.token is missing" in refusal(tmp_path, OPENAI_INFERENCE__URL="https://x/v1")


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"NATIVE_TOOLS": "add"}, "does not say where its skills are; set directory"),
        ({"CONFIG_URL": "https://x/a.toml"}, "config-url says which skills there are, but not where"),
        ({"SKILLS": "a"}, "skills says which skills there are, but not where"),
        ({"SKILLS": "a, a:2", "PATH": "x"}, "a is there twice"),
        ({"SKILLS": "a b", "PATH": "x"}, "[0].name: a name has 1 to 128 characters"),
        ({"SKILLS": "a:?", "PATH": "x"}, "[0].tag: not a tag"),
        ({"DIRECTORY": "x", "CONFIG_ACCESS_TOKEN": "a b"}, "visible ASCII characters"),
    ],
)
def test_a_namespace_that_can_not_be_served_is_an_error(tmp_path: Path, members: dict[str, str], reason: str) -> None:
    text = refusal(tmp_path, **variables("DEV", **members))
    assert text.startswith("namespaces.dev")
    assert reason in text


def test_keys_of_another_shape_are_named(tmp_path: Path) -> None:
    toml = '[namespaces.dev]\nconfig-url = "https://x/a.toml"\npath = "x"\ndirectory = "y"\nskills = []'
    warnings = load(tmp_path, toml).warnings
    assert [text.split(" (")[0] for text in warnings] == ["namespaces.dev.directory", "namespaces.dev.skills"]
    assert all("its config-url says which skills it has" in text for text in warnings)
    toml = '[namespaces.dev]\ndirectory = "y"\nskills = []\nregistry = "x"\nconfig-access-token = "t"'
    (tmp_path / "other").mkdir()
    assert len(load(tmp_path / "other", toml).warnings) == 3


def test_every_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    members = {"REGISTRY": "x", "REGISTRY_USER": "bot", "REGISTRY_PASSWORD_FILE": str(secret), "SKILLS": "a"}
    settings = load(
        tmp_path,
        f'[openai-inference]\nurl = "https://x/v1"\ntoken-file = "{secret}"',
        **variables("DEV", **members),
    )
    password = settings.namespaces["dev"].registry_password
    assert password is not None
    assert password.get_secret_value() == "s3cret"
    assert settings.openai_inference is not None
    assert settings.openai_inference.token.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(settings)
    assert settings.origins["namespaces.dev.registry-password"] == (
        "environment NAMESPACES__DEV__REGISTRY_PASSWORD_FILE"
    )


def test_a_secret_of_a_file_overrides_an_earlier_one_and_contradicts_one_beside_it(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("new")
    toml = '[namespaces.dev]\nconfig-url = "https://x/a.toml"\npath = "p"\nconfig-access-token = "old"'
    dev = load(tmp_path, toml, **variables("DEV", CONFIG_ACCESS_TOKEN_FILE=str(secret))).namespaces["dev"]
    assert dev.config_access_token is not None
    assert dev.config_access_token.get_secret_value() == "new"
    both = variables("DEV", CONFIG_ACCESS_TOKEN_FILE=str(secret), CONFIG_ACCESS_TOKEN="other")
    assert "set it to different values; remove one" in refusal(tmp_path, toml, **both)


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file"), ("\n", "is empty"), (b"\xff", "UnicodeDecode")]
)
def test_a_secret_that_is_not_in_its_file_is_an_error(tmp_path: Path, content: str | bytes | None, reason: str) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    text = refusal(tmp_path, **variables("DEV", DIRECTORY="x", CONFIG_ACCESS_TOKEN_FILE=str(file)))
    assert f'config-access-token-file = "{file}"' in text
    assert reason in text


def test_what_is_no_secret_has_no_file(tmp_path: Path) -> None:
    assert "no such setting" in refusal(tmp_path, **variables("DEV", DIRECTORY_FILE="x"))


def test_all_problems_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LIMITS__TYPO=1\n")
    toml = 'typo = 1\nlog-level = "loud"\n[namespaces.dev]\nskills = [{ nam = "a" }]\npath = "x"'
    text = refusal(tmp_path, toml, **variables("OTHER", CONFIG_ACCESS_TOKEN_FILE="/nowhere"))
    for part in ("typo (", "LIMITS__TYPO", "loud", "skills = […]", "[0].name is missing", "/nowhere"):
        assert part in text
    assert len(text.splitlines()) == 6


def test_a_table_in_a_variable_names_what_belongs_into_it(tmp_path: Path) -> None:
    assert "did you mean NAMESPACES__DEV__DIRECTORY?" in refusal(tmp_path, NAMESPACES__DEV="x")


@pytest.mark.parametrize(
    ("request_bytes", "limit", "found"),
    [(None, None, 1024), (1200, None, 300), (None, 1200, 300), (2400, 400, 600)],
)
def test_a_quarter_of_the_memory_is_for_components(request_bytes: int | None, limit: int | None, found: int) -> None:
    """Row 129: of 1200 MiB for the cache, which is half of the memory, 600 are for components."""
    wanted = (value * MIB if value else None for value in (request_bytes, limit))
    assert code_bytes(*wanted) == found * MIB


def test_what_is_meant_for_others_reaches_the_environment(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "OTEL_EXPORTER_OTLP_HEADERS=a=b\nMCP_TOKEN=t\nKEPT=file\nLOG_LEVEL=debug\nNAMESPACES__DEV__DIRECTORY=x\n"
    )
    environ = {"KEPT": "before"}
    export_dotenv(environ, tmp_path)
    assert environ == {"KEPT": "before", "OTEL_EXPORTER_OTLP_HEADERS": "a=b", "MCP_TOKEN": "t"}


def test_no_key_of_a_namespace_is_without_effect() -> None:
    keys = {info.alias for info in NamespaceSettings.model_fields.values()}
    assert keys <= {pattern.split(".")[2] for pattern in FIELDS if pattern.startswith("namespaces.*.")}
