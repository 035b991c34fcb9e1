"""What a real service does when its machine, its peers or its people are unkind."""
import os
import signal
import socket
import subprocess
import time
import unittest
import urllib.error

from service import BINARY, ServiceTest, environment, git, until

ONE = "version: 1\nname: hello\nstages:\n  unit: {test: {run: %s}}\n"
HELD = "version: 1\nname: hello\nstages:\n  unit: {test: {run: 'sleep 3600'}}\n"
STUBBORN = ("version: 1\nname: hello\nstages:\n  unit: {test: {run: \"trap '' TERM; touch started; while true; do sleep 0.1; done\"}}\n")


class Signals(ServiceTest):
    def run_here(self, pipeline, **how):
        (self.work / ".quietgate.yaml").write_text(pipeline)
        git(self.work, "add", "-A")
        git(self.work, "commit", "-q", "-m", "change")
        return subprocess.Popen([BINARY, "run", "--data", str(self.data), str(self.work)], text=True, env=environment(),
                                **{"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, **how})

    def step_runs(self):
        return until(lambda: [p for p, command in self.processes_of_this_test() if command.startswith("sleep 3600")], "the step")

    def test_a_closed_terminal_ends_the_run_and_its_processes(self):
        running = self.run_here(HELD)
        self.step_runs()
        running.send_signal(signal.SIGHUP)
        output, _ = running.communicate(timeout=60)
        self.assertEqual(running.returncode, 130, output)
        self.assertIn("the terminal was closed", output)
        self.no_process_left()

    def test_a_reader_that_leaves_ends_the_run_and_its_processes(self):
        reading, writing = os.pipe()
        running = self.run_here("version: 1\nname: hello\nstages:\n  first: {test: {run: 'true'}}\n"
                                "  unit: {needs: [first], test: {run: 'sleep 3600'}}\n", stdout=writing, stderr=writing)
        os.close(reading)
        os.close(writing)
        self.assertEqual(running.wait(60), 130)
        self.no_process_left()

    def test_ctrl_c_twice_leaves_no_process(self):
        running = self.run_here(STUBBORN)
        until(lambda: list(self.data.glob("here/*/runs/*/*/*/tree/started")), "the step")
        running.send_signal(signal.SIGINT)
        time.sleep(0.3)
        running.send_signal(signal.SIGINT)
        output, _ = running.communicate(timeout=60)
        self.assertEqual(running.returncode, 130, output)
        self.no_process_left()

    def test_ctrl_c_thrice_ends_at_once_and_the_leader_ends_the_step(self):
        running = self.run_here(STUBBORN)
        until(lambda: list(self.data.glob("here/*/runs/*/*/*/tree/started")), "the step")
        begin = time.monotonic()
        for _ in range(3):
            running.send_signal(signal.SIGINT)
            time.sleep(0.3)
        running.communicate(timeout=60)
        self.assertEqual(running.returncode, 130)
        self.assertLess(time.monotonic() - begin, 5)
        self.no_process_left()

    def test_a_service_outlives_the_reader_of_its_log(self):
        reading, writing = os.pipe()
        self.service = subprocess.Popen([BINARY, "serve", "--config", str(self.config())], stdout=writing, stderr=writing, env=environment())
        os.close(writing)
        self.address = until(self.bound, "the service's address", 20)
        until(lambda: any(r["watched"] for r in self.get("/api/v1/repositories")["repositories"]), "the first poll", 20)
        os.close(reading)
        self.push(ONE % "'true'")
        self.assertEqual(self.finished(1)["outcome"], "passed")
        self.remote.rename(self.folder / "away.git")
        self.push_refused = until(lambda: self.service.poll() is None and self.get("/readyz", raw=True) is not None, "an answer", 10)
        time.sleep(1)  # polls fail meanwhile, and the service talks of it
        self.assertIsNone(self.service.poll())

    def test_a_second_sigterm_ends_a_service_whose_step_will_not(self):
        self.start()
        self.push(STUBBORN)
        self.stage_is(1, "unit", "running")
        until(lambda: list(self.data.glob("runs/*/*/*/tree/started")), "the step")
        self.cli("cancel", "hello/1")
        self.service.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        begin = time.monotonic()
        self.service.send_signal(signal.SIGTERM)
        self.service.wait(30)
        self.assertLess(time.monotonic() - begin, 3)
        self.service = None
        self.start()
        self.assertEqual(self.finished(1)["outcome"], "cancelled")
        self.no_process_left()



WAITING = "version: 1\nname: hello\nconcurrency: queue\nstages:\n  unit: {test: {run: 'echo started; while [ ! -e %s ]; do sleep 0.05; done; echo went on'}}\n"


class FullDisk(ServiceTest):
    """The data directory on a small disk of its own."""
    keep_free = "0%"  # what writes to a disk that is full is wanted here, and nobody who ends it before

    def config(self, more=""):
        return super().config(f"{more}keep_free: {self.keep_free}\n")

    def setUp(self):
        super().setUp()
        self.data.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "none", str(self.data)], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest("NOT TESTED: a full disk needs the right to mount a tmpfs: " + mounted.stderr)
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.data)], check=True)
        self.addCleanup(self.end_service)

    def fill(self):
        with open(self.data / "ballast", "ab", buffering=0) as ballast:
            for size in (65536, 4096, 1):
                try:
                    while ballast.write(b"x" * size) == size:
                        pass
                except OSError:
                    pass

    def free(self):
        (self.data / "ballast").unlink()

    def words(self):
        return (self.folder / "serve.log").read_text()

    def not_ready(self):
        try:
            self.get("/readyz", raw=True)
            return None
        except urllib.error.HTTPError as error:
            self.assertEqual(error.code, 503)
            return error.read().decode()

    def test_nothing_is_lost_and_all_goes_on_when_there_is_space_again(self):
        self.start()
        flag = self.folder / "flag"
        self.push(WAITING % flag)
        self.stage_is(1, "unit", "running")
        until(lambda: "started" in self.stage_log(1, "unit").splitlines(), "the step's first line")
        self.fill()
        refused = self.cli("cancel", "hello/1", check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("free space", refused.stdout + refused.stderr)
        flag.touch()
        self.push(WAITING % flag)
        until(lambda: "main can't be followed to" in self.words() or "can't poll hello" in self.words(), "word of the failed poll")
        self.assertRegex(until(self.not_ready, "word that it is not ready", 20), "journal can't be written.*free space")
        time.sleep(3)
        self.assertIsNone(self.service.poll(), self.words())
        self.free()
        until(lambda: self.not_ready() is None, "readiness", 20)
        self.assertEqual(self.finished(1)["outcome"], "passed", self.words())
        self.assertEqual(self.finished(2)["outcome"], "passed", self.words())
        self.no_process_left()

    def test_who_has_written_most_ends_before_the_disk_is_full(self):
        self.keep_free = "50%"
        self.start()
        flag = self.folder / "flag"
        self.push("version: 1\nname: hello\nstages:\n"
                  f"  small: {{test: {{run: 'while [ ! -e {flag} ]; do sleep 0.05; done'}}}}\n"
                  "  large: {test: {run: 'head -c 4000000 /dev/zero > big; sleep 60'}}\n")
        until(lambda: (self.stage(1, "large") or {}).get("status") == "finished", "the end of who wrote most")
        ended = self.stage(1, "large")["attempts"][-1]
        self.assertEqual(ended["outcome"], "error")
        self.assertRegex(ended["reason"], r"^ended: the disk of .*/data has \d+ MB left, and it has written most: 4 MB$")
        flag.touch()
        self.finished(1)
        self.assertEqual(self.stage(1, "small")["attempts"][-1]["outcome"], "passed")
        self.assertIn("hello/1, large ends: it has written 4 MB", self.words())

    def test_a_service_that_cannot_start_says_what_to_do(self):
        self.start()
        self.terminate()
        self.fill()
        ended = subprocess.run([BINARY, "serve", "--config", str(self.config())], capture_output=True, text=True, timeout=30, env=environment())
        self.assertNotEqual(ended.returncode, 0)
        self.assertRegex(ended.stdout + ended.stderr, "space")
        self.free()
        self.start()

    def test_a_restart_with_a_full_disk_loses_no_run(self):
        self.start()
        flag = self.folder / "flag"
        self.push(WAITING % flag)
        self.stage_is(1, "unit", "running")
        until(lambda: "started" in self.stage_log(1, "unit").splitlines(), "the step's first line")
        self.kill()
        self.fill()
        flag.touch()
        ended = subprocess.run([BINARY, "serve", "--config", str(self.config())], capture_output=True, text=True, timeout=30, env=environment())
        self.assertNotEqual(ended.returncode, 0)
        self.free()
        self.start()
        self.assertEqual(self.finished(1)["outcome"], "passed", self.words())


class Damage(ServiceTest):
    """Our own files, damaged."""

    def words(self):
        return (self.folder / "serve.log").read_text()

    def refused(self):
        ended = subprocess.run([BINARY, "serve", "--config", str(self.config())], capture_output=True, text=True, timeout=30, env=environment())
        self.assertNotEqual(ended.returncode, 0, ended.stderr)
        self.assertGreater(ended.returncode, 0, ended.stderr)
        return ended.stdout + ended.stderr

    def ran_once(self):
        self.start()
        self.push(ONE % "'true'")
        self.assertEqual(self.finished(1)["outcome"], "passed")
        self.terminate()

    def test_a_journal_cut_short(self):
        self.ran_once()
        path = self.data / "journal.sqlite"
        os.truncate(path, path.stat().st_size // 2)
        self.assertRegex(self.refused(), "journal.*\n.*(backup|restore)")

    def test_a_journal_that_is_none(self):
        self.ran_once()
        (self.data / "journal.sqlite").write_bytes(b"no journal at all " * 500)
        self.assertRegex(self.refused(), "journal")

    def test_a_flipped_bit_in_an_old_run_leaves_the_others_alone(self):
        self.ran_once()
        path = self.data / "journal.sqlite"
        bytes_of = path.read_bytes()
        self.assertIn(b"PlanCompiled", bytes_of)
        at = bytes_of.index(b'"commit"')
        path.write_bytes(bytes_of[:at + 1] + b"k" + bytes_of[at + 2:])
        self.start()
        self.push(ONE % "'true'")
        self.assertEqual(self.finished(2)["outcome"], "passed", self.words())
        shown = self.cli("show", "hello/1", check=False)
        self.assertIn("damaged", shown.stdout + shown.stderr)

    def test_a_mirror_that_lost_its_objects_is_made_again(self):
        self.ran_once()
        mirror = self.data / "mirrors" / "hello.git"
        for path in mirror.glob("objects/*/*"):
            path.unlink()
        self.start()
        self.push(ONE % "'true'")
        self.assertEqual(self.finished(2)["outcome"], "passed", self.words())

    def test_a_mirror_with_a_damaged_pack_is_made_again(self):
        self.ran_once()
        packs = list((self.data / "mirrors").glob("hello.git/objects/pack/*.pack")) + list((self.data / "mirrors").glob("hello.git/objects/pack/*.idx"))
        self.assertTrue(packs)
        for path in packs:
            path.chmod(0o644)
            path.write_bytes(b"\0" * path.stat().st_size)
        self.start()
        self.push(ONE % "'true'")
        self.assertEqual(self.finished(2)["outcome"], "passed", self.words())

    def test_a_step_record_with_garbage_fails_that_run_only(self):
        self.start()
        self.push(WAITING % (self.folder / "flag"))
        self.stage_is(1, "unit", "running")
        until(lambda: "started" in self.stage_log(1, "unit").splitlines(), "the step's first line")
        self.kill()
        for path in (self.data / "runs").glob("hello/1/unit.1/*.step"):
            path.write_bytes(b"\0garbage")
        self.start()
        time.sleep(1)
        self.cli("cancel", "hello/1", check=False)
        (self.folder / "flag").touch()
        self.assertIn(self.finished(1)["outcome"], ("error", "cancelled"))
        self.push(ONE % "'true'")
        self.assertEqual(self.finished(2)["outcome"], "passed", self.words())
        self.no_process_left()

    def test_a_checkout_removed_under_a_running_stage(self):
        self.start()
        self.push("version: 1\nname: hello\nstages:\n  unit: {test: {run: 'while [ ! -e %s ]; do sleep 0.05; done'}}\n"
                  "  more: {needs: [unit], test: {run: 'true'}}\n" % (self.folder / "flag"))
        self.stage_is(1, "unit", "running")
        subprocess.run(["rm", "-rf", str(self.data / "runs/hello/1/checkout")], check=True)
        (self.folder / "flag").touch()
        run = self.finished(1)
        self.assertEqual(run["outcome"], "error", run)
        self.push(ONE % "'true'")
        self.assertEqual(self.finished(2)["outcome"], "passed")


class Peers(ServiceTest):
    """Remotes that hang, and what else they do."""

    def mute(self):
        listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.addCleanup(listener.close)
        return listener.getsockname()[1]

    def test_many_remotes_that_hang_hold_nothing_up(self):
        port = self.mute()
        self.start("".join(f"  - name: mute{i}\n    url: http://127.0.0.1:{port}/x.git\n    poll: 200ms\n" for i in range(24)))
        begin = time.monotonic()
        self.push(ONE % "'true'")
        self.assertEqual(self.finished(1)["outcome"], "passed")
        self.assertLess(time.monotonic() - begin, 10)
        begin = time.monotonic()
        self.assertEqual(self.terminate(), 0)
        self.assertLess(time.monotonic() - begin, 5)

    def test_branch_names_of_any_bytes(self):
        self.start()
        self.push(ONE % "'true'")
        self.finished(1)
        head = git(self.work, "rev-parse", "HEAD").encode()
        for name in (b"caf\xe9", b"\xf0\x9f\x9a\x80", b"a'b\"c", b"-rf", b"a;b$(id)"):
            folder = os.fsencode(self.remote) + b"/refs/heads/" + name
            with open(folder, "wb") as ref:
                ref.write(head + b"\n")
        self.push(ONE % "'true'")
        run = self.finished(2)
        self.assertIsNone(self.service.poll())
        until(lambda: len(self.get("/api/v1/repositories")["repositories"][0]["branches"]) >= 4, "the odd branches")

    def test_a_commit_message_of_any_bytes(self):
        self.start()
        (self.work / ".quietgate.yaml").write_text(ONE % "'echo ${{ commit.message }} by ${{ commit.author }}'")
        git(self.work, "add", "-A")
        subprocess.run(["git", "-C", str(self.work), "-c", "i18n.commitEncoding=latin1", "commit", "-q", "-m", b"caf\xe9 \x1b[31m\x07", "--author",
                        b"J\xfcrgen <j@example.org>"], check=True)
        git(self.work, "push", "-q", "origin", "HEAD:refs/heads/main")
        self.finished(1)
        self.cli("show", "hello/1")


class Libraries(ServiceTest):
    """A machine without libcurl: what needs it says so, and everything else goes on."""

    def test_a_missing_libcurl_is_an_error_of_the_stage(self):
        broken = self.folder / "broken"
        broken.mkdir()
        (broken / "libcurl.so.4").write_bytes(b"no library")
        self.service_environment = {"LD_LIBRARY_PATH": str(broken)}
        self.start("servers:\n  - {url: \"http://127.0.0.1:9\", headers: {X-Scope-OrgID: team-a}}\n")
        self.push("version: 1\nname: hello\nstages:\n  here:\n    apply:\n      ports: [web]\n      processes:\n        web:\n"
                  "          run: exec /usr/bin/python3 -m http.server --bind 127.0.0.1 ${{ ports.web }}\n"
                  "          ready: {http: \"http://127.0.0.1:${{ ports.web }}/\", within: 2s}\n")
        stage = self.finished(1) and self.stage(1, "here")
        self.assertEqual(stage["outcome"], "error", stage)
        self.assertIn("libcurl can't be used (libcurl.so.4: ", stage["attempts"][-1]["reason"])
        self.push("version: 1\nname: hello\nstages:\n  here:\n    verify:\n      prometheus: http://127.0.0.1:9\n      last: 1s\n"
                  "      checks:\n        - {name: errors, query: app_errors, expect: \"< 1\"}\n")
        stage = self.finished(2) and self.stage(2, "here")
        self.assertIn(stage["outcome"], ("error", "inconclusive"), stage)
        self.assertIn("libcurl can't be used", stage["attempts"][-1]["reason"])
        self.assertIsNone(self.service.poll())
        self.push(ONE % "'true'")
        self.assertEqual(self.finished(3)["outcome"], "passed", "what needs no libcurl goes on")
        self.assertEqual(self.terminate(), 0)


if __name__ == "__main__":
    unittest.main()
