"""The token: why a verb has none is said in one sentence, and it is given to nobody but its own service."""
import os
import socket
import subprocess
import threading
import unittest

from service import BINARY, ServiceTest, environment

PIPELINE = "version: 1\nstages:\n  unit: {test: {run: 'true'}}\n"
NOBODY = 65534


class Eavesdropper:
    """Takes connections on a port of loopback as another user, and keeps what it was sent."""
    def __init__(self):
        self.heard = b""
        self.socket = socket.socket()
        try:
            os.seteuid(NOBODY)
            self.socket.close()
            self.socket = socket.socket()
        finally:
            os.seteuid(0)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen()
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()

    def listen(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                self.heard += connection.recv(65536)
                connection.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


class Tokens(ServiceTest):
    def cancel(self, data, server=None, **more):
        return subprocess.run([BINARY, "cancel", "hello/1", "--server", server or f"http://{self.address}"], capture_output=True,
                              text=True, timeout=60, env=environment(QUIETGATE_DATA=str(data), **more))

    def refused(self, done, words):
        self.assertEqual(done.returncode, 4, done.stdout + done.stderr)
        self.assertIn(words, done.stderr)

    def other_data(self, token="0" * 64, mode=0o600):
        data = self.folder / "other"
        data.mkdir(exist_ok=True)
        (data / "token").write_text(token)
        (data / "token").chmod(mode)
        return data

    def test_why_there_is_none_is_one_sentence_each(self):
        self.start()
        self.push(PIPELINE)
        self.finished(1)
        self.refused(self.cancel(self.folder / "nowhere"), f"can't read the token at {self.folder}/nowhere/token")
        self.refused(self.cancel(self.other_data(mode=0o644)), "is readable by other users")
        self.refused(self.cancel(self.other_data()), f"does not know the token in {self.folder}/other/token")
        self.refused(self.cancel(self.data, QUIETGATE_TOKEN="1" * 64), "does not know the token in QUIETGATE_TOKEN")
        self.refused(self.cancel(self.data), "has ended")

    @unittest.skipIf(os.getuid() != 0, "NOT CHECKED: needs root, to listen as another user")
    def test_another_users_port_is_not_given_it(self):
        listener = Eavesdropper()
        self.addCleanup(listener.close)
        data = self.other_data()
        self.refused(self.cancel(data, f"http://127.0.0.1:{listener.port}"), f"user {NOBODY} listens there")
        self.assertIn(b"POST /api/v1/runs/hello/1/cancel", listener.heard)
        self.assertNotIn(b"0" * 64, listener.heard)
        self.cancel(data, f"http://127.0.0.1:{listener.port}", QUIETGATE_TOKEN="2" * 64)
        self.assertIn(b"2" * 64, listener.heard, "what a person names is given")

    def test_another_machine_is_not_given_it(self):
        done = self.cancel(self.other_data(), "http://service.invalid:8330")
        self.assertEqual(done.returncode, 3, done.stderr)


if __name__ == "__main__":
    unittest.main()
