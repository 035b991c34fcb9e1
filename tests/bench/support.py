"""What all benchmarks need: repositories, a service, what it uses, rows of the result."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = pathlib.Path(os.environ.get("QUIETGATE_BINARY", ROOT / "build/release/runner/quietgate"))
HTTP_BENCH = pathlib.Path(os.environ.get("QUIETGATE_HTTP_BENCH", ROOT / "build/release/tests/http_bench"))
ASIO_RELAY = HTTP_BENCH.with_name("asio_relay")
TICK = os.sysconf("SC_CLK_TCK")


def git(folder, *arguments):
    subprocess.run(["git", "-C", str(folder), "-c", "user.name=bench", "-c", "user.email=bench@localhost", *arguments], check=True,
                   stdout=subprocess.DEVNULL)


def repository(folder, pipeline, files=()):
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / ".quietgate.yaml").write_text(pipeline)
    for name, text in files:
        (folder / name).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "bench")
    return folder


def clean_environment(**more):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, **more}


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except OSError:
        return False


def cpu_seconds(pid):
    """User and system time that the process has used."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory(pid, what="Pss"):
    """Megabytes: of /proc/PID/smaps_rollup Pss and Private_Dirty, or of /proc/PID/status VmRSS and VmHWM."""
    file = "status" if what.startswith("Vm") else "smaps_rollup"
    for line in pathlib.Path(f"/proc/{pid}/{file}").read_text().splitlines():
        if line.startswith(what + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def children(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def leaders_of(data):
    """Processes that lead a step below this data directory."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            environment_of_step = str(data).encode() in b" ".join(words)
            if environment_of_step and b"quietgate" in words[0]:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


class Service:
    """`quietgate serve` on a port of its own; a context manager that ends it."""

    def __init__(self, work, name, repositories, more=""):
        self.data = work / name
        self.config = work / f"{name}.yaml"
        lines = "".join(f"  - {{name: {each['name']}, url: {each['url']}, poll: {each.get('poll', '1h')}{each.get('more', '')}}}\n"
                        for each in repositories)
        self.config.write_text(f"data: {self.data}\nlisten: 127.0.0.1:0\nisolation: none\nretention: {{runs: 1000000}}\n{more}repositories:\n{lines}")
        self.process = None

    def start(self, seconds=20):
        (self.data / "address").unlink(missing_ok=True)
        begin = time.perf_counter()
        self.process = subprocess.Popen([str(BINARY), "serve", "--config", str(self.config)], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, env=clean_environment())
        self.wait_for(lambda: (self.data / "address").exists() and (self.data / "address").read_text().strip(), "an address", seconds)
        self.address = (self.data / "address").read_text().strip()
        self.port = self.address.rsplit(":", 1)[1]
        self.wait_for(lambda: answers(f"http://{self.address}/readyz"), "readiness", seconds)
        return (time.perf_counter() - begin) * 1000

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        for run in self.unfinished():
            with contextlib.suppress(urllib.error.HTTPError):  # it ended meanwhile
                self.ask(f"/api/v1/runs/{run}/cancel", {})
        until = time.monotonic() + 30
        while self.unfinished() and time.monotonic() < until:
            time.sleep(0.05)
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)

    def unfinished(self):
        if not self.process or self.process.poll() is not None:
            return []
        found, before = [], ""
        while before is not None:  # who runs longest began first: on the last page
            page = self.ask(f"/api/v1/runs?limit=500{before}")
            found += [run["id"] for run in page["runs"] if run["status"] != "finished"]
            before = f"&before={page['next_before']}" if page.get("next_before") else None
        return found

    @property
    def pid(self):
        return self.process.pid

    def wait_for(self, condition, what, seconds=20, pause=0.001):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            answer = condition()
            if answer:
                return answer
            if self.process.poll() is not None:
                sys.exit(f"bench: the service ended with {self.process.returncode} before {what}")
            time.sleep(pause)
        sys.exit(f"bench: {what} did not happen within {seconds} s")

    def ask(self, path, body=None):
        request = urllib.request.Request(f"http://{self.address}{path}", data=None if body is None else json.dumps(body).encode())
        if body is not None:
            request.add_header("Authorization", f"Bearer {(self.data / 'token').read_text().strip()}")
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def polled(self):
        self.wait_for(lambda: all(r["watched"] for r in self.ask("/api/v1/repositories")["repositories"]), "the first polls", 60, 0.01)

    def begin(self, name):
        return self.ask("/api/v1/runs", {"repository": name, "branch": "main"})["id"]

    def finish(self, run, seconds=120, pause=0.005):
        def over():
            document = self.ask(f"/api/v1/runs/{run}")
            return document if document["status"] == "finished" else None
        document = self.wait_for(over, f"the end of {run}", seconds, pause)
        if document["outcome"] != "passed":
            sys.exit(f"bench: {run} ended as {document['outcome']}: {document['reason']}")
        return document


def http_bench(*arguments, **keywords):
    done = subprocess.run([str(HTTP_BENCH), *map(str, arguments)], check=True, capture_output=True, **keywords)
    return json.loads(done.stdout)


def spread(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def row(name, values, unit, bar, baseline=None, ratio_decides=False, note=""):
    """One line of the result. With a baseline, the ratio is taken pair by pair; it decides where the bar is a ratio."""
    value = statistics.median(values)
    ratio = statistics.median(ours / theirs for ours, theirs in zip(values, baseline)) if baseline else None
    judged = ratio if ratio_decides else value
    shown = f"{spread(values)} {unit}"
    if baseline:
        shown += f"; baseline {spread(baseline)} {unit}; ratio {ratio:.2f}"
    print(f"{name:<24} {shown} (bar {'' if ratio_decides else ''}{bar:g}{' x' if ratio_decides else ' ' + unit}){': ' + note if note else ''}", flush=True)
    return {"name": name, "value": value, "unit": unit, "ratio": ratio, "bar": bar, "holds": judged <= bar, "least": min(values),
            "most": max(values), "baseline": statistics.median(baseline) if baseline else None, "of": "ratio" if ratio_decides else "value",
            **({"note": note} if note else {})}


def share_row(name, values, unit, bar, note=""):
    """As `row`, for what must be at least the bar."""
    value = statistics.median(values)
    print(f"{name:<24} {spread(values)} {unit} (bar at least {bar:g}){': ' + note if note else ''}", flush=True)
    return {"name": name, "value": value, "unit": unit, "ratio": None, "bar": bar, "holds": value >= bar, "least": min(values),
            "most": max(values), "baseline": None, "of": "least", **({"note": note} if note else {})}
