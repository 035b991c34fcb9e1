#!/usr/bin/python3
"""Starts and stops this environment's services, for provisioners that don't do it themselves (Terraform).

  control.py open                       allow starts in the environment's directory
  control.py start NAME [--within S]    start a service (stopping an older one) and wait until it is ready
  control.py stop NAME                  end a service: TERM, wait, KILL
  control.py close                      end every service and refuse later starts
  control.py ready NAME [--within S]    exit 0 when the service is ready, 1 with the reason when not

The environment's directory is $QUIETGATE_ENVIRONMENT_DIRECTORY. A service is remembered there by process id and start
time, written by the process itself before it becomes the service: one that was started is never unknown, and a recycled
id is never signalled.
"""

import argparse
import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
COPIED = ("app", "infra/services", "infra/alerts")  # what the services need of the repository
SCRAPE_JOBS = {"app", "exporter", "node", "prometheus"}
STOP_SECONDS = 10.0
POLL_SECONDS = 0.05
ANSWER_LIMIT_BYTES = 16 << 20
LOOPBACK = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy has no business with loopback


class NotReady(Exception):
    """Says why, in words."""


# --- processes --------------------------------------------------------------------------------------------------------


def start_time(pid):
    """Start time of a living process in clock ticks since boot, None when it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


class Service:
    """One service's place in the environment: services/NAME/{pid,log,tree}."""

    def __init__(self, environment, name):
        self.name = name
        self.place = environment / "services" / name
        self.pid_file = self.place / "pid"
        self.log = self.place / "log"

    def alive(self):
        """The process id, or None."""
        try:
            pid, started = map(int, self.pid_file.read_text().split())
        except (OSError, ValueError):
            return None
        return pid if start_time(pid) == started else None

    def remember_myself(self):
        text = f"{os.getpid()} {start_time(os.getpid())}\n"
        fresh = self.pid_file.with_suffix(".new")
        fresh.write_text(text)
        fresh.rename(self.pid_file)

    def spawn(self):
        # A copy: the service outlives the checkout that it was started from.
        tree = self.place / "tree"
        shutil.rmtree(tree, ignore_errors=True)
        for folder in COPIED:
            shutil.copytree(TREE / folder, tree / folder, ignore=shutil.ignore_patterns("__pycache__"))
        with open(self.log, "ab") as log:
            return subprocess.Popen(
                [tree / "infra/services" / self.name],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # and no pipe of ours: Terraform waits for whoever holds its output
                preexec_fn=self.remember_myself,
            )

    def signal(self, number):
        """Sends a signal to the process (KILL: to its whole group); False when it is gone."""
        pid = self.alive()
        if pid is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            if number == signal.SIGKILL:
                os.killpg(pid, number)
            else:
                os.kill(pid, number)
        return True

    def last_words(self):
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_bytes()[-4000:].decode(errors="replace").splitlines()[-8:])
        return ""


def end(services):
    """Ends the services side by side."""
    began = time.monotonic()
    running = [s for s in services if s.signal(signal.SIGTERM)]
    while running and time.monotonic() - began < STOP_SECONDS:
        time.sleep(POLL_SECONDS)
        for service in [s for s in running if s.alive() is None]:
            running.remove(service)
            print(f"{service.name}: ended after {time.monotonic() - began:.1f} s", flush=True)
    for service in running:
        service.signal(signal.SIGKILL)
        print(f"{service.name}: killed, it did not end within {STOP_SECONDS:.0f} s", flush=True)
    for service in services:
        service.pid_file.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(environment):
    """Starts and stops of one environment, one after another."""
    folder = environment / "services"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield folder / "closed"


# --- readiness --------------------------------------------------------------------------------------------------------


def get(url):
    try:
        with LOOPBACK.open(url, timeout=2) as answer:
            return answer.read(ANSWER_LIMIT_BYTES)
    except urllib.error.HTTPError as error:
        raise NotReady(f"{url} answers {error.code}") from None
    except OSError as error:
        raise NotReady(f"{url}: {getattr(error, 'reason', error)}") from None


def port(name):
    return f"http://127.0.0.1:{int(os.environ[name])}"


def prometheus(path, **form):
    answer = json.loads(get(f"{port('PROMETHEUS_PORT')}{path}?{urllib.parse.urlencode(form)}"))
    if answer["status"] != "success":
        raise NotReady(answer.get("error", "the metrics server says no"))
    return answer["data"]


