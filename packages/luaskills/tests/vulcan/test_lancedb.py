"""`vulcan.lancedb` with the built-in provider and with the host's."""

from __future__ import annotations

import base64
import sys

import pytest

CREATE = (
    "vulcan.lancedb.create_table{table_name = 't', columns = {{name = 'id', type = 'int64'},"
    "{name = 'text', type = 'string'}, {name = 'vector', type = 'vector', dim = 2}}} "
)


def test_without_the_manifest_it_is_off(each):
    each.enter(each.skill(databases=False))
    assert each.run("return vulcan.lancedb.enabled") is False
    assert each.refusal("return vulcan.lancedb.drop_table{table_name = 't'}") == "current skill has not enabled lancedb"


def test_vectors_go_in_are_found_and_go(bench):
    pytest.importorskip("lancedb")
    bench.run(CREATE)
    rows = "{{id = 1, text = 'a', vector = {0, 1}}, {id = 2, text = 'ü', vector = {1, 0}}}"
    meta = bench.json(f"return vulcan.lancedb.vector_upsert{{table_name = 't', rows = {rows}}}")
    assert (meta["input_rows"], meta["inserted_rows"]) == (2, 2)
    changed = "{{id = 2, text = 'neu', vector = {1, 0}}, {id = 3, text = 'c', vector = {5, 5}}}"
    meta = bench.json(
        f"return vulcan.lancedb.vector_upsert{{table_name = 't', key_columns = {{'id'}}, rows = {changed}}}"
    )
    assert (meta["inserted_rows"], meta["updated_rows"]) == (1, 1)
    found = bench.json("return vulcan.lancedb.vector_search{table_name = 't', vector = {1, 0}, limit = 2}")
    assert (found["format"], found["rows"], found["data_json"][0]["text"]) == ("json", 2, "neu")
    found = bench.json("return vulcan.lancedb.vector_search{table_name = 't', vector = {1, 0}, filter = 'id = 1'}")
    assert [row["id"] for row in found["data_json"]] == [1]
    code = "return vulcan.lancedb.delete{table_name = 't', condition = 'id > 1'}"
    assert bench.json(code)["deleted_rows"] == 2
    assert bench.json("return vulcan.lancedb.drop_table{table_name = 't'}") == {"message": "table t dropped"}
    assert "does not exist" in bench.refusal("return vulcan.lancedb.drop_table{table_name = 't'}")


def test_arrow_bytes_go_both_ways(bench):
    pytest.importorskip("lancedb")
    bench.run(CREATE + "vulcan.lancedb.vector_upsert{table_name = 't', rows = {id = 1, text = 'a', vector = {0, 1}}}")
    code = (
        "local l = vulcan.lancedb "
        "local found = l.vector_search{table_name = 't', vector = {0, 1}, output_format = 'arrow_ipc'}"
        "l.create_table{table_name = 'u', columns = {{name = 'id', type = 'int64'}, {name = 'text', type = 'string'},"
        "{name = 'vector', type = 'vector', dim = 2}, {name = '_distance', type = 'float32'}}}"
        "return l.vector_upsert{table_name = 'u', data = found.data}"
    )
    assert bench.json(code)["inserted_rows"] == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("drop_table{}", "missing or empty field `table_name`"),
        ("drop_table{table_name = '../x'}", "table_name must match "),
        ("vector_upsert{table_name = 't'}", "lancedb.vector_upsert requires rows or data"),
        ("vector_upsert{table_name = 't', data = 5}", "lancedb.vector_upsert payload must be string"),
        ("vector_upsert{table_name = 't', rows = {1}}", "failed to parse LanceDB JSON rows: "),
        ("vector_upsert{table_name = 't', data = 'xyz'}", "lancedb.vector_upsert: "),
        ("vector_search{table_name = 't'}", "vector must be a non-empty array of numbers"),
        (
            "vector_search{table_name = 't', vector = {1, 2}, output_format = 'x'}",
            "output_format must be json or arrow_ipc",
        ),
        ("vector_search{table_name = 't', vector = {1, 2}, filter = 'no such'}", "lancedb.vector_search: "),
        ("create_table{table_name = 'n', columns = {}}", "columns must be a non-empty array"),
        ("create_table{table_name = 'n', columns = {{name = 'a', type = 'x'}}}", "columns[0].type must be one of: "),
        ("create_table{table_name = 'n', columns = {{name = 'a', type = 'vector'}}}", "columns[0].dim must be "),
        ("delete{table_name = 'none', condition = 'id = 1'}", "lancedb table `none` does not exist"),
        ("delete('x')", "lancedb.delete: input must be a table, got string"),
    ],
)
def test_bad_input(bench, call, message):
    pytest.importorskip("lancedb")
    bench.run(CREATE)
    assert bench.refusal(f"return vulcan.lancedb.{call}").startswith(message)


def test_the_host_answers_in_callback_mode(make_bench):
    seen = []

    def host(request):
        seen.append(request)
        if request["action"] == "vector_search":
            return {"meta": {"format": "json"}, "data_base64": base64.b64encode(b"[1]").decode()}
        return {}

    bench = make_bench(options={"lancedb_provider_mode": "host_callback"}, callbacks={"lancedb_provider": host})
    assert bench.json("return vulcan.lancedb.vector_upsert{table_name = 't', data = 'a\\255'}") == []
    assert seen[0]["input"] == {
        "table_name": "t",
        "input_format": "arrow_ipc",
        "data_base64": base64.b64encode(b"a\xff").decode(),
    }
    assert seen[0]["binding"]["database_kind"] == "lance_db"
    found = bench.json("return vulcan.lancedb.vector_search{table_name = 't', vector = {1}}")
    assert (found["data_json"], seen[1]["input"]["output_format"]) == ([1], "json")


def test_without_the_extra_the_way_out_is_named(bench, monkeypatch):
    monkeypatch.setitem(sys.modules, "lancedb", None)
    text = bench.refusal("return vulcan.lancedb.drop_table{table_name = 't'}")
    assert "pip install 'luaskills-sdk[lancedb]'" in text
