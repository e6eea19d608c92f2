"""The SQL face: views and types, answer formats, errors, limits, namespaces, command line."""

import csv
import io
import json
import math
import subprocess

from harness import otlp
from harness.rows import rfc3339
from harness.server import BINARY, Server, clean_environment, run_strata, shared_server
from harness.testing import all_of, check, equal, test

TIME = 1_763_600_000_123_456_789
TRACE, SPAN = bytes.fromhex("0af7651916cd43dd8448eb211c80319c"), bytes.fromhex("b7ad6b7169203331")

ATTRIBUTES = {
    "text": "plain",
    "empty": "",
    "int": -42,
    "big": 9223372036854775807,
    "double": 0.1,
    "whole": 2.0,
    "yes": True,
    "bytes": b"\x00\xff\x10",
    "list": ["a", 1, None, [True]],
    "map": {"k": "v", "n": {"d": 0.5}},
    "quote'\"": "q",
}


def server():
    found = shared_server("sql")
    if not getattr(found, "filled", False):
        fill(found)
        found.filled = True
    return found


def fill(target):
    logs = [
        otlp.log_record(
            TIME + i,
            f"body {i}",
            1 + i % 24,
            {**ATTRIBUTES, "n": i},
            TRACE if i % 2 else b"",
            SPAN if i % 2 else b"",
            severity_text="INFO",
            observed=TIME + 1000 + i,
            flags=1,
        )
        for i in range(100)
    ]
    spans = [
        otlp.span(TIME, TIME + 1500, f"span {i}", TRACE, SPAN, {"n": i}, kind=1 + i % 5, status=i % 3)
        for i in range(10)
    ]
    points = [otlp.gauge("e2e.int", TIME, 7, {"n": 1}), otlp.gauge("e2e.double", TIME, 0.1, {"n": 2})]
    points += [
        otlp.gauge("e2e.odd", TIME, value, {"n": i})
        for i, value in enumerate((math.nan, math.inf, -math.inf))
    ]
    http = target.client("otlp_http")
    for path, records in (("/v1/logs", logs), ("/v1/traces", spans), ("/v1/metrics", points)):
        answer = http.post(path, otlp.request(records, resource={"host.cpus": 8}))
        equal(answer.status, 200, f"{path} {answer.body}")


MAP = "MAP(VARCHAR, VARCHAR)"
TAIL = {"collection": "VARCHAR", "position": "UBIGINT", "ordinal": "UINTEGER"}
SCOPE = {
    "resource_attributes": MAP,
    "scope_attributes": MAP,
    "scope_name": "VARCHAR",
    "scope_version": "VARCHAR",
    "resource_schema_url": "VARCHAR",
    "scope_schema_url": "VARCHAR",
}
# Where the contract names no type, none is asked for.
VIEWS = {
    "logs": {
        "time": "TIMESTAMP_NS",
        "observed_time": "TIMESTAMP_NS",
        "severity_number": "UTINYINT",
        **dict.fromkeys(("severity_text", "body", "event_name", "trace_id"), "VARCHAR"),
        **dict.fromkeys(("span_id", "service_name"), "VARCHAR"),
        "attributes": MAP,
        **SCOPE,
        "trace_flags": "UINTEGER",
        "dropped_attributes_count": "UINTEGER",
        **TAIL,
    },
    "spans": {
        "start_time": "TIMESTAMP_NS",
        "end_time": "TIMESTAMP_NS",
        "duration_ns": "BIGINT",
        **dict.fromkeys(("trace_id", "span_id", "parent_span_id", "trace_state"), "VARCHAR"),
        **dict.fromkeys(("name", "kind", "status_code", "status_message"), "VARCHAR"),
        "service_name": "VARCHAR",
        "flags": "UINTEGER",
        "attributes": MAP,
        **SCOPE,
        "events": None,
        "links": None,
        "dropped_attributes_count": None,
        "dropped_events_count": None,
        "dropped_links_count": None,
        **TAIL,
    },
    "metrics": {
        "time": "TIMESTAMP_NS",
        "start_time": "TIMESTAMP_NS",
        **dict.fromkeys(("name", "description", "unit", "type", "service_name"), "VARCHAR"),
        "value": "DOUBLE",
        "value_int": "BIGINT",
        **dict.fromkeys(("count", "sum", "min", "max", "bucket_counts", "explicit_bounds")),
        **dict.fromkeys(("scale", "zero_count", "zero_threshold", "positive_offset")),
        **dict.fromkeys(("positive_counts", "negative_offset", "negative_counts", "quantiles")),
        **dict.fromkeys(("is_monotonic", "aggregation_temporality", "flags", "exemplars")),
        "attributes": MAP,
        **SCOPE,
        **TAIL,
    },
}
STRUCTS = {
    ("spans", "events"): ["time", "name", "attributes", "dropped_attributes_count"],
    ("spans", "links"): [
        "trace_id",
        "span_id",
        "trace_state",
        "flags",
        "attributes",
        "dropped_attributes_count",
    ],
    ("metrics", "quantiles"): ["quantile", "value"],
}


