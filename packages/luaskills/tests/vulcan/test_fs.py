"""`vulcan.fs`: files and directories, arguments, confinement."""

from __future__ import annotations

import os

import pytest

from luaskills.types import Profile


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.txt").write_text("eins", encoding="utf-8")
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "b.txt").write_text("zwei", encoding="utf-8")
    return tmp_path


# row 79
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("123", "fs.read: path must be a string, got integer"),
        ("1.5", "fs.read: path must be a string, got number"),
        ("nil", "fs.read: path must be a string, got nil"),
        ("{}", "fs.read: path must be a string, got table"),
        ("print", "fs.read: path must be a string, got function"),
        ("'  '", "fs.read: path must not be empty"),
        ("'a\\0b'", "fs.read: path must not contain NUL bytes"),
        ("'\\255'", "fs.read: path must be a valid UTF-8 string"),
    ],
)
def test_paths_are_checked(each, value, message):
    assert each.refusal(f"return vulcan.fs.read({value})") == message


# row 80
def test_a_printed_table_is_no_path(each):
    assert each.refusal("return vulcan.fs.read(tostring({}))").startswith(
        "fs.read: path looks like a coerced Lua object string `table: 0x"
    )


def test_a_text_is_written_and_read(each, folder):
    path = str(folder / "häßlich 文.txt")
    assert each.run("local p = ... return vulcan.fs.write(p, 'grün'), vulcan.fs.read(p)", path) == (True, "grün")


def test_a_file_that_is_not_text_is_refused_as_text(bench, folder):
    (folder / "raw").write_bytes(b"\xff")
    assert bench.refusal("return vulcan.fs.read(...)", str(folder / "raw")).startswith("fs.read: ")


# row 87
def test_names_may_hold_any_character(each, tmp_path):
    code = """
        local root = ... local fs, join = vulcan.fs, vulcan.path.join
        local dir = join(root, 'häuser 家 🏠')
        local a, b = join(dir, 'π ж.txt'), join(dir, 'ünï.txt')
        local seen = { fs.mkdir(dir), fs.write(a, 'eins'), fs.copy(a, b), fs.exists(b), fs.is_dir(dir) }
        seen[#seen + 1] = fs.read(b) .. fs.read_bytes(b) .. fs.stat(b).kind
        seen[#seen + 1] = fs.write_bytes(b, fs.read_bytes(a)) and fs.rename(b, join(dir, 'ж'))
        seen[#seen + 1] = fs.remove(a) and table.concat(fs.list(dir))
        seen[#seen + 1] = vulcan.io.read_text(join(dir, 'ж'))
        return seen
    """
    seen = [True, True, True, True, True, "einsZWlucw==file", True, "ж", "eins"]
    assert each.json(code, str(tmp_path)) == seen


# row 86
def test_all_bytes_survive_the_byte_functions(each, folder):
    code = "local p, q = ... vulcan.fs.write_bytes(q, vulcan.fs.read_bytes(p)) return true"
    (folder / "raw").write_bytes(bytes(range(256)))
    each.run(code, str(folder / "raw"), str(folder / "copy"))
    assert (folder / "copy").read_bytes() == bytes(range(256))


def test_bad_base64_is_refused(bench, folder):
    text = bench.refusal("local p = ... return vulcan.fs.write_bytes(p, '!!')", str(folder / "x"))
    assert text.startswith("fs.write_bytes: base64 decode failed: ")


def test_a_listing_holds_names(bench, folder):
    assert set(bench.json("return vulcan.fs.list(...)", str(folder))) >= {"a.txt", "dir"}
    assert bench.refusal("return vulcan.fs.list(...)", str(folder / "none")).startswith("fs.list: ")


def test_a_missing_file_says_why(bench, folder):
    assert "No such file or directory" in bench.refusal("return vulcan.fs.read(...)", str(folder / "none"))


def test_a_pipe_without_writer_does_not_hang(bench, folder):
    os.mkfifo(folder / "pipe")
    assert bench.run("return vulcan.fs.read(...)", str(folder / "pipe")) == ""


def test_a_file_over_the_bound_is_refused(make_bench, folder):
    bench = make_bench(memory_bytes=10)
    (folder / "big").write_bytes(b"x" * 11)
    assert "larger than 10 bytes" in bench.refusal("return vulcan.fs.read(...)", str(folder / "big"))


