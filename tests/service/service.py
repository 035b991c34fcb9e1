"""What the service tests share: a remote, a real `quietgate serve`, and its API."""
import atexit
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

BINARY = os.environ["QUIETGATE_BINARY"]
DEADLINE = 60
# Most tests speak with their steps by files in a folder of their own, and look at processes as the machine names them:
# their steps are not kept apart. Those of test_isolation.py are.
NOT_APART = pathlib.Path(tempfile.mkdtemp(prefix="quietgate-test-")) / "not-apart.yaml"
NOT_APART.parent.chmod(0o755)  # some tests are other users
NOT_APART.write_text("data: /nowhere\nisolation: none\nrepositories: []\n")
atexit.register(shutil.rmtree, NOT_APART.parent, ignore_errors=True)


def environment(**more):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "NO_COLOR": "1", "QUIETGATE_CONFIG": str(NOT_APART), **more}


def git(folder, *arguments):
    done = subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def until(condition, what, seconds=DEADLINE):
    """Polls until the condition gives something true, and answers that."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {seconds} s")
        time.sleep(0.02)


def state_of(pid):
    """A process as `ps` would show it: what it is, what it waits for, who its parent is."""
    def read(name):
        try:
            return pathlib.Path(f"/proc/{pid}/{name}").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError as error:
            return str(error)
    status = " ".join(line for line in read("status").splitlines() if line.startswith(("State", "PPid", "Sig", "Shd")))
    return f"{pid}: {read('cmdline')} [{status}] {read('wchan')}"


class ServiceTest(unittest.TestCase):
    isolation = "none"

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="quietgate-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.data = self.folder / "data"
        self.remote = self.folder / "hello.git"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(self.remote)], check=True)
        self.work = self.folder / "work"
        subprocess.run(["git", "init", "-q", "-b", "main", str(self.work)], check=True)
        git(self.work, "config", "user.name", "Ana")
        git(self.work, "config", "user.email", "ana@example.org")
        git(self.work, "remote", "add", "origin", str(self.remote))
        self.service = None
        self.service_environment = {}
        self.addCleanup(self.end_service)

    # --- the service -------------------------------------------------------------------------------------------------
    def config(self, more=""):
        path = self.folder / "quietgate.yaml"
        path.write_text(f"data: {self.data}\nlisten: 127.0.0.1:0\nisolation: {self.isolation}\nrepositories:\n"
                        f"  - name: hello\n    url: {self.remote}\n    poll: 200ms\n{more}")
        return path

    def start(self, more=""):
        (self.data / "address").unlink(missing_ok=True)
        with open(self.folder / "serve.log", "ab") as log:
            self.service = subprocess.Popen([BINARY, "serve", "--config", str(self.config(more))], stdout=log, stderr=log,
                                            env=environment(**self.service_environment))
        self.address = until(self.bound, "the service's address", 20)
        until(lambda: self.get("/readyz", raw=True) is not None, "readiness", 20)
        until(lambda: any(r["watched"] for r in self.get("/api/v1/repositories")["repositories"]), "the first poll", 20)

    def bound(self):
        if self.service.poll() is not None:
            raise AssertionError("the service ended: " + (self.folder / "serve.log").read_text())
        path = self.data / "address"
        return path.read_text().strip() if path.exists() else None

    def terminate(self):
        self.service.send_signal(signal.SIGTERM)
        code = self.service.wait(DEADLINE)
        self.service = None
        return code

    def kill(self):
        self.service.kill()
        self.service.wait(DEADLINE)
        self.service = None

    def end_service(self):
        if self.service is not None and self.service.poll() is None:
            for environment_of in self.get("/api/v1/environments")["environments"]:
                self.cli("environments", "--destroy", environment_of["id"], check=False)
            for run in self.get("/api/v1/runs")["runs"]:
                if run["status"] != "finished":
                    self.cli("cancel", run["id"], check=False)
            self.terminate()
        self.end_what_is_left()

    def end_what_is_left(self):
        """After a test that failed with its service dead: what still runs for it, and only that, is ended."""
        deadline = time.monotonic() + DEADLINE
        order = signal.SIGTERM
        while (left := self.processes_of_this_test()) and time.monotonic() < deadline:
            for pid, _ in left:
                try:
                    os.kill(pid, order)
                except ProcessLookupError:
                    pass
            time.sleep(0.2)
            if time.monotonic() > deadline - DEADLINE / 2:
                order = signal.SIGKILL

    def get(self, path, raw=False):
        try:
            with urllib.request.urlopen(f"http://{self.address}{path}", timeout=10) as answer:
                body = answer.read()
                return body if raw else json.loads(body)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise
        except OSError:
            if raw:
                return None
            raise

    def cli(self, *arguments, check=True):
        done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=DEADLINE,
                              env=environment(QUIETGATE_DATA=str(self.data), QUIETGATE_SERVER=f"http://{self.address}"))
        if check and done.returncode != 0:
            raise AssertionError(f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    # --- commits and runs --------------------------------------------------------------------------------------------
    def push(self, pipeline=None, files=None, branch="main", message="change"):
        for path, text in {**({".quietgate.yaml": pipeline} if pipeline is not None else {}), **(files or {})}.items():
            target = self.work / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        git(self.work, "add", "-A")
        git(self.work, "commit", "-q", "--allow-empty", "-m", message)
        git(self.work, "push", "-q", "origin", f"HEAD:refs/heads/{branch}")
        return git(self.work, "rev-parse", "HEAD")

    def run_of(self, number):
        return self.get(f"/api/v1/runs/hello/{number}")

    def finished(self, number, seconds=DEADLINE):
        def done():
            run = self.run_of(number)
            return run if run and run["status"] == "finished" else None
        return until(done, f"the end of hello/{number}", seconds)

    def stage(self, number, name):
        run = self.run_of(number)
        for stage in run["stages"] if run else []:
            if stage["name"] == name:
                return stage
        return None

    def stage_is(self, number, name, status):
        return until(lambda: (self.stage(number, name) or {}).get("status") == status, f"hello/{number} {name} {status}")

    def log(self):
        """What the service said so far."""
        return (self.folder / "serve.log").read_text(errors="replace")

    def stage_log(self, number, name):
        return (self.get(f"/api/v1/runs/hello/{number}/stages/{name}/log", raw=True) or b"").decode(errors="replace")

    def branch(self, name):
        done = subprocess.run(["git", "-C", str(self.remote), "rev-parse", "-q", "--verify", f"refs/heads/{name}"], capture_output=True,
                              text=True)
        return done.stdout.strip()

    def processes_of_this_test(self):
        """Command lines of processes that work below this test's folder, the service itself left out."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit() or (self.service and int(entry.name) == self.service.pid):
                continue
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                folder = os.readlink(entry / "cwd")
            except OSError:
                continue
            if str(self.folder) in command or folder.startswith(str(self.folder)):
                found.append((int(entry.name), command))
        return found

    def leaders(self):
        """Pids of the leaders; a step that is just being begun still bears its leader's name, and is none."""
        named = [pid for pid, command in self.processes_of_this_test() if command.startswith("quietgate-leader")]

        def parent(pid):
            try:
                status = pathlib.Path(f"/proc/{pid}/status").read_text()
            except OSError:
                return None
            return int(re.search(r"^PPid:\s*(\d+)", status, re.M)[1])
        return [pid for pid in named if parent(pid) not in named + [None]]

    def no_process_left(self):
        """Waits for the end of every process of this test; says which stayed."""
        try:
            until(lambda: not self.processes_of_this_test(), "the end of every process", 30)
        except AssertionError as error:
            left = "\n".join(state_of(pid) for pid, _ in self.processes_of_this_test())
            raise AssertionError(f"{error}\n{left}\n{(self.folder / 'serve.log').read_text()}") from None
