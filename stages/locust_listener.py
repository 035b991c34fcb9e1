"""What quietgate reads from Locust: one JSON object per line, appended to the file named by QUIETGATE_LOAD_FILE.

  {"kind": "loaded", "version": 2, "locust": "2.12.1"}       once, before the locustfile is read
  {"kind": "crash", "error": "SyntaxError: ...", "file": "...", "line": 3}   the locustfile could not be used
  {"kind": "shape", "name": "Mine"}                          the locustfile has a load shape of its own
  {"kind": "started", "time": 1700000000.25}                 seconds since the epoch
  {"kind": "second", "second": 0, "users": 4, "exceptions": 0, "cpu": 0.31, "intended": 100, "begun": 99, "endpoints":
   [{"name": "GET /", "requests": 120, "failures": 1, "timed": 120, "sum": 812.5, "min": 1.25, "max": 93.5,
     "buckets": [[1200, 3], ...]}, ...]}
      every second of the load without a gap, the last one in part; times in ms; exceptions of tasks since the start;
      cpu: of the busiest process, in cores; intended and begun: tasks by the schedule, where there is one
  {"kind": "worker", "worker": "2", "words": "killed by signal 9", "elapsed": 12.5}    one is gone before the load's end
  {"kind": "stopping", "elapsed": 45.01}                     seconds from the start to the end of the load
  {"kind": "final", "requests": 5321, "failures": 12, "exceptions": 0, "errors": [["GET /: ...", 12], ...]}
  {"kind": "exit", "code": 0}

Response times are counted in log-linear buckets of whole microseconds: below 512 each value has its own bucket; above,
every doubling has 256 buckets, so a bucket is narrower than 0.4 % of its values. Rows of several processes are merged
by adding what is counted per second, endpoint and bucket: workers send theirs to the master, which writes the file.

QUIETGATE_LOAD is a JSON object: `duration` in seconds; `workers`: how many to expect; `start`: whether to start them
here; `arrivals`: [[seconds, rate at the begin, rate at the end], ...] tasks a second. With arrivals, tasks begin by that
schedule, whoever of the users is free takes the next, their own waits are left out, and the first request of a task that
began late counts from when it should have begun: a service that stalls is not spared the requests that it delays.

A worker elsewhere is started as `locust --worker --master-host HOST --master-port PORT -f THIS_FILE,LOCUSTFILE`; the
master tells it the rest.
"""
import atexit
import json
import math
import os
import signal
import subprocess
import sys
import time

import gevent
import locust
import locust.runners
from locust import events
from locust.event import EventHook
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_STOPPING, TaskSet

# Debian ships Locust with an empty version, which makes a master refuse each of its workers.
if not getattr(locust.runners, "__version__", "x"):
    locust.runners.__version__ = "2.12.1"
locust.runners.WORKER_REPORT_INTERVAL = 0.5

MAX_DISTINCT = 50
MAX_ENDPOINTS = 100
MAX_TEXT = 300
OTHERS = "(others)"
MERGE_LAG = 3  # seconds that a master waits for its workers' counts


def bucket_of(milliseconds):
    value = int(milliseconds * 1000)
    if value < 512:
        return value if value > 0 else 0
    exponent = value.bit_length() - 9
    return (exponent << 8) + (value >> exponent)


def first_line(text):
    lines = str(text).strip().splitlines()
    return lines[0][:MAX_TEXT] if lines else ""


class Endpoint:
    __slots__ = ("requests", "failures", "timed", "sum", "min", "max", "buckets")

    def __init__(self):
        self.requests = self.failures = self.timed = 0
        self.sum = self.max = 0.0
        self.min = None
        self.buckets = {}

    def add(self, milliseconds, failed):
        self.requests += 1
        if failed:
            self.failures += 1
        if milliseconds is None or not 0 <= milliseconds < 1e9:
            return
        self.timed += 1
        self.sum += milliseconds
        if self.min is None or milliseconds < self.min:
            self.min = milliseconds
        if milliseconds > self.max:
            self.max = milliseconds
        bucket = bucket_of(milliseconds)
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1

    def row(self, name):
        return {"name": name, "requests": self.requests, "failures": self.failures, "timed": self.timed,
                "sum": round(self.sum, 3), "min": round(self.min or 0.0, 3), "max": round(self.max, 3),
                "buckets": sorted(self.buckets.items())}

    def merge(self, row):
        self.requests += row["requests"]
        self.failures += row["failures"]
        if row["timed"]:
            self.timed += row["timed"]
            self.sum += row["sum"]
            self.min = row["min"] if self.min is None else min(self.min, row["min"])
            self.max = max(self.max, row["max"])
            for bucket, count in row["buckets"]:
                self.buckets[bucket] = self.buckets.get(bucket, 0) + count


