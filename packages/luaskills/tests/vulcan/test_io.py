"""`vulcan.io` and the managed `io`."""

from __future__ import annotations

import logging

import pytest

from luaskills.context import VmKind


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "f.txt")


def test_texts_are_written_extended_and_read(each, path):
    code = "local p = ... vulcan.io.write_text(p, 'a') vulcan.io.append_text(p, 'ü') return vulcan.io.read_text(p)"
    assert each.run(code, path) == "aü"


def test_a_handle_reads_lines_numbers_of_bytes_and_the_rest(each, path, tmp_path):
    (tmp_path / "f.txt").write_bytes(b"one\r\ntwo\nthree")
    code = (
        "local f = vulcan.io.open(...) local a, b = f:read(), f:read('*l') local c, d, e, g = f:read(2), f:read('a'),"
        "f:read('*a'), f:read(1) f:close() return a, b, c, d, e, g"
    )
    assert each.run(code, path) == ("one", "two", "th", "ree", "", None)


@pytest.mark.parametrize("format_", ["'*n'", "-1", "{}", "'x'"])
def test_other_formats_are_refused(bench, path, tmp_path, format_):
    (tmp_path / "f.txt").write_text("1")
    text = bench.refusal(f"local f = vulcan.io.open(...) return f:read({format_})", path)
    assert text.startswith("file:read unsupported format `")


def test_lines_without_their_ends(each, path, tmp_path):
    (tmp_path / "f.txt").write_bytes(b"a\r\n\nb")
    code = "local t = {} for l in vulcan.io.lines(...) do t[#t + 1] = l end return t"
    assert each.json(code, path) == ["a", "", "b"]


def test_writes_reach_the_file_on_flush_and_close(each, path, tmp_path):
    assert each.run("local p = ... f = vulcan.io.open(p, 'w') return f:write('a', 1, true)", path) is True
    assert (tmp_path / "f.txt").read_text() == ""
    each.run("f:flush()")
    assert (tmp_path / "f.txt").read_text() == "a1true"
    each.run("f:write('z') f:close() f:close()")
    assert (tmp_path / "f.txt").read_text() == "a1truez"


def test_appending_writes_only_the_new_bytes(bench, path, tmp_path):
    (tmp_path / "f.txt").write_text("a")
    bench.run("local p = ... f = vulcan.io.open(p, 'a') f:write('c')", path)
    with (tmp_path / "f.txt").open("a") as other:
        other.write("b")
    bench.run("f:close()")
    assert (tmp_path / "f.txt").read_text() == "abc"


def test_seek_moves_within_the_file(each, path, tmp_path):
    (tmp_path / "f.txt").write_text("hello")
    code = (
        "local p = ... local f = vulcan.io.open(p, 'r+') local e = f:seek('end') f:seek('set', 1) f:write('E')"
        "local far = f:seek('cur', 100) f:seek('set') local all = f:read('a') f:close() return e, far, all"
    )
    assert each.run(code, path) == (5, 5, "hEllo")
    assert bench_refusals(each, path) == ["file:seek offset before start", "file:seek unsupported whence `x`"]


def bench_refusals(bench, path):
    return [
        bench.refusal(f"local p = ... return vulcan.io.open(p):seek({arguments})", path)
        for arguments in ("'set', -1", "'x'")
    ]


def test_binary_bytes_pass_unchanged_and_text_is_decoded(bench, path, tmp_path):
    (tmp_path / "f.txt").write_bytes(b"\xc4\xe3")
    assert bench.run("local p = ... return vulcan.io.open(p, 'r', 'gbk'):read('a')", path) == "你"
    assert bench.run("local p = ... return vulcan.io.read_text(p, {encoding = 'gbk'})", path) == "你"
    assert bench.run("local p = ... return #vulcan.io.open(p, 'rb'):read('a')", path) == 2
    bench.run("local p = ... vulcan.io.write_text(p, '好', 'gb18030')", path)
    assert (tmp_path / "f.txt").read_bytes() == "好".encode("gb18030")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("vulcan.io.open('/no/such/file')", "vulcan.io.open: No such file or directory"),
        ("vulcan.io.open('/tmp', 'q')", "vulcan.io.open: unsupported mode `q`"),
        ("vulcan.io.open('/x', 'r', 'klingon')", "vulcan.io.open: unsupported text encoding `klingon`"),
        ("vulcan.io.open(5)", "vulcan.io.open: path must be a string, got integer"),
        ("vulcan.io.read_text('/no/such/file')", "read_text: No such file"),
        ("vulcan.io.write_text('/tmp/x', {})", "write_text: text must be a string, got table"),
        ("vulcan.io.popen('true', 'w')", "vulcan.io.popen: write mode is not implemented yet"),
        ("vulcan.io.popen('true', 'x')", "vulcan.io.popen: unsupported mode `x`"),
        ("vulcan.io.popen('sleep 50', {timeout_ms = 50})", "vulcan.io.popen timed out after 50 ms"),
        ("vulcan.io.tmpfile():read(print)", "file:read unsupported format"),
    ],
)
def test_failures_raise(bench, code, message):
    assert bench.refusal(f"return {code}").startswith(message)


def test_a_closed_handle_and_a_wrong_direction_raise(bench, path):
    assert "closed file" in bench.refusal("local f = vulcan.io.tmpfile() f:close() f:read()")
    assert "not opened for reading" in bench.refusal("local p = ... vulcan.io.open(p, 'w'):read()", path)
    assert "not opened for writing" in bench.refusal("local p = ... vulcan.io.open(p):write('x')", path)


def test_popen_holds_the_finished_output(bench):
    code = "local f = vulcan.io.popen('echo a; exit 1') local t = f:read('a') return t, f:close()"
    assert bench.run(code) == ("a\n", False)


def test_a_file_over_the_bound_is_refused(make_bench):
    bench = make_bench(memory_bytes=10)
    assert "larger than 10 bytes" in bench.refusal("vulcan.io.tmpfile():write('12345678901')")


class TestManaged:
    @pytest.fixture(params=[VmKind.EXEC, VmKind.SESSION])
    def managed(self, make_bench, request):
        return make_bench(kind=request.param)

    def test_ordinary_calls_keep_the_native_io(self, bench):
        assert bench.run("return io.open ~= vulcan.io.open, io.stdout ~= nil") == (True, True)

    def test_the_host_can_keep_the_native_io(self, make_bench):
        options = {"capabilities": {"enable_managed_io_compat": False}}
        assert make_bench(kind=VmKind.SESSION, options=options).run("return io.stdout ~= nil") is True

    def test_it_stands_in_for_io(self, managed, path):
        code = (
            "local p = ... io.output(p) io.write('x', 1) io.close() io.input(p) local t = io.read('a')"
            "return t, require('io') == io, io.stdout"
        )
        assert managed.run(code, path) == ("x1", True, None)

    def test_types_of_files(self, managed):
        code = "local f = io.tmpfile() local a = io.type(f) f:close() return a, io.type(f), io.type(5), io.type({})"
        assert managed.run(code) == ("file", "closed file", "nil", "nil")

    def test_output_without_a_file_goes_to_the_log(self, managed, caplog):
        with caplog.at_level(logging.INFO):
            assert managed.run("return io.write('a', 1)") is True
        assert "[LuaSkill:stdout] a1" in caplog.text

    def test_input_without_a_file_is_refused(self, managed):
        text = "io.read has no managed input; call io.input(path_or_file) first"
        assert managed.refusal("return io.read()") == text

    def test_only_files_are_taken(self, managed):
        assert managed.refusal("io.output({})") == "expected a path or a file, got table"
