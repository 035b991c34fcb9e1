"""What a service costs, and how fast it is, while so many runs wait: for a lock, or for the run before them."""
import statistics
import time

from support import Service, memory, repository, row

FRESH = "version: 1\nname: fresh\nconcurrency: parallel\nstages: {a: {test: {run: 'true'}}}\n"
QUEUED = """version: 1
name: queued
concurrency: %s
environment: {PYTHONUNBUFFERED: "1"}
stages:
  unit: {lock: bench, test: {run: 'sleep 1000'}}
  staging: {needs: [unit], lock: bench, apply: {processes: {app: {run: 'exec sleep 1000'}}}}
  after: {needs: [staging], test: {run: 'true'}}
"""


def milliseconds(action):
    begin = time.perf_counter()
    action()
    return (time.perf_counter() - begin) * 1000


def measure(service, waiting, repeat):
    """PSS in MB; milliseconds to a fresh run's end, of the run list and of the queue; medians."""
    for _ in range(waiting + 1):
        service.begin("queued")
    service.wait_for(lambda: len(service.ask("/api/v1/queue")["waiting"]) == waiting, f"{waiting} waiting runs", 300, 0.05)
    starts = [milliseconds(lambda: service.finish(service.begin("fresh"), pause=0.001)) for _ in range(repeat)]
    lists = [milliseconds(lambda: service.ask("/api/v1/runs?limit=50")) for _ in range(repeat)]
    queues = [milliseconds(lambda: service.ask("/api/v1/queue")) for _ in range(repeat)]
    return memory(service.pid), statistics.median(starts), statistics.median(lists), statistics.median(queues)


def end(service):
    # Who waits goes first, then who holds: nobody new begins.
    for each in service.ask("/api/v1/queue")["waiting"]:
        service.ask(f"/api/v1/runs/{each['run']}/cancel", {})
    until = time.monotonic() + 60
    while service.ask("/api/v1/queue")["waiting"] and time.monotonic() < until:
        time.sleep(0.05)


def queue(work, options):
    rows = []
    for mode, waits in (("parallel", "for a lock"), ("queue", "for the run before them")):
        figures = []
        for waiting in (10, 1000):
            name = f"queue-{mode}-{waiting}"
            repositories = [{"name": "queued", "url": repository(work / f"{name}-queued", QUEUED % mode)},
                            {"name": "fresh", "url": repository(work / f"{name}-fresh", FRESH)}]
            with Service(work, name, repositories) as service:
                service.polled()
                figures.append(measure(service, waiting, 4 * options.repeat))
                end(service)
        few, many = figures
        rows.append(row(f"queue-memory-{mode}", [(many[0] - few[0]) * 1024 / 990], "kB a waiting run", 32, note=f"they wait {waits}"))
        rows.append(row(f"queue-latency-{mode}", [many[1]], "ms", 1.5, [few[1]], ratio_decides=True, note="1,000 against 10 waiting runs"))
    return rows
