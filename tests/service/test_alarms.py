"""Alerts that begin to fire while real Locust loads: the load ends, and what it measured stays. On the command line,
`QUIETGATE_ALARMS=10 python3 -m unittest test_alarms.Alarms.test_an_alert_that_begins_to_fire_ends_the_load` prints how long that takes."""
import datetime
import json
import os
import statistics
import time
import unittest
import urllib.request

from service import until
from test_stage_faults import PIPELINE, RULES, TARGET, Watched

LOCUSTFILE = '''from locust import FastHttpUser, constant_throughput, task
class Visitor(FastHttpUser):
    wait_time = constant_throughput(10)
    @task
    def home(self):
        self.client.get("/")
'''

LOAD = '''  load:
    needs: [staging]
    load: {locustfile: locustfile.py, host: "http://127.0.0.1:${{ stages.staging.outputs.target }}", users: 2, duration: 60s, expect: {requests: ">= 100"}}
'''


class Alarms(Watched):
    def files(self, number, on_alert=""):
        # A server of its own for each run: the samples of an earlier one would count.
        self.prometheus = self.folder / f"prometheus{number}"
        self.prometheus.mkdir()
        files = super().files(quiet="1s")
        text = files[".quietgate.yaml"]
        text = text[:text.index("  before:")] + LOAD + text[text.index("  production:"):]
        text = text.replace("needs: [metrics]", "needs: [load]").replace("during: [metrics]", "during: [load]" + on_alert)
        text = text.replace('.prometheus }}"}', '.prometheus }}", target: "${{ ports.target }}"}')
        files[".quietgate.yaml"] = text
        files["target.py"] = TARGET.replace('b"app_errors 0\\n"', f'("app_errors " + open("{self.folder}/errors").read()).encode()')
        files["locustfile.py"] = LOCUSTFILE
        return files

    def say_errors(self, number):
        fresh = self.folder / "errors.new"
        fresh.write_text(f"{number}\n")
        fresh.rename(self.folder / "errors")

    def loads(self, number):
        """Waits until requests are sent; answers the address of the run's Prometheus."""
        def progress():
            stage = self.stage(number, "load") or {}
            return (stage.get("progress") or {}).get("requests_per_second", 0) > 0 or stage.get("status") == "finished"
        until(progress, "the load")
        return self.stage(number, "staging")["attempts"][-1]["outputs"]["prometheus"]

    def fires(self, number, url):
        """When the rule was evaluated that first said so, in seconds since the epoch."""
        def look():
            try:
                with urllib.request.urlopen(f"{url}/api/v1/rules", timeout=5) as answer:
                    rules = json.load(answer)["data"]["groups"][0]["rules"]
            except OSError:
                raise AssertionError("the run was over before the alert fired: " + self.run_of(number)["reason"] + self.stage_log(number, "load")) from None
            if rules[0]["state"] != "firing":
                return None
            return datetime.datetime.fromisoformat(rules[0]["lastEvaluation"][:23].rstrip("Z") + "+00:00").timestamp()
        return until(look, "the alert")

    def test_an_alert_that_begins_to_fire_ends_the_load(self):
        self.start()
        took = []
        for number in range(1, 1 + int(os.environ.get("QUIETGATE_ALARMS", "1"))):
            self.say_errors(0)
            self.push(files=self.files(number), message=f"change {number}")
            url = self.loads(number)
            self.say_errors(9)
            fired = self.fires(number, url)
            run = self.finished(number)
            load = self.stage(number, "load")
            ended = datetime.datetime.fromisoformat(load["finished_at"].replace("Z", "+00:00")).timestamp()
            took.append(ended - fired)
            self.assertLess(took[-1], 20, "the load went on")
            self.assertEqual(run["outcome"], "failed", self.stage_log(number, "load"))
            self.assertRegex(load["reason"], r'^HighErrors \{instance="127.0.0.1:\d+", job="app"\} fires, active since \d\d:\d\d:\d\dZ, value 9: '
                             r"the load was ended after \d+s of 1m, with [\d,]+ requests$")
            self.assertEqual(self.stage(number, "production")["outcome"], "skipped")
            self.assertEqual(self.branch("production"), "")
            kept = self.data / "runs" / "hello" / str(number) / "load.1" / "measurements.ndjson"
            self.assertIn("load.requests_per_second", kept.read_text())
        print(f"from the alert's firing to the load's end: median {statistics.median(took):.2f} s, longest {max(took):.2f} s, of {len(took)}")
        self.no_process_left()

    def test_it_goes_on_where_the_gate_says_so(self):
        self.start()
        self.say_errors(0)
        files = self.files(1, on_alert="\n        on_alert: go_on")
        files[".quietgate.yaml"] = files[".quietgate.yaml"].replace("duration: 60s", "duration: 6s").replace(">= 100", ">= 1")
        self.push(files=files)
        self.loads(1)
        self.say_errors(9)
        run = self.finished(1)
        self.assertEqual(self.stage(1, "load")["outcome"], "passed", self.stage_log(1, "load"))
        self.assertEqual(run["outcome"], "failed", self.stage_log(1, "production"))
        self.assertIn("loud: HighErrors", run["reason"])
        self.no_process_left()


if __name__ == "__main__":
    unittest.main()
