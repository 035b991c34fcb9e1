"""After the promotion: putting it back, by hand and by an alert, with real Git and a real Prometheus. Drills and synthetic faults."""
import http.server
import json
import os
import socket
import subprocess
import threading
import unittest
import urllib.request

from service import BINARY, ServiceTest, environment, git, until
from test_stage_faults import PIPELINE, PROMETHEUS, RULES, TARGET, Watched

# What is deployed is a file that says which commit it is.
DEPLOYED = '''version: 1
name: hello
stages:
  unit: {test: {run: "echo tested >>COUNTER"}}
  production: {needs: [unit], promote: {branch: production}}
  release:
    needs: [production]
    keep: true
    apply: {processes: {web: {run: "git_commit=${{ commit.sha }}; echo $git_commit >DEPLOYED.new; mv DEPLOYED.new DEPLOYED; exec sleep 1000000", ready: {command: "test \\"$(cat DEPLOYED)\\" = ${{ commit.sha }}"}}}}
'''


class Rollbacks(ServiceTest):
    def pipeline(self):
        return DEPLOYED.replace("COUNTER", str(self.folder / "tested")).replace("DEPLOYED", str(self.folder / "deployed"))

    def deployed(self):
        return (self.folder / "deployed").read_text().strip()

    def released(self, number):
        commit = self.push(self.pipeline(), message=f"change {number}")
        run = self.finished(number)
        self.assertEqual(run["outcome"], "passed", run["reason"])
        self.assertEqual((self.branch("production"), self.deployed()), (commit, commit))
        return commit

    def test_a_person_puts_branch_and_deployment_back(self):
        self.start()
        first = self.released(1)
        second = self.released(2)
        said = self.cli("rollback", "hello/2", "--reason", "it is slow").stdout
        self.assertIn("hello/3 was requested", said)
        run = self.finished(3)
        self.assertEqual(run["outcome"], "passed", run["reason"])
        self.assertIn(f"rollback of hello/2 by", run["cause"])
        self.assertEqual((self.branch("production"), self.deployed()), (first, first))
        self.assertEqual([s["name"] for s in run["stages"]], ["production", "release"])
        self.assertEqual((self.folder / "tested").read_text().count("tested"), 2, "nothing is tested again")
        self.assertIn(f"production was rolled back from {second[:7]} to {first[:7]}", self.stage(3, "production")["reason"])
        self.assertIn(f"production rolled back from {second[:7]} to {first[:7]}", self.cli("show", "hello/3").stdout)
        evidence = self.get("/api/v1/runs/hello/3/evidence")["evidence"]
        self.assertEqual([e["commit"] for e in evidence], [first])
        shown = subprocess.run(["git", "-C", str(self.remote), "notes", "--ref", "quietgate", "show", first], capture_output=True, text=True).stdout
        self.assertEqual(len(shown.splitlines()), 2, "its promotion and the rollback to it")
        # A later commit goes on as if nothing had been.
        self.released(4)

    def test_it_is_refused_where_it_makes_no_sense(self):
        self.start()
        self.released(1)
        nothing = self.cli("rollback", "hello/1", "--reason", "x", check=False)
        self.assertEqual(nothing.returncode, 4)
        self.assertIn("there is nothing to go back to: production did not exist before run hello/1", nothing.stderr)
        first = self.released(2)
        git(self.work, "commit", "-q", "--allow-empty", "-m", "hotfix")
        git(self.work, "push", "-q", "origin", "HEAD:refs/heads/production")
        hotfix = git(self.work, "rev-parse", "HEAD")
        self.cli("rollback", "hello/2", "--reason", "x")
        run = self.finished(3)
        self.assertEqual(run["outcome"], "failed")
        self.assertIn(f"production is at {hotfix[:7]}, no longer at {first[:7]}: nothing was rolled back", run["reason"])
        self.assertEqual((self.branch("production"), self.deployed()), (hotfix, first))

    def test_a_kill_in_its_middle_takes_nothing_back(self):
        self.start()
        first = self.released(1)
        self.released(2)
        self.cli("rollback", "hello/2", "--reason", "it is slow")
        until(lambda: self.branch("production") == first, "the branch's move")
        self.kill()
        self.start()
        run = self.finished(3)
        self.assertEqual(run["outcome"], "passed", run["reason"])
        self.assertEqual((self.branch("production"), self.deployed()), (first, first))


    def test_an_older_commit_is_not_deployed_over_a_newer_one(self):
        asks = self.pipeline().replace("  release:\n    needs: [production]", "  ask: {needs: [production], approve: {message: \"deploy?\"}}\n"
                                                                             "  release:\n    needs: [ask]")
        self.start()
        first = self.push(asks)
        self.stage_is(1, "ask", "awaiting_approval")
        git(self.work, "commit", "-q", "--allow-empty", "-m", "hotfix")
        git(self.work, "push", "-q", "origin", "HEAD:refs/heads/production")
        hotfix = git(self.work, "rev-parse", "HEAD")
        self.cli("approve", "hello/1", "ask")
        run = self.finished(1)
        self.assertEqual(run["outcome"], "failed", run["reason"])
        self.assertIn(f"production was moved to {first[:7]} by this run and is at {hotfix[:7]} now: an older commit is not deployed over it", run["reason"])
        self.assertNotIn("did not deploy", run["reason"])
        self.assertFalse((self.folder / "deployed").exists())


