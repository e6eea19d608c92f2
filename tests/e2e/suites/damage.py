"""Stored files that do not read back: found, told exactly, kept aside, and never a reason not to start."""

import concurrent.futures
import json

from harness.http import HttpClient
from harness.load import logs_body
from harness.server import Server, run_strata, wait_until
from harness.testing import all_of, check, equal, test

# Every request becomes a part at once, and leaves memory and the log soon.
SEALED = {"LOG_SEGMENT_BYTES": "1MiB", "SEAL_ROWS": 10, "SEAL_AGE": "200ms", "HOT_RETENTION": "0s",
          "MERGE_ENABLED": "false", "SEAL_SMALL_PART_INTERVAL": "200ms"}


def parts_of(server):
    return sorted((server.data_dir / "parts").rglob("*.parquet"))


def send(server, name, records=20):
    answer = server.client("otlp_http").post("/v1/logs", logs_body(name, records))
    equal(answer.status, 200, name)
    return answer


def send_parts(server, count, records=20):
    """One part for each request."""
    for number in range(count):
        send(server, f"part-{number}", records)
        wait_until(lambda: len(parts_of(server)) > number, 20, f"part {number}")


def flip(path, at=None):
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if at is None else at] ^= 1
    path.write_bytes(data)


def collection(server):
    listed = server.client().get("/debug/store").json()["collections"]
    return next(c for c in listed if c["kind"] == "logs")


def verify(server):
    done = run_strata("verify", "--data-dir", server.data_dir, "--output", "json")
    return done.returncode, json.loads(done.stdout)


@test
def query_goes_on_without_a_damaged_part():
    """The statement that meets the damage answers with the rest and says so; the rows are then written
    again from the log, or told as lost with their positions."""
    with Server(settings=SEALED) as server, all_of() as attempt:
        send_parts(server, 4)
        flip(parts_of(server)[1])
        answer = server.sql_response("SELECT count(DISTINCT attributes['rid']), count(*) FROM logs")
        attempt(lambda: equal(answer.status, 200, "status"))
        rows = answer.json()["rows"][0][1]
        if rows == 60:
            attempt(lambda: equal(answer.headers.get("strata-complete"), "false", "header"))
            attempt(lambda: equal(answer.headers.get("strata-missing-rows"), "20", "rows"))
            attempt(lambda: equal(answer.json()["stats"]["missing_rows"], 20, "stats"))
            attempt(lambda: equal(answer.json()["stats"]["complete"], False, "stats"))
        kept = server.data_dir / "quarantine/parts"
        wait_until(lambda: list(kept.rglob("*.parquet")), 20, "the part in quarantine")

        def settled():
            lost = sum(r["rows"] for r in collection(server)["lost"])
            return server.value("SELECT count(*) FROM logs") + lost == 80

        wait_until(settled, 20, "each row served or told as lost")


@test
def statements_that_meet_the_same_damage_at_once():
    """One of them is the first to report it; the others go on without the part as well."""
    with Server(settings=SEALED) as server:
        send_parts(server, 4)
        for path in parts_of(server)[:3]:
            flip(path)

        def ask(_):
            client = HttpClient(server.addresses["http"])
            return client.post("/api/v1/sql", b"SELECT sum(length(body)) FROM logs", "text/plain")

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(24)))
        equal([answer.status for answer in answers if answer.status != 200], [], "refused statements")


def damage_for_good(server):
    """The second of three parts, with no log and no memory to take its rows from; the server starts on it.
    Returns its path, and the bytes that it had."""
    send_parts(server, 3)
    server.terminate()
    for segment in (server.data_dir / "wal").glob("*.wal"):
        segment.unlink()
    path = parts_of(server)[1]
    good = path.read_bytes()
    flip(path)
    server.restart()
    return path, good


@test
def what_is_lost_is_told_for_ever():
    with Server(settings=SEALED) as server, all_of() as attempt:
        path, _ = damage_for_good(server)
        for start in range(2):
            wait_until(lambda: server.value("SELECT count(*) FROM logs") == 40, 20, "the rest")
            wait_until(lambda: collection(server)["lost"], 20, "the loss")
            (lost,) = collection(server)["lost"]
            attempt(lambda: equal(lost["rows"], 20, f"rows, start {start}"))
            name = path.name.split(".")[0].split("-")
            positions = [lost["first_position"], lost["last_position"]]
            attempt(lambda: equal(positions, [int(name[0]), int(name[1])], "positions"))
            receipt = server.client().get(f"/api/v1/receipts/{positions[0]}")
            attempt(lambda: equal(receipt.status, 404, "receipt"))
            attempt(lambda: check(b"is damaged" in receipt.body, str(receipt.body)))
            attempt(lambda: check((server.data_dir / lost["file"]).exists(), "the file is kept"))
            answer = server.sql_response("SELECT count(*) FROM logs")
            attempt(lambda: equal(answer.headers.get("strata-missing-rows"), "20", "header"))
            early = server.sql_response("SELECT count(*) FROM logs WHERE time < '2001-01-01'")
            attempt(lambda: equal(early.headers.get("strata-complete"), None, "not of that time"))
            metrics = server.client().get("/metrics").body.decode()
            attempt(lambda: check("strata_store_lost_rows 20" in metrics, "metric"))
            server.terminate()
            server.restart()


