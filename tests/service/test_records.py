"""What stands in the data directory and is not of this journal: it never makes a commit pass."""
import shutil
import signal
import sqlite3
import subprocess
import unittest

from service import BINARY, ServiceTest, environment, git, until

PIPELINE = """version: 1
name: hello
on: {branches: [main, evil]}
stages:
  unit:
    test:
      run: %s
"""
RELEASE = PIPELINE + "  production: {needs: [unit], promote: {branch: production}}\n"


class Records(ServiceTest):
    def setUp(self):
        super().setUp()
        self.ran = self.folder / "ran"

    def fails(self):
        """A step that leaves a mark that it was executed."""
        return f"'echo \"$QUIETGATE_RUN\" >>{self.ran}; exit 1'"

    def is_executed_and_fails(self, number):
        run = self.finished(number)
        self.assertEqual((run["outcome"], self.stage(number, "unit")["outcome"]), ("failed", "failed"), run)
        self.assertEqual(self.ran.read_text(), f"hello/{number}\n")
        self.assertIn("exit status 1", self.stage(number, "unit")["reason"])

    def remove_journal(self):
        for path in self.data.glob("journal.sqlite*"):
            path.unlink()

    def backup(self):
        copy = self.folder / "older.sqlite"
        self.cli("backup", str(copy))
        return copy

    def restore(self, copy):
        self.remove_journal()
        shutil.copy(copy, self.data / "journal.sqlite")

    def said(self):
        return (self.folder / "serve.log").read_text()

    def test_a_lost_journal(self):
        self.start()
        self.push(PIPELINE % "'true'")
        self.assertEqual(self.finished(1)["outcome"], "passed")
        self.kill()
        self.remove_journal()
        self.start()
        self.push(PIPELINE % self.fails())
        self.is_executed_and_fails(2)
        self.assertIsNone(self.run_of(1))

    def released(self):
        self.start()
        self.push(RELEASE % "'true'")
        self.assertEqual(self.finished(1)["outcome"], "passed")
        until(lambda: git(self.remote, "notes", "--ref=quietgate", "list"), "the evidence")
        self.terminate()
        shutil.rmtree(self.data)

    def test_a_new_data_directory(self):
        """All that is left of the first run is the evidence in the remote's notes."""
        self.released()
        self.start()
        self.push(RELEASE % self.fails())
        self.is_executed_and_fails(2)
        self.assertIsNone(self.run_of(1))

    def test_a_new_data_directory_while_the_notes_cant_be_read(self):
        self.released()
        ref = self.remote / "refs/notes/quietgate"
        at = ref.read_text()
        ref.write_text("1" * 40 + "\n")
        with self.assertRaisesRegex(AssertionError, "the first poll"):
            self.start()
        self.assertIn("its notes can't be read", self.said())
        self.assertEqual(self.get("/api/v1/runs")["runs"], [])
        ref.write_text(at)
        until(lambda: any(r["watched"] for r in self.get("/api/v1/repositories")["repositories"]), "the first poll")
        self.push(RELEASE % self.fails())
        self.is_executed_and_fails(2)

    def test_an_older_backup(self):
        self.start()
        self.push(RELEASE % "'true'")
        self.finished(1)
        copy = self.backup()
        self.push(message="again")
        self.assertEqual(self.finished(2)["outcome"], "passed")
        until(lambda: git(self.remote, "notes", "--ref=quietgate", "list").count("\n") == 1, "the evidence of both")
        self.kill()
        self.restore(copy)
        # The number is known by the note of the promoted commit alone.
        shutil.rmtree(self.data / "runs/hello/2")
        self.push(RELEASE % self.fails())
        self.start()
        self.is_executed_and_fails(3)
        self.assertIsNone(self.run_of(2))

    def test_an_older_backup_while_a_lost_step_still_runs(self):
        self.start()
        self.push(PIPELINE % "'true'")
        self.finished(1)
        copy = self.backup()
        self.push(PIPELINE % "'sleep 1000'")
        until(self.leaders, "the step of the second run")
        self.kill()
        self.restore(copy)
        self.push(PIPELINE % self.fails())
        self.start()
        self.is_executed_and_fails(3)
        until(lambda: not self.leaders(), "the end of the step that nobody waits for")
        self.assertIn("run hello/2 is not in the journal", self.said())

    def test_a_repaired_tail(self):
        self.start()
        self.push(PIPELINE % "'true'")
        self.finished(1)
        self.push(PIPELINE % "'true # again'")
        self.assertEqual(self.finished(2)["outcome"], "passed")
        self.terminate()
        # All that came after the begin of the stage: damaged the one time, gone the other.
        whole = (self.data / "journal.sqlite").read_bytes()
        for damage, status in (("UPDATE events SET payload = payload || ' ' WHERE", "error"), ("DELETE FROM events WHERE", None)):
            self.remove_journal()
            (self.data / "journal.sqlite").write_bytes(whole)
            with sqlite3.connect(self.data / "journal.sqlite") as journal:
                behind = "number = 1" if status is None else "type = 'StageStarted'"
                journal.execute(f"{damage} sequence > (SELECT max(sequence) FROM events WHERE {behind})")
            journal.close()
            repaired = self.cli("doctor", "--repair").stdout
            self.assertRegex(repaired, r"rows? \d+( to \d+)?, of hello/2\n")
            self.assertIn("nothing was changed", self.cli("doctor", "--repair").stdout)
            self.start()
            self.assertEqual((self.run_of(2) or {}).get("outcome"), status)
            if status is None:  # that the branch had moved is forgotten, too
                self.assertEqual(self.finished(3)["outcome"], "passed")
            self.terminate()
        self.push(PIPELINE % self.fails())
        self.start()
        self.is_executed_and_fails(4)

    def test_a_record_that_another_branch_has_planted(self):
        self.start()
        next_one = self.data / "runs/hello/2/unit.1"
        own = self.data / "runs/hello/1/unit.1/1-run.step"
        exit_0 = '{"how": "exited", "code": 0, "started": 1, "ended": 2, "log_complete": true, "log_bytes": 0, "lost_bytes": 0, "detail": ""}'
        self.push(PIPELINE % f"|\n        mkdir -p {next_one}\n        head -n 2 {own} >{next_one}/1-run.step\n        echo '{exit_0}' >>{next_one}/1-run.step\n", branch="evil")
        self.finished(1)
        self.assertTrue((next_one / "1-run.step").exists())
        self.push(PIPELINE % self.fails())
        self.is_executed_and_fails(2)
        self.assertIn("stale-1", self.stage_log(2, "unit"))
        self.assertTrue((self.data / "runs/hello/2/unit.1.stale-1/1-run.step").exists())

    def test_a_checkout_that_another_branch_has_planted(self):
        self.start()
        next_one = self.data / "runs/hello/2/checkout"
        plant = f"|\n        mkdir -p {next_one}\n        echo 'exit 0' >{next_one}/test.sh\n"
        self.push(PIPELINE % plant, branch="evil")
        self.finished(1)
        self.assertTrue((next_one / "test.sh").exists())
        self.push(PIPELINE % "sh ./test.sh", {"test.sh": f"echo \"$QUIETGATE_RUN\" >>{self.ran}; exit 1"})
        self.is_executed_and_fails(2)

    def test_a_link_in_the_place_of_the_next_run(self):
        self.start()
        victim = self.folder / "victim"
        for name in ("checkout", "checkout.new", "unit.1"):
            (victim / name).mkdir(parents=True)
            (victim / name / "kept").write_text("kept")
        before = sorted(str(path) for path in victim.rglob("*"))
        place = self.data / "runs/hello/2"
        self.push(PIPELINE % f"'ln -s {victim} {place}'", branch="evil")
        self.assertEqual(self.finished(1)["outcome"], "passed")
        self.assertTrue(place.is_symlink())
        self.push(PIPELINE % "'echo here'")
        self.assertEqual(self.finished(2)["outcome"], "passed")
        self.assertIn("here", self.stage_log(2, "unit"))
        self.assertEqual(sorted(str(path) for path in victim.rglob("*")), before)
        self.assertFalse(place.is_symlink())
        self.assertTrue((place / "unit.1").is_dir())
        self.assertTrue(place.with_name("2.stale-1").is_symlink())
        self.assertIn(f"the file or folder in place of {place} is not a folder of quietgate's", self.said())

    def test_a_pipe_in_the_place_of_the_next_run(self):
        self.start()
        place = self.data / "runs/hello/2"
        self.push(PIPELINE % f"'mkfifo {place}'", branch="evil")
        self.assertEqual(self.finished(1)["outcome"], "passed")
        self.push(PIPELINE % "'true'")
        run = self.finished(2)
        self.assertEqual(run["outcome"], "passed", run)
        self.assertTrue(place.with_name("2.stale-1").is_fifo())

    def test_a_lost_run_here(self):
        self.push(PIPELINE % "'exec sleep 1000004'")
        command = [BINARY, "run", "--plain", str(self.work), "--data", str(self.folder / "here")]

        def steps():
            return [pid for pid, line in self.processes_of_this_test() if line.startswith("sleep 1000004")]
        first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
        [step] = until(steps, "the step")
        first.kill()
        first.wait(60)
        for journal in (self.folder / "here").rglob("journal.sqlite*"):
            journal.unlink()
        second = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())
        until(lambda: step not in steps(), "the end of the lost run's step")
        second.send_signal(signal.SIGINT)
        said, _ = second.communicate(timeout=60)
        self.assertRegex(said, "run work-[0-9a-f]{6}/1 is not in the journal")
        self.no_process_left()

    def environments(self):
        return {each["id"]: each for each in self.get("/api/v1/environments")["environments"]}

    def test_environments_of_a_lost_journal(self):
        self.start()
        self.push("version: 1\nname: hello\nstages:\n  release: {needs: [], keep: true, apply: {processes: {app: {run: exec sleep 1000001}}}}\n")
        self.assertEqual(self.finished(1)["outcome"], "passed")
        [kept] = self.environments()
        self.push("version: 1\nname: hello\nstages:\n  e: {time_to_live: 1h, apply: {processes: {app: {run: exec sleep 1000002}}}}\n"
                  "  use: {needs: [e], test: {run: exec sleep 1000003}}\n")
        self.stage_is(2, "use", "running")
        [ephemeral] = set(self.environments()) - {kept}
        self.kill()
        self.remove_journal()
        self.start()
        until(lambda: not (self.data / "environments" / ephemeral).exists(), "the end of the ephemeral environment")
        until(lambda: list(self.environments()) == [kept], "the kept environment alone on record")

        def runs(what):
            return [command for _, command in self.processes_of_this_test() if what in command]
        until(lambda: not runs("sleep 1000002") and not runs("sleep 1000003"), "the end of what nobody waits for")
        self.assertTrue(runs("sleep 1000001"), "what is kept lives on")
        self.assertEqual(self.environments()[kept]["status"], "ready")
        self.assertIn(kept, self.cli("environments").stdout)
        self.assertIn(f"environment {ephemeral} belongs to run hello/2, which is not in the journal", self.said())
        self.push(PIPELINE % "'true'")
        self.assertEqual(self.finished(3)["outcome"], "passed")
        self.terminate()
        self.assertIn("nothing was changed", self.cli("doctor", "--repair").stdout)
        # What it needs is there still when later runs are known.
        self.start()
        self.assertEqual(list(self.environments()), [kept])
        self.assertTrue((self.data / "runs/hello/1").is_dir())
        self.cli("environments", "--destroy", kept)
        until(lambda: not self.environments(), "the end of the kept environment")
        self.no_process_left()

    def test_pipes_in_the_place_of_what_an_attempt_keeps(self):
        self.start()
        attempt = self.data / "runs/hello/1/unit.1"
        names = "log log.index tests.json measurements.ndjson artifacts.json progress.json rules-seen.ndjson"
        pipes = f"'cd {attempt}; for f in {names}; do rm -f $f; mkfifo $f $f.new; done'"
        self.push(f"version: 1\nname: hello\non: {{branches: [main]}}\nstages:\n  unit:\n    test:\n      commands:\n        - {pipes}\n        - 'true'\n"
                  "      junit: report.xml\n      artifacts: ['*.sh']\n", {"report.xml": "<testsuite/>"})
        run = self.finished(1)
        self.assertEqual(run["outcome"], "error", run)
        self.assertIn(f"{attempt}/log: it is not a plain file", self.stage(1, "unit")["reason"])
        self.assertIn(self.get("/api/v1/runs/hello/1/stages/unit/log", raw=True), (None, b""))
        self.cli("logs", "hello/1", "unit", check=False)
        self.cli("show", "hello/1")
        self.push(PIPELINE % self.fails())
        self.is_executed_and_fails(2)


if __name__ == "__main__":
    unittest.main()
