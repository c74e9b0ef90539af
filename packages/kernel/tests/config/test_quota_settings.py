"""How limits are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from pharia_kernel.composition.quotas import limit_table
from pharia_kernel.config import Settings, load_settings
from pharia_kernel.config.quotas import QuotaSettings
from pharia_kernel.errors import ConfigError
from pharia_kernel.quotas import Limits


@pytest.mark.parametrize(
    ("written", "rate"),
    [("10/s", 10.0), ("600/min", 10.0), ("36 per hour", 0.01), ("2.5", 2.5), (3, 3.0), ("1 / second", 1.0), ("", None)],
)
def test_a_rate_is_calls_in_a_time(written: object, rate: float | None) -> None:
    assert QuotaSettings.model_validate({"rate": written}).rate == pytest.approx(rate) if rate else rate is None


@pytest.mark.parametrize("written", ["10/week", "many", "-1", "0/s", 0, "inf", "nan", "1e9/s"])
def test_what_is_no_rate_is_refused(written: object, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"limits\.rate"):
        load_settings(environ={"LIMITS__RATE": str(written)}, directory=tmp_path)


def test_limits_stand_where_their_owner_does(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        """
        [limits]
        concurrent-calls = 100
        queued-calls = 31
        tokens-per-day = 1000
        [namespaces.team-a]
        directory = "skills"
        limits = { concurrent-calls = 4, rate = "2/s" }
        [callers.default.limits]
        tokens-per-minute = 500
        [callers."key:1f0c".limits]
        memory-bytes = "64MiB"
        deadline-seconds = "10s"
        """
    )
    environ = {"NAMESPACES__TEAM_A__LIMITS__QUEUED_CALLS": "0", "CALLERS__DEFAULT__LIMITS__BURST": "7"}
    table = limit_table(load_settings(environ=environ, directory=tmp_path), processes=2)
    assert table.kernel == Limits(concurrent=100, queued=16, day_tokens=1000)
    assert table.namespaces == {"team-a": Limits(concurrent=4, queued=0, rate=2.0)}
    accounts = table.accounts("team-a", "key:1f0c")
    assert [str(account.owner) for account in accounts] == ["the kernel", 'namespace "team-a"', "caller key:1f0c"]
    assert accounts[2].limits == Limits(minute_tokens=500, burst=7, memory_bytes=64 << 20, deadline_seconds=10.0)
    assert [str(account.owner) for account in table.accounts("other", "x")] == ["the kernel", "caller x"]


def test_without_settings_only_the_kernel_has_limits() -> None:
    assert len(limit_table(Settings()).accounts("dev", "anonymous")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "[namespaces.dev]\ndirectory='x'\nlimits = { concurrent-cals = 1 }",
        "[callers.x.limits]\nconcurrent-calls = 0",
        "[callers.x]\nrate = 1",
        "[namespaces.dev]\ndirectory='x'\ninstances = { reuse = 0 }",
        "[namespaces.dev.skill-instances.haiku]\nidle = '-1s'",
    ],
)
def test_what_makes_no_sense_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(ConfigError):
        load_settings(environ={}, directory=tmp_path)
