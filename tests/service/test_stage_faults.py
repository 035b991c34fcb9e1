"""Faults of real parts in the middle of whole runs: Prometheus, Terraform, Locust, ports, signals. None may promote, hang
or leave anything behind, and each is told in one sentence."""
import os
import shutil
import signal
import socket
import subprocess
import time
import unittest

from service import BINARY, ServiceTest, environment, git, until

TARGET = '''import http.server, os
class Metrics(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"app_errors 0\\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Metrics).serve_forever()
'''

# Starts Prometheus again whenever it ends, as an operator would.
PROMETHEUS = '''#!/bin/sh
here=$PWD
cd "$FOLDER"
cat >prometheus.yml <<END
global: {scrape_interval: 500ms, scrape_timeout: 400ms, evaluation_interval: 500ms}
rule_files: [$here/${RULES:-loaded.yml}]
scrape_configs: [{job_name: app, static_configs: [{targets: ["127.0.0.1:$TARGET"]}]}]
$MORE
END
trap 'kill $pid; wait $pid; exit 0' TERM
while :; do
  /usr/bin/prometheus --config.file=prometheus.yml --storage.tsdb.path="$FOLDER/data" --web.listen-address=127.0.0.1:$PORT --log.level=error &
  pid=$!
  echo $pid >"$FOLDER/pid"
  wait $pid || [ -n "$AGAIN" ] || exit 1
done
'''

RULES = '''groups:
  - name: app
    interval: 500ms
    rules:
      - {alert: HighErrors, expr: app_errors > 5, for: 1s, labels: {layer: application}}
      - {record: "gate:heartbeat", expr: vector(time()), labels: {gate_group: app}}
'''

PIPELINE = '''version: 1
name: hello
stages:
  staging:
    apply:
      ports: [prometheus, target]
      processes:
        target:
          run: exec /usr/bin/python3 target.py
          environment: {PORT: "${{ ports.target }}"}
          ready: {http: "http://127.0.0.1:${{ ports.target }}/"}
        prometheus:
          run: exec sh prometheus.sh
          environment: {PORT: "${{ ports.prometheus }}", TARGET: "${{ ports.target }}", FOLDER: "FOLDER_HERE", MORE_HERE}
          ready:
            command: "curl -sf 'http://127.0.0.1:${{ ports.prometheus }}/api/v1/query?query=count_over_time(up%5B1m%5D)>2' | grep -q value"
            within: 30s
          needs: [target]
      outputs: {prometheus: "http://127.0.0.1:${{ ports.prometheus }}"}
  before:
    needs: [staging]
    test: {run: "true"}
  metrics:
    needs: [before]
    verify:
      prometheus: "${{ stages.staging.outputs.prometheus }}"
      last: 1s
      checks: [{name: errors, query: app_errors, expect: "< 5"}]
  production:
    needs: [metrics]
    promote:
      branch: production
      gate:
        prometheus: "${{ stages.staging.outputs.prometheus }}"
        rules: [alerts.yml]
        during: [metrics]
        quiet_for: QUIET_HERE
'''


class Watched(ServiceTest):
    """Runs with a Prometheus of their own."""
    def setUp(self):
        if not os.path.exists("/usr/bin/prometheus"):
            self.skipTest("NOT TESTED: needs /usr/bin/prometheus (Debian package prometheus)")
        super().setUp()
        self.prometheus = self.folder / "prometheus"
        self.prometheus.mkdir()

    def files(self, quiet="5s", more="", before="true", rules=RULES, loaded=RULES):
        pipeline = (PIPELINE.replace("FOLDER_HERE", str(self.prometheus)).replace(", MORE_HERE", more).replace("QUIET_HERE", quiet)
                    .replace('"true"', f"'{before}'"))
        return {".quietgate.yaml": pipeline, "target.py": TARGET, "prometheus.sh": PROMETHEUS, "alerts.yml": rules, "loaded.yml": loaded}

    def signal_prometheus(self, number):
        os.kill(int((self.prometheus / "pid").read_text()), number)

    def waits_in_gate(self, number=1):
        until(lambda: "for the rules to stay quiet" in self.stage_log(number, "production"), "the gate's wait")

    def ends(self, outcome, stage, *words):
        run = self.finished(1)
        reason = self.stage(1, stage)["attempts"][-1]["reason"]
        self.assertEqual(run["outcome"], outcome, run["reason"] + self.stage_log(1, stage))
        for word in words:
            self.assertIn(word, reason, self.stage_log(1, stage))
        self.assertEqual(self.branch("production"), "")
        self.assertEqual(self.get("/api/v1/environments")["environments"], [])
        self.no_process_left()


