"""A backup and its restore: the journal alone, or with keys, logs and artifacts."""
import shutil
import stat
import unittest

from service import ServiceTest

PIPELINE = '''version: 1
stages:
  unit: {test: {run: 'echo said this; mkdir -p out; echo made > out/app', artifacts: ["out/*"]}}
'''


class Backups(ServiceTest):
    def one_run(self):
        self.push(PIPELINE)
        self.start()
        self.push(PIPELINE)
        self.assertEqual(self.finished(1)["outcome"], "passed")

    def back_up(self, *parts):
        to = self.folder / "backup"
        self.cli("backup", str(to), *parts)
        return to

    def lose_all(self):
        self.terminate()
        shutil.rmtree(self.data)

    def test_everything_comes_back(self):
        self.one_run()
        key = (self.data / "keys" / "evidence.pub.pem").read_bytes()
        to = self.back_up("--keys", "--logs", "--artifacts")
        for path in to.rglob("*"):
            mode = stat.S_IMODE(path.lstat().st_mode)
            self.assertEqual(mode, 0o700 if path.is_dir() else 0o600, path)
        self.assertFalse(list(to.glob("runs/*/*/checkout")), "a checkout is made again when it is needed")
        self.lose_all()
        restored = self.cli("restore", str(to))
        self.assertIn(f"files to {self.data}", restored.stdout)
        self.start()
        self.assertIn("said this\n", self.stage_log(1, "unit"))
        self.cli("artifacts", "hello/1", "unit", "--all", "--output", str(self.folder / "got"))
        self.assertEqual((self.folder / "got" / "out" / "app").read_text(), "made\n")
        self.assertEqual((self.data / "keys" / "evidence.pub.pem").read_bytes(), key)
        self.push(PIPELINE)
        self.assertEqual(self.finished(2)["outcome"], "passed", "its number is above those of the backup")

    def test_only_what_was_asked_for_is_copied(self):
        self.one_run()
        to = self.back_up("--logs")
        self.assertTrue(list(to.glob("runs/hello/1/unit.1/log")))
        self.assertFalse(list(to.glob("runs/hello/1/unit.1/artifacts")))
        self.assertFalse((to / "keys").exists())

    def test_what_a_run_left_that_cannot_be_read_is_left_out(self):
        self.one_run()
        deep = self.data / "runs/hello/1/unit.1/artifacts" / "/".join(["d"] * 140)
        deep.mkdir(parents=True)
        (deep / "file").write_text("too deep\n")
        to = self.folder / "backup"
        made = self.cli("backup", str(to), "--logs", "--artifacts")
        self.assertIn("left out", made.stderr)
        self.assertTrue((to / "runs/hello/1/unit.1/log").exists())

    def test_an_interrupted_backup_has_no_name(self):
        self.one_run()
        partial = self.folder / "backup.partial"
        partial.mkdir()
        (partial / "left").write_text("by a killed one\n")
        to = self.back_up("--keys", "--logs")
        self.assertFalse(partial.exists())
        self.assertFalse((to / "left").exists())

    def test_the_journal_alone(self):
        self.one_run()
        to = self.back_up()
        self.assertTrue(to.is_file())
        self.lose_all()
        self.cli("restore", str(to))
        self.start()
        self.assertEqual(self.run_of(1)["outcome"], "passed")

    def test_nothing_is_put_over_a_journal(self):
        self.one_run()
        to = self.back_up("--keys", "--logs")
        running = self.cli("restore", str(to), check=False)
        self.assertEqual(running.returncode, 4, running.stderr)
        self.terminate()
        stopped = self.cli("restore", str(to), check=False)
        self.assertEqual(stopped.returncode, 4, stopped.stderr)
        self.assertIn(f"{self.data} has a journal already", stopped.stderr)

    def test_what_is_newer_than_the_backup_stays(self):
        self.one_run()
        to = self.back_up("--keys", "--logs")
        self.terminate()
        log = self.data / "runs" / "hello" / "1" / "unit.1" / "log"
        log.write_bytes(log.read_bytes() + b"and that\n")
        for file in self.data.glob("journal.sqlite*"):
            file.unlink()
        self.cli("restore", str(to))
        self.assertTrue(log.read_bytes().endswith(b"and that\n"))

    def test_other_keys_are_not_replaced(self):
        self.one_run()
        to = self.back_up("--keys")
        self.terminate()
        for file in self.data.glob("journal.sqlite*"):
            file.unlink()
        (self.data / "keys" / "evidence.pub.pem").write_text("another\n")
        refused = self.cli("restore", str(to), check=False)
        self.assertEqual(refused.returncode, 4, refused.stderr)
        self.assertIn("is another key than the backup's", refused.stderr)
        self.assertFalse((self.data / "journal.sqlite").exists())

    def test_a_damaged_backup_is_refused(self):
        self.one_run()
        to = self.back_up("--keys")
        self.lose_all()
        with open(to / "journal.sqlite", "r+b") as file:
            file.seek(8192)
            file.write(b"\xff" * 4096)
        refused = self.cli("restore", str(to), check=False)
        self.assertEqual(refused.returncode, 1, refused.stderr)
        self.assertFalse((self.data / "journal.sqlite").exists())


if __name__ == "__main__":
    unittest.main()
