"""The runs of `quietgate run` are read without a service: by their names, in their clone, and while they go on."""
import json
import re
import subprocess
import unittest

from service import BINARY, ServiceTest, environment, git, until

FAILING = '''version: 1
name: hello
stages:
  unit:
    test:
      run: |
        for line in $(seq 1 30); do echo "said $line"; done
        echo kept > out.txt
        exit 3
      artifacts: [out.txt]
'''

SLOW = '''version: 1
name: hello
stages:
  unit: {test: {run: 'echo begun; while [ ! -e %s ]; do sleep 0.05; done; echo over'}}
'''

NOBODY = "http://127.0.0.1:1"


class RunsHere(ServiceTest):
    def commit(self, text):
        (self.work / ".quietgate.yaml").write_text(text)
        git(self.work, "add", "-A")
        git(self.work, "-c", "user.name=Ana", "-c", "user.email=ana@example.org", "commit", "-q", "-m", "change")

    def here(self, *arguments, folder=None, server=None):
        given = environment(QUIETGATE_DATA=str(self.data))
        if server:
            given["QUIETGATE_SERVER"] = server
        # In a network of its own nothing listens where a service usually does.
        alone = [] if arguments[0] == "run" else ["unshare", "--user", "--map-root-user", "--net"]
        return subprocess.run([*alone, BINARY, *arguments], capture_output=True, text=True, timeout=60, env=given,
                              cwd=folder or self.work)

    def failed_run(self):
        self.commit(FAILING)
        done = self.here("run")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        return done.stdout, re.search(r"quietgate logs (\S+) unit", done.stdout).group(1)

    def test_a_failed_run_shows_the_last_lines_of_its_step(self):
        printed, _ = self.failed_run()
        self.assertIn("The log of unit ends with", printed)
        self.assertIn("    said 30\n", printed)
        self.assertNotIn("said 2\n", printed)

    def test_the_command_that_a_failed_run_advises_works(self):
        _, run = self.failed_run()
        log = self.here("logs", run, "unit", folder="/")
        self.assertEqual(log.returncode, 0, log.stderr)
        self.assertIn("said 1\n", log.stdout)
        self.assertIn("said 30\n", log.stdout)

    def test_a_clone_has_its_runs_where_no_service_answers(self):
        _, run = self.failed_run()
        runs = self.here("runs", "--json")
        self.assertEqual(runs.returncode, 0, runs.stderr)
        self.assertIn("no service answers at http://127.0.0.1:8330: these are the runs of `quietgate run` in this clone", runs.stderr)
        self.assertEqual([each["id"] for each in json.loads(runs.stdout)["runs"]], [run])
        shown = self.here("show")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("exit status 3", shown.stdout)
        self.assertIn("    said 30\n", shown.stdout)
        nothing = self.here("environments", "--here")
        self.assertEqual(nothing.returncode, 0, nothing.stderr)
        self.assertIn("no environments", nothing.stdout)

    def test_artifacts_are_fetched_from_here(self):
        _, run = self.failed_run()
        listed = self.here("artifacts", run, "unit")
        self.assertIn("out.txt", listed.stdout, listed.stderr)
        fetched = self.here("artifacts", run, "unit", "--all", "--output", str(self.folder / "got"))
        self.assertEqual(fetched.returncode, 0, fetched.stderr)
        self.assertEqual((self.folder / "got" / "out.txt").read_text(), "kept\n")

    def test_a_named_service_is_never_replaced(self):
        self.failed_run()
        asked = self.here("runs", server=NOBODY)
        self.assertEqual(asked.returncode, 3)
        self.assertIn(f"the service at {NOBODY} can't be reached", asked.stderr)

    def test_where_there_is_nothing_a_sentence_says_so(self):
        self.commit(FAILING)
        asked = self.here("runs", "--here")
        self.assertEqual(asked.returncode, 4)
        self.assertIn("`quietgate run` has kept no runs of this clone yet", asked.stderr)
        outside = self.here("runs", "--here", folder="/")
        self.assertEqual(outside.returncode, 4)
        self.assertIn("this folder is in no Git repository", outside.stderr)
        alone = self.here("runs", folder="/")
        self.assertEqual(alone.returncode, 3)

    def test_nothing_is_changed_through_it(self):
        _, run = self.failed_run()
        for verb in ("cancel", "retry"):
            asked = self.here(verb, run)
            self.assertEqual(asked.returncode, 4, asked.stderr)
            self.assertIn("this is a run of `quietgate run`: no service acts on it", asked.stderr)

    def test_a_run_is_followed_while_it_goes_on(self):
        end = self.folder / "end"
        self.commit(SLOW % end)
        running = subprocess.Popen([BINARY, "run", "--plain"], stdout=subprocess.PIPE, text=True, cwd=self.work,
                                   env=environment(QUIETGATE_DATA=str(self.data)))
        self.addCleanup(running.stdout.close)
        self.addCleanup(running.wait, 60)
        self.addCleanup(end.write_text, "")
        until(lambda: list(self.data.glob("here/*/runs/*/1/unit.1/log")), "the step to begin")
        run = "/".join(next(iter(self.data.glob("here/*/runs/*/1"))).parts[-2:])
        follower = subprocess.Popen([BINARY, "logs", "--follow", run, "unit"], stdout=subprocess.PIPE, text=True,
                                    env=environment(QUIETGATE_DATA=str(self.data)))
        self.addCleanup(follower.stdout.close)
        self.addCleanup(follower.wait, 60)
        for line in follower.stdout:
            if line == "begun\n":
                break
        end.write_text("")
        self.assertTrue(follower.stdout.read().endswith("over\n"))
        self.assertEqual(follower.wait(60), 0)
        self.assertEqual(running.wait(60), 0)


if __name__ == "__main__":
    unittest.main()
