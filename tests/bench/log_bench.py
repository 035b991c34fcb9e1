"""The way of a step's output: how fast, how much memory, and what everybody else notices."""
import base64
import datetime
import http.client
import json
import os
import random
import shutil
import subprocess
import threading
import time

from support import HTTP_BENCH, Service, clean_environment, http_bench, leaders_of, memory, repository, row, share_row

PIPELINE = "version: 1\nname: log\nconcurrency: queue\nsecrets: [TOKEN]\nstages: {a: {test: {run: 'exec cat \"%s\"'}}}\n"
SECRET = "a-secret-that-is-in-no-line"


def make_text(path, megabytes):
    words = [bytes(random.Random(1).choices(b"abcdefghijklmnopqrstuvwxyz     ", k=79)) + b"\n" for _ in range(1000)]
    block = b"".join(words)
    with open(path, "wb") as out:
        while out.tell() < megabytes * 1_000_000:
            out.write(block)


def make_base64(path, megabytes):
    block = base64.encodebytes(random.Random(2).randbytes(570_000))
    with open(path, "wb") as out:
        while out.tell() < megabytes * 1_000_000:
            out.write(block)


class Watch(threading.Thread):
    """Asks /readyz again and again, and looks at the memory of the service and its leaders."""

    def __init__(self, service):
        super().__init__(daemon=True)
        self.service, self.over = service, False
        self.stall, self.leader = 0.0, 0.0

    def run(self):
        host, port = self.service.address.rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
        looked = 0.0
        while not self.over:
            begin = time.perf_counter()
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            self.stall = max(self.stall, (time.perf_counter() - begin) * 1000)
            if begin - looked > 0.1:
                looked = begin
                for pid in leaders_of(self.service.data):
                    try:
                        self.leader = max(self.leader, memory(pid, "VmHWM"))
                    except OSError:
                        pass
            time.sleep(0.002)


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def alone(work, name, file):
    """Seconds of the stage, and bytes of its log. Nobody looks on: who does takes processor time from one of the two sides."""
    source = repository(work / f"{name}-source", PIPELINE % file)
    (work / "token").write_text(SECRET)
    with Service(work, name, [{"name": "bench", "url": source, "more": f", secrets: {{TOKEN: {{file: {work / 'token'}}}}}"}]) as service:
        service.polled()
        run = service.begin("bench")
        document = service.finish(run, 300, pause=0.1)
        result = stage_seconds(document), (service.data / "runs" / run / "a.1" / "log").stat().st_size
    shutil.rmtree(source)
    return result


def stage_seconds(document):
    return moment(document["stages"][0]["finished_at"]) - moment(document["stages"][0]["started_at"])


def watched(work, name, file, readers=()):
    """The longest stall; memory of service and leader; bytes of the log; what the readers got."""
    source = repository(work / f"{name}-source", PIPELINE % file)
    more = f", secrets: {{TOKEN: {{file: {work / 'token'}}}}}"
    (work / "token").write_text(SECRET)
    with Service(work, name, [{"name": "bench", "url": source, "more": more}]) as service:
        service.polled()
        watch = Watch(service)
        watch.start()
        run = service.begin("bench")
        log = service.data / "runs" / run / "a.1" / "log"
        service.wait_for(lambda: log.exists() and log.stat().st_size > 0, "the first bytes", 20, 0.002)
        running = [subprocess.Popen([str(HTTP_BENCH), "drain", service.port, f"/api/v1/runs/{run}/stages/a/log/follow", str(rate)],
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for rate in readers]
        service.finish(run, 300)
        got = []
        for reader, rate in zip(running, readers):
            if rate == 0:
                reader.kill()
                reader.wait()
                continue
            out, _ = reader.communicate(timeout=300)
            got.append(out.decode())
        watch.over = True
        watch.join()
        size = log.stat().st_size
        result = watch.stall, memory(service.pid, "VmHWM") + watch.leader, size, got
    shutil.rmtree(source)
    return result


def plain(work, file):
    out = work / "plain.out"
    begin = time.perf_counter()
    subprocess.run(["sh", "-c", f"cat '{file}' | cat > '{out}'"], check=True, env=clean_environment())
    took = time.perf_counter() - begin
    out.unlink()
    return took


def logs(work, options):
    rows, stalls, memories = [], [], []
    for kind, make in (("text", make_text), ("base64", make_base64)):
        file = work / f"{kind}.data"
        make(file, options.megabytes)
        ours, theirs = [], []
        for number in range(options.repeat):
            took, size = alone(work, f"log-{kind}-{number}", file)
            assert size >= os.path.getsize(file), "bytes of the log are missing"
            ours.append(took)
            theirs.append(plain(work, file))
            stall, peak, _, _ = watched(work, f"log-watched-{kind}-{number}", file)
            stalls.append(stall)
            memories.append(peak)
        rows.append(row(f"log-{kind}", ours, "s", 1.5, theirs, ratio_decides=True, note=f"{options.megabytes} MB"))
    stalled, complete = [], []
    for number in range(options.repeat):
        file = work / "text.data"
        _, peak, size, got = watched(work, f"log-read-{number}", file, [0, 50_000_000])
        stalled.append(peak)
        answer = json.loads(got[0])
        complete.append(100 * answer["bytes"] / size if answer["ended"] else 0)
    rows.append(row("log-stall", stalls, "ms", 20))
    rows.append(row("log-memory", memories, "MB", 40))
    rows.append(row("log-memory-stalled", stalled, "MB", 40, note="with a reader that never reads and one of 50 MB/s"))
    rows.append(share_row("log-reader", complete, "% of the bytes", 100))
    return rows
