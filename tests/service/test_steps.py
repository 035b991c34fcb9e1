"""Steps that live through restarts, and what they print: real leaders, real kills, a real terminal."""
import base64
import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import threading
import time
import unittest
import urllib.request

from service import BINARY, ServiceTest, environment, until

# Leaves the step's session, forgets its environment and its parent, closes all its descriptors.
HIDE = r'''import os, sys
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
os.closerange(0, 256)
os.chdir("/")
os.execve("/bin/sh", ["/bin/sh", "-c", "while :; do sleep 0.05; done # " + sys.argv[1]], {"PATH": "/bin:/usr/bin"})
'''


class Leaders(ServiceTest):
    def leaders(self):
        return [pid for pid, command in self.processes_of_this_test() if command.startswith("quietgate-leader")]

    def kill_leader(self):
        for pid in until(self.leaders, "the leader"):
            os.kill(pid, signal.SIGKILL)

    def begin(self, retry=""):
        """A step whose first attempt hides a process and waits for ever; its second attempt passes."""
        mark = self.folder / "mark"
        self.push("version: 1\nname: hello\nstages:\n  unit:\n" + retry +
                  f"    test: {{run: 'if [ -e {mark} ]; then exit 0; fi; /usr/bin/python3 hide.py {self.folder}; touch {mark}; while :; do sleep 0.05; done'}}\n",
                  {"hide.py": HIDE})
        until(mark.exists, "the step")

    def test_a_killed_leader_is_an_error_that_the_retry_policy_knows(self):
        self.start()
        self.begin("    retry: {attempts: 2, when: [infrastructure]}\n")
        self.kill_leader()
        self.assertEqual(self.finished(1)["outcome"], "passed")
        attempts = self.stage(1, "unit")["attempts"]
        self.assertEqual([attempt["outcome"] for attempt in attempts], ["error", "passed"])
        self.assertIn("leader died: process", attempts[0]["reason"])
        self.no_process_left()

    def test_a_killed_leader_without_a_retry_ends_the_run_as_an_error(self):
        self.start()
        self.begin()
        self.kill_leader()
        run = self.finished(1)
        self.assertEqual(run["outcome"], "error", run)
        self.assertIn("leader died", run["reason"])
        self.no_process_left()

    def test_a_leader_killed_while_the_service_was_away(self):
        self.start()
        self.begin()
        self.kill()
        self.kill_leader()
        self.start()
        run = self.finished(1)
        self.assertEqual(run["outcome"], "error", run)
        self.assertIn("leader died", run["reason"])
        self.no_process_left()

    def test_a_restart_that_cannot_take_a_step_up_again_ends_it(self):
        secret = self.folder / "secret"
        secret.write_text("s3cr3t-value\n")
        self.start(f"    secrets: {{TOKEN: {{file: {secret}}}}}\n")
        self.push("version: 1\nname: hello\nsecrets: [TOKEN]\nstages:\n  unit:\n    environment: {TOKEN: '${{ secrets.TOKEN }}'}\n"
                  "    test: {run: 'echo started; sleep 3600'}\n")
        until(lambda: "started" in self.stage_log(1, "unit").splitlines(), "the step")
        self.kill()
        self.start()  # the secret is configured no more
        run = self.finished(1)
        self.assertNotEqual(run["outcome"], "passed")
        self.assertIn("TOKEN", run["reason"])
        self.no_process_left()

    def test_no_byte_of_a_log_is_lost_over_kills(self):
        self.start()
        flag = self.folder / "flag"
        self.push("version: 1\nname: hello\nstages:\n  unit: {test: {run: '/usr/bin/python3 print.py %s'}}\n" % flag, {"print.py":
                  "import os, sys, time\nn = 0\nwhile not os.path.exists(sys.argv[1]):\n    for _ in range(200):\n"
                  "        sys.stdout.buffer.write(b'%d \\x00\\xff\\x1b[31m\\n' % n); n += 1\n    sys.stdout.flush(); time.sleep(0.002)\n"
                  "open(sys.argv[1], 'w').write(str(n))\n"})
        for _ in range(4):
            time.sleep(0.3)  # the moment is what is tried
            self.kill()
            self.start()
        flag.touch()
        self.assertEqual(self.finished(1)["outcome"], "passed")
        count = int(flag.read_text())
        log = (self.data / "runs/hello/1/unit.1/log").read_bytes()
        printed = b"".join(b"%d \x00\xff\x1b[31m\n" % n for n in range(count))
        self.assertGreater(count, 10000)
        lines = [line for line in log.splitlines(keepends=True) if not line.startswith((b"$ ", b"[quietgate"))]
        self.assertTrue(b"".join(lines) == printed, "bytes were lost, doubled or changed")