def number(query):
    result = prometheus("/api/v1/query", query=query)["result"]
    if not result:
        raise NotReady(f"no data yet for {query}")
    return float(result[0]["value"][1])


def prometheus_ready():
    """Ready means: every target was scraped twice, and every rule was evaluated since the first scrape."""
    get(f"{port('PROMETHEUS_PORT')}/-/ready")
    targets = prometheus("/api/v1/targets", state="active")["activeTargets"]
    missing = SCRAPE_JOBS - {t["labels"]["job"] for t in targets}
    if missing:
        raise NotReady(f"no target yet for {', '.join(sorted(missing))}")
    for target in targets:
        if target["health"] != "up":
            raise NotReady(f"target {target['labels']['job']} is {target['health']} {target['lastError']}".rstrip())
    if number("count(count_over_time(up[1m]) >= 2)") < len(targets):
        raise NotReady("not every target was scraped twice yet")
    groups = prometheus("/api/v1/rules")["groups"]
    if not groups:
        raise NotReady("no rules are loaded")
    for rule in (r for g in groups for r in g["rules"]):
        if rule["health"] != "ok":
            raise NotReady(f"rule {rule['name']} is {rule['health']} {rule.get('lastError', '')}".rstrip())
    if number("count(gate:heartbeat)") < len(groups) or number("time() - min(gate:heartbeat)") >= 1:
        raise NotReady("not every rule group was evaluated since the first scrape yet")


READY = {
    "app": lambda: get(f"{port('APP_PORT')}/healthz"),
    "exporter": lambda: get(f"{port('EXPORTER_PORT')}/metrics/app"),
    "node": lambda: get(f"{port('NODE_PORT')}/metrics"),
    "prometheus": prometheus_ready,
}


def wait_ready(name, within, process=None):
    """Returns the seconds it took; raises NotReady with the last reason at the deadline, or when `process` ended."""
    began = time.monotonic()
    while True:
        try:
            READY[name]()
            # Somebody else may answer on the port that the service could not get.
            if process is None or process.poll() is None:
                return time.monotonic() - began
        except NotReady as reason:
            if time.monotonic() - began >= within:
                deadline = f" within {within:g} s" if within else ""
                raise NotReady(f"{name} is not ready{deadline}: {reason}") from None
        if process is not None and process.poll() is not None:
            raise NotReady(f"{name} ended with {process.returncode} while it started")
        time.sleep(POLL_SECONDS)


# --- verbs ------------------------------------------------------------------------------------------------------------


def start(environment, name, within):
    service = Service(environment, name)
    with locked(environment) as closed:
        if closed.exists():
            raise NotReady(f"{environment} was closed: {name} is not started")
        service.place.mkdir(exist_ok=True)
        end([service])
        process = service.spawn()
    try:
        took = wait_ready(name, within, process)
    except NotReady as reason:
        with locked(environment):
            if service.alive() == process.pid:
                end([service])
        raise NotReady(f"{reason}\nthe end of {service.log}:\n{service.last_words()}") from None
    print(f"{name}: ready after {took:.2f} s, process {process.pid}, log {service.log}", flush=True)


def close(environment):
    with locked(environment) as closed:
        closed.touch()
        end([Service(environment, name) for name in READY])


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("open")
    verbs.add_parser("close")
    verbs.add_parser("stop").add_argument("name", choices=READY)
    for verb, seconds in (("start", 30.0), ("ready", 0.0)):
        command = verbs.add_parser(verb)
        command.add_argument("name", choices=READY)
        command.add_argument("--within", type=float, default=seconds, metavar="S")
    return parser.parse_args()


def environment_directory():
    directory = Path(os.environ.get("QUIETGATE_ENVIRONMENT_DIRECTORY", ""))
    if not directory.is_absolute():
        sys.exit("control.py: QUIETGATE_ENVIRONMENT_DIRECTORY must be the absolute path of the environment's directory")
    return directory


def main():
    given = arguments()
    try:
        if given.verb == "ready":
            wait_ready(given.name, given.within)
            return
        environment = environment_directory()
        if given.verb == "start":
            start(environment, given.name, given.within)
        elif given.verb == "close":
            close(environment)
        else:
            with locked(environment) as closed:
                if given.verb == "open":
                    closed.unlink(missing_ok=True)
                else:
                    end([Service(environment, given.name)])
    except NotReady as reason:
        sys.exit(f"control.py: {reason}")


if __name__ == "__main__":
    main()
