"""`vulcan.sqlite` with the built-in provider and with the host's."""

from __future__ import annotations

import base64
import logging
import sys
import time

import pytest

from luaskills.types import Profile
from luaskills.vulcan.sqlite import streams

SETUP = "vulcan.sqlite.execute_script{sql = 'CREATE TABLE t (a, b)'} "


# row 119
def test_without_the_manifest_it_is_off(each):
    each.enter(each.skill(databases=False))
    reason = "current skill has not enabled sqlite"
    assert each.run("return vulcan.sqlite.enabled") is False
    assert each.json("return vulcan.sqlite.status()") == {
        "enabled": False,
        "initialized": False,
        "skill_name": "notes",
        "integration_mode": "dynamic_library",
        "reason": reason,
    }
    assert each.refusal("return vulcan.sqlite.query_json{sql = 'SELECT 1'}") == reason


def test_status_names_the_database(each):
    status = each.json("return vulcan.sqlite.info()")
    assert (status["enabled"], status["binding_tag"], status["library_name"]) == (True, "USER-notes", "sqlite3")
    assert status["database_path"].endswith("/notes/notes.sqlite3")
    assert "search_fts" in status["capabilities"]
    assert status["library_info"]["name"] == "sqlite3"
    assert each.run("return vulcan.sqlite.enabled") is True


def test_rows_go_in_and_come_out(each):
    code = (
        SETUP
        + "local s = vulcan.sqlite s.execute_batch{sql = 'INSERT INTO t VALUES (?, ?)', items = {{1, 'x'}, {2, 'ü'}}}"
        "return s.query_json{sql = 'SELECT * FROM t WHERE a > ? ORDER BY a', params = {0}}"
    )
    answer = each.json(code)
    assert (answer["success"], answer["row_count"]) == (True, 2)
    assert answer["rows"] == [{"a": 1, "b": "x"}, {"a": 2, "b": "ü"}]
    assert answer["json_data"].startswith("[{")


def test_a_script_reports_its_changes(bench):
    code = (
        SETUP
        + "return vulcan.sqlite.execute_script{sql = [[INSERT INTO t VALUES (1, ';'); -- note;\nDELETE FROM t; ]]}"
    )
    answer = bench.json(code)
    assert (answer["rows_changed"], answer["statements_executed"], answer["last_insert_rowid"]) == (2, 2, 1)


def test_a_failing_script_changes_nothing(bench):
    bench.run(SETUP)
    text = bench.refusal(
        "return vulcan.sqlite.execute_script{sql = 'INSERT INTO t VALUES (1, 2); INSERT INTO no VALUES (1)'}"
    )
    assert "no such table: no" in text
    assert bench.json("return vulcan.sqlite.query_json{sql = 'SELECT * FROM t'}")["rows"] == []


def test_a_transaction_must_end_in_its_script(bench):
    bench.run(SETUP)
    text = bench.refusal("return vulcan.sqlite.execute_script{sql = 'BEGIN; INSERT INTO t VALUES (1, 2)'}")
    assert "left a transaction open" in text
    assert bench.json("return vulcan.sqlite.query_json{sql = 'SELECT * FROM t'}")["rows"] == []


def test_typed_parameters(bench):
    code = (
        "return vulcan.sqlite.query_json{sql = 'SELECT ? a, ? b, ? c, ? d, ? e, ? f, typeof(?) g', params = {"
        "{kind = 'null'}, {kind = 'bool', value = true}, {kind = 'int64', value = 5}, {kind = 'float64', value = 1},"
        "{kind = 'string', value = 's'}, {kind = 'bytes', value = {1, 255}}, {kind = 'bytes', base64 = 'AA=='}}}"
    )
    row = {"a": None, "b": 1, "c": 5, "d": 1.0, "e": "s", "f": base64.b64encode(b"\x01\xff").decode(), "g": "blob"}
    assert {**bench.json(code)["rows"][0], "a": None} == row


