"""What quietgate reads from Locust: one JSON object per line, appended to the file named by QUIETGATE_LOAD_FILE.

  {"kind": "loaded", "version": 2, "locust": "2.12.1"}       once, before the locustfile is read
  {"kind": "crash", "error": "SyntaxError: ...", "file": "...", "line": 3}   the locustfile could not be used
  {"kind": "shape", "name": "Mine"}                          the locustfile has a load shape of its own
  {"kind": "started", "time": 1700000000.25}                 seconds since the epoch
  {"kind": "second", "second": 0, "users": 4, "exceptions": 0, "cpu": 0.31, "waiting": 0, "intended": 100, "begun": 99,
   "gone": {"raised": 0, "left": 0, "error": ""},
   "endpoints": [{"name": "GET /", "requests": 120, "failures": 1, "timed": 120, "sum": 812.5, "min": 1.25,
                  "max": 93.5, "buckets": [[1200, 3], ...]}, ...]}
      every second of the load without a gap, the last one in part, and what was answered after it in one more; times
      in ms; exceptions of tasks since the start; cpu: of the busiest process, in cores; waiting: requests that had been
      under way for a second or more at its end, where that is known (Locust's own HTTP clients); intended and begun:
      tasks by the schedule, where there is one; gone: users that ended in mid-load, by an
      exception (the first one's text) or by StopUser, since the start
  {"kind": "worker", "worker": "2", "words": "killed by signal 9", "lost": true, "elapsed": 12.5}
      one is gone before the load's end, or (`lost` is false) one that is there must not be
  {"kind": "workers", "joined": 1, "expected": 2}            there was no load, for workers did not come
  {"kind": "stopping", "elapsed": 45.01}                     seconds from the start to the end of the load
  {"kind": "final", "requests": 5321, "failures": 12, "exceptions": 0, "unanswered": 2, "oldest": 14.2,
   "gone": {...}, "errors": [["GET /: ...", 12, false], ...]}
      oldest: seconds that the oldest unanswered request had waited; errors: each with how often it came, and whether it
      is an exception that a task raised (which is no request; older files lack it)
  {"kind": "exit", "code": 0}

Workers send what they counted to the master, which writes the file.

A load ends with the answers to what is under way: nothing new is begun, and the users are stopped when all is answered,
or after ten seconds (or twice the longest answer so far, at most 45 s). What is not answered then, and has waited
longer than any answer took, counts as a failed request with the time that it has waited: `unanswered`.

QUIETGATE_LOAD is a JSON object: `duration` in seconds; `workers`: how many to expect; `start`: whether to start them
here; `arrivals`: [[seconds, rate at the begin, rate at the end], ...] tasks a second. With arrivals, tasks begin by that
schedule, whoever of the users is free takes the next, their own waits are left out, and the first request of a task that
began late counts from when it should have begun: a service that stalls is not spared the requests that it delays.

A worker elsewhere is started as `locust --worker --master-host HOST --master-port PORT -f THIS_FILE,LOCUSTFILE`; the
master tells it the rest.
"""
import atexit
import json
import os
import signal
import sys
import time

import gevent
import locust
import locust.runners
from gevent import GreenletExit
from locust import events
from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpSession
from locust.event import EventHook

# Debian ships Locust with an empty version, which makes a master refuse each of its workers.
if not getattr(locust.runners, "__version__", "x"):
    locust.runners.__version__ = "2.12.1"
locust.runners.WORKER_REPORT_INTERVAL = 0.5

