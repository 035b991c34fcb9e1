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
        for number in range(1, 6):
            promoted = self.push(PIPELINE if number == 1 else None, files={"load.py": LOAD.replace("MS", str(20 + number / 10))})
            run = self.finished(number)
            self.assertEqual(run["outcome"], "passed", run["reason"])
            self.assertEqual(self.branch("production"), promoted)
            if number == 1:
                self.assertIn("not enough data: 5 loads against 0", self.sentence(1))
        self.push(files={"load.py": LOAD.replace("MS", "40")})
        run = self.finished(6)
        self.assertEqual(run["outcome"], "failed", run["reason"])
        self.assertIn("p95 against promoted commits got worse: median 40 ms against 2", run["reason"])
        self.assertIn("5 loads against 25", run["reason"])
        self.assertEqual(self.branch("production"), promoted)
        self.push(files={"load.py": LOAD.replace("MS", "19")})
        run = self.finished(7)
        self.assertEqual(run["outcome"], "passed", run["reason"])
        self.assertIn("no regression", self.sentence(7))
        self.assertIn("5 loads against 25", self.sentence(7), "what was not promoted is no baseline")

    def test_a_slower_commit_among_few_promoted_ones_is_a_warning(self):
        self.start()
        self.push(PIPELINE, files={"load.py": LOAD.replace("MS", "20")})
        self.assertEqual(self.finished(1)["outcome"], "passed")
        slower = self.push(files={"load.py": LOAD.replace("MS", "40")})
        run = self.finished(2)
        self.assertEqual(run["outcome"], "passed", run["reason"])
        self.assertIn("WARNING: p95 against promoted commits got worse, but 1 promoted run can't tell a regression",
                      self.sentence(2))
        reason = self.stage(2, "load")["attempts"][-1]["reason"]
        self.assertIn("WARNING: p95 against promoted commits got worse", reason)
        self.assertEqual(self.branch("production"), slower)

    def sentence(self, number):
        checks = self.stage(number, "load")["attempts"][-1]["checks"]
        return next(check["sentence"] for check in checks if check["name"] == "p95 against promoted commits")


if __name__ == "__main__":
    unittest.main()
