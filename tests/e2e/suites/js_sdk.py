"""The OpenTelemetry SDK for JavaScript over 18 combinations of signal, protocol and compression:
what SQL gives back is what was sent, field by field."""

import functools
import json
import pathlib
import subprocess

from harness.packages import npm, require
from harness.rows import differences
from harness.server import Server, clean_environment
from harness.testing import check, equal, test

SOURCE = pathlib.Path(__file__).resolve().parents[1] / "js_sdk"
COMBINATIONS = [
    (signal, protocol, compression)
    for signal in ("logs", "spans", "metrics")
    for protocol in ("grpc", "http/protobuf", "http/json")
    for compression in ("none", "gzip")
]


@functools.cache
def sent_and_stored():
    """Runs all combinations once: {(signal, protocol, compression): (sent, rows of SQL)}."""
    node = require("node")
    folder = npm("js_sdk", SOURCE)
    with Server() as server:
        sender = subprocess.run(
            [node, "send.mjs", server.addresses["otlp_grpc"], server.addresses["otlp_http"]],
            cwd=folder,
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=300,
        )
        check(sender.returncode == 0, f"send.mjs: {sender.stderr[-2000:]}")
        outcome = {}
        for line in sender.stdout.splitlines():
            sent = json.loads(line)
            where = f"service_name = '{sent['service']}'"
            try:
                rows = server.records(f"SELECT * FROM {sent['signal']} WHERE {where}")
            except AssertionError as failure:
                rows = failure
            outcome[sent["signal"], sent["protocol"], sent["compression"]] = sent, rows
        return outcome


def in_order(signal, sent, rows):
    """Pairs of (got, want). A point of a metric has no key of its own: its place in the requests
    is one, which tests `position` and `ordinal` as well."""
    if signal == "metrics":
        return list(zip(sorted(rows, key=lambda row: (int(row["position"]), row["ordinal"])), sent))
    key = "severity_number" if signal == "logs" else "span_id"
    by_key = {row[key]: row for row in rows}
    return [(by_key[want[key]], want) for want in sent]


@test(cases=COMBINATIONS)
def sdk(signal, protocol, compression):
    sent, rows = sent_and_stored()[signal, protocol, compression]
    check("error" not in sent, f"the SDK reports {sent.get('error')}")
    if isinstance(rows, AssertionError):
        raise rows
    equal(len(rows), len(sent["rows"]), "rows")
    found = [
        f"{want.get('name', want.get('severity_text'))}: {difference}"
        for got, want in in_order(signal, sent["rows"], rows)
        for difference in differences(got, want)
    ]
    check(not found, f"{len(found)} differences: " + "; ".join(found[:8]))
