"""The service as a whole: real processes, real Git, real files; faults as users meet them."""
import json
import os
import shutil
import signal
import socket
import subprocess
import unittest

from service import BINARY, ServiceTest, environment, git, until

ONE = "version: 1\nname: hello\non: {branches: [main]}\nstages:\n  unit:\n    test: {run: %s}\n"
HELD = "version: 1\nname: hello\non: {branches: [main]}\nconcurrency: %s\nstages:\n  unit:\n    test: {run: 'echo started; while [ ! -e %s ]; do sleep 0.05; done; echo went on'}\n"


class Runs(ServiceTest):
    def test_a_pushed_commit_runs_and_its_log_is_kept(self):
        self.start()
        commit = self.push(ONE % "'echo hello from $QUIETGATE_COMMIT'")
        run = self.finished(1)
        self.assertEqual((run["outcome"], run["commit"]), ("passed", commit))
        self.assertIn(f"hello from {commit}", self.stage_log(1, "unit"))
        self.assertFalse((self.data / "runs/hello/1/checkout").exists(), "the checkout is cleaned after the run")
        self.assertEqual(self.processes_of_this_test(), [])

    def test_a_failing_command_fails_the_run_with_its_exit_status(self):
        self.start()
        self.push(ONE % "'echo broken; exit 3'")
        run = self.finished(1)
        self.assertEqual(run["outcome"], "failed")
        self.assertIn("exit status 3", run["reason"])

    def test_a_broken_pipeline_file_is_a_failed_run_with_the_diagnostic(self):
        self.start()
        self.push("version: 1\nname: hello\nstags: {}\n")
        run = self.finished(1)
        self.assertEqual(run["outcome"], "failed")
        self.assertIn(".quietgate.yaml:3:1: error:", run["diagnostics"])
        self.assertIn("stages", run["diagnostics"])

    def test_a_missing_pipeline_file_is_a_failed_run(self):
        self.start()
        self.push(files={"README": "no pipeline"})
        self.assertIn("there is no .quietgate.yaml", self.finished(1)["reason"])

    def test_a_commit_pushed_while_the_service_was_away_is_not_missed(self):
        self.start()
        self.push(ONE % "'true'")
        self.finished(1)
        self.terminate()
        commit = self.push(ONE % "'echo later'")
        self.start()
        self.assertEqual(self.finished(2)["commit"], commit)

    def test_the_newest_commit_supersedes_the_older_run(self):
        self.start()
        flag = self.folder / "flag"
        self.push(HELD % ("supersede", flag))
        self.stage_is(1, "unit", "running")
        self.push(ONE % "'true'")
        self.assertEqual(self.finished(2)["outcome"], "passed")
        older = self.finished(1)
        self.assertEqual((older["outcome"], older["reason"]), ("cancelled", "superseded by hello/2"))
        self.assertEqual(self.processes_of_this_test(), [])

    def test_a_branch_deleted_during_its_run_harms_nothing(self):
        self.start()
        flag = self.folder / "flag"
        self.push((HELD % ("queue", flag)).replace("[main]", "['*']"), branch="topic")
        self.stage_is(1, "unit", "running")
        git(self.work, "push", "-q", "origin", ":refs/heads/topic")
        flag.touch()
        self.assertEqual(self.finished(1)["outcome"], "passed")

    def test_only_changed_paths_that_match_ask_for_a_run(self):
        self.start()
        pipeline = ONE.replace("{branches: [main]}", "{branches: [main], ignore_paths: ['docs/**']}") % "'true'"
        self.push(pipeline)
        self.finished(1)
        self.push(files={"docs/a.md": "x"})
        self.push(files={"code": "x"})
        self.finished(2)
        self.assertIsNone(self.run_of(3))

    def test_tests_are_shown_by_name(self):
        self.start()
        report = '<testsuite><testcase classname="a" name="ok"/><testcase classname="a" name="bad"><failure>no</failure></testcase></testsuite>'
        pipeline = "version: 1\nname: hello\nstages:\n  unit:\n    test: {run: 'cp report.xml out.xml', junit: out.xml}\n"
        self.push(pipeline, {"report.xml": report})
        run = self.finished(1)
        self.assertEqual(run["outcome"], "failed")
        self.assertIn("bad", run["reason"])

    def test_secrets_are_masked_before_they_reach_the_disk(self):
        secret = self.folder / "secret"
        secret.write_text("s3cr3t-value\n")
        self.start(f"    secrets: {{TOKEN: {{file: {secret}}}}}\n")
        pipeline = "version: 1\nname: hello\nsecrets: [TOKEN]\nstages:\n  unit:\n    environment: {TOKEN: '${{ secrets.TOKEN }}'}\n    test: {run: 'echo the token is $TOKEN; printf s3cr; sleep 0.1; echo 3t-value'}\n"
        self.push(pipeline)
        self.assertEqual(self.finished(1)["outcome"], "passed")
        self.assertIn("the token is ***", self.stage_log(1, "unit"))
        leaked = subprocess.run(["grep", "-rl", "s3cr3t-value", str(self.data / "runs")], capture_output=True, text=True).stdout
        self.assertEqual(leaked, "")

    def test_an_unprotected_branch_gets_no_secret(self):
        secret = self.folder / "secret"
        secret.write_text("s3cr3t-value\n")
        self.start(f"    secrets: {{TOKEN: {{file: {secret}}}}}\n    protected: [main]\n")
        pipeline = "version: 1\nname: hello\non: {branches: ['*']}\nsecrets: [TOKEN]\nstages:\n  unit:\n    environment: {TOKEN: '${{ secrets.TOKEN }}'}\n    test: {run: 'echo $TOKEN'}\n"
        self.push(pipeline, branch="fork")
        run = self.finished(1)
        self.assertNotEqual(run["outcome"], "passed")
        self.assertIn("TOKEN", run["reason"])

    def test_cancel_and_retry_by_hand(self):
        self.start()
        flag = self.folder / "flag"
        self.push(HELD % ("queue", flag))
        self.stage_is(1, "unit", "running")
        self.cli("cancel", "hello/1", "--reason", "wrong commit")
        run = self.finished(1)
        self.assertEqual(run["outcome"], "cancelled")
        self.assertIn("wrong commit", run["reason"])
        self.assertEqual(self.processes_of_this_test(), [])
        flag.touch()
        self.cli("retry", "hello/1")
        self.assertEqual(self.finished(2)["outcome"], "passed")

    def test_approval_is_waited_for_and_recorded(self):
        self.start()
        pipeline = "version: 1\nname: hello\nstages:\n  ask: {approve: {message: 'Ship it?'}}\n  after: {needs: [ask], test: {run: 'true'}}\n"
        self.push(pipeline)
        self.stage_is(1, "ask", "awaiting_approval")
        self.cli("approve", "hello/1", "ask", "--reason", "looks good")
        self.assertEqual(self.finished(1)["outcome"], "passed")

    def test_a_refused_approval_ends_the_run(self):
        self.start()
        self.push("version: 1\nname: hello\nstages:\n  ask: {approve: {message: 'Ship it?'}}\n  after: {needs: [ask], test: {run: 'true'}}\n")
        self.stage_is(1, "ask", "awaiting_approval")
        self.cli("approve", "hello/1", "ask", "--refuse", "--reason", "not today")
        run = self.finished(1)
        self.assertEqual(run["outcome"], "cancelled")
        self.assertIn("not today", run["reason"])


