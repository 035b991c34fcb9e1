"""Tasks by a schedule: the second part of quietgate_listener.py."""
import math
import time

import gevent
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_STOPPING, TaskSet

BEAT = 0.02  # seconds


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


def beat(recorder):
    """How long this process itself can have held up what was due in it: for want of a processor, by a task that
    computes, by collecting garbage."""
    before = time.monotonic()
    while not recorder.over:
        gevent.sleep(BEAT)
        now = time.monotonic()
        second = recorder.current()
        second.lag = max(second.lag, now - before)
        before = now


