"""One blob out of a registry, into a file; after an interruption only the rest is asked for."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import BinaryIO

from pharia_skill.errors import ContentMismatch, RegistryConnectionLost, RegistryError
from pharia_skill.registry.client import RegistryClient
from pharia_skill.registry.digest import check_digest
from pharia_skill.registry.image import Descriptor
from pharia_skill.registry.upload import Progress

_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")


def download_blob(client: RegistryClient, blob: Descriptor, path: Path, progress: Progress = lambda _: None) -> None:
    """The file is there with the right content, or not at all.

    Raises :class:`~pharia_skill.errors.RegistryError`, also when ``path`` can not be written.
    """
    new = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        with new.open("w+b") as file:
            _fill(client, blob, file, progress)
            file.seek(0)
            found = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        check_digest(blob.digest, found, f"the skill from {client.reference.address.host}")
        new.replace(path)
    except OSError as error:
        raise RegistryError(f"{path} can not be written: {error}") from error
    finally:
        new.unlink(missing_ok=True)


def _fill(client: RegistryClient, blob: Descriptor, file: BinaryIO, progress: Progress) -> None:
    failures = furthest = 0
    while True:
        lost = RegistryConnectionLost(f"{client.reference.address.host} sends less than {blob.size} bytes")
        try:
            _read(client, blob, file, progress)
        except RegistryConnectionLost as error:
            lost = error
        if file.tell() == blob.size:
            return
        failures = 0 if file.tell() > furthest else failures + 1
        furthest = max(furthest, file.tell())
        if failures == client.effort.attempts:
            raise lost
        client.pause(failures)


def _read(client: RegistryClient, blob: Descriptor, file: BinaryIO, progress: Progress) -> None:
    with client.blob(blob.digest, file.tell()) as opened:
        status, headers = opened.response.status, opened.response.headers
        span = _RANGE.fullmatch(headers.get("Content-Range", ""))
        if status == 200 or span is None or int(span[1]) != file.tell():
            file.seek(0)
            file.truncate()
            if status == 206:
                return
        for part in opened.parts():
            if file.tell() + len(part) > blob.size:
                raise ContentMismatch(
                    f"{client.reference.address.host} sends more than the {blob.size} bytes the manifest promises"
                )
            file.write(part)
            progress(file.tell())