class Promotions(ServiceTest):
    PIPELINE = "version: 1\nname: hello\nstages:\n  unit: {test: {run: 'while [ -e %s ]; do sleep 0.05; done'}}\n  production: {needs: [unit], promote: {branch: production}}\n"

    def test_production_moves_to_exactly_the_tested_commit(self):
        self.start()
        commit = self.push(self.PIPELINE % "/nonexistent")
        self.assertEqual(self.finished(1)["outcome"], "passed")
        self.assertEqual(self.branch("production"), commit)

    def test_production_moved_by_somebody_else_is_not_overwritten(self):
        self.start()
        first = self.push(self.PIPELINE % "/nonexistent")
        self.finished(1)
        hold = self.folder / "hold"
        hold.touch()
        self.push(self.PIPELINE % hold)
        self.stage_is(2, "unit", "running")
        git(self.work, "checkout", "-q", "-b", "hotfix", first)
        git(self.work, "commit", "-q", "--allow-empty", "-m", "hotfix")
        hotfix = git(self.work, "rev-parse", "HEAD")
        git(self.work, "push", "-q", "origin", "HEAD:refs/heads/production")
        hold.unlink()
        run = self.finished(2)
        self.assertEqual(run["outcome"], "failed")
        self.assertIn("production", run["reason"])
        self.assertEqual(self.branch("production"), hotfix)