UNKIND = b"plain\n\x00\xff\xfe \x1b[31mred\x1b[0m \x1b[2J\x1b]0;evil\x07\x1b[6n caf\xc3\xa9 \xe2\x80\xae.\n"


class Bytes(ServiceTest):
    """What unkind bytes are, wherever they are shown."""

    def setUp(self):
        super().setUp()
        self.start()
        junit = '<testsuite><testcase classname="a" name="t"><failure message="\\xff\\xfe \\x1b[2J"/></testcase></testsuite>'
        self.push("version: 1\nname: hello\nstages:\n  unit: {test: {run: '/usr/bin/python3 print.py; exit 3', junit: out.xml}}\n", {"print.py":
                  f"import sys\nsys.stdout.buffer.write({UNKIND!r})\nopen('out.xml', 'wb').write(b'{junit}')\n"})
        self.finished(1)

    def test_the_raw_log_is_kept(self):
        self.assertIn(UNKIND, (self.data / "runs/hello/1/unit.1/log").read_bytes())
        self.assertIn(UNKIND, self.get("/api/v1/runs/hello/1/stages/unit/log", raw=True))
        piped = subprocess.run([BINARY, "logs", "hello/1", "unit"], capture_output=True, timeout=30,
                               env=environment(QUIETGATE_SERVER=f"http://{self.address}"))
        self.assertIn(UNKIND, piped.stdout)

    def test_a_stream_is_plain_text_that_holds_the_bytes(self):
        stream = self.get("/api/v1/runs/hello/1/stages/unit/log/follow", raw=True)
        self.assertTrue(stream.decode("ascii"))
        log = b"".join(base64.b64decode(data) for data in re.findall(rb"event: log\ndata: (.*)\n", stream))
        self.assertIn(UNKIND, log)

    def test_documents_are_utf8(self):
        for path in ("/api/v1/runs", "/api/v1/runs/hello/1", "/api/v1/runs/hello/1/events", "/metrics"):
            self.get(path, raw=True).decode("utf-8")
        for verb in (("show", "hello/1"), ("runs",)):
            shown = subprocess.run([BINARY, *verb, "--json"], capture_output=True, timeout=30,
                                   env=environment(QUIETGATE_SERVER=f"http://{self.address}"))
            json.loads(shown.stdout.decode("utf-8"))
            self.assertNotIn(b"\x1b", shown.stdout)

    def on_a_terminal(self, *arguments):
        ours, theirs = pty.openpty()
        running = subprocess.Popen([BINARY, *arguments], stdin=theirs, stdout=theirs, stderr=theirs,
                                   env={**environment(QUIETGATE_SERVER=f"http://{self.address}"), "TERM": "xterm", "LANG": "C.UTF-8"})
        os.close(theirs)
        shown = b""
        while select.select([ours], [], [], 30)[0]:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        os.close(ours)
        running.wait(30)
        return shown

    def test_a_terminal_is_shown_text_and_colours_only(self):
        for arguments in (("logs", "hello/1", "unit"), ("logs", "hello/1", "unit", "--follow"), ("show", "hello/1")):
            shown = self.on_a_terminal(*arguments)
            shown.decode("utf-8")
            rest = re.sub(rb"\x1b\[[0-9;:]*m", b"", shown)
            for harmful in (b"\x1b", b"\x00", b"\x07", b"evil", "\u202e".encode()):
                self.assertNotIn(harmful, rest, arguments)
            if arguments[0] == "logs":
                self.assertIn("caf\u00e9".encode(), shown)


