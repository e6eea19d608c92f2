"""A success answer is a promise: what was acked is there after kill -9, once and whole."""

import random
import threading
import time

from harness import grpc, otlp
from harness.grpc import GrpcClient
from harness.http import HttpClient
from harness.load import Entry, Load, json_body, logs_body, metrics_body, send, spans_body, verify
from harness.server import Server, wait_until
from harness.testing import all_of, check, equal, test

# Small files and parts, so that sealing, merging and recycling are under way when the kill comes.
BUSY = {
    "LOG_SEGMENT_BYTES": "1MiB",
    "SEAL_ROWS": 500,
    "SEAL_AGE": "300ms",
    "SEAL_SMALL_PART_INTERVAL": "500ms",
    "HOT_RETENTION": "1s",
}


def no_problems(problems):
    check(not problems, f"{len(problems)} problems: " + "; ".join(map(str, problems[:5])))


def clients_of(server):
    return {"http": server.client("otlp_http"), "grpc": server.client("otlp_grpc")}


def send_unacked_again(server, ledger):
    """As an SDK would: the same bytes. Returns the names."""
    unacked = [name for name, entry in ledger.items() if not entry.receipt]
    for name in unacked:
        acked, receipt, answer = send(clients_of(server), ledger[name])
        check(acked, f"{name} sent again: {answer}")
        ledger[name].receipt = receipt
    return unacked


def kill_rounds(rounds):
    ledger = {}
    with Server(settings=BUSY) as server:
        for _ in range(rounds):
            with Load(server, ledger) as load:
                before = load.acked()
                time.sleep(random.uniform(0.1, 1.2))  # load for a random while
                wait_until(lambda: load.acked() > before + 20, 20, "load")
                server.kill()
            no_problems(load.problems)
            server.restart()
            no_problems(verify(server, ledger))
            names = send_unacked_again(server, ledger)
            no_problems(verify(server, ledger, exactly=names))


@test
def kill_under_load():
    kill_rounds(4)


@test(nightly=True)
def kill_under_load_for_long():
    kill_rounds(40)


@test
def kill_while_starting():
    """Replay may be cut off anywhere, again and again."""
    ledger = {}
    with Server(settings={"LOG_SEGMENT_BYTES": "1MiB", "SEAL_AGE": "1h"}) as server:
        with Load(server, ledger) as load:
            wait_until(lambda: load.acked() > 300, 30, "load")
            server.kill()
        for _ in range(6):
            server.spawn()
            time.sleep(random.uniform(0.0, 0.25))
            server.kill()
        server.restart()
        no_problems(verify(server, ledger))


@test
def sigterm_under_load():
    ledger = {}
    with Server(settings=BUSY) as server:
        with Load(server, ledger) as load:
            wait_until(lambda: load.acked() > 100, 30, "load")
            code, seconds = server.terminate()
        no_problems(load.problems)
        equal(code, 0, "exit code")
        check(seconds < 10, f"SIGTERM took {seconds:.1f} s")
        server.restart()
        no_problems(verify(server, ledger))
        send_unacked_again(server, ledger)
        no_problems(verify(server, ledger))
        equal(server.terminate()[0], 0, "exit code of an idle server")
        server.restart()
        no_problems(verify(server, ledger))


def entry_of(kind, protocol, body_of, name, records=3):
    return Entry(kind, protocol, records, body_of(name, records))


DUPLICATES = [("logs", "http"), ("spans", "http"), ("metrics", "http"), ("logs", "grpc"), ("logs", "json")]
BODIES = {"logs": logs_body, "spans": spans_body, "metrics": metrics_body}


def is_duplicate(answer):
    headers = getattr(answer, "headers", None) or getattr(answer, "metadata", {})
    return headers.get("strata-duplicate") == "true"


@test
def same_payload_again():
    """Before and after kill -9, and after a clean stop."""
    with Server() as server, all_of() as attempt:
        entries = {}
        for kind, protocol in DUPLICATES:
            name = f"dup-{kind}-{protocol}"
            body_of = json_body if protocol == "json" else BODIES[kind]
            entry = entries[name] = entry_of(kind, protocol, body_of, name)
            acked, entry.receipt, answer = send(clients_of(server), entry)
            attempt(lambda: check(acked and entry.receipt > 0, f"{name}: {answer}"))
            attempt(lambda: check(not is_duplicate(answer), f"{name}: the first is no duplicate"))

        def again(when):
            for name, entry in entries.items():
                acked, receipt, answer = send(clients_of(server), entry)
                attempt(lambda: check(acked, f"{name} {when}: {answer}"))
                attempt(lambda: equal(receipt, entry.receipt, f"{name} receipt {when}"))
                attempt(lambda: check(is_duplicate(answer), f"{name} {when}: no strata-duplicate"))
            attempt(lambda: no_problems(verify(server, entries)))

        again("at once")
        server.kill()
        server.restart()
        again("after kill -9")
        server.terminate()
        server.restart()
        again("after SIGTERM")


