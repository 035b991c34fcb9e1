"""Every attempt has a tree of its own, exactly the commit, and nothing of it is left."""
import os
import pathlib
import re
import signal
import subprocess
import unittest

from service import BINARY, ServiceTest, environment, git, until

REPORT = """version: 1
name: hello
stages:
  bad:  {test: {run: "printf '<testsuite tests=\\"1\\" failures=\\"1\\"><testcase name=\\"b\\" classname=\\"c\\"><failure message=\\"no\\"/></testcase></testsuite>' > report.xml; sleep 1", junit: report.xml}}
  good: {test: {run: "sleep 0.5; printf '<testsuite tests=\\"1\\"><testcase name=\\"g\\" classname=\\"c\\"/></testsuite>' > report.xml", junit: report.xml}}
"""
RETRY = """version: 1
name: hello
stages:
  unit: {test: {run: "test -e marker && exit 0; touch marker; exit 1"}, retry: {attempts: 2, when: [failed]}}
"""
MATRIX = """version: 1
name: hello
stages:
  unit:
    matrix: {n: [1, 2]}
    test: {run: "n=${{ matrix.n }}; sleep 0.$n; echo $n > who.txt; sleep 1; echo it is $(cat who.txt)"}
"""
# The first command is under way when the service is killed; the second is begun by the next one.
TWO = """version: 1
name: hello
stages:
  unit:
    test:
      commands:
        - "echo first >> sub/made.txt; echo started; while ! test -e %s; do sleep 0.02; done; echo second >> sub/made.txt"
        - "cat sub/made.txt; ls file7; cp sub/report sub/report.xml"
      junit: sub/report.xml
"""
PASSED = '<testsuite tests="1"><testcase name="g" classname="c"/></testsuite>'
# More than is copied at once: an overlay, where one can be mounted.
MANY = {f"file{number}": "x" for number in range(40)}


class Trees(ServiceTest):
    def left(self, number=1):
        """What stands of trees in a run's folder."""
        run = self.data / "runs" / "hello" / str(number)
        return sorted(str(path.relative_to(run)) for path in run.glob("*") if path.name.startswith("checkout")) + \
            sorted(str(path.relative_to(run)) for path in run.glob("*/tree*"))

    def mounts(self):
        return [line for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines() if str(self.folder) in line]

    def nothing_left(self):
        self.assertEqual(self.left(), [])
        self.assertEqual(self.mounts(), [])

    def test_a_report_of_another_stage_is_not_taken(self):
        for files in ({}, MANY):
            with self.subTest(files=len(files)):
                self.setUp()
                self.start()
                self.push(REPORT, files)
                self.finished(1)
                self.assertEqual(self.stage(1, "bad")["attempts"][-1]["outcome"], "failed", self.stage_log(1, "bad"))
                self.assertEqual(self.stage(1, "good")["attempts"][-1]["outcome"], "passed", self.stage_log(1, "good"))
                self.nothing_left()
                self.end_service()

    def test_a_retry_begins_with_the_commit(self):
        for files in ({}, MANY):
            with self.subTest(files=len(files)):
                self.setUp()
                self.start()
                self.push(RETRY, files)
                self.assertEqual(self.finished(1)["outcome"], "failed")
                self.assertEqual([each["outcome"] for each in self.stage(1, "unit")["attempts"]], ["failed", "failed"])
                self.nothing_left()
                self.end_service()

    def test_variants_of_a_matrix_have_a_tree_each(self):
        self.start()
        self.push(MATRIX, MANY)
        run = self.finished(1)
        self.assertEqual(run["outcome"], "passed")
        said = [self.stage_log(1, stage["name"].replace(" ", "%20")) for stage in run["stages"]]
        self.assertIn("it is 1", said[0])
        self.assertIn("it is 2", said[1])
        self.nothing_left()

    def taken_up(self, while_away):
        self.start()
        flag = self.folder / "flag"
        self.push(TWO % flag, {**MANY, "sub/report": PASSED})
        self.stage_is(1, "unit", "running")
        until(lambda: "started" in self.stage_log(1, "unit").splitlines(), "the step's first line")
        self.kill()
        self.assertEqual(self.mounts(), [])
        while_away(flag)
        self.start()
        flag.touch()
        run = self.finished(1)
        log = self.stage_log(1, "unit")
        self.assertEqual(run["outcome"], "passed", log)
        self.assertIn("first\nsecond\nfile7\n", log)
        self.nothing_left()

    def test_a_step_that_runs_while_its_service_is_killed_keeps_its_tree(self):
        self.taken_up(lambda flag: None)

    def test_what_a_step_left_in_its_tree_is_found_when_all_has_ended(self):
        def ends(flag):
            flag.touch()
            self.no_process_left()
        self.taken_up(ends)

    @unittest.skipUnless(os.geteuid() == 0, "NOT TESTED: only root has a checkout that is read-only for root")
    def test_a_step_can_not_write_to_the_checkout(self):
        self.start()
        self.push("version: 1\nname: hello\nstages:\n  a: {test: {run: 'echo bad > ../../checkout/file1'}}\n", MANY)
        self.assertEqual(self.finished(1)["outcome"], "failed")
        self.assertIn("Read-only file system", self.stage_log(1, "a"))
        self.nothing_left()

    def test_an_attempt_ends_whose_tree_takes_too_much(self):
        self.start("limits: {tree: 8MiB}\n")
        self.push("version: 1\nname: hello\nstages:\n"
                  "  small: {test: {run: 'head -c 4000000 /dev/zero > big; sleep 8'}}\n"
                  "  large: {test: {run: 'head -c 12000000 /dev/zero > big; sleep 60'}}\n", MANY)
        run = self.finished(1)
        self.assertEqual(run["outcome"], "failed")
        large, small = (self.stage(1, name)["attempts"][-1] for name in ("large", "small"))
        self.assertEqual(small["outcome"], "passed")
        self.assertEqual(large["outcome"], "failed")
        self.assertEqual(large["reason"], "ended: its tree takes 12 MB of the disk, more than the limit of 8 MB")
        self.assertEqual(large["advice"], "write less, or raise `limits: {tree: SIZE}` in the service's configuration")
        self.nothing_left()

    def test_a_file_that_is_too_large_is_named_and_not_read(self):
        self.start()
        with open(self.work / "big.bin", "wb") as file:
            file.truncate(129 << 20)
        self.push("version: 1\nname: hello\non: {branches: ['**']}\nstages:\n  a: {test: {run: 'true'}}\n")
        until(lambda: "big.bin has 129 MiB; a file may have 128 MiB" in self.log(), "the name of the file")
        git(self.work, "checkout", "-q", "--orphan", "small")
        git(self.work, "rm", "-q", "--cached", "big.bin")
        git(self.work, "-c", "user.name=Ana", "-c", "user.email=ana@example.org", "commit", "-q", "-m", "small")
        git(self.work, "push", "-q", str(self.remote), "small")
        self.assertEqual(self.finished(1)["outcome"], "passed", "the other branch is followed")
        peak = re.search(r"VmHWM:\s*(\d+) kB", pathlib.Path(f"/proc/{self.service.pid}/status").read_text())[1]
        self.assertLess(int(peak), 200_000)

    def test_trees_of_a_killed_service_go_when_its_run_is_taken_up(self):
        self.start()
        self.push("version: 1\nname: hello\nstages:\n  a: {test: {run: 'mkdir x; echo started; sleep 60'}}\n", MANY)
        until(lambda: "started" in self.stage_log(1, "a").splitlines(), "the step's first line")
        self.kill()
        # Who makes leaders may live a moment longer than the service: then the step's is still its child.
        for pid, command in self.processes_of_this_test():
            if command.startswith("quietgate-leader"):
                os.kill(pid, signal.SIGKILL)
        self.start()
        self.assertEqual(self.finished(1)["outcome"], "error")
        self.no_process_left()
        self.nothing_left()


