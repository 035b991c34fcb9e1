"""How quietgate counts requests, and when tasks should begin: the first part of quietgate_listener.py.

Response times are counted in log-linear buckets of whole microseconds: below 512 each value has its own bucket; above,
every doubling has 256 buckets, so a bucket is narrower than 0.4 % of its values. Rows of several processes are merged
by adding what is counted per second, endpoint and bucket.
"""
import math

import gevent
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_STOPPING, TaskSet

MAX_DISTINCT = 50
MAX_ENDPOINTS = 100
MAX_TEXT = 300
OTHERS = "(others)"


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
    __slots__ = ("endpoints", "begun", "cpu", "users", "waiting")

    def __init__(self):
        self.endpoints = {}
        self.begun = 0
        self.cpu = 0.0
        self.users = None
        self.waiting = None

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

    def left_until(self, elapsed):
        """How many of this process's tasks should have begun by then and were not taken."""
        return max(0, (self.expected(elapsed) - self.next + self.step - 1) // self.step)


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
        if recorder.stopped and (recorder.until is None or due > recorder.until):
            gevent.sleep(3600)
            raise StopUser()
        recorder.current().begun += 1
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


