"""What a pipeline's file asks for: the shells of its texts, and files that were made to hurt."""
import json
import pathlib
import subprocess
import unittest

from service import BINARY, ServiceTest, environment, git


class Shells(ServiceTest):
    def run_here(self, stages):
        (self.work / ".quietgate.yaml").write_text("version: 1\nname: hello\nstages:\n" + stages)
        git(self.work, "add", "-A")
        git(self.work, "commit", "-q", "-m", "change")
        done = subprocess.run([BINARY, "run", "--json", "--data", str(self.data), str(self.work)], capture_output=True, text=True,
                              timeout=60, env=environment())
        return {stage["name"]: stage for stage in json.loads(done.stdout)["stages"]}, done

    def log_of(self, stage):
        return "".join(path.read_text() for path in self.data.rglob(f"{stage}.1/log"))

    def test_a_pipe_fails_with_any_of_its_commands(self):
        stages, _ = self.run_here("  bash: {test: {run: 'false | cat'}}\n"
                                  "  sh: {shell: sh, test: {run: 'false | cat'}}\n"
                                  "  within: {test: {run: 'x=$(false; echo hi); echo $x'}}\n"
                                  "  named: {shell: bash, test: {run: 'false | cat'}}\n"
                                  "  python: {shell: [/usr/bin/python3, -c], test: {run: 'print(6 * 7)'}}\n")
        self.assertEqual({name: stage["outcome"] for name, stage in stages.items()},
                         {"bash": "failed", "sh": "passed", "within": "failed", "named": "failed", "python": "passed"})
        self.assertIn("42", self.log_of("python"))

    def test_a_first_line_names_the_program(self):
        stages, done = self.run_here(
            "  unit: {shell: sh, test: {run: \"#!/usr/bin/env python3\\nprint(1)\\nimport sys; sys.exit(3)\"}}\n"
            "  up:\n    apply:\n      processes:\n        web:\n"
            "          run: |\n            #!/usr/bin/python3 -u\n            import time, pathlib\n"
            "            pathlib.Path(\"UP\").write_text(\"up\"); print(\"started\"); time.sleep(1000)\n"
            "          ready:\n            command: |\n              #!/usr/bin/python3\n              import pathlib, sys\n"
            "              sys.exit(0 if pathlib.Path(\"UP\").exists() else 1)\n".replace("UP", str(self.folder / "up")))
        self.assertEqual(stages["unit"]["outcome"], "failed", done.stdout)
        self.assertIn("exit status 3", stages["unit"]["reason"])
        self.assertIn("\n1\n", "\n" + self.log_of("unit"))
        self.assertEqual(stages["up"]["outcome"], "passed", done.stdout)


def nested():
    text = "'" + "x" * 32 + "'"
    for _ in range(6):
        text = f"format('{'{0}' * 30}', {text})"
    return "version: 1\nstages:\n  a:\n    environment: {X: \"${{ %s }}\"}\n    test: {run: 'true'}\n" % text


def matrix(body):
    return ("version: 1\nstages:\n  a:\n    matrix: {n: [%s], m: [1, 2, 3, 4, 5]}\n    apply: {terraform: {directory: i, variables: {%s}}}\n"
            % (", ".join(map(str, range(100))), body))


def whole(key):
    return "version: 1\nx-a: %s\nstages: {a: {test: {run: 'true'}}}\n" % key


# Each with the words that its run ends with; nothing: it is no harm, and passes.
BOMBS = {
    "nested format()": (nested(), "128 KiB"),
    "45,000 variables in 500 stages": (matrix(", ".join(f"v{i}: x" for i in range(45000))), "250,000 values"),
    "a plan of 100 MB": ("version: 1\nenvironment: {BIG: \"%s\"}\nstages:\n" % ("x" * 99000)
                         + "".join(f"  s{i}: {{test: {{run: 'true'}}}}\n" for i in range(450)), "4 MiB of text"),
    "a line of 49,500 values": (whole("[%s]" % ", ".join(["x" * 18] * 49500)), ""),
    "20,000 axes": ("version: 1\nstages:\n  a:\n    matrix: {%s}\n    test: {run: x}\n" % ", ".join(f"a{i}: [x]" for i in range(20000)),
                    "`matrix` has 20000 entries"),
    "12,000 merges": (whole("&e {}").replace("stages:", "x-f: &f {%s}\nx-m: {<<: [*f, %s]}\nstages:" % (
        ", ".join(f"k{i}: 1" for i in range(12000)), ", ".join(["*e"] * 12000))), ""),
    "250,000 needs": ("version: 1\nstages:\n  m:\n    matrix: {n: [%s], k: [1, 2, 3, 4, 5]}\n    test: {run: x}\n" % ", ".join(map(str, range(100)))
                      + "".join(f"  s{i}: {{needs: [m], test: {{run: x}}}}\n" for i in range(499)), "20,000 needs"),
    "wrong needs": ("version: 1\nstages:\n" + "".join(
        "  %s%d: {needs: [%s], test: {run: x}}\n" % ("s" * 50, i, ", ".join("s" * 48 + str(j) for j in range(95))) for i in range(180)),
        "there is no stage"),
}


class Bombs(ServiceTest):
    def peak(self):
        status = pathlib.Path(f"/proc/{self.service.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024

    def test_hold_up_nobody(self):
        """Each ends with its reason, and the service stays small; how long HTTP is silent, scripts/bench measures."""
        self.start()
        for number, (name, (text, words)) in enumerate(BOMBS.items(), 1):
            with self.subTest(name):
                self.push(text)
                run = self.finished(number)
                self.assertEqual(run["outcome"], "failed" if words else "passed", run["reason"])
                self.assertIn(words, json.dumps(run))
        self.assertLess(self.peak(), 200, "MB")


if __name__ == "__main__":
    unittest.main()
