"""Publishing as programs of SDKs up to 0.20 call it; ``pharia-skill publish`` says and can more."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import NamedTuple

from rich.console import Console

from pharia_skill.cli.destination import Wishes, destination, read_environment
from pharia_skill.cli.publishing import Manner, publish_file
from pharia_skill.errors import PhariaSkillError, SettingMissing
from pharia_skill.registry.component_file import component_path
from pharia_skill.registry.credentials import TOKEN, USER
from pharia_skill.registry.image import source_date
from pharia_skill.registry.settings import REGISTRY, REPOSITORY, setting, transport_for

logger = logging.getLogger(__name__)


class Registry(NamedTuple):
    """Where to publish and as whom; its text does not show the token."""

    user: str
    token: str
    registry: str
    repository: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Registry:
        """From the environment and the first ``.env`` in the working directory or above it.

        Raises :class:`~pharia_skill.errors.SettingMissing`, which is also a ``KeyError``.
        """
        found = read_environment() if environ is None else environ
        return cls(*(_required(found, name) for name in (USER, TOKEN, REGISTRY, REPOSITORY)))

    def __repr__(self) -> str:
        return f"Registry(user={self.user!r}, registry={self.registry!r}, repository={self.repository!r})"


def cli_publish(skill: str, name: str | None, tag: str, registry: Registry) -> None:
    """Publish the component at ``skill``, whose extension may be left out; logs and exits with 1 after a failure."""
    try:
        environ = read_environment()
        wishes = Wishes(registry.registry, registry.repository, registry.user, registry.token)
        path = component_path(skill)
        manner = Manner(transport_for(environ, None, plain_http=False), created=source_date(environ))
        publish_file(path, name or path.stem, tag, destination(wishes, environ), manner, Console(stderr=True))
    except PhariaSkillError as error:
        logger.error("%s", error)
        sys.exit(1)


def _required(environ: Mapping[str, str], name: str) -> str:
    value = setting(environ, name)
    if value is None:
        raise SettingMissing(f"The environment variable '{name}' is not set.")
    return value
