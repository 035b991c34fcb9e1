"""SIGKILL at random moments of the main job: the sample service on uWSGI, real Locust, real Prometheus."""
import collections
import os
import pathlib
import random
import shutil
import signal
import time

from service import ServiceTest, until

KILLS = int(os.environ.get("QUIETGATE_KILLS", "6"))
SEED = int(os.environ.get("QUIETGATE_SEED", "1"))
ROOT = pathlib.Path(__file__).resolve().parents[2]
RUN_TIME = 300  # seconds that one run may take on a busy machine, kills included
RETRIED = ("unit", "staging", "load", "metrics", "release")


class DemoKills(ServiceTest):
    def config(self, more=""):
        path = super().config(more)
        path.write_text(path.read_text().replace("    poll: 200ms\n", "    poll: 200ms\n    protected: [main]\n"))
        return path

    def begin(self, retry=0):
        self.random = random.Random(SEED)
        self.pipeline = (ROOT / "pipelines/library/flask-processes.yaml").read_text().replace("concurrency: supersede", "concurrency: queue")
        for stage in RETRIED if retry else ():
            self.pipeline = self.pipeline.replace(f"\n  {stage}:\n", f"\n  {stage}:\n    retry: {{attempts: {retry}}}\n")
        shutil.copytree(ROOT / "infra/demo/hello-flask", self.work, dirs_exist_ok=True)
        self.commits = []
        self.start()

    def more_work(self):
        ended = [run for run in self.get("/api/v1/runs?limit=500")["runs"] if run["status"] == "finished"]
        if len(self.commits) == len(ended):
            self.commits.append(self.push(self.pipeline, files={"change": f"{len(self.commits)}\n"}, message="change"))
            until(lambda: self.run_of(len(self.commits)), f"the run of commit {len(self.commits)}")

    def settle(self, table):
        """What must hold whatever was killed; the table of outcomes is printed, for the record."""
        promoted = None
        for number, commit in enumerate(self.commits, 1):
            run = self.finished(number, RUN_TIME)
            self.assertEqual(run["commit"], commit, "a commit was lost, or ran twice")
            table["run " + run["outcome"]] += 1
            for stage in run["stages"]:
                table["attempts"] += len(stage["attempts"])
                table["retried"] += max(0, len(stage["attempts"]) - 1)
                if stage["name"] == "production" and stage["status"] == "finished" and stage["outcome"] == "passed":
                    promoted = commit
        self.assertIsNone(self.run_of(len(self.commits) + 1), "a run that nobody asked for")
        self.assertEqual(self.branch("production"), promoted or "", "production is at the last commit that was promoted")
        for kept in self.get("/api/v1/environments")["environments"]:
            self.assertTrue(kept["keep"], f"an environment was left: {kept}")
            self.cli("environments", "--destroy", kept["id"])
        until(lambda: not self.get("/api/v1/environments")["environments"], "the end of what was kept")
        self.no_process_left()
        print(f"{self.id().rsplit('.', 1)[1]}, seed {SEED}: " + ", ".join(f"{what} {count}" for what, count in sorted(table.items())))

    def test_of_service(self):
        self.begin()
        table = collections.Counter()
        while table["kills"] < KILLS:
            self.more_work()
            time.sleep(self.random.uniform(0, 6))  # the moment of the kill is what is tried
            self.kill()
            table["kills"] += 1
            self.start()
        self.settle(table)
        for number in range(1, len(self.commits) + 1):
            run = self.run_of(number)
            self.assertEqual(run["outcome"], "passed", "the service's death is no reason for a run to fail: " + run["reason"])
        self.assertEqual(table["retried"], 0)

    def test_of_leaders(self):
        self.begin(retry=3)
        table = collections.Counter()
        while table["kills"] < KILLS:
            self.more_work()
            time.sleep(self.random.uniform(0, 6))
            leaders = self.leaders()
            if not leaders:
                continue
            try:
                os.kill(self.random.choice(leaders), signal.SIGKILL)
                table["kills"] += 1
            except ProcessLookupError:
                pass
        self.settle(table)
        for number in range(1, len(self.commits) + 1):
            run = self.run_of(number)
            if run["outcome"] != "passed":
                print(f"  hello/{number} {run['outcome']}: {run['reason']}")