class TreesHere(ServiceTest):
    def run_here(self, pipeline, files, user=()):
        for path, text in {".quietgate.yaml": pipeline, **files}.items():
            (self.work / path).write_text(text)
        subprocess.run(["git", "-C", str(self.work), "add", "-A"], check=True)
        subprocess.run(["git", "-C", str(self.work), "commit", "-q", "-m", "change"], check=True)
        return subprocess.run([*user, BINARY, "run", "--plain", "--data", str(self.data), str(self.work)], capture_output=True, text=True,
                              timeout=60, env=environment())

    def test_a_retry_begins_with_the_commit(self):
        done = self.run_here(RETRY, MANY)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "NOT TESTED: only root can be another user")
    def test_an_ordinary_user_has_copies(self):
        for folder in (self.folder, self.work, self.remote):
            subprocess.run(["chown", "-R", "65534:65534", str(folder)], check=True)
        binary = self.folder / "quietgate"
        binary.write_bytes(pathlib.Path(BINARY).read_bytes())
        binary.chmod(0o755)
        (self.work / ".quietgate.yaml").write_text(RETRY)
        as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        for name, text in MANY.items():
            (self.work / name).write_text(text)
        quiet = {"check": True, "capture_output": True}
        identity = ["-c", "user.name=Ana", "-c", "user.email=ana@example.org", "-c", "safe.directory=*"]
        subprocess.run(["git", "-C", str(self.work), *identity, "add", "-A"], **quiet)
        subprocess.run(["git", "-C", str(self.work), *identity, "commit", "-q", "-m", "change"], **quiet)
        subprocess.run(["chown", "-R", "65534:65534", str(self.folder)], check=True)
        done = subprocess.run([*as_nobody, str(binary), "run", "--plain", "--data", str(self.data), str(self.work)], capture_output=True,
                              text=True, timeout=60, env=environment(HOME=str(self.folder)))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("exit status 1", done.stdout)
        runs = next(self.data.glob("here/*/runs/*/1"))
        self.assertEqual([path.name for path in runs.glob("*/tree*")] + [path.name for path in runs.glob("checkout*")], [])


if __name__ == "__main__":
    unittest.main()