@test(cases=[(view,) for view in VIEWS])
def describe(view):
    found = {row[0]: row[1] for row in server().sql(f"DESCRIBE {view}")}
    with all_of() as attempt:
        attempt(lambda: equal(list(found)[-3:], list(TAIL), "last columns"))
        for name, kind in VIEWS[view].items():
            attempt(lambda: check(name in found, f"{name} is missing"))
            if kind is not None and name in found:
                attempt(lambda: equal(found[name], kind, name))
        for (of, name), fields in STRUCTS.items():
            if of == view:
                kind = found.get(name, "")
                attempt(lambda: check(kind.startswith("STRUCT(") and kind.endswith("[]"), kind))
                for field in fields:
                    attempt(lambda: check(field in kind, f"{name} has no {field}: {kind}"))


@test
def json_shape():
    answer = server().sql_response("SELECT time, body, severity_number FROM logs ORDER BY ordinal LIMIT 2")
    equal(answer.status, 200, "status")
    check(answer.headers["content-type"].startswith("application/json"), str(answer.headers))
    body = answer.json()
    equal(
        body["columns"],
        [
            {"name": "time", "type": "TIMESTAMP_NS"},
            {"name": "body", "type": "VARCHAR"},
            {"name": "severity_number", "type": "UTINYINT"},
        ],
        "columns",
    )
    equal(body["rows"], [[rfc3339(TIME), "body 0", 1], [rfc3339(TIME + 1), "body 1", 2]], "rows")
    stats = body["stats"]
    for key in ("rows", "elapsed_ms", "bytes_read", "tiers", "position", "complete"):
        check(key in stats, f"stats has no {key}: {stats}")
    equal((stats["rows"], stats["complete"]), (2, True), "stats")
    check(int(stats["position"]) >= 3, str(stats))


@test
def json_values():
    with all_of() as attempt:
        cases = [
            ("TIMESTAMP_NS '2025-11-20 00:53:20.123456789'", "2025-11-20T00:53:20.123456789Z"),
            ("9007199254740991", 9007199254740991),
            ("9007199254740992", "9007199254740992"),
            ("-9007199254740992", "-9007199254740992"),
            ("18446744073709551615::UBIGINT", "18446744073709551615"),
            ("0.1::DOUBLE", 0.1),
            ("'nan'::DOUBLE", "NaN"),
            ("true", True),
            ("NULL", None),
            ("[1, 2]", [1, 2]),
            ("[1, 2]::INTEGER[2]", [1, 2]),
            ("{'a': 1, 'b': 'x'}", {"a": 1, "b": "x"}),
            ("MAP {'k': 'v'}", {"k": "v"}),
            ("'\\x00\\xFF'::BLOB", "AP8="),
            ("'ünï \"quoted\" \t'", 'ünï "quoted" \t'),
        ]
        for expression, want in cases:
            attempt(lambda: equal(server().value(f"SELECT {expression}"), want, expression))
        for value in ("inf", "-inf"):
            got = attempt(lambda: server().value(f"SELECT '{value}'::DOUBLE"))
            attempt(lambda: check(isinstance(got, str), f"{value}: {got!r} is no string"))


