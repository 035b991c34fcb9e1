"""A run that the service dies of, again and again, is given up; one that is only there is not."""
import shutil
import subprocess
import time

from service import BINARY, DEADLINE, ServiceTest, environment, until

HELD = "version: 1\nname: hello\nstages:\n  unit: {test: {run: 'while [ ! -e %s ]; do sleep 0.05; done'}}\n"
FILES = 4000


class Interrupted(ServiceTest):
    def push_many_files(self):
        """A commit whose checkout takes a moment."""
        rows = ["commit refs/heads/main\ncommitter Ana <ana@example.org> 1700000000 +0000\ndata 1\nx\n",
                "M 100644 inline .quietgate.yaml\n"]
        pipeline = "version: 1\nname: hello\nstages: {unit: {test: {run: 'true'}}}\n"
        rows.append(f"data {len(pipeline)}\n{pipeline}\n")
        rows += [f"M 100644 inline d{n % 40}/f{n}\ndata 1\nx\n" for n in range(FILES)]
        subprocess.run(["git", "-C", str(self.remote), "fast-import", "--quiet", "--force"], input="".join(rows).encode(), check=True)

    def die_in_its_checkout(self):
        """Starts a service, and kills it while it writes the run's checkout."""
        shutil.rmtree(self.data / "runs/hello/1/checkout.new", ignore_errors=True)  # the one before left it
        with open(self.folder / "serve.log", "ab") as log:
            service = subprocess.Popen([BINARY, "serve", "--config", str(self.config())], stdout=log, stderr=log, env=environment())
        try:
            writes, note = self.data / "runs/hello/1/checkout.new", self.data / "at-work/1.hello"
            deadline = time.monotonic() + DEADLINE
            while not (writes.exists() and note.exists()):
                self.assertIsNone(service.poll(), (self.folder / "serve.log").read_text())
                self.assertLess(time.monotonic(), deadline, "no checkout began")
        finally:
            service.kill()
            service.wait(DEADLINE)
        return note.exists()

    def test_a_run_that_it_dies_of_is_given_up(self):
        self.start()
        self.terminate()
        self.push_many_files()
        deaths = 0
        while deaths < 3:
            deaths += self.die_in_its_checkout()
        self.start()
        run = self.finished(1)
        self.assertEqual((run["outcome"], run["reason"]), ("error", "quietgate died 3 times while it worked on this run; it is given up"))
        self.assertFalse(list((self.data / "runs/hello/1").glob("checkout*")))
        self.cli("retry", "hello/1")
        self.assertEqual(self.finished(2)["outcome"], "passed")

    def test_a_run_under_its_leader_survives_any_number_of_deaths(self):
        self.start()
        flag = self.folder / "flag"
        self.push(HELD % flag)
        self.stage_is(1, "unit", "running")
        until(self.leaders, "the leader")
        for _ in range(5):
            self.kill()
            self.start()
        flag.touch()
        run = self.finished(1)
        self.assertEqual(run["outcome"], "passed", run["reason"])
