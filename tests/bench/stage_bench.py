"""Stages, starts, memory: what a run costs, and what a service costs that does nothing."""
import datetime
import json
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import time

import history
from nginx import Nginx
from support import BINARY, Service, children, clean_environment, memory, repository, row

STAGES = 200
ONE = "version: 1\nname: idle\nstages: {a: {test: {run: 'true'}}}\n"


def sequential_pipeline():
    lines = ["version: 1", "name: sequential", "on: {branches: [main]}", "stages:"]
    for number in range(STAGES):
        needs = f"    needs: [s{number - 1}]\n" if number else ""
        lines.append(f"  s{number}:\n{needs}    test: {{run: 'true'}}")
    return "\n".join(lines) + "\n"


def shells():
    loop = f"i=0; while [ $i -lt {STAGES} ]; do bash -eo pipefail -O inherit_errexit -c true; i=$((i+1)); done"
    begin = time.perf_counter()
    subprocess.run(["bash", "-c", loop], check=True, env=clean_environment())
    return (time.perf_counter() - begin) * 1000 / STAGES


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def one_run(source, data, isolation="none"):
    config = data.with_suffix(".yaml")
    config.write_text(f"isolation: {isolation}\nrepositories: []\n")
    done = subprocess.run([str(BINARY), "run", "--json", "--data", str(data), "--config", str(config), str(source)], check=True,
                          capture_output=True, env=clean_environment())
    result = json.loads(done.stdout.decode().strip().splitlines()[-1])
    assert result["outcome"] == "passed", result
    return (moment(result["finished_at"]) - moment(result["started_at"])) * 1000 / STAGES


def stage_overhead(work, options):
    """One run of 200 sequential stages of `true`, not isolated, against `bash -eo pipefail -c true` 200 times."""
    source = repository(work / "sequential", sequential_pipeline())
    pairs = []
    for number in range(options.repeat):
        # Removed at the end: ext4 shuns inodes that were freed lately, and looking for others takes it long.
        pairs.append((one_run(source, work / f"data-{number}"), shells()))
    ours = row("stage-overhead", [p[0] for p in pairs], "ms", 3.0, [p[1] for p in pairs], ratio_decides=True)
    return [ours]


def stage_overhead_history(work, options):
    """The same with many runs in the journal, against without."""
    source = repository(work / "sequential-history", sequential_pipeline())
    full = work / "full"
    one_run(source, full)
    history.fill(next(full.glob("here/*")), options.history)
    one_run(source, full)  # makes the projections anew
    pairs = []
    for number in range(options.repeat):
        empty = work / f"empty-{number}"
        pairs.append((one_run(source, full), one_run(source, empty)))
    return [row("stage-overhead-history", [p[0] for p in pairs], "ms", 1.1, [p[1] for p in pairs], ratio_decides=True,
                note=f"{options.history:,} runs; the baseline is an empty journal")]


SCRIPT = "date +%s%N"


def trigger_to_log(work, options):
    """From the request that starts a run to the first byte of its log, against a bare spawn of the script."""
    source = repository(work / "trigger", "version: 1\nname: trigger\nconcurrency: queue\n"
                                          f"stages: {{a: {{test: {{run: '{SCRIPT}'}}}}}}\n", [("README.md", "a file\n")])
    ours, theirs = [], []
    with Service(work, "trigger-data", [{"name": "bench", "url": source}]) as service:
        service.polled()
        for number in range(40 * options.repeat + 5):
            begin = time.time_ns()
            run = service.begin("bench")
            log = service.data / "runs" / run / "a.1" / "log"
            service.finish(run)
            printed = re.search(r"^(\d{19})$", log.read_text(errors="replace"), re.M)
            began = time.time_ns()
            bare = subprocess.run(["bash", "-eo", "pipefail", "-O", "inherit_errexit", "-c", SCRIPT], check=True, capture_output=True, env=clean_environment())
            if number < 5:
                continue  # the first ones read everything from the disk
            ours.append((int(printed.group(1)) - begin) / 1e6)
            theirs.append((int(bare.stdout) - began) / 1e6)
    middle = row("trigger-to-log", ours, "ms", 5.0, theirs, ratio_decides=True)
    p99 = sorted(ours)[int(0.99 * (len(ours) - 1))]
    tail = row("trigger-to-log-p99", [p99], "ms", 2.0, [statistics.median(ours)], ratio_decides=True, note="against its own median")
    return [middle, tail]


def held(pid, what="Pss"):
    """By the service and by what it keeps ready for steps."""
    return sum(memory(each, what) for each in (pid, *children(pid)))


def idle_memory(work, options):
    """PSS of `quietgate serve` with one repository: fresh, and after a thousand runs, with the leader that waits then."""
    fresh, written, used = [], [], []
    for number in range(options.repeat):
        source = repository(work / f"idle-{number}", ONE.replace("name: idle", "name: idle\nconcurrency: queue"))
        with Service(work, f"idle-data-{number}", [{"name": "bench", "url": source, "poll": "1s"}]) as service:
            service.polled()
            time.sleep(3)
            fresh.append(held(service.pid))
            written.append(held(service.pid, "Private_Dirty"))
            if number > 0:
                continue  # a thousand runs take a while: once
            for done in range(0, options.runs, 50):
                runs = [service.begin("bench") for _ in range(50)]
                service.finish(runs[-1], 600)
            time.sleep(3)
            used.append(held(service.pid))
    return [row("idle-memory", fresh, "MB", 8, note=f"{statistics.median(written):.1f} MB of it written to"),
            row("idle-memory-used", used, "MB", 10, note=f"after {options.runs:,} runs")]


def start(work, options):
    """From the start of `quietgate serve` to its first answer, with so many runs in the journal; nginx beside it."""
    rows = []
    source = repository(work / "start", ONE)
    nginx = Nginx(work / "nginx")
    nginx.start()  # the first one reads it from the disk
    for runs in (0, 20_000, 200_000):
        service = Service(work, f"start-{runs}", [{"name": "bench", "url": source}])
        service.start()
        service.stop()
        if runs:
            history.fill(service.data, runs)
            service.start(300)  # makes the projections anew
            service.stop()
        pairs = []
        for _ in range(options.repeat):
            ours = service.start()
            service.stop()
            pairs.append((ours, nginx.start()))
        shutil.rmtree(service.data)
        rows.append(row(f"start-{runs}", [p[0] for p in pairs], "ms", 1.0, [p[1] for p in pairs], ratio_decides=True))
    return rows