@test
def attributes_read_as_text():
    want = {
        "text": "plain",
        "empty": "",
        "int": "-42",
        "big": "9223372036854775807",
        "double": "0.1",
        "yes": "true",
        "bytes": "AP8Q",
        "quote'\"": "q",
    }
    with all_of() as attempt:
        for key, value in want.items():
            name = key.replace("'", "''")
            statement = f"SELECT attributes['{name}'] FROM logs WHERE attributes['n'] = '7'"
            attempt(lambda: equal(server().sql(statement), [[value]], key))
        whole = server().value("SELECT attributes['whole'] FROM logs LIMIT 1")
        attempt(lambda: equal(float(whole), 2.0, "whole"))
        for key, value in (("list", ATTRIBUTES["list"]), ("map", ATTRIBUTES["map"])):
            text = server().value(f"SELECT attributes['{key}'] FROM logs LIMIT 1")
            attempt(lambda: equal(json.loads(text), value, key))
        attempt(lambda: equal(server().value("SELECT attributes['nope'] FROM logs LIMIT 1"), None, "missing"))
        attempt(
            lambda: equal(
                server().value("SELECT count(*) FROM logs WHERE resource_attributes['host.cpus'] = '8'"),
                100,
                "resource attribute",
            )
        )
        whole_map = attempt(
            lambda: server().value("SELECT attributes FROM logs WHERE attributes['n'] = '7'")
        )
        attempt(lambda: equal(set(whole_map), {*ATTRIBUTES, "n"}, "keys of the map"))


@test
def duplicate_key_the_last_wins():
    record = otlp.log_record(TIME, "twice", 9, [("k", "first"), ("k", "second")])
    with Server() as own:
        own.client("otlp_http").post("/v1/logs", otlp.request([record]))
        equal(own.sql("SELECT attributes['k'] FROM logs"), [["second"]], "value")
        equal(own.value("SELECT attributes FROM logs"), {"k": "second"}, "map")


@test
def unset_is_null():
    with Server() as own:
        own.client("otlp_http").post("/v1/logs", otlp.request([otlp.log_record(0, "x", 0)]))
        row = own.records("SELECT * FROM logs")[0]
        equal([row[c] for c in ("time", "observed_time", "trace_id", "span_id")], [None] * 4, "unset")
        equal([row[c] for c in ("severity_text", "event_name")], ["", ""], "empty strings")


@test
def time_filters():
    with Server() as own:
        now = int(own.value("SELECT epoch_ns(now())"))
        records = [otlp.log_record(now - i * 60_000_000_000, f"{i}", 9) for i in range(120)]
        own.client("otlp_http").post("/v1/logs", otlp.request(records))
        recent = own.value("SELECT count(*) FROM logs WHERE time > now() - INTERVAL 1 HOUR")
        check(59 <= recent <= 60, f"{recent} rows of the last hour")
        equal(own.value("SELECT typeof(now())"), "TIMESTAMP_NS", "now()")


@test
def spans_and_metrics():
    rows = server().records("SELECT * FROM spans ORDER BY ordinal")
    equal(len(rows), 10, "spans")
    kinds = ["INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"] * 2
    equal([row["kind"] for row in rows], kinds, "kind")
    equal([row["status_code"] for row in rows[:3]], ["UNSET", "OK", "ERROR"], "status_code")
    equal({int(row["duration_ns"]) for row in rows}, {1500}, "duration_ns")
    equal({row["parent_span_id"] for row in rows}, {None}, "parent_span_id")
    points = {r["name"]: r for r in server().records("SELECT * FROM metrics WHERE name <> 'e2e.odd'")}
    equal(points["e2e.int"]["value_int"], 7, "value_int")
    equal((points["e2e.double"]["value"], points["e2e.double"]["value_int"]), (0.1, None), "value")
    equal(points["e2e.int"]["type"], "gauge", "type")
    odd = server().sql("SELECT isnan(value), isinf(value) FROM metrics WHERE name = 'e2e.odd' ORDER BY ordinal")
    equal(odd, [[True, False], [False, True], [False, True]], "NaN and infinities")