ANSWERED_WITHIN = (10, 45)  # seconds after the load's end, at least and at most
LONG_UNDER_WAY = 1  # seconds


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
        self.unanswered = 0
        self.oldest = 0.0
        self.longest = 0.0  # seconds, of the answers that were no failures
        self.under_way = None  # by greenlet, once a client is known that tells; when it began, and its name
        self.until = None  # tasks of the schedule begin as long as they are due before it
        self.users = 0
        self.cpu = (0.0, 0.0)
        self.lag = 0
        self.stopped = self.drained = self.over = False
        self.length = None
        self.ending = None
        self.workers = None  # of a master
        self.gone = Gone()
        self.untold = Gone()  # of a worker
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
            self.look()
            if self.file and not self.stopped:
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

    def look(self):
        """Who is there at the end of the second that has just ended."""
        index = int(self.elapsed()) - 1
        if index < self.written or self.stopped:
            return
        second = self.second(index)
        second.users = self.runner.user_count
        if self.under_way is not None:
            since = time.monotonic() - LONG_UNDER_WAY
            second.waiting = sum(1 for begin, _ in self.under_way.values() if begin <= since)

    def second(self, index):
        index = max(index, self.written)
        found = self.seconds.get(index)
        if found is None:
            found = self.seconds[index] = Second()
        return found

    def current(self):
        # What comes after the end has one row: its part of a second is no rate.
        return self.second(int(self.elapsed() if self.length is None else self.length))

    def flush(self, until):
        while self.written < until and not self.over:
            s = self.seconds.pop(self.written, None) or Second()
            self.users = self.users if s.users is None else s.users
            schedule = {} if s.waiting is None else {"waiting": s.waiting}
            if self.arrivals:
                end = self.written + 1 if self.length is None else min(self.written + 1, self.length)
                intended = self.arrivals.expected(end) - self.arrivals.expected(self.written)
                schedule.update(intended=max(0, intended), begun=s.begun)
            self.write("second", second=self.written, users=self.users, exceptions=self.exceptions, cpu=round(s.cpu, 3),
                       gone=self.gone.row(), **schedule, endpoints=s.rows())
            self.written += 1

    def request(self, response_time=None, exception=None, request_type="", name="", **_):
        if self.over or self.start is None:
            return
        greenlet = gevent.getcurrent()
        if self.under_way:
            self.under_way.pop(greenlet, None)
        late = getattr(greenlet, "quietgate_late", 0.0)
        if late:
            greenlet.quietgate_late = 0.0
            if response_time is not None:
                response_time += late * 1000
        error = exception and (first_line(exception) or type(exception).__name__)
        self.add(f"{request_type} {name}", response_time, error)
        if not exception and response_time is not None:
            self.longest = max(self.longest, response_time / 1000)

    def add(self, name, milliseconds, error):
        self.requests += 1
        name = self.known(name[:MAX_TEXT])
        self.current().endpoint(name).add(milliseconds, bool(error))
        if error:
            self.failures += 1
            self.count(f"{name}: {error}")

    def known(self, name):
        if name not in self.names:
            if len(self.names) >= MAX_ENDPOINTS:
                name = OTHERS
            self.names.add(name)
        return name

    # What is under way.

    def begin(self, name):
        """A request begins, unless the load has ended: then its user waits for its own end."""
        while self.stopped and not self.drained and self.arrivals is None:
            gevent.sleep(0.25)
        if self.start is None or self.drained:
            return
        if self.under_way is None:
            self.under_way = {}
        greenlet = gevent.getcurrent()
        self.under_way[greenlet] = (time.monotonic() - getattr(greenlet, "quietgate_late", 0.0), name)

    def leave(self, cut_off):
        found = self.under_way.pop(gevent.getcurrent(), None) if self.under_way else None
        # A user that is taken away in mid-load must not take what it waited for in vain with it.
        if found and cut_off and not self.over:
            self.give_up(*found, ANSWERED_WITHIN[0])

    def give_up(self, begin, name, after):
        age = time.monotonic() - begin
        if age < after or age <= self.longest:
            return
        self.unanswered += 1
        self.oldest = max(self.oldest, age)
        self.add(name, age * 1000, "not answered")

    def patience(self):
        least, most = ANSWERED_WITHIN
        return min(most, max(least, 2 * self.longest))

    def drain(self, caller=None):
        """Waits for the answers to what was begun before the end; what has none by then is counted as it is."""
        if self.arrivals:
            left = self.arrivals.left_until(self.length)
            # With more than a twentieth of its schedule left, it is no load to be judged: it must not go on for longer.
            if left * self.arrivals.step * 20 <= self.arrivals.expected(self.length):
                self.until = self.length
        end = self.elapsed() + self.patience()
        while not self.over and self.elapsed() < end and self.is_waited_for(caller):
            gevent.sleep(0.02)
        for greenlet, (begin, name) in list((self.under_way or {}).items()):
            if greenlet is not caller and not self.over:
                self.give_up(begin, name, 0)
        self.under_way = None if self.under_way is None else {}
        self.drained = True

    def is_waited_for(self, caller):
        # Who ends the load in the middle of a request does not wait for himself.
        if any(greenlet is not caller for greenlet in self.under_way or {}):
            return True
        return bool(self.arrivals and self.until and self.arrivals.left_until(self.until) > 0)

    def count(self, text, times=1, raised=False):
        error = (text[:MAX_TEXT], raised)
        if error in self.errors or len(self.errors) < MAX_DISTINCT:
            self.errors[error] = self.errors.get(error, 0) + times

    def counted(self):
        return [[text, times, raised] for (text, raised), times in self.errors.items()]

    def raised(self, user_instance=None, exception=None, **_):
        self.exceptions += 1
        self.unsent += 1
        self.count(f"{type(exception).__name__}: {first_line(exception)}", raised=True)

    def user_is_gone(self, user, error):
        if self.start is None or self.stopped or self.over or getattr(user, "quietgate_asked", False):
            return
        text = f"{type(error).__name__}: {first_line(error)}" if error is not None else ""
        for counts in (self.gone, self.untold):
            counts.add(int(error is not None), int(error is None), text)

    # What workers counted travels with Locust's own reports.

    def report(self, data=None, **_):
        sent = data["quietgate"] = {"version": REPORT_VERSION, "process": os.getpid()}
        if self.start is None:
            return
        sent.update(
            seconds=[[index, s.begun, s.cpu, s.waiting, s.rows()] for index, s in sorted(self.seconds.items())],
            exceptions=self.unsent, errors=self.counted(), longest=self.longest,
            unanswered=self.unanswered, oldest=self.oldest, drained=self.drained, gone=self.untold.row())
        self.untold = Gone()
        self.seconds, self.errors, self.unsent, self.unanswered = {}, {}, 0, 0

    def reported(self, client_id="", data=None, **_):
        sent = (data or {}).get("quietgate")
        if self.over or not self.workers.heard(client_id, sent):
            return
        self.exceptions += sent["exceptions"]
        self.unanswered += sent["unanswered"]
        self.oldest = max(self.oldest, sent["oldest"])
        self.longest = max(self.longest, sent["longest"])
        self.gone.add(**sent["gone"])
        for text, times, raised in sent["errors"]:
            self.count(text, times, raised)
        for index, begun, cpu, waiting, rows in sent["seconds"]:
            second = self.second(index)
            second.begun += begun
            second.cpu = max(second.cpu, cpu)
            if waiting is not None:
                second.waiting = waiting + (second.waiting or 0)
            for row in rows:
                second.endpoint(self.known(row["name"])).merge(row)
                self.requests += row["requests"]
                self.failures += row["failures"]

    def end_with(self, parent):
        """A worker of a master that was killed would go on with its load for minutes."""
        while os.getppid() == parent:
            gevent.sleep(1)
        os._exit(1)

    # The end.

    def end_at(self, length):
        """A worker began a little later than its master: it has the whole load all the same."""
        gevent.sleep(max(0.0, length - self.elapsed()))
        if not self.stopped:
            self.close()
            self.drain()

    def close(self):
        self.measure()
        if self.file:
            self.flush(int(self.elapsed()) - self.lag)
        self.stopped = True
        self.length = self.elapsed()
        self.write("stopping", elapsed=round(self.length, 3))

    def stopping(self):
        """Only the first end is the load's; whoever ends it waits for what is under way. It is waited for apart from
        them: a task that ends the run takes itself down with it."""
        if self.start is None or self.over:
            return
        if not self.stopped:
            self.close_all()
        if self.ending:
            self.ending.join()

    def close_all(self):
        self.close()
        self.ending = gevent.spawn(self.await_answers, gevent.getcurrent())
        # Where a task ended the run, Locust idles on: it must be ended once more.
        self.ending.link(lambda _: gevent.spawn_later(2, self.runner.quit))

    def await_answers(self, caller):
        if self.workers:
            self.workers.drain(self.patience())
            self.drained = True
        else:
            self.drain(caller)

    def finish(self):
        if self.over:
            return
        if self.start is not None:
            # What came after the last whole second counts as well.
            whole = int(self.elapsed() if self.length is None else self.length)
            self.flush(max([whole] + [index + 1 for index, s in self.seconds.items() if s.endpoints or s.begun]))
        self.over = True
        ranked = sorted(self.counted(), key=lambda item: -item[1])
        self.write("final", requests=self.requests, failures=self.failures, exceptions=self.exceptions,
                   unanswered=self.unanswered, oldest=round(self.oldest, 3), gone=self.gone.row(), errors=ranked)

    def left(self):
        if self.start is None and self.workers:
            self.write("workers", joined=self.workers.joined, expected=self.workers.expected)
        self.file.flush()

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


