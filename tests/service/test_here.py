"""`quietgate run` touches only what its own run makes: what is kept, and what other clones made, stays as it is."""
import http.server
import json
import os
import shutil
import subprocess
import threading
import unittest

from service import BINARY, ServiceTest, environment, git

KEPT = '''version: 1
name: hello
stages:
  unit: {test: {run: 'true'}}
  production: {needs: [unit], promote: {branch: production}}
  release:
    needs: [production]
    apply:
      processes: {web: {run: 'exec sleep 3600'}}
      outputs: {url: "http://127.0.0.1:1"}
    keep: true
  smoke: {needs: [release], test: {run: 'echo ${{ stages.release.outputs.url }}'}}
  tell: {needs: [release], if: always(), test: {run: 'true'}}
  report: {needs: [release], if: always(), test: {run: 'echo ${{ stages.release.outputs.url }}'}}
'''

REMOTE = '''version: 1
name: hello
stages:
  unit: {test: {run: 'true'}}
  production: {needs: [unit], promote: {branch: production}}
  release: {needs: [production], apply: {terraform: {directory: infra}}, keep: true}
'''


class State(http.server.BaseHTTPRequestHandler):
    """Terraform's backend `http`: one state, and how often each method was asked."""
    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.server.asked.append("GET")
        self.answer(200, self.server.state) if self.server.state else self.answer(404)

    def do_POST(self):
        self.server.asked.append("POST")
        self.server.state = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(200)

    def log_message(self, *arguments):
        pass


