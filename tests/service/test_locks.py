"""Named locks over two repositories of a real service, and what people see of the queue."""
import json
import subprocess
import unittest

from service import ServiceTest, git, until

PIPELINE = """version: 1
name: {name}
concurrency: parallel
stages:
  staging:
    lock: staging-cluster
    apply: {{processes: {{app: {{run: "exec sleep 1000"}}}}}}
  use:
    needs: [staging]
    lock: staging-cluster
    test: {{run: "until test -e {flag}; do sleep 0.05; done"}}
"""


class Locks(ServiceTest):
    def setUp(self):
        super().setUp()
        self.second = self.folder / "second.git"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(self.second)], check=True)
        self.two = f"  - name: second\n    url: {self.second}\n    poll: 200ms\n"

    def push_both(self):
        self.push(PIPELINE.format(name="hello", flag=self.folder / "hello-flag"))
        git(self.work, "remote", "add", "second", str(self.second))
        until(lambda: (self.stage(1, "use") or {}).get("status") == "running", "hello/1 uses the cluster")
        (self.work / ".quietgate.yaml").write_text(PIPELINE.format(name="second", flag=self.folder / "second-flag"))
        git(self.work, "commit", "-qam", "second")
        git(self.work, "push", "-q", "second", "HEAD:refs/heads/main")

    def waiting(self):
        return self.get("/api/v1/queue")["waiting"]

    def second_run(self):
        return self.get("/api/v1/runs/second/1")

    def watched(self):
        return all(r["watched"] for r in self.get("/api/v1/repositories")["repositories"])

    def test_a_cluster_is_used_by_one_run_until_its_environment_is_gone(self):
        self.start(self.two)
        until(self.watched, "the first polls")
        self.push_both()
        one = until(self.waiting, "somebody waits")[0]
        self.assertEqual((one["run"], one["stage"], one["for"], one["lock"]), ("second/1", "staging", "lock", "staging-cluster"))
        self.assertEqual(one["holders"][0]["run"], "hello/1")
        reason = "waits for lock staging-cluster, held by hello/1 "
        self.assertTrue(one["reason"].startswith(reason), one)
        self.assertIn(reason, self.cli("queue").stdout)
        self.assertIn(reason, self.cli("runs").stdout)
        self.assertIn(reason, self.cli("show", "second/1").stdout)
        self.assertTrue(self.second_run()["stages"][0]["waiting"]["reason"].startswith(reason))
        self.assertEqual(json.loads(self.cli("queue", "--json").stdout)["waiting"][0]["run"], "second/1")

        # A new service finds the run that waits first, and the one that holds the lock: it stays where it is.
        self.kill()
        self.start(self.two)
        one = until(self.waiting, "somebody still waits")[0]
        self.assertEqual((one["run"], one["holders"][0]["run"]), ("second/1", "hello/1"))
        self.assertEqual(self.stage(1, "use")["status"], "running")

        (self.folder / "hello-flag").touch()
        self.assertEqual(self.finished(1)["outcome"], "passed")
        until(lambda: self.second_run()["stages"][1]["status"] == "running", "the second run has the cluster")
        self.assertEqual(self.waiting(), [])
        environments = [e["run"] for e in self.get("/api/v1/environments")["environments"]]
        self.assertEqual(environments, ["second/1"])
        (self.folder / "second-flag").touch()
        until(lambda: self.second_run()["outcome"] == "passed", "the second run passes")
        self.terminate()
        self.no_process_left()

    def test_a_repository_has_a_limit_of_its_own(self):
        pipeline = "version: 1\nconcurrency: parallel\nstages:\n"
        for name in ("a", "b"):
            pipeline += f"  {name}: {{test: {{run: 'until test -e {self.folder}/flag; do sleep 0.05; done'}}}}\n"
        self.start("    concurrency: 1\n")
        self.push(pipeline)
        self.stage_is(1, "a", "running")
        one = until(self.waiting, "one waits")[0]
        self.assertEqual((one["stage"], one["for"]), ("b", "repository"))
        self.assertEqual(one["reason"], "waits for a slot of its repository: 1 of 1 stages run; next in line")
        (self.folder / "flag").touch()
        self.assertEqual(self.finished(1)["outcome"], "passed")


if __name__ == "__main__":
    unittest.main()