# row 81
def test_copy_keeps_what_exists_unless_told(bench, folder):
    (folder / "b.txt").write_text("alt", encoding="utf-8")
    a, b = str(folder / "a.txt"), str(folder / "b.txt")
    assert bench.run("return vulcan.fs.copy(...)", a, b) is False
    assert (folder / "b.txt").read_text() == "alt"
    assert bench.run("local a, b = ... return vulcan.fs.copy(a, b, {overwrite = true})", a, b) is True
    assert (folder / "b.txt").read_text() == "eins"


def test_a_dangling_link_counts_as_existing(bench, folder):
    (folder / "link").symlink_to(folder / "none")
    assert bench.run("return vulcan.fs.copy(...)", str(folder / "a.txt"), str(folder / "link")) is False


def test_a_tree_is_copied_and_replaced(bench, folder):
    source, target = str(folder / "dir"), str(folder / "tree")
    assert bench.run("return vulcan.fs.copy(...)", source, target) is True
    (folder / "tree" / "old").write_text("x")
    assert bench.run("local a, b = ... return vulcan.fs.copy(a, b, {overwrite=true})", source, target) is True
    assert sorted(os.listdir(target)) == ["b.txt"]


# row 82
def test_a_directory_is_not_copied_into_itself_even_through_a_link(bench, folder):
    (folder / "inside").symlink_to(folder / "dir")
    for target in (folder / "dir" / "sub", folder / "inside" / "sub"):
        assert "must not be inside source directory" in bench.refusal(
            "return vulcan.fs.copy(...)", str(folder / "dir"), str(target)
        )
    assert os.listdir(folder / "dir") == ["b.txt"]


def test_a_copy_onto_itself_is_refused(bench, folder):
    a = str(folder / "a.txt")
    assert "must differ" in bench.refusal("local a = ... return vulcan.fs.copy(a, a, {overwrite=true})", a)
    assert (folder / "a.txt").read_text() == "eins"


def test_the_parent_of_the_source_is_not_replaced_by_it(bench, folder):
    code = "local a, b = ... return vulcan.fs.copy(a, b, {overwrite=true})"
    bench.refusal(code, str(folder / "dir" / "b.txt"), str(folder / "dir"))
    assert (folder / "dir" / "b.txt").read_text() == "zwei"


def test_links_inside_trees_are_refused_before_anything_is_written(bench, folder):
    (folder / "dir" / "l").symlink_to("/etc")
    assert "symbolic-link entries are not supported" in bench.refusal(
        "return vulcan.fs.copy(...)", str(folder / "dir"), str(folder / "out")
    )
    assert not (folder / "out").exists()


# row 83
def test_removing_a_link_leaves_its_target(bench, folder):
    (folder / "link").symlink_to(folder / "dir")
    (folder / "dangling").symlink_to(folder / "none")
    for name in ("link", "dangling"):
        assert bench.run("local p = ... return vulcan.fs.remove(p, {recursive=true})", str(folder / name)) is True
        assert not (folder / name).is_symlink()
    (folder / "dangling").symlink_to(folder / "none")
    assert bench.run("return vulcan.fs.remove(...)", str(folder / "dangling")) is True
    assert not (folder / "dangling").is_symlink()
    assert (folder / "dir" / "b.txt").exists()


def test_remove_says_false_for_nothing_and_refuses_full_directories(bench, folder):
    assert bench.run("return vulcan.fs.remove(...)", str(folder / "none")) is False
    assert bench.refusal("return vulcan.fs.remove(...)", str(folder / "dir")).startswith("fs.remove: ")
    assert bench.run("local p = ... return vulcan.fs.remove(p, {recursive=true})", str(folder / "dir")) is True


# row 84
def test_mkdir_says_whether_it_made_one(bench, folder):
    code = "local p = ... return vulcan.fs.mkdir(p, {recursive=true})"
    assert bench.run(code, str(folder / "x" / "y")) is True
    assert bench.run(code, str(folder / "x" / "y")) is False
    path = str(folder / "a.txt")
    assert bench.refusal(code, path) == f"fs.mkdir: target already exists and is not a directory: {path}"


@pytest.mark.parametrize("value", ["'yes'", "1", "{}"])
def test_options_must_be_booleans(bench, value):
    text = bench.refusal(f"return vulcan.fs.mkdir('/tmp', {{recursive = {value}}})")
    assert text.startswith("fs.mkdir: options.recursive must be a boolean when provided: ")


