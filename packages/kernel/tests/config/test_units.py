from __future__ import annotations

import pytest

from pharia_kernel.config.units import parse_address, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10),
        ("1h30m", 5400),
        ("1m 30s", 90),
        ("500ms", 0.5),
        ("2 hours", 7200),
        ("1.5h", 5400),
        ("PT10S", 10),
        ("PT1M30S", 90),
        ("P1DT1H", 90000),
        ("10", 10),
        (0.25, 0.25),
        (10, 10),
    ],
)
def test_durations(text: object, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["-1s", "0s", 0, -1, "", "10 parsecs", "s", "P", "PT", "1h-30m", True, None, "1..5s"])
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


def test_an_absurd_duration_is_a_very_long_one() -> None:
    assert parse_duration(10**400) == parse_duration("9" * 400) == 1e9


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512MiB", 512 * 1024**2),
        ("64Ki", 65536),
        ("1 GB", 10**9),
        ("1.5 kb", 1500),
        ("2gib", 2 * 1024**3),
        ("100", 100),
        (100, 100),
    ],
)
def test_sizes(text: object, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MiB", "-1KB", "1.5", "1 furlong", True, 1.5, "9" * 400])
def test_what_is_no_size(text: object) -> None:
    with pytest.raises(ValueError, match="byte"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1:8081", ("127.0.0.1", 8081)), ("[::1]:0", ("::1", 0)), ("0.0.0.0:65535", ("0.0.0.0", 65535))],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["", "8081", "localhost:8081", "::1:80", "[127.0.0.1]:80", "1.2.3.4:", "1.2.3.4:x"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="IP:PORT"):
        parse_address(text)


def test_a_port_has_sixteen_bits() -> None:
    with pytest.raises(ValueError, match="65535"):
        parse_address("127.0.0.1:65536")