# Its release waits for a flag.
SLOW = DEPLOYED.replace("echo tested >>COUNTER", "test ! -e broken").replace('ready: {command: "test', 'ready: {command: "test -e FLAG && test')


class Superseded(ServiceTest):
    """A newer commit comes while a release is half done (case R1)."""
    def setUp(self):
        super().setUp()
        self.flag = self.folder / "flag"
        self.pipeline = SLOW.replace("DEPLOYED", str(self.folder / "deployed")).replace("FLAG", str(self.flag))

    def promoted(self):
        """The first run is between its promotion and its deployment."""
        self.start()
        commit = self.push(self.pipeline)
        until(lambda: self.branch("production") == commit, "the promotion")
        self.stage_is(1, "release", "running")
        return commit

    def test_a_release_is_finished_before_the_newer_commit_runs(self):
        good = self.promoted()
        self.push(files={"broken": "yes"})
        until(lambda: self.run_of(2), "the newer run")
        self.push(files={"more": "yes"})
        until(lambda: self.run_of(3), "the newest run")
        self.assertEqual(self.finished(2)["reason"], "superseded by hello/3")
        until(lambda: [w["reason"] for w in self.get("/api/v1/queue")["waiting"]] == ["waits for run hello/1, which is ahead of it on main and is releasing"],
              "the newest run's turn, which it waits for")
        until(lambda: "[newer run hello/3 waits: this run is releasing]" in self.stage_log(1, "release"), "the line in the log")
        self.assertIsNone(self.run_of(1)["cancel"])
        self.flag.touch()
        run = self.finished(1)
        self.assertEqual(run["outcome"], "passed", run["reason"])
        newest = self.finished(3)
        self.assertEqual((newest["outcome"], newest["reason"].split(":")[0]), ("failed", "unit"))
        self.assertEqual((self.branch("production"), (self.folder / "deployed").read_text().strip()), (good, good))

    def test_a_kill_in_its_middle_does_not_give_it_up(self):
        good = self.promoted()
        self.kill()
        self.push(files={"broken": "yes"})
        self.start()
        until(lambda: self.run_of(2), "the newer run")
        self.flag.touch()
        self.assertEqual(self.finished(1)["outcome"], "passed")
        self.assertEqual(self.finished(2)["outcome"], "failed")
        self.assertEqual((self.branch("production"), (self.folder / "deployed").read_text().strip()), (good, good))

    def test_who_cuts_it_is_told_what_to_do(self):
        good = self.promoted()
        self.cli("cancel", "hello/1")
        run = self.finished(1)
        self.assertEqual(run["outcome"], "cancelled")
        self.assertIn(f"; production is at {good[:7]}, but release did not deploy it: deploy it with `quietgate retry hello/1`", run["reason"])
        self.flag.touch()
        self.cli("retry", "hello/1")
        self.assertEqual(self.finished(2)["outcome"], "passed")
        self.assertEqual((self.branch("production"), (self.folder / "deployed").read_text().strip()), (good, good))


WATCHED = PIPELINE[:PIPELINE.index("  before:")].replace("  staging:", "  release:\n    needs: [production]\n    keep: true\n    watch:\n      gate: {prometheus: "
          '"http://127.0.0.1:${{ ports.prometheus }}", rules: [alerts.yml], layers: [application]}\n      for: 4s').replace(
          "stages:", "stages:\n  production: {needs: [], promote: {branch: production}}")


