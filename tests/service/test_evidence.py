"""The evidence of a promotion: sealed, attached to the commit, checked by a stranger with the public key alone."""
import base64
import json
import subprocess
import unittest

from service import BINARY, ServiceTest, environment, git, until

PIPELINE = "version: 1\nname: hello\nstages:\n  unit: {test: {run: 'true'}}\n  production: {needs: [unit], promote: {branch: production}}\n"
NOTES = "refs/notes/quietgate"


class Evidence(ServiceTest):
    def promoted(self, number=1):
        commit = self.push(PIPELINE, message=f"change {number}")
        run = self.finished(number)
        self.assertEqual(run["outcome"], "passed", run["reason"])
        return commit

    def clone(self):
        folder = self.folder / "clone"
        subprocess.run(["git", "clone", "-q", str(self.remote), str(folder)], check=True)
        git(folder, "fetch", "-q", "origin", f"{NOTES}:{NOTES}")
        return folder

    def verify(self, *arguments, key=None, given=None):
        key = key or self.data / "keys" / "evidence.pub.pem"
        return subprocess.run([BINARY, "verify", *arguments, "--key", str(key)], capture_output=True, text=True, input=given, env=environment())

    def test_a_stranger_can_check_it_offline(self):
        self.start()
        commit = self.promoted()
        key = self.folder / "key.pem"
        key.write_bytes(self.get("/api/v1/evidence-key", raw=True))
        self.assertEqual(key.read_text(), (self.data / "keys" / "evidence.pub.pem").read_text())
        self.terminate()
        clone = self.clone()
        done = self.verify("HEAD", "--repository", str(clone), key=key)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"evidence 1 of 1 for commit {commit}: holds", done.stdout)
        self.assertIn("production moved from nothing to this commit", done.stdout)
        self.assertIn("It does not prove", done.stdout)
        told = json.loads(self.verify("HEAD", "--repository", str(clone), "--json", key=key).stdout)
        self.assertTrue(told["holds"])
        self.assertEqual(told["evidence"][0]["predicate"]["stages"][0]["outcome"], "passed")

    def test_openssl_says_the_same(self):
        self.start()
        self.promoted()
        envelope = json.loads(self.cli("evidence", "hello/1").stdout)
        payload = base64.b64decode(envelope["payload"])
        kind = envelope["payloadType"].encode()
        signed = self.folder / "signed"
        signed.write_bytes(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
        signature = self.folder / "signature"
        signature.write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
        done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(self.data / "keys" / "evidence.pub.pem"), "-rawin", "-in",
                               str(signed), "-sigfile", str(signature)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_what_was_tampered_with_is_found(self):
        self.start()
        commit = self.promoted()
        self.terminate()
        clone = self.clone()
        note = git(clone, "notes", "--ref", "quietgate", "show", commit)
        self.assertEqual(self.verify(commit, "--evidence", "-", given=note + "\n").returncode, 0)
        for at in range(0, len(note), 37):
            changed = note[:at] + ("A" if note[at] != "A" else "B") + note[at + 1:]
            done = self.verify(commit, "--evidence", "-", given=changed)
            self.assertEqual(done.returncode, 1, f"byte {at}: {done.stdout}{done.stderr}")
            self.assertIn("DOES NOT HOLD", done.stdout)
        self.assertIn("has no evidence here", self.verify(commit, "--evidence", "-", given="").stderr)
        # Whoever moves it to another commit is found, too.
        other = self.push(files={"other": "x"})
        git(self.work, "notes", "--ref", "quietgate", "add", "-m", note, other)
        moved = self.verify(other, "--repository", str(self.work))
        self.assertEqual(moved.returncode, 1)
        self.assertIn(f"about commit {commit}, not this one", moved.stdout)

    def test_a_commit_without_evidence_is_told_how_to_get_it(self):
        self.start()
        self.promoted()
        bare = self.verify("HEAD", "--repository", str(self.work))
        self.assertEqual(bare.returncode, 4)
        self.assertIn("git fetch origin refs/notes/quietgate:refs/notes/quietgate", bare.stderr)
        self.assertEqual(self.verify("nowhere", "--repository", str(self.work)).returncode, 4)
        self.assertEqual(self.verify("HEAD", "--repository", str(self.work), key=self.folder / "absent").returncode, 4)

    def test_a_remote_that_refuses_notes_gets_them_later(self):
        self.start()
        # A path runs no hooks; but where `refs/notes` is a ref, there can be none below it.
        git(self.remote, "update-ref", "refs/notes", self.push(files={"a": "a"}, branch="other"))
        commit = self.promoted()
        self.assertIn("not attached to the commit yet", self.stage(1, "production")["attempts"][-1]["reason"])
        self.assertEqual(self.branch("production"), commit)
        self.assertIsNone(self.get("/api/v1/runs/hello/1/evidence")["evidence"][0]["attached_at"])
        git(self.remote, "update-ref", "-d", "refs/notes")
        # Another service's start looks at once.
        self.kill()
        self.start()
        until(lambda: self.get("/api/v1/runs/hello/1/evidence")["evidence"][0]["attached_at"], "the note")
        self.assertEqual(self.verify(commit, "--repository", str(self.clone())).returncode, 0)

    def test_the_key_is_kept_and_guarded(self):
        self.start()
        key = self.data / "keys" / "evidence.pem"
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        first = key.read_text()
        self.terminate()
        key.chmod(0o644)
        refused = subprocess.run([BINARY, "serve", "--config", str(self.config())], capture_output=True, text=True, timeout=60, env=environment())
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("is readable by other users", refused.stderr)
        key.chmod(0o600)
        self.start()
        self.assertEqual(key.read_text(), first)


if __name__ == "__main__":
    unittest.main()