class Second:
    __slots__ = ("endpoints", "begun", "cpu")

    def __init__(self):
        self.endpoints = {}
        self.begun = 0
        self.cpu = 0.0

    def endpoint(self, name):
        found = self.endpoints.get(name)
        if found is None:
            if len(self.endpoints) >= MAX_ENDPOINTS:
                name = OTHERS
            found = self.endpoints.setdefault(name, Endpoint())
        return found

    def rows(self):
        return [endpoint.row(name) for name, endpoint in sorted(self.endpoints.items())]


class Arrivals:
    """When the n-th task should begin, in seconds after the start; processes take every so many-th."""

    def __init__(self, phases):
        self.phases = phases
        self.next = 0
        self.step = 1

    def expected(self, elapsed):
        count = 0.0
        for seconds, begin, end in self.phases:
            part = min(max(elapsed, 0.0), seconds)
            count += begin * part + (end - begin) * part * part / (2 * seconds)
            elapsed -= seconds
            if elapsed <= 0:
                break
        return math.floor(count + 1e-9)

    def due(self, number):
        before = 0.0
        wanted = number + 1.0
        for seconds, begin, end in self.phases:
            total = (begin + end) / 2 * seconds
            if wanted <= total + 1e-9:
                slope = (end - begin) / seconds
                if abs(slope) < 1e-12:
                    return before + wanted / begin
                return before + (math.sqrt(max(0.0, begin * begin + 2 * slope * wanted)) - begin) / slope
            wanted -= total
            before += seconds
        return None

    def take(self):
        number = self.next
        self.next += self.step
        return self.due(number)