class Watches(Watched):
    def files(self, errors):
        files = super().files()
        files[".quietgate.yaml"] = WATCHED.replace("FOLDER_HERE", str(self.prometheus)).replace(", MORE_HERE", "")
        files["target.py"] = TARGET.replace('b"app_errors 0\\n"', f'b"app_errors {errors}\\n"')
        # Old samples of another commit are another release's.
        files["prometheus.sh"] = PROMETHEUS.replace('cat >prometheus', 'rm -rf "$FOLDER/data"\ncat >prometheus')
        return files

    def test_an_alert_after_the_release_puts_it_back(self):
        self.start()
        first = self.push(files=self.files(0))
        run = self.finished(1)
        self.assertEqual(run["outcome"], "passed", run["reason"] + self.stage_log(1, "release"))
        self.assertRegex(self.stage(1, "release")["reason"], r"watched for 4s: 2 rules in 1 group were evaluated without a gap over \d\S* and none was pending or firing")
        bad = self.push(files=self.files(9))
        run = self.finished(2)
        self.assertEqual(run["outcome"], "failed", run["reason"] + self.stage_log(2, "release"))
        self.assertIn("after the release: loud: HighErrors", run["reason"])
        back = self.finished(3)
        self.assertEqual(back["outcome"], "passed", back["reason"])
        self.assertIn("rollback of hello/2 by an alert after the release", back["cause"])
        self.assertEqual(self.branch("production"), first)
        self.assertEqual([s["name"] for s in back["stages"]], ["production", "release"])
        self.assertNotEqual(first, bad)
        self.assertIsNone(self.run_of(4), "one rollback, and no more")
        self.assertIn(f"rollback of hello/2 to {first[:7]} by an alert (after the release: loud: HighErrors", self.cli("runs").stdout)
        self.assertEqual(self.get("/api/v1/runs")["runs"][0]["rollback"]["to"], first)

    def test_a_run_here_ends_when_it_is_put_back(self):
        def run_here():
            return subprocess.run([BINARY, "run", "--plain", "--promote", str(self.remote), "--data", str(self.folder / "here")], stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=120, env=environment())
        first = self.push(files=self.files(0))
        done = run_here()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        bad = self.push(files=self.files(9))
        done = run_here()
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("after the release: loud: HighErrors", done.stdout)
        self.assertRegex(done.stdout, r"run \S+/3 rolls back this release")
        self.assertRegex(done.stdout, r"the rollback \S+/3 ended as passed")
        self.assertNotEqual(first, bad)
        self.assertEqual(self.branch("production"), first)
        subprocess.run([BINARY, "run", "--let-go", str(self.remote), "--data", str(self.folder / "here")], check=True, capture_output=True, timeout=60, env=environment())
        self.no_process_left()

    def test_a_first_release_that_starts_its_own_prometheus_is_heard(self):
        self.start()
        files = self.files(0)
        text = files[".quietgate.yaml"]
        begin, end = text.index("            command: \"curl"), text.index("            within: 30s")
        files[".quietgate.yaml"] = text[:begin] + '            http: "http://127.0.0.1:${{ ports.prometheus }}/-/ready"\n' + text[end:]
        self.push(files=files)
        run = self.finished(1)
        log = self.stage_log(1, "release")
        self.assertEqual(run["outcome"], "passed", run["reason"] + log)
        self.assertIn("waiting for the first complete scrape: ", log)
        self.assertRegex(log, r"watching from the first complete scrape, \d\S* after the release\n")

    def production(self, errors):
        """A Prometheus that is nobody's environment: it outlives releases. Answers its address, and whether an alert fires (None: it is not up)."""
        folder = self.folder / "production"
        folder.mkdir()
        (folder / "errors").write_text(f"app_errors {errors}\n")
        (folder / "loaded.yml").write_text(RULES)
        (folder / "target.py").write_text(TARGET.replace('b"app_errors 0\\n"', 'open("errors", "rb").read()'))
        (folder / "prometheus.sh").write_text(PROMETHEUS)
        ports = {}
        for name in ("TARGET", "PORT"):
            with socket.socket() as taken:
                taken.bind(("127.0.0.1", 0))
                ports[name] = str(taken.getsockname()[1])
        for argv, more in ((["python3", "target.py"], {"PORT": ports["TARGET"]}), (["sh", "prometheus.sh"], {**ports, "FOLDER": str(self.prometheus)})):
            process = subprocess.Popen(argv, cwd=folder, env=environment(**more))
            self.addCleanup(process.wait, 30)
            self.addCleanup(process.terminate)
        url = f"http://127.0.0.1:{ports['PORT']}"

        def fires():
            try:
                with urllib.request.urlopen(f"{url}/api/v1/alerts", timeout=5) as answer:
                    return '"state":"firing"' in answer.read().decode()
            except OSError:
                return None
        return url, fires

    def released(self, url, span):
        return ("version: 1\nname: hello\nstages:\n  production: {needs: [], promote: {branch: production}}\n  release:\n    needs: [production]\n    keep: true\n"
                    "    apply: {processes: {web: {run: exec sleep 1000000}}}\n    watch: {gate: {prometheus: \"%s\", rules: [alerts.yml]}, for: %s}\n" % (url, span))

    def test_a_commit_that_comes_into_a_fire_is_not_put_back(self):
        self.start()
        url, fires = self.production(9)
        until(fires, "the fire")
        self.push(self.released(url, "4s"), files={"alerts.yml": RULES})
        self.assertEqual(self.finished(1)["outcome"], "inconclusive")
        hotfix = self.push(files={"fix": "x"})
        run = self.finished(2)
        self.assertEqual(run["outcome"], "inconclusive", run["reason"])
        self.assertIn("; this began before the release, so there is no rollback", run["reason"])
        self.assertEqual(self.branch("production"), hotfix)
        self.assertIsNone(self.run_of(3))

    def test_a_watch_that_is_taken_up_again_knows_what_fired_meanwhile(self):
        self.start()
        url, fires = self.production(0)
        until(lambda: fires() is not None, "Prometheus")
        self.push(self.released(url, "25s"), files={"alerts.yml": RULES})
        until(lambda: "watching its alerts" in self.stage_log(1, "release"), "the watch")
        errors = self.folder / "production" / "errors"
        self.kill()
        errors.write_text("app_errors 9\n")
        until(fires, "the fire")
        errors.write_text("app_errors 0\n")
        until(lambda: fires() is False, "its end")
        self.start()
        run = self.finished(1)
        self.assertEqual(run["outcome"], "failed", run["reason"] + self.stage_log(1, "release"))
        self.assertIn("after the release: loud: HighErrors", run["reason"])

    def test_a_release_that_could_not_be_heard_stays(self):
        self.start()
        self.push(files=self.files(0))
        self.finished(1)
        files = self.files(0)
        files["alerts.yml"] = RULES.replace("app_errors", "app_erorrs")
        files["loaded.yml"] = files["alerts.yml"]
        second = self.push(files=files)
        run = self.finished(2)
        self.assertEqual(run["outcome"], "inconclusive", run["reason"])
        self.assertIn("after the release: blind", run["reason"])
        self.assertEqual(self.branch("production"), second, "nobody said that it is bad")
        self.assertIsNone(self.run_of(3))