class Restarts(ServiceTest):
    def held(self):
        flag = self.folder / "flag"
        self.push(HELD % ("queue", flag))
        self.stage_is(1, "unit", "running")
        until(lambda: "started" in self.stage_log(1, "unit").splitlines(), "the step's first line")
        return flag

    def goes_on(self, flag):
        self.start()
        flag.touch()
        run = self.finished(1)
        log = self.stage_log(1, "unit")
        self.assertEqual(run["outcome"], "passed", log)
        lines = log.splitlines()
        self.assertEqual((lines.count("started"), lines.count("went on")), (1, 1), log)

    def test_a_test_stage_goes_on_over_sigterm(self):
        self.start()
        flag = self.held()
        self.assertEqual(self.terminate(), 0)
        self.goes_on(flag)

    def test_a_test_stage_goes_on_over_kill_9(self):
        self.start()
        flag = self.held()
        self.kill()
        self.goes_on(flag)

    def test_a_step_that_ended_while_the_service_was_away_is_found_ended(self):
        self.start()
        flag = self.held()
        self.kill()
        flag.touch()
        self.no_process_left()
        self.start()
        self.assertEqual(self.finished(1)["outcome"], "passed")

    def test_an_environment_survives_a_restart_and_is_destroyed_at_the_end(self):
        self.start()
        flag = self.folder / "flag"
        self.push(ENVIRONMENT % flag)
        self.stage_is(1, "use", "running")
        self.kill()
        self.assertTrue(any("http.server" in command for _, command in self.processes_of_this_test()))
        self.start()
        flag.touch()
        self.assertEqual(self.finished(1)["outcome"], "passed", self.stage_log(1, "use"))
        self.assertEqual(self.get("/api/v1/environments")["environments"], [])
        self.no_process_left()

    def test_an_approval_given_after_a_restart_counts(self):
        self.start()
        self.push("version: 1\nname: hello\nstages:\n  ask: {approve: {message: 'Ship it?'}}\n")
        self.stage_is(1, "ask", "awaiting_approval")
        self.terminate()
        self.start()
        self.cli("approve", "hello/1", "ask", "--reason", "fine")
        self.assertEqual(self.finished(1)["outcome"], "passed")


ENVIRONMENT = """version: 1
name: hello
stages:
  staging:
    apply:
      ports: [web]
      processes:
        web:
          run: exec /usr/bin/python3 -m http.server ${{ ports.web }} --bind 127.0.0.1
          ready: {http: "http://127.0.0.1:${{ ports.web }}/", within: 20s}
      outputs: {url: "http://127.0.0.1:${{ ports.web }}"}
  use:
    needs: [staging]
    environment: {URL: "${{ stages.staging.outputs.url }}"}
    test: {run: 'while [ ! -e %s ]; do sleep 0.05; done; curl -sf $URL/ >/dev/null'}
"""


