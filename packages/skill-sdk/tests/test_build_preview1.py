"""WASI for the time of a build, with an array as the memory."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from pharia_skill.builder.snapshot.files import Files, Mount
from pharia_skill.builder.snapshot.preview1 import ANSWER, Exited, NotAvailable, Preview1

SUCCESS, BADF, ISDIR, NOENT, NOSYS, NOTDIR, ROFS = 0, 8, 31, 44, 52, 54, 69
ROOT = 3


class Memory:
    def __init__(self) -> None:
        self.content = bytearray(4096)

    def read(self, address: int, length: int) -> bytes:
        return bytes(self.content[address : address + length])

    def write(self, address: int, content: bytes) -> None:
        self.content[address : address + len(content)] = content

    def u32(self, address: int) -> int:
        return int(struct.unpack_from("<I", self.content, address)[0])

    def u64(self, address: int) -> int:
        return int(struct.unpack_from("<Q", self.content, address)[0])


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def wasi(memory: Memory, tmp_path: Path) -> Preview1:
    (tmp_path / "folder").mkdir()
    (tmp_path / "poem.txt").write_text("a line")
    return Preview1(Files([Mount("/skill", (tmp_path,), noted=True)]), memory)


def open_file(wasi: Preview1, memory: Memory, path: str, flags: int = 0) -> tuple[int, int]:
    memory.write(100, path.encode())
    return wasi.path_open(ROOT, 0, 100, len(path), flags, 0, 0, 0, 200), memory.u32(200)


def vector(memory: Memory, address: int, length: int) -> int:
    memory.write(300, struct.pack("<II", address, length))
    return 300


def test_the_folders_are_there_from_the_beginning(wasi: Preview1, memory: Memory) -> None:
    assert wasi.fd_prestat_get(ROOT, 0) == SUCCESS
    assert memory.u32(4) == len("/skill")
    assert wasi.fd_prestat_dir_name(ROOT, 50, 6) == SUCCESS
    assert memory.read(50, 6) == b"/skill"
    assert wasi.fd_prestat_get(ROOT + 1, 0) == BADF


def test_a_file_is_opened_read_and_closed(wasi: Preview1, memory: Memory) -> None:
    status, number = open_file(wasi, memory, "poem.txt")
    assert status == SUCCESS
    assert wasi.fd_read(number, vector(memory, 400, 4), 1, 200) == SUCCESS
    assert (memory.u32(200), memory.read(400, 4)) == (4, b"a li")
    assert wasi.fd_seek(number, -1, 2, 208) == SUCCESS
    assert wasi.fd_read(number, vector(memory, 400, 4), 1, 200) == SUCCESS
    assert (memory.u32(200), memory.read(400, 1)) == (1, b"e")
    assert wasi.fd_tell(number, 208) == SUCCESS
    assert memory.u64(208) == 6
    assert wasi.fd_close(number) == SUCCESS
    assert wasi.fd_read(number, 300, 1, 200) == BADF


@pytest.mark.parametrize(
    ("path", "flags", "status"),
    [("none", 0, NOENT), ("none", 1, ROFS), ("poem.txt", 8, ROFS), ("poem.txt", 2, NOTDIR), ("folder", 2, SUCCESS)],
)
def test_nothing_can_be_made_or_changed(path: str, flags: int, status: int, wasi: Preview1, memory: Memory) -> None:
    assert open_file(wasi, memory, path, flags)[0] == status


def test_a_folder_can_not_be_read_as_a_file(wasi: Preview1, memory: Memory) -> None:
    _, number = open_file(wasi, memory, "folder")
    assert wasi.fd_read(number, vector(memory, 400, 4), 1, 200) == ISDIR
    assert wasi.fd_seek(number, 0, 0, 200) == BADF


def test_a_folder_is_listed_in_order_and_in_pieces(wasi: Preview1, memory: Memory) -> None:
    assert wasi.fd_readdir(ROOT, 1000, 64, 0, 200) == SUCCESS
    assert memory.u32(200) == 62
    assert (memory.read(1024, 6), memory.read(1054, 8)) == (b"folder", b"poem.txt")
    assert wasi.fd_readdir(ROOT, 1000, 64, 1, 200) == SUCCESS
    assert memory.read(1024, 8) == b"poem.txt"
    assert wasi.fd_readdir(ROOT, 1000, 64, 2, 200) == SUCCESS
    assert memory.u32(200) == 0


def test_files_have_sizes_and_no_times(wasi: Preview1, memory: Memory) -> None:
    memory.write(100, b"poem.txt")
    assert wasi.path_filestat_get(ROOT, 0, 100, 8, 500) == SUCCESS
    assert (memory.content[516], memory.u64(532)) == (4, 6)
    assert memory.read(540, 24) == bytes(24)


def test_time_passes_with_every_question_and_never_otherwise(wasi: Preview1, memory: Memory, tmp_path: Path) -> None:
    times = []
    for clock in (0, 0, 1):
        assert wasi.clock_time_get(clock, 0, 600) == SUCCESS
        times.append(memory.u64(600))
    assert times[1] - times[0] == 1_000_000
    assert times[2] == 3_000_000
    again = Preview1(Files([Mount("/skill", (tmp_path,))]), memory)
    again.clock_time_get(0, 0, 600)
    assert memory.u64(600) == times[0]


def test_random_numbers_differ_and_are_the_same_in_every_build(wasi: Preview1, memory: Memory, tmp_path: Path) -> None:
    def drawn(source: Preview1) -> bytes:
        source.random_get(600, 16)
        return memory.read(600, 16)

    first, second = drawn(wasi), drawn(wasi)
    assert first != second
    assert drawn(Preview1(Files([Mount("/skill", (tmp_path,))]), memory)) == first


def test_what_is_written_is_kept_and_the_answer_is_apart(wasi: Preview1, memory: Memory) -> None:
    memory.write(400, b"oops")
    for number in (1, 2, ANSWER):
        assert wasi.fd_write(number, vector(memory, 400, 4), 1, 200) == SUCCESS
    assert (bytes(wasi.printed), wasi.take_answer(), wasi.take_answer()) == (b"oops", b"oops", b"")
    assert wasi.fd_write(ROOT, vector(memory, 400, 4), 1, 200) == ROFS
    assert wasi.fd_write(77, vector(memory, 400, 4), 1, 200) == BADF


def test_sleeping_takes_no_time(wasi: Preview1, memory: Memory) -> None:
    assert wasi.call("wasi:clocks/monotonic-clock#subscribe-duration", [5]) == 0
    assert wasi.call("wasi:io/poll#[method]pollable.block", [0]) is None
    assert wasi.call("wasi:io/poll#poll", [0, 1, 700]) is None
    memory.write(800, struct.pack("<QB", 7, 0))
    assert wasi.call("poll_oneoff", [800, 900, 1, 200]) == SUCCESS
    assert (memory.u64(900), memory.u32(200)) == (7, 1)


def test_only_a_running_skill_can_call_the_kernel(wasi: Preview1) -> None:
    with pytest.raises(NotAvailable, match="pharia:skill/inference#chat"):
        wasi.call("pharia:skill/inference#chat", [1, 2])
    assert wasi.call("sock_accept", [1, 2, 3]) == NOSYS


def test_the_end_of_the_program_is_the_end_of_the_build(wasi: Preview1) -> None:
    with pytest.raises(Exited):
        wasi.call("proc_exit", [3])