def resident(pid):
    """MiB."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024


class Followers(ServiceTest):
    COUNT = 100

    def follow(self, ended, lags):
        log = b""
        with urllib.request.urlopen(f"http://{self.address}/api/v1/runs/hello/1/stages/unit/log/follow", timeout=60) as stream:
            for line in stream:
                if not line.startswith(b"data: ") or line == b"data: \n":
                    continue
                try:
                    log += base64.b64decode(line[6:])
                except ValueError:
                    continue
                stamps = re.findall(rb"^at (\d+\.\d+)$", log[-200:], re.M)
                if stamps:
                    lags.append(time.time() - float(stamps[-1]))
        ended.append(log)

    def test_a_hundred_followers_of_one_log(self):
        self.start()
        self.push("version: 1\nname: hello\nstages:\n  unit: {test: {run: '/usr/bin/python3 print.py'}}\n", {"print.py":
                  "import os, time\nwhile not os.path.exists('%s'): time.sleep(0.02)\n"
                  "for n in range(100):\n    print('at', time.time(), flush=True)\n    time.sleep(0.02)\nprint('x' * 3000000)\n" % (self.folder / "go")})
        self.stage_is(1, "unit", "running")
        before = resident(self.service.pid)
        ended, lags = [], []
        threads = [threading.Thread(target=self.follow, args=(ended, lags), daemon=True) for _ in range(self.COUNT)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)  # they come while it waits, and some while it prints
        (self.folder / "go").touch()
        most = before
        slowest = 0
        while self.run_of(1)["status"] != "finished":
            begun = time.monotonic()
            self.get("/api/v1/runs/hello/1")
            slowest = max(slowest, time.monotonic() - begun)
            most = max(most, resident(self.service.pid))
            time.sleep(0.02)
        for thread in threads:
            thread.join(60)
        log = (self.data / "runs/hello/1/unit.1/log").read_bytes()
        self.assertEqual(len(ended), self.COUNT, "each stream ends with its stage")
        self.assertTrue(all(each == log for each in ended), "each follower has each byte")
        lags.sort()
        print(f"{self.COUNT} followers: lag median {lags[len(lags) // 2] * 1000:.0f} ms, p99 {lags[len(lags) * 99 // 100] * 1000:.0f} ms, "
              f"slowest answer beside them {slowest * 1000:.0f} ms, memory {before:.0f} -> {most:.0f} MiB")
        self.assertLess(most - before, 40)
        self.assertLess(slowest, 2)  # most of that is this test's own hundred threads


class ReadOnly(ServiceTest):
    """A data directory that can't be written."""

    def setUp(self):
        super().setUp()
        self.data.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "none", str(self.data)], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest("NOT TESTED: a read-only disk needs the right to mount a tmpfs: " + mounted.stderr)
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.data)], check=True)
        self.addCleanup(self.end_service)

    def become(self, how):
        subprocess.run(["mount", "-o", f"remount,{how}", str(self.data)], check=True)

    def refused(self, *arguments):
        ended = subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=30, env=environment())
        words = ended.stdout + ended.stderr
        self.assertGreater(ended.returncode, 0, words)
        self.assertIn(str(self.data), words)
        self.assertRegex(words, "[Rr]ead-only")
        self.assertRegex(words, "writable|another", "it says what to do")
        return words

    def test_a_service_on_a_fresh_one(self):
        self.become("ro")
        self.refused("serve", "--config", str(self.config()))

    def test_a_service_on_one_that_was_used(self):
        self.start()
        self.push("version: 1\nname: hello\nstages:\n  unit: {test: {run: 'true'}}\n")
        self.finished(1)
        self.terminate()
        self.become("ro")
        self.refused("serve", "--config", str(self.config()))
        doctor = subprocess.run([BINARY, "doctor", "--data", str(self.data)], capture_output=True, text=True, timeout=60, env=environment())
        self.assertNotEqual(doctor.returncode, 0)
        self.assertIn("can't be written", doctor.stdout)
        self.become("rw")
        self.start()
        self.assertEqual(self.run_of(1)["outcome"], "passed")

    def test_a_run_here(self):
        self.push("version: 1\nname: hello\nstages:\n  unit: {test: {run: 'true'}}\n")
        self.become("ro")
        self.refused("run", "--data", str(self.data), str(self.work))
        self.refused("run", "--json", "--data", str(self.data), str(self.work))


if __name__ == "__main__":
    unittest.main()
