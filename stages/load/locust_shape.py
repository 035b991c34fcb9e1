"""The course of a load that a pipeline's `shape` gives: QUIETGATE_LOAD's `shape`, [[seconds, users, spawn rate], ...]."""
import json
import os

from locust import LoadTestShape


class QuietgateShape(LoadTestShape):
    phases = json.loads(os.environ.get("QUIETGATE_LOAD", "{}")).get("shape", [])

    def tick(self):
        elapsed = self.get_run_time()
        for seconds, users, spawn_rate in self.phases:
            if elapsed < seconds:
                return users, spawn_rate
            elapsed -= seconds
        # The listener ends the load; until then, nothing changes.
        return self.phases[-1][1:] if self.phases else None