class Environments(ServiceTest):
    def test_a_cancelled_run_leaves_no_environment(self):
        self.start()
        self.push(ENVIRONMENT % "/nonexistent")
        self.stage_is(1, "use", "running")
        self.cli("cancel", "hello/1", "--reason", "enough")
        self.finished(1)
        self.assertEqual(self.get("/api/v1/environments")["environments"], [])
        self.no_process_left()

    def test_a_service_that_never_becomes_ready_fails_with_its_last_lines(self):
        self.start()
        pipeline = (ENVIRONMENT % "/x").replace("exec /usr/bin/python3 -m http.server ${{ ports.web }} --bind 127.0.0.1", "echo no luck; sleep 600").replace("within: 20s", "within: 1s")
        self.push(pipeline)
        run = self.finished(1)
        self.assertEqual(run["outcome"], "failed")
        self.assertIn("web", run["reason"])
        self.assertIn("no luck", self.stage_log(1, "staging") + run["reason"])
        self.no_process_left()

    def kills(self, *what):
        """Kills these processes of the environment while a stage uses it; what became of the run."""
        self.start()
        flag = self.folder / "flag"
        self.push(ENVIRONMENT % flag)
        self.stage_is(1, "use", "running")
        for each in what:
            found = [pid for pid, command in self.processes_of_this_test() if command.startswith(each)]
            self.assertTrue(found, f"no {each} in {self.processes_of_this_test()}")
            for pid in found:
                os.kill(pid, signal.SIGKILL)
            until(lambda: not any(pid in found for pid, _ in self.processes_of_this_test()), f"the end of {each}")
        flag.touch()
        run = self.finished(1)
        self.no_process_left()
        return run

    def test_a_stage_that_fails_names_the_service_that_had_ended(self):
        run = self.kills("/usr/bin/python3 -m http.server")
        self.assertEqual(run["outcome"], "failed")
        self.assertIn('service "web" of staging had ended: killed by SIGKILL', run["reason"])
        self.assertIn('service "web" had ended, ', self.stage_log(1, "use"))

    def test_a_service_whose_leader_died_is_no_fault_of_the_commit(self):
        run = self.kills(f"quietgate-leader {self.data}/environments", "/usr/bin/python3 -m http.server")
        self.assertEqual(run["outcome"], "error")
        self.assertIn('service "web" of staging had ended: leader died', run["reason"])

    def test_time_to_live_ends_the_run_and_the_environment(self):
        self.start()
        self.push((ENVIRONMENT % "/nonexistent").replace("  use:", "    time_to_live: 2s\n  use:"))
        run = self.finished(1)
        self.assertEqual(run["outcome"], "cancelled")
        self.assertIn("time to live of 2s", run["reason"])
        self.assertEqual(self.get("/api/v1/environments")["environments"], [])