# row 122
@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("query_json{}", "missing or empty field `sql`"),
        ("query_json{sql = 'SELECT 1', params = 5}", "params must be an array"),
        ("query_json{sql = 'SELECT 1', params_json = '[]'}", "params_json is no longer supported; use params"),
        ("execute_script{sql = 'SELECT 1', params_json = '[]'}", "params_json is no longer supported; use params"),
        ("query_stream{sql = 'SELECT 1', params_json = '[]'}", "params_json is no longer supported; use params"),
        ("query_json{sql = 'SELECT ?', params = {{1}}}", "params[0] must contain only scalar values"),
        ("query_json{sql = 'SELECT ?', params = {{value = 1}}}", "params[0].kind is required for typed parameters"),
        ("query_json{sql = 'SELECT ?', params = {{kind = 'x'}}}", "params[0].kind=x is unsupported"),
        ("query_json{sql = 'SELECT ?', params = {{kind = 'bool', value = 1}}}", "params[0].value must be a bool"),
        ("query_json{sql = 'SELECT ?', params = {{kind = 'int64', value = 'x'}}}", "params[0].value must be an int64"),
        ("query_json{sql = 'SELECT ?', params = {{kind = 'bytes', base64 = '!'}}}", "params[0].base64 is invalid: "),
        (
            "query_json{sql = 'SELECT ?', params = {{kind = 'bytes', value = {1, 2, 3, 256}}}}",
            "params[0].value[3] exceeds u8",
        ),
        ("execute_batch{sql = 'SELECT ?'}", "items must be an array of arrays"),
        ("execute_batch{sql = 'SELECT ?', items = {}}", "items must not be empty"),
        ("execute_batch{sql = 'SELECT ?', items = {5}}", "items[0] must be an array"),
        ("query_stream_chunk{}", "stream_id is required"),
        ("query_stream_chunk{stream_id = 1}", "index is required"),
        ("query_stream_chunk{stream_id = 1, index = 0}", "query stream handle not found: 1"),
        ("query_stream_close{stream_id = 9}", "query stream handle not found: 9"),
        ("query_json('x')", "sqlite.query_json: input must be a table, got string"),
        ("query_json{sql = 'SELEC'}", 'near "SELEC": syntax error'),
        ("query_json{sql = 'SELECT 1; SELECT 2'}", "a query needs exactly one statement"),
        ("query_json{sql = 'SELECT ?'}", "Incorrect number of bindings supplied."),
        ("tokenize_text{text = 'x', mode = 'y'}", "tokenizer_mode must be one of: none, jieba"),
        ("ensure_fts_index{index_name = 'a\"b'}", "index_name must match "),
        ("search_fts{index_name = 'none', query = 'x'}", "fts index `none` does not exist"),
        ("search_fts{index_name = 'i', query = 'x', limit = 0}", "limit must be a whole number from 1 to 1000"),
    ],
)
def test_bad_input(bench, call, message):
    assert bench.refusal(f"return vulcan.sqlite.{call}").startswith(message)


def test_a_result_in_pieces(each):
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT i FROM n"
    opened = each.json(f"return vulcan.sqlite.query_stream{{sql = '{numbers}', chunk_size = 20}}")
    stream = opened["stream_id"]
    metrics = each.json("return vulcan.sqlite.query_stream_wait_metrics{stream_id = ...}", stream)
    assert (metrics["row_count"], metrics["chunk_count"], metrics["metrics_ready"]) == (10, 5, True)
    code = "local s, i = ... return vulcan.sqlite.query_stream_chunk{stream_id = s, index = i}"
    chunks = [each.json(code, stream, index) for index in range(5)]
    assert base64.b64decode(chunks[0]["chunk_base64"]) == b'{"i": 1}\n{"i": 2}\n'
    assert sum(chunk["byte_count"] for chunk in chunks) == metrics["total_bytes"]
    assert "outside" in each.refusal(code, stream, 5)
    message = each.json("return vulcan.sqlite.query_stream_close{stream_id = ...}", stream)["message"]
    assert message == f"query_stream handle {stream} closed successfully"


