"""What a service costs, and how fast it is, while so many runs wait: for a lock, or for the run before them."""
import json
import pathlib
import signal
import statistics
import time
import urllib.request

FRESH = "version: 1\nname: fresh\nconcurrency: parallel\nstages: {a: {test: {run: 'true'}}}\n"
QUEUED = """version: 1
name: queued
concurrency: %s
environment: {PYTHONUNBUFFERED: "1"}
stages:
  unit: {lock: bench, test: {run: 'sleep 1000'}}
  staging: {needs: [unit], lock: bench, apply: {processes: {app: {run: 'exec sleep 1000'}}}}
  after: {needs: [staging], test: {run: 'true'}}
"""


def ask(address, path, token=None, body=None):
    request = urllib.request.Request(f"http://{address}{path}", data=None if body is None else json.dumps(body).encode())
    if token:
        request.add_header("Authorization", f"Bearer {token}")
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def memory(pid):
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def milliseconds(action):
    begin = time.perf_counter()
    action()
    return (time.perf_counter() - begin) * 1000


def measure(address, data, pid, waiting, repeat, wait_for):
    """PSS in MB; milliseconds to a fresh run's end, of the run list and of the queue; medians."""
    token = (pathlib.Path(data) / "token").read_text().strip()
    for _ in range(waiting + 1):
        ask(address, "/api/v1/runs", token, {"repository": "queued", "branch": "main"})
    wait_for(lambda: len(ask(address, "/api/v1/queue")["waiting"]) == waiting, f"{waiting} waiting runs", 300)

    def fresh():
        run = ask(address, "/api/v1/runs", token, {"repository": "fresh", "branch": "main"})["id"]
        while ask(address, f"/api/v1/runs/{run}")["status"] != "finished":
            time.sleep(0.002)

    starts = [milliseconds(fresh) for _ in range(repeat)]
    lists = [milliseconds(lambda: ask(address, "/api/v1/runs?limit=50")) for _ in range(repeat)]
    queues = [milliseconds(lambda: ask(address, "/api/v1/queue")) for _ in range(repeat)]
    return memory(pid), statistics.median(starts), statistics.median(lists), statistics.median(queues)


def end(service, address, data):
    token = (pathlib.Path(data) / "token").read_text().strip()
    waiting = ask(address, "/api/v1/queue")["waiting"]
    holders = {holder["run"] for each in waiting for holder in each["holders"]} or {"queued/1"}
    # Who waits goes first, then who holds: nobody new begins.
    for each in waiting:
        ask(address, f"/api/v1/runs/{each['run']}/cancel", token, {})
    for run in holders:
        ask(address, f"/api/v1/runs/{run}/cancel", token, {})
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and any(ask(address, f"/api/v1/runs/{run}")["status"] != "finished" for run in holders):
        time.sleep(0.05)
    service.send_signal(signal.SIGTERM)
    service.wait(60)
