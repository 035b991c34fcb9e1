"""nginx as a measure of how fast a server can start: one worker, no file but its configuration."""
import pathlib
import socket
import subprocess
import time

from support import answers, clean_environment

PROGRAM = pathlib.Path("/usr/sbin/nginx")
CONFIGURATION = """daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log warn;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 ready; }} }}
}}
"""


def missing():
    return [] if PROGRAM.exists() else ["nginx-light"]


class Nginx:
    def __init__(self, folder):
        folder.mkdir()
        self.file = folder / "nginx.conf"
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        self.file.write_text(CONFIGURATION.format(folder=folder, port=self.url.split(":")[2].strip("/")))

    def start(self, seconds=20):
        """Milliseconds from its start to its first answer; it is ended again."""
        begin = time.perf_counter()
        process = subprocess.Popen([str(PROGRAM), "-c", str(self.file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env=clean_environment())
        try:
            while not answers(self.url):
                if process.poll() is not None or time.perf_counter() - begin > seconds:
                    raise SystemExit("bench: nginx did not come up")
                time.sleep(0.001)
            return (time.perf_counter() - begin) * 1000
        finally:
            process.terminate()
            process.wait(60)