DRILL = '''  drill:
    needs: [staging]
    fault:
      run: "echo 9 >ERRORS; exec sleep 1000"
      undo: "echo 0 >ERRORS"
      prometheus: "${{ stages.staging.outputs.prometheus }}"
      alerts: [ALERT]
      within: 20s
      resolved_within: 20s
'''


class Drills(Watched):
    def files(self, alert="HighErrors", **more):
        errors = self.folder / "errors"
        errors.write_text("0\n")
        files = super().files(quiet="1s", **more)
        text = files[".quietgate.yaml"]
        files[".quietgate.yaml"] = text[:text.index("  before:")] + DRILL.replace("ERRORS", str(errors)).replace("ALERT", alert)
        files["target.py"] = TARGET.replace('b"app_errors 0\\n"', f'("app_errors " + open("{errors}").read()).encode()')
        return files

    def test_a_fault_is_heard_in_time_and_mended(self):
        self.start()
        self.push(files=self.files())
        run = self.finished(1)
        self.assertEqual(run["outcome"], "passed", run["reason"] + self.stage_log(1, "drill"))
        self.assertRegex(self.stage(1, "drill")["reason"], r"^1 of 1 alerts detected the fault, the slowest after \d+\.\d s \(HighErrors\); resolved \d+\.\d s after its end$")
        self.assertEqual((self.folder / "errors").read_text(), "0\n")
        self.no_process_left()

    def test_a_deaf_rule_is_found(self):
        self.start()
        deaf = RULES.replace("> 5", "> 50")
        files = self.files(rules=deaf, loaded=deaf)
        files[".quietgate.yaml"] = files[".quietgate.yaml"].replace("within: 20s", "within: 4s", 1)
        self.push(files=files)
        run = self.finished(1)
        self.assertEqual(run["outcome"], "failed", self.stage_log(1, "drill"))
        self.assertIn("0 of 1 alerts detected the fault: not within 4s: HighErrors", run["reason"])
        self.assertEqual((self.folder / "errors").read_text(), "0\n")
        self.no_process_left()

    def test_a_kill_in_a_drill_leaves_nothing_broken(self):
        self.start()
        deaf = RULES.replace("> 5", "> 50")
        files = self.files(rules=deaf, loaded=deaf)
        files[".quietgate.yaml"] = files[".quietgate.yaml"].replace("within: 20s", "within: 6s", 1)
        self.push(files=files)
        until(lambda: (self.folder / "errors").read_text() == "9\n", "the fault")
        self.kill()
        self.start()
        run = self.finished(1)
        self.assertEqual(run["outcome"], "failed", self.stage_log(1, "drill"))
        self.assertEqual((self.folder / "errors").read_text(), "0\n")
        self.no_process_left()


