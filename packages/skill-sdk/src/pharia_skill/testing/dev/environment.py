"""Settings from the environment, and from the ``.env`` file of the project one works in."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping

from dotenv import find_dotenv, load_dotenv

from pharia_skill.errors import SettingInvalid, SettingMissing

KERNEL_ADDRESS = "PHARIA_KERNEL_ADDRESS"
STUDIO_ADDRESS = "PHARIA_STUDIO_ADDRESS"
TOKEN = "PHARIA_AI_TOKEN"
_OLD_TOKEN = "AA_API_TOKEN"


def load_environment() -> None:
    """Read the nearest ``.env`` from the working directory upward; variables that are set stay as they are."""
    found = find_dotenv(usecwd=True)
    if found:
        load_dotenv(found)


def address(name: str, given: str | None = None, environ: Mapping[str, str] = os.environ) -> str:
    """An HTTP address without a slash at the end. Raises ``SettingMissing`` and ``SettingInvalid``."""
    value = given if given is not None else environ.get(name, "").strip()
    if not value:
        raise SettingMissing(
            f"the environment variable {name} is not set (set it, or write {name}=https://… into a file .env in "
            f"{os.getcwd()} or above)"
        )
    if not value.startswith(("http://", "https://")):
        raise SettingInvalid(f"{name} is {value!r} (an address begins with http:// or https://)")
    return value.rstrip("/")


def token(environ: Mapping[str, str] = os.environ) -> str | None:
    """The caller's token; ``None`` for kernels that ask for none."""
    if environ.get(TOKEN):
        return environ[TOKEN]
    if environ.get(_OLD_TOKEN):
        warnings.warn(f"{_OLD_TOKEN} is the old name of {TOKEN}: rename the variable", DeprecationWarning, stacklevel=4)
        return environ[_OLD_TOKEN]
    return None