@test
def payload_without_times_is_stored_twice():
    body = otlp.request([otlp.log_record(0, "no time", 9, {"rid": "timeless"})])
    with Server() as server:
        client = server.client("otlp_http")
        first, second = (client.post("/v1/logs", body) for _ in range(2))
        check(first.receipt and second.receipt > first.receipt, f"{first} {second}")
        equal(server.value("SELECT count(*) FROM logs"), 2, "rows")


@test
def payload_hash_off_for_a_namespace():
    """dedup.payload names the namespaces that differ; a restart changes nothing of it."""
    body = logs_body("exception", 2)
    with Server(settings={"DEDUP_PAYLOAD": "true,audit=false"}) as server, all_of() as attempt:

        def known(namespace):
            answer = server.client("otlp_http").post(
                "/v1/logs", body, headers={"X-Scope-OrgID": namespace}
            )
            equal(answer.status, 200, namespace)
            return is_duplicate(answer)

        for namespace in ("audit", "prod"):
            attempt(lambda: check(not known(namespace), f"{namespace}: the first is no duplicate"))
        for when, stop in (("at once", None), ("after kill -9", server.kill), ("after SIGTERM", server.terminate)):
            if stop:
                stop()
                server.restart()
            attempt(lambda: check(not known("audit"), f"audit {when}: taken for a duplicate"))
            attempt(lambda: check(known("prod"), f"prod {when}: no strata-duplicate"))
        attempt(lambda: equal(server.value("SELECT count(*) FROM logs", namespace="audit"), 8, "audit"))
        attempt(lambda: equal(server.value("SELECT count(*) FROM logs", namespace="prod"), 2, "prod"))


@test
def same_idempotency_key():
    """Another payload under a key that was used is a conflict; the same one is a duplicate."""
    first = otlp.request([otlp.log_record(0, "keyed", 9, {"rid": "keyed"})])
    other = otlp.request([otlp.log_record(0, "other", 9, {"rid": "other"})])
    header = {"Idempotency-Key": "key-1"}
    with Server() as server, all_of() as attempt:
        stored = server.client("otlp_http").post("/v1/logs", first, headers=header)
        attempt(lambda: equal(stored.status, 200, "first"))

        def again(when):
            http, rpc = server.client("otlp_http"), server.client("otlp_grpc")
            twin = http.post("/v1/logs", first, headers=header)
            attempt(lambda: equal((twin.status, twin.receipt), (200, stored.receipt), f"twin {when}"))
            attempt(lambda: check(is_duplicate(twin), f"{when}: no strata-duplicate"))
            conflict = http.post("/v1/logs", other, headers=header)
            attempt(lambda: equal(conflict.status, 409, f"other payload {when}"))
            metadata = {"idempotency-key": "key-1"}
            twin = rpc.call(otlp.METHODS["logs"], first, metadata)
            attempt(lambda: equal((twin.status, twin.receipt), (0, stored.receipt), f"gRPC {when}"))
            conflict = rpc.call(otlp.METHODS["logs"], other, metadata)
            attempt(lambda: equal(conflict.status, grpc.ALREADY_EXISTS, f"gRPC conflict {when}"))
            attempt(lambda: equal(server.value("SELECT count(*) FROM logs"), 1, f"rows {when}"))

        again("at once")
        server.kill()
        server.restart()
        again("after kill -9")
        # Another namespace is another world.
        apart = server.client("otlp_http").post(
            "/v1/logs", other, headers={**header, "X-Scope-OrgID": "apart"}
        )
        attempt(lambda: equal(apart.status, 200, "same key in another namespace"))


@test
def twins_in_flight():
    """Eight clients send the same bytes at the same moment: one is stored, all get its receipt."""
    with Server() as server:
        for round_ in range(10):
            entry = entry_of("logs", "http", logs_body, f"twin-{round_}", 200)
            start = threading.Barrier(8)
            answers = []

            def one(protocol):
                client = {
                    "http": HttpClient(server.addresses["otlp_http"]),
                    "grpc": GrpcClient(server.addresses["otlp_grpc"]),
                }
                start.wait()
                answers.append(send(client, Entry("logs", protocol, 200, entry.body)))

            threads = [
                threading.Thread(target=one, args=("grpc" if i % 2 else "http",)) for i in range(8)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            equal(len(answers), 8, "answers")
            check(all(acked for acked, _, _ in answers), f"{answers}")
            equal(len({receipt for _, receipt, _ in answers}), 1, "receipts")
            equal(sum(is_duplicate(a) for _, _, a in answers), 7, "duplicates")
            rows = server.value(f"SELECT count(*) FROM logs WHERE attributes['rid'] = 'twin-{round_}'")
            equal(rows, 200, "rows")


@test
def receipt_says_where():
    with Server() as server:
        stored = server.client("otlp_http").post("/v1/logs", logs_body("receipt", 5))
        answer = server.client().get(f"/api/v1/receipts/{stored.receipt}")
        equal(answer.status, 200, "status")
        text = answer.body.decode()
        check(all(word in text for word in ("log", "hot", "parts")), text)
        missing = server.client().get(f"/api/v1/receipts/{stored.receipt + 1000}")
        equal(missing.status, 404, "a position that nobody got")
        equal(server.client().get("/api/v1/receipts/zero").status, 400, "no number")
