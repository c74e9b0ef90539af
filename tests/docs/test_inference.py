"""The guide to inference shows settings that work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pharia_kernel.composition.inference import inference
from pharia_kernel.config import Settings, load_settings
from pharia_kernel.csi.inference.routed import RoutedBackend

PAGE = Path(__file__).parents[2] / "docs" / "inference.md"
SAMPLES = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def load(sample: str, folder: Path) -> tuple[Settings, str, object]:
    for place in ("main", "second"):
        (folder / place).write_text("s3cret")
    (folder / "config.toml").write_text(sample.replace("/run/secrets", str(folder)))
    settings = load_settings(directory=folder, environ={"HOME": str(folder)})
    source, backend = inference(settings, {"MAIN_API_KEY": "s3cret"})
    return settings, source, backend


@pytest.mark.parametrize("sample", SAMPLES)
async def test_every_sample_is_a_whole_configuration(sample: str, tmp_path: Path) -> None:
    settings, _, _ = load(sample, tmp_path)
    assert settings.warnings == ()


async def test_the_samples_mean_what_the_text_says(tmp_path: Path) -> None:
    assert [load(sample, tmp_path)[1] for sample in SAMPLES] == ["openai", "aleph-alpha", "routed", "routed", "routed"]


def targets(sample: str, folder: Path, model: str) -> list[tuple[str, str]]:
    backend = load(sample, folder)[2]
    assert isinstance(backend, RoutedBackend)
    return [(target.route.name, target.model) for target in backend.routes.targets(model)]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("fast", [("main", "gpt-4.1-mini")]),
        ("gpt-5", [("main", "gpt-5")]),
        ("pharia-1", [("house", "pharia-1")]),
        ("SmolLM2-135M-Instruct", [("here", "SmolLM2-135M-Instruct")]),
        ("claude", []),
    ],
)
async def test_the_sample_with_several_backends_leads_there(
    model: str, expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    assert targets(SAMPLES[2], tmp_path, model) == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("fast", [("main", "gpt-4.1-mini"), ("second", "mistral-small"), ("here", "fast")]),
        ("gpt-5", [("main", "gpt-5"), ("second", "mistral-large"), ("here", "gpt-5")]),
        ("other", [("main", "other"), ("here", "other")]),
    ],
)
async def test_the_sample_with_fall_backs_leads_there(
    model: str, expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    assert targets(SAMPLES[3], tmp_path, model) == expected
