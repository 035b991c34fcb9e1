"""What a step can't reach, tried from inside of one: of a protected branch and of an unprotected one.

Each attack is a command that prints `REACHED` when it got what it wanted. With `isolation: none` all do: the attacks are
right. In a sandbox none does.
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from service import BINARY, ServiceTest, environment, until

PIPELINE = """version: 1
name: hello
on: {{branches: ["**"]}}
stages:
  attack: {{test: {{run: "sh ./attack"}}}}
"""
# `D` is the data directory, as an attacker can guess it; `P` the service's process, likewise.
ATTACKS = {
    "the token": 'test -s "$D/token" && echo REACHED',
    "the evidence key": 'find "$D/keys" -type f 2>/dev/null | while read f; do test -s "$f" && echo REACHED; done',
    "the journal": 'test -s "$D/journal.sqlite" && echo REACHED',
    "the configuration": 'grep -q repositories "$C" 2>/dev/null && echo REACHED',
    "a secret's file": 'test -s "$S" && cat "$S" | grep -q hunter2 && echo REACHED',
    "another attempt's log": 'test -e "$D/runs/hello/1/attack.1/log" && echo REACHED',
    "its own log": 'find "$D" -name log 2>/dev/null | grep -q . && echo REACHED',
    "its own record": 'find "$D" -name "*.step" 2>/dev/null | grep -q . && echo REACHED',
    "the mirror": 'find "$D/mirrors" -name HEAD 2>/dev/null | grep -q . && echo REACHED',
    "the service's environment": 'tr "\\0" "\\n" < /proc/$P/environ 2>/dev/null | grep -q PATH && echo REACHED',
    "anybody's environment": 'cat /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n" | grep -q QUIETGATE_PROBE && echo REACHED',
    "the service's memory": 'head -c 1 /proc/$P/exe >/dev/null 2>&1 && test -r /proc/$P/maps && echo REACHED',
    "the service by a signal": 'kill -0 $P 2>/dev/null && echo REACHED',
    "its leader": 'grep -l "^qg-leader" /proc/[0-9]*/comm 2>/dev/null | grep -q . && echo REACHED',
    "files left open": 'ls -l /proc/self/fd | grep -v -e /dev/null -e pipe: -e /proc/ | grep -q -e "->" && echo REACHED',
    "its parent's files": 'ls -l /proc/$PPID/fd 2>/dev/null | grep -q -e "->" && echo REACHED',
    "the machine's temporary files": 'test -e "$T" && echo REACHED',
    "a link planted in its tree": 'ln -s "$D" door && test -s door/token && echo REACHED',
    "another name for a file": 'ln "$D/token" token 2>/dev/null && test -s token && echo REACHED',
    "a mount": 'mkdir -p m; mount -t tmpfs none m 2>/dev/null && echo REACHED && umount m',
    "namespaces of its own": 'unshare --user --map-root-user true 2>/dev/null && echo REACHED; unshare --mount true 2>/dev/null && echo REACHED',
    "a control group of root's": 'for g in $(find /sys/fs/cgroup -maxdepth 2 -name cgroup.procs 2>/dev/null); do (echo 0 > $g) 2>/dev/null && echo REACHED && break; done',
    "the kernel's settings": '(cat /proc/sys/kernel/core_pattern > /proc/sys/kernel/core_pattern) 2>/dev/null && echo REACHED',
    "the system's files": '(echo > /usr/lib/quietgate-probe) 2>/dev/null && rm -f /usr/lib/quietgate-probe && echo REACHED',
    "devices": 'find /dev -type b 2>/dev/null | grep -q . && echo REACHED',
    "the machine's sockets": 'test -S "$K" && echo REACHED',
    "keys of the session": '/usr/bin/python3 -c "import ctypes,sys; l=ctypes.CDLL(None,use_errno=True); sys.exit(0 if l.syscall(248,b\'user\',b\'q\',b\'v\',1,-2)>0 else 1)" && echo REACHED',
}
# A step without a sandbox has none of them either: its leader closes them.
CLOSED_ANYWAY = {"files left open"}
# What needs root even where nothing is kept apart, or something that this machine may lack.
OF_ROOT = {"a mount", "namespaces of its own", "a control group of root's", "the kernel's settings", "the system's files"}
MAY_LACK = {"devices", "keys of the session", "a control group of root's", "the kernel's settings", "namespaces of its own"}
ESCAPE = """#!/bin/sh
# Twice forked, in a session of its own, with nothing left to know it by.
(setsid sh -c 'exec </dev/null >/dev/null 2>&1; cd /; (env -i /usr/bin/python3 -c "import time; time.sleep(987654)" &) ' &)
sleep 0.3
echo left
"""


class Isolation(ServiceTest):
    isolation = "bubblewrap"

    def setUp(self):
        super().setUp()
        self.secret = self.folder / "secret"
        self.secret.write_text("hunter2\n")
        self.outside = pathlib.Path(tempfile.mkdtemp(prefix="quietgate-test-"))
        self.addCleanup(shutil.rmtree, self.outside, ignore_errors=True)
        self.socket = self.outside / "socket"
        listener = subprocess.Popen(["/usr/bin/python3", "-c", "import socket,sys,time; s=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); "
                                     "print(flush=True); time.sleep(600)", str(self.socket)], stdout=subprocess.PIPE)
        listener.stdout.readline()
        self.addCleanup(listener.stdout.close)
        self.addCleanup(listener.wait)
        self.addCleanup(listener.kill)
        self.service_environment = {"QUIETGATE_PROBE": "1"}
        self.pipeline = PIPELINE.format()

    def start(self, more=""):
        super().start(f"    secrets: {{PASSWORD: {{file: {self.secret}}}}}\n" + more)

    def attack_text(self):
        text = (f"D={self.data}\nC={self.folder}/quietgate.yaml\nS={self.secret}\nT={self.secret}\nP={self.service.pid}\n"
                f"K={self.socket}\ncd \"$(dirname \"$0\")\"\n")
        for number, command in enumerate(ATTACKS.values()):
            text += f"echo \"@{number} $( ({command}) 2>/dev/null | head -1)\"\n"
        return text

    def reached(self, number):
        found = dict(re.findall(r"^@(\d+) ?(.*)$", self.stage_log(number, "attack"), re.M))
        names = list(ATTACKS)
        self.assertEqual(len(found), len(names), self.stage_log(number, "attack"))
        return {names[int(which)] for which, said in found.items() if "REACHED" in said}

    def attacked(self):
        """What was reached, from a protected branch and from another one."""
        self.start()
        self.push(self.pipeline, {"attack": "true\n"})
        self.finished(1)
        answers = []
        for number, branch in ((2, "main"), (3, "other")):
            self.push(self.pipeline, {"attack": self.attack_text()}, branch=branch, message=branch)
            self.finished(number)
            answers.append(self.reached(number))
        return answers

    def test_nothing_is_reached_from_a_sandbox(self):
        for branch, reached in zip(("protected", "unprotected"), self.attacked()):
            self.assertEqual(reached, set(), branch)

    def test_without_isolation_the_attacks_succeed(self):
        self.isolation = "none"
        right = set(ATTACKS) - MAY_LACK - CLOSED_ANYWAY - (set() if os.geteuid() == 0 else OF_ROOT)
        for branch, reached in zip(("protected", "unprotected"), self.attacked()):
            self.assertEqual(right - reached, set(), branch)
        self.assertIn("`isolation: none`", self.log())

    def test_nobody_escapes_by_two_forks_and_a_session(self):
        def escaped():
            listed = subprocess.run(["pgrep", "-f", "time.sleep(987654)"], capture_output=True, text=True).stdout.split()
            return [pid for pid in listed if pid != str(os.getpid())]
        self.start()
        self.push(self.pipeline, {"attack": ESCAPE})
        run = self.finished(1)
        self.assertEqual(run["outcome"], "passed", self.stage_log(1, "attack"))
        self.assertIn("left", self.stage_log(1, "attack"))
        self.assertEqual(escaped(), [])

    def test_a_step_reads_and_writes_its_own(self):
        self.start()
        self.push("version: 1\nname: hello\nstages:\n  a:\n    test:\n      commands:\n"
                  "        - 'echo one > made; mkdir deep; echo two > deep/file; echo three > $HOME/kept; echo four > /tmp/kept; id -un || true'\n"
                  "        - 'cat made deep/file $HOME/kept /tmp/kept; echo five > /dev/stderr; git --version; ls file1 && echo six >> file1'\n",
                  {f"file{number}": "x" for number in range(40)})
        run = self.finished(1)
        log = self.stage_log(1, "a")
        self.assertEqual(run["outcome"], "passed", log)
        for said in ("one\ntwo\nthree\nfour\nfive\n",):
            self.assertIn(said, log)
        if os.geteuid() == 0:
            self.assertIn("quietgate-step", log)
        self.assertEqual(sorted(path.name for path in (self.data / "runs/hello/1").glob("a.1/*") if path.is_dir()), [])

    def test_the_end_of_a_step_is_told_as_it_was(self):
        self.start()
        self.push("version: 1\nname: hello\nstages:\n"
                  "  code: {test: {run: exit 7}}\n"
                  "  signal: {test: {run: 'kill -9 $$'}}\n"
                  "  missing: {test: {run: [no-such-program]}}\n"
                  "  late: {timeout: 1s, test: {run: 'trap \"echo asked; exit 3\" TERM; sleep 600 & wait'}}\n")
        self.finished(1)
        reasons = {name: self.stage(1, name)["attempts"][-1]["reason"] for name in ("code", "signal", "missing", "late")}
        self.assertIn("exit status 7", reasons["code"])
        self.assertIn("killed by SIGKILL", reasons["signal"])
        self.assertIn("no-such-program is in no folder of PATH", reasons["missing"])
        self.assertIn("asked", self.stage_log(1, "late"))

    def test_a_step_is_taken_up_after_the_service_was_killed(self):
        self.start()
        self.push("version: 1\nname: hello\nstages:\n  a: {test: {commands: ['echo begun; sleep 3; echo done > made', 'cat made']}}\n")
        until(lambda: "begun\n" in self.stage_log(1, "a"), "the step's first line")
        self.kill()
        self.start()
        self.assertEqual(self.finished(1)["outcome"], "passed", self.stage_log(1, "a"))
        self.assertEqual(self.stage_log(1, "a").count("begun\n"), 1)
        self.no_process_left()

    def test_what_an_environment_lives_on_is_seen_by_its_own_steps_alone(self):
        self.start()
        self.push("version: 1\nname: hello\nstages:\n"
                  "  staging:\n    apply:\n      processes:\n"
                  "        one: {run: 'echo $$ > $QUIETGATE_ENVIRONMENT_DIRECTORY/pid; exec sleep 4711', ready: {command: 'test -s $QUIETGATE_ENVIRONMENT_DIRECTORY/pid', within: 20s}}\n"
                  "        two: {needs: [one], run: 'kill -0 $(cat $QUIETGATE_ENVIRONMENT_DIRECTORY/pid) && touch $QUIETGATE_ENVIRONMENT_DIRECTORY/seen; exec sleep 4712', ready: {command: 'test -e $QUIETGATE_ENVIRONMENT_DIRECTORY/seen', within: 20s}}\n"
                  "      outputs: {directory: '${{ apply.directory }}'}\n"
                  "  look:\n    needs: [staging]\n"
                  "    test: {run: 'ls ${{ stages.staging.outputs.directory }} && echo REACHED; pgrep -f \"[s]leep 471\" && echo REACHED; true'}\n")
        run = self.finished(1)
        self.assertEqual(run["outcome"], "passed", self.stage_log(1, "staging") + self.stage_log(1, "look") + self.log())
        self.assertNotRegex(self.stage_log(1, "look"), "(?m)^REACHED")
        self.no_process_left()


if __name__ == "__main__":
    unittest.main()