class Service(ServiceTest):
    def test_old_runs_go_and_so_do_their_files(self):
        self.start()
        for number in (1, 2, 3):
            self.push(ONE % "'true'", message=str(number))
            self.finished(number)
        self.terminate()
        (self.data / "runs/hello/2/left").mkdir()
        self.start("retention: {runs: 1, promotions: 1}\n")
        until(lambda: self.run_of(1) is None and self.run_of(2) is None, "the expiry of two runs")
        until(lambda: not (self.data / "runs/hello/2").exists(), "the removal of their files")
        self.assertEqual(self.run_of(3)["outcome"], "passed")
        (self.data / "runs/hello/1/unit.1").mkdir(parents=True)
        self.kill()  # between the journal's forgetting and the removal of the files
        self.start("retention: {runs: 1, promotions: 1}\n")
        until(lambda: not (self.data / "runs/hello/1").exists(), "the removal of what a crash left")
        self.push(ONE % "'true'", message="4")
        self.assertEqual(self.finished(4)["outcome"], "passed")
        found = json.loads(self.cli("doctor", "--json", check=False).stdout)["findings"]
        self.assertTrue(next(each for each in found if each["name"] == "journal")["ok"], found)

    def test_without_a_configuration_it_says_how_to_name_a_repository(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with open(self.folder / "serve.log", "ab") as log:
            self.service = subprocess.Popen([BINARY, "serve", "--data", str(self.data), "--port", str(port)], stdout=log, stderr=log, env=environment(QUIETGATE_CONFIG=""))
        self.address = until(self.bound, "the service's address", 20)
        until(lambda: self.get("/readyz", raw=True) is not None, "readiness", 20)
        said = (self.folder / "serve.log").read_text()
        self.assertIn("no repository is watched: list repositories in a file and start with `quietgate serve --config FILE`", said)
        self.assertEqual(self.terminate(), 0)

    def test_a_damaged_journal_is_told_and_mended(self):
        self.start()
        self.push(ONE % "'true'")
        self.finished(1)
        copy = self.folder / "copy.sqlite"
        self.assertIn(str(copy), self.cli("backup", str(copy)).stdout)
        refused = self.cli("doctor", "--repair", check=False)
        self.assertEqual(refused.returncode, 4, "a service uses it")
        self.terminate()
        journal = self.data / "journal.sqlite"
        text = journal.read_bytes()
        place = text.index(b'"cause":"main was created')
        journal.write_bytes(text[:place] + b'"cause":"mAin' + text[place + 13:])
        self.assertIn("is damaged", self.cli("doctor", check=False).stdout)
        self.assertIn("are lost", self.cli("doctor", "--repair").stdout)
        self.assertIn("nothing was changed", self.cli("doctor", "--repair").stdout)
        for path in self.data.glob("journal.sqlite*"):
            path.unlink()
        copy.rename(journal)
        self.start()
        self.assertEqual(self.run_of(1)["outcome"], "passed")

    def test_a_run_is_started_by_hand_and_its_name_completed(self):
        self.start()
        commit = self.push("version: 1\nname: hello\nstages:\n  one: {test: {run: 'true'}}\n")
        self.finished(1)
        started = self.cli("start", "hello", "--follow")
        self.assertIn("hello/2 passed", started.stdout)
        self.assertEqual(self.run_of(2)["commit"], commit)
        self.assertEqual(json.loads(self.cli("start", "hello", "--commit", commit[:8], "--json").stdout)["id"], "hello/3")
        self.assertEqual(self.finished(3)["outcome"], "passed")
        self.assertEqual(self.cli("complete", "--", "show", "hello/2").stdout, "hello/2\tmain, passed\n")
        self.assertEqual(self.cli("complete", "--", "logs", "hello/2", "").stdout, "one\tpassed\n")
        self.assertEqual(self.cli("start", "other", check=False).returncode, 4)
        git(self.work, "push", "-q", "origin", "HEAD:refs/heads/second")
        until(lambda: len(self.get("/api/v1/repositories")["repositories"][0]["branches"]) == 2, "the second branch")
        which = self.cli("start", "hello", check=False)
        self.assertEqual((which.returncode, "main, second" in which.stderr), (2, True), which.stderr)

    def test_a_second_service_on_the_same_data_refuses(self):
        self.start()
        second = subprocess.run([BINARY, "serve", "--config", str(self.config())], capture_output=True, text=True, timeout=20, env=environment())
        self.assertNotEqual(second.returncode, 0)
        self.assertIn("another quietgate", second.stderr)
        # It is the directory that is locked, not the file that tells who has it.
        (self.data / "lock").unlink()
        second = subprocess.run([BINARY, "serve", "--config", str(self.config())], capture_output=True, text=True, timeout=20, env=environment())
        self.assertIn("another quietgate uses", second.stderr)
        self.assertEqual(self.get("/healthz", raw=True) is not None, True)

    def test_an_unreachable_remote_is_said_once_and_polled_again(self):
        git(self.folder, "-C", str(self.remote), "config", "core.bare", "true")
        self.start()
        hidden = self.folder / "hidden.git"
        self.remote.rename(hidden)
        until(lambda: "can't poll hello" in (self.folder / "serve.log").read_text(), "the complaint")
        hidden.rename(self.remote)
        until(lambda: "hello answers again" in (self.folder / "serve.log").read_text(), "the recovery")
        self.assertEqual((self.folder / "serve.log").read_text().count("can't poll hello"), 1)


class RunHere(ServiceTest):
    def run_here(self, *arguments):
        return subprocess.run([BINARY, "run", "--data", str(self.data), *arguments, str(self.work)], capture_output=True, text=True, timeout=60, env=environment())

    def commit(self, pipeline):
        (self.work / ".quietgate.yaml").write_text(pipeline)
        git(self.work, "add", "-A")
        git(self.work, "commit", "-q", "-m", "change")

    def test_runs_the_checked_out_commit(self):
        self.commit(ONE % "'echo hello'")
        done = self.run_here()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("unit", done.stdout)

    def test_its_exit_code_says_how_it_ended(self):
        self.commit(ONE % "'exit 1'")
        self.assertEqual(self.run_here().returncode, 1)

    def test_an_invalid_pipeline_is_told_once(self):
        self.commit("version: 1\nstages:\n  unit: {tset: {run: 'true'}}\n")
        done = self.run_here("--plain")
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertEqual(done.stdout.count("did you mean `test`?"), 1, done.stdout)

    def test_json_is_one_object_at_the_end(self):
        self.commit(ONE % "'true'")
        document = self.run_here("--json").stdout
        self.assertEqual(json.loads(document)["outcome"], "passed")
        self.assertEqual(document.count("\n"), 1, "one line, and nothing beside it")
        missing = subprocess.run([BINARY, "run", "--json", str(self.folder / "nowhere")], capture_output=True, text=True, timeout=60, env=environment())
        self.assertIn("no Git repository", json.loads(missing.stdout)["error"]["message"])

    def test_rules_of_the_commit_are_tested_before_anything_runs(self):
        pipeline = ("version: 1\nname: hello\nstages:\n  unit: {test: {run: 'touch %s'}}\n"
                    "  load: {needs: [unit], load: {locustfile: l.py, host: 'http://127.0.0.1:1', users: 1, duration: 45s, expect: {requests: '>= 1'}}}\n"
                    "  production: {needs: [load], promote: {branch: production, gate: {prometheus: 'http://127.0.0.1:1', rules: [r.yml], during: [load], quiet_for: 20s}}}\n")
        ran = self.folder / "ran"
        rule = "groups:\n- name: g\n  interval: 15s\n  rules:\n  - {alert: Late, expr: %s, for: %s}\n"
        (self.work / "r.yml").write_text(rule % ("up == 0", "10m"))
        self.commit(pipeline % ran)
        said = ("r.yml:5: Late can never fire for the gate of `production`: it needs 10m 30s (`for` 10m + 2 evaluations of 15s) and a "
                "scrape, and the window lasts at most 1m 15s (load 45s + 10s to start and end + quiet_for 20s)")
        done = self.run_here("--plain")
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn(said, done.stdout)
        self.assertFalse(ran.exists(), "a stage ran")

        def validate(*more):
            return subprocess.run([BINARY, "validate", *more, ".quietgate.yaml"], cwd=self.work, capture_output=True, text=True, timeout=60, env=environment())
        checked = validate()
        self.assertEqual((checked.returncode, checked.stdout), (2, ""))
        self.assertIn(said, checked.stderr)
        (self.work / "r.yml").write_text(rule % ("up == 0", "15s"))
        self.assertIn("3 stages, alert rules checked", validate().stdout)
        if shutil.which("promtool") is None:
            self.skipTest("NOT TESTED: needs promtool (Debian package prometheus)")
        (self.work / "r.yml").write_text(rule % ("'up == =0'", "15s"))
        checked = validate()
        self.assertEqual(checked.returncode, 2)
        self.assertIn("promtool check rules refuses them (exit status 1)", checked.stderr)
        self.assertIn("parse error", checked.stderr)
        (self.work / "r.yml").write_text(rule % ("up == 0", "15s"))
        (self.work / "tests.yml").write_text("rule_files: [r.yml]\nevaluation_interval: 15s\ntests:\n- interval: 15s\n  input_series: [{series: up, values: '1x9'}]\n"
                                             "  alert_rule_test: [{alertname: Late, eval_time: 1m, exp_alerts: [{}]}]\n")
        self.commit(pipeline % ran)
        done = self.run_here("--plain")
        self.assertEqual(done.returncode, 2)
        self.assertIn("promtool test rules refuses them", done.stdout)
        self.assertFalse(ran.exists(), "a stage ran")
        left = [path for path in self.data.rglob("*") if path.name in ("rules-check", "checkout")]
        self.assertEqual(left, [], "what is left behind")

    def test_promotes_nothing_unless_asked(self):
        self.commit("version: 1\nname: hello\nstages:\n  production: {needs: [], promote: {branch: production}}\n")
        self.run_here()
        branches = git(self.work, "branch", "--list", "production")
        self.assertEqual(branches, "")

    def test_ctrl_c_cancels_and_leaves_nothing(self):
        self.commit(ENVIRONMENT % "/nonexistent")
        running = subprocess.Popen([BINARY, "run", "--data", str(self.data), str(self.work)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment())
        until(lambda: any("nonexistent" in command for _, command in self.processes_of_this_test()), "the use stage")
        running.send_signal(signal.SIGINT)
        output, _ = running.communicate(timeout=60)
        self.assertEqual(running.returncode, 130, output)
        self.no_process_left()


if __name__ == "__main__":
    unittest.main()