SYNTHETIC = RULES.replace('      - {record', '      - {alert: GateSyntheticFault, expr: gate_synthetic_fault > 0, labels: {severity: none}}\n      - {record')


class SyntheticFaults(Watched):
    def files(self, scraped=True):
        files = super().files(quiet="4s", rules=SYNTHETIC, loaded=SYNTHETIC)
        if scraped:
            files["prometheus.sh"] = PROMETHEUS.replace('["127.0.0.1:$TARGET"]}]}]', '["127.0.0.1:$TARGET"]}]}, '
                '{job_name: quietgate, honor_labels: true, static_configs: [{targets: ["$QUIETGATE_METRICS"]}]}]')
        return files

    def test_a_run_proves_that_a_page_gets_through(self):
        self.start()
        commit = self.push(files=self.files())
        run = self.finished(1)
        self.assertEqual(run["outcome"], "passed", run["reason"] + self.stage_log(1, "metrics") + self.stage_log(1, "production"))
        self.assertEqual(self.branch("production"), commit)
        self.assertRegex(self.stage_log(1, "metrics"), r"GateSyntheticFault fires \d+\.\d s after the synthetic fault was raised")
        proof = {p["id"]: p for p in self.stage(1, "production")["attempts"][-1]["gate"]["proofs"]}["P10"]
        self.assertEqual(proof["verdict"], "quiet", proof)
        self.assertNotIn(b"gate_synthetic_fault", self.get("/metrics", raw=True))

    def test_a_prometheus_that_does_not_scrape_the_runner_is_blind(self):
        self.start()
        self.push(files=self.files(scraped=False))
        self.ends("inconclusive", "production", "blind: GateSyntheticFault did not fire before the window began")


ALERTMANAGER = '''#!/bin/sh
cd "$FOLDER"
cat >alertmanager.yml <<END
route: {receiver: quietgate, group_wait: 0s, group_interval: 1s, repeat_interval: 1s}
receivers: [{name: quietgate, webhook_configs: [{url: "http://$QUIETGATE_METRICS/api/v1/watchdogs/staging", http_config: {authorization: {credentials_file: "TOKEN"}}}]}]
END
exec /usr/bin/prometheus-alertmanager --config.file=alertmanager.yml --storage.path="$FOLDER/am" --cluster.listen-address= --web.listen-address=127.0.0.1:$PORT --log.level=error
'''

WATCHDOG = RULES.replace('      - {record', '      - {alert: GateWatchdog, expr: vector(1), labels: {severity: none}}\n      - {record')


