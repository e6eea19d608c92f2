"""SQL that writes, reads files, looks into other namespaces, runs for ever or explodes."""

import threading
import time

from harness import otlp
from harness.server import Server, shared_server, wait_until
from harness.testing import all_of, check, equal, test

NOW = 1_763_600_000_000_000_000
SECRET = "only for beta"


def server():
    """Two namespaces, sealed into parts, so that there are files to steal."""
    found = shared_server("bad_sql", {"SEAL_ROWS": 100, "SEAL_AGE": "200ms", "SEAL_SMALL_PART_INTERVAL": "200ms"})
    if not getattr(found, "filled", False):
        for name, body in (("alpha", "of alpha"), ("beta", SECRET)):
            records = [otlp.log_record(NOW + i, body, 9, {"n": i}) for i in range(500)]
            found.client("otlp_http").post("/v1/logs", otlp.request(records), headers={"X-Scope-OrgID": name})
        wait_until(lambda: parts(found), 30, "a part")
        found.filled = True
    return found


def parts(target):
    return [str(path) for path in target.data_dir.rglob("*.parquet")]


def refused(statement, statuses=(400, 403)):
    answer = server().sql_response(statement, namespace="alpha")
    check(answer.status in statuses, f"{statement}: {answer.status} {answer.body[:300]}")
    check(SECRET.encode() not in answer.body, f"{statement} shows another namespace")
    error = answer.json()["error"]
    check(error["message"], f"{statement}: no message")


def refuse_all(statements, statuses=(400, 403)):
    with all_of() as attempt:
        for statement in statements:
            attempt(lambda: refused(statement, statuses))
        attempt(lambda: equal(server().value("SELECT count(*) FROM logs", "alpha"), 500, "rows after"))


@test
def statements_that_write():
    refuse_all(
        [
            "CREATE TABLE t (a INT)",
            "CREATE VIEW v AS SELECT 1",
            "CREATE MACRO m(a) AS a + 1",
            "INSERT INTO logs SELECT * FROM logs",
            "UPDATE logs SET body = 'x'",
            "DELETE FROM logs",
            "DROP VIEW logs",
            "ALTER VIEW logs RENAME TO l",
            "ATTACH '/tmp/x.db' AS x",
            "ATTACH ':memory:' AS x",
            "DETACH memory",
            "USE memory",
            "COPY logs TO '/tmp/strata-stolen.csv'",
            "COPY (SELECT 1) TO '/tmp/strata-stolen.parquet' (FORMAT parquet)",
            "EXPORT DATABASE '/tmp/strata-stolen'",
            "IMPORT DATABASE '/tmp/strata-stolen'",
            "INSTALL httpfs",
            "LOAD httpfs",
            "SET memory_limit = '100GB'",
            "SET GLOBAL enable_external_access = true",
            "RESET ALL",
            "PRAGMA database_list",
            "PRAGMA enable_profiling",
            "CALL pragma_version()",
            "CHECKPOINT",
            "VACUUM",
            "BEGIN",
            "PREPARE p AS SELECT 1",
            "EXECUTE p",
            "SET VARIABLE a = 1",
            "EXPLAIN ANALYZE DELETE FROM logs",
            "EXPLAIN CREATE TABLE t (a INT)",
            "SELECT 1; DROP VIEW logs",
            "CREATE SECRET s (TYPE s3)",
        ]
    )