class Recorder:
    def __init__(self, path, plan):
        self.file = open(path, "w", buffering=1, encoding="utf-8") if path else None
        self.plan = plan
        self.arrivals = Arrivals(plan["arrivals"]) if plan.get("arrivals") else None
        self.runner = None
        self.start = None
        self.seconds = {}
        self.names = set()
        self.written = 0
        self.requests = self.failures = self.exceptions = 0
        self.unsent = 0
        self.errors = {}
        self.users = 0
        self.cpu = (0.0, 0.0)
        self.lag = 0
        self.stopped = self.over = False
        self.length = None
        self.workers = {}
        self.lost = set()
        self.write("loaded", version=2, locust=locust.runners.__version__)

    def write(self, kind, **fields):
        if self.file:
            self.file.write(json.dumps({"kind": kind, **fields}, allow_nan=False) + "\n")

    def elapsed(self):
        return time.monotonic() - self.start

    def started(self):
        if self.start is not None:
            return
        self.start = time.monotonic()
        self.cpu = (self.start, time.process_time())
        self.write("started", time=time.time())
        gevent.spawn(self.tick)
        if self.file and self.plan.get("duration"):
            gevent.spawn_later(self.plan["duration"], self.end)

    def end(self):
        if not self.stopped and not self.over:
            self.runner.quit()

    def tick(self):
        due = 1
        while not self.over:
            gevent.sleep(max(0.001, due - self.elapsed()))
            self.measure()
            if self.file:
                self.flush(int(self.elapsed()) - self.lag)
            due = int(self.elapsed()) + 1

    def measure(self):
        """The processor time of the second that has just ended, booked to it."""
        now, used = time.monotonic(), time.process_time()
        before, used_before = self.cpu
        if now - before > 0.2:
            second = self.second(max(0, int(now - self.start) - 1))
            second.cpu = max(second.cpu, (used - used_before) / (now - before))
            self.cpu = (now, used)

    def second(self, index):
        index = max(index, self.written)
        found = self.seconds.get(index)
        if found is None:
            found = self.seconds[index] = Second()
        return found

    def flush(self, until):
        if self.runner and not self.stopped:
            self.users = self.runner.user_count
        while self.written < until and not self.over:
            s = self.seconds.pop(self.written, None) or Second()
            schedule = {}
            if self.arrivals:
                intended = self.arrivals.expected(self.written + 1) - self.arrivals.expected(self.written)
                schedule = {"intended": intended, "begun": s.begun}
            self.write("second", second=self.written, users=self.users, exceptions=self.exceptions, cpu=round(s.cpu, 3),
                       **schedule, endpoints=s.rows())
            self.written += 1

    def request(self, response_time=None, exception=None, request_type="", name="", **_):
        if self.over or self.start is None:
            return
        greenlet = gevent.getcurrent()
        late = getattr(greenlet, "quietgate_late", 0.0)
        if late:
            greenlet.quietgate_late = 0.0
            if response_time is not None:
                response_time += late * 1000
        self.requests += 1
        name = f"{request_type} {name}"[:MAX_TEXT]
        if name not in self.names:
            if len(self.names) >= MAX_ENDPOINTS:
                name = OTHERS
            self.names.add(name)
        self.second(int(self.elapsed())).endpoint(name).add(response_time, bool(exception))
        if exception:
            self.failures += 1
            self.count(f"{name}: {first_line(exception) or type(exception).__name__}")

    def count(self, text, times=1):
        text = text[:MAX_TEXT]
        if text in self.errors or len(self.errors) < MAX_DISTINCT:
            self.errors[text] = self.errors.get(text, 0) + times

    def raised(self, user_instance=None, exception=None, **_):
        self.exceptions += 1
        self.unsent += 1
        self.count(f"raised {type(exception).__name__}: {first_line(exception)}")

    # What workers counted travels with Locust's own reports.

    def report(self, data=None, **_):
        if self.start is None:
            return
        data["quietgate"] = {
            "seconds": [[index, s.begun, s.cpu, s.rows()] for index, s in sorted(self.seconds.items())],
            "exceptions": self.unsent, "errors": list(self.errors.items())}
        self.seconds, self.errors, self.unsent = {}, {}, 0

    def reported(self, data=None, **_):
        sent = (data or {}).get("quietgate")
        if not sent or self.over:
            return
        self.exceptions += sent["exceptions"]
        for text, times in sent["errors"]:
            self.count(text, times)
        for index, begun, cpu, rows in sent["seconds"]:
            second = self.second(index)
            second.begun += begun
            second.cpu = max(second.cpu, cpu)
            for row in rows:
                name = row["name"]
                if name not in self.names:
                    if len(self.names) >= MAX_ENDPOINTS:
                        name = OTHERS
                    self.names.add(name)
                second.endpoint(name).merge(row)
                self.requests += row["requests"]
                self.failures += row["failures"]

    # Workers.

    def start_workers(self, port):
        files = sys.argv[sys.argv.index("-f") + 1]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("QUIETGATE_LOAD")}
        environment["QUIETGATE_LOAD_MASTER"] = str(os.getpid())
        for number in range(1, self.plan["workers"] + 1):
            process = subprocess.Popen([sys.executable, sys.argv[0], "--worker", "--master-host", "127.0.0.1",
                                        "--master-port", str(port), "-f", files], env=environment,
                                       stdin=subprocess.DEVNULL)
            self.workers[f"{number} (process {process.pid})"] = process

    def end_with(self, parent):
        """A worker of a master that was killed would go on with its load for minutes."""
        while os.getppid() == parent:
            gevent.sleep(1)
        os._exit(1)

    def watch_workers(self):
        """A worker that is gone takes its part of the load with it, and Locust goes on without a word."""
        joined = set()
        while not self.over:
            gevent.sleep(0.25)
            if self.stopped:
                continue
            for name, process in self.workers.items():
                code = process.poll()
                if code is not None:
                    self.lose(name, f"killed by signal {-code}" if code < 0 else f"exit status {code}")
            if self.workers:
                continue
            present = {client.id for client in self.runner.clients.all if client.state != "missing"}
            for gone in joined - present:
                self.lose(gone, "it is no longer heard")
            joined |= present

    def lose(self, name, words):
        if name not in self.lost:
            self.lost.add(name)
            self.write("worker", worker=name, words=words, elapsed=round(self.elapsed(), 3) if self.start else 0.0)

    def stopping(self):
        # A task that ends the run takes itself down with it, and Locust idles on: it must be ended once more. Only the
        # first end is the load's.
        if self.start is not None and not self.stopped and not self.over:
            self.measure()
            self.flush(int(self.elapsed()) - self.lag)
            self.stopped = True
            self.length = self.elapsed()
            self.write("stopping", elapsed=round(self.length, 3))
            gevent.spawn_later(2, self.runner.quit)

    def finish(self):
        if self.over:
            return
        if self.start is not None:
            # What came after the last whole second counts as well.
            whole = int(self.elapsed() if self.length is None else self.length)
            self.flush(max([whole] + [index + 1 for index, s in self.seconds.items() if s.endpoints]))
        self.over = True
        ranked = sorted(self.errors.items(), key=lambda item: -item[1])
        self.write("final", requests=self.requests, failures=self.failures, exceptions=self.exceptions, errors=ranked)

    def crashed(self, kind, value, trace):
        """A traceback that ends Locust: say which line of which file, so that nobody must search the log for it."""
        file, line = getattr(value, "filename", None), getattr(value, "lineno", None)
        if not isinstance(value, SyntaxError):
            file, line = None, None
            while trace is not None:
                name = trace.tb_frame.f_code.co_filename
                if "/dist-packages/" not in name and "/site-packages/" not in name and not name.startswith("<frozen"):
                    file, line = name, trace.tb_lineno
                trace = trace.tb_next
        text = first_line(getattr(value, "msg", None) if isinstance(value, SyntaxError) else value)
        self.write("crash", error=f"{kind.__name__}: {text}", file=str(file or ""), line=int(line or 0))


