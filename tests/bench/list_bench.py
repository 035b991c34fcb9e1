"""Many who look at once: followers of one log, and readers of the run list."""
import json
import shutil
import socket
import subprocess
import time

import history
from support import ASIO_RELAY, HTTP_BENCH, Service, cpu_seconds, http_bench, repository, row, share_row

LINES = 500  # one every 20 ms, for ten seconds
WRITER = ("import time\nbegin = time.monotonic() + 4\nfor i in range(%d):\n    wait = begin + 0.02 * i - time.monotonic()\n"
          "    if wait > 0: time.sleep(wait)\n    print('T%%d' %% time.monotonic_ns(), flush=True)\n" % LINES)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def followed(server_pid, port, path, followers, begin):
    client = subprocess.Popen([str(HTTP_BENCH), "follow", str(port), path, str(followers), str(LINES)], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
    client.stderr.readline()  # ready
    before = cpu_seconds(server_pid())
    begin()
    out, _ = client.communicate(timeout=120)
    return json.loads(out), before


def through_service(work, followers):
    (work / "writer.py").write_text(WRITER)
    source = repository(work / "fan-source", "version: 1\nname: fan\nstages: {a: {test: {run: \"exec /usr/bin/python3 '%s'\"}}}\n" % (work / "writer.py"))
    with Service(work, "fan-data", [{"name": "bench", "url": source}]) as service:
        service.polled()
        run = service.begin("bench")
        log = service.data / "runs" / run / "a.1" / "log"
        service.wait_for(log.exists, "the log", 20, 0.002)
        answer, before = followed(lambda: service.pid, service.port, f"/api/v1/runs/{run}/stages/a/log/follow", followers, lambda: None)
        used = cpu_seconds(service.pid) - before
        service.finish(run)
    shutil.rmtree(source)
    return answer, used


def through_relay(work, followers):
    port = free_port()
    writer = subprocess.Popen(["/usr/bin/python3", str(work / "writer.py")], stdout=subprocess.PIPE)
    relay = subprocess.Popen([str(ASIO_RELAY), str(port)], stdin=writer.stdout)
    writer.stdout.close()
    try:
        until = time.monotonic() + 5
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.005)
        used = []
        client = subprocess.Popen([str(HTTP_BENCH), "follow", str(port), "/", str(followers), str(LINES)], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        client.stderr.readline()
        before = cpu_seconds(relay.pid)
        while writer.poll() is None:
            used.append(cpu_seconds(relay.pid) - before)
            time.sleep(0.02)
        out, _ = client.communicate(timeout=120)
        return json.loads(out), used[-1]
    finally:
        for process in (writer, relay):
            if process.poll() is None:
                process.kill()
            process.wait()


def fan_out(work, options):
    rows = []
    for followers in (500, 2000):
        ours, theirs, late, complete = [], [], [], []
        for _ in range(options.repeat):
            answer, used = through_service(work, followers)
            ours.append(used)
            late.append(answer["p99_ms"])
            complete.append(100 * answer["complete"] / answer["of"])
            _, used = through_relay(work, followers)
            theirs.append(used)
        rows.append(share_row(f"fan-out-{followers}-complete", complete, "% of the followers", 100))
        rows.append(row(f"fan-out-{followers}-cpu", ours, "s", 1.5, theirs, ratio_decides=True, note="against a plain Asio relay"))
        if followers == 500:
            rows.append(row("fan-out-500-p99", late, "ms", 15))
    return rows


def run_list(work, options):
    """The run list and one run as JSON, over 32 kept connections."""
    rates, lates, ratios, ones = [], [], [], []
    source = repository(work / "list-source", "version: 1\nname: list\nstages: {a: {test: {run: 'true'}}}\n")
    services = {}
    for runs in (1_000, options.history):
        service = Service(work, f"list-{runs}", [{"name": "bench", "url": source}])
        service.start()
        service.stop()
        history.fill(service.data, runs)
        service.start(300)
        services[runs] = service
    try:
        for _ in range(options.repeat):
            few = http_bench("get", services[1_000].port, "/api/v1/runs?limit=20", 32, 3)
            many = http_bench("get", services[options.history].port, "/api/v1/runs?limit=20", 32, 3)
            one = http_bench("get", services[options.history].port, f"/api/v1/runs/old/{options.history}", 32, 3)
            assert few["errors"] + many["errors"] + one["errors"] == 0, (few, many, one)
            rates.append(many["per_second"])
            lates.append(many["p99_ms"])
            ratios.append(few["per_second"] / many["per_second"])
            ones.append(one["per_second"])
    finally:
        for service in services.values():
            service.stop()
            shutil.rmtree(service.data)
    return [share_row("run-list", rates, "requests/s", 5000, note=f"{options.history:,} runs, 20 of them a page"),
            row("run-list-p99", lates, "ms", 20), share_row("run-one", ones, "requests/s", 5000),
            row("run-list-history", ratios, "times fewer", 1.1, note=f"1,000 against {options.history:,} runs")]
