"""The words settings are made of: a table, and the values that are checked while they are read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from pharia_kernel.config.units import parse_duration, parse_size
from pharia_kernel.errors import InvalidNamespace
from pharia_kernel.types import check_namespace

KIB = 1024
MIB = 1024 * KIB


def _http_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("not an http or https URL; write it like https://api.example.org/v1")
    return text.rstrip("/")


def _directory(path: Path) -> Path:
    if "\0" in str(path):
        raise ValueError("a path has no NUL characters")
    return path.expanduser() if str(path).startswith("~") else path


def _namespace(name: str) -> str:
    try:
        return check_namespace(name)
    except InvalidNamespace as error:
        raise ValueError(str(error)) from error


def _none_if_empty(value: object) -> object:
    return None if value == "" else value


def _words(value: object) -> object:
    return tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value


Seconds = Annotated[float, BeforeValidator(parse_duration)]
Bytes = Annotated[int, BeforeValidator(parse_size), Field(gt=0)]
NoneIfEmpty = BeforeValidator(_none_if_empty)
"""Deployments of the original write an empty text for what they do not set."""
SplitWords = BeforeValidator(_words)
"""A text with commas stands for a list."""
HttpUrl = Annotated[str, AfterValidator(_http_url)]
OptionalUrl = Annotated[HttpUrl | None, NoneIfEmpty]
DirectoryPath = Annotated[Path, AfterValidator(_directory)]
NamespaceName = Annotated[str, AfterValidator(_namespace)]
Words = Annotated[tuple[str, ...], SplitWords]


class Table(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        alias_generator=lambda name: name.replace("_", "-"),
        hide_input_in_errors=True,
    )
