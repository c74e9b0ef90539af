"""Does what its input says, step by step: every host function and everything a program may try in its sandbox.

A step is a list of its name and its arguments; the answer is the list of what the steps gave. All that the steps need
is imported here, as a component has no files to import from later.
"""

import encodings.idna  # noqa: F401  (looked up by the socket module)
import importlib
import os
import pkgutil
import random
import socket
import sys
import time
import typing

import plain
from wit_world import imports

INTERFACES = {
    found.name.replace("_", "-"): importlib.import_module(f"wit_world.imports.{found.name}")
    for found in pkgutil.iter_modules(imports.__path__)
}


class Answer(Exception):
    """Ends the run with these bytes."""


class Fail(Exception):
    """Ends the run with this case and text of the world's error."""


runs = 0


class Steps:
    def __init__(self, output=None):
        self.output = output
        self.streams = {}

    def take(self, steps):
        return [getattr(self, name)(*arguments) for name, *arguments in steps]

    # ---- host functions

    def call(self, interface, function, *arguments):
        called = getattr(INTERFACES[interface], function.replace("-", "_"))
        return plain.plain(called(*_bound(called, arguments)))

    def open(self, name, kind, request):
        stream = getattr(INTERFACES["inference"], kind)
        self.streams[name] = stream(*_bound(stream.__init__, [request]))

    def next(self, name):
        return plain.plain(self.streams[name].next())

    def rest(self, name):
        return [plain.plain(event) for event in iter(self.streams[name].next, None)]

    def drop(self, name):
        self.streams.pop(name).__exit__(None, None, None)

    def write(self, item):
        self.output.write(*_bound(type(self.output).write, [item]))

    def write_letters(self, count):
        self.write({"message-append": "a" * count})

    def drop_output(self):
        self.output.__exit__(None, None, None)

    def length(self, text):
        return len(text)

    def survive(self, step):
        """Does a step and catches whatever can be caught."""
        try:
            return self.take([step])
        except BaseException as error:
            return repr(error)

    # ---- the end

    def answer(self, text):
        raise Answer(text.encode("latin-1"))

    def answer_zeroes(self, count):
        raise Answer(b"0" * count)

    def fail(self, case, text):
        raise Fail(case, text)

    def crash(self, text):
        raise RuntimeError(text)

    def spin(self):
        while True:
            pass

    def exit(self, status):
        os._exit(status)

    # ---- the sandbox

    def count(self):
        global runs
        runs += 1
        return runs

    def allocate(self, mebibytes):
        held = []
        for _ in range(mebibytes):
            held.append(bytearray(1 << 20))
        return len(held)

    def environment(self):
        return [dict(os.environ), sys.argv[1:]]

    def read(self):
        return sys.stdin.read()

    def print(self, text):
        print(text, flush=True)

    def complain(self, text):
        print(text, file=sys.stderr, flush=True)

    def attempt(self, what, *arguments):
        """The class of the error something ends with."""
        try:
            {"file": open, "folder": os.listdir, "connect": _connect, "lookup": _lookup}[what](*arguments)
        except OSError as error:
            return type(error).__name__
        return None

    def clocks(self):
        before = time.monotonic()
        return [time.time_ns(), time.monotonic() >= before]

    def randomness(self):
        return [os.urandom(16).hex(), random.SystemRandom().random()]

    def sleep(self, seconds):
        before = time.monotonic()
        time.sleep(seconds)
        return time.monotonic() - before


def _bound(function, arguments):
    kinds = [kind for name, kind in typing.get_type_hints(function).items() if name != "return"]
    return [plain.bind(kind, argument) for kind, argument in zip(kinds, arguments, strict=True)]


def _connect(host, port):
    with socket.socket() as connection:
        connection.connect((host, port))


def _lookup(host):
    socket.getaddrinfo(host, 80)