def run_by_schedule(recorder):
    execute = TaskSet.execute_next_task

    def execute_next_task(tasks):
        task = tasks._task_queue[0]
        if isinstance(task, type) and issubclass(task, TaskSet):
            return execute(tasks)  # its own tasks are what arrives
        due = recorder.arrivals.take()
        if due is None:
            gevent.sleep(3600)  # the schedule is over; the load's end is near
            raise StopUser()
        wait = due - recorder.elapsed()
        if wait > 0:
            gevent.sleep(wait)
        recorder.second(int(recorder.elapsed())).begun += 1
        # What the loop itself is late by belongs to the generator, not to the service: below a millisecond it is noise.
        late = recorder.elapsed() - due
        gevent.getcurrent().quietgate_late = late if late >= 0.001 else 0.0
        return execute(tasks)

    def wait(tasks):
        if tasks.user._state == LOCUST_STATE_STOPPING:
            raise StopUser()
        gevent.sleep(0)

    TaskSet.execute_next_task = execute_next_task
    TaskSet.wait = wait


def listen(recorder, worker):
    def on_crash(kind, value, trace):
        recorder.crashed(kind, value, trace)
        sys.__excepthook__(kind, value, trace)

    def on_init(environment, runner, **_):
        recorder.runner = runner
        # gevent's clock stood still while the locustfile was read.
        gevent.get_hub().loop.update_now()
        shapes = getattr(environment, "available_shape_classes", None) or {}
        own = [name for name in shapes if name not in ("Default", "QuietgateShape")]
        if own and "QuietgateShape" in shapes:
            recorder.write("crash", error=f"the pipeline has a `shape`, and the locustfile its own ({own[0]}): keep one",
                           file="", line=0)
            sys.exit(1)
        if own:
            recorder.write("shape", name=own[0])
        if isinstance(runner, locust.runners.MasterRunner):
            recorder.lag = MERGE_LAG
            events.worker_report.add_listener(recorder.reported)
            if recorder.plan.get("start"):
                recorder.start_workers(runner.server.port)
            gevent.spawn(recorder.watch_workers)
        if worker:
            runner.register_message("quietgate", on_plan)

    def on_plan(msg=None, **_):
        recorder.plan = msg.data
        if msg.data.get("arrivals"):
            recorder.arrivals = Arrivals(msg.data["arrivals"])
            run_by_schedule(recorder)

    def on_start(**_):
        if isinstance(recorder.runner, locust.runners.MasterRunner):
            recorder.runner.send_message("quietgate", recorder.plan)  # before the first users are asked for
        if recorder.arrivals and worker:
            recorder.arrivals.next = max(0, recorder.runner.worker_index)
            recorder.arrivals.step = max(1, recorder.plan.get("workers", 1))
        recorder.started()

    events.init.add_listener(on_init)
    events.test_start.add_listener(on_start)
    # Locust 2.12 passes every request on to the two older hooks, and counts what is fired at them directly as well.
    hooks = [hook for hook in (getattr(events, name, None) for name in ("request_success", "request_failure")) if hook]
    for hook in hooks or [events.request]:
        EventHook.add_listener(hook, recorder.request)  # the class's own: theirs prints a deprecation for each listener
    events.user_error.add_listener(recorder.raised)
    if recorder.arrivals and not worker:
        run_by_schedule(recorder)
    if worker:
        # The end comes from the master, and what was counted goes to it first.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        events.report_to_master.add_listener(recorder.report)
        if os.environ.get("QUIETGATE_LOAD_MASTER"):
            gevent.spawn(recorder.end_with, int(os.environ["QUIETGATE_LOAD_MASTER"]))
        return
    sys.excepthook = on_crash
    events.test_stopping.add_listener(lambda **_: recorder.stopping())
    events.quitting.add_listener(lambda **_: recorder.finish())
    events.quit.add_listener(lambda exit_code, **_: recorder.write("exit", code=exit_code))
    atexit.register(recorder.file.flush)


if "--worker" in sys.argv:
    listen(Recorder(None, {}), True)
elif os.environ.get("QUIETGATE_LOAD_FILE"):
    listen(Recorder(os.environ["QUIETGATE_LOAD_FILE"], json.loads(os.environ.get("QUIETGATE_LOAD", "{}"))), False)
