from __future__ import annotations

from pathlib import Path

import pytest

from pharia_kernel.config import Settings, load_settings
from pharia_kernel.errors import ConfigError


def load(folder: Path, toml: str = "", **environ: str) -> Settings:
    if toml:
        (folder / "config.toml").write_text(toml)
    return load_settings(directory=folder, environ={"HOME": "/home/somebody", **environ})


def refusal(folder: Path, toml: str = "", **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(folder, toml, **environ)
    return str(caught.value)


def test_without_anything_there_are_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.kernel_address == "127.0.0.1:8081"
    assert settings.namespaces == {}
    assert settings.namespace_update_interval == 10
    assert settings.directory_scan_interval == 0.25
    assert settings.inference == "auto"
    assert settings.openai_inference is None
    assert settings.embedded_model.any_model
    assert settings.limits.memory_bytes == 512 * 1024 * 1024
    assert settings.limits.deadline_seconds == 600
    assert settings.limits.output_bytes == 2_700_000
    assert settings.cache_dir == Path("/home/somebody/.cache/pharia-kernel")
    assert settings.log_level == "info"
    assert (dict(settings.origins), settings.warnings) == ({}, ())


def test_every_variable_lands_in_its_key(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        KERNEL_ADDRESS="0.0.0.0:9000",
        NAMESPACES__DEV__DIRECTORY="skills",
        NAMESPACES__DEV__NATIVE_TOOLS="add, subtract",
        NAMESPACE_UPDATE_INTERVAL="1m 30s",
        DIRECTORY_SCAN_INTERVAL="PT1S",
        INFERENCE="openai",
        OPENAI_INFERENCE__URL="https://api.example.org/v1/",
        OPENAI_INFERENCE__TOKEN="t0ken",
        EMBEDDED_MODEL__FILE="model.gguf",
        EMBEDDED_MODEL__ANY_MODEL="off",
        EMBEDDED_MODEL__THREADS="2",
        LIMITS__MEMORY_BYTES="256MiB",
        LIMITS__DEADLINE_SECONDS="1h",
        CACHE_DIR="/var/cache/kernel",
        LOG_LEVEL="debug",
    )
    assert settings.kernel_address == "0.0.0.0:9000"
    assert settings.namespaces["dev"].directory == Path("skills")
    assert settings.namespaces["dev"].native_tools == ("add", "subtract")
    assert (settings.namespace_update_interval, settings.directory_scan_interval) == (90, 1)
    assert settings.inference == "openai"
    assert settings.openai_inference is not None
    assert settings.openai_inference.url == "https://api.example.org/v1"
    assert settings.openai_inference.token.get_secret_value() == "t0ken"
    assert settings.embedded_model.file == Path("model.gguf")
    assert (settings.embedded_model.any_model, settings.embedded_model.threads) == (False, 2)
    assert (settings.limits.memory_bytes, settings.limits.deadline_seconds) == (256 * 1024 * 1024, 3600)
    assert settings.cache_dir == Path("/var/cache/kernel")
    assert settings.log_level == "debug"


def test_the_file_has_the_same_keys(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        """
        kernel-address = "[::1]:8081"
        namespace-update-interval = "30s"
        wasmtime-cache-dir = "/var/cache/old-name"
        [openai-inference]
        url = "http://127.0.0.1:8000/v1"
        token = ""
        [namespaces.playground]
        directory = "local-skills"
        native-tools = ["add"]
        [limits]
        output-bytes = "1 MB"
        """,
    )
    assert settings.kernel_address == "[::1]:8081"
    assert settings.namespace_update_interval == 30
    assert settings.cache_dir == Path("/var/cache/old-name")
    assert settings.openai_inference is not None
    assert settings.openai_inference.token.get_secret_value() == ""
    assert settings.namespaces["playground"].native_tools == ("add",)
    assert settings.limits.output_bytes == 1_000_000


def test_variables_win_over_the_file_key_by_key(tmp_path: Path) -> None:
    toml = """
    log-level = "warn"
    [namespaces.team]
    native-tools = ["add"]
    [namespaces.other]
    directory = "other"
    """
    settings = load(tmp_path, toml, NAMESPACES__TEAM__DIRECTORY="mine", LOG_LEVEL="error")
    assert settings.log_level == "error"
    assert settings.namespaces["team"].directory == Path("mine")
    assert settings.namespaces["team"].native_tools == ("add",)
    assert set(settings.namespaces) == {"team", "other"}


def test_dotenv_stands_between_file_and_environment(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LOG_LEVEL=warn\nKERNEL_ADDRESS=127.0.0.1:1\nOTHER=$HOME\n")
    below = tmp_path / "below"
    below.mkdir()
    settings = load(below, 'log-level = "error"', KERNEL_ADDRESS="127.0.0.1:2")
    assert settings.log_level == "warn"
    assert settings.kernel_address == "127.0.0.1:2"
    assert settings.origins["log-level"] == f"{tmp_path / '.env'} LOG_LEVEL"


def test_every_value_knows_where_it_came_from(tmp_path: Path) -> None:
    settings = load(tmp_path, '[namespaces.dev]\ndirectory = "x"', LIMITS__LOG_BYTES="1KiB")
    assert settings.origins == {
        "namespaces.dev.directory": str(tmp_path / "config.toml"),
        "limits.log-bytes": "environment LIMITS__LOG_BYTES",
    }


def test_the_command_line_wins(tmp_path: Path) -> None:
    overrides = {"kernel-address": ("127.0.0.1:3", "--address")}
    environ = {"HOME": "/", "KERNEL_ADDRESS": "127.0.0.1:2"}
    settings = load_settings(directory=tmp_path, environ=environ, overrides=overrides)
    assert (settings.kernel_address, settings.origins["kernel-address"]) == ("127.0.0.1:3", "--address")


def test_letters_and_digits_of_a_namespace_stay_together(tmp_path: Path) -> None:
    settings = load(tmp_path, NAMESPACES__TEAM1__DIRECTORY="a", NAMESPACES__MY_TEAM__DIRECTORY="b")
    assert set(settings.namespaces) == {"team1", "my-team"}


@pytest.mark.parametrize("name", ["", "-myteam", "my--team", "MyTeam", "zwölf", "a" * 100, "my_team"])
def test_a_namespace_has_a_proper_name(tmp_path: Path, name: str) -> None:
    text = refusal(tmp_path, f'[namespaces."{name}"]\ndirectory = "x"')
    assert f"Invalid namespace `{name}`" in text
    assert "config.toml" in text


def test_a_namespace_of_the_environment_has_a_proper_name(tmp_path: Path) -> None:
    assert "Invalid namespace `-x`" in refusal(tmp_path, NAMESPACES___X__DIRECTORY="x")


def test_an_endpoint_needs_a_token(tmp_path: Path) -> None:
    text = refusal(tmp_path, OPENAI_INFERENCE__URL="https://api.example.org/v1")
    assert "openai-inference.token is missing" in text
    assert "OPENAI_INFERENCE__TOKEN" in text


def test_empty_variables_switch_the_endpoint_off(tmp_path: Path) -> None:
    settings = load(tmp_path, OPENAI_INFERENCE__URL="", OPENAI_INFERENCE__TOKEN="", LOG_LEVEL="", CACHE_DIR="")
    assert settings.openai_inference is None
    assert settings.log_level == "info"


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("kernel-adress = 1", "kernel-address"),
        ("kernel_address = 1", "kernel-address"),
        ("[limits]\nmemory-byte = 1", "limits.memory-bytes"),
        ("[namespaces.dev]\ndirectry = 1", "namespaces.dev.directory"),
        ("[open-ai-inference]\nurl = 1", "openai-inference.url"),
    ],
)
def test_an_unknown_key_names_the_one_that_was_meant(tmp_path: Path, wrong: str, right: str) -> None:
    text = refusal(tmp_path, wrong)
    assert f"no such setting; did you mean {right}?" in text
    assert "config.toml" in text


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("NAMESPACES__DEV__DIRECTRY", "NAMESPACES__DEV__DIRECTORY"),
        ("LIMITS__DEADLINE", "LIMITS__DEADLINE_SECONDS"),
        ("NAMESPACES__DEV", "NAMESPACES__DEV__DIRECTORY"),
    ],
)
def test_an_unknown_variable_of_a_table_of_ours_is_an_error(tmp_path: Path, name: str, meant: str) -> None:
    assert f"environment {name}): no such setting; did you mean {meant}?" in refusal(tmp_path, **{name: "x"})


