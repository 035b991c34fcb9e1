"""`quietgate init` writes a pipeline for what it finds; the pipeline is valid, and it runs."""
import shutil
import subprocess
import unittest

from service import BINARY, ServiceTest, environment, git

PROJECTS = {
    "Python": ("python3", {"tests/__init__.py": "", "tests/test_sum.py": '''import unittest


class Sums(unittest.TestCase):
    def test_sum(self):
        self.assertEqual(1 + 1, 2)
'''}),
    "Node": ("npm", {"package.json": '{"name": "hello", "version": "1.0.0", "scripts": {"test": "node -e 0"}}'}),
    "Go": ("go", {"go.mod": "module example.org/hello\n\ngo 1.19\n", "sum_test.go": '''package hello

import "testing"

func TestSum(t *testing.T) {}
'''}),
    "Rust": ("cargo", {"Cargo.toml": '[package]\nname = "hello"\nversion = "0.1.0"\nedition = "2021"\n', "src/lib.rs": '''#[test]
fn sum() {
    assert_eq!(1 + 1, 2);
}
'''}),
    "C++": ("cmake", {"CMakeLists.txt": '''cmake_minimum_required(VERSION 3.25)
project(hello NONE)
enable_testing()
add_test(NAME sum COMMAND ${CMAKE_COMMAND} -E true)
'''}),
    "nothing that it knows": ("sh", {"README.md": "hello\n"}),
}


class Init(ServiceTest):
    def project(self, files):
        for path, text in files.items():
            (self.work / path).parent.mkdir(parents=True, exist_ok=True)
            (self.work / path).write_text(text)

    def quietgate(self, *arguments):
        return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=300, cwd=self.work,
                              env=environment(QUIETGATE_DATA=str(self.data)))

    def test_what_it_writes_is_valid_and_runs(self):
        for name, (tool, files) in PROJECTS.items():
            with self.subTest(name):
                if not shutil.which(tool):
                    print(f"NOT CHECKED: {tool} is not on PATH")
                    continue
                shutil.rmtree(self.work)
                subprocess.run(["git", "init", "-q", "-b", "trunk", str(self.work)], check=True)
                self.project(files)
                made = self.quietgate("init")
                self.assertEqual(made.returncode, 0, made.stderr)
                self.assertIn("found " + name, made.stdout)
                valid = self.quietgate("validate")
                self.assertEqual((valid.returncode, valid.stderr), (0, ""), valid.stdout)
                git(self.work, "add", "-A")
                git(self.work, "-c", "user.name=Ana", "-c", "user.email=ana@example.org", "commit", "-q", "-m", "change")
                ran = self.quietgate("run")
                self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)

    def test_a_file_that_is_there_stays(self):
        (self.work / ".quietgate.yaml").write_text("mine\n")
        made = self.quietgate("init")
        self.assertEqual(made.returncode, 4)
        self.assertIn("is there already", made.stderr)
        self.assertEqual((self.work / ".quietgate.yaml").read_text(), "mine\n")
        printed = self.quietgate("init", "--print")
        self.assertEqual(printed.returncode, 0, printed.stderr)
        self.assertTrue(printed.stdout.startswith("version: 1\n"))

    def test_it_writes_nothing_through_a_link(self):
        (self.work / ".quietgate.yaml").symlink_to(self.folder / "elsewhere")
        self.assertEqual(self.quietgate("init").returncode, 4)
        self.assertFalse((self.folder / "elsewhere").exists())

    def test_it_needs_a_repository(self):
        shutil.rmtree(self.work / ".git")
        made = self.quietgate("init")
        self.assertEqual(made.returncode, 4)
        self.assertIn("git init", made.stderr)


if __name__ == "__main__":
    unittest.main()
