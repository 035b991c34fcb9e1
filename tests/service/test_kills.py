"""SIGKILL at random moments: of the service, and of leaders. QUIETGATE_KILLS says how many (scripts/kills: 100)."""
import collections
import json
import os
import random
import re
import signal
import subprocess
import time

from service import ServiceTest, git, until

KILLS = int(os.environ.get("QUIETGATE_KILLS", "8"))
SEED = int(os.environ.get("QUIETGATE_SEED", "1"))
LINES = 300

PIPELINE = """version: 1
name: hello
on: {branches: [main]}
concurrency: queue
stages:
  unit:%(retry)s
    test: {run: 'echo "$QUIETGATE_RUN $QUIETGATE_STAGE $QUIETGATE_ATTEMPT" >>%(begun)s; for i in $(seq 1 %(half)d); do echo "line $i"; done; sleep 0.15; for i in $(seq %(next)d %(lines)d); do echo "line $i"; done'}
  staging:%(retry)s
    apply:
      ports: [web]
      processes:
        web:
          run: exec /usr/bin/python3 -m http.server ${{ ports.web }} --bind 127.0.0.1
          ready: {http: "http://127.0.0.1:${{ ports.web }}/", within: 20s}
      outputs: {url: "http://127.0.0.1:${{ ports.web }}"}
  smoke:%(retry)s
    needs: [staging]
    environment: {URL: "${{ stages.staging.outputs.url }}"}
    test: {run: 'echo "$QUIETGATE_RUN $QUIETGATE_STAGE $QUIETGATE_ATTEMPT" >>%(begun)s; sleep 0.1; curl -sf $URL/ >/dev/null'}
  production:
    needs: [unit, smoke]
    promote: {branch: production}
"""


class Kills(ServiceTest):
    def begin(self, retry=""):
        self.random = random.Random(SEED)
        self.begun = self.folder / "begun"
        self.begun.touch()
        self.pipeline = PIPELINE % {"begun": self.begun, "lines": LINES, "half": LINES // 2, "next": LINES // 2 + 1, "retry": retry}
        self.commits = []
        git(self.remote, "config", "core.logAllRefUpdates", "always")
        self.start()

    def more_work(self):
        """Keeps a few runs waiting: a kill must find something to kill."""
        ended = [run for run in self.get("/api/v1/runs?limit=500")["runs"] if run["status"] == "finished"]
        if len(self.commits) - len(ended) < 2:
            self.commits.append(self.push(self.pipeline, message=f"change {len(self.commits) + 1}"))
            # Each commit shall have its run: two pushes between two polls would be one movement of the branch.
            until(lambda: self.run_of(len(self.commits)), f"the run of commit {len(self.commits)}")

    def all_ended(self):
        for number in range(1, len(self.commits) + 1):
            self.finished(number, 120)
        self.assertIsNone(self.run_of(len(self.commits) + 1), "a run that nobody asked for")

    def settle(self, table):
        """What must hold whatever was killed; the table of outcomes is printed, for the record."""
        promoted = []
        for number, commit in enumerate(self.commits, 1):
            run = self.run_of(number)
            self.assertEqual(run["commit"], commit, "a commit was lost, or ran twice")
            table["run " + run["outcome"]] += 1
            for stage in run["stages"]:
                table["attempts"] += len(stage["attempts"])
                table["retried"] += max(0, len(stage["attempts"]) - 1)
            if run["outcome"] == "passed":
                promoted.append(commit)
                lines = [line for line in self.stage_log(number, "unit").splitlines() if re.fullmatch(r"line \d+", line)]
                table["log lines lost"] += LINES - len(set(lines))
                table["log lines doubled"] += len(lines) - len(set(lines))
        begun = self.begun.read_text().splitlines()
        table["attempts begun twice"] = len(begun) - len(set(begun))
        moves = [line.split()[1] for line in (self.remote / "logs/refs/heads/production").read_text().splitlines()]
        self.assertEqual(moves, promoted, "production moves once to each promoted commit, in their order, and to no other")
        self.assertEqual(self.get("/api/v1/environments")["environments"], [])
        self.no_process_left()
        print(f"{self.id().rsplit('.', 1)[1]}, seed {SEED}: " + ", ".join(f"{what} {count}" for what, count in sorted(table.items())))
        for what in ("attempts begun twice", "log lines lost", "log lines doubled"):
            self.assertEqual(table[what], 0, what)

    def test_of_service(self):
        self.begin()
        table = collections.Counter()
        for _ in range(KILLS):
            self.more_work()
            time.sleep(self.random.uniform(0, 0.9))  # the moment of the kill is what is tried
            self.kill()
            table["kills"] += 1
            self.start()
        self.all_ended()
        self.settle(table)
        self.assertEqual(table["run passed"], len(self.commits), "the service's death is no reason for a run to fail")
        self.assertEqual(table["retried"], 0)

    def test_of_leaders(self):
        self.begin(retry="\n    retry: {attempts: 5}")
        table = collections.Counter()
        while table["kills"] < KILLS:
            self.more_work()
            time.sleep(self.random.uniform(0, 0.4))
            leaders = self.leaders()
            if not leaders:
                continue
            try:
                os.kill(self.random.choice(leaders), signal.SIGKILL)
                table["kills"] += 1
            except ProcessLookupError:
                pass
        self.all_ended()
        self.settle(table)
        for number in range(1, len(self.commits) + 1):
            run = self.run_of(number)
            if run["outcome"] != "passed":
                self.assertEqual(run["outcome"], "error", json.dumps(run, indent=1))
                self.assertIn("leader", run["reason"])
