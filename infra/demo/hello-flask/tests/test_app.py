"""The service's pages and metrics, without a server."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import app
import exporter
import pytest
from prometheus_client import REGISTRY


@pytest.fixture
def client():
    return app.app.test_client()


def requests_seen(code, path):
    return REGISTRY.get_sample_value("http_requests_total", {"code": code, "path": path})


def test_greets(client):
    answer = client.get("/")
    assert answer.status_code == 200
    assert answer.get_json()["message"].startswith("Hello")


def test_tells_its_commit(client):
    assert client.get("/").get_json()["commit"] == app.COMMIT


def test_is_healthy(client):
    assert client.get("/healthz").get_json()["status"] == "ok"


def test_counts_requests_by_code_and_path(client):
    before = requests_seen("200", "/healthz")
    client.get("/healthz")
    assert requests_seen("200", "/healthz") == before + 1


def test_unknown_paths_share_one_series(client):
    before = requests_seen("404", "other")
    client.get("/nowhere")
    client.get("/elsewhere")
    assert requests_seen("404", "other") == before + 2
    assert requests_seen("404", "/nowhere") is None


def test_measures_durations(client):
    before = REGISTRY.get_sample_value("http_request_duration_seconds_count", {"path": "/"})
    client.get("/")
    assert REGISTRY.get_sample_value("http_request_duration_seconds_count", {"path": "/"}) == before + 1


def test_failures_are_counted_from_zero():
    """A rule on failures needs its series before the first failure."""
    assert requests_seen("500", "/") == 0


STATS = {
    "workers": [
        {"id": 1, "pid": 11, "status": "busy", "accepting": 1, "requests": 7},
        {"id": 2, "pid": 12, "status": "idle", "accepting": 1, "requests": 3},
        {"id": 3, "pid": 13, "status": "cheap", "accepting": 0, "requests": 1},
        {"id": 0, "pid": 0, "status": "cheap", "accepting": 0, "requests": 0},
    ],
    "sockets": [{"queue": 5, "max_queue": 100}],
}


def test_exporter_counts_replicas():
    text = exporter.render_server(STATS).decode()
    assert "app_ready_replicas 2.0" in text
    assert "app_busy_replicas 1.0" in text
    assert "app_replicas_max 4.0" in text
    assert "app_queue_length 5.0" in text
    assert 'app_worker_requests_total{worker="4"} 0.0' in text


def test_exporter_says_when_it_sees_nothing():
    text = exporter.render_server(None).decode()
    assert "uwsgi_up 0.0" in text
    assert "app_ready_replicas" not in text, "an unknown number is absent, not zero"


@pytest.fixture
def stats_server():
    answers = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(answers.get("status", 200))
            self.end_headers()
            self.wfile.write(answers["body"])

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", answers
    server.shutdown()
    server.server_close()


def test_exporter_reads_the_stats_server(stats_server):
    url, answers = stats_server
    answers["body"] = json.dumps(STATS).encode()
    assert exporter.read_stats(url) == STATS


@pytest.mark.parametrize("answer", [{"body": b"{"}, {"body": b"", "status": 500}])
def test_exporter_survives_a_broken_stats_server(stats_server, answer):
    url, answers = stats_server
    answers.update(answer)
    assert exporter.read_stats(url) is None
