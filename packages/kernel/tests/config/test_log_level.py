from __future__ import annotations

import logging

import pytest

from pharia_kernel.config.log_level import parse_log_level


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("info", {"": logging.INFO}),
        ("WARN", {"": logging.WARNING}),
        ("", {"": logging.INFO}),
        ("debug", {"": logging.INFO, "pharia_kernel": logging.DEBUG}),
        ("trace", {"": logging.INFO, "pharia_kernel": 5}),
        ("error,pharia-kernel::skill=debug", {"": logging.ERROR, "pharia_kernel.skill": logging.DEBUG}),
        ("aiohttp=off", {"": logging.INFO, "aiohttp": logging.CRITICAL + 10}),
    ],
)
def test_levels(text: str, levels: dict[str, int]) -> None:
    assert parse_log_level(text) == levels


@pytest.mark.parametrize("text", ["loud", "a=b", "=info", "a b=info"])
def test_what_is_no_level(text: str) -> None:
    with pytest.raises(ValueError, match="is not a log level"):
        parse_log_level(text)