@test
def other_formats():
    statement = "SELECT ordinal, body, time FROM logs ORDER BY ordinal LIMIT 3"
    want = [(i, f"body {i}") for i in range(3)]
    with all_of() as attempt:
        lines = server().sql_response(statement, "ndjson")
        parsed = [json.loads(line) for line in lines.body.decode().splitlines()]
        attempt(lambda: equal([(r["ordinal"], r["body"]) for r in parsed], want, "ndjson"))
        attempt(lambda: equal(parsed[0]["time"], rfc3339(TIME), "ndjson time"))
        table = server().sql_response(statement, "csv")
        attempt(lambda: check("csv" in table.headers["content-type"], str(table.headers)))
        rows = list(csv.DictReader(io.StringIO(table.body.decode())))
        attempt(lambda: equal([(int(r["ordinal"]), r["body"]) for r in rows], want, "csv"))
        parquet = server().sql_response("SELECT * FROM logs", "parquet")
        attempt(lambda: equal(parquet.status, 200, f"parquet {parquet.body[:300]}"))
        attempt(lambda: equal((parquet.body[:4], parquet.body[-4:]), (b"PAR1", b"PAR1"), "parquet"))
        unknown = server().sql_response(statement, "yaml")
        attempt(lambda: equal(unknown.status, 400, "unknown format"))


@test
def parameters():
    statement = "SELECT count(*) FROM logs WHERE attributes['n'] = ? AND severity_number >= ?"
    equal(server().sql(statement, params=["7", 1]), [[1]], "rows")
    equal(server().sql_response("SELECT ?", params=[]).status, 400, "a parameter too few")
    injected = server().sql("SELECT ?", params=["'; DROP VIEW logs --"])
    equal(injected, [["'; DROP VIEW logs --"]], "text stays text")


@test
def errors():
    with all_of() as attempt:
        for statement, word in (
            ("SELEC 1", "syntax"),
            ("SELECT nope FROM logs", "nope"),
            ("SELECT * FROM nowhere", "nowhere"),
            ("SELECT 1; SELECT 2", ""),
            ("", ""),
        ):
            answer = server().sql_response(statement)
            attempt(lambda: equal(answer.status, 400, statement))
            error = attempt(lambda: answer.json()["error"])
            for key in ("code", "message", "hint"):
                attempt(lambda: check(key in error, f"{statement}: no {key} in {error}"))
            attempt(lambda: check(word in error["message"].lower(), f"{statement}: {error}"))
        for statement in ("VALUES (1)", "WITH a AS (SELECT 1) SELECT * FROM a", "SHOW TABLES", "EXPLAIN SELECT 1"):
            attempt(lambda: equal(server().sql_response(statement).status, 200, statement))


@test
def limits():
    settings = {"QUERY_MAX_ROWS": 50, "QUERY_TIMEOUT": "500ms", "QUERY_MEMORY": "64MiB"}
    with Server(settings=settings) as own, all_of() as attempt:
        cut = own.sql_response("SELECT * FROM range(100)")
        attempt(lambda: equal(len(cut.json()["rows"]), 50, "rows"))
        attempt(lambda: equal(cut.json()["stats"]["complete"], False, "complete"))
        attempt(lambda: equal(cut.headers.get("strata-complete"), "false", "strata-complete"))
        whole = own.sql_response("SELECT * FROM range(50)")
        attempt(lambda: equal(whole.json()["stats"]["complete"], True, "complete at the limit"))
        slow = own.sql_response("SELECT count(*) FROM range(100000) a, range(100000) b WHERE a.range % 7 = b.range % 11")
        attempt(lambda: equal(slow.status, 504, f"timeout {slow.body[:300]}"))
        large = own.sql_response("SELECT list(range) FROM range(50000000)")
        attempt(lambda: check(large.status in (413, 504), f"memory: {large.status} {large.body[:300]}"))
        attempt(lambda: equal(own.value("SELECT 1"), 1, "the next statement"))