class Gates(Watched):
    def test_a_sigterm_in_the_gate_is_taken_up_again(self):
        self.start()
        commit = self.push(files=self.files(quiet="8s"))
        self.waits_in_gate()
        begun = time.monotonic()
        self.assertEqual(self.terminate(), 0)
        self.assertLess(time.monotonic() - begun, 5)
        self.start()
        self.assertEqual(self.finished(1)["outcome"], "passed", self.stage_log(1, "production"))
        self.assertEqual(self.branch("production"), commit)
        self.no_process_left()

    def test_a_cancel_in_the_gate_promotes_nothing(self):
        self.start()
        self.push(files=self.files(quiet="10m"))
        self.waits_in_gate()
        self.cli("cancel", "hello/1", "--reason", "enough")
        self.ends("cancelled", "production", "enough")

    def test_a_prometheus_that_hangs_in_the_gate_is_blind(self):
        self.start()
        self.push(files=self.files())
        self.waits_in_gate()
        self.signal_prometheus(signal.SIGSTOP)
        self.ends("inconclusive", "production", "blind: http://127.0.0.1:", "did not answer")

    def test_a_prometheus_that_was_restarted_in_the_window_is_blind(self):
        self.start()
        self.push(files=self.files(more=', AGAIN: "1"'))
        self.waits_in_gate()
        self.signal_prometheus(signal.SIGKILL)
        self.ends("inconclusive", "production", "blind: Prometheus restarted at")

    def test_a_prometheus_that_answers_with_warnings_is_blind(self):
        self.start()
        files = self.files(more=', MORE: "remote_read: [{url: http://127.0.0.1:1/, read_recent: true}]"')
        # The gate alone: `verify` would be inconclusive already.
        files[".quietgate.yaml"] = files[".quietgate.yaml"].replace("query: app_errors", "query: vector(1)")
        self.push(files=files)
        self.ends("inconclusive", "production", "blind: ", "the answer came with a warning: remote_read")

    def test_a_broken_expression_in_the_commit_runs_nothing(self):
        self.start()
        self.push(files=self.files(rules=RULES.replace("app_errors > 5", "sum(app_errors > 5")))
        run = self.finished(1)
        self.assertEqual(run["outcome"], "failed")
        self.assertRegex(run["reason"], r"^alerts\.yml:\d+: the expression of HighErrors can't be read: `\)` is missing")
        self.assertEqual(self.branch("production"), "")
        self.assertEqual(self.get("/api/v1/environments")["environments"], [])
        self.no_process_left()

    def test_a_broken_expression_that_prometheus_refuses_fails_the_environment(self):
        self.start()
        self.push(files=self.files(loaded=RULES.replace("app_errors > 5", "sum(app_errors > 5")))
        self.ends("failed", "staging", "prometheus", "exit")
        self.assertIn("unclosed left parenthesis", self.stage_log(1, "staging"))


    def test_a_server_that_nobody_prepared_is_proved_by_reading_its_rules(self):
        self.start()
        bare = RULES[:RULES.index("      - {record")]
        commit = self.push(files=self.files(rules=bare, loaded=bare, before="sleep 2"))
        self.assertEqual(self.finished(1)["outcome"], "passed", self.stage_log(1, "production"))
        self.assertIn("1 of them observed by reading the rules", self.stage_log(1, "production"))
        self.assertEqual(self.branch("production"), commit)


