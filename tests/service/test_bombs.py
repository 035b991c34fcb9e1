"""Commits that fill their trees to stop everybody: each run gets a clear end, and another repository goes on. Those that are made of
the pipeline's file alone are in test_language.py; what all of them cost, scripts/bench measures."""
import subprocess
import unittest

from bombs import BOMBS
from service import ServiceTest, git, until

OTHER = "version: 1\nname: other\nstages: {a: {test: {run: 'true'}}}\n"
# How large, how the run ends, and what it says.
ENDS = {
    "many-files": (0.03, "passed", ""),
    "nested-folders": (0.5, "failed", "folders more than 128 deep were not looked at"),
    "large-reports": (0.2, "passed", "200 tests passed"),
    "fifo-log": (1, "passed", ""),
}


class TreeBombs(ServiceTest):
    def test_hold_up_nobody(self):
        beside = self.folder / "beside"
        subprocess.run(["git", "init", "-q", "-b", "main", str(beside)], check=True)
        (beside / ".quietgate.yaml").write_text(OTHER)
        git(beside, "add", "-A")
        git(beside, "-c", "user.name=Ben", "-c", "user.email=ben@example.org", "commit", "-q", "-m", "beside")
        self.start(more=f"  - name: beside\n    url: {beside}\n    poll: 1h\n")
        until(lambda: all(r["watched"] for r in self.get("/api/v1/repositories")["repositories"]), "the first polls")
        for number, (name, (scale, outcome, words)) in enumerate(ENDS.items(), 1):
            with self.subTest(name):
                pipeline, _ = BOMBS[name](scale)
                self.push(pipeline)
                until(lambda: self.run_of(number), f"the run of {name}")
                self.cli("start", "beside")
                until(lambda: (self.get(f"/api/v1/runs/beside/{number}") or {}).get("outcome") == "passed", "the run beside it")
                run = self.finished(number, 180)
                said = run["reason"] + " ".join(stage.get("reason") or "" for stage in run["stages"])
                self.assertEqual(run["outcome"], outcome, said)
                self.assertIn(words, said)
        with self.subTest("huge-blob"):
            pipeline, (name, size) = BOMBS["huge-blob"](0.15)
            with open(self.work / name, "wb") as file:
                file.truncate(size)
            self.push(pipeline)
            until(lambda: "big.bin has 153 MiB; a file may have 128 MiB" in self.log(), "the name of the file")
            self.cli("start", "beside")
            until(lambda: (self.get(f"/api/v1/runs/beside/{len(ENDS) + 1}") or {}).get("outcome") == "passed", "the run beside it")
        self.assertEqual([path for path in (self.data / "runs").glob("*/*/*") if path.name == "checkout"], [])
        self.assertEqual(list((self.data / "runs").glob("*/*/*/tree*")), [])


if __name__ == "__main__":
    unittest.main()
