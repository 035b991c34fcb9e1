"""One push against all: each hostile commit gets a clear end, and other repositories go on. What it costs is measured by scripts/bench."""
import subprocess
import unittest

from bombs import BOMBS
from service import ServiceTest, git, until

OTHER = "version: 1\nname: other\nstages: {a: {test: {run: 'true'}}}\n"


class Bombs(ServiceTest):
    """A service with two repositories: one that bombs are pushed to, and one that must not notice."""

    SCALE = {"many-files": 0.1, "huge-blob": 0.6, "large-reports": 1.0}

    def setUp(self):
        super().setUp()
        self.beside = self.folder / "beside"
        subprocess.run(["git", "init", "-q", "-b", "main", str(self.beside)], check=True)
        git(self.beside, "config", "user.name", "Ben")
        git(self.beside, "config", "user.email", "ben@example.org")
        (self.beside / ".quietgate.yaml").write_text(OTHER)
        git(self.beside, "add", "-A")
        git(self.beside, "commit", "-q", "-m", "beside")

    def end_of(self, name):
        """Pushes the bomb, and answers how its run ended; another repository's run passes meanwhile."""
        pipeline, blob = BOMBS[name](self.SCALE.get(name, 1.0))
        self.push("version: 1\nstages: {a: {test: {run: 'true'}}}\n")
        self.start(more=f"  - name: beside\n    url: {self.beside}\n    poll: 1h\n")
        until(lambda: all(r["watched"] for r in self.get("/api/v1/repositories")["repositories"]), "the first polls")
        if blob:
            with open(self.work / blob[0], "wb") as file:
                file.truncate(blob[1])
        self.push(pipeline)
        until(lambda: self.run_of(1), "the bomb's run")
        self.cli("start", "beside", "main")
        until(lambda: (self.get("/api/v1/runs/beside/1") or {}).get("outcome") == "passed", "the run beside it")
        run = self.finished(1, 90)
        self.assertIsNotNone(self.get("/readyz", raw=True))
        return run

    def fails(self, name, outcome, *words):
        run = self.end_of(name)
        self.assertEqual(run["outcome"], outcome, run["reason"])
        for word in words:
            self.assertIn(word, run["reason"])


if __name__ == "__main__":
    unittest.main()
