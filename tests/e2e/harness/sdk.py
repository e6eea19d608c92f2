"""Programs that send with an OpenTelemetry SDK and print what they sent: `PROGRAM <gRPC address> <HTTP
address>` writes a line of JSON per combination with signal, protocol, compression, service and rows in
the columns of the views, or error."""

import json
import subprocess

from .rows import differences
from .server import Server, clean_environment
from .testing import check, equal


def sent_and_stored(command, cwd=None):
    """Runs the program once: {(signal, protocol, compression): (sent, rows of SQL or its failure)}."""
    with Server() as server:
        addresses = server.addresses["otlp_grpc"], server.addresses["otlp_http"]
        done = subprocess.run(
            [*command, *addresses],
            cwd=cwd,
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=300,
        )
        check(done.returncode == 0, f"{command[0]}: exit {done.returncode}: {done.stderr[-2000:]}")
        outcome = {}
        for line in done.stdout.splitlines():
            sent = json.loads(line)
            try:
                rows = server.records(
                    f"SELECT * FROM {sent['signal']} WHERE service_name = '{sent['service']}'"
                    " ORDER BY position, ordinal"
                )
            except AssertionError as failure:
                rows = failure
            outcome[sent["signal"], sent["protocol"], sent["compression"]] = sent, rows
        return outcome


def in_order(sent, rows):
    """Pairs of (got, want). Spans are listed as they began and sent as they ended; of all else the
    place in the requests is the key, which tests `position` and `ordinal` as well."""
    if sent["signal"] != "spans":
        return list(zip(rows, sent["rows"]))
    by_id = {row["span_id"]: row for row in rows}
    return [(by_id[want["span_id"]], want) for want in sent["rows"]]


def compare(sent, rows):
    check(not sent.get("error"), f"the SDK reports {sent.get('error')}")
    if isinstance(rows, AssertionError):
        raise rows
    check(sent["rows"], "the SDK sent nothing")
    equal(len(rows), len(sent["rows"]), "rows")
    found = [
        f"{want.get('name', want.get('body'))!s:.40}: {difference}"
        for got, want in in_order(sent, rows)
        for difference in differences(got, want)
    ]
    check(not found, f"{len(found)} differences: " + "; ".join(found[:8]))