@test
def namespaces():
    with Server() as own, all_of() as attempt:
        http, rpc = own.client("otlp_http"), own.client("otlp_grpc")
        for name in ("alpha", "beta_1", "0-x"):
            body = otlp.request([otlp.log_record(TIME, f"of {name}", 9)])
            attempt(lambda: equal(http.post("/v1/logs", body, headers={"X-Scope-OrgID": name}).status, 200, name))
        body = otlp.request([otlp.log_record(TIME, "of gamma", 9)])
        attempt(lambda: equal(rpc.call(otlp.METHODS["logs"], body, {"x-scope-orgid": "gamma"}).status, 0, "gRPC"))
        http.post("/v1/logs", otlp.request([otlp.log_record(TIME, "of default", 9)]))
        for name in ("alpha", "beta_1", "0-x", "gamma", "default"):
            attempt(lambda: equal(own.sql("SELECT body FROM logs", name), [[f"of {name}"]], name))
        attempt(lambda: equal(own.sql("SELECT body FROM logs"), [["of default"]], "no header"))
        attempt(lambda: equal(own.sql("SELECT count(*) FROM logs", "empty"), [[0]], "an empty namespace"))
        for name in ("-x", "_x", "a" * 64, "a/b", "../x", "a b", "ä"):
            header = {"X-Scope-OrgID": name.encode("utf-8").decode("latin-1")}
            attempt(lambda: equal(http.post("/v1/logs", body, headers=header).status, 400, f"{name} HTTP"))
            attempt(lambda: equal(rpc.call(otlp.METHODS["logs"], body, {"x-scope-orgid": name}).status, 3, f"{name} gRPC") if name.isascii() else None)
            sql = own.client().post("/api/v1/sql", "SELECT 1", "text/plain", header)
            attempt(lambda: equal(sql.status, 400, f"{name} SQL"))
        collections = own.sql("SELECT DISTINCT collection FROM logs")
        attempt(lambda: equal(collections, [["logs"]], "collection"))


@test
def command_line():
    url = server().http_url
    with all_of() as attempt:

        def query(*arguments, stdin=None):
            return run_strata("query", *arguments, "--url", url, stdin=stdin)

        statement = "SELECT ordinal, body FROM logs ORDER BY ordinal LIMIT 2"
        table = query(statement)
        attempt(lambda: equal(table.returncode, 0, table.stderr))
        attempt(lambda: check("body 0" in table.stdout and "ordinal" in table.stdout, table.stdout))
        found = query(statement, "--output", "ndjson")
        lines = [json.loads(line) for line in found.stdout.splitlines()]
        attempt(lambda: equal(lines, [{"ordinal": 0, "body": "body 0"}, {"ordinal": 1, "body": "body 1"}], "ndjson"))
        found = query(statement, "--output", "json")
        attempt(lambda: check("body 0" in found.stdout and json.loads(found.stdout) is not None, found.stdout))
        found = query(statement, "--output", "csv")
        attempt(lambda: equal(found.stdout.split(), ["ordinal,body", "0,body", "0", "1,body", "1"], "csv"))
        found = query("-f", "-", stdin=statement)
        attempt(lambda: equal(found.returncode, 0, f"-f - {found.stderr}"))
        found = query(stdin=statement)
        attempt(lambda: check("body 1" in found.stdout, f"standard input: {found.stderr}"))
        found = query("SELEC")
        attempt(lambda: check(found.returncode not in (0, 2) and found.stderr and not found.stdout, str(found)))
        found = run_strata("query", "SELECT 1", "--url", "http://127.0.0.1:1")
        attempt(lambda: equal(found.returncode, 7, f"no server: {found.stderr}"))
        found = query("SELECT 1", "--output", "yaml")
        attempt(lambda: equal(found.returncode, 2, "unknown format"))


@test
def command_line_parquet():
    done = subprocess.run(
        [BINARY, "query", "SELECT * FROM logs", "--url", server().http_url, "--output", "parquet"],
        env=clean_environment(),
        capture_output=True,
        timeout=60,
    )
    equal(done.returncode, 0, done.stderr.decode())
    equal((done.stdout[:4], done.stdout[-4:]), (b"PAR1", b"PAR1"), "parquet")
