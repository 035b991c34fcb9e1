"""What one stage makes and another gets, and what test reports say, from the outside."""
import hashlib
import json
import os
import stat
import unittest

from service import ServiceTest

BUILD = """version: 1
name: hello
stages:
  build:
    test:
      run: |
        mkdir -p out
        printf '#!/bin/sh\\necho made for %s\\n' "$QUIETGATE_COMMIT" > out/app
        chmod +x out/app
        echo notes > "out/read me.txt"
        mkfifo out/fifo
        ln -s /etc/passwd out/away
      artifacts: ["out/*"]
"""

DEPLOY = BUILD + """  deploy:
    needs: [build]
    test: {run: "./out/app; echo changed > out/app", from: [build]}
  service:
    needs: [deploy]
    apply:
      from: [build]
      ports: [web]
      processes:
        web: {run: "./out/app > said; exec sleep 600", ready: {command: "grep -q made said"}}
  production:
    needs: [service]
    promote: {branch: production}
"""


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Artifacts(ServiceTest):
    def attempt(self, number, stage, attempt=1):
        return self.data / "runs" / "hello" / str(number) / f"{stage}.{attempt}"

    def test_lists_and_fetches_what_a_stage_kept(self):
        self.start()
        self.push(BUILD)
        self.assertEqual(self.finished(1)["outcome"], "passed", self.stage_log(1, "build"))
        listed = json.loads(self.cli("artifacts", "hello/1", "build", "--json").stdout)
        app = (self.attempt(1, "build") / "artifacts" / "out" / "app").read_bytes()
        self.assertEqual([(each["path"], each["mode"]) for each in listed["artifacts"]],
                         [("out/app", "0755"), ("out/read me.txt", "0644")])
        self.assertEqual(listed["artifacts"][0]["sha256"], digest(app))
        self.assertEqual(listed["sha256"], digest((self.attempt(1, "build") / "artifacts.json").read_bytes()))
        self.assertEqual(self.stage(1, "build")["attempts"][0]["artifacts"],
                         {"files": 2, "bytes": len(app) + 6, "sha256": listed["sha256"]})
        self.assertIn("out/read me.txt", self.cli("artifacts", "hello", "build").stdout)

        there = self.folder / "there"
        self.cli("artifacts", "hello/1", "build", "out/read me.txt", "--output", str(there))
        self.assertEqual(sorted(str(path.relative_to(there)) for path in there.rglob("*")), ["out", "out/read me.txt"])
        self.cli("artifacts", "hello/1", "build", "--all", "--output", str(self.folder / "all"))
        self.assertEqual((self.folder / "all/out/app").read_bytes(), app)
        self.assertTrue(os.stat(self.folder / "all/out/app").st_mode & stat.S_IXUSR)

        again = self.cli("artifacts", "hello/1", "build", "--all", "--output", str(self.folder / "all"), check=False)
        self.assertEqual(again.returncode, 4)
        self.assertIn("out/app exists already", again.stderr)
        none = self.cli("artifacts", "hello/1", "build", "out/none", check=False)
        self.assertEqual((none.returncode, none.stderr.splitlines()[0]), (4, "quietgate: build kept no `out/none`"))

        changed = self.attempt(1, "build") / "artifacts" / "out" / "app"
        changed.write_bytes(b"x" * len(app))
        refused = self.cli("artifacts", "hello/1", "build", "out/app", "--output", str(self.folder / "changed"), check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("out/app is not the file that the stage kept: its sha256 is not " + digest(app)[:16], refused.stderr)
        self.assertFalse((self.folder / "changed/out/app").exists(), "what is not what was kept is not left")

    def test_what_was_tested_is_what_is_deployed(self):
        self.start()
        commit = self.push(DEPLOY)
        run = self.finished(1)
        self.assertEqual(run["outcome"], "passed", run["reason"] + self.stage_log(1, "deploy"))
        self.assertIn(f"made for {commit}", self.stage_log(1, "deploy"))
        kept = self.stage(1, "build")["attempts"][0]["artifacts"]
        self.assertEqual(self.stage(1, "deploy")["attempts"][0]["given"], {"build": kept})
        self.assertEqual(self.stage(1, "service")["attempts"][0]["given"], {"build": kept})
        self.assertEqual(self.branch("production"), commit)
        envelope = self.cli("evidence", "hello/1").stdout
        (self.folder / "evidence").write_text(envelope)
        verified = self.cli("verify", commit, "--evidence", str(self.folder / "evidence")).stdout
        self.assertIn(f"kept 2 artifacts, {kept['bytes']} bytes: sha256 {kept['sha256'][:16]}", verified)
        self.assertIn(f"with 2 artifacts of build: sha256 {kept['sha256'][:16]}", verified)

    def test_what_was_changed_since_is_given_to_nobody(self):
        self.start()
        wait = "  wait: {needs: [build], approve: {message: 'sure?'}}\n"
        self.push(BUILD + wait + "  deploy: {needs: [wait], test: {run: ./out/app, from: [build]}}\n")
        self.stage_is(1, "wait", "awaiting_approval")
        (self.attempt(1, "build") / "artifacts" / "out" / "app").write_text("#!/bin/sh\necho planted\n")
        self.cli("approve", "hello/1", "wait")
        run = self.finished(1)
        self.assertEqual(self.stage(1, "deploy")["outcome"], "error")
        self.assertIn("out/app of build is not the file that build kept", run["reason"])
        self.assertNotIn("planted", self.stage_log(1, "deploy"))


class Reports(ServiceTest):
    def test_shows_what_failed_and_why(self):
        self.start()
        self.push("version: 1\nname: hello\nstages:\n  unit: {test: {run: 'cp report.xml out.xml', junit: out.xml}}\n",
                  {"report.xml": '<testsuite tests="3" failures="0">'
                                 '<testcase classname="t" name="bad"><failure message="assert 1 == 2&#10;  where 1 = f()"/></testcase>'
                                 '<testcase classname="t" name="shaky"><flakyFailure message="timed out"/></testcase>'
                                 '<testcase classname="t" name="off" status="notrun"/></testsuite>'})
        run = self.finished(1)
        self.assertEqual(run["reason"], "unit: 1 of 3 tests failed: t::bad; the report counts 3 tests, 0 failures; its cases are 3, "
                                        "1 failed: the cases count")
        self.assertEqual(self.stage(1, "unit")["attempts"][0]["tests"], {"passed": 1, "failed": 1, "skipped": 1, "flaky": 1})
        shown = self.cli("show", "hello/1").stdout
        self.assertRegex(shown, r"Tests of unit\n  . t::bad\n      assert 1 == 2\n        where 1 = f\(\)\n  ~ t::shaky \(flaky\)\n      timed out\n")
        self.assertIn("failed: t::bad\n  assert 1 == 2\n", self.stage_log(1, "unit"))


if __name__ == "__main__":
    unittest.main()