class Deliveries(Watched):
    def files(self, delivered=True):
        if not os.path.exists("/usr/bin/prometheus-alertmanager"):
            self.skipTest("NOT TESTED: needs /usr/bin/prometheus-alertmanager (Debian package prometheus-alertmanager)")
        files = super().files(quiet="6s", rules=WATCHDOG, loaded=WATCHDOG)
        files["alertmanager.sh"] = ALERTMANAGER.replace("TOKEN", str(self.data / "token" if delivered else self.folder / "no-token"))
        (self.folder / "no-token").write_text("wrong")
        # What fired before the Alertmanager was known is sent again after this time only: a minute, otherwise.
        files["prometheus.sh"] = PROMETHEUS.replace("--log.level=error", "--log.level=error --rules.alert.resend-delay=1s").replace(
            "$MORE\n", 'alerting: {alertmanagers: [{static_configs: [{targets: ["127.0.0.1:$ALERTMANAGER"]}]}]}\n')
        text = files[".quietgate.yaml"]
        text = text.replace("ports: [prometheus, target]", "ports: [prometheus, target, alertmanager]")
        text = text.replace('TARGET: "${{ ports.target }}"', 'TARGET: "${{ ports.target }}", ALERTMANAGER: "${{ ports.alertmanager }}"')
        text = text.replace("      processes:\n", "      processes:\n        alertmanager: {run: exec sh alertmanager.sh, environment: {PORT: \"${{ ports.alertmanager }}\", FOLDER: \"%s\"}, "
                            "ready: {http: \"http://127.0.0.1:${{ ports.alertmanager }}/-/ready\"}}\n" % self.prometheus)
        text = text.replace("needs: [target]", "needs: [target, alertmanager]")
        text = text.replace("quiet_for: 6s", "quiet_for: 6s\n        watchdog: {delivered_to: staging, within: 5s}")
        files[".quietgate.yaml"] = text
        return files

    def test_a_watchdog_gets_through_alertmanager_to_the_gate(self):
        self.start()
        commit = self.push(files=self.files())
        run = self.finished(1)
        self.assertEqual(run["outcome"], "passed", run["reason"] + self.stage_log(1, "production"))
        self.assertEqual(self.branch("production"), commit)
        proofs = {p["id"]: p for p in self.stage(1, "production")["attempts"][-1]["gate"]["proofs"]}
        self.assertEqual(proofs["DELIVERY"]["verdict"], "quiet", proofs["DELIVERY"])

    def test_a_way_that_is_broken_is_blind(self):
        self.start()
        self.push(files=self.files(delivered=False))
        self.ends("inconclusive", "production", "blind: no watchdog was delivered to /api/v1/watchdogs/staging")


class Heartbeats(ServiceTest):
    def test_people_are_told_by_a_webhook(self):
        heard = []

        class Chat(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                heard.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"]))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Chat)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        (self.folder / "chat").write_text(f"http://127.0.0.1:{server.server_port}/secret\n")
        self.start(more=f"notifications: [{{url: {{file: '{self.folder / 'chat'}'}}}}]\n")
        commit = self.push("version: 1\nname: hello\nstages:\n  production: {needs: [], promote: {branch: production}}\n  after: {needs: [production], test: {run: 'exit 3'}}\n")
        self.finished(1)
        until(lambda: len(heard) >= 2, "two notifications")
        self.assertEqual(heard[0], ("/secret", f"production of hello is now at {commit[:7]} (run hello/1)"))
        self.assertRegex(heard[1][1], r'^run hello/1 ended as failed: after: exit status 3')

    def test_something_outside_hears_that_the_service_lives(self):
        heard = []
        answers = {"status": 200}

        class Listener(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                heard.append(self.path)
                self.send_response(answers["status"])
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.start(more=f"heartbeat: {{url: 'http://127.0.0.1:{server.server_port}/beat', every: 1s}}\n")
        until(lambda: len(heard) >= 3, "three heartbeats")
        self.assertEqual(set(heard), {"/beat"})
        log = self.folder / "serve.log"
        answers["status"] = 500
        until(lambda: "the heartbeat call fails: it answered 500" in log.read_text(), "the trouble in the log")
        answers["status"] = 200
        until(lambda: "the heartbeat call works again" in log.read_text(), "its end")
        self.terminate()
        count = len(heard)
        self.start()
        self.assertEqual(len(heard), count, "without the setting there is none")


if __name__ == "__main__":
    unittest.main()
