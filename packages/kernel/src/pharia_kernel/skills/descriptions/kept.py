"""The last good description on disk, so that a start while its server is away finds what there was."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from pathlib import Path

logger = logging.getLogger("pharia_kernel.skills")

_DIGEST_BYTES = 32


def keep(file: Path, content: bytes) -> None:
    """Blocks. A disk that is full costs a later start its memory, not this one its namespace."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as fresh:  # readable by this user only
            try:
                fresh.write(hashlib.sha256(content).digest() + content)
                fresh.flush()
                os.replace(fresh.name, file)
            except BaseException:
                os.unlink(fresh.name)
                raise
    except OSError as error:
        logger.warning("a namespace's description could not be kept in %s: %s", file, error)


def kept(file: Path) -> bytes | None:
    """Blocks. None where nothing is kept, or only a part of it."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    digest, body = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    return body if hashlib.sha256(body).digest() == digest else None