def test_options_must_be_a_table(bench):
    assert bench.refusal("return vulcan.fs.remove('/none', 1)") == "fs.remove: options must be a table, got integer"


# row 85
def test_stat_does_not_follow_links(bench, folder):
    (folder / "link").symlink_to("a.txt")
    assert bench.json("return vulcan.fs.stat(...)", str(folder / "link"))["kind"] == "symlink"
    found = bench.json("return vulcan.fs.stat(...)", str(folder / "a.txt"))
    assert (found["is_file"], found["size"], found["readonly"]) == (True, 4, False)
    assert bench.run("return vulcan.fs.stat(...)", str(folder / "none")) is None


def test_rename_replaces(bench, folder):
    (folder / "b.txt").write_text("x")
    assert bench.run("return vulcan.fs.rename(...)", str(folder / "a.txt"), str(folder / "b.txt")) is True
    assert (folder / "b.txt").read_text() == "eins"


def test_relative_paths_start_at_the_directory_of_the_call(bench, folder):
    bench.context.cwd = str(folder)
    assert bench.run("return vulcan.fs.read('a.txt'), vulcan.runtime.cwd()") == ("eins", str(folder))


class TestLocked:
    @pytest.fixture
    def locked(self, make_bench, tmp_path):
        (tmp_path / "state").mkdir()
        bench = make_bench(profile=Profile.LOCKED)
        (bench.skill_dir / "data.txt").write_text("mine")
        (tmp_path / "secret.txt").write_text("theirs")
        return bench

    def test_its_own_files_are_open(self, locked, tmp_path):
        assert locked.run("return vulcan.fs.read(vulcan.context.skill_dir .. '/data.txt')") == "mine"
        assert locked.run("return vulcan.fs.write(...)", str(tmp_path / "state" / "x"), "y") is True

    @pytest.mark.parametrize(
        "code",
        [
            "vulcan.fs.read(p)",
            "vulcan.fs.read_bytes(p)",
            "vulcan.fs.write(p, 'x')",
            "vulcan.fs.exists(p)",
            "vulcan.fs.is_dir(p)",
            "vulcan.fs.stat(p)",
            "vulcan.fs.remove(p)",
            "vulcan.fs.mkdir(p .. 'd')",
            "vulcan.fs.rename(p, p .. '2')",
            "vulcan.fs.copy(p, p .. '2')",
            "vulcan.fs.list(vulcan.path.dirname(p))",
            "vulcan.io.open(p)",
            "vulcan.io.open(p, 'w')",
            "vulcan.io.open(p, 'a')",
            "vulcan.io.read_text(p)",
            "vulcan.io.write_text(p, 'x')",
            "vulcan.io.append_text(p, 'x')",
            "vulcan.io.lines(p)",
            "io.open(p)",
            "vulcan.runtime.lua.exec{file = p}",
        ],
    )
    def test_other_files_are_closed_however_they_are_named(self, locked, tmp_path, code):
        (locked.skill_dir / "out").symlink_to(tmp_path)
        names = (
            str(tmp_path / "secret.txt"),
            str(locked.skill_dir / ".." / ".." / "secret.txt"),
            str(locked.skill_dir / "out" / "secret.txt"),
        )
        for name in names:
            assert "profile `locked` does not open this path" in locked.refusal(f"local p = ... return {code}", name)
        assert (tmp_path / "secret.txt").read_text() == "theirs"

    def test_its_own_package_can_not_be_written(self, locked):
        text = locked.refusal("return vulcan.fs.write(vulcan.context.skill_dir .. '/data.txt', 'x')")
        assert "for write" in text

    def test_outside_of_a_skill_nothing_is_open(self, locked):
        path = str(locked.skill_dir / "data.txt")
        locked.enter(None)
        assert "does not open" in locked.refusal("return vulcan.fs.read(...)", path)

    @pytest.mark.parametrize(
        "code",
        [
            "vulcan.process.exec('true')",
            "vulcan.process.launchers()",
            "vulcan.process.which('sh')",
            "vulcan.process.session.open{program='cat'}",
            "vulcan.io.popen('true')",
            "io.popen('true')",
        ],
    )
    def test_there_are_no_processes(self, locked, code):
        assert "processes are not open to skills in profile `locked`" in locked.refusal(f"return {code}")