@test
def statements_that_read_files():
    part = next(p for p in parts(server()) if "beta" in p)
    statements = [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_csv_auto('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('/etc/passwd')",
        "SELECT * FROM read_json('/etc/passwd')",
        "SELECT * FROM read_ndjson('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM 'http://127.0.0.1/x.parquet'",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        f"SELECT * FROM read_parquet('{part}')",
        f"SELECT * FROM parquet_scan('{part}')",
        f"SELECT * FROM parquet_scan(['{part}'])",
        f"SELECT * FROM '{part}'",
        f"SELECT * FROM parquet_metadata('{part}')",
        f"SELECT * FROM parquet_schema('{part}')",
        f"SELECT * FROM parquet_file_metadata('{part}')",
        f"SELECT * FROM parquet_kv_metadata('{part}')",
        f"SELECT * FROM read_parquet('strata://{part}')",
        f"SELECT (SELECT count(*) FROM read_parquet('{part}'))",
        f"SELECT * FROM logs WHERE body IN (SELECT body FROM read_parquet('{part}'))",
        f"WITH s AS (SELECT * FROM read_parquet('{part}')) SELECT * FROM s",
        f"SELECT 1 UNION ALL SELECT count(*) FROM read_parquet('{part}')",
        "SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')')",
        "SELECT * FROM query_table('read_text')",
        "SELECT getenv('HOME')",
        "SELECT current_setting('s3_secret_access_key')",
    ]
    for relative in ("beta/logs", "../beta/logs", "strata://beta/logs"):
        statements.append(f"SELECT * FROM read_parquet('{relative}/**/*.parquet')")
    name = part.split("/beta/", 1)[-1]
    statements += [f"SELECT * FROM read_parquet('strata://beta/{name}')", f"SELECT * FROM 'strata://beta/{name}'"]
    refuse_all(statements)


@test
def other_namespaces_stay_unseen():
    """What is allowed shows nothing of the neighbour."""
    with all_of() as attempt:
        for statement in (
            "SELECT * FROM logs",
            "SELECT DISTINCT body FROM logs",
            "SELECT * FROM duckdb_views()",
            "SELECT * FROM duckdb_tables()",
            "SELECT * FROM duckdb_settings()",
            "SELECT * FROM information_schema.tables",
            "SELECT * FROM duckdb_databases()",
            "SHOW ALL TABLES",
            "EXPLAIN SELECT * FROM logs",
            "SELECT * FROM duckdb_functions()",
            "SELECT * FROM beta.logs",
            'SELECT * FROM "beta/logs"',
            "SELECT * FROM pragma_storage_info('logs')",
        ):
            answer = server().sql_response(statement, namespace="alpha")
            attempt(lambda: check(answer.status in (200, 400, 403), f"{statement}: {answer.status}"))
            leaks = SECRET.encode() in answer.body or b"/beta/" in answer.body
            attempt(lambda: check(not leaks, f"{statement} shows another namespace: {answer.body[:300]}"))
        both = server().sql("SELECT DISTINCT body FROM logs", "beta")
        attempt(lambda: equal(both, [[SECRET]], "beta sees itself"))


@test
def statements_that_explode():
    settings = {"QUERY_TIMEOUT": "2s", "QUERY_MEMORY": "128MiB"}
    with Server(settings=settings) as own, all_of() as attempt:
        own.value("SELECT 1")
        before = own.status_kib("VmHWM")
        for statement in (
            "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
            "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3",
            "SELECT list(range) FROM range(100000000)",
            "SELECT string_agg(range::VARCHAR, ',') FROM range(100000000)",
            "SELECT repeat('x', 1000000000)",
            "SELECT count(*) FROM (SELECT repeat('x', 1000000) || range AS s FROM range(100000)) GROUP BY s",
            "SELECT range(1000000000)",
            "SELECT * FROM range(100000000) ORDER BY hash(range)",
            "SELECT " + "(" * 5000 + "1" + ")" * 5000,
            "SELECT " + "+".join(["1"] * 20000),
            "SELECT regexp_matches(repeat('a', 100000), '(a+)+b')",
        ):
            began = time.monotonic()
            answer = own.sql_response(statement)
            seconds = time.monotonic() - began
            name = statement[:60]
            attempt(lambda: check(answer.status in (200, 400, 413, 503, 504), f"{name}: {answer.status}"))
            attempt(lambda: check(seconds < 10, f"{name}: took {seconds:.1f} s"))
            attempt(lambda: equal(own.value("SELECT 1"), 1, f"after {name}"))
        grown = (own.status_kib("VmHWM") - before) / 1024
        attempt(lambda: check(grown < 700, f"{grown:.0f} MiB more"))
        stored = own.client("otlp_http").post("/v1/logs", otlp.request([otlp.log_record(NOW, "x")]))
        attempt(lambda: equal(stored.status, 200, "ingest goes on"))


@test
def too_many_at_once():
    """More statements than run at once wait or are refused as retryable; none fails otherwise."""
    with Server(settings={"QUERY_CONCURRENCY": 2, "QUERY_TIMEOUT": "20s"}) as own:
        answers = []

        def one():
            from harness.http import HttpClient

            client = HttpClient(own.addresses["http"], timeout=60)
            answer = client.post("/api/v1/sql", "SELECT count(*) FROM range(5000000) WHERE hash(range) % 7 = 1", "text/plain")
            answers.append(answer)

        threads = [threading.Thread(target=one) for _ in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal(len(answers), 24, "answers")
        wrong = [a for a in answers if a.status not in (200, 503)]
        check(not wrong, f"{wrong[:1]}")
        check(any(a.status == 200 for a in answers), "none ran")
        check(all("retry-after" in a.headers for a in answers if a.status == 503), "503 without Retry-After")
