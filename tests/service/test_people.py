"""People: questions, answers and overrides, with a real service, real Git and a real Prometheus."""
import base64
import json
import os
import pty
import re
import select
import subprocess
import time
import unittest
from datetime import datetime, timedelta

from service import BINARY, ServiceTest, environment, git, until
from test_stage_faults import TARGET, Watched

QUESTION = """version: 1
name: hello
timeout: 2s
stages:
  ask: {approve: {message: "Ship it?"}, timeout: 1s}
  after: {needs: [ask], test: {run: "true"}}
"""


class Questions(ServiceTest):
    def test_no_timeout_passes_while_a_person_is_asked(self):
        self.start()
        self.push(QUESTION)
        self.stage_is(1, "ask", "awaiting_approval")
        asked = time.monotonic()
        reason = "ask waits for a person: Ship it? (quietgate approve hello/1 ask)"
        self.assertIn(reason, self.cli("runs").stdout)
        self.assertIn(reason[4:], self.cli("queue").stdout)
        shown = self.cli("show", "hello/1").stdout
        self.assertIn("Questions\n  ask: Ship it?\n    asked ", shown)
        self.assertIn("    answer: quietgate approve hello/1 ask [--refuse] [--reason TEXT]\n", shown)
        self.terminate()
        self.start()
        until(lambda: time.monotonic() - asked > 3, "more than the run's time")
        self.assertEqual(self.stage(1, "ask")["status"], "awaiting_approval")
        self.cli("approve", "hello/1", "ask", "--reason", "looks good")
        run = self.finished(1)
        self.assertEqual(run["outcome"], "passed", run["reason"])


    def test_what_nobody_answers_expires_also_while_no_service_runs(self):
        self.start()
        self.push("version: 1\nname: hello\nstages:\n  ask: {approve: {message: 'Ship it?', expires: 2s}}\n  after: {needs: [ask], test: {run: 'true'}}\n")
        self.stage_is(1, "ask", "awaiting_approval")
        asked = time.monotonic()
        self.terminate()
        until(lambda: time.monotonic() - asked > 2, "the end of the question")
        self.start()
        run = self.finished(1)
        self.assertEqual((run["outcome"], run["reason"]), ("cancelled", "ask: nobody answered within 2s"))
        late = self.cli("approve", "hello/1", "ask", check=False)
        self.assertEqual(late.returncode, 4)
        self.assertIn("nobody answered the question of stage `ask` in time: it expired at ", late.stderr)
        self.assertIn("quietgate retry hello/1", late.stderr)

    def test_what_was_tested_lives_on_meanwhile(self):
        self.start()
        self.push("version: 1\nname: hello\nstages:\n  staging: {apply: {processes: {web: {run: exec sleep 1000000}}}, time_to_live: 1h}\n"
                  "  ask: {needs: [staging], approve: {message: 'Ship it?'}}\n")
        self.stage_is(1, "ask", "awaiting_approval")
        [lives] = self.get("/api/v1/environments")["environments"]
        span = datetime.fromisoformat(lives["expires_at"]) - datetime.fromisoformat(lives["created_at"])
        self.assertGreater(span, timedelta(days=3))
        self.assertLess(span, timedelta(days=3, hours=2))
        self.cli("approve", "hello/1", "ask", "--refuse")
        self.finished(1)
        self.no_process_left()