def test_open_streams_are_bounded(bench):
    code = "for i = 1, 33 do vulcan.sqlite.query_stream{sql = 'SELECT 1'} end"
    assert bench.refusal(code).startswith("32 query streams are open")


def test_full_text_search(each):
    code = (
        "local s = vulcan.sqlite s.ensure_fts_index{index_name = 'docs'} "
        "s.upsert_fts_document{index_name = 'docs', id = '1', file_path = 'a.md',"
        " title = 'Käse', content = 'Old cheese and wine'}"
        "s.upsert_fts_document{index_name = 'docs', id = '2', file_path = 'b.md', title = 'Cheese', content = 'x'}"
        "s.upsert_fts_document{index_name = 'docs', id = '2', file_path = 'b.md', title = 'Bread', content = 'x'}"
        "return s.search_fts{index_name = 'docs', query = 'CHEESE wine'}"
    )
    answer = each.json(code)
    assert (answer["total"], answer["tokenizer_mode"]) == (1, "none")
    hit = answer["hits"][0]
    assert (hit["id"], hit["file_path"], hit["rank"]) == ("1", "a.md", 1)
    assert hit["content_snippet"] == "Old <mark>cheese</mark> and <mark>wine</mark>"
    assert hit["score"] == -hit["raw_score"]
    for query in ("bread", "käse"):
        assert each.json("return vulcan.sqlite.search_fts{index_name = 'docs', query = ...}", query)["total"] == 1
    assert each.json("return vulcan.sqlite.rebuild_fts_index{index_name = 'docs'}")["reindexed_rows"] == 2
    delete = "return vulcan.sqlite.delete_fts_document{index_name = 'docs', id = '1'}.affected_rows"
    assert (each.run(delete), each.run(delete)) == (1, 0)


@pytest.mark.parametrize("query", ['"', "NEAR(", "a OR", "*", "title:", "-x", "'", "()"])
def test_query_operators_are_only_words(bench, query):
    code = (
        "vulcan.sqlite.ensure_fts_index{index_name = 'i'}"
        " return vulcan.sqlite.search_fts{index_name = 'i', query = ...}"
    )
    assert bench.json(code, query)["hits"] == []


def test_tokens(bench):
    answer = bench.json("return vulcan.sqlite.tokenize_text{text = 'Hello,  ÄPFEL!'}")
    assert answer["tokens"] == ["hello", "äpfel"]
    assert (answer["normalized_text"], answer["fts_query"]) == ("hello, äpfel!", '"hello" AND "äpfel"')


def test_chinese_is_segmented_with_the_words_of_the_skill(bench):
    pytest.importorskip("jieba")
    code = (
        "local s = vulcan.sqlite s.upsert_custom_word{word = '向量库', weight = 50000}"
        "s.ensure_fts_index{index_name = 'zh', tokenizer_mode = 'jieba'}"
        "s.upsert_fts_document{index_name = 'zh', id = '1', file_path = 'a', content = '我们在向量库中搜索'}"
        "return s.search_fts{index_name = 'zh', query = '向量库'}"
    )
    answer = bench.json(code)
    assert (answer["total"], answer["tokenizer_mode"]) == (1, "jieba")
    assert answer["hits"][0]["content_snippet"] == "我们在<mark>向量库</mark>中搜索"


def test_without_jieba_the_way_out_is_named(bench, monkeypatch):
    monkeypatch.setitem(sys.modules, "jieba", None)
    text = bench.refusal("return vulcan.sqlite.tokenize_text{text = 'x', tokenizer_mode = 'jieba'}")
    assert "pip install 'luaskills-sdk[jieba]'" in text


def test_the_dictionary(each):
    code = (
        "local s = vulcan.sqlite s.upsert_custom_word{word = '向量库', weight = 5} s.upsert_custom_word{word = 'b'}"
        "s.upsert_custom_word{word = 'b', weight = 7} return s.list_custom_words{}"
    )
    assert each.json(code)["words"] == [{"word": "b", "weight": 7}, {"word": "向量库", "weight": 5}]
    assert each.run("return vulcan.sqlite.remove_custom_word{word = 'b'}.affected_rows") == 1
    assert each.run("return vulcan.sqlite.list_custom_words().total") == 1


