"""The hello service: one page that takes about 50 ms, a health page, and metrics that every worker shares."""

import os
import time

import prometheus_client
from flask import Flask, g, jsonify, request

try:
    import uwsgi
except ImportError:
    uwsgi = None

if uwsgi and os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    # One metrics file per worker slot instead of one per process: scaling up and down reuses them.
    prometheus_client.values.ValueClass = prometheus_client.values.MultiProcessValue(uwsgi.worker_id)

COMMIT = os.environ.get("APP_COMMIT", "unknown")
WORK_SECONDS = 0.050
PATHS = ("/", "/healthz")
OTHER = "other"

REQUESTS = prometheus_client.Counter("http_requests_total", "Requests answered.", ["code", "path"])
DURATION = prometheus_client.Histogram(
    "http_request_duration_seconds",
    "Time from the worker taking a request to its answer.",
    ["path"],
    buckets=(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5),
)

# A series that appears only with its first event can't be told from one that nobody measures: start them all at 0.
for known in PATHS + (OTHER,):
    DURATION.labels(known)
    for code in ("200", "404", "500"):
        REQUESTS.labels(code, known)

app = Flask(__name__)


@app.before_request
def note_start():
    g.start = time.perf_counter()


@app.after_request
def measure(response):
    path = request.path if request.path in PATHS else OTHER
    DURATION.labels(path).observe(time.perf_counter() - g.start)
    REQUESTS.labels(str(response.status_code), path).inc()
    return response


def greeting():
    time.sleep(WORK_SECONDS)
    return "Hello from quietgate's sample service"


@app.get("/")
def hello():
    return jsonify(message=greeting(), commit=COMMIT)


@app.get("/healthz")
def healthz():
    return jsonify(status="ok", commit=COMMIT)
