"""The workers of a load: the second part of quietgate_listener.py."""
import os
import subprocess
import sys

import gevent

REPORT_VERSION = 5  # of what workers send
MERGE_LAG = 3  # seconds that a master waits for its workers' counts


class Workers:
    """The workers of a load, as its master sees them: who belongs to it, who is gone, and who has told everything."""

    def __init__(self, recorder, runner, expected):
        self.recorder = recorder
        self.runner = runner
        self.expected = expected
        self.own = {}  # those of this machine: their processes, by name
        self.numbers = {}  # what a worker said its process is
        self.joined = 0  # at most, before the load
        self.members = set()
        self.done = set()
        self.amiss = set()

    def start(self, port):
        files = sys.argv[sys.argv.index("-f") + 1]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("QUIETGATE_LOAD")}
        environment["QUIETGATE_LOAD_MASTER"] = str(os.getpid())
        for number in range(1, self.expected + 1):
            process = subprocess.Popen([sys.executable, sys.argv[0], "--worker", "--master-host", "127.0.0.1",
                                        "--master-port", str(port), "-f", files], env=environment,
                                       stdin=subprocess.DEVNULL)
            self.own[f"{number} (process {process.pid})"] = process

    def share_out(self, plan):
        """Each worker of the load gets its part of the schedule, before the first users are asked for."""
        present = sorted(self.present(), key=self.runner.get_worker_index)
        for index, client in enumerate(present[:self.expected]):
            self.members.add(client)
            self.runner.send_message("quietgate", {**plan, "index": index}, client_id=client)

    def present(self):
        return {client.id for client in self.runner.clients.all if client.state != "missing"}

    def name_of(self, client):
        number = self.numbers.get(client)
        return next((name for name, process in self.own.items() if process.pid == number), client)

    def watch(self):
        while not self.recorder.over and not self.recorder.drained:
            self.look()
            gevent.sleep(0.25)

    def look(self):
        """A worker that is gone takes its part of the load with it, and Locust goes on without a word."""
        begun = self.recorder.start is not None
        for name, process in self.own.items():
            code = process.poll()
            # Before the load, status 0 is what Locust asks of them when others don't come.
            if code is not None and (begun or code != 0):
                self.lose(name, f"killed by signal {-code}" if code < 0 else f"exit status {code}")
        present = self.present()
        if not begun:
            self.joined = max(self.joined, len(present))
            return
        for client in self.members - present:
            self.lose(self.name_of(client), "it is no longer heard")
        for client in present - self.members:
            self.reject(client, f"is one more than the {self.expected} that were asked for")

    def lose(self, name, words):
        self.tell(name, words, lost=True)

    def reject(self, client, words):
        self.tell(self.name_of(client), words, lost=False)

    def tell(self, name, words, lost):
        if name not in self.amiss:
            self.amiss.add(name)
            elapsed = 0.0 if self.recorder.start is None else round(self.recorder.elapsed(), 3)
            self.recorder.write("worker", worker=name, words=words, lost=lost, elapsed=elapsed)

    def heard(self, client, sent):
        """Whether what it sent is of this load."""
        if not sent or sent.get("version") != REPORT_VERSION:
            if self.recorder.start is not None and not self.recorder.drained:
                self.reject(client, f"does not run {'this ' if sent else ''}quietgate's listener")
            return False
        self.numbers[client] = sent["process"]
        if sent.get("drained"):
            self.done.add(client)
        return "seconds" in sent

    def drain(self, patience):
        """Waits until all have told what was under way at the end, unless the load is spoilt anyway."""
        self.runner.send_message("quietgate_end", {"length": self.recorder.length})
        end = self.recorder.elapsed() + patience + MERGE_LAG
        while not self.recorder.over:
            # Locust ends a load whose last worker goes by itself: that is no end in order.
            self.look()
            silent = self.members & self.present() - self.done
            if self.amiss or not silent:
                break
            if self.recorder.elapsed() > end:
                for client in silent:
                    self.lose(self.name_of(client), "it did not answer at the load's end")
            gevent.sleep(0.05)


