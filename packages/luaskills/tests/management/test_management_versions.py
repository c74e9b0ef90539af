"""Precedence of semantic versions."""

from __future__ import annotations

from itertools import pairwise

import pytest

from luaskills.errors import ManifestError
from luaskills.management.versions import version_order

RISING = [
    "0.9.9",
    "1.0.0-0",
    "1.0.0-2",
    "1.0.0-10",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc-1",
    "1.0.0",
    "1.0.10",
    "1.9.0",
    "1.10.0",
]


@pytest.mark.parametrize(("lower", "higher"), list(pairwise(RISING)))
def test_versions_rise(lower: str, higher: str) -> None:
    assert version_order(lower) < version_order(higher)


def test_build_metadata_does_not_count() -> None:
    assert version_order("1.0.0+a") == version_order("1.0.0+b-c")


@pytest.mark.parametrize("text", ["", "1", "v1.0.0", "1.0", "01.0.0", "latest"])
def test_other_texts_are_no_versions(text: str) -> None:
    with pytest.raises(ManifestError, match="version must"):
        version_order(text)
