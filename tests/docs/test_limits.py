"""What the page on limits shows works as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pharia_kernel.composition.instances import SkillBounds
from pharia_kernel.composition.quotas import limit_table
from pharia_kernel.config import Settings, load_settings
from pharia_kernel.config.quotas import QuotaSettings
from pharia_kernel.skills.description import ProgrammableEntry, parse_description
from pharia_kernel.telemetry.metric_names import COUNTED
from pharia_kernel.types import SkillPath

PAGE = (Path(__file__).parents[2] / "docs" / "limits.md").read_text()
SAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


def settings(sample: str, folder: Path) -> Settings:
    (folder / "config.toml").write_text(sample)
    return load_settings(environ={}, directory=folder)


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_are_settings(sample: str, tmp_path: Path) -> None:
    assert settings(sample, tmp_path).namespaces


def test_the_first_sample_means_what_it_says(tmp_path: Path) -> None:
    table = limit_table(settings(SAMPLES[0], tmp_path))
    _, namespace, caller = (account.limits for account in table.accounts("team-a", "key:4f1c0a9b2e77"))
    assert (namespace.concurrent, namespace.day_tokens, namespace.deadline_seconds) == (40, 5_000_000, 120.0)
    assert (caller.rate, caller.burst, caller.minute_tokens) == (100.0, 200, 20_000)


def test_the_sample_of_instances_means_what_it_says(tmp_path: Path) -> None:
    bounds = SkillBounds(settings(SAMPLES[1], tmp_path))
    assert bounds(SkillPath("team-a", "haiku"), None).instances.reuse == 100
    untrusted = bounds(SkillPath("team-a", "untrusted"), None).instances
    assert (untrusted.reuse, untrusted.spare) == (1, 4)


def test_the_sample_of_a_description_is_one() -> None:
    (sample,) = re.findall(r"`(skills = \[.*?\])`", PAGE)
    (entry,) = parse_description(sample).skills
    assert isinstance(entry, ProgrammableEntry)
    assert entry.instances is not None
    assert entry.instances.reuse == 100


def test_the_table_names_every_limit() -> None:
    rows = re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)
    named = {word for row in rows for word in re.findall(r"`([^`]+)`", row)}
    assert named == {name.replace("_", "-") for name in QuotaSettings.model_fields}


def test_the_metrics_exist() -> None:
    assert set(re.findall(r"`(kernel_\w+)`", PAGE)) <= {metric.name for metric in COUNTED}
