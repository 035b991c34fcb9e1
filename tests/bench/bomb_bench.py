"""What one hostile commit costs everybody else: how long no HTTP is answered, and how much memory the service takes. All remotes are folders."""
import http.client
import pathlib
import shutil
import sys
import threading
import time

from support import ROOT, Service, git, memory, repository, row

sys.path.insert(0, str(ROOT / "tests/service"))
from bombs import BOMBS  # noqa: E402: found by the line above

OTHER = "version: 1\nname: other\nstages: {a: {test: {run: 'true'}}}\n"
PATIENCE = 120


class Silence:
    """Asks for /healthz without a pause, and remembers the longest wait for an answer."""

    def __init__(self, address):
        self.address, self.longest, self.over = address, 0.0, False
        self.thread = threading.Thread(target=self.ask)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.thread.join()

    def ask(self):
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        while not self.over:
            begin = time.perf_counter()
            try:
                connection.request("GET", "/healthz")
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                connection.close()
                self.longest = max(self.longest, time.perf_counter() - begin)
                time.sleep(0.005)
                continue
            self.longest = max(self.longest, time.perf_counter() - begin)
            time.sleep(0.002)


def source_of(work, name, bomb, scale):
    pipeline, blob = bomb(scale)
    folder = repository(work / f"bomb-{name}", pipeline)
    if blob:
        with open(folder / blob[0], "wb") as file:
            file.truncate(blob[1])
        git(folder, "-c", "core.compression=1", "add", "-A")
        git(folder, "commit", "-q", "-m", "a large file")
    return folder


def one(work, name, bomb, scale=1.0):
    """(longest silence in ms, peak memory in MB, seconds to the end, how it ended, whether another repository went on)"""
    source = source_of(work, name, bomb, scale)
    other = repository(work / f"other-{name}", OTHER)
    with Service(work, f"bombed-{name}", [{"name": "bomb", "url": source}, {"name": "other", "url": other}]) as service:
        service.polled()
        ended, went_on = "did not end", "no"
        begin = time.monotonic()
        with Silence(service.address) as silence:
            try:
                run = service.begin("bomb")
                beside = service.begin("other")
                while time.monotonic() - begin < PATIENCE:
                    if service.process.poll() is not None:
                        ended = f"the service died with {service.process.returncode}"
                        break
                    document = service.ask(f"/api/v1/runs/{run}")
                    if document["status"] == "finished":
                        ended = f"{document['outcome']}: {document['reason'][:120]}"
                        break
                    time.sleep(0.01)
                seconds = time.monotonic() - begin
                if service.ask(f"/api/v1/runs/{beside}")["status"] == "finished":
                    went_on = "yes"
            except (OSError, http.client.HTTPException, ValueError) as error:
                seconds = time.monotonic() - begin
                ended = f"no answer: {error}"
        peak = memory(service.pid, "VmHWM") if service.process.poll() is None else float("nan")
        if ended.startswith(("did not", "no answer")):
            service.process.kill()
            service.process.wait()
    shutil.rmtree(source)
    shutil.rmtree(other)
    print(f"  {name:<18} silence {silence.longest * 1000:9.1f} ms  peak {peak:8.1f} MB  {seconds:6.1f} s  other: {went_on}  {ended}", flush=True)
    return silence.longest * 1000, peak, ended


def bombs(work, options):
    silences, peaks, ends = {}, {}, {}
    for name, bomb in BOMBS.items():
        silences[name], peaks[name], ends[name] = one(work, name, bomb)
    plan = silences.pop("largest-plan")
    worst = max(silences, key=silences.get)
    largest = max(peaks, key=peaks.get)
    return [row("bombs-silence", [silences[worst]], "ms", 50, note=f"the worst of {len(silences)}: {worst}"),
            row("largest-plan-silence", [plan], "ms", 50, note="the largest plan that is accepted, in the smallest values"),
            row("bombs-memory", [peaks[largest]], "MB", 200, note=f"the most of {len(BOMBS)}: {largest}"),
            {**row("bombs-huge-blob", [peaks["huge-blob"]], "MB", 200, note=ends["huge-blob"]), "must": "big.bin has 1024 MiB"}]


if __name__ == "__main__":
    import tempfile
    with tempfile.TemporaryDirectory(prefix="quietgate-bombs-") as folder:
        for chosen in sys.argv[1:] or BOMBS:
            one(pathlib.Path(folder), chosen, BOMBS[chosen])
