"""Query results in pieces: JSON Lines in chunks that end where a row ends."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from luaskills.errors import HostFunctionError

MAX_STREAMS = 32
CHUNK_BYTES = 65_536
MAX_BYTES = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Stream:
    """One result."""

    chunks: tuple[bytes, ...]
    row_count: int

    @property
    def size(self) -> int:
        return sum(map(len, self.chunks))


class Streams:
    """The open streams of one database. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams: dict[int, Stream] = {}
        self._count = 0

    def open(self, rows: Iterable[str], chunk_bytes: int) -> dict[str, object]:
        """Keep a result; a database holds at most 32, and 128 MiB, at a time."""
        with self._lock:
            if len(self._streams) >= MAX_STREAMS:
                raise HostFunctionError(f"{MAX_STREAMS} query streams are open; close one with query_stream_close")
        stream = _chunked(rows, chunk_bytes)
        with self._lock:
            if sum(kept.size for kept in (*self._streams.values(), stream)) > MAX_BYTES:
                raise HostFunctionError(f"query streams hold more than {MAX_BYTES} bytes; close one, or use LIMIT")
            self._count += 1
            self._streams[self._count] = stream
            return {"success": True, "stream_id": self._count, "metrics_ready": True}

    def metrics(self, stream_id: int) -> dict[str, object]:
        """Sizes of a stream."""
        stream = self._stream(stream_id)
        return {
            "success": True,
            "stream_id": stream_id,
            "metrics_ready": True,
            "row_count": stream.row_count,
            "chunk_count": len(stream.chunks),
            "total_bytes": stream.size,
        }

    def chunk(self, stream_id: int, index: int) -> dict[str, object]:
        """One piece, from 0."""
        stream = self._stream(stream_id)
        if index >= len(stream.chunks):
            raise HostFunctionError(
                f"query stream {stream_id} has {len(stream.chunks)} chunks, index {index} is outside"
            )
        content = stream.chunks[index]
        encoded = base64.b64encode(content).decode()
        return {
            "success": True,
            "stream_id": stream_id,
            "index": index,
            "byte_count": len(content),
            "chunk_base64": encoded,
        }

    def close(self, stream_id: int) -> dict[str, object]:
        """Forget a stream."""
        with self._lock:
            if self._streams.pop(stream_id, None) is None:
                raise HostFunctionError(f"query stream handle not found: {stream_id}")
        message = f"query_stream handle {stream_id} closed successfully"
        return {"success": True, "stream_id": stream_id, "message": message}

    def _stream(self, stream_id: int) -> Stream:
        with self._lock:
            stream = self._streams.get(stream_id)
        if stream is None:
            raise HostFunctionError(f"query stream handle not found: {stream_id}")
        return stream


def _chunked(rows: Iterable[str], chunk_bytes: int) -> Stream:
    chunks: list[bytes] = []
    current, count = bytearray(), 0
    for row in rows:
        line = row.encode("utf-8") + b"\n"
        if current and len(current) + len(line) > chunk_bytes:
            chunks.append(bytes(current))
            current = bytearray()
        current += line
        count += 1
    if current:
        chunks.append(bytes(current))
    return Stream(tuple(chunks), count)