class Overrides(Watched):
    def test_what_is_overridden_is_sealed_as_it_was(self):
        self.start()
        files = self.files(quiet="10s")
        # Quiet while it is verified, and loud in the gate's quiet time.
        errors = self.folder / "errors"
        errors.write_text("app_errors 0\n")
        files["target.py"] = TARGET.replace('b"app_errors 0\\n"', f'open("{errors}", "rb").read()')
        commit = self.push(files=files)
        self.waits_in_gate()
        errors.write_text("app_errors 9\n")
        refused = self.finished(1)
        self.assertEqual(refused["outcome"], "failed", refused["reason"])
        loud = self.stage(1, "production")["attempts"][-1]["gate"]
        self.assertRegex(loud["sentence"], r"^HighErrors .* from \d\d:\d\d:\d\dZ, value 9")
        self.assertEqual(self.get("/api/v1/environments")["environments"], [])

        stands = self.cli("promote", "hello/1", "--reason", "please", check=False)
        self.assertIn("the gate was loud: HighErrors", stands.stderr)
        self.cli("promote", "hello/1", "--override", "--reason", "a known alert")
        run = self.finished(1)
        self.assertEqual(run["outcome"], "passed", run["reason"] + self.stage_log(1, "production"))
        self.assertEqual(self.branch("production"), commit)
        self.assertEqual(self.stage(1, "production")["attempts"][-1]["gate"], loud)
        overridden = f"a known alert; the gate said at .*: loud: {re.escape(loud['sentence'])}"
        self.assertRegex(self.cli("show", "hello/1").stdout, rf"    overridden by \w+ \(by the token\) at \S+: {overridden}")
        envelope = self.cli("evidence", "hello/1").stdout
        predicate = json.loads(base64.b64decode(json.loads(envelope)["payload"]))["predicate"]
        self.assertEqual(predicate["gate"]["verdict"], "loud")
        self.assertEqual([p["detail"] for p in predicate["gate"]["proofs"]], [p["detail"] for p in loud["proofs"]])
        self.assertEqual(predicate["override"]["sentence"], loud["sentence"])
        self.assertEqual(predicate["override"]["reason"], "a known alert")
        self.assertLess(predicate["override"]["judged_at"], predicate["override"]["at"])
        done = subprocess.run([BINARY, "verify", commit, "--evidence", "-", "--key", str(self.data / "keys" / "evidence.pub.pem")],
                              input=envelope, capture_output=True, text=True, env=environment())
        self.assertRegex(done.stdout, rf"  overridden by \w+ \(by the token\) at \S+: {overridden}")
        self.no_process_left()


class QuestionsHere(ServiceTest):
    def here(self, *arguments):
        self.push("version: 1\nname: hello\nstages:\n  ask: {approve: {message: 'Ship it?'}}\n  after: {needs: [ask], test: {run: 'true'}}\n")
        return [BINARY, "run", *arguments, str(self.work), "--data", str(self.folder / "here")]

    def test_without_a_terminal_nobody_is_waited_for(self):
        done = subprocess.run(self.here(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, env=environment())
        self.assertEqual(done.returncode, 130, done.stdout + done.stderr)
        self.assertIn("refused by quietgate run: nobody can answer here, because standard input is not a terminal", done.stdout)

    def test_a_terminal_is_asked(self):
        master, terminal = pty.openpty()
        self.addCleanup(os.close, master)
        process = subprocess.Popen(self.here("--plain"), stdin=terminal, stdout=terminal, stderr=terminal, env=environment())
        os.close(terminal)
        screen = b""

        def shows(words, then):
            nonlocal screen
            deadline = time.monotonic() + 60
            while words not in screen and time.monotonic() < deadline:
                if select.select([master], [], [], 1)[0]:
                    screen += os.read(master, 4096)
            self.assertIn(words, screen)
            os.write(master, then)
        shows(b"ask asks: Ship it?\r\nyes or no? [y/N] ", b"y\n")
        shows(b"why? (may be empty) ", b"looks good\n")
        shows(b"after", b"")
        try:
            while chunk := os.read(master, 4096):
                screen += chunk
        except OSError:  # its other end is closed
            pass
        self.assertEqual(process.wait(60), 0, screen.decode())
        self.assertIn(b"looks good", screen)

    def test_a_killed_release_that_asks_holds_up_no_later_run(self):
        self.push("version: 1\nname: hello\nstages:\n  release: {needs: [], keep: true, apply: {processes: {web: {run: exec sleep 3600}}}}\n"
                  "  ask: {needs: [release], approve: {message: 'Ship it?'}}\n")
        command = [BINARY, "run", "--plain", str(self.work), "--data", str(self.folder / "here")]
        master, terminal = pty.openpty()
        self.addCleanup(os.close, master)
        process = subprocess.Popen([*command, "--release"], stdin=terminal, stdout=terminal, stderr=terminal, env=environment())
        os.close(terminal)
        screen = b""
        while b"ask asks: Ship it?" not in screen and select.select([master], [], [], 60)[0]:
            screen += os.read(master, 4096)
        process.kill()
        process.wait(60)
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=25, env=environment())
        self.assertRegex(done.stdout, "the earlier run hello-[0-9a-f]{6}/1 ended as cancelled: its question can no longer be answered|"
                                      "the earlier run work-[0-9a-f]{6}/1 ended as cancelled: its question can no longer be answered")
        subprocess.run([*command, "--let-go"], check=True, capture_output=True, timeout=60, env=environment())
        self.no_process_left()


if __name__ == "__main__":
    unittest.main()
