"""A connection that breaks where a test wants it to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable

Cut = Callable[[bytearray], int | None]
"""Told all bytes a connection carried so far; gives how many of them get through, or ``None`` for all."""


def after(count: int) -> Cut:
    """Cut once ``count`` bytes went through."""
    return lambda data: count if len(data) >= count else None


def before(mark: bytes, occurrence: int = 1) -> Cut:
    """Cut where ``mark`` begins for the given time."""

    def find(data: bytearray) -> int | None:
        parts = data.split(mark)
        return len(mark.join(parts[:occurrence])) if len(parts) > occurrence else None

    return find


class CuttingProxy:
    """Hands bytes on to ``target``; connection number ``n`` is cut where ``cuts[n]`` says, if there are so many."""

    def __init__(self, target: str, cuts: Iterable[Cut] = (), answers: Iterable[Cut] = ()) -> None:
        """``answers`` cuts what comes back in the same way."""
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._cuts, self._answers = iter(cuts), iter(answers)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.carried: list[bytes] = []
        """What went through towards the target, one entry for each connection that ended."""
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        """Twice is as good as once."""
        _shut(self._listener)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(
                target=self._serve, args=(client, next(self._cuts, _never), next(self._answers, _never))
            )
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket, cut: Cut, answers: Cut) -> None:
        with client, socket.create_connection(self._target, 10) as server:
            back = threading.Thread(target=_hand_on, args=(server, client, answers))
            back.start()
            self.carried.append(_hand_on(client, server, cut))
            back.join(10)


def _never(data: bytearray) -> None:
    return None


def _hand_on(one: socket.socket, other: socket.socket, cut: Cut) -> bytes:
    """Until one of them ends, or the cut; gives what went through."""
    data = bytearray()
    through = 0
    try:
        while part := one.recv(64 * 1024):
            data += part
            end = cut(data)
            other.sendall(data[through : len(data) if end is None else end])
            through = len(data) if end is None else end
            if end is not None:
                break
    except OSError:
        pass
    _shut(one)
    _shut(other)
    return bytes(data[:through])


def _shut(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
