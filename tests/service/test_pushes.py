"""The moment of a promotion: a real server that holds a push, and a service that dies meanwhile."""
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import unittest

from service import ServiceTest, git, until

# Says that it was reached, then waits as long as the test holds it, then ends as the test wants. The evidence, which is a push of its own, passes.
HOOK = '''#!/bin/sh
grep -q refs/heads/ || exit 0
echo >>%(folder)s/%(name)s.reached
while [ -e %(folder)s/%(name)s.hold ]; do sleep 0.02; done
if [ -e %(folder)s/%(name)s.refuse ]; then rm %(folder)s/%(name)s.refuse; exit 1; fi
'''
PIPELINE = "version: 1\nname: hello\non: {branches: [main]}\nstages:\n  production: {needs: [], promote: {branch: production}}\n"


class Cut(threading.Thread):
    """A way to the server on which every connection is cut when told to."""

    def __init__(self, to):
        super().__init__(daemon=True)
        self.to = to
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.pairs = []

    def run(self):
        while True:
            try:
                ours, _ = self.listener.accept()
            except OSError:
                return
            try:
                theirs = socket.create_connection(("127.0.0.1", self.to))
            except OSError:  # the server is not there yet
                ours.close()
                continue
            self.pairs.append((ours, theirs))
            for one, other in ((ours, theirs), (theirs, ours)):
                threading.Thread(target=self.pass_on, args=(one, other), daemon=True).start()

    @staticmethod
    def pass_on(one, other):
        try:
            while piece := one.recv(65536):
                other.sendall(piece)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def end(self):
        self.listener.close()
        self.cut()
        for pair in self.pairs:
            for end in pair:
                end.close()

    def cut(self):
        for ours, _ in self.pairs:
            try:
                ours.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Pushes(ServiceTest):
    def setUp(self):
        super().setUp()
        if not shutil.which("git"):
            self.skipTest("NOT TESTED: needs git (Debian package git)")
        self.held = self.folder / "hooks"
        self.held.mkdir()
        hooks = self.remote / "hooks"
        hooks.mkdir(exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.server = subprocess.Popen(["git", "daemon", "--reuseaddr", "--listen=127.0.0.1", f"--port={self.port}", "--export-all",
                                        "--enable=receive-pack", f"--base-path={self.folder}", str(self.folder)],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.addCleanup(self.end_server)
        self.way = Cut(self.port)
        self.way.start()
        self.addCleanup(self.way.end)
        self.url = f"git://127.0.0.1:{self.way.port}/hello.git"
        until(self.answers, "the Git server", 20)
        for name in ("pre-receive", "post-receive"):
            (hooks / name).write_text(HOOK % {"folder": self.held, "name": name})
            (hooks / name).chmod(0o755)

    def answers(self):
        return subprocess.run(["git", "ls-remote", self.url], capture_output=True).returncode == 0

    def end_server(self):
        for path in self.held.glob("*.hold"):
            path.unlink()
        os.killpg(self.server.pid, signal.SIGTERM)
        self.server.wait(20)

    def processes_of_this_test(self):
        return [(pid, command) for pid, command in super().processes_of_this_test() if "git" not in command.split(" ")[0] and "hooks/" not in command
                and not command.startswith("sleep 0.02")]

    def config(self, more=""):
        path = super().config(more)
        path.write_text(path.read_text().replace(str(self.remote), self.url))
        return path

    def file(self, name):
        return self.held / name

    def reached(self, name):
        path = self.file(name + ".reached")
        return path.read_text().count("\n") if path.exists() else 0

    def is_reached(self, name, times=1):
        until(lambda: self.reached(name) >= times, f"{name} for the {times}. time")

    def move_main(self, pipeline):
        """By a fetch of the server's, past the hooks: they are for quietgate."""
        (self.work / ".quietgate.yaml").write_text(pipeline)
        git(self.work, "add", "-A")
        git(self.work, "commit", "-q", "-m", "change")
        git(self.remote, "fetch", "-q", str(self.work), "HEAD:refs/heads/main")
        return git(self.work, "rev-parse", "HEAD")

    def begin(self, *held):
        """A production branch, and a run whose push is held."""
        self.start()
        first = self.move_main("version: 1\nname: hello\nstages: {one: {test: {run: 'true'}}}\n")
        self.finished(1)
        git(self.remote, "branch", "production", first)
        for name in held:
            self.file(name + ".hold").touch()
        commit = self.move_main(PIPELINE)
        self.is_reached(held[0] if held else "pre-receive")
        return first, commit

    def let_go(self, name):
        self.file(name + ".hold").unlink()

    def events(self):
        stream = self.get("/api/v1/runs/hello/2/events", raw=True).decode()
        types = [line[7:] for line in stream.splitlines() if line.startswith("event: ")]
        return {type_: types.count(type_) for type_ in ("PromotionIntended", "CommitPromoted", "PromotionRefused")}

    def ends_promoted(self, commit):
        run = self.finished(2, 90)
        self.assertEqual(run["outcome"], "passed", self.stage_log(2, "production"))
        self.assertEqual(self.branch("production"), commit)
        self.assertEqual(self.events(), {"PromotionIntended": 1, "CommitPromoted": 1, "PromotionRefused": 0})

    def test_killed_before_the_server_took_it(self):
        _, commit = self.begin("pre-receive")
        self.kill()
        self.file("pre-receive.refuse").touch()  # that push never arrives
        self.let_go("pre-receive")
        until(lambda: not self.file("pre-receive.refuse").exists(), "the end of the first push")
        self.start()
        self.ends_promoted(commit)
        self.assertEqual((self.reached("pre-receive"), self.reached("post-receive")), (2, 1))

    def test_killed_while_the_server_works_and_it_arrives_before_the_restart(self):
        _, commit = self.begin("pre-receive")
        self.kill()
        self.let_go("pre-receive")
        until(lambda: self.branch("production") == commit, "the move")
        self.start()
        self.ends_promoted(commit)
        self.assertEqual(self.reached("pre-receive"), 1, "it was pushed again")

    def test_killed_while_the_server_works_and_it_arrives_after_the_restart(self):
        _, commit = self.begin("pre-receive")
        self.kill()
        self.start()
        self.is_reached("pre-receive", 2)  # the remote has not moved: it is pushed again, beside the first
        self.let_go("pre-receive")
        self.ends_promoted(commit)
        moves = until(lambda: self.reached("post-receive"), "the move")
        self.assertEqual(moves, 1, "one of both moves it")

    def test_killed_after_the_move_and_before_the_answer(self):
        _, commit = self.begin("post-receive")
        self.assertEqual(self.branch("production"), commit)
        self.kill()
        self.let_go("post-receive")
        self.start()
        self.ends_promoted(commit)
        self.assertEqual(self.reached("pre-receive"), 1, "it was pushed again")

    def test_killed_and_somebody_else_moves_it_meanwhile(self):
        first, _ = self.begin("pre-receive")
        self.kill()
        self.file("pre-receive.refuse").touch()
        self.let_go("pre-receive")
        until(lambda: not self.file("pre-receive.refuse").exists(), "the end of the first push")
        git(self.work, "checkout", "-q", "-b", "hotfix", first)
        git(self.work, "commit", "-q", "--allow-empty", "-m", "hotfix")
        hotfix = git(self.work, "rev-parse", "HEAD")
        git(self.work, "push", "-q", "origin", "HEAD:refs/heads/production")
        self.start()
        run = self.finished(2, 90)
        self.assertEqual(run["outcome"], "failed")
        self.assertIn("meanwhile by somebody else", run["reason"])
        self.assertEqual(self.branch("production"), hotfix)
        self.assertEqual(self.events(), {"PromotionIntended": 1, "CommitPromoted": 0, "PromotionRefused": 1})

    def test_an_answer_that_is_lost_on_its_way(self):
        _, commit = self.begin("post-receive")
        self.way.cut()
        self.let_go("post-receive")
        self.ends_promoted(commit)
        self.assertEqual(self.reached("pre-receive"), 1, "it was pushed again")
        self.assertIn("the push gave no answer", self.stage_log(2, "production"))

    def test_killed_again_and_again(self):
        _, commit = self.begin("pre-receive")
        for _ in range(5):
            self.kill()
            self.start()
            time.sleep(0.2)  # the moment is what is tried
        self.let_go("pre-receive")
        self.ends_promoted(commit)
        self.assertEqual(self.reached("post-receive"), 1)


if __name__ == "__main__":
    unittest.main()
