"""What it costs to look at remotes that do not change: a real Git server behind nginx."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

from support import Service, clean_environment, cpu_seconds, git, repository, row

NGINX = """{user}daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log warn;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      include /etc/nginx/fastcgi_params; fastcgi_param SCRIPT_FILENAME /usr/lib/git-core/git-http-backend;
      fastcgi_param GIT_PROJECT_ROOT {folder}/srv; fastcgi_param GIT_HTTP_EXPORT_ALL 1; fastcgi_param PATH_INFO $uri;
      fastcgi_pass unix:{folder}/fcgi;
    }}
  }}
}}
"""


class GitServer:
    def __init__(self, work):
        self.folder = work / "git-server"
        (self.folder / "srv").mkdir(parents=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        user = "user root;\n" if os.getuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(NGINX.format(folder=self.folder, port=self.port, user=user))
        self.processes = []

    def __enter__(self):
        def begin(*argv):
            self.processes.append(subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True))
        begin("fcgiwrap", "-c", "4", "-s", f"unix:{self.folder}/fcgi")
        until = time.monotonic() + 10
        while not (self.folder / "fcgi").exists() and time.monotonic() < until:
            time.sleep(0.01)
        begin("nginx", "-c", f"{self.folder}/nginx.conf", "-p", str(self.folder))
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.01)
        raise SystemExit("bench: nginx did not come up")

    def __exit__(self, *_):
        for process in self.processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        shutil.rmtree(self.folder)

    def add(self, source, name):
        target = self.folder / "srv" / f"{name}.git"
        subprocess.run(["git", "clone", "-q", "--bare", str(source), str(target)], check=True)
        return f"http://127.0.0.1:{self.port}/{name}.git"


def missing():
    return [tool for tool, path in (("nginx-core", "/usr/sbin/nginx"), ("fcgiwrap", "/usr/sbin/fcgiwrap")) if not pathlib.Path(path).exists()]


def used_in(service, seconds):
    before, begin = cpu_seconds(service.pid), time.monotonic()
    time.sleep(seconds)
    return cpu_seconds(service.pid) - before, time.monotonic() - begin


def poll(work, options):
    source = repository(work / "poll-source", "version: 1\nname: poll\nstages: {a: {test: {run: 'true'}}}\n")
    rows, each, shares = [], [], []
    with GitServer(work) as server:
        url = server.add(source, "hello")
        # 20 remotes every 100 ms would be another service's load: 50 remotes once a second, and none beside them.
        watched = [{"name": f"r{number}", "url": url, "poll": "1s"} for number in range(50)]
        for number in range(options.repeat):
            with Service(work, f"poll-{number}", [{"name": "idle", "url": str(source)}]) as idle:
                idle.polled()
                rest, lasted = used_in(idle, 5)
            with Service(work, f"polls-{number}", watched) as service:
                service.polled()
                used, seconds = used_in(service, 10)
            each.append((used - rest / lasted * seconds) * 1000 / (50 * seconds))
        rows.append(row("poll", each, "ms", 0.4, note="processor time of a poll over http"))
        many = [{"name": f"r{number}", "url": url, "poll": "10s"} for number in range(1000)]
        for number in range(min(options.repeat, 3)):
            with Service(work, f"many-{number}", many) as service:
                service.wait_for(lambda: all(r["watched"] for r in service.ask("/api/v1/repositories")["repositories"]), "the polls", 180, 0.5)
                used, seconds = used_in(service, 20)
                shares.append(100 * used / seconds)
        rows.append(row("poll-1000", shares, "% of a core", 5, note="1,000 remotes every 10 s"))
    return rows