def first_position(part):
    return int(part.name.split("-")[0])


@test
def a_receipt_that_meets_damage_says_so():
    """Nobody knew of it before."""
    with Server(settings={**SEALED, "SCRUB_INTERVAL": "0s"}) as server, all_of() as attempt:
        path, _ = damage_for_good(server)
        receipt = server.client().get(f"/api/v1/receipts/{first_position(path)}")
        attempt(lambda: equal(receipt.status, 404, "receipt"))
        attempt(lambda: check(b"is damaged" in receipt.body, str(receipt.body)))
        wait_until(lambda: collection(server)["lost"], 20, "it was reported, and judged")


@test
def a_part_that_is_brought_back_is_served_again():
    with Server(settings=SEALED) as server, all_of() as attempt:
        path, good = damage_for_good(server)
        server.value("SELECT sum(length(body)) FROM logs")  # meets it
        wait_until(lambda: collection(server)["lost"], 20, "the loss")
        server.terminate()
        path.write_bytes(good)
        server.restart()
        wait_until(lambda: not collection(server)["lost"], 20, "the part is served again")
        answer = server.sql_response("SELECT count(*) FROM logs")
        attempt(lambda: equal(answer.json()["rows"], [[60]], "rows"))
        attempt(lambda: equal(answer.headers.get("strata-complete"), None, "complete"))


@test
def verify_beside_a_server_and_alone():
    with Server(settings={**SEALED, "SCRUB_INTERVAL": "0s"}) as server, all_of() as attempt:
        send_parts(server, 3)
        code, found = verify(server)
        attempt(lambda: equal((code, found["sound"], found["parts"]), (0, True, 3), "beside"))
        attempt(lambda: equal(found["rows"], 60, "rows"))
        server.terminate()
        attempt(lambda: equal(verify(server)[0], 0, "alone"))
        victims = [
            *parts_of(server)[:1],
            *sorted((server.data_dir / "manifest").rglob("*.manifest"))[-1:],
            server.data_dir / "dedup.state",
            server.data_dir / "wal/cursors",
        ]
        for victim in victims:
            good = victim.read_bytes()
            flip(victim, len(good) // 3)
            code, found = verify(server)
            attempt(lambda: equal((code, found["sound"]), (3, False), victim.name))
            text = run_strata("verify", "--data-dir", server.data_dir)
            attempt(lambda: equal(text.returncode, 3, f"{victim.name} as text"))
            attempt(lambda: check("DAMAGE" in text.stdout, text.stdout))
            victim.write_bytes(good)
        attempt(lambda: equal(verify(server)[0], 0, "made good"))
        nothing = run_strata("verify", "--data-dir", server.data_dir / "none")
        attempt(lambda: equal(nothing.returncode, 4, "no such directory"))


VICTIMS = ["manifest/default/*.manifest", "manifest/default/*.mirror", "dedup.state", "scrub.state",
           "wal/cursors", "parts/**/*.filter"]


@test(cases=[(pattern,) for pattern in VICTIMS])
def a_damaged_file_lets_it_start(pattern):
    """Nothing is lost that a second copy, memory or the log has."""
    with Server(settings=SEALED) as server:
        send_parts(server, 2)
        server.terminate()
        victims = sorted(server.data_dir.glob(pattern))
        check(victims, f"{pattern}: no such file")
        flip(victims[-1])
        server.restart()
        equal(server.value("SELECT count(*) FROM logs"), 40, "rows")
        send(server, "after", 5)
        server.kill()
        server.restart()
        equal(server.value("SELECT count(*) FROM logs"), 45, "rows after kill -9")


@test
def a_log_that_lost_its_end_gives_no_position_away_again():
    """Frames that are zeros look like none that were ever written. Replay would skip what is sent then,
    and readers take it for sealed."""
    with Server(settings=SEALED | {"LOG_SEGMENT_BYTES": "64MiB"}) as server:
        send_parts(server, 2)
        last = int(send(server, "last", 20).headers["strata-receipt"])
        wait_until(lambda: collection(server)["sealed"] == last, 20, "everything in parts")
        server.kill()
        with (server.data_dir / "wal/00000000000000000001.wal").open("r+b") as segment:
            segment.seek(4096)
            segment.write(bytes(60 * 1024))
        server.restart()
        send(server, "after", 5)
        equal(server.value("SELECT count(*) FROM logs"), 65, "rows")
        wait_until(lambda: collection(server)["sealed"] > last, 20, "what came after, in a part")
        server.kill()
        server.restart()
        equal(server.value("SELECT count(*) FROM logs"), 65, "rows after kill -9")


@test
def scrub_finds_what_nobody_asks_for():
    with Server(settings={**SEALED, "SCRUB_INTERVAL": "2s"}) as server:
        send_parts(server, 3)
        flip(parts_of(server)[2])
        kept = server.data_dir / "quarantine/parts"
        wait_until(lambda: list(kept.rglob("*.parquet")), 30, "the part in quarantine")
        metrics = server.client().get("/metrics").body.decode()
        check("strata_store_scrub_damaged_files_total 0" not in metrics, "metric")
        wait_until(lambda: server.client().get("/debug/store").json()["store"]["scrub"]["round"] > 2,
                   30, "rounds go on")