class Metrics(Watched):
    STOP = 'kill -STOP "$(cat %s/pid)"'

    def test_a_sigterm_in_verify_is_taken_up_again(self):
        self.start()
        self.push(files=self.files(before=self.STOP % self.prometheus))
        self.stage_is(1, "metrics", "running")
        begun = time.monotonic()
        self.assertEqual(self.terminate(), 0)
        self.assertLess(time.monotonic() - begun, 5)
        self.signal_prometheus(signal.SIGCONT)
        self.start()
        run = self.finished(1)
        self.assertEqual(self.stage(1, "metrics")["outcome"], "passed", run)

    def test_a_prometheus_that_hangs_in_verify_is_inconclusive(self):
        self.start()
        self.push(files=self.files(before=self.STOP % self.prometheus))
        self.ends("inconclusive", "metrics", "did not answer")

    def test_a_prometheus_that_is_down_in_verify_is_inconclusive(self):
        self.start()
        self.push(files=self.files(before='kill -KILL "$(cat %s/pid)"' % self.prometheus))
        self.ends("inconclusive", "metrics", "http://127.0.0.1:")

    def test_a_query_that_is_refused_or_warned_of_or_empty_is_inconclusive(self):
        for query, more, words in (("sum(app_errors", "", "parse error"), ("app_error", "", "gave no data in the window"),
                                   ("app_errors", ', MORE: "remote_read: [{url: http://127.0.0.1:1/, read_recent: true}]"', "warning")):
            with self.subTest(query):
                files = self.files(more=more)
                files[".quietgate.yaml"] = files[".quietgate.yaml"].replace("query: app_errors", f"query: {query}")
                if self.service is None:
                    self.start()
                self.push(files=files)
                runs = until(lambda: [r for r in self.get("/api/v1/runs")["runs"] if r["commit"] == git(self.work, "rev-parse", "HEAD")], "the run")
                number = int(runs[0]["id"].split("/")[1])
                self.assertEqual(self.finished(number)["outcome"], "inconclusive")
                self.assertIn(words, self.stage(number, "metrics")["attempts"][-1]["reason"])


class Interrupted(Watched):
    """`quietgate run`, interrupted."""
    def interrupted(self, files, reached, number=signal.SIGINT):
        for path, text in files.items():
            (self.work / path).write_text(text)
        git(self.work, "add", "-A")
        git(self.work, "commit", "-q", "-m", "change")
        output = open(self.folder / "serve.log", "w+")
        self.addCleanup(output.close)
        running = subprocess.Popen([BINARY, "run", "--promote", "--data", str(self.data), str(self.work)], stdout=output,
                                   stderr=subprocess.STDOUT, env=environment())
        until(reached, "the stage", 40)
        begun = time.monotonic()
        running.send_signal(number)
        code = running.wait(60)
        text = (self.folder / "serve.log").read_text()
        self.assertEqual(code, 130, text)
        self.assertLess(time.monotonic() - begun, 30, text)
        self.assertEqual(git(self.work, "branch", "--list", "production"), "")
        self.no_process_left()
        return text

    def log_says(self, stage, words):
        return lambda: any(words in path.read_text(errors="replace") for path in self.data.glob(f"here/*/runs/*/*/{stage}.1/log"))


class Here(Interrupted):
    def test_ctrl_c_in_the_gate(self):
        self.interrupted(self.files(quiet="10m"), self.log_says("production", "for the rules to stay quiet"))

    def test_sigterm_in_the_gate(self):
        self.interrupted(self.files(quiet="10m"), self.log_says("production", "for the rules to stay quiet"), signal.SIGTERM)

    def test_ctrl_c_in_verify(self):
        stop = Metrics.STOP % self.prometheus
        self.interrupted(self.files(before=stop), lambda: list(self.data.glob("here/*/runs/*/*/metrics.1")))

    def test_ctrl_c_while_services_become_ready(self):
        files = self.files()
        files["prometheus.sh"] = "sleep 600\n"
        self.interrupted(files, lambda: any("sleep 600" in command for _, command in self.processes_of_this_test()))


class HereUnderLoad(Interrupted):
    """`quietgate run`, interrupted while real Locust loads a real environment."""
    LOCUSTFILE = ("from locust import HttpUser, task, constant\nclass A(HttpUser):\n    wait_time = constant(0.1)\n"
                  "    @task\n    def t(self):\n        self.client.get('/')\n")

    def setUp(self):
        if shutil.which("locust") is None:
            self.skipTest("NOT TESTED: needs locust (Debian package python3-locust)")
        super().setUp()

    def load(self, number):
        files = self.files()
        head = files[".quietgate.yaml"].split("  before:")[0].replace("outputs: {", 'outputs: {url: "http://127.0.0.1:${{ ports.target }}", ')
        files[".quietgate.yaml"] = head + ("  load:\n    needs: [staging]\n    load: {locustfile: locustfile.py, "
                                           'host: "${{ stages.staging.outputs.url }}", users: 3, duration: 10m, expect: {requests: ">= 1"}}\n')
        files["locustfile.py"] = self.LOCUSTFILE
        says = self.log_says("load", "Locust: 3 users")
        text = self.interrupted(files, lambda: says() and any("locustfile.py" in command for _, command in self.processes_of_this_test()), number)
        self.assertIn("staging", text)
        self.assertEqual(list(self.data.glob("here/*/environments/*")), [], "the environment is destroyed")

    def test_ctrl_c_in_a_load(self):
        self.load(signal.SIGINT)

    def test_sigterm_in_a_load(self):
        self.load(signal.SIGTERM)

    def test_a_closed_terminal_in_a_load(self):
        self.load(signal.SIGHUP)