def test_other_variables_are_for_others(tmp_path: Path) -> None:
    environ = {"PATH": "/bin", "LIMITS": "x", "NAMESPACES": "x", "_": "x", "A__B": "x", "kernel_address": "x"}
    assert load(tmp_path, **environ).origins == {}


@pytest.mark.parametrize(("key", "value"), [("use-pooling-allocator", "true"), ("wasmtime-cache-size-limit", '"1GiB"')])
def test_keys_whose_feature_is_not_here_are_named(tmp_path: Path, key: str, value: str) -> None:
    (warning,) = load(tmp_path, f"{key} = {value}").warnings
    assert warning == f"{key} ({tmp_path / 'config.toml'}) has no effect yet"


def test_access_control_is_never_left_out_silently(tmp_path: Path) -> None:
    assert load(tmp_path, AUTHORIZATION_URL="https://iam.example.org").access_mode == "iam"
    assert load(tmp_path, AUTHORIZATION_URL="").access_mode == "none"
    assert load(tmp_path, 'authorization-url = ""').access_mode == "none"
    with pytest.raises(ConfigError, match=r"access\.mode is none, but authorization-url asks for access control"):
        _ = load(tmp_path, AUTHORIZATION_URL="https://iam.example.org", ACCESS__MODE="none").access_mode


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("KERNEL_ADDRESS", "localhost:8081", "IP:PORT"),
        ("NAMESPACE_UPDATE_INTERVAL", "-10s", "must not be negative"),
        ("LIMITS__MEMORY_BYTES", "many", "byte size"),
        ("LIMITS__MEMORY_BYTES", "5GiB", "less than or equal"),
        ("LIMITS__OUTPUT_BYTES", "65MiB", "less than or equal to 67108864"),
        ("LIMITS__CONCURRENT_CALLS", "0", "greater than 0"),
        ("INFERENCE", "magic", "'auto', 'aleph-alpha', 'openai', 'embedded' or 'none'"),
        ("LOG_LEVEL", "loud", "is not a log level"),
        ("EMBEDDED_MODEL__ANY_MODEL", "perhaps", "boolean"),
    ],
)
def test_a_wrong_value_is_shown_with_its_place(tmp_path: Path, name: str, value: str, reason: str) -> None:
    text = refusal(tmp_path, **{name: value})
    assert f'= "{value}" (environment {name}): ' in text
    assert reason in text


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    toml = '[openai-inference]\nurl = "ftp://user:s3cret@example.org/"\ntoken = ["s3cret"]'
    text = refusal(tmp_path, toml)
    assert 'openai-inference.url = "ftp://***@example.org/" (' in text
    assert "openai-inference.token = *** (" in text
    assert "s3cret" not in text
    settings = load(tmp_path, '[openai-inference]\nurl = "http://example.org"\ntoken = "s3cret"')
    assert "s3cret" not in repr(settings)


def test_two_names_of_one_setting_do_not_contradict(tmp_path: Path) -> None:
    text = refusal(tmp_path, CACHE_DIR="/a", WASMTIME_CACHE_DIR="/b")
    assert "environment CACHE_DIR and environment WASMTIME_CACHE_DIR" in text


def test_a_value_in_place_of_a_table_is_an_error(tmp_path: Path) -> None:
    assert refusal(tmp_path, "limits = 5").startswith("limits = 5 (")
    assert refusal(tmp_path, "[namespaces]\ndev = 5").startswith("namespaces.dev = 5 (")


def test_a_file_that_is_not_toml_is_an_error(tmp_path: Path) -> None:
    assert "is not a TOML file" in refusal(tmp_path, "kernel-address = ")
    (tmp_path / "config.toml").write_bytes(b"\xff")
    assert "is not a TOML file" in refusal(tmp_path)


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"other\.toml: can not be read: No such file"):
        load_settings(tmp_path / "other.toml", environ={"HOME": "/"}, directory=tmp_path)


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    text = refusal(tmp_path, LOG_LEVEL="loud", KERNEL_ADDRESS="x")
    assert len(text.splitlines()) == 2