def test_another_skill_has_another_database(bench):
    bench.run(SETUP)
    bench.enter(bench.skill("other"))
    assert "no such table" in bench.refusal("return vulcan.sqlite.query_json{sql = 'SELECT * FROM t'}")


def test_a_query_without_end_stops_at_the_deadline(bench):
    bench.context.deadline = time.monotonic() + 0.2
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    assert bench.refusal(f"return vulcan.sqlite.query_json{{sql = '{endless}'}}") == "sqlite operation timed out"


@pytest.mark.parametrize("sql", ["ATTACH '{}' AS o", "ATTACH '{}' || '' AS o", "VACUUM INTO '{}'"])
def test_a_locked_skill_reaches_no_other_file(make_bench, tmp_path, sql):
    bench = make_bench(profile=Profile.LOCKED)
    text = bench.refusal("return vulcan.sqlite.execute_script{sql = ...}", sql.format(tmp_path / "x.db"))
    assert "not authorized" in text or "authorization denied" in text
    assert not (tmp_path / "x.db").exists()
    assert bench.json("return vulcan.sqlite.execute_script{sql = 'VACUUM'}")["success"] is True


def test_no_value_is_larger_than_the_bound(bench):
    text = bench.refusal("return vulcan.sqlite.query_json{sql = 'SELECT zeroblob(100000000)'}")
    assert "too big" in text


@pytest.mark.parametrize("pragma", ["temp_store = 2", "cache_size = -100000000", "max_page_count = 1000000000"])
def test_a_locked_skill_can_not_lift_the_bounds_of_its_database(make_bench, pragma):
    bench = make_bench(profile=Profile.LOCKED)
    text = bench.refusal("return vulcan.sqlite.execute_script{sql = ...}", f"PRAGMA {pragma}")
    assert "not authorized" in text or "authorization denied" in text


def test_open_streams_are_bounded_in_bytes(bench, monkeypatch):
    monkeypatch.setattr(streams, "MAX_BYTES", 50)
    code = "return vulcan.sqlite.query_stream{sql = \"SELECT '12345678901234567890' AS a\"}.stream_id"
    first = bench.run(code)
    assert "query streams hold more than 50 bytes" in bench.refusal(code)
    bench.run("vulcan.sqlite.query_stream_close{stream_id = ...}", first)
    assert bench.run(code) > first


# row 120
def test_the_host_answers_in_callback_mode(make_bench):
    seen = []
    bench = make_bench(
        options={"sqlite_provider_mode": "host_callback"},
        callbacks={"sqlite_provider": lambda request: seen.append(request) or {"ok": True, "x": [1]}},
    )
    assert bench.json("return vulcan.sqlite.query_json{sql = 'q', odd = 1}") == {"ok": True, "x": [1]}
    assert (seen[0]["action"], seen[0]["input"]) == ("query_json", {"sql": "q", "odd": 1})
    assert (seen[0]["binding"]["binding_tag"], seen[0]["binding"]["database_kind"]) == ("USER-notes", "sqlite")
    assert bench.json("return vulcan.sqlite.status()")["library_name"] == "host_callback"


def test_failures_of_the_host(make_bench):
    def failing(_request):
        raise RuntimeError("db is ill")

    bench = make_bench(options={"sqlite_provider_mode": "host_callback"})
    code = "return vulcan.sqlite.query_json{sql = 'q'}"
    assert bench.refusal(code) == "SQLite host-callback mode is enabled but no json callback is registered"
    bench.callbacks["sqlite_provider"] = failing
    assert bench.refusal(code) == "db is ill"


def test_operations_are_logged(bench, caplog):
    with caplog.at_level(logging.INFO):
        bench.run("vulcan.sqlite.query_json{sql = 'SELECT 1'} pcall(vulcan.sqlite.query_json, {sql = 'x'})")
    assert "[Sqlite:info] skill=notes db=" in caplog.text
    assert "[Sqlite:warn] skill=notes db=" in caplog.text