class TryOuts(ServiceTest):
    def commit(self, files, clone=None):
        clone = clone or self.work
        for path, text in files.items():
            (clone / path).parent.mkdir(parents=True, exist_ok=True)
            (clone / path).write_text(text)
        git(clone, "add", "-A")
        git(clone, "-c", "user.name=Ana", "-c", "user.email=ana@example.org", "commit", "-q", "-m", "change")

    def run_here(self, *arguments, clone=None):
        return subprocess.run([BINARY, "run", *arguments, str(clone or self.work)], capture_output=True, text=True, timeout=60,
                              env=environment(QUIETGATE_DATA=str(self.data)))

    def passes(self, *arguments, clone=None):
        done = self.run_here(*arguments, clone=clone)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def kept(self):
        return sorted(pid for pid, command in self.processes_of_this_test() if command.startswith("sleep 3600"))

    def clone_of(self, folder, *how):
        clone = self.folder / folder / "work"
        subprocess.run(["git", "clone", "-q", *how, str(self.work), str(clone)], check=True)
        return clone

    def test_what_is_kept_is_left_out_and_said(self):
        self.commit({".quietgate.yaml": KEPT})
        said = self.passes()
        self.assertIn("; left out: release, smoke, report\n", said)
        self.assertIn("release     skipped: a try-out leaves kept environments alone: `quietgate run --release` applies this one\n", said)
        self.assertIn("smoke       skipped: `release` was skipped\n", said)
        self.assertIn("report      skipped: it uses `release`, which a try-out leaves alone\n", said)
        self.assertIn("tell        passed", said)
        self.assertEqual(self.kept(), [])
        self.assertEqual(list(self.data.glob("here/*/environments/*")), [])

    def test_a_plain_run_leaves_what_another_run_kept(self):
        self.commit({".quietgate.yaml": KEPT})
        bare, other = self.clone_of("bare", "--bare"), self.clone_of("other")  # nobody pushes to a branch of a working tree
        self.assertNotIn("left out", self.passes("--promote", clone=bare))
        self.assertEqual(git(bare, "rev-parse", "production"), git(bare, "rev-parse", "main"))
        kept = self.kept()
        self.assertEqual(len(kept), 1, "the release runs on")
        for clone in (bare, other):
            self.assertIn("left out: release", self.passes(clone=clone))
            self.assertEqual(self.kept(), kept)
        self.assertNotIn("left out", self.passes("--release", clone=other))
        self.assertEqual(len(self.kept()), 2, "each clone has its own")
        self.assertEqual(git(other, "branch", "--list", "production"), "")
        folders = sorted(path.name for path in self.data.glob("here/*"))
        self.assertEqual(len(folders), 2, folders)
        self.assertTrue(all(name.startswith("work-") for name in folders), folders)
        self.assertRegex(self.passes("--let-go", clone=other), "^work-[0-9a-f]{6}-release is destroyed\n$")
        self.assertEqual(self.kept(), kept, "the other clone's stays")
        self.assertEqual(json.loads(self.passes("--let-go", "--json", clone=other)), {"destroyed": [], "left": []})
        self.assertEqual(self.passes("--let-go", clone=other), "no run of this clone has kept an environment\n")
        self.passes("--let-go", clone=bare)
        self.no_process_left()

    def test_what_is_let_go_is_waited_for(self):
        stubborn = KEPT.replace("'exec sleep 3600'", "\"trap 'sleep 0.5; exit 0' TERM; while true; do sleep 0.05; done\"")
        self.commit({".quietgate.yaml": stubborn})
        self.passes("--release")
        self.assertRegex(self.passes("--let-go"), "^work-[0-9a-f]{6}-release is destroyed\n$")
        self.assertEqual(self.processes_of_this_test(), [], "it says so when it is true")
        self.assertEqual(list(self.data.glob("here/*/environments/*")), [])

    def test_a_service_and_a_run_here_share_a_data_directory_and_nothing_in_it(self):
        self.start()
        self.push(KEPT)
        self.assertEqual(self.finished(1)["outcome"], "passed", self.stage_log(1, "release"))
        kept = self.kept()
        self.assertEqual(len(kept), 1)
        self.assertIn("left out: release", self.passes())
        self.assertEqual(self.kept(), kept)
        self.assertEqual([run["id"] for run in self.get("/api/v1/runs")["runs"]], ["hello/1"])

    def needs_terraform(self):
        if shutil.which("terraform") is None:
            self.skipTest("NOT TESTED: needs terraform (https://developer.hashicorp.com/terraform/install)")

    def test_a_state_of_others_is_not_taken_for_its_own(self):
        self.needs_terraform()
        theirs = self.folder / "theirs"
        state = json.dumps({"version": 4, "terraform_version": "1.11.4", "serial": 7, "lineage": "theirs", "outputs": {}, "resources": [{
            "mode": "managed", "type": "terraform_data", "name": "production", "provider": "provider[\"terraform.io/builtin/terraform\"]",
            "instances": [{"schema_version": 0, "attributes": {"id": "theirs", "input": None, "output": None, "triggers_replace": None}}]}]})
        places = [theirs / "terraform.tfstate", theirs / "workspaces" / "blue" / "terraform.tfstate"]
        for place in places:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(state)
        module = (f'terraform {{\n  backend "local" {{\n    path = "{places[0]}"\n    workspace_dir = "{theirs}/workspaces"\n  }}\n}}\n'
                  'resource "terraform_data" "production" {\n}\noutput "made_by" {\n  value = terraform.workspace\n}\n')
        pipeline = ("version: 1\nname: hello\nstages:\n  staging:\n    apply: {terraform: {directory: infra}}\n    environment: {%s}\n"
                    "  use: {needs: [staging], test: {run: 'echo made by ${{ stages.staging.outputs.made_by }}'}}\n")
        for variables, workspace in (("", "default"), ("TF_WORKSPACE: blue", "blue")):
            self.commit({".quietgate.yaml": pipeline % variables, "infra/main.tf": module})
            said = self.passes()
            self.assertNotIn("left out", said)
            logs = "".join(path.read_text() for path in self.data.glob("here/*/runs/*/*/*/log"))
            self.assertIn("made by " + workspace, logs)
            self.assertEqual([place.read_text() for place in places], [state, state])
            self.assertEqual(list(self.data.glob("here/*/environments/*")), [], "its own is destroyed")
        # What it takes over, it would destroy.
        self.commit({".quietgate.yaml": pipeline % "",
                     "infra/main.tf": module + 'import {\n  to = terraform_data.production\n  id = "theirs"\n}\n'})
        refused = self.run_here()
        self.assertEqual(refused.returncode, 1)
        self.assertIn("terraform_data.production is imported: it exists outside of this environment, which would destroy it", refused.stdout)

    def test_a_remote_state_is_never_read(self):
        self.needs_terraform()
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), State)
        server.asked, server.state = [], b""
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        module = ('terraform {\n  backend "http" {\n    address = "http://127.0.0.1:%d/state"\n  }\n}\n'
                  'resource "terraform_data" "production" {\n}\n' % server.server_address[1])
        self.commit({".quietgate.yaml": REMOTE, "infra/main.tf": module})
        self.passes("--release")

        def resources():
            return [resource["name"] for resource in json.loads(server.state)["resources"]]
        self.assertEqual(resources(), ["production"])
        before = server.state
        server.asked.clear()
        said = self.passes()
        self.assertIn("left out: release", said)
        self.assertEqual((server.state, server.asked), (before, []))
        # As a part of a run's own environment it is refused: that would be destroyed with the run.
        self.commit({".quietgate.yaml": REMOTE.replace(", keep: true", "")})
        refused = self.run_here()
        self.assertEqual(refused.returncode, 1)
        self.assertIn('has the backend "http": every ephemeral environment would share, and destroy, one state', refused.stdout)
        self.assertEqual((server.state, server.asked), (before, []))


if __name__ == "__main__":
    unittest.main()
