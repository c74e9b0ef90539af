"""Ctrl-C while Lua runs.

Python looks at signals between instructions of its own, and a Lua loop has none; where Lua is inside a host function,
the skill may catch the exception as an error. A second thread therefore sees to it that an interrupted command ends.
"""

from __future__ import annotations

import _thread
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from luaskills.engine.process_tree import kill_children

INTERRUPTED = 130
_PATIENCE_SECONDS = 0.5


@contextmanager
def interrupts() -> Iterator[threading.Event]:
    """Set when Ctrl-C was pressed inside. The process ends within a second of it, with 130 where nothing else ends it.

    Does nothing in other threads than the first, and where the program has a handler of its own.
    """
    asked, done = threading.Event(), threading.Event()
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or handler is not signal.default_int_handler:
        yield asked
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        asked.set()
        signal.default_int_handler(number, frame)

    reading, writing = socket.socketpair()
    writing.setblocking(False)
    watcher = threading.Thread(target=_watch, args=(reading, asked, done), daemon=True, name="luaskills-interrupts")
    before = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGINT, interrupt)
    watcher.start()
    try:
        yield asked
    finally:
        done.set()
        signal.signal(signal.SIGINT, handler)
        signal.set_wakeup_fd(before)
        writing.close()
        watcher.join()
        reading.close()


def _watch(signals: socket.socket, asked: threading.Event, done: threading.Event) -> None:
    while number := signals.recv(1):
        if number[0] == signal.SIGINT:
            break
    else:
        return
    asked.set()
    if done.wait(_PATIENCE_SECONDS):
        return
    _thread.interrupt_main()  # the skill has caught the first
    if not done.wait(_PATIENCE_SECONDS):
        kill_children()
        os._exit(INTERRUPTED)
