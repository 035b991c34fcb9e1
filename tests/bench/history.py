"""A data directory whose journal has run N times: what a service has after years."""
import hashlib
import json
import pathlib
import sqlite3
import struct

ROWS = 6


def row(sequence, at, kind, repository, number, payload):
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"))
    digest = hashlib.blake2b(struct.pack("<qq", sequence, at) + kind.encode() + b"\0" + text.encode(), digest_size=16).digest()
    return sequence, at, kind, repository, number, text, digest


def rows_of(first, number, at, plan):
    run = {"repository": "old", "number": number}
    commit = hashlib.sha1(str(number).encode()).hexdigest()
    outcome = {"outcome": "passed", "reason": "", "advice": "", "outputs": {}, "checks": []}
    yield row(first, at, "RefMoved", "old", 0, {"repository": "old", "branch": "main", "from": "", "to": commit, "kind": "moved"})
    yield row(first + 1, at, "RunRequested", "old", number, {"run": run, "branch": "main", "commit": commit, "cause": f"main moved to {commit[:7]}"})
    yield row(first + 2, at + 1, "PlanRejected", "old", number, {"run": run, "diagnostics": plan, "outcome": "failed"})
    yield row(first + 3, at + 2, "StageStarted", "old", number, {"run": run, "stage": "unit", "attempt": 1})
    yield row(first + 4, at + 3, "StageSkipped", "old", number, {"run": run, "stage": "unit", "reason": json.dumps(outcome), "by_condition": False})
    yield row(first + 5, at + 4, "RunFinished", "old", number, {"run": run, "outcome": "passed", "reason": ""})


def fill(data, runs):
    """The service must have made the journal in `data` and be stopped; projections are made when it starts again."""
    database = sqlite3.connect(pathlib.Path(data) / "journal.sqlite")
    database.execute("PRAGMA synchronous = OFF")
    last = database.execute("SELECT max(sequence) FROM events").fetchone()[0]
    plan = "a plan of some size " * 20

    def all_rows():
        for number in range(1, runs + 1):
            yield from rows_of(last + 1 + (number - 1) * ROWS, number, 1_700_000_000_000 + number * 1000, plan)

    with database:
        database.executemany("INSERT INTO events (sequence, at, type, repository, number, payload, checksum) VALUES (?, ?, ?, ?, ?, ?, ?)", all_rows())
        database.execute("DROP TABLE runs")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