def tell_of_requests(recorder, session):
    request = session.request

    def told(self, method, url, *arguments, **more):
        name = more.get("name") or (arguments[0] if arguments else None) or getattr(self, "request_name", None)
        recorder.begin(f"{method} {name or str(url).removeprefix(self.base_url) or '/'}")
        cut_off = False
        try:
            return request(self, method, url, *arguments, **more)
        except GreenletExit:
            cut_off = True
            raise
        finally:
            recorder.leave(cut_off)

    session.request = told


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
            recorder.workers = Workers(recorder, runner, recorder.plan.get("workers", 1))
            if recorder.plan.get("start"):
                recorder.workers.start(runner.server.port)
            gevent.spawn(recorder.workers.watch)
        if worker:
            runner.register_message("quietgate", on_plan)
            runner.register_message("quietgate_end", on_end)

    def on_end(msg=None, **_):
        if recorder.start is not None:
            gevent.spawn(recorder.end_at, msg.data["length"])

    def on_plan(msg=None, **_):
        recorder.plan = msg.data
        if msg.data.get("arrivals"):
            recorder.arrivals = Arrivals(msg.data["arrivals"])
            run_by_schedule(recorder)

    def on_start(**_):
        if recorder.workers:
            recorder.workers.share_out(recorder.plan)
        if recorder.arrivals and worker:
            recorder.arrivals.next = recorder.plan["index"]
            recorder.arrivals.step = max(1, recorder.plan.get("workers", 1))
        recorder.started()

    events.init.add_listener(on_init)
    tell_of_users(recorder)
    # A worker that somebody started elsewhere has settings of its own: where its master is, say.
    if not worker or os.environ.get("QUIETGATE_LOAD_MASTER"):
        events.init_command_line_parser.add_listener(lambda parser, **_: obey_the_pipeline_alone(parser, not worker))
    events.test_start.add_listener(on_start)
    # Locust 2.12 passes every request on to the two older hooks, and counts what is fired at them directly as well.
    hooks = [hook for hook in (getattr(events, name, None) for name in ("request_success", "request_failure")) if hook]
    for hook in hooks or [events.request]:
        EventHook.add_listener(hook, recorder.request)  # the class's own: theirs prints a deprecation for each listener
    events.user_error.add_listener(recorder.raised)
    for session in (HttpSession, FastHttpSession):
        tell_of_requests(recorder, session)
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
    atexit.register(recorder.left)


if "--worker" in sys.argv:
    listen(Recorder(None, {}), True)
elif os.environ.get("QUIETGATE_LOAD_FILE"):
    listen(Recorder(os.environ["QUIETGATE_LOAD_FILE"], json.loads(os.environ.get("QUIETGATE_LOAD", "{}"))), False)
