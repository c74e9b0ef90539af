"""A process that tells languages apart, with the library of the original kernel.

It is a process because the library holds the interpreter while it works, can not be interrupted, takes seconds for
some texts, and keeps the 10 to 50 MB of every language it has met, more than a gigabyte for all. Frames on standard
input are answered in order on standard output; the process ends with its input. Started by
:mod:`pharia_kernel.csi.language.process`.
"""

from __future__ import annotations

import os
import resource
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO

import msgspec

if TYPE_CHECKING:
    from lingua import LanguageDetector

_HEAD = 4
_CANDIDATE_SETS = 64
_CONVINCING = 0.5
"""Least distance of the best candidate to the next, as in the original."""


class Question(msgspec.Struct, frozen=True):
    text: str
    candidates: list[str]
    """At least one, known, sorted."""


class Verdict(msgspec.Struct, frozen=True):
    code: str | None = None
    error: str | None = None
    memory_bytes: int = 0
    """What the process has in memory."""


def frame(message: Question | Verdict) -> bytes:
    data = msgspec.msgpack.encode(message)
    return len(data).to_bytes(_HEAD, "big") + data


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    questions = sys.stdin.buffer
    while (data := _read(questions)) is not None:
        answers.write(frame(_verdict(msgspec.msgpack.decode(data, type=Question))))


def _read(stream: BinaryIO) -> bytes | None:
    head = stream.read(_HEAD)
    if len(head) < _HEAD:
        return None
    return stream.read(int.from_bytes(head, "big"))


def _verdict(question: Question) -> Verdict:
    try:
        found = _detector(tuple(question.candidates)).detect_language_of(question.text)
    except Exception as fault:
        return Verdict(error=type(fault).__name__, memory_bytes=_memory())
    return Verdict(code=None if found is None else found.iso_code_639_3.name.lower(), memory_bytes=_memory())


@lru_cache(_CANDIDATE_SETS)
def _detector(candidates: tuple[str, ...]) -> LanguageDetector:
    """What a language needs is loaded with the first text, and shared by all detectors."""
    from lingua import IsoCode639_3, LanguageDetectorBuilder

    codes = [getattr(IsoCode639_3, code.upper()) for code in candidates]
    return LanguageDetectorBuilder.from_iso_codes_639_3(*codes).with_minimum_relative_distance(_CONVINCING).build()


def _memory() -> int:
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except FileNotFoundError:  # not Linux, where the other number would begin with that of the parent
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
