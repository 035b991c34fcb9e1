"""Sidecar that exports the service's metrics, so that a scrape never waits in the service's own request queue.

GET /metrics      the application server's state: replicas, queue. Always answered; uwsgi_up tells if it was seen.
GET /metrics/app  the application's own metrics. 503 when the application server can't be seen: the target is down then,
                  rather than quiet.
"""

import json
import os
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest, multiprocess
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

STATS_DEADLINE_SECONDS = 0.8  # below the scrape's own deadline
STATS_LIMIT_BYTES = 1 << 20
LOOPBACK = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy has no business with loopback


def read_stats(url):
    """The stats server's answer, or None when there is none in time."""
    try:
        with LOOPBACK.open(url, timeout=STATS_DEADLINE_SECONDS) as answer:
            return json.loads(answer.read(STATS_LIMIT_BYTES))
    except (OSError, ValueError):
        return None


def live_workers(stats):
    return [w for w in stats["workers"] if w["pid"] and w["status"] != "cheap"]


class ServerState:
    """Turns one answer of the stats server into metrics. Unknown numbers are left out: absent is not zero."""

    def __init__(self, stats):
        self.stats = stats

    def collect(self):
        stats = self.stats
        yield GaugeMetricFamily("uwsgi_up", "Whether the stats server answered.", value=0 if stats is None else 1)
        if stats is None:
            return
        live = live_workers(stats)
        ready = sum(1 for w in live if w["accepting"])
        busy = sum(1 for w in live if w["status"].startswith("busy"))
        queue = sum(s["queue"] for s in stats["sockets"])
        limit = sum(s["max_queue"] for s in stats["sockets"])
        yield GaugeMetricFamily("app_ready_replicas", "Workers that take requests.", value=ready)
        yield GaugeMetricFamily("app_busy_replicas", "Workers with a request in hand.", value=busy)
        yield GaugeMetricFamily("app_replicas_max", "Most workers there may be.", value=len(stats["workers"]))
        yield GaugeMetricFamily("app_queue_length", "Connections that wait for a worker.", value=queue)
        yield GaugeMetricFamily("app_queue_limit", "Connections that may wait.", value=limit)
        requests = CounterMetricFamily("app_worker_requests", "Requests by worker.", labels=["worker"])
        for number, worker in enumerate(stats["workers"], start=1):  # a slot that never ran has id 0
            requests.add_metric([str(number)], worker["requests"])
        yield requests


def render_server(stats):
    registry = CollectorRegistry()
    registry.register(ServerState(stats))
    return generate_latest(registry)


def render_application():
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return generate_latest(registry)


def handler(stats_url):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60

        def do_GET(self):
            if self.path == "/metrics":
                self.answer(200, render_server(read_stats(stats_url)))
            elif self.path == "/metrics/app":
                stats = read_stats(stats_url)
                if stats is None or not live_workers(stats):
                    self.answer(503, b"the application server does not answer\n")
                else:
                    self.answer(200, render_application())
            else:
                self.answer(404, b"try /metrics or /metrics/app\n")

        def answer(self, status, body):
            self.send_response(status)
            self.send_header("Content-Type", CONTENT_TYPE_LATEST if status == 200 else "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass  # a scrape a second is not news

    return Handler


def main():
    stats_url = "http://127.0.0.1:%d/" % int(os.environ["STATS_PORT"])
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["EXPORTER_PORT"])), handler(stats_url))
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main()
