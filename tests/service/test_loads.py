"""Loads of a real service, judged against those of the commits that it promoted."""
import unittest

from service import ServiceTest

PIPELINE = """version: 1
name: hello
stages:
  load:
    load: {run: "exec /usr/bin/python3 load.py", duration: 1s, expect: {p95: "<= 250ms"}, baseline: {measures: [p95]}}
  production: {needs: [load], promote: {branch: production}}
"""
LOAD = """import json, os, time
end = time.time() + 1.1
number = 0
with open(os.environ["QUIETGATE_LOAD_FILE"], "w", buffering=1) as out:
    while time.time() < end:
        number += 1
        out.write(json.dumps({"name": "GET /", "t": time.time(), "ms": MS + number %% 5 / 10, "ok": True}) + "\\n")
        time.sleep(0.01)
""".replace("%%", "%")


class Baselines(ServiceTest):
    def test_a_slower_commit_is_refused_by_those_that_were_promoted(self):
        self.start()
        first = self.push(PIPELINE, files={"load.py": LOAD.replace("MS", "20")})
        run = self.finished(1)
        self.assertEqual(run["outcome"], "passed", run["reason"])
        self.assertIn("not enough data: 5 loads against 0", self.sentence(1))
        self.assertEqual(self.branch("production"), first)
        self.push(files={"load.py": LOAD.replace("MS", "40")})
        run = self.finished(2)
        self.assertEqual(run["outcome"], "failed", run["reason"])
        self.assertIn("p95 against promoted commits got worse: median 40 ms against 20 ms", run["reason"])
        self.assertIn("5 loads against 5", run["reason"])
        self.assertEqual(self.branch("production"), first)
        self.push(files={"load.py": LOAD.replace("MS", "19")})
        run = self.finished(3)
        self.assertEqual(run["outcome"], "passed", run["reason"])
        self.assertIn("no regression", self.sentence(3))
        self.assertIn("5 loads against 5", self.sentence(3), "what was not promoted is no baseline")

    def sentence(self, number):
        checks = self.stage(number, "load")["attempts"][-1]["checks"]
        return next(check["sentence"] for check in checks if check["name"] == "p95 against promoted commits")


if __name__ == "__main__":
    unittest.main()