LOAD = '''version: 1
name: hello
stages:
  load:
    load: {locustfile: locustfile.py, host: "http://127.0.0.1:1", users: 1, duration: 60s, expect: {requests: ">= 1"}}
'''


class Tools(ServiceTest):
    def refused(self, *words, outcome="failed", seconds=60):
        run = self.finished(1, seconds)
        self.assertEqual(run["outcome"], outcome, run)
        for word in words:
            self.assertIn(word, run["reason"], run)
        self.assertEqual(self.get("/api/v1/environments")["environments"], [])
        self.no_process_left()

    def needs(self, program, package):
        if shutil.which(program) is None:
            self.skipTest(f"NOT TESTED: needs {program} ({package})")

    def test_a_locustfile_with_a_syntax_error(self):
        self.needs("locust", "Debian package python3-locust")
        self.start()
        self.push(LOAD, {"locustfile.py": "from locust import HttpUser\nclass A(HttpUser:\n"})
        self.refused("SyntaxError", "locustfile.py line 2")

    def test_a_locustfile_without_tasks(self):
        self.needs("locust", "Debian package python3-locust")
        self.start()
        self.push(LOAD, {"locustfile.py": "from locust import HttpUser\nclass A(HttpUser):\n    pass\n"})
        self.refused("task")

    def test_ctrl_c_in_a_load_and_sigterm_of_its_service(self):
        self.needs("locust", "Debian package python3-locust")
        self.start()
        self.push(LOAD, {"locustfile.py": "from locust import HttpUser, task, constant\nclass A(HttpUser):\n    wait_time = constant(1)\n    @task\n    def t(self):\n        pass\n"})
        at_work = lambda: any("locust" in command for _, command in self.processes_of_this_test())  # noqa: E731
        until(at_work, "the load")
        self.assertEqual(self.terminate(), 0)
        self.assertTrue(at_work(), "the load goes on")
        self.start()
        self.cli("cancel", "hello/1", "--reason", "enough")
        self.refused("enough", outcome="cancelled")

    def test_a_port_that_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.start()
            self.push("version: 1\nname: hello\nstages:\n  staging:\n    apply:\n      processes:\n        web:\n"
                      f"          run: exec /usr/bin/python3 -m http.server {port} --bind 127.0.0.1\n"
                      f"          ready: {{tcp: '127.0.0.1:{port}', within: 20s}}\n")
            self.refused('service "web"', f"127.0.0.1:{port} accepts connections before it was started")
            self.assertIn("let quietgate pick one", self.stage(1, "staging")["attempts"][-1]["advice"])

    MODULE = '''resource "terraform_data" "a" {
  provisioner "local-exec" { command = "echo at it; exec sleep 600" }
}
'''
    TERRAFORM = "version: 1\nname: hello\nstages:\n  staging:\n    apply: {terraform: {directory: infra}}\n"

    def begin_terraform(self):
        self.needs("terraform", "https://developer.hashicorp.com/terraform/install")
        self.start()
        self.push(self.TERRAFORM, {"infra/main.tf": self.MODULE})
        until(lambda: any("sleep 600" in command for _, command in self.processes_of_this_test()), "the provisioner")

    def test_a_terraform_that_is_killed_in_the_middle(self):
        self.begin_terraform()
        for pid, command in self.processes_of_this_test():
            if command.startswith(("terraform ", "/")) and " apply" in command and "leader" not in command:
                os.kill(pid, signal.SIGKILL)
        self.refused("terraform apply", outcome="error")

    def test_a_cancel_in_the_middle_of_terraform(self):
        self.begin_terraform()
        self.cli("cancel", "hello/1", "--reason", "enough")
        self.refused("enough", outcome="cancelled")

    def test_a_sigterm_in_the_middle_of_terraform(self):
        self.begin_terraform()
        self.assertEqual(self.terminate(), 0)
        self.assertTrue(any("sleep 600" in command for _, command in self.processes_of_this_test()), "it goes on")
        self.start()
        self.cli("cancel", "hello/1", "--reason", "enough")
        self.refused("enough", outcome="cancelled")


if __name__ == "__main__":
    unittest.main()
