"""What quietgate reads from Locust: one JSON object per line, appended to the file named by QUIETGATE_LOAD_FILE.

  {"kind": "loaded", "version": 1, "locust": "2.12.1"}       once, before the locustfile is read
  {"kind": "crash", "error": "SyntaxError: ...", "file": "...", "line": 3}   the locustfile could not be used
  {"kind": "started", "time": 1700000000.25}                 seconds since the epoch
  {"kind": "second", "second": 0, "users": 4, "exceptions": 0, "requests": 120, "failures": 1, "timed": 120,
   "sum": 812.5, "min": 1.25, "max": 93.5, "buckets": [[1200, 3], ...]}
      every second of the load without a gap, the last one in part; times in ms; exceptions of tasks since the start
  {"kind": "stopping", "elapsed": 45.01}                     seconds from the start to the end of the load
  {"kind": "final", "requests": 5321, "failures": 12, "exceptions": 0, "errors": [["GET /: ...", 12], ...]}
  {"kind": "exit", "code": 0}

Response times are counted in log-linear buckets of whole microseconds: below 512 each value has its own bucket; above,
every doubling has 256 buckets, so a bucket is narrower than 0.4 % of its values. Rows of several processes can be
merged by adding what is counted per second and per bucket.
"""
import atexit
import json
import os
import sys
import time

import gevent
import locust
import locust.runners
from locust import events
from locust.event import EventHook

# Debian ships Locust with an empty version, which makes a master refuse each of its workers.
if not getattr(locust.runners, "__version__", "x"):
    locust.runners.__version__ = "2.12.1"

MAX_DISTINCT = 50
MAX_TEXT = 300


def bucket_of(milliseconds):
    value = int(milliseconds * 1000)
    if value < 512:
        return value if value > 0 else 0
    exponent = value.bit_length() - 9
    return (exponent << 8) + (value >> exponent)


def first_line(text):
    lines = str(text).strip().splitlines()
    return lines[0][:MAX_TEXT] if lines else ""


class Second:
    __slots__ = ("requests", "failures", "timed", "sum", "min", "max", "buckets")

    def __init__(self):
        self.requests = self.failures = self.timed = 0
        self.sum = self.max = 0.0
        self.min = None
        self.buckets = {}


class Recorder:
    def __init__(self, path):
        self.file = open(path, "w", buffering=1, encoding="utf-8")
        self.runner = None
        self.start = None
        self.seconds = {}
        self.written = 0
        self.requests = self.failures = self.exceptions = 0
        self.errors = {}
        self.users = 0
        self.stopped = self.over = False
        self.write("loaded", version=1, locust=locust.runners.__version__)

    def write(self, kind, **fields):
        self.file.write(json.dumps({"kind": kind, **fields}, allow_nan=False) + "\n")

    def elapsed(self):
        return time.monotonic() - self.start

    def started(self):
        if self.start is not None:
            return
        self.start = time.monotonic()
        self.write("started", time=time.time())
        gevent.spawn(self.tick)

    def tick(self):
        while not self.over:
            gevent.sleep(max(0.001, self.written + 1 - self.elapsed()))
            self.flush(int(self.elapsed()))

    def flush(self, until):
        if self.runner and not self.stopped:
            self.users = self.runner.user_count
        while self.written < until and not self.over:
            s = self.seconds.pop(self.written, None) or Second()
            self.write("second", second=self.written, users=self.users, exceptions=self.exceptions,
                       requests=s.requests, failures=s.failures, timed=s.timed, sum=round(s.sum, 3),
                       min=round(s.min or 0.0, 3), max=round(s.max, 3), buckets=sorted(s.buckets.items()))
            self.written += 1

    def request(self, response_time=None, exception=None, request_type="", name="", **_):
        if self.over or self.start is None:
            return
        index = max(int(time.monotonic() - self.start), self.written)
        second = self.seconds.get(index)
        if second is None:
            second = self.seconds[index] = Second()
        second.requests += 1
        self.requests += 1
        if exception:
            second.failures += 1
            self.failures += 1
            self.count(f"{request_type} {name}: {first_line(exception) or type(exception).__name__}")
        if response_time is None or not 0 <= response_time < 1e9:
            return
        second.timed += 1
        second.sum += response_time
        if second.min is None or response_time < second.min:
            second.min = response_time
        if response_time > second.max:
            second.max = response_time
        bucket = bucket_of(response_time)
        second.buckets[bucket] = second.buckets.get(bucket, 0) + 1

    def count(self, text):
        text = text[:MAX_TEXT]
        if text in self.errors or len(self.errors) < MAX_DISTINCT:
            self.errors[text] = self.errors.get(text, 0) + 1

    def raised(self, user_instance=None, exception=None, **_):
        self.exceptions += 1
        self.count(f"raised {type(exception).__name__}: {first_line(exception)}")

    def stopping(self):
        # A task that ends the run takes itself down with it, and Locust idles on until its time is up and ends again:
        # only the first end is the load's.
        if self.start is not None and not self.stopped and not self.over:
            self.flush(int(self.elapsed()))
            self.stopped = True
            self.write("stopping", elapsed=round(self.elapsed(), 3))

    def finish(self):
        if self.over:
            return
        if self.start is not None:
            # What came after the last whole second counts as well.
            self.flush(max([int(self.elapsed())] + [index + 1 for index in self.seconds]))
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


def listen(recorder):
    def on_crash(kind, value, trace):
        recorder.crashed(kind, value, trace)
        sys.__excepthook__(kind, value, trace)

    def on_init(environment, runner, **_):
        recorder.runner = runner
        # gevent's clock stood still while the locustfile was read: Locust's run time, begun next, would be over early.
        gevent.get_hub().loop.update_now()

    sys.excepthook = on_crash
    events.init.add_listener(on_init)
    events.test_start.add_listener(lambda **_: recorder.started())
    events.test_stopping.add_listener(lambda **_: recorder.stopping())
    # Locust 2.12 passes every request on to the two older hooks, and counts what is fired at them directly as well.
    hooks = [hook for hook in (getattr(events, name, None) for name in ("request_success", "request_failure")) if hook]
    for hook in hooks or [events.request]:
        EventHook.add_listener(hook, recorder.request)  # the class's own: theirs prints a deprecation for each listener
    events.user_error.add_listener(recorder.raised)
    events.quitting.add_listener(lambda **_: recorder.finish())
    events.quit.add_listener(lambda exit_code, **_: recorder.write("exit", code=exit_code))
    atexit.register(recorder.file.flush)


if os.environ.get("QUIETGATE_LOAD_FILE"):
    listen(Recorder(os.environ["QUIETGATE_LOAD_FILE"]))
