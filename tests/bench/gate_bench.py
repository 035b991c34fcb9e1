"""What a verdict costs quietgate itself: 500 rules in a real Prometheus, samples and evaluations every second."""
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

from support import BINARY, clean_environment, repository, row

RULES = 500


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Metrics(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = "".join(f"# HELP bench_{n} A gauge.\n# TYPE bench_{n} gauge\nbench_{n} 0\n" for n in range(RULES)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def rules_text():
    groups = []
    for group in range(10):
        rules = "".join(f"      - {{alert: Bench{n}, expr: 'bench_{n} > 1', labels: {{layer: application}}, annotations: {{summary: b}}}}\n"
                        for n in range(group, RULES, 10))
        groups.append(f"  - name: g{group}\n    interval: 1s\n    rules:\n{rules}")
    heart = "  - name: meta\n    interval: 1s\n    rules:\n      - {alert: GateWatchdog, expr: vector(1), labels: {layer: meta}}\n"
    return "groups:\n" + "".join(groups) + heart


PIPELINE = """version: 1
name: gate
on: {branches: [main]}
stages:
  look:
    verify: {prometheus: "%(url)s", last: %(window)ss, checks: [{name: zero, query: bench_0, expect: "< 1"}]}
  production:
    needs: [look]
    promote:
      branch: production
      gate: {prometheus: "%(url)s", rules: [rules.yml], during: [look], quiet_for: 1s}
"""


class Prometheus:
    def __init__(self, work):
        self.folder = work / "prometheus"
        self.folder.mkdir()
        self.exporter = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metrics)
        self.exporter.daemon_threads = True
        threading.Thread(target=self.exporter.serve_forever, daemon=True).start()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (self.folder / "rules.yml").write_text(rules_text())
        (self.folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [rules.yml]\nscrape_configs:\n"
            f"  - {{job_name: bench, static_configs: [{{targets: ['127.0.0.1:{self.exporter.server_address[1]}']}}]}}\n"
            f"  - {{job_name: prometheus, static_configs: [{{targets: ['127.0.0.1:{self.port}']}}]}}\n")
        self.process = subprocess.Popen(["prometheus", f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data",
                                         f"--web.listen-address=127.0.0.1:{self.port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.began = time.monotonic()

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.exporter.shutdown()
        self.exporter.server_close()
        shutil.rmtree(self.folder)


def missing():
    return [] if shutil.which("prometheus") else ["prometheus"]


def prepare(work, options):
    """The window needs its time: Prometheus gathers while the other benchmarks run."""
    return Prometheus(work)


def own_seconds(argv, cwd):
    """User and system time of the process itself, without those it started (promtool, git), and its answer."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(write, 1)
        os.chdir(cwd)
        os.execve(argv[0], argv, clean_environment())
    os.close(write)
    with os.fdopen(read) as out:
        text = out.read()
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    used = time.clock_gettime(~pid << 3 | 2)  # the processor clock of another process: see clock_getcpuclockid(3)
    os.waitpid(pid, 0)
    return used, text


def gate(work, options, prometheus):
    source = work / "gate-source"
    rest = options.window + 20 - (time.monotonic() - prometheus.began)
    if rest > 0:
        print(f"gate                     waits {rest:.0f} s for a window of {options.window} s", flush=True)
        time.sleep(rest)
    repository(source, PIPELINE % {"url": prometheus.url, "window": options.window}, [("rules.yml", rules_text())])
    bare = repository(work / "gate-bare", "version: 1\nname: gate\non: {branches: [main]}\nstages: {look: {test: {run: 'true'}}}\n")
    costs, verdicts = [], set()
    for number in range(options.repeat):
        with_gate, text = own_seconds([str(BINARY), "run", "--json", "--data", str(work / f"gate-{number}"), str(source)], work)
        without, _ = own_seconds([str(BINARY), "run", "--json", "--data", str(work / f"bare-{number}"), str(bare)], work)
        costs.append((with_gate - without) * 1000)
        verdicts.add(json.loads(text.strip().splitlines()[-1])["outcome"])
    prometheus.close()
    return [row("gate", costs, "ms", 100, note=f"own processor time, {RULES} rules, {options.window} s; the runs {' and '.join(sorted(verdicts))}")]
