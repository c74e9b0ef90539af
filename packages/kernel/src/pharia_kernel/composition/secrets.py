"""Secrets that the settings have, or refer to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from pharia_kernel.errors import ConfigError


def referred_secret(
    key: str, value: SecretStr | None, variable: str | None, file: Path | None, environ: Mapping[str, str]
) -> str | None:
    """The secret, or None where there is none; an empty value is none too.

    Raises :class:`ConfigError` if the variable or the file is not there, or empty. ``key`` is what texts call it.
    """
    if value is not None:
        return value.get_secret_value() or None
    if variable is not None:
        if not (found := environ.get(variable, "").strip()):
            raise ConfigError(f"{key}-env: the environment has no variable {variable}, or it is empty")
        return found
    if file is None:
        return None
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{key}-file: {file} can not be read ({type(error).__name__})") from None
    if not text:
        raise ConfigError(f"{key}-file: {file} is empty")
    return text
